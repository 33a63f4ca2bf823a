"""What would change a comparison's answer: the model, among those that tie, weights, priors, and what is left out."""

import math

import pandas as pd

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.inference.data import UNITS
from bayes_scaling.posterior_report.comparison_answer import averaged, named
from bayes_scaling.posterior_report.document import Block, Bullets, Point, Scatter, Section, Table
from bayes_scaling.posterior_report.fit_method import command_blocks, table_option
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months, variant_in_words
from bayes_scaling.report.units import noun_of, plural_of, size_of
from bayes_scaling.words import counted, months

_MEDIAN, _UPPER = "compute_doubling_months_median", "compute_doubling_months_upper"
_, _SOURCE = UNITS
_FEWEST_POINTS = 4
"""Of a scatter plot; fewer are read more easily in the table."""


def change_section(comparison: Comparison) -> Section | None:
    """None where nothing has converged."""
    if not comparison.table["converged"].any():
        return None
    blocks: list[Block] = [Bullets((*_models(comparison), *_weights(comparison), _unit(comparison)))]
    if averaged(comparison) is not None:
        blocks += [*_priors(comparison), *_scatter(comparison)]
        blocks += command_blocks(
            "To put other noise, selections of rows and tables to the question:",
            ["robustness", *table_option(comparison.evaluations)],
            comparison.evaluations,
        )
    return Section("change", "What would change this answer", tuple(blocks))


def _progressing(comparison: Comparison) -> pd.DataFrame:
    table = comparison.table[comparison.table["converged"]]
    return table[table["probability_of_progress"].notna()]


def _models(comparison: Comparison) -> tuple[str, ...]:
    """Range of the doubling time over the models that the data can't tell apart."""
    table = _progressing(comparison)
    tied = table[table.index.isin(comparison.tied)]
    if len(tied) < 2:
        return ()
    low, high = (variant_in_words(str(name)) for name in (tied[_MEDIAN].idxmin(), tied[_MEDIAN].idxmax()))
    found = [
        f"Which model: over the {len(tied)} variants with progress that the data can't tell from the best, the median "
        f"doubling time of effective compute runs from {months(float(tied[_MEDIAN].min()))} months ({low}) to "
        f"{months(float(tied[_MEDIAN].max()))} ({high})."
    ]
    unbounded = [str(name) for name, value in tied[_UPPER].items() if math.isinf(value)]
    if unbounded:
        found.append(f"Of these, {named(unbounded)} can't rule out that there was no progress: no upper bound.")
    none = [name for name in comparison.tied if name not in set(map(str, table.index))]
    if none:
        found.append(f"Tied with the best although they assume no progress: {named(none)}.")
    return tuple(found)


def _weights(comparison: Comparison) -> tuple[str, ...]:
    stacking, smooth = averaged(comparison), averaged(comparison, "pseudo_bma")
    if stacking is None or smooth is None:
        return ()
    return (
        f"Which weights: {in_months(stacking)} months by stacking, {in_months(smooth)} by pseudo-BMA+ (median and "
        f"{INTERVAL}).",
    )


def _unit(comparison: Comparison) -> str:
    about = comparison.evaluations
    row, source = (noun_of(unit, about.kind) for unit in UNITS)
    if comparison.unit == _SOURCE:
        return (
            f"What is left out: all {plural_of(row)} of a {source} together, which measures how well a new {source} is "
            f"predicted. {row.capitalize()} by {row} would reward models that know a {source} from its other results."
        )
    text = f"What is left out: one {row} at a time"
    if about.rows == about.papers:
        return f"{text}; each is of a {source} of its own, so leaving out {plural_of(source)} would be the same."
    how = f'unit="{_SOURCE}" in Python' if about.kind == "runs" else f"--unit {_SOURCE}"
    return (
        f"{text}, with others of the same {source} still in the data ({size_of(about)}); {how} measures how well a new "
        f"{source} is predicted, and can rank otherwise."
    )


def _priors(comparison: Comparison) -> tuple[Table, ...]:
    """Ranges of medians by the priors' label, where there are several."""
    table = _progressing(comparison)
    if table["variant"].nunique() < 2:
        return ()
    rows = []
    for label, group in table.groupby("variant", sort=False):
        medians = group[_MEDIAN]
        rows.append(
            (
                str(label),
                str(len(group)),
                str(int(group.index.isin(comparison.tied).sum())),
                months(float(medians.min())),
                months(float(medians.quantile(interpolation="higher"))),
                months(float(medians.max())),
            )
        )
    columns = ("priors", "variants", "tied with the best", "shortest (months)", "middle (months)", "longest (months)")
    caption = "Median doubling time of effective compute in months over the models that have converged, by their priors"
    return (Table("by-priors", caption, columns, tuple(sorted(rows, key=lambda row: -int(row[2])))),)


def _scatter(comparison: Comparison) -> tuple[Scatter, ...]:
    """Doubling time against how well a variant predicts; those without a finite median can't be placed."""
    table = _progressing(comparison)
    shown = table[table[_MEDIAN].map(math.isfinite)]
    if len(shown) < _FEWEST_POINTS:
        return ()
    tied = set(comparison.tied)
    points = tuple(
        Point(
            x=float(row[_MEDIAN]),
            y=float(row["elpd_diff"]),
            group="can't be told from the best" if str(name) in tied else "predicts worse",
            label=str(name),
            details=(
                (f"doubling time, months ({INTERVAL})", in_months(_times(row))),
                ("elpd difference ± standard error (nats)", f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}"),
                ("stacking weight", f"{row['weight']:.3f}"),
                ("pseudo-BMA+ weight", f"{row['weight_pseudo_bma']:.3f}"),
                ("mean squared error, left out (squared nats)", f"{row['loo_mse']:.5f}"),
            ),
        )
        for name, row in shown.iterrows()
    )
    left = len(table) - len(shown)
    alternative = (
        f"{counted(len(points), 'variant')}: median doubling time of effective compute, "
        f"{months(float(shown[_MEDIAN].min()))} to {months(float(shown[_MEDIAN].max()))} months, against the "
        f"difference in expected log predictive density from the best, {_rounded(shown['elpd_diff'].min())} to "
        f"{_rounded(shown['elpd_diff'].max())} nats." + (f" {left} more have no finite median." if left else "")
    )
    return (
        Scatter(
            "time-and-prediction",
            "How long a doubling takes, and how well the model predicts",
            alternative,
            "doubling time of effective compute (months, median, log scale)",
            "difference in elpd from the best (nats)",
            points,
            log_x=True,
        ),
    )


def _rounded(nats: float) -> str:
    """To one decimal, without a sign before nothing."""
    return f"{round(float(nats), 1) + 0.0:.1f}"


def _times(row: "pd.Series[float]") -> dict[str, float]:
    return {part: float(row[f"compute_doubling_months_{part}"]) for part in ("median", "lower", "upper")}
