"""What a training budget is best spent on: IsoFLOP curves, the best split, and tokens per parameter."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bayes_scaling.common.arrays import Floats
from bayes_scaling.common.formatting import amount, counted
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.chinchilla import STATIC_LAWS
from bayes_scaling.law.formula import training_compute
from bayes_scaling.plots.allocation import budget_grid, mark_budgets, shade_beyond, styled
from bayes_scaling.plots.drawing import draw_band, finished, panel, plain_log_ticks
from bayes_scaling.plots.runs import (
    best_split,
    loss_band,
    name_of,
    nearest_budget,
    runs_title,
    scientific,
)
from bayes_scaling.plots.style import INK, ORDERED, PAPER, POSTERIOR, PRIOR, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, patch, takes_visuals
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.arguments import axis_of, budgets_of
from bayes_scaling.quantities.domain import WITHIN
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Laws, Source, laws_of
from bayes_scaling.quantities.rates import INTERVAL, INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.studies.approaches.rows import FOUND_MODELS, LEAST_BUDGETS, fitted_runs, isoflop_budgets

_POINTS = 80  # of a curve
_BEYOND = 1.5  # curves go beyond the runs of their budget and the optimum by this factor


@takes_visuals("posterior", "interval", "runs", "optimum", "legend", "title")
def plot_isoflop(
    fit: Fit, *, budgets: Any = None, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    r"""Draw loss against parameters at fixed budgets of compute.

    .. math:: L(N) = E + \frac{A}{N^\alpha} + \frac{B}{(C / 6N)^\beta}

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    budgets
        Training FLOP, one or several. By default those that the runs share, at most ten: at least three, each with six
        different sizes within 10% of compute, as for :func:`bayes_scaling.isoflop_profiles`.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One curve a budget: posterior median and 95% equal-tailed interval of the expected loss (nats per token, no
        noise). Points are runs whose compute is within 10% of the budget; other runs are not drawn, and the picture
        says how many. Curves beyond the largest run's compute are dashed. The optimum has the interval of its
        parameters and of its loss.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone; if a budget is not positive; if none is given and
        the runs share fewer than three.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), approach 2 and figure 3.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_isoflop(bs.load_fit("runs/chinchilla")).savefig("isoflop.png")  # doctest: +SKIP
    """
    runs = fitted_runs(fit)
    chosen = isoflop_budgets(runs) if budgets is None else np.unique(axis_of(budgets, "budgets (FLOP)"))
    if not chosen.size:
        raise BayesScalingError(
            f"fewer than {LEAST_BUDGETS} budgets of compute (within {WITHIN:.0%}) have runs of {FOUND_MODELS} sizes "
            "each; name the budgets to draw, such as budgets=[1e19, 1e20], or draw plot_allocation"
        )
    laws, place = laws_of(fit), nearest_budget(runs["compute"], chosen)
    beyond = chosen > (1 + WITHIN) * runs["compute"].max()
    sizes, losses = best_split(laws, chosen, "parameters", "loss")
    figure, axes = panel(8.5, 5.6)
    colours = mpl.colormaps[ORDERED](np.linspace(0.0, 0.88, len(chosen)))
    for number, (budget, colour) in enumerate(zip(chosen, colours, strict=True)):
        line = "--" if beyond[number] else "-"
        _draw_curve(axes, laws, float(budget), runs[place == number], sizes.iloc[number], colour, line)
    for (_, size), (_, loss), colour in zip(sizes.iterrows(), losses.iterrows(), colours, strict=True):
        if np.isfinite(size["median"]):
            ends = [[[row["median"] - row["lower"]], [row["upper"] - row["median"]]] for row in (size, loss)]
            style: dict[str, Any] = {"ms": 5, "mfc": colour, "mew": 0.8, "elinewidth": 1.4, "capsize": 2.5, "zorder": 5}
            point = axes.errorbar(size["median"], loss["median"], ends[1], ends[0], fmt="D", color=INK, **style)
            named(point, "optimum")
    named(axes.plot(sizes["median"], losses["median"], color=INK, lw=1, ls=":", zorder=4), "optimum")
    axes.set(xscale="log", yscale="log", xlabel="parameters (log scale)", ylabel="loss (nats per token, log scale)")
    plain_log_ticks(axes.yaxis)
    _draw_legends(axes, chosen, beyond, place, colours)
    return finished(figure, runs_title(fit), fit.diagnostics)


def _draw_curve(
    axes: Axes, laws: Laws, budget: float, runs: pd.DataFrame, best: pd.Series, colour: Any, line: str
) -> None:
    shown = [*runs["parameters"], *(best[end] for end in ("lower", "upper") if np.isfinite(best[end]))]
    if not shown:
        return
    parameters = np.geomspace(min(shown) / _BEYOND, max(shown) * _BEYOND, _POINTS)
    band = loss_band(laws, parameters, budget / training_compute(parameters, 1.0))
    draw_band(axes, parameters, band, color=colour, alpha=0.25)
    named(axes.plot(parameters, band["median"], color=colour, lw=1.4, ls=line), "posterior")
    named(axes.plot(runs["parameters"], runs["loss"], "o", color=colour, ms=3.5, alpha=0.8, mew=0), "runs")


def _draw_legends(axes: Axes, budgets: Floats, beyond: Any, place: Any, colours: Any) -> None:
    lines = []
    for number, (budget, colour, far) in enumerate(zip(budgets, colours, beyond, strict=True)):
        count = "\n(beyond the runs)" if far else f" ({(place == number).sum()})"
        look: dict[str, Any] = {"color": colour, "ls": "--" if far else "-", "marker": "o", "ms": 3.5}
        lines.append(entry(None, scientific(budget, 1) + count, **look))
    style: dict[str, Any] = {"title_fontsize": 8, "alignment": "left"}
    add_legend(axes, lines, title="training FLOP (runs)", loc="upper left", bbox_to_anchor=(1.0, 1.0), **style)
    elsewhere = int((place < 0).sum())
    kinds = [
        entry("posterior", "expected loss, median", color=PRIOR, lw=1.4),
        patch("interval", INTERVAL.replace(" interval", "\ninterval"), PRIOR, 0.4),
        entry("runs", f"run within {WITHIN:.0%}\nof the budget", color=PRIOR, marker="o", ms=3.5, ls=""),
        entry("optimum", "optimum, with\nits intervals", color=INK, mfc=PRIOR, marker="D", ms=5, ls=":"),
    ]
    note = f"not drawn: {counted(elsewhere, 'run')}\nat other budgets" if elsewhere else None
    add_legend(axes, kinds, title=note, loc="lower left", bbox_to_anchor=(1.0, 0.0), **style)


_KINDS = {"tokens": "training tokens", "parameters": "parameters"}
_ROOM = 6.0  # axes end beyond what is drawn by this factor, so that words have room


@takes_visuals("posterior", "interval", "budget", "extrapolated", "runs", "legend", "title")
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

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic axes: training compute (FLOP) and counts. Posterior medians with 95% equal-tailed intervals; the
        range beyond the largest run's compute is shaded. Ticks at the bottom are the runs' budgets.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, or the budget is not positive.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> plot_best_split(bs.load_fit("runs/chinchilla"), 1e23).savefig("best_split.png")  # doctest: +SKIP
    """
    runs = fitted_runs(fit)
    marked = np.atleast_1d(axis_of(budget, "budget (FLOP)"))
    grid = budget_grid(runs["compute"], marked)
    figure, axes = panel(6.5, 5)
    largest = float(runs["compute"].max())
    end = float(grid[-1]) * _ROOM
    if end > largest:
        shade_beyond(axes, largest, end)
    tables = dict(zip(_KINDS.values(), best_split(fit, grid, *_KINDS), strict=True))
    for name, table in tables.items():
        _draw_one(axes, grid, table, float(marked[0]), name, first=name == _KINDS["tokens"])
    named(axes.axvline(float(marked[0]), color=INK, lw=0.8, ls=":"), "budget")
    mark_budgets(axes, runs["compute"])
    low = min(table["lower"].min() for table in tables.values())
    high = max(table["upper"].max() for table in tables.values())
    axes.set(xscale="log", yscale="log", xlim=(grid[0], end), ylim=(low / 2, high * _ROOM))
    axes.set(xlabel="training budget (FLOP, log scale)", ylabel="best number (log scale)")
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    add_legend(figure, loc="outside lower center", ncols=2)
    return finished(figure, f"{runs_title(fit)}, at {scientific(float(marked[0]))} FLOP", fit.diagnostics)


def _draw_one(axes: Axes, grid: Floats, table: pd.DataFrame, budget: float, name: str, *, first: bool) -> None:
    """Median and interval of one count over budgets, its name, and what it is at the budget."""
    draw_band(axes, grid, table, color=POSTERIOR, alpha=0.22, label=INTERVAL if first else "")
    named(axes.plot(grid, table["median"], color=POSTERIOR, lw=2, label="median" if first else ""), "posterior")
    at = table.iloc[int(np.searchsorted(grid, budget))]
    named(axes.plot(budget, at["median"], "o", color=INK, ms=5, zorder=5), "budget")
    # Above the line and to the left of the budget, where rising lines leave room.
    box = {"facecolor": PAPER, "alpha": 0.7, "edgecolor": "none", "pad": 1}
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "bottom", "fontsize": 9, "bbox": box}
    words = f"{amount(at['median'])}\n{name}"
    named(axes.annotate(words, (budget, at["median"]), (-7, 5), **look), "budget")


RULE_OF_THUMB = 20.0
"""Tokens per parameter: near what Hoffmann et al. 2022 (arXiv 2203.15556) chose for Chinchilla, 1.4e12 over 7e10."""
_INNER = 0.5  # probability of the inner band


@takes_visuals("posterior", "interval", "extrapolated", "published", "rule", "runs", "legend", "title")
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

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic axes: training compute (FLOP) and tokens per parameter. Posterior median, 50% and 95% equal-tailed
        intervals at each budget; the range beyond the largest run's compute is shaded, and the median dashed there.
        Ticks at the bottom are the runs' budgets. The thin line is the rule of 20 tokens for each parameter.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, compute is not positive, or a law is none.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.load_fit("runs/chinchilla")  # doctest: +SKIP
    >>> bs.plot_tokens_per_parameter(fit, 1e25).savefig("tokens_per_parameter.png")  # doctest: +SKIP
    """
    runs = fitted_runs(fit)
    further = np.empty(0) if compute is None else np.atleast_1d(budgets_of(compute))
    budgets = budget_grid(runs["compute"], further)
    ratio = optimal_allocation(fit, budgets)["tokens_per_parameter"]
    outer, inner = (credible_intervals(ratio, probability=p, errors=False) for p in (INTERVAL_PROBABILITY, _INNER))
    figure, axes = panel(8.5, 5.2)
    for band, alpha, words in ((outer, 0.18, INTERVAL), (inner, 0.35, f"{_INNER:.0%} {INTERVAL_KIND} interval")):
        draw_band(axes, budgets, band, color=POSTERIOR, alpha=alpha, label=words)
    largest = float(runs["compute"].max())
    within, beyond = budgets <= largest, budgets >= largest
    look: dict[str, Any] = {"color": POSTERIOR, "lw": 2.2}
    named(axes.plot(budgets[within], outer["median"][within], label="posterior median", **look), "posterior")
    if beyond.sum() > 1:
        named(axes.plot(budgets[beyond], outer["median"][beyond], ls=(0, (3, 1.5)), **look), "posterior")
        shade_beyond(axes, largest, budgets[-1])
    for law, colour, line in styled(laws):
        (ratios,) = best_split(law, budgets, "tokens_per_parameter")
        named(axes.plot(budgets, ratios["median"], color=colour, ls=line, lw=1.5, label=name_of(law)), "published")
    words = f"rule of {RULE_OF_THUMB:g} tokens per parameter"
    named(axes.axhline(RULE_OF_THUMB, color=REFERENCE, lw=0.9, label=words), "rule")
    mark_budgets(axes, runs["compute"])
    axes.set(xscale="log", yscale="log", xlim=(budgets[0], budgets[-1]))
    axes.set(xlabel="training compute (FLOP, log scale)", ylabel="best tokens per parameter (log scale)")
    plain_log_ticks(axes.yaxis)
    add_legend(figure, loc="outside lower center", ncols=3)
    return finished(figure, runs_title(fit), fit.diagnostics)
