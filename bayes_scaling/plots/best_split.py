"""How many parameters and tokens, and tokens per parameter, a training budget is best spent on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from xarray import DataArray

from bayes_scaling.inference.result import Fit
from bayes_scaling.law.chinchilla import STATIC_LAWS
from bayes_scaling.plots.allocation import budget_grid, mark_budgets, shade_beyond, styled
from bayes_scaling.plots.drawing import amount, finished, panel, plain_log_ticks
from bayes_scaling.plots.fitted_runs import fitted_runs, name_of, runs_title, scientific
from bayes_scaling.plots.style import INK, PAPER, POSTERIOR, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, look_of, named
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Floats, Source
from bayes_scaling.quantities.points import axis_of
from bayes_scaling.quantities.rates import INTERVAL, INTERVAL_KIND, INTERVAL_PROBABILITY

_VISUALS = ("posterior", "interval", "budget", "extrapolated", "runs", "legend", "title")
_KINDS = {"tokens": "training tokens", "parameters": "parameters"}
_ROOM = 6.0  # axes end beyond what is drawn by this factor, so that words have room


def plot_best_split(fit: Fit, budget: float, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    r"""Draw the parameters and the training tokens with which a budget of compute gives the lowest loss.

    .. math:: \min_{N, D} L(N, D) \quad \text{such that} \quad 6 N D = C

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    budget
        Training FLOP at which both are given in words.
    visuals, backend
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``budget``, ``extrapolated``, ``runs``, ``legend``, ``title``.

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
    figure, axes = panel(6.5, 5)
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
    axes.set(xscale="log", yscale="log", xlim=(grid[0], end), ylim=(low / 2, high * _ROOM))
    axes.set(xlabel="training budget (FLOP, log scale)", ylabel="best number (log scale)")
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    add_legend(figure, loc="outside lower center", ncols=2)
    return finished(figure, look, f"{runs_title(fit)}, at {scientific(float(marked[0]))} FLOP", fit.diagnostics)


def _draw(axes: Axes, grid: Floats, draws: DataArray, budget: float, name: str, *, first: bool) -> tuple[float, float]:
    """Median and interval of one count over budgets, its name, and what it is at the budget; smallest and largest."""
    table = credible_intervals(draws, errors=False)
    words = INTERVAL if first else ""
    band = axes.fill_between(grid, table["lower"], table["upper"], color=POSTERIOR, alpha=0.22, lw=0, label=words)
    named(band, "interval")
    named(axes.plot(grid, table["median"], color=POSTERIOR, lw=2, label="median" if first else ""), "posterior")
    at = table.iloc[int(np.searchsorted(grid, budget))]
    named(axes.plot(budget, at["median"], "o", color=INK, ms=5, zorder=5), "budget")
    # Above the line and to the left of the budget, where rising lines leave room.
    box = {"facecolor": PAPER, "alpha": 0.7, "edgecolor": "none", "pad": 1}
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "bottom", "fontsize": 9, "bbox": box}
    words = f"{amount(at['median'])}\n{name}"
    named(axes.annotate(words, (budget, at["median"]), (-7, 5), **look), "budget")
    return float(table["lower"].min()), float(table["upper"].max())


RULE_OF_THUMB = 20.0
"""Tokens per parameter: near what Hoffmann et al. 2022 (arXiv 2203.15556) chose for Chinchilla, 1.4e12 over 7e10."""
_OF_RATIO = ("posterior", "interval", "extrapolated", "published", "rule", "runs", "legend", "title")
_INNER = 0.5  # probability of the inner band


def plot_tokens_per_parameter(
    fit: Fit,
    compute: Any = None,
    *,
    laws: Sequence[Source] = STATIC_LAWS,
    visuals: Visuals | None = None,
    backend: str | None = None,
) -> Figure:
    r"""Draw the tokens per parameter that make the most of compute, by budget.

    .. math:: \frac{D^*}{N^*} = G^{-2} (C/6)^{b - a}

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    compute
        Training FLOP that is drawn besides that of the runs, one number or several. By default up to a hundred times
        the largest run.
    laws
        Published laws beside: constants, or fits, of which the median is drawn.
    visuals, backend
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``extrapolated``, ``published``, ``rule``, ``runs``, ``legend``, ``title``.

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic axes: training compute (FLOP) and tokens per parameter. Posterior median, 50% and 95% equal-tailed
        intervals at each budget; the range beyond the largest run's compute is shaded, and the median dashed there.
        Ticks at the bottom are the runs' budgets. The thin line is the rule of 20 tokens for each parameter.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, compute is not positive, a law is none, or
        visuals or backend is none of the valid ones.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.load_fit("runs/chinchilla")  # doctest: +SKIP
    >>> bs.plot_tokens_per_parameter(fit, 1e25).savefig("tokens_per_parameter.png")  # doctest: +SKIP
    """
    look = look_of(visuals, backend, _OF_RATIO)
    runs = fitted_runs(fit)
    budgets = budget_grid(
        runs["compute"], np.empty(0) if compute is None else np.atleast_1d(axis_of(compute, "compute (FLOP)"))
    )
    ratio = optimal_allocation(fit, budgets)["tokens_per_parameter"]
    outer, inner = (
        credible_intervals(ratio, probability=each, errors=False) for each in (INTERVAL_PROBABILITY, _INNER)
    )
    figure, axes = panel(8.5, 5.2)
    for band, alpha, words in ((outer, 0.18, INTERVAL), (inner, 0.35, f"{_INNER:.0%} {INTERVAL_KIND} interval")):
        filled = axes.fill_between(
            budgets, band["lower"], band["upper"], color=POSTERIOR, alpha=alpha, lw=0, label=words
        )
        named(filled, "interval")
    largest = float(runs["compute"].max())
    within, beyond = budgets <= largest, budgets >= largest
    median = axes.plot(budgets[within], outer["median"][within], color=POSTERIOR, lw=2.2, label="posterior median")
    named(median, "posterior")
    if beyond.sum() > 1:
        dashed = axes.plot(budgets[beyond], outer["median"][beyond], color=POSTERIOR, lw=2.2, ls=(0, (3, 1.5)))
        named(dashed, "posterior")
        shade_beyond(axes, largest, budgets[-1])
    for law, colour, line in styled(laws):
        ratio = optimal_allocation(law, budgets)["tokens_per_parameter"]
        medians = credible_intervals(ratio, errors=False)["median"]
        named(axes.plot(budgets, medians, color=colour, ls=line, lw=1.5, label=name_of(law)), "published")
    words = f"rule of {RULE_OF_THUMB:g} tokens per parameter"
    named(axes.axhline(RULE_OF_THUMB, color=REFERENCE, lw=0.9, label=words), "rule")
    mark_budgets(axes, runs["compute"])
    axes.set(xscale="log", yscale="log", xlim=(budgets[0], budgets[-1]))
    axes.set(xlabel="training compute (FLOP, log scale)", ylabel="best tokens per parameter (log scale)")
    plain_log_ticks(axes.yaxis)
    add_legend(figure, loc="outside lower center", ncols=3)
    return finished(figure, look, runs_title(fit), fit.diagnostics)
