"""Whether a fit may be believed: predictive checks, who decided each quantity, and convergence."""

import math

from bayes_scaling.calibration.result import BAND
from bayes_scaling.identifiability.identify import can_identify, identification
from bayes_scaling.identifiability.influence import BY_THE_PRIOR
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, EVIDENCE_SPREAD_MAX, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.document import Block, Bullets, Paragraph, Section, Table
from bayes_scaling.posterior_report.fit_data import rows_of_report
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_numbers, number, result_table, warning
from bayes_scaling.posterior_report.svg import picture_of
from bayes_scaling.predictive.checks import FALSE_DISCOVERIES, PredictiveCheck, predictive_check
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY
from bayes_scaling.report.summary import next_step
from bayes_scaling.report.units import noun_of
from bayes_scaling.words import counted

SHARE = f"{INTERVAL_PROBABILITY:.0%}"
"""Between the ends that predictive checks give of replicated means and tables."""


def predictive_section(fit: Fit) -> Section:
    """Whether the fitted model looks like what it was fitted to."""
    import matplotlib as mpl

    from bayes_scaling.plots.predictive import plot_predictive

    check = predictive_check(fit)
    said = _findings(check)
    with mpl.rc_context({"text.parse_math": False}):  # names of papers may hold dollar signs
        figure = plot_predictive(check)
    blocks: list[Block] = [
        Paragraph(
            "Leave-one-out predictions, residuals and replicated tables are set beside the rows that were fitted. "
            "Probabilities of replicated tables use the data twice: a flag says more than its level, no flag says less."
        ),
        Bullets(tuple(f"{warning(fit)}{each}" for each in said)),
        picture_of(figure, "predictive-check", "Predictions beside what was fitted", f"{warning(fit)}{' '.join(said)}"),
    ]
    if len(check.flagged):
        rows = tuple(
            (
                f"{by}: {group}",
                str(row["rows"]),
                number(row["mean"]),
                f"{number(row['lower'])} to {number(row['upper'])}",
                f"{number(row['expected_lower'])} to {number(row['expected_upper'])}",
                f"{row['p_adjusted']:.3f}",
            )
            for (by, group), (_, row) in zip(check.flagged.index, check.flagged.iterrows(), strict=True)
        )
        columns = ("group", "rows", "mean residual", INTERVAL, f"{SHARE} of replicated means", "adjusted p")
        blocks.append(
            result_table(fit, "flagged-groups", "Groups that the model misses (standardised residuals)", columns, rows)
        )
    systems = rows_of_report(fit).get("system")
    names = {} if systems is None else systems.astype(str).to_dict()
    tails = tuple(
        (
            str(name),
            number(row["observed"]),
            f"{number(row['replicated_lower'])} to {number(row['replicated_upper'])}",
            f"{row['p']:.3f}",
            f"{row['where']} ({names[row['where']]})" if row["where"] in names else str(row["where"]),
        )
        for name, row in check.tails.iterrows()
    )
    caption = f"Extremes and spread of standardised residuals, beside {check.replicates:,} replicated tables"
    headers = ("statistic", "observed (posterior mean)", f"{SHARE} of replicated tables", "p", "row")
    blocks.append(result_table(fit, "tails", caption, headers, tails))
    return Section("predictive-checks", "Predictive checks", tuple(blocks))


def _findings(check: PredictiveCheck) -> tuple[str, ...]:
    state = "inside" if check.curve.inside else "outside"
    unit = noun_of(check.unit, check.evaluations.kind)
    found = [f"LOO-PIT values (one {unit} left out at a time) lie {state} their simultaneous {BAND:.0%} band."]
    if check.pareto_k_bad:
        found.append(
            f"{counted(check.pareto_k_bad, 'PIT value')} can't be trusted (Pareto k above {check.good_k:.2f})."
        )
    if check.groups.empty:
        return (*found, "The rows have no groups to look for misfit in.")
    flagged = [f"{by} {group}" for by, group in check.flagged.index]
    found.append(
        f"{counted(len(flagged), 'group')} of {len(check.groups)} flagged (share of false flags at most "
        f"{FALSE_DISCOVERIES:.0%} for each way of grouping){': ' if flagged else ''}{', '.join(flagged)}."
    )
    return tuple(found)


def identification_section(fit: Fit) -> Section:
    """What the data decided, and what the prior did."""
    if not can_identify(fit):
        text = "This fit keeps no log prior and log likelihood, so who decided its quantities can't be told."
        return Section("identification", "Data or prior?", (Paragraph(text),))
    from bayes_scaling.plots.identification import plot_identification

    found = identification(fit)
    table = found.table
    rows = tuple(
        (
            str(name),
            str(row["verdict"]),
            in_numbers(row),
            in_numbers({part: row[f"prior_{part}"] for part in ("median", "lower", "upper")})
            if math.isfinite(row["prior_median"])
            else "no width of its own",
            f"{row['contraction']:.0%}" if math.isfinite(row["contraction"]) else "",
            f"{row['sensitivity_prior']:.3f} ({row['moved_by']})",
            f"{row['sensitivity_likelihood']:.3f}",
        )
        for name, row in table.iterrows()
    )
    decided = frozenset(place for place, verdict in enumerate(table["verdict"]) if verdict == BY_THE_PRIOR)
    columns = ("quantity", "decided", "posterior", "prior", "narrower", "pull of the prior (of)", "pull of the data")
    caption = (
        f"Median with {INTERVAL} (rates in log units per year, level and E in nats per token); by how much the "
        "interval is narrower than the prior's; pull, or sensitivity: how the posterior moves when prior or likelihood "
        "is raised to a power near 1"
    )
    return Section(
        "identification",
        "Data or prior?",
        (
            Bullets(found.sentences),
            picture_of(
                plot_identification(fit, ridge=False),
                "identification-picture",
                "Prior and posterior of each quantity",
                f"{warning(fit)}Each posterior's interval on the scale of its prior's. {found.sentences[0]}",
            ),
            result_table(fit, "identification-table", caption, columns, rows, decided),
            Paragraph(f"Rule of the verdicts: {table.attrs['rule']}."),
        ),
    )


def diagnostics_section(fit: Fit) -> Section:
    """Each criterion of convergence: its threshold, what was found, and whether it is met."""
    found = fit.diagnostics
    rows = criteria(fit)
    missed = frozenset(place for place, row in enumerate(rows) if row[-1] != "met")
    blocks: list[Block] = [Paragraph(f"{'Converged' if found.converged else NOT_CONVERGED}: {found.facts}")]
    if found.failures:
        blocks += [Bullets(found.failures), Paragraph(next_step(fit))]
    if found.escalated:
        blocks.append(Paragraph("A first attempt fell short; this one is longer or more careful."))
    columns = ("criterion", "threshold", "found", "state")
    blocks.append(
        Table("criteria", "Criteria of convergence, over every parameter and reported quantity", columns, rows, missed)
    )
    return Section("diagnostics", "Did the chains agree?", tuple(blocks))


def criteria(fit: Fit) -> tuple[tuple[str, str, str, str], ...]:
    """Criterion, threshold, what was found, and ``"met"`` or ``"NOT MET"``."""
    d = fit.diagnostics
    rows = [
        (
            f"largest rank-normalised split R-hat ({d.worst})",
            f"at most {RHAT_MAX}",
            f"{d.rhat_max:.4f}",
            d.rhat_max <= RHAT_MAX,
        ),
        (
            "smallest bulk effective sample size",
            f"at least {ESS_MIN}",
            f"{d.ess_bulk_min:,.0f}",
            d.ess_bulk_min >= ESS_MIN,
        ),
        (
            "smallest tail effective sample size",
            f"at least {ESS_MIN}",
            f"{d.ess_tail_min:,.0f}",
            d.ess_tail_min >= ESS_MIN,
        ),
    ]
    if d.sampler == SMC:
        spread = math.nan if d.evidence_spread is None else d.evidence_spread
        rows.append(
            (
                "standard deviation of log evidence between runs (nats)",
                f"at most {EVIDENCE_SPREAD_MAX}",
                f"{spread:.2f}",
                spread <= EVIDENCE_SPREAD_MAX,
            )
        )
    else:
        tolerated = TOLERATED_FRACTION * d.draws if d.escalated else 0
        limit = f"at most {TOLERATED_FRACTION:.1%} of draws" if d.escalated else "none"
        rows += [
            ("divergent transitions", limit, f"{d.divergences} of {d.draws:,}", d.divergences <= tolerated),
            ("draws at maximum tree depth", limit, f"{d.maxdepth} of {d.draws:,}", d.maxdepth <= tolerated),
            ("smallest E-BFMI of a chain", f"at least {EBFMI_MIN}", f"{d.ebfmi_min:.2f}", d.ebfmi_min >= EBFMI_MIN),
        ]
    return tuple((name, limit, value, "met" if met else "NOT MET") for name, limit, value, met in rows)
