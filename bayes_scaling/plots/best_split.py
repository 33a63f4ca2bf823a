"""How many parameters and tokens a training budget is best spent on."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from xarray import DataArray

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.allocation import budget_grid, mark_budgets, shade_beyond
from bayes_scaling.plots.drawing import Drawing, amount
from bayes_scaling.plots.fitted_runs import INTERVAL, fitted_runs, runs_title, scientific
from bayes_scaling.plots.marks import mark_unconverged
from bayes_scaling.plots.style import INK, PAPER, POSTERIOR
from bayes_scaling.plots.visuals import Visuals, add_legend, look_of, named
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Floats
from bayes_scaling.quantities.points import axis_of

_VISUALS = ("posterior", "interval", "budget", "extrapolated", "runs", "legend", "title")
_KINDS = {"tokens": "training tokens", "parameters": "parameters"}
_ROOM = 6.0
"""The axes of counts and of compute end beyond what is drawn by this factor, so that words have room."""


def plot_best_split(fit: Fit, budget: float, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    r"""Draw the parameters and the training tokens with which a budget of compute gives the lowest loss.

    .. math:: \min_{N, D} L(N, D) \quad \text{such that} \quad 6 N D = C

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    budget
        Training FLOP at which both are given in words.
    visuals
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``budget``, ``extrapolated``, ``runs``, ``legend``, ``title``.
    backend
        ``"matplotlib"``, or None for the same.

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic axes: training compute (FLOP) and counts. Posterior medians with 95% equal-tailed intervals; the
        range beyond the largest run's compute is shaded. Ticks at the bottom are the runs' budgets.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, the budget is not positive, or visuals or backend is
        none of the valid ones.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> plot_best_split(bs.load_fit("runs/chinchilla"), 1e23).savefig("best_split.png")  # doctest: +SKIP
    """
    look = look_of(visuals, backend, _VISUALS)
    runs = fitted_runs(fit)
    marked = np.atleast_1d(axis_of(budget, "budget (FLOP)"))
    grid = budget_grid(runs["compute"], marked)
    found = optimal_allocation(fit, grid)
    figure = Drawing(figsize=(6.5, 5), layout="constrained", dpi=150)
    axes = figure.subplots()
    largest = float(runs["compute"].max())
    end = float(grid[-1]) * _ROOM
    if end > largest:
        shade_beyond(axes, largest, end)
    ends = [
        _draw(axes, grid, found[kind], float(marked[0]), name, first=not place)
        for place, (kind, name) in enumerate(_KINDS.items())
    ]
    named(axes.axvline(float(marked[0]), color=INK, lw=0.8, ls=":"), "budget")
    mark_budgets(axes, runs["compute"])
    low, high = min(each[0] for each in ends), max(each[1] for each in ends)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(grid[0], end),
        ylim=(low / 2, high * _ROOM),
        xlabel="training budget (FLOP, log scale)",
        ylabel="best number (log scale)",
    )
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.spines[["top", "right"]].set_visible(False)
    add_legend(figure, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    named(figure.suptitle(f"{runs_title(fit)}, at {scientific(float(marked[0]))} FLOP", fontsize=11), "title")
    mark_unconverged(figure, fit)
    return look.finish(figure)


def _draw(axes: Axes, grid: Floats, draws: DataArray, budget: float, name: str, *, first: bool) -> tuple[float, float]:
    """Median and interval of one count over budgets, its name, and what it is at the budget; smallest and largest."""
    table = credible_intervals(draws)
    words = INTERVAL if first else ""
    band = axes.fill_between(grid, table["lower"], table["upper"], color=POSTERIOR, alpha=0.22, lw=0, label=words)
    named(band, "interval")
    named(axes.plot(grid, table["median"], color=POSTERIOR, lw=2, label="median" if first else ""), "posterior")
    at = table.iloc[int(np.searchsorted(grid, budget))]
    named(axes.plot(budget, at["median"], "o", color=INK, ms=5, zorder=5), "budget")
    # Above the line and to the left of the budget, where rising lines leave room.
    written = axes.annotate(
        f"{amount(at['median'])}\n{name}",
        (budget, at["median"]),
        (-7, 5),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=9,
        bbox={"facecolor": PAPER, "alpha": 0.7, "edgecolor": "none", "pad": 1},
    )
    named(written, "budget")
    return float(table["lower"].min()), float(table["upper"].max())
