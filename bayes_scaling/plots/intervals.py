"""Intervals of any quantity of a fit, one line each."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.drawing import finished, panel, shortened, title_of
from bayes_scaling.plots.months_axis import draw_clipped
from bayes_scaling.plots.style import POSTERIOR
from bayes_scaling.plots.visuals import Look
from bayes_scaling.quantities.rates import INTERVAL


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
    return finished(figure, Look({}), title_of(fit), fit.diagnostics)
