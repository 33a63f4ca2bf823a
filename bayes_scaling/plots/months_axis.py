"""Intervals of doubling times on one logarithmic axis of months, the same in every forest plot."""

import math

from matplotlib.axes import Axes

from bayes_scaling.plots.style import PUBLISHED
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
    """
    if not (math.isnan(lower) or math.isnan(upper)):
        start, end = (min(max(value, SHORTEST), LONGEST) for value in (lower, upper))
        axes.plot([start, end], [height, height], color=color, lw=0.3 * size, solid_capstyle="butt")
        for beyond, edge, arrow in ((lower < SHORTEST, SHORTEST, "<"), (upper > LONGEST, LONGEST, ">")):
            if beyond:
                axes.plot(edge, height, arrow, color=color, ms=1.1 * size, clip_on=False)
    if SHORTEST <= middle <= LONGEST:
        face = color if filled else "white"
        axes.plot(middle, height, marker, color=color, ms=size, markerfacecolor=face)


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
        axes.axvspan(lower, upper, color=PUBLISHED, alpha=0.12, lw=0)
        label += f" [{months(lower)}, {months(upper)}]"
    axes.axvline(point, color=PUBLISHED, lw=1, label=label)
