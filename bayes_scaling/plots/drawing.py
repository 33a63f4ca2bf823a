"""What pictures share: a figure that notebooks show, its title and mark, ticks, densities, intervals, months."""

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import arviz as az
import matplotlib.patheffects as pe
import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from bayes_scaling.common.arrays import Floats
from bayes_scaling.common.formatting import NOT_CONVERGED, counted, months
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.units import noun_of
from bayes_scaling.law.published import HO2024_COMPUTE
from bayes_scaling.plots.style import INK, PAPER, POSTERIOR, PUBLISHED, WARNING
from bayes_scaling.plots.visuals import named
from bayes_scaling.quantities.laws import setting_of
from bayes_scaling.quantities.rates import INTERVAL

_PIXELS_PER_INCH = 72  # on the screen: 11 inches are as wide as a notebook's column
EDGE: list[pe.AbstractPathEffect] = [pe.withStroke(linewidth=2.5, foreground=PAPER)]
"""Around text that lies on lines, so that it can be read there."""


class Drawing(Figure):
    """A figure made without pyplot that notebooks show: IPython shows figures by itself only once pyplot is loaded."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"layout": "constrained", "dpi": 150, **keywords})

    def add_subplot(self, *args: Any, **keywords: Any) -> Any:
        """Axes without a frame at the top and on the right."""
        axes = super().add_subplot(*args, **keywords)
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        file = io.BytesIO()
        self.savefig(file, format="png")
        width, height = (round(inches * _PIXELS_PER_INCH) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}


def panel(width: float, height: float) -> tuple[Figure, Axes]:
    """A drawing of these inches with one pair of axes."""
    figure = Drawing(figsize=(width, height))
    return figure, figure.subplots()


def titled(figure: Figure, title: str) -> Figure:
    """Add the title."""
    named(figure.suptitle(title, fontsize=11, parse_math=False), "title")  # it names files and columns of users
    return figure


def finished(figure: Figure, title: str, found: Any) -> Figure:
    """Add the title, and mark the picture where what was found has not converged."""
    titled(figure, title)
    if not found.converged:
        big: dict[str, Any] = {"color": WARNING, "fontsize": 44, "alpha": 0.5, "rotation": 20}
        figure.text(0.5, 0.5, NOT_CONVERGED, ha="center", va="center", **big)
    return figure


def title_of(fit: Fit) -> str:
    """Specification, table and rows of a fit, for a picture's title."""
    setting = setting_of(fit)
    return on_table(fit.specification.name, fit.evaluations) + (f", {setting}" if setting else "")


def on_table(what: str, about: EvaluationsSummary) -> str:
    """What was done on which table, and how many rows that has."""
    return f"{what} on {about.name} ({counted(about.rows, noun_of('evaluation', about.kind))})"


def draw_band(axes: Axes, x: Any, table: Any, *, name: str = "interval", **look: Any) -> None:
    """Fill between the columns ``lower`` and ``upper`` of a table."""
    named(axes.fill_between(x, table["lower"], table["upper"], lw=0, **look), name)


def bracketed(values: Iterable[float], write: Callable[[float], str] = months) -> str:
    """A point with its interval in print."""
    return "{} [{}, {}]".format(*map(write, values))


_LINEAR = 10.0


def wide(axis: Any, values: pd.Series | pd.DataFrame, ticks: Sequence[float]) -> None:
    """Make an axis logarithmic beyond 10 either way, where any value lies there."""
    if np.abs(values.to_numpy()).max() <= _LINEAR:
        return
    getattr(axis.axes, f"set_{axis.axis_name}scale")("symlog", linthresh=_LINEAR)
    low, high = axis.get_view_interval()
    axis.set_major_locator(ticker.FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.ScalarFormatter())


_FEWEST = 3


def plain_log_ticks(axis: Axis, *, write: Callable[[float], str] | None = None, most: int = 7) -> None:
    """Plain numbers at 1, 2 and 5 times powers of ten, or at ``most`` round steps if few; limits have to be final."""
    low, high = axis.get_view_interval()
    ticks = [tick for tick in ticker.LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high) if low <= tick <= high]
    if len(ticks) < _FEWEST:
        ticks = [tick for tick in ticker.MaxNLocator(most).tick_values(low, high) if low <= tick <= high]
    axis.set_major_locator(ticker.FixedLocator(ticks))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: write(value)) if write else ticker.ScalarFormatter())
    axis.set_minor_formatter(ticker.NullFormatter())


_SAME = 1e-9  # relative difference below which draws are one number


def density_of(draws: Floats) -> tuple[Floats, Floats] | None:
    """Points and the kernel density of finite draws there; None where all draws are the same but for rounding."""
    if np.ptp(draws) <= _SAME * np.abs(draws).max():
        return None
    points, density, _ = az.kde(draws, circular=False, bw="scott")
    return np.asarray(points), np.asarray(density)


_LONGEST = 40


def shortened(label: str) -> str:
    """A label that a picture has room for."""
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."


POINT_SIZE = 4.5  # points


def draw_clipped(
    axes: Axes,
    height: float,
    values: Sequence[float],  # middle and ends: infinite where there is no bound, NaN where there is no interval
    ends: tuple[float, float],
    *,
    color: str,
    marker: str,
    size: float = POINT_SIZE,
    filled: bool = True,
    style: str = "-",  # of the line of the interval
    names: tuple[str | None, str | None] = ("posterior", "interval"),  # visuals of the point, and of the rest
) -> None:
    """Draw a point with its interval, if it has one; arrows at the ends of the axis beyond which either goes on."""
    middle, lower, upper = values
    start, end = ends
    known = not (math.isnan(lower) or math.isnan(upper))
    if known:
        inside = [min(max(value, start), end) for value in (lower, upper)]
        look: dict[str, Any] = {"color": color, "lw": 0.3 * size, "ls": style, "solid_capstyle": "butt"}
        named(axes.plot(inside, [height, height], **look), names[1])
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


def draw_times(axes: Axes, height: float, row: Mapping[Any, Any], **look: Any) -> None:
    """Row of a study's table, as :func:`draw_interval`; a red cross, which is no visual, where it has not converged."""
    look = {"color": POSTERIOR, "marker": "o"} | look
    if not row["converged"]:
        look |= {"color": WARNING, "marker": "x", "names": (None, None)}
    draw_interval(axes, height, times_in(row), **look)


def with_marks(names: Iterable[Any], table: pd.DataFrame) -> list[str]:
    """Names of the rows of a study's table, marked where one has not converged."""
    marks = ("" if good else " (not converged)" for good in table["converged"])
    return [f"{name}{mark}" for name, mark in zip(names, marks, strict=True)]


OF_COMPUTE = f"doubling time of effective compute (months, log scale; median and {INTERVAL})"


def set_months_axis(axes: Axes, label: str = OF_COMPUTE) -> None:
    """Limits, ticks and label, which names unit and interval."""
    axes.set(xscale="log", xlim=(SHORTEST, LONGEST), xlabel=label)
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
