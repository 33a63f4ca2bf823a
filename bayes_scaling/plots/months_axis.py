"""Intervals of doubling times on one logarithmic axis of months, the same in every forest plot."""

from matplotlib.axes import Axes

from bayes_scaling.plots.clipped import draw_clipped
from bayes_scaling.plots.style import PUBLISHED
from bayes_scaling.plots.visuals import named
from bayes_scaling.published import HO2024_COMPUTE
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.words import months

SHORTEST, LONGEST = 1.0, 120.0
"""Months; where the axis begins and ends."""
TEXT_ROOM = (0.0, 0.0, 0.97, 1.0)
"""Part of a picture that is laid out where text stands at its right end: a viewer's letters may be wider than ours."""
_TICKS = (1, 2, 3, 6, 12, 24, 60, 120)


def draw_interval(
    axes: Axes,
    height: float,
    middle: float,
    lower: float,
    upper: float,
    *,
    color: str,
    marker: str,
    size: float = 4.5,
    filled: bool = True,
    names: tuple[str | None, str | None] = ("posterior", "interval"),
) -> None:
    """A point with its interval, if it has one; arrows where it goes on beyond the axis.

    Parameters
    ----------
    axes
        With an axis of months.
    height
        Of the line.
    middle, lower, upper
        Months; infinite without progress, NaN where there is none to draw.
    color, marker, size, filled
        Of the point.
    names
        Of the visuals that the point and its interval are.
    """
    draw_clipped(
        axes,
        height,
        (middle, lower, upper),
        (SHORTEST, LONGEST),
        color=color,
        marker=marker,
        size=size,
        filled=filled,
        names=names,
    )


def set_months_axis(axes: Axes) -> None:
    """Limits, ticks and label; the label names the interval."""
    axes.set(
        xscale="log",
        xlim=(SHORTEST, LONGEST),
        xlabel=f"doubling time of effective compute (months, log scale; median and {INTERVAL_PROBABILITY:.0%} "
        f"{INTERVAL_KIND} interval)",
    )
    axes.set_xticks(_TICKS, [str(tick) for tick in _TICKS])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)


def draw_published(axes: Axes) -> None:
    """The published doubling time and its interval, as a line and a band."""
    point, lower, upper = HO2024_COMPUTE.months, HO2024_COMPUTE.lower, HO2024_COMPUTE.upper
    label = f"{HO2024_COMPUTE.label}: {months(point)}"
    if lower is not None and upper is not None:
        named(axes.axvspan(lower, upper, color=PUBLISHED, alpha=0.12, lw=0), "published")
        label += f" [{months(lower)}, {months(upper)}]"
    named(axes.axvline(point, color=PUBLISHED, lw=1, label=label), "published")
