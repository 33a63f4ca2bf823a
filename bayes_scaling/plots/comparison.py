"""Pictures of a comparison: differences, doubling times by variant, Pareto k, and two criteria side by side."""

from typing import Any

import arviz as az
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.plots.style import POSTERIOR, PRIOR, PUBLISHED, WARNING
from bayes_scaling.published import HO2024_COMPUTE
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY

MOST_ROWS = 40
"""Variants that one picture shows."""
_LONGEST = 120.0
"""Months; where an axis of doubling times ends."""


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
        visuals={"ticklabels": {"size": 7}},
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
    lower, median, upper = (
        table[f"compute_doubling_months_{name}"].to_numpy(float) for name in ("lower", "median", "upper")
    )
    for row, (low, middle, high, converged) in enumerate(
        zip(lower, median, upper, table["converged"].to_numpy(bool), strict=True)
    ):
        color = POSTERIOR if converged else WARNING
        axes.plot([low, min(high, _LONGEST)], [row, row], color=color, lw=1.4)
        if high > _LONGEST:
            axes.plot(_LONGEST, row, ">", color=color, ms=5, clip_on=False)
        if middle < _LONGEST:
            axes.plot(middle, row, "o" if converged else "x", color=color, ms=4)
    if HO2024_COMPUTE.lower is not None and HO2024_COMPUTE.upper is not None:
        axes.axvspan(HO2024_COMPUTE.lower, HO2024_COMPUTE.upper, color=PUBLISHED, alpha=0.12, lw=0)
    axes.axvline(HO2024_COMPUTE.months, color=PUBLISHED, lw=1, label=HO2024_COMPUTE.label)
    axes.set(
        xscale="log",
        xlim=(1, _LONGEST),
        ylim=(len(table) - 0.4, -0.6),
        yticks=range(len(table)),
        xlabel=f"doubling time of effective compute (months; median and {INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND})",
    )
    marks = np.where(table["converged"].to_numpy(bool), "", " (not converged)")
    axes.set_yticklabels([f"{name}{mark}" for name, mark in zip(table.index, marks, strict=True)], fontsize=7)
    ticks = (1, 2, 3, 6, 12, 24, 60, 120)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    axes.set_title(f"Best predicting first, one {comparison.unit} left out", fontsize=10)
    _open(axes)
    return figure


def plot_pareto_k(comparison: Comparison) -> Figure:
    """Draw the Pareto k of every unit and variant, as found by importance sampling alone.

    Returns
    -------
    matplotlib.figure.Figure
        One column of points a variant, best first; above the line a term needs moment matching or a refit.
    """
    names = list(comparison.table.index)
    figure = Figure(figsize=(max(6.0, 1.5 + 0.09 * len(names)), 4), layout="constrained", dpi=150)
    axes = figure.subplots()
    threshold = 0.0
    for column, name in enumerate(names):
        score = comparison.scores[str(name)]
        threshold = score.good_k
        k = score.pareto_k_found
        above = k > threshold
        axes.plot(np.full((~above).sum(), column), k[~above], ".", ms=1.5, color=PRIOR, rasterized=True)
        axes.plot(np.full(above.sum(), column), k[above], "o", ms=4, color=WARNING)
    axes.axhline(threshold, color=WARNING, lw=1, ls="--", label=f"good below {threshold:.2f}")
    axes.set(xlabel="variant, best predicting first", ylabel=f"Pareto k of each {comparison.unit}", ylim=(-0.5, None))
    axes.legend(fontsize=8, frameon=False)
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
