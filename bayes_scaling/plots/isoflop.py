"""IsoFLOP curves: loss by size of the model at fixed budgets, as a posterior has it."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.plots.drawing import finished, panel, plain_log_ticks
from bayes_scaling.plots.fitted_runs import (
    fitted_runs,
    isoflop_budgets,
    loss_band,
    nearest_budget,
    runs_title,
    scientific,
)
from bayes_scaling.plots.style import INK, ORDERED, PRIOR
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, look_of, named, patch
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Floats, Laws, laws_of
from bayes_scaling.quantities.points import axis_of
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.studies.approaches.rows import FOUND_MODELS, LEAST_BUDGETS, WITHIN

_VISUALS = ("posterior", "interval", "runs", "optimum", "legend", "title")
_POINTS = 80  # of a curve
_BEYOND = 1.5  # curves go beyond the runs of their budget and the optimum by this factor


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
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``runs``, ``optimum``, ``legend``, ``title``.

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
        the runs share fewer than three; if visuals or backend is none of the valid ones.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), approach 2 and figure 3.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_isoflop(bs.load_fit("runs/chinchilla")).savefig("isoflop.png")  # doctest: +SKIP
    """
    look = look_of(visuals, backend, _VISUALS)
    runs = fitted_runs(fit)
    chosen = isoflop_budgets(runs) if budgets is None else np.unique(axis_of(budgets, "budgets (FLOP)"))
    if not chosen.size:
        raise BayesScalingError(
            f"fewer than {LEAST_BUDGETS} budgets of compute (within {WITHIN:.0%}) have runs of {FOUND_MODELS} sizes "
            "each; name the budgets to draw, such as budgets=[1e19, 1e20], or draw plot_allocation"
        )
    laws, place = laws_of(fit), nearest_budget(runs["compute"], chosen)
    beyond = chosen > (1 + WITHIN) * runs["compute"].max()
    best = optimal_allocation(laws, chosen)
    sizes, losses = (credible_intervals(best[name], errors=False) for name in ("parameters", "loss"))
    figure, axes = panel(8.5, 5.6)
    colours = mpl.colormaps[ORDERED](np.linspace(0.0, 0.88, len(chosen)))
    for number, (budget, colour) in enumerate(zip(chosen, colours, strict=True)):
        line = "--" if beyond[number] else "-"
        _draw_curve(axes, laws, float(budget), runs[place == number], sizes.iloc[number], colour, line)
    for number, colour in enumerate(colours):
        _draw_optimum(axes, sizes.iloc[number], losses.iloc[number], colour)
    named(axes.plot(sizes["median"], losses["median"], color=INK, lw=1, ls=":", zorder=4), "optimum")
    axes.set(xscale="log", yscale="log", xlabel="parameters (log scale)", ylabel="loss (nats per token, log scale)")
    plain_log_ticks(axes.yaxis)
    _draw_legends(axes, chosen, beyond, place, colours)
    return finished(figure, look, runs_title(fit), fit.diagnostics)


def _draw_curve(
    axes: Axes, laws: Laws, budget: float, runs: pd.DataFrame, best: pd.Series, colour: Any, line: str
) -> None:
    shown = [*runs["parameters"], *(best[end] for end in ("lower", "upper") if np.isfinite(best[end]))]
    if not shown:
        return
    parameters = np.geomspace(min(shown) / _BEYOND, max(shown) * _BEYOND, _POINTS)
    band = loss_band(laws, parameters, budget / training_compute(parameters, 1.0))
    named(axes.fill_between(parameters, band["lower"], band["upper"], color=colour, alpha=0.25, lw=0), "interval")
    named(axes.plot(parameters, band["median"], color=colour, lw=1.4, ls=line), "posterior")
    named(axes.plot(runs["parameters"], runs["loss"], "o", color=colour, ms=3.5, alpha=0.8, mew=0), "runs")


def _draw_optimum(axes: Axes, size: pd.Series, loss: pd.Series, colour: Any) -> None:
    if not np.isfinite(size["median"]):
        return
    xerr, yerr = ([[row["median"] - row["lower"]], [row["upper"] - row["median"]]] for row in (size, loss))
    look: dict[str, Any] = {"ms": 5, "mfc": colour, "mew": 0.8, "elinewidth": 1.4, "capsize": 2.5, "zorder": 5}
    point = axes.errorbar(size["median"], loss["median"], xerr=xerr, yerr=yerr, fmt="D", color=INK, **look)
    named(point, "optimum")


def _draw_legends(axes: Axes, budgets: Floats, beyond: Any, place: Any, colours: Any) -> None:
    lines = []
    for number, (budget, colour) in enumerate(zip(budgets, colours, strict=True)):
        line = "--" if beyond[number] else "-"
        count = "\n(beyond the runs)" if beyond[number] else f" ({(place == number).sum()})"
        label = scientific(budget, 1) + count
        lines.append(entry(None, label, color=colour, ls=line, marker="o", ms=3.5))
    style: dict[str, Any] = {"title_fontsize": 8, "alignment": "left"}
    add_legend(axes, lines, title="training FLOP (runs)", loc="upper left", bbox_to_anchor=(1.0, 1.0), **style)
    elsewhere = int((place < 0).sum())
    near, best = f"run within {WITHIN:.0%}\nof the budget", "optimum, with\nits intervals"
    kinds = [
        entry("posterior", "expected loss, median", color=PRIOR, lw=1.4),
        patch("interval", INTERVAL.replace(" interval", "\ninterval"), PRIOR, 0.4),
        entry("runs", near, color=PRIOR, marker="o", ms=3.5, ls=""),
        entry("optimum", best, color=INK, mfc=PRIOR, marker="D", ms=5, ls=":"),
    ]
    note = f"not drawn: {counted(elsewhere, 'run')}\nat other budgets" if elsewhere else None
    add_legend(axes, kinds, title=note, loc="lower left", bbox_to_anchor=(1.0, 0.0), **style)
