"""Pictures of studies: a comparison's differences, doubling times, Pareto k and criteria; a robustness run's cases."""

import math
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.plots import drawing
from bayes_scaling.plots.style import POSTERIOR, PRIOR, PUBLISHED, REFERENCE, WARNING
from bayes_scaling.plots.visuals import BACKEND, Visuals, add_legend, checked, entry, named, takes_visuals
from bayes_scaling.studies.comparison.result import Comparison
from bayes_scaling.studies.robustness.cases import BASELINE
from bayes_scaling.studies.robustness.result import Robustness

MOST_ROWS = 40  # variants that one picture shows
_OF_ARVIZ = ("point_estimate", "error_bar", "ref_line", "ref_band", "similar_line", "labels", "title", "ticklabels")
"""Visuals of ``arviz.plot_compare``."""
_MENDED = {
    "moment_matching": ("o", REFERENCE, "mended by moment matching"),
    "refit": ("D", POSTERIOR, "left out by a fit without it"),
    "psis": ("X", WARNING, "left as found, not reliable"),
}
"""Marker, colour and words of what was done about units whose weights are too uneven."""


def plot_comparison(
    comparison: Comparison, *, most: int = MOST_ROWS, visuals: Visuals | None = None, backend: str | None = None
) -> Any:
    """Draw differences in expected log predictive density from the best variant, with standard errors.

    Parameters
    ----------
    comparison
        Variants that did not converge are not drawn.
    most
        Variants to draw, best first.
    visuals, backend
        Visuals to leave out (False) or keyword arguments for them, as ``arviz.plot_compare`` takes them, by matplotlib:
        ``point_estimate``, ``error_bar``, ``ref_line``, ``ref_band``, ``similar_line``, ``labels``, ``title``,
        ``ticklabels``.

    Returns
    -------
    arviz_plots.PlotCollection
        Of ``arviz.plot_compare``; ``get_viz("figure")`` is the figure, which pyplot does not hold.

    Raises
    ------
    BayesScalingError
        If fewer than two variants have converged, or visuals or backend is none of the valid ones.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.load_comparison("runs/comparison")  # doctest: +SKIP
    >>> bs.plot_comparison(comparison).get_viz("figure").savefig("differences.png")  # doctest: +SKIP
    """
    changes = checked(visuals, backend, _OF_ARVIZ)
    table = _converged(comparison).head(most)
    if len(table) < 2:
        raise BayesScalingError("a picture of differences needs two variants that converged")
    ours: dict[str, Any] = {
        "point_estimate": {"color": POSTERIOR},
        "error_bar": {"color": POSTERIOR},
        "ref_line": {"color": PRIOR},
        "ticklabels": {"size": 7},
        "title": {"text": f"Best predicting first, one {comparison.unit} left out"},
        "labels": {"text": "difference in elpd from the best (nats, ± standard error)"},
    }
    for name, change in changes.items():
        ours[name] = False if change is False else ours.get(name, {}) | dict(change)
    return _compared(table[["elpd", "se", "elpd_diff", "dse"]], ours)


def _compared(table: pd.DataFrame, visuals: dict[str, Any]) -> Any:
    """What ``arviz.plot_compare`` draws, taken out of pyplot's hands, which would show it by itself."""
    from matplotlib import pyplot as plt

    figure = {"figsize": (8, 1.4 + 0.22 * len(table)), "dpi": 150, "layout": "constrained"}
    before = set(plt.get_fignums())
    try:
        found = az.plot_compare(table, backend=BACKEND, visuals=visuals, figure_kwargs=figure)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise BayesScalingError(
            f"arviz.plot_compare refuses visuals: {error}; choose other keyword arguments"
        ) from error
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    found.get_viz("figure").axes[0].spines[["top", "right"]].set_visible(False)
    return found


@takes_visuals("posterior", "interval", "published", "legend", "title")
def plot_doubling_times_by_variant(
    comparison: Comparison, *, most: int = MOST_ROWS, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw the doubling time of effective compute of each variant, best predicting first.

    The counterpart of Figure 2b of Ho et al. 2024 (arXiv 2403.05812), with posteriors for bootstraps.

    Parameters
    ----------
    comparison
        Variants that did not converge are drawn last and marked; ones that assume no progress are left out.
    most
        Variants to draw.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Medians and 95% equal-tailed intervals in months, logarithmic axis; an arrow marks an interval without end.
        The band is the published interval.

    Raises
    ------
    BayesScalingError
        If no variant has progress.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.load_comparison("runs/comparison")  # doctest: +SKIP
    >>> bs.plot_doubling_times_by_variant(comparison).savefig("doubling_times.png")  # doctest: +SKIP
    """
    table = comparison.table[comparison.table["probability_of_progress"].notna()].head(most)
    if table.empty:
        raise BayesScalingError("no variant has progress, so there is no doubling time to draw")
    figure, axes = drawing.panel(8, 1.6 + 0.24 * len(table))
    drawing.draw_published(axes)
    for line, row in enumerate(table.to_dict("records")):
        drawing.draw_times(axes, line, row)
    axes.set(ylim=(len(table) - 0.4, -0.6), yticks=range(len(table)))
    drawing.set_months_axis(axes)
    names = table.index if len(set(table["variant"])) > 1 else table["model"]
    axes.set_yticklabels(drawing.with_marks(names, table), fontsize=7, parse_math=False)
    add_legend(axes, loc="lower right", bbox_to_anchor=(1, 1))  # above: below, lines go on to the right edge
    named(axes.set_title(f"Best predicting first, one {comparison.unit} left out", fontsize=10, loc="left"), "title")
    return figure


@takes_visuals("range", "units", "threshold", "legend")
def plot_pareto_k(comparison: Comparison, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw the Pareto k of each variant's units, as found by importance sampling alone.

    Parameters
    ----------
    comparison
        All its variants are drawn.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One column a variant, in the order of the table. Grey: from the least to the greatest k of the units whose
        weights are good, the middle 90% thicker. Above the line each unit is a mark of its own, by what was done
        about it: moment matching, a fit without it, or nothing.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_pareto_k(bs.load_comparison("runs/comparison")).savefig("pareto_k.png")  # doctest: +SKIP
    """
    names = list(comparison.table.index)
    figure, axes = drawing.panel(9, 4)
    marked: dict[str, list[tuple[int, float]]] = {name: [] for name in _MENDED}
    threshold = 0.0
    for column, name in enumerate(names, 1):
        score = comparison.scores[str(name)]
        threshold = score.good_k
        k = score.pareto_k_found
        good = k[k <= threshold]
        if len(good):
            low, high = np.quantile(good, [0.05, 0.95])
            named(axes.plot([column, column], [good.min(), good.max()], color=PRIOR, lw=0.7), "range")
            named(axes.plot([column, column], [low, high], color=PRIOR, lw=2.2, solid_capstyle="butt"), "range")
        for place in np.flatnonzero(~(k <= threshold)):
            marked[score.how[place]].append((column, float(k[place])))
    for how, (marker, color, label) in _MENDED.items():
        if marked[how]:
            points = axes.plot(*zip(*marked[how], strict=True), marker, color=color, ms=5, ls="", label=label)
            named(points, "units")
    line = axes.axhline(threshold, color=WARNING, lw=1, ls="--", label=f"good up to {threshold:.2f}")
    named(line, "threshold")
    axes.set(xlim=(0.2, len(names) + 0.8), ylabel=f"Pareto k of each {comparison.unit}, as found")
    axes.set_xlabel("variant, in the order of the table (best predicting first)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return figure


@takes_visuals("variants", "legend")
def plot_criteria(comparison: Comparison, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw the expected log predictive density against the paper's criterion, the mean squared error.

    Parameters
    ----------
    comparison
        Variants that did not converge are not drawn.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One point a converged variant; crosses assume no progress.

    Notes
    -----
    The mean squared error is the criterion of Ho et al. 2024 (arXiv 2403.05812).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_criteria(bs.load_comparison("runs/comparison")).savefig("criteria.png")  # doctest: +SKIP
    """
    table = _converged(comparison)
    figure, axes = drawing.panel(6.5, 4.6)
    static = table["probability_of_progress"].isna().to_numpy()
    for inside, marker, label in ((~static, "o", "with progress"), (static, "x", "no progress")):
        points = (table["loo_mse"][inside], table["elpd"][inside])
        named(axes.plot(*points, marker, color=POSTERIOR, ms=5, label=label), "variants")
    axes.invert_xaxis()
    axes.set(
        xlabel=f"leave-one-{comparison.unit}-out mean squared error (squared nats; better to the right)",
        ylabel="elpd (nats; better upwards)",
    )
    add_legend(axes)
    return figure


def _converged(comparison: Comparison) -> pd.DataFrame:
    return comparison.table[comparison.table["converged"]]


_PLACES = (1.01, 1.05)
_FOUND, _PUBLISHED = -0.14, 0.2  # heights of the two intervals above and below a case's line


@takes_visuals("posterior", "interval", "published", "baseline", "figures", "legend", "title")
def plot_robustness(result: Robustness, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw the doubling time of effective compute under each robustness case, beside the published one.

    Parameters
    ----------
    result
        See :func:`bayes_scaling.robustness`.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One line a case, from top to bottom as in the table: median and 95% equal-tailed interval in months on a
        logarithmic axis, the number of rows, and the same figures in print. An arrow marks an interval that goes on
        beyond the axis or has no bound; a case that has not converged is a red cross and says so. Diamonds are
        published; a published interval with a negative end is printed, not drawn. The band is the baseline's interval.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_robustness(bs.robustness(directory="runs/robustness")).savefig("robustness.png")  # doctest: +SKIP
    """
    table = result.table
    layout = ConstrainedLayoutEngine(rect=drawing.TEXT_ROOM)
    figure = drawing.Drawing(figsize=(11, 1.8 + 0.3 * len(table)), layout=layout)
    axes = figure.subplots()
    median, lower, upper = drawing.times_in(result.table.to_dict("index")[BASELINE])
    band = axes.axvspan(max(lower, drawing.SHORTEST), min(upper, drawing.LONGEST), color=POSTERIOR, alpha=0.08, lw=0)
    named(band, "baseline")
    if median < drawing.LONGEST:
        named(axes.axvline(median, color=POSTERIOR, lw=0.8, ls=":"), "baseline")
    drawing.print_beside(axes, -0.75, _PLACES, "rows", "months", color=PRIOR)
    for line, case in enumerate(table.to_dict("records")):
        drawing.draw_times(axes, line + _FOUND, case)
        published = [float(case[f"published_{part}"]) for part in ("months", "lower", "upper")]
        if not math.isnan(published[0]):
            _draw_published(axes, line + _PUBLISHED, *published)
        drawing.print_beside(axes, line, _PLACES, str(case["rows"]), drawing.bracketed(drawing.times_in(case)))
    axes.set(ylim=(len(table) - 0.4, -0.8))
    drawing.set_months_axis(axes)
    labels = drawing.with_marks(map(drawing.shortened, table.index), table)
    axes.set_yticks(range(len(table)), labels, fontsize=8, parse_math=False)
    axes.grid(axis="y", color=PRIOR, alpha=0.15, lw=0.6)
    handles = [
        entry("posterior", "found here (posterior)", color=POSTERIOR, marker="o", ms=4.5),
        entry("published", "published (Ho et al. 2024)", color=PUBLISHED, marker="D", ms=4.5),
        entry("interval", "goes on beyond the axis, or no bound", color=POSTERIOR, marker=">", ls="", ms=4.5),
    ]
    if not table["converged"].all():
        handles.append(entry(None, "not converged", color=WARNING, marker="x", ms=4.5))
    add_legend(figure, handles, loc="outside lower center", ncols=4)
    evaluations = result.evaluations
    title = f"Robustness on {evaluations.name} ({evaluations.rows} evaluations)"
    named(axes.set_title(title, fontsize=11, pad=14, parse_math=False), "title")
    return figure


def _draw_published(axes: Axes, height: float, middle: float, lower: float, upper: float) -> None:
    """A published point and interval; one that starts below 0 runs through infinity, and is printed instead."""
    if lower < 0:
        words = f"[{lower:g}, {upper:g}]"
        place: dict[str, Any] = {"xy": (drawing.LONGEST, height), "va": "center", "ha": "right"}
        named(axes.annotate(words, color=PUBLISHED, fontsize=7, **place), "published")
        lower = upper = math.nan
    names = ("published", "published")
    drawing.draw_interval(axes, height, (middle, lower, upper), color=PUBLISHED, marker="D", size=3.5, names=names)
