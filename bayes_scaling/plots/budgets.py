"""Budgets over which pictures of allocation go."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bayes_scaling.plots.style import PRIOR
from bayes_scaling.plots.visuals import named
from bayes_scaling.quantities.laws import Floats

BEYOND_RUNS = 100.0
"""How far beyond the largest run allocation is drawn, times its compute, unless a larger budget is named."""
EXTRAPOLATED = "beyond the largest run's compute"
_POINTS = 61


def budget_grid(compute: Any, named: Floats) -> Floats:
    """Budgets from the smallest run to a hundred times the largest, or to the budgets that are named.

    The largest run's own is among them, so that what lies beyond it begins there.

    Parameters
    ----------
    compute
        FLOP of each run.
    named
        Budgets to be included, FLOP; empty where none is.

    Examples
    --------
    >>> grid = budget_grid([1e19, 1e21], np.array([]))
    >>> grid.min(), grid.max(), 1e21 in grid
    (np.float64(1e+19), np.float64(1e+23), True)
    """
    low, largest = float(np.min(compute)), float(np.max(compute))
    exact = [low, largest, *(named if named.size else [BEYOND_RUNS * largest])]
    between = np.geomspace(min(exact), max(exact), _POINTS)[1:-1]
    # Strictly inside: logarithms and back may pass an end by a rounding error.
    inside = between[(between > min(exact)) & (between < max(exact))]
    return np.unique([*exact, *inside])


def shade_beyond(axes: Axes, largest: float, end: float) -> None:
    """Shade what lies beyond the largest run's compute, up to the end of the axis."""
    shaded = axes.axvspan(largest, end, color=PRIOR, alpha=0.15, lw=0, zorder=0, label=EXTRAPOLATED)
    named(shaded, "extrapolated")


def mark_budgets(axes: Axes, compute: Any) -> None:
    """A tick at the bottom for each run's compute, FLOP."""
    at_bottom = axes.get_xaxis_transform()
    place = np.zeros(len(compute))
    ticks = axes.plot(compute, place, "|", color=PRIOR, ms=9, alpha=0.5, transform=at_bottom, label="budget of a run")
    named(ticks, "runs")
