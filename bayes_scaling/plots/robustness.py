"""The forest plot of a robustness run: doubling times found and published, case by case."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from bayes_scaling.common.formatting import months
from bayes_scaling.plots.drawing import Drawing, shortened
from bayes_scaling.plots.months_axis import LONGEST, SHORTEST, TEXT_ROOM, draw_interval, print_beside, set_months_axis
from bayes_scaling.plots.style import POSTERIOR, PRIOR, PUBLISHED, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, look_of, named
from bayes_scaling.studies.robustness.cases import BASELINE
from bayes_scaling.studies.robustness.result import Robustness

_VISUALS = ("posterior", "interval", "published", "baseline", "figures", "legend", "title")
_PLACES = (1.01, 1.05)
_FOUND, _PUBLISHED = -0.14, 0.2
"""How far above and below a case's line the two intervals are drawn."""


def plot_robustness(result: Robustness, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw the doubling time of effective compute under each robustness case, beside the published one.

    Parameters
    ----------
    result
        See :func:`bayes_scaling.robustness`.
    visuals, backend
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``published``, ``baseline``, ``figures``, ``legend``, ``title``.

    Returns
    -------
    matplotlib.figure.Figure
        One line a case, from top to bottom as in the table: median and 95% equal-tailed interval in months on a
        logarithmic axis, the number of rows, and the same figures in print. An arrow marks an interval that goes on
        beyond the axis or has no bound; a case that has not converged is a red cross and says so. Diamonds are
        published; a published interval with a negative end is printed, not drawn. The band is the baseline's interval.

    Raises
    ------
    BayesScalingError
        If visuals or backend is none of the valid ones.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_robustness(bs.robustness(directory="runs/robustness")).savefig("robustness.png")  # doctest: +SKIP
    """
    look = look_of(visuals, backend, _VISUALS)
    table = result.table
    figure = Drawing(figsize=(11, 1.8 + 0.3 * len(table)), layout=ConstrainedLayoutEngine(rect=TEXT_ROOM), dpi=150)
    axes = figure.subplots()
    _draw_band(axes, result)
    print_beside(axes, -0.75, _PLACES, "rows", "months", color=PRIOR)
    for line, case in enumerate(table.to_dict("records")):
        good = bool(case["converged"])
        color = POSTERIOR if good else WARNING
        found = [float(case[f"compute_doubling_months_{part}"]) for part in ("median", "lower", "upper")]
        names = ("posterior", "interval") if good else (None, None)
        draw_interval(axes, line + _FOUND, *found, color=color, marker="o" if good else "x", names=names)
        published = [float(case[f"published_{part}"]) for part in ("months", "lower", "upper")]
        if not math.isnan(published[0]):
            _draw_published(axes, line + _PUBLISHED, *published)
        middle, lower, upper = map(months, found)
        print_beside(axes, line, _PLACES, str(case["rows"]), f"{middle} [{lower}, {upper}]")
    marks = ["" if good else " (not converged)" for good in table["converged"]]
    axes.set(ylim=(len(table) - 0.4, -0.8))
    set_months_axis(axes)
    lines = [f"{shortened(name)}{mark}" for name, mark in zip(table.index, marks, strict=True)]
    axes.set_yticks(range(len(table)), lines, fontsize=8, parse_math=False)
    axes.grid(axis="y", color=PRIOR, alpha=0.15, lw=0.6)
    _draw_legend(figure, anyone_failed=not table["converged"].all())
    evaluations = result.evaluations
    title = f"Robustness on {evaluations.name} ({evaluations.rows} evaluations)"
    named(axes.set_title(title, fontsize=11, pad=14, parse_math=False), "title")
    return look.finish(figure)


def _draw_band(axes: Axes, result: Robustness) -> None:
    row = result.table.to_dict("index")[BASELINE]
    median, lower, upper = (float(row[f"compute_doubling_months_{part}"]) for part in ("median", "lower", "upper"))
    band = axes.axvspan(max(lower, SHORTEST), min(upper, LONGEST), color=POSTERIOR, alpha=0.08, lw=0)
    named(band, "baseline")
    if median < LONGEST:
        named(axes.axvline(median, color=POSTERIOR, lw=0.8, ls=":"), "baseline")


def _draw_published(axes: Axes, height: float, middle: float, lower: float, upper: float) -> None:
    """A published point and interval; one that starts below 0 runs through infinity, and is printed instead."""
    if lower < 0:
        words = f"[{lower:g}, {upper:g}]"
        place: dict[str, Any] = {"xy": (LONGEST, height), "va": "center", "ha": "right"}
        named(axes.annotate(words, color=PUBLISHED, fontsize=7, **place), "published")
        lower = upper = math.nan
    names = ("published", "published")
    draw_interval(axes, height, middle, lower, upper, color=PUBLISHED, marker="D", size=3.5, names=names)


def _draw_legend(figure: Figure, *, anyone_failed: bool) -> None:
    kinds = [
        (POSTERIOR, "o", "-", "found here (posterior)", "posterior"),
        (PUBLISHED, "D", "-", "published (Ho et al. 2024)", "published"),
        (POSTERIOR, ">", "", "goes on beyond the axis, or no bound", "interval"),
    ]
    if anyone_failed:
        kinds.append((WARNING, "x", "-", "not converged", ""))
    handles = [
        named(Line2D([], [], color=color, marker=marker, ls=line, ms=4.5, label=label), name)
        for color, marker, line, label, name in kinds
    ]
    add_legend(figure, handles, fontsize=8, frameon=False, loc="outside lower center", ncols=4)
