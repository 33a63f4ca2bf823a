"""Tokens per parameter of compute-optimal training, by budget."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.budgets import EXTRAPOLATED, budget_grid
from bayes_scaling.plots.fitted_runs import INTERVAL, fitted_runs, name_of, runs_title
from bayes_scaling.plots.marks import mark_unconverged
from bayes_scaling.plots.style import LAW_COLOURS, LAW_LINES, POSTERIOR, PRIOR, REFERENCE
from bayes_scaling.plots.ticks import plain_log_ticks
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Source
from bayes_scaling.quantities.points import axis_of
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.static_laws import STATIC_LAWS

RULE_OF_THUMB = 20.0
"""Tokens per parameter: near what Hoffmann et al. 2022 (arXiv 2203.15556) chose for Chinchilla, 1.4e12 over 7e10."""
_INNER = 0.5
"""Probability of the inner band."""


def plot_tokens_per_parameter(fit: Fit, compute: Any = None, *, laws: Sequence[Source] = STATIC_LAWS) -> Figure:
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

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic axes: training compute (FLOP) and tokens per parameter. Posterior median, 50% and 95% equal-tailed
        intervals at each budget; the range beyond the largest run's compute is shaded, and the median dashed there.
        Ticks at the bottom are the runs' budgets. The dotted line is the rule of 20 tokens for each parameter.

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
    budgets = budget_grid(
        runs["compute"], np.empty(0) if compute is None else np.atleast_1d(axis_of(compute, "compute (FLOP)"))
    )
    ratio = optimal_allocation(fit, budgets)["tokens_per_parameter"]
    outer, inner = (credible_intervals(ratio, probability=each) for each in (INTERVAL_PROBABILITY, _INNER))
    figure = Figure(figsize=(8.5, 5.2), layout="constrained", dpi=150)
    axes = figure.subplots()
    axes.fill_between(budgets, outer["lower"], outer["upper"], color=POSTERIOR, alpha=0.18, lw=0, label=INTERVAL)
    axes.fill_between(
        budgets,
        inner["lower"],
        inner["upper"],
        color=POSTERIOR,
        alpha=0.35,
        lw=0,
        label=f"{_INNER:.0%} {INTERVAL_KIND} interval",
    )
    largest = float(runs["compute"].max())
    within, beyond = budgets <= largest, budgets >= largest
    axes.plot(budgets[within], outer["median"][within], color=POSTERIOR, lw=2.2, label="posterior median")
    if beyond.sum() > 1:
        axes.plot(budgets[beyond], outer["median"][beyond], color=POSTERIOR, lw=2.2, ls=(0, (3, 1.5)))
        axes.axvspan(largest, budgets[-1], color=PRIOR, alpha=0.15, lw=0, zorder=0, label=EXTRAPOLATED)
    for number, law in enumerate(laws):
        colour, line = LAW_COLOURS[number % len(LAW_COLOURS)], LAW_LINES[number % len(LAW_LINES)]
        medians = credible_intervals(optimal_allocation(law, budgets)["tokens_per_parameter"])["median"]
        axes.plot(budgets, medians, color=colour, ls=line, lw=1.5, label=name_of(law))
    axes.axhline(
        RULE_OF_THUMB, color=REFERENCE, lw=1.2, ls=":", label=f"rule of {RULE_OF_THUMB:g} tokens per parameter"
    )
    axes.plot(
        runs["compute"],
        np.zeros(len(runs)),
        "|",
        color=PRIOR,
        ms=9,
        alpha=0.5,
        transform=axes.get_xaxis_transform(),
        label="budget of a run",
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(budgets[0], budgets[-1]),
        xlabel="training compute (FLOP, log scale)",
        ylabel="best tokens per parameter (log scale)",
    )
    plain_log_ticks(axes.yaxis)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    figure.suptitle(runs_title(fit), fontsize=11)
    mark_unconverged(figure, fit)
    return figure
