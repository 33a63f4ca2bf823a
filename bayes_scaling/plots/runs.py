"""The training runs of a fit, its budgets and expected losses, and how the runs scatter around the law."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import blocks, draws_of, expected_losses, on_scale, scales
from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.drawing import Drawing, finished, plain_log_ticks, title_of, wide
from bayes_scaling.plots.style import INK, POSTERIOR, PRIOR, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, named, takes_visuals
from bayes_scaling.quantities.allocation import YEAR, optimal_allocation
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.domain import WITHIN
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Laws, Source, laws_of
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.studies.approaches.rows import fitted_runs


def nearest_budget(compute: Any, budgets: Floats) -> NDArray[np.int64]:
    """Position of each run's budget, -1 for a run that is at none of them."""
    apart = np.abs(np.subtract.outer(np.log(np.asarray(compute, dtype=float)), np.log(budgets)))
    nearest = apart.argmin(axis=1)
    return np.where(apart.min(axis=1) <= np.log1p(WITHIN), nearest, -1)


def loss_band(laws: Laws, parameters: Floats, tokens: Floats) -> pd.DataFrame:
    """Expected loss at points, nats per token: columns ``median``, ``lower``, ``upper``."""
    parts = []
    for some in blocks(len(parameters), laws.shape[0] * laws.shape[1]):
        draws, points = laws.loss(parameters[some], tokens[some], YEAR), range(some.start, some.stop)
        losses = laws.drawn(draws, "loss", "nats per token", point=points)
        parts.append(credible_intervals(losses, errors=False))
    return pd.concat(parts)


def best_split(source: Source, budgets: Any, *names: str) -> Iterator[pd.DataFrame]:
    """Medians and intervals of quantities of the best split of budgets (FLOP), a table each."""
    found = optimal_allocation(source, budgets)
    return (credible_intervals(found[name], errors=False) for name in names)


def runs_title(fit: Fit) -> str:
    """Title of a picture of a fit to runs; names exponents about which the runs say next to nothing."""
    unknown = unidentified(fit)
    return title_of(fit) + (f"; not identified by these runs: {', '.join(unknown)}" if unknown else "")


def name_of(source: Any) -> str:
    """Name of a law, for legends."""
    return laws_of(source).specification.name


def scientific(value: float, digits: int = 2) -> str:
    """A large number for labels, in TeX."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    front = "" if float(mantissa) == 1 else rf"{float(mantissa):g} \times "
    return f"${front}10^{{{int(exponent)}}}$"


LABELLED = 5  # worst runs that are named
_HELD = 0.95  # share of the noise within the grey band
_LINEAR = 10.0
"""Units of sigma within which an axis of residuals is linear; where some lie beyond, it is logarithmic there."""
_TICKS = (-1000, -100, -30, -10, -5, 0, 5, 10, 30, 100, 1000)


def standardised_residuals(fit: Fit) -> pd.DataFrame:
    r"""Residuals of the runs of a static law's fit in units of its noise scale, averaged over the posterior.

    .. math:: r_i = \mathrm{E}\left[\frac{\ln y_i - \ln L(N_i, D_i)}{\sigma_i}\right]

    with losses in place of their logarithms where the noise is on the loss. Columns, by row id: those of
    :func:`fitted_runs`, ``expected`` (posterior median; nats per token), ``residual`` (units of sigma). Refuses runs of
    a series that share an effect: their residuals are not independent, and no one scale standardises them.
    """
    runs = fitted_runs(replace(fit, setting={}) if isinstance(fit, Fit) else fit)
    noise = fit.specification.noise
    if noise.cluster != "none":
        raise BayesScalingError(
            f"runs of a series share an effect in '{fit.specification.name}' ([noise] cluster = '{noise.cluster}'), so "
            "their residuals are not independent; fit a specification with cluster = 'none' to draw them"
        )
    specification, rows = fit.specification, rows_of(fit.data, fit.specification)
    values = draws_of(specification, fit.data)
    median, scaled = np.empty((2, len(runs)))
    for some in blocks(len(runs), len(next(iter(values.values())))):
        part = rows.take(np.arange(some.start, min(some.stop, len(runs))))
        expected = expected_losses(specification, part, values)
        residual, _ = on_scale(specification, part, part.response - expected)
        median[some] = np.median(expected, axis=0)
        scaled[some] = (residual / scales(specification, part, values)).mean(axis=0)
    return runs.assign(expected=median, residual=scaled)


@takes_visuals("runs", "worst", "band", "reference", "legend", "title")
def plot_residuals(fit: Fit, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw residuals of training runs against size, data and expected loss, and their quantiles against the noise.

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Posterior mean of each run's residual in units of the noise scale sigma (of the log loss, or of the loss where
        the noise is on it). First three panels: against parameters, tokens and the expected loss (nats per token,
        posterior median); the grey band holds 95% of the noise at its posterior median. Last: ordered residuals
        against quantiles of that noise family; runs on the line scatter as the family says. The five largest
        are numbered, and named in the last panel.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, or its noise has an effect of series.

    Notes
    -----
    The vertical axis is linear between -10 and 10 and logarithmic beyond where a residual lies outside.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_residuals(bs.load_fit("runs/chinchilla")).savefig("residuals.png")  # doctest: +SKIP
    """
    table = standardised_residuals(fit)
    family, words = _family(fit)
    worst = table["residual"].abs().nlargest(LABELLED).index
    figure = Drawing(figsize=(9, 6.6))
    panels = figure.subplots(2, 2, sharey=True).ravel()
    places = family.ppf((np.arange(len(table)) + 0.5) / len(table))
    quantiles = pd.Series(places, index=table["residual"].sort_values().index)
    horizontal = {
        "parameters (log scale)": table["parameters"],
        "training tokens (log scale)": table["tokens"],
        "expected loss (nats per token, log scale)": table["expected"],
        f"quantiles of {words}": quantiles.reindex(table.index),
    }
    for axes, (label, values) in zip(panels, horizontal.items(), strict=True):
        _draw_points(axes, values, table["residual"], worst)
        axes.set_xlabel(label)
    for axes in panels[:3]:
        axes.set_xscale("log")
        low, high = family.interval(_HELD)
        words = f"{_HELD:.0%} of the noise"
        named(axes.axhspan(low, high, color=PRIOR, alpha=0.2, lw=0, zorder=0, label=words), "band")
    add_legend(panels[0], loc="upper left")
    plain_log_ticks(panels[2].xaxis)
    ends = [quantiles.min(), quantiles.max()]
    named(panels[3].plot(ends, ends, color=INK, lw=1, ls="--", zorder=1, label="as the family says"), "reference")
    add_legend(panels[3], loc="upper left")
    for axis in (panels[0].yaxis, panels[3].xaxis):
        wide(axis, table["residual"], _TICKS)
    for axes in panels[::2]:
        axes.set_ylabel(f"residual of {'log loss' if fit.specification.noise.on_log else 'loss'} (in σ)")
    named_worst = (f"{rank}  {run}: {table['residual'][run]:+.3g} σ" for rank, run in enumerate(worst, start=1))
    style: dict[str, Any] = {"transform": panels[3].transAxes, "color": WARNING, "ha": "right", "va": "bottom"}
    words = "\n".join(["largest residuals", *named_worst])
    named(panels[3].text(0.98, 0.04, words, fontsize=8, **style), "worst")
    return finished(figure, f"{runs_title(fit)}: posterior mean residuals", fit.diagnostics)


def _family(fit: Fit) -> tuple[Any, str]:
    """The noise in units of its scale, as a SciPy distribution and in words."""
    family, draws = fit.specification.noise.kind, draws_of(fit.specification, fit.data)
    values = {name: float(np.median(draws[name])) for name in family.extra}
    meanings = {name: PARAMETERS[name].meaning.removesuffix(f" of {family.words}") for name in values}
    said = "".join(f", {value:.2g} {meanings[name]}" for name, value in values.items())
    return family.standard(values), f"{family.words}{said}"


def _draw_points(axes: Axes, values: pd.Series, residual: pd.Series, worst: pd.Index) -> None:
    named(axes.axhline(0, color=PRIOR, lw=0.8, zorder=0.5), "reference")
    others = residual.index.difference(worst)
    named(axes.plot(values[others], residual[others], "o", color=POSTERIOR, ms=3, alpha=0.6, mew=0), "runs")
    named(axes.plot(values[worst], residual[worst], "o", color=WARNING, ms=4, mew=0), "worst")
    for rank, run in enumerate(worst, start=1):
        place = (float(values[run]), float(residual[run]))
        # To either side in turn: the worst runs are often neighbours.
        away, sides = ((3, 2), ("left", "bottom")) if rank % 2 else ((-3, -2), ("right", "top"))
        number = axes.annotate(
            str(rank), place, away, textcoords="offset points", fontsize=7.5, color=WARNING, ha=sides[0], va=sides[1]
        )
        named(number, "worst")
