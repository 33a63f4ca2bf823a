"""A point with its interval on an axis that ends: what goes on beyond it is marked by an arrow."""

import math

from matplotlib.axes import Axes

from bayes_scaling.plots.style import PAPER
from bayes_scaling.plots.visuals import named

POINT_SIZE = 4.5
"""Of a point, in points."""


def draw_clipped(
    axes: Axes,
    height: float,
    values: tuple[float, float, float],
    ends: tuple[float, float],
    *,
    color: str,
    marker: str,
    size: float = POINT_SIZE,
    filled: bool = True,
    names: tuple[str | None, str | None] = ("posterior", "interval"),
) -> None:
    """Draw a point with its interval, if it has one; arrows at the ends of the axis beyond which either goes on.

    Parameters
    ----------
    axes
        Horizontal, with values.
    height
        Of the line.
    values
        Middle, lower and upper end, in the axis' unit; infinite where there is no bound, an end NaN where there is no
        interval to draw.
    ends
        Where the axis begins and ends.
    color, marker, size, filled
        Of the point.
    names
        Of the visuals that the point, and its interval with arrows, are.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_clipped(axes, 0, (0.4, 0.1, 1.7), (0, 1), color="black", marker="o")
    >>> [line.get_xdata().tolist() for line in axes.lines]
    [[0.1, 1.0], [1], [0.4]]
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
