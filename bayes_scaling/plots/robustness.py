"""The forest plot of a robustness run: doubling times found and published, case by case."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bayes_scaling.plots.drawing import Drawing, bracketed, shortened
from bayes_scaling.plots.months_axis import (
    LONGEST,
    SHORTEST,
    TEXT_ROOM,
    draw_interval,
    print_beside,
    set_months_axis,
    times_in,
    with_marks,
)
from bayes_scaling.plots.style import POSTERIOR, PRIOR, PUBLISHED, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, look_of, named
from bayes_scaling.studies.robustness.cases import BASELINE
from bayes_scaling.studies.robustness.result import Robustness

_VISUALS = ("posterior", "interval", "published", "baseline", "figures", "legend", "title")
_PLACES = (1.01, 1.05)
_FOUND, _PUBLISHED = -0.14, 0.2  # heights of the two intervals above and below a case's line


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
    figure = Drawing(figsize=(11, 1.8 + 0.3 * len(table)), layout=ConstrainedLayoutEngine(rect=TEXT_ROOM))
    axes = figure.subplots()
    _draw_band(axes, result)
    print_beside(axes, -0.75, _PLACES, "rows", "months", color=PRIOR)
    for line, case in enumerate(table.to_dict("records")):
        good = bool(case["converged"])
        color = POSTERIOR if good else WARNING
        names = ("posterior", "interval") if good else (None, None)
        draw_interval(axes, line + _FOUND, times_in(case), color=color, marker="o" if good else "x", names=names)
        published = [float(case[f"published_{part}"]) for part in ("months", "lower", "upper")]
        if not math.isnan(published[0]):
            _draw_published(axes, line + _PUBLISHED, *published)
        print_beside(axes, line, _PLACES, str(case["rows"]), bracketed(times_in(case)))
    axes.set(ylim=(len(table) - 0.4, -0.8))
    set_months_axis(axes)
    axes.set_yticks(range(len(table)), with_marks(map(shortened, table.index), table), fontsize=8, parse_math=False)
    axes.grid(axis="y", color=PRIOR, alpha=0.15, lw=0.6)
    _draw_legend(figure, anyone_failed=not table["converged"].all())
    evaluations = result.evaluations
    title = f"Robustness on {evaluations.name} ({evaluations.rows} evaluations)"
    named(axes.set_title(title, fontsize=11, pad=14, parse_math=False), "title")
    return look.finish(figure)


def _draw_band(axes: Axes, result: Robustness) -> None:
    median, lower, upper = times_in(result.table.to_dict("index")[BASELINE])
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
    draw_interval(axes, height, (middle, lower, upper), color=PUBLISHED, marker="D", size=3.5, names=names)


def _draw_legend(figure: Figure, *, anyone_failed: bool) -> None:
    handles = [
        entry("posterior", "found here (posterior)", color=POSTERIOR, marker="o", ms=4.5),
        entry("published", "published (Ho et al. 2024)", color=PUBLISHED, marker="D", ms=4.5),
        entry("interval", "goes on beyond the axis, or no bound", color=POSTERIOR, marker=">", ls="", ms=4.5),
    ]
    if anyone_failed:
        handles.append(entry(None, "not converged", color=WARNING, marker="x", ms=4.5))
    add_legend(figure, handles, loc="outside lower center", ncols=4)
