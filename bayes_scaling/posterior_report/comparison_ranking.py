"""Ranks, differences and weights of every variant."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

from bayes_scaling.comparison.result import TIE_NATS, Comparison
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.comparison_answer import averaged, differences_picture
from bayes_scaling.posterior_report.document import Block, Bullets, Paragraph, Section, Table
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months
from bayes_scaling.report.comparison import sentences
from bayes_scaling.report.units import noun_of
from bayes_scaling.words import probability

_TIMES = "compute_doubling_months_"


def ranking_section(comparison: Comparison) -> Section:
    """What the comparison says, the picture of differences, and all variants in a table."""
    several = int(comparison.table["converged"].sum()) > 1
    told = tuple(each for each in sentences(comparison) if several or not each.startswith("Best: "))
    blocks: list[Block] = [Bullets(told)]
    if averaged(comparison) is not None:  # otherwise it is the lead
        picture = differences_picture(comparison)
        blocks += [picture] if picture is not None else []
    blocks += [
        Paragraph(
            "Differences are of the expected log predictive density (elpd), this variant less the best, in nats, with "
            f"their standard error. A variant is tied with the best within 2 standard errors, or {TIE_NATS:g} nats. "
            "Stacking weights make the best mixture of predictions: of near-ties one gets all the weight, so 0 beside "
            "a tie is no verdict. Pseudo-BMA+ weights fall smoothly with the difference."
        ),
        ranking_table(comparison),
    ]
    return Section("ranking", "Which models predict best" if several else "How well the model predicts", tuple(blocks))


def ranking_table(comparison: Comparison) -> Table:
    """One row a variant, best first, those that have not converged last and marked."""
    tied = set(comparison.tied)
    rows, marked = [], set()
    for place, (name, row) in enumerate(comparison.table.to_dict("index").items()):
        if not row["converged"]:
            marked.add(place)
        rows.append((str(name), *_cells(row, tied=str(name) in tied)))
    columns = (
        "variant",
        "rank",
        "elpd difference ± its error (nats)",
        "tied",
        "stacking",
        "pseudo-BMA+",
        "error (squared nats)",
        "doubling time (months)",
        "probability of progress",
    )
    noun = noun_of(comparison.unit, comparison.evaluations.kind)
    caption = (
        f"Every variant, one {noun} left out at a time; tied: can't be told from the best; weights by "
        "stacking and by pseudo-BMA+; error: mean squared error of what is left out; doubling times of effective "
        f"compute in months, median and {INTERVAL}"
    )
    return Table("ranking-table", caption, columns, tuple(rows), frozenset(marked))


def _cells(row: Mapping[Hashable, Any], *, tied: bool) -> tuple[str, ...]:
    if not row["converged"]:
        return (NOT_CONVERGED, *[""] * 7)
    progress = float(row["probability_of_progress"])
    times = {part: float(row[f"{_TIMES}{part}"]) for part in ("median", "lower", "upper")}
    return (
        str(int(row["rank"]) + 1),
        f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}",
        "yes" if tied else "no",
        f"{row['weight']:.3f}",
        f"{row['weight_pseudo_bma']:.3f}",
        f"{row['loo_mse']:.5f}",
        "no progress assumed" if math.isnan(progress) else in_months(times),
        "" if math.isnan(progress) else probability(progress),
    )
