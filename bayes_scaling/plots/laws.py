"""A posterior of a static law beside published laws, coefficient by coefficient."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.chinchilla import STATIC_LAWS
from bayes_scaling.plots.drawing import Drawing, bracketed, density_of, finished, plain_log_ticks
from bayes_scaling.plots.runs import name_of, runs_title, scientific
from bayes_scaling.plots.style import INK, LAW_COLOURS, LAW_MARKERS, POSTERIOR, PRIOR, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, patch, takes_visuals
from bayes_scaling.quantities.allocation import YEAR, allocation_exponents, optimal_allocation, split_laws
from bayes_scaling.quantities.arguments import budgets_of
from bayes_scaling.quantities.coefficients import EXPONENTS, unidentified
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Source
from bayes_scaling.quantities.optimal_split import summed_terms
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.studies.approaches.rows import fitted_runs

COMPUTE = 1e24  # FLOP; the default budget of the best split
_LABELS = {
    "E": "E, irreducible loss\n(nats per token)",
    "alpha": "alpha, exponent of parameters\n(no unit)",
    "beta": "beta, exponent of tokens\n(no unit)",
    "a": "a, exponent of best parameters\nin compute (no unit)",
    "parameters": "best parameters at {} FLOP\n(log scale)",
    "tokens_per_parameter": "best tokens per parameter\nat {} FLOP (log scale)",
}
_ON_LOG = ("parameters", "tokens_per_parameter")
_ALLOCATION = ("a", *_ON_LOG)  # unknown wherever an exponent is
_SHOWN = (0.001, 0.999)  # quantiles of the posterior that a panel shows at least
_TOP, _ROW = 1.12, 0.17  # height above 0, of a density whose maximum is 1, and of a law's line below it


@takes_visuals("posterior", "interval", "prior", "published", "reference", "legend", "title")
def plot_laws(
    fit: Fit,
    laws: Sequence[Source] = STATIC_LAWS,
    *,
    compute: float = COMPUTE,
    visuals: Visuals | None = None,
    backend: str | None = None,
) -> Figure:
    r"""Draw a posterior beside published laws: coefficients, exponents, and the best split of a budget.

    .. math:: L = E + A / N^\alpha + B / D^\beta, \qquad a = \frac{\beta}{\alpha + \beta}

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    laws
        Published laws: constants, drawn as points, or fits, drawn as medians with their 95% equal-tailed interval. Of
        Kaplan's joint law alpha and beta are the exponents where the other factor is not scarce.
    compute
        Training FLOP of the best split.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each of E, alpha, beta, a, best parameters and best tokens per parameter: the posterior's density
        (no unit; its maximum is 1, per unit of log size where the axis is logarithmic), median and 95% equal-tailed
        interval, also in print, or a line where all draws are the same; the prior of alpha and beta, dashed; and below
        each law's value. E is left out where the law has none. What the runs do not identify is said to be so.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, a law is none, or compute is not one positive number.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_laws(bs.load_fit("runs/chinchilla"), compute=5.76e23).savefig("laws.png")  # doctest: +SKIP
    """
    fitted_runs(fit)
    if budgets_of(compute).ndim:
        raise BayesScalingError(f"compute must be one budget, not {compute!r}; draw several one at a time")
    found = _quantities(fit, compute)
    others = [_quantities(law, compute) for law in laws]
    shown = [name for name in _LABELS if name in found]
    unknown = {name.partition("[")[0] for name in unidentified(fit)}
    unknown |= set(_ALLOCATION) if unknown else set()
    figure = Drawing(figsize=(9, 6.2 + 0.2 * len(laws)))
    panels = figure.subplots(2, 3).ravel()
    for axes, name in zip(panels, shown, strict=False):
        _draw_panel(axes, fit, name, found[name], [each.get(name) for each in others], unknown)
        axes.set_xlabel(_LABELS[name].format(scientific(compute)), fontsize=9)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    handles: list[Any] = [
        entry("posterior", "posterior density and median", color=POSTERIOR, lw=1.8),
        patch("interval", INTERVAL, POSTERIOR, 0.25),
        entry("prior", "prior (alpha, beta)", color=PRIOR, lw=1.4, ls="--"),
    ]
    styles = zip(laws, cycle(LAW_COLOURS), cycle(LAW_MARKERS), strict=False)
    handles += [entry("published", name_of(law), color=c, marker=marker, ls="", ms=6) for law, c, marker in styles]
    add_legend(figure, handles, loc="outside lower center", ncols=2)
    return finished(figure, runs_title(fit), fit.diagnostics)


def _quantities(source: Source, compute: float) -> Mapping[str, xr.DataArray]:
    laws = split_laws(source, YEAR)
    ((_, alpha), (_, beta)), power = summed_terms(laws, YEAR)  # of Kaplan's joint law, terms to a power
    best = optimal_allocation(laws, compute)
    known = {}
    if laws.specification.has_irreducible:
        irreducible, _ = laws.powered_parts(1.0, 1.0, YEAR)
        known["E"] = laws.drawn(irreducible, "E", "nats per token")
    return known | {
        "alpha": laws.drawn(power * alpha, "alpha", "no unit"),
        "beta": laws.drawn(power * beta, "beta", "no unit"),
        "a": allocation_exponents(laws)["a"],
        "parameters": best["parameters"],
        "tokens_per_parameter": best["tokens_per_parameter"],
    }


def _draw_panel(
    axes: Axes, fit: Fit, name: str, draws: xr.DataArray, others: Sequence[xr.DataArray | None], unknown: set[str]
) -> None:
    on_log = name in _ON_LOG
    summary = credible_intervals(draws, errors=False).iloc[0]
    values = draws.to_numpy().ravel()
    top = _draw_density(axes, values[np.isfinite(values)], summary, on_log=on_log)
    shown = [*np.nanquantile(values, _SHOWN)]
    for number, (other, colour, marker) in enumerate(zip(others, cycle(LAW_COLOURS), cycle(LAW_MARKERS), strict=False)):
        if other is None:
            continue
        row, height = credible_intervals(other, errors=False).iloc[0], -_ROW * (number + 0.8)
        named(axes.plot([row["lower"], row["upper"]], [height, height], color=colour, lw=1.6), "published")
        named(axes.plot(row["median"], height, marker, color=colour, ms=6), "published")
        shown += [row["lower"], row["upper"]]
    low, high = _limits(np.log(shown) if on_log else np.array(shown))
    axes.set_xlim(*(np.exp([low, high]) if on_log else (low, high)))
    if on_log:
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis, write=scientific if name == "parameters" else None, most=3)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5))
    if name in EXPONENTS and name in [parameter.name for parameter in fit.specification.parameters()]:
        points = np.linspace(*axes.get_xlim(), 200)  # its own prior, on the scale of its posterior's density
        prior = fit.specification.prior_of(name).frozen().pdf(points) / top
        named(axes.plot(points, prior, color=PRIOR, lw=1.4, ls="--"), "prior")
    axes.set(ylim=(-_ROW * (len(others) + 0.6), _TOP), yticks=[])
    named(axes.axhline(0, color=PRIOR, lw=0.8), "reference")
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=8)
    words = "\nnot identified by these runs" if name in unknown else ""
    parts = (float(summary[part]) for part in ("median", "lower", "upper"))
    said = bracketed(parts, lambda each: scientific(each, 1) if name == "parameters" else f"{each:#.3g}")
    axes.set_title(said + words, fontsize=9.5, color=WARNING if words else INK)


def _limits(shown: Floats) -> tuple[float, float]:
    """Ends of an axis, with some room; around a single number too."""
    pad = 0.05 * max(float(np.ptp(shown)), 0.1 * float(np.abs(shown).max()))
    return float(shown.min()) - pad, float(shown.max()) + pad


def _draw_density(axes: Axes, values: Floats, summary: pd.Series, *, on_log: bool) -> float:
    """Density relative to its maximum (per unit of log where on_log), interval and median; that maximum."""
    found = density_of(np.log(values) if on_log else values)
    if found is None:
        named(axes.axvline(summary["median"], color=POSTERIOR, lw=1.6), "posterior")
        return np.inf
    points, density = np.exp(found[0]) if on_log else found[0], found[1]
    top = float(density.max())
    density = density / top
    inside = (points >= summary["lower"]) & (points <= summary["upper"])
    band = axes.fill_between(points, density, where=inside.tolist(), color=POSTERIOR, alpha=0.25, lw=0)
    named(band, "interval")
    named(axes.plot(points, density, color=POSTERIOR, lw=1.8), "posterior")
    height = np.interp(summary["median"], points, density)
    named(axes.plot([summary["median"]] * 2, [0, height], color=POSTERIOR, lw=1.2), "posterior")
    return top
