"""How far a comparison can be trusted: what leaving out measures, where it is reliable, and which fits converged."""

import numpy as np

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.posterior_report.document import Block, Equation, Paragraph, Picture, Section, Table
from bayes_scaling.posterior_report.svg import picture_of
from bayes_scaling.report.units import noun_of, plural_of
from bayes_scaling.words import counted


def leave_one_out_section(comparison: Comparison) -> Section:
    """The measure, its unit, and how each unit's term was found."""
    kind = comparison.evaluations.kind
    unit = noun_of(comparison.unit, kind)
    row, source = (noun_of(each, kind) for each in UNITS)
    blocks: list[Block] = [
        Paragraph(
            f"The expected log predictive density (elpd) is the log density of each {unit}'s loss given all others, "
            "added up; higher is better. "
            + (
                f"All {plural_of(row)} of a {source} are left out together, so it measures how well a new {source} is "
                "predicted."
                if unit == source
                else f"The other {plural_of(row)} of the same {source} stay, so it measures how well one more result "
                f"is predicted, not a new {source}."
            )
            + " It says nothing about predicting beyond the range of the data."
        ),
        Equation(r"\text{elpd} = \sum_u \ln p(y_u \mid y_{-u})"),
        Paragraph(
            "Terms come from importance sampling (PSIS; Vehtari, Gelman and Gabry 2017). Where its Pareto k is above "
            "the threshold, the weights are too uneven: they are mended by moment matching (Paananen et al. 2021), and "
            f"what can't be mended is found by a fit without the {unit}, if refits were allowed."
        ),
        *_pareto_table(comparison),
        _pareto_picture(comparison),
    ]
    return Section("leave-one-out", "What leaving out measures, and where it is reliable", tuple(blocks))


def _pareto_counts(comparison: Comparison) -> dict[str, tuple[int, int, int, int, float]]:
    """By variant: units above the threshold as found, moment matched, refitted, left; the largest k as found."""
    return {
        name: (
            int((~(score.pareto_k_found <= score.good_k)).sum()),
            score.count("moment_matching"),
            score.count("refit"),
            score.bad,
            float(np.max(score.pareto_k_found)),
        )
        for name, score in ((str(name), comparison.scores[str(name)]) for name in comparison.table.index)
    }


def _pareto_table(comparison: Comparison) -> tuple[Table | Paragraph, ...]:
    counts, unit = _pareto_counts(comparison), noun_of(comparison.unit, comparison.evaluations.kind)
    shown = {name: row for name, row in counts.items() if row[0] or row[2] or row[3]}
    units = sum(len(score.labels) for score in comparison.scores.values())
    found, matched, refitted, left = (sum(row[place] for row in counts.values()) for place in range(4))
    said = Paragraph(
        f"Of {units:,} terms ({counted(len(counts), 'variant')}), {found} were above the threshold as found; "
        f"{matched} were mended by moment matching, {refitted} found by a fit without the {unit}, and "
        f"{left} are left that can't be trusted."
    )
    if not shown:
        return (said,)
    rows = tuple((name, f"{row[4]:.2f}", *map(str, row[:4])) for name, row in shown.items())
    marked = frozenset(place for place, row in enumerate(shown.values()) if row[3])
    columns = ("variant", "largest k as found", "above the threshold", "moment matched", "refitted", "left")
    caption = (
        f"Pareto k: {plural_of(unit)} by what was done about them, of variants with any above the threshold; marked: "
        "some are left that can't be trusted"
    )
    return said, Table("pareto-k-table", caption, columns, rows, marked)


def _pareto_picture(comparison: Comparison) -> Picture:
    from bayes_scaling.plots.comparison import plot_pareto_k

    counts, unit = _pareto_counts(comparison), noun_of(comparison.unit, comparison.evaluations.kind)
    worst = max(counts, key=lambda name: counts[name][4])
    return picture_of(
        plot_pareto_k(comparison),
        "pareto-k",
        "Pareto k of every variant",
        f"One column a variant, in the order of the table: range of Pareto k of its {plural_of(unit)} as found by "
        f"importance sampling, and one mark for each above the threshold. The largest is {counts[worst][4]:.2f} "
        f"({worst}); {sum(row[0] for row in counts.values())} are above, of which "
        f"{sum(row[3] for row in counts.values())} are left unmended.",
    )


def convergence_section(comparison: Comparison) -> Section:
    """The criteria that every member had to meet, and who missed which."""
    table = comparison.table
    lost = table[~table["converged"]]
    rows = (
        (
            "R-hat, largest",
            f"at most {RHAT_MAX:g}",
            f"{table['rhat_max'].max():.4f} ({table['rhat_max'].idxmax()})",
            str(int((~(table["rhat_max"] <= RHAT_MAX)).sum())),
        ),
        (
            "effective draws (bulk), fewest",
            f"at least {ESS_MIN:g}",
            f"{table['ess_bulk_min'].min():,.0f} ({table['ess_bulk_min'].idxmin()})",
            str(int((~(table["ess_bulk_min"] >= ESS_MIN)).sum())),
        ),
        (
            "divergent transitions, most",
            f"0, or after smaller steps at most {TOLERATED_FRACTION:.1%} of draws",
            f"{table['divergences'].max():.0f} ({table['divergences'].idxmax()})",
            str(int(lost["reason"].str.contains("diverg").sum())),
        ),
        ("all criteria", "none missed", f"{len(table) - len(lost)} of {len(table)} variants", str(len(lost))),
    )
    blocks: list[Block] = [
        Table(
            "criteria",
            "Criteria that every variant's fit had to meet, the worst found, and how many variants missed each; among "
            f"all criteria are also effective draws in the tails (at least {ESS_MIN:g}), maximum tree depth (as "
            f"divergent transitions) and E-BFMI (at least {EBFMI_MIN:g})",
            ("criterion", "threshold", "worst", "missed by"),
            rows,
            frozenset(place for place, row in enumerate(rows) if row[-1] != "0"),
        )
    ]
    if len(lost):
        failures = tuple((str(name), str(reason)) for name, reason in lost["reason"].items())
        caption = "Variants that have not converged: out of ranks, weights and averages"
        columns = ("variant", "what failed")
        blocks.append(Table("not-converged", caption, columns, failures, frozenset(range(len(failures)))))
    else:
        blocks.append(Paragraph("Every variant has converged."))
    return Section("convergence", "Convergence of the fits", tuple(blocks))
