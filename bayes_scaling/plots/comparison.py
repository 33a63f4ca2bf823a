"""Pictures of a comparison: differences, doubling times by variant, Pareto k, and two criteria side by side."""

from typing import Any

import arviz as az
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.plots.months_axis import draw_interval, draw_published, set_months_axis
from bayes_scaling.plots.style import POSTERIOR, PRIOR, REFERENCE, WARNING

MOST_ROWS = 40
"""Variants that one picture shows."""
_MENDED = {
    "moment_matching": ("o", REFERENCE, "mended by moment matching"),
    "refit": ("D", POSTERIOR, "left out by a fit without it"),
    "psis": ("X", WARNING, "left as found, not reliable"),
}
"""Marker, colour and words of what was done about units whose weights are too uneven."""


def plot_comparison(comparison: Comparison, *, most: int = MOST_ROWS) -> Any:
    """Draw differences in expected log predictive density from the best variant, with standard errors.

    Parameters
    ----------
    comparison
        Variants that did not converge are not drawn.
    most
        Variants to draw, best first.

    Returns
    -------
    arviz_plots.PlotCollection
        Of ``arviz.plot_compare``.

    Raises
    ------
    BayesScalingError
        If fewer than two variants have converged.
    """
    table = _converged(comparison).head(most)
    if len(table) < 2:
        raise BayesScalingError("a picture of differences needs two variants that converged")
    height = 1.4 + 0.22 * len(table)
    return az.plot_compare(
        table[["elpd", "se", "elpd_diff", "dse"]],
        backend="matplotlib",
        visuals={
            "ticklabels": {"size": 7},
            "title": {"text": f"Best predicting first, one {comparison.unit} left out"},
            "labels": {"text": "difference in elpd from the best (nats, ± standard error)"},
        },
        figure_kwargs={"figsize": (8, height), "dpi": 150, "layout": "constrained"},
    )


def plot_doubling_times_by_variant(comparison: Comparison, *, most: int = MOST_ROWS) -> Figure:
    """Draw the doubling time of effective compute of each variant, best predicting first.

    The counterpart of Figure 2b of Ho et al. 2024 (arXiv 2403.05812), with posteriors for bootstraps.

    Parameters
    ----------
    comparison
        Variants that did not converge are drawn last and marked; ones that assume no progress are left out.
    most
        Variants to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Medians and 95% equal-tailed intervals in months, logarithmic axis; an arrow marks an interval without end.
        The band is the published interval.

    Raises
    ------
    BayesScalingError
        If no variant has progress.
    """
    table = comparison.table[comparison.table["probability_of_progress"].notna()].head(most)
    if table.empty:
        raise BayesScalingError("no variant has progress, so there is no doubling time to draw")
    figure = Figure(figsize=(8, 1.6 + 0.24 * len(table)), layout="constrained", dpi=150)
    axes = figure.subplots()
    draw_published(axes)
    for line, row in enumerate(table.to_dict("records")):
        interval = [float(row[f"compute_doubling_months_{part}"]) for part in ("median", "lower", "upper")]
        color, marker = (POSTERIOR, "o") if row["converged"] else (WARNING, "x")
        draw_interval(axes, line, *interval, color=color, marker=marker)
    axes.set(ylim=(len(table) - 0.4, -0.6), yticks=range(len(table)))
    set_months_axis(axes)
    marks = np.where(table["converged"].to_numpy(bool), "", " (not converged)")
    axes.set_yticklabels(
        [f"{name}{mark}" for name, mark in zip(table.index, marks, strict=True)], fontsize=7, parse_math=False
    )
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    axes.set_title(f"Best predicting first, one {comparison.unit} left out", fontsize=10)
    return figure


def plot_pareto_k(comparison: Comparison) -> Figure:
    """Draw the Pareto k of each variant's units, as found by importance sampling alone.

    Returns
    -------
    matplotlib.figure.Figure
        One column a variant, in the order of the table. Grey: from the least to the greatest k of the units whose
        weights are good, the middle 90% thicker. Above the line each unit is a mark of its own, by what was done
        about it: moment matching, a fit without it, or nothing.
    """
    names = list(comparison.table.index)
    figure = Figure(figsize=(9, 4), layout="constrained", dpi=150)
    axes = figure.subplots()
    marked: dict[str, list[tuple[int, float]]] = {name: [] for name in _MENDED}
    threshold = 0.0
    for column, name in enumerate(names, 1):
        score = comparison.scores[str(name)]
        threshold = score.good_k
        k = score.pareto_k_found
        good = k[k <= threshold]
        if len(good):
            low, high = np.quantile(good, [0.05, 0.95])
            axes.plot([column, column], [good.min(), good.max()], color=PRIOR, lw=0.7)
            axes.plot([column, column], [low, high], color=PRIOR, lw=2.2, solid_capstyle="butt")
        for place in np.flatnonzero(~(k <= threshold)):
            marked[score.how[place]].append((column, float(k[place])))
    for how, (marker, color, label) in _MENDED.items():
        if marked[how]:
            axes.plot(*zip(*marked[how], strict=True), marker, color=color, ms=5, ls="", label=label)
    axes.axhline(threshold, color=WARNING, lw=1, ls="--", label=f"good up to {threshold:.2f}")
    axes.set(
        xlabel="variant, in the order of the table (best predicting first)",
        ylabel=f"Pareto k of each {comparison.unit}, as found",
        xlim=(0.2, len(names) + 0.8),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    _open(axes)
    return figure


def plot_criteria(comparison: Comparison) -> Figure:
    """Draw the expected log predictive density against the paper's criterion, the mean squared error.

    Returns
    -------
    matplotlib.figure.Figure
        One point a converged variant; crosses assume no progress.
    """
    table = _converged(comparison)
    figure = Figure(figsize=(6.5, 4.6), layout="constrained", dpi=150)
    axes = figure.subplots()
    static = table["probability_of_progress"].isna().to_numpy()
    for inside, marker, label in ((~static, "o", "with progress"), (static, "x", "no progress")):
        axes.plot(table["loo_mse"][inside], table["elpd"][inside], marker, color=POSTERIOR, ms=5, label=label)
    axes.invert_xaxis()
    axes.set(
        xlabel=f"leave-one-{comparison.unit}-out mean squared error (squared nats; better to the right)",
        ylabel="elpd (nats; better upwards)",
    )
    axes.legend(fontsize=8, frameon=False)
    _open(axes)
    return figure


def _converged(comparison: Comparison) -> pd.DataFrame:
    return comparison.table[comparison.table["converged"]]


def _open(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
