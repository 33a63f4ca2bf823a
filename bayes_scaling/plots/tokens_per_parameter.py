"""Tokens per parameter of compute-optimal training, by budget."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.allocation import budget_grid, mark_budgets, shade_beyond
from bayes_scaling.plots.drawing import Drawing, plain_log_ticks
from bayes_scaling.plots.fitted_runs import INTERVAL, fitted_runs, name_of, runs_title
from bayes_scaling.plots.marks import mark_unconverged
from bayes_scaling.plots.style import LAW_COLOURS, LAW_LINES, POSTERIOR, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, look_of, named
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Source
from bayes_scaling.quantities.points import axis_of
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.static_laws import STATIC_LAWS

RULE_OF_THUMB = 20.0
"""Tokens per parameter: near what Hoffmann et al. 2022 (arXiv 2203.15556) chose for Chinchilla, 1.4e12 over 7e10."""
_VISUALS = ("posterior", "interval", "extrapolated", "published", "rule", "runs", "legend", "title")
_INNER = 0.5
"""Probability of the inner band."""


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
    visuals
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``extrapolated``, ``published``, ``rule``, ``runs``, ``legend``, ``title``.
    backend
        ``"matplotlib"``, or None for the same.

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
    look = look_of(visuals, backend, _VISUALS)
    runs = fitted_runs(fit)
    budgets = budget_grid(
        runs["compute"], np.empty(0) if compute is None else np.atleast_1d(axis_of(compute, "compute (FLOP)"))
    )
    ratio = optimal_allocation(fit, budgets)["tokens_per_parameter"]
    outer, inner = (
        credible_intervals(ratio, probability=each, errors=False) for each in (INTERVAL_PROBABILITY, _INNER)
    )
    figure = Drawing(figsize=(8.5, 5.2), layout="constrained", dpi=150)
    axes = figure.subplots()
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
    for number, law in enumerate(laws):
        colour, line = LAW_COLOURS[number % len(LAW_COLOURS)], LAW_LINES[number % len(LAW_LINES)]
        medians = credible_intervals(optimal_allocation(law, budgets)["tokens_per_parameter"])["median"]
        named(axes.plot(budgets, medians, color=colour, ls=line, lw=1.5, label=name_of(law)), "published")
    words = f"rule of {RULE_OF_THUMB:g} tokens per parameter"
    named(axes.axhline(RULE_OF_THUMB, color=REFERENCE, lw=0.9, label=words), "rule")
    mark_budgets(axes, runs["compute"])
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(budgets[0], budgets[-1]),
        xlabel="training compute (FLOP, log scale)",
        ylabel="best tokens per parameter (log scale)",
    )
    plain_log_ticks(axes.yaxis)
    axes.spines[["top", "right"]].set_visible(False)
    add_legend(figure, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    named(figure.suptitle(runs_title(fit), fontsize=11), "title")
    mark_unconverged(figure, fit)
    return look.finish(figure)
