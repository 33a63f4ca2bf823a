"""Whether a fit may be believed: predictive checks, who decided each quantity, convergence, and calibration."""

import math

import matplotlib as mpl

from bayes_scaling.common.formatting import NOT_CONVERGED, counted
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, EVIDENCE_SPREAD_MAX, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.inference.units import noun_of
from bayes_scaling.plots.identification import plot_identification
from bayes_scaling.plots.predictive import plot_predictive
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import BY_THE_PRIOR
from bayes_scaling.quantities.predictive_check import FALSE_DISCOVERIES, PredictiveCheck, predictive_check
from bayes_scaling.quantities.rates import INTERVAL, INTERVAL_PROBABILITY
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.reports.calibration_document import calibration_sentences, calibration_table
from bayes_scaling.reports.document import Blocks, Row, Table, section
from bayes_scaling.reports.fit_basis import command_blocks, further_selections, specification_name
from bayes_scaling.reports.fit_charts import rows_of_report
from bayes_scaling.reports.fit_words import ESCALATED, PARTS, in_numbers, in_whole_percent, next_step, number, span
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.studies.calibration.calibrate import evidence_for

SHARE = f"{INTERVAL_PROBABILITY:.0%}"  # of replicated means and tables, between the ends given


@section("predictive-checks", "Predictive checks", refusable=True)
def predictive_section(fit: Fit) -> Blocks:
    """Whether the fitted model looks like what it was fitted to."""
    check = predictive_check(fit)
    said = _findings(check)
    with mpl.rc_context({"text.parse_math": False}):  # names of papers may hold dollar signs
        figure = plot_predictive(check)
    systems = rows_of_report(fit).get("system")
    names = {} if systems is None else systems.astype(str).to_dict()
    yield (
        "Leave-one-out predictions, residuals and replicated tables are compared with the rows that were fitted. "
        "Probabilities from replicated tables use the data twice and are conservative: a flag is stronger evidence of "
        "misfit than its level says, and the absence of flags is weaker evidence of a good fit."
    )
    yield said
    yield picture_of(figure, "predictive-check", "Predictions and what was fitted", " ".join(said))
    if len(check.flagged):
        yield Table.of(
            "flagged-groups",
            "Groups that the model misses (standardised residuals)",
            check.flagged.reset_index().set_axis(["by", "group", *check.flagged.columns], axis=1),
            {
                "group": "{by}: {group}",
                "rows": "{rows}",
                "mean residual": lambda row: number(row["mean"]),
                INTERVAL: span("lower", "upper"),
                f"{SHARE} of replicated means": span("expected_lower", "expected_upper"),
                "adjusted p": "{p_adjusted:.3f}",
            },
        )
    yield Table.of(
        "tails",
        f"Extremes and spread of standardised residuals, of the fitted table and of {check.replicates:,} "
        "replicated ones",
        check.tails,
        {
            "statistic": "{statistic}",
            "observed (posterior mean)": lambda row: number(row["observed"]),
            f"{SHARE} of replicated tables": span("replicated_lower", "replicated_upper"),
            "p": "{p:.3f}",
            "row": lambda row: f"{row['where']} ({names[row['where']]})" if row["where"] in names else row["where"],
        },
    )


def _findings(check: PredictiveCheck) -> tuple[str, ...]:
    state = "inside" if check.curve.inside else "outside"
    unit = noun_of(check.unit, check.evaluations.kind)
    found = [f"LOO-PIT values (one {unit} left out at a time) lie {state} their simultaneous {BAND:.0%} band."]
    if check.pareto_k_bad:
        bad = counted(check.pareto_k_bad, "PIT value")
        found.append(f"{bad} can't be trusted (Pareto k above {check.good_k:.2f}).")
    if check.groups.empty:
        return (*found, "The rows have no groups to look for misfit in.")
    flagged = [f"{by} {group}" for by, group in check.flagged.index]
    found.append(
        f"{counted(len(flagged), 'group')} of {len(check.groups)} flagged (share of false flags at most "
        f"{FALSE_DISCOVERIES:.0%} for each way of grouping){': ' if flagged else ''}{', '.join(flagged)}."
    )
    return tuple(found)


@section("identification", "Data or prior?")
def identification_section(fit: Fit) -> Blocks:
    """What the data decided, and what the prior did."""
    if not can_identify(fit):
        yield "This fit keeps no log prior and log likelihood, so whether data or prior decided can't be told."
        return
    found = identification(fit)

    def prior(row: Row) -> str:
        known = math.isfinite(row["prior_median"])
        return in_numbers({part: row[f"prior_{part}"] for part in PARTS}) if known else "no width of its own"

    yield found.sentences
    yield picture_of(
        plot_identification(fit, ridge=False),
        "identification-picture",
        "Prior and posterior of each quantity",
        f"Each posterior's {INTERVAL} on the scale of its prior's. {found.sentences[0]}",
    )
    yield Table.of(
        "identification-table",
        f"Median with {INTERVAL} (rates in log units per year, level and E in nats per token); by how much the "
        "interval is narrower than the prior's; pull, or sensitivity: how the posterior moves when prior or "
        "likelihood is raised to a power near 1",
        found.table.rename_axis("name"),
        {
            "quantity": "{name}",
            "decided": "{verdict}",
            "posterior": in_numbers,
            "prior": prior,
            "narrower": lambda row: in_whole_percent(row["contraction"]),
            "pull of the prior (of)": "{sensitivity_prior:.3f} ({moved_by})",
            "pull of the data": "{sensitivity_likelihood:.3f}",
        },
        marked=lambda row: row["verdict"] == BY_THE_PRIOR,
    )
    yield f"Rule of the verdicts: {found.table.attrs['rule']}."


@section("diagnostics", "Did the chains agree?")
def diagnostics_section(fit: Fit) -> Blocks:
    """Each criterion of convergence: its threshold, what was found, and whether it is met."""
    found, rows = fit.diagnostics, criteria(fit)
    yield f"{'Converged' if found.converged else NOT_CONVERGED}: {found.facts}"
    if found.failures:
        yield found.failures
        yield next_step(fit)
    yield ESCALATED if found.escalated else None
    missed = frozenset(place for place, row in enumerate(rows) if row[-1] != "met")
    caption = "Criteria of convergence, over every parameter and reported quantity"
    yield Table("criteria", caption, ("criterion", "threshold", "found", "state"), rows, missed)


def criteria(fit: Fit) -> tuple[tuple[str, str, str, str], ...]:
    """Criterion, threshold, what was found, and ``"met"`` or ``"NOT MET"``."""
    d = fit.diagnostics
    rhat = f"largest rank-normalised split R-hat ({d.worst})"
    ess = f"at least {ESS_MIN}"
    rows = [
        (rhat, f"at most {RHAT_MAX}", f"{d.rhat_max:.4f}", d.rhat_max <= RHAT_MAX),
        ("smallest bulk effective sample size", ess, f"{d.ess_bulk_min:,.0f}", d.ess_bulk_min >= ESS_MIN),
        ("smallest tail effective sample size", ess, f"{d.ess_tail_min:,.0f}", d.ess_tail_min >= ESS_MIN),
    ]
    if d.sampler == SMC:
        name, spread = "standard deviation of log evidence between runs (nats)", d.evidence_spread
        spread = math.nan if spread is None else spread
        rows.append((name, f"at most {EVIDENCE_SPREAD_MAX}", f"{spread:.2f}", spread <= EVIDENCE_SPREAD_MAX))
    else:
        limit = f"at most {TOLERATED_FRACTION:.1%} of draws" if d.escalated else "none"
        rows += [
            ("divergent transitions", limit, f"{d.divergences} of {d.draws:,}", d.divergences <= d.tolerated),
            ("draws at maximum tree depth", limit, f"{d.maxdepth} of {d.draws:,}", d.maxdepth <= d.tolerated),
            ("smallest E-BFMI of a chain", f"at least {EBFMI_MIN}", f"{d.ebfmi_min:.2f}", d.ebfmi_min >= EBFMI_MIN),
        ]
    return tuple((name, limit, value, "met" if met else "NOT MET") for name, limit, value, met in rows)


_UNASKED = (("evaluations", "ho2024"), ("runs", "simulated"))
"""Kinds and names of the tables whose designs `calibrate` takes where none is named."""


@section("calibration", "Do its intervals cover as often as they should?")
def calibration_section(fit: Fit) -> Blocks:
    """The calibration that comes with the package, if it is of this specification; else how to make one."""
    if fit.specification.delta is not None:
        yield "The paper's penalty as a prior can't be simulated from, so its calibration is unknown."
        return
    found, about = evidence_for(fit.specification), fit.evaluations
    command, told = ("calibrate", specification_name(fit.specification)), (about.kind, about.name) not in _UNASKED
    if found is None:
        lead = (
            "No calibration of this specification with these priors comes with the package. To simulate from its "
            "priors at your table's design, fit what was simulated, and rank the true values:"
        )
        yield from command_blocks(lead, command, about, told=told)
        return
    yield (
        "Parameters were drawn from the priors, losses simulated, the specification fitted to them, and the true "
        "values ranked among the draws of each posterior. Where posteriors are right, ranks are uniform."
    )
    yield tuple(calibration_sentences(found))
    yield calibration_table(found)
    if about.name != found.evaluations or further_selections(about):
        lead = (
            f"This was found for the design of {found.evaluations}; intervals may do better or worse for yours. To "
            "find out:"
        )
        yield from command_blocks(lead, command, about, told=told)
