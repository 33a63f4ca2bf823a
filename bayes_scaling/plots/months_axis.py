"""Intervals on axes that end, where what goes on is marked by an arrow; the axis of months of every forest plot."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import months
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_COMPUTE
from bayes_scaling.plots.drawing import finished, panel, shortened, title_of
from bayes_scaling.plots.style import INK, PAPER, POSTERIOR, PUBLISHED
from bayes_scaling.plots.visuals import named
from bayes_scaling.quantities.rates import INTERVAL

POINT_SIZE = 4.5  # points


def draw_clipped(
    axes: Axes,
    height: float,
    values: Sequence[float],
    ends: tuple[float, float],
    *,
    color: str,
    marker: str,
    size: float = POINT_SIZE,
    filled: bool = True,
    names: tuple[str | None, str | None] = ("posterior", "interval"),
) -> None:
    """Draw a point with its interval, if it has one; arrows at the ends of the axis beyond which either goes on.

    ``values`` are middle, lower and upper end: infinite where there is no bound, NaN where there is no interval.
    ``names``: the visuals of the point, and of its interval with arrows.
    """
    middle, lower, upper = values
    start, end = ends
    known = not (math.isnan(lower) or math.isnan(upper))
    if known:
        inside = [min(max(value, start), end) for value in (lower, upper)]
        named(axes.plot(inside, [height, height], color=color, lw=0.3 * size, solid_capstyle="butt"), names[1])
    reached = (lower, upper) if known else (middle, middle)
    for beyond, edge, arrow in ((reached[0] < start, start, "<"), (reached[1] > end, end, ">")):
        if beyond:
            named(axes.plot([edge], [height], arrow, color=color, ms=1.1 * size, clip_on=False), names[1])
    if start <= middle <= end:
        face = color if filled else PAPER
        named(axes.plot([middle], [height], marker, color=color, ms=size, markerfacecolor=face), names[0])


SHORTEST, LONGEST = 1.0, 120.0  # months; ends of the axis
TEXT_ROOM = (0.0, 0.0, 0.97, 1.0)
"""Part of a picture that is laid out where text stands at its right end: a viewer's letters may be wider than ours."""
_TICKS = (1, 2, 3, 6, 12, 24, 60, 120)


def draw_interval(axes: Axes, height: float, times: Sequence[float], **look: Any) -> None:
    """A point with its interval on an axis of months, as :func:`draw_clipped` draws it."""
    draw_clipped(axes, height, times, (SHORTEST, LONGEST), **look)


def times_in(row: Mapping[Any, Any]) -> list[float]:
    """Median and interval of the doubling time of effective compute in a study's table, months."""
    return [float(row[f"compute_doubling_months_{part}"]) for part in ("median", "lower", "upper")]


def with_marks(names: Iterable[Any], table: pd.DataFrame) -> list[str]:
    """Names of the rows of a study's table, marked where one has not converged."""
    marks = ("" if good else " (not converged)" for good in table["converged"])
    return [f"{name}{mark}" for name, mark in zip(names, marks, strict=True)]


def set_months_axis(axes: Axes) -> None:
    """Limits, ticks and label; the label names the interval."""
    axes.set(xscale="log", xlim=(SHORTEST, LONGEST))
    axes.set_xlabel(f"doubling time of effective compute (months, log scale; median and {INTERVAL})")
    axes.set_xticks(_TICKS, [str(tick) for tick in _TICKS])
    axes.minorticks_off()


def draw_published(axes: Axes) -> None:
    """The published doubling time and its interval, as a line and a band."""
    point, lower, upper = HO2024_COMPUTE.months, HO2024_COMPUTE.lower, HO2024_COMPUTE.upper
    label = f"{HO2024_COMPUTE.label}: {months(point)}"
    if lower is not None and upper is not None:
        named(axes.axvspan(lower, upper, color=PUBLISHED, alpha=0.12, lw=0), "published")
        label += f" [{months(lower)}, {months(upper)}]"
    named(axes.axvline(point, color=PUBLISHED, lw=1, label=label), "published")


def print_beside(axes: Axes, height: float, places: Sequence[float], *columns: str, color: str = INK) -> None:
    """Figures in print, to the right of the picture; places are shares of its width."""
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    for place, text in zip(places, columns, strict=True):
        named(axes.annotate(text, (place, height), fontsize=7.5, color=color, **beside), "figures")


def plot_intervals(fit: Fit, table: pd.DataFrame, label: str) -> Figure:
    """Draw the median and interval of each row of a table of a fit; arrows mark ends that are not finite."""
    figure, axes = panel(6.5, 1.6 + 0.3 * len(table))
    values = table[["median", "lower", "upper"]].to_numpy(float)
    known = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
    low, high = float(known.min()), float(known.max())
    room = 0.05 * (high - low or abs(low) or 1.0)
    ends = (low - room, high + room)
    for line, row in enumerate(values):
        draw_clipped(axes, line, list(row), ends, color=POSTERIOR, marker="o")
    axes.set(xlim=ends, ylim=(len(table) - 0.5, -0.5), xlabel=f"{label}; median and {INTERVAL}")
    axes.set_yticks(range(len(table)), [shortened(str(name)) for name in table.index], parse_math=False)
    return finished(figure, title_of(fit), fit.diagnostics)
