"""Progress: doubling times, the ridge behind them, growth of effective compute, and what made the loss fall."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter
from numpy.typing import NDArray

from bayes_scaling.common.formatting import in_digits, months, probability
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit, require_fit
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE, PLAYERS, published_shapley
from bayes_scaling.plots.drawing import (
    POINT_SIZE,
    Drawing,
    density_of,
    draw_band,
    draw_clipped,
    finished,
    panel,
    title_of,
)
from bayes_scaling.plots.style import PAPER, POSTERIOR, PRIOR, PUBLISHED, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, takes_visuals
from bayes_scaling.quantities.attribution import HO2024_PAIRS, Pair, shapley_attribution
from bayes_scaling.quantities.doubling import doubling_times, pooled_rate, prior_rates
from bayes_scaling.quantities.effective_compute import effective_compute, growth_factor
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import (
    INTERVAL,
    INTERVAL_KIND,
    INTERVAL_PROBABILITY,
    MONTHS_PER_YEAR,
    months_to_double,
)

_OF_RIDGE = ("draws", "sum", "reference", "legend", "title")
_VISUALS = ("posterior", "prior", "interval", "median", "published", "moore", *_OF_RIDGE)
MONTHS = np.geomspace(1.5, 120, 600)
_TICKS = (2, 3, 4, 6, 9, 12, 18, 24, 36, 60, 120)
_RIDGE_POINTS = 3000
BEFORE, AFTER = "before the data (prior)", "after the data (posterior)"
"""What a distribution is of, in words that need no statistics."""


@takes_visuals(*_VISUALS)
def plot_doubling_times(
    fit: Fit, *, ridge: bool = True, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw the posterior of the compute doubling time, and of the two rates that make it.

    Parameters
    ----------
    fit
        A posterior with progress. One that has not converged is marked across the picture.
    ridge
        Whether to draw the rates beside the doubling time; :func:`plot_ridge` draws them alone.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Left: density of T_C (months, logarithmic axis; density per unit of log time) with its median and 95%
        equal-tailed interval, its prior behind it, and published values. Right: draws of (g_N, g_D), the ridge, with
        the line on which T_C is the posterior median; left out if the specification has one rate only.

    Raises
    ------
    BayesScalingError
        If the specification has no progress.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_doubling_times(bs.load_fit("runs/reference")).savefig("t_c.png")  # doctest: +SKIP
    """
    fit = require_fit(fit)
    rate = pooled_rate(fit, "g_C")
    if rate is None or not np.any(rate):
        raise BayesScalingError(f"'{fit.specification.name}' has no progress, so there is no doubling time to draw")
    ridge = ridge and has_ridge(fit)
    figure = Drawing(figsize=(11 if ridge else 6.5, 5))
    axes = figure.subplots(1, 2 if ridge else 1, squeeze=False, width_ratios=[3, 2] if ridge else None)[0]
    _draw_density(figure, axes[0], fit, rate)
    if ridge:
        _draw_ridge(axes[1], fit)
    title = f"How fast does the compute needed for the same loss halve?\n{title_of(fit)}"
    return finished(figure, title, fit.diagnostics)


@takes_visuals(*_OF_RIDGE)
def plot_ridge(fit: Fit, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    r"""Draw the two rates whose sum is the rate of effective compute.

    .. math:: g_N + g_D = g_C = \ln 2 / T_C

    Parameters
    ----------
    fit
        A posterior with a rate of parameters and one of data. One that has not converged is marked across the picture.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Draws of ``(g_N, g_D)``, log units per year, and the line on which their sum is its posterior median.

    Raises
    ------
    BayesScalingError
        If the specification does not have both rates.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), eq. 4-6.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_ridge(bs.load_fit("runs/reference")).savefig("ridge.png")  # doctest: +SKIP
    """
    fit = require_fit(fit)
    if not has_ridge(fit):
        raise BayesScalingError(
            f"'{fit.specification.name}' does not have both rates, g_N and g_D, so there is no ridge between them; "
            "draw plot_doubling_times"
        )
    figure = Drawing(figsize=(6.5, 5))
    _draw_ridge(figure.subplots(), fit)
    return finished(figure, f"Better use of parameters, or of data?\n{title_of(fit)}", fit.diagnostics)


def has_ridge(fit: Fit) -> bool:
    """Whether a posterior has a rate of parameters and one of data, neither held constant."""
    rates = [pooled_rate(fit, name) for name in ("g_N", "g_D")]
    return all(rate is not None and bool(np.any(rate)) for rate in rates)


def log_time_density(rate: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Density of ln T at each month of the grid: the rate's density times |dg / d ln T| = g; None without one."""
    found = None if rate is None else density_of(rate)
    if found is None:
        return None
    grid, density = found
    rates = MONTHS_PER_YEAR * np.log(2) / MONTHS
    return np.asarray(np.interp(rates, grid, density, left=0.0, right=0.0) * rates)


def _draw_density(figure: Figure, axes: Axes, fit: Fit, rate: NDArray[np.float64]) -> None:
    summary = doubling_times(fit).loc["compute"].to_dict()
    median, lower, upper = summary["median"], summary["lower"], summary["upper"]
    middle, low, high = in_digits(summary, months)
    density = log_time_density(rate)
    if (expected := log_time_density(prior_rates(fit))) is not None:
        named(axes.plot(MONTHS, expected, color=PRIOR, lw=1.2, ls="--", label=BEFORE), "prior")
    top = 1.0
    if density is not None:
        top = float(density.max()) or 1.0  # where the axis ends before the posterior begins
        named(axes.plot(MONTHS, density, color=POSTERIOR, lw=2, label=AFTER), "posterior")
        inside = (lower <= MONTHS) & (upper >= MONTHS)
        interval = f"{INTERVAL_PROBABILITY:.0%} interval {low} to {high}\n({INTERVAL_KIND})"
        band = axes.fill_between(MONTHS, density, where=inside.tolist(), color=POSTERIOR, alpha=0.2, label=interval)
        named(band, "interval")
    if np.isfinite(median):
        named(axes.axvline(median, color=POSTERIOR, lw=1.2, label=f"median {middle} months"), "median")
    paper = HO2024_COMPUTE
    ends = [[paper.months - (paper.lower or 0)], [(paper.upper or 0) - paper.months]]
    label = f"{paper.label}: {paper.months} [{paper.lower}, {paper.upper}]"
    point = axes.errorbar(paper.months, 1.1 * top, xerr=ends, fmt="o", color=PUBLISHED, capsize=3, label=label)
    named(point, "published")
    label = f"{MOORE.label}, of chips: {MOORE.months:.0f}"
    named(axes.axvline(MOORE.months, color=REFERENCE, lw=1.2, ls=":", label=label), "moore")
    axes.set(xscale="log", xlim=(MONTHS[0], MONTHS[-1]), ylim=(0, 1.25 * top), yticks=[])
    axes.set_xlabel("months in which better algorithms double effective compute (log scale)")
    axes.set_ylabel("how plausible\n(density per unit of log time)")
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    never = float(np.mean(rate <= 0))
    title = f"probability of no progress: {probability(never)}" if never else None
    handles = axes.get_legend_handles_labels()[0]
    add_legend(figure, handles, title=title, title_fontsize=8, loc="outside lower center", ncols=3)
    axes.spines["left"].set_visible(False)


def draw_rates(axes: Axes, fit: Fit, alpha: float) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Draws of the two rates; their sums, and the ends of both axes."""
    g_n, g_d = pooled_rate(fit, "g_N"), pooled_rate(fit, "g_D")
    assert g_n is not None and g_d is not None
    step = max(1, len(g_n) // _RIDGE_POINTS)
    points = axes.plot(g_n[::step], g_d[::step], ".", ms=2, alpha=alpha, color=POSTERIOR, rasterized=True)
    named(points, "draws")
    box = [np.quantile(g, [0.001, 0.999]) for g in (g_n, g_d)]
    names = ("gain in the use of parameters, $g_N$", "gain in the use of data, $g_D$")
    x, y = (f"{name} (log units per year)" for name in names)
    axes.set(xlim=box[0], ylim=box[1], xlabel=x, ylabel=y)
    return g_n + g_d, box


def _draw_ridge(axes: Axes, fit: Fit) -> None:
    sums, (line, _) = draw_rates(axes, fit, alpha=0.25)
    total = float(np.median(sums))
    doubled = months(float(months_to_double(total)))
    label = f"together {total:.2f} a year (median): doubling\neffective compute in {doubled} months"
    named(axes.plot(line, total - line, color=PUBLISHED, lw=1.2, label=label), "sum")
    named([axes.axhline(0, color=PRIOR, lw=0.8), axes.axvline(0, color=PRIOR, lw=0.8)], "reference")
    add_legend(axes, loc="upper right")


_YEARS = 60
_HIGHEST = 1e12  # times; the axis ends there even if an interval does not


@takes_visuals("posterior", "interval", "published", "moore", "legend", "title")
def plot_effective_compute(
    fit: Fit, start: float, end: float, *, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    r"""Draw the growth of effective compute at the same physical compute.

    .. math:: e^{g_C (Y - Y_\mathrm{start})}

    Parameters
    ----------
    fit
        A posterior with progress. One that has not converged is marked across the picture.
    start, end
        Decimal years.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Posterior median and 95% equal-tailed interval (times, logarithmic axis), with the published doubling time of Ho
        et al. 2024 and Moore's law as lines.

    Raises
    ------
    BayesScalingError
        If the specification has no progress, or the end is not after the start.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 2 and figure 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_effective_compute(bs.load_fit("runs/reference"), 2014, 2023).savefig("growth.png")  # doctest: +SKIP
    """
    fit = require_fit(fit)
    if not fit.specification.progresses:
        raise BayesScalingError(f"'{fit.specification.name}' has no progress, so effective compute does not grow")
    if not end > start:
        raise BayesScalingError(f"the end must be after the start; start {start!r}, end {end!r}")
    years = np.linspace(start, end, _YEARS)
    table = credible_intervals(effective_compute(fit, start, years), errors=False)
    figure, axes = panel(6.5, 4.6)
    band = table.assign(upper=table["upper"].clip(upper=_HIGHEST))
    draw_band(axes, years, band, color=POSTERIOR, alpha=0.2, label=INTERVAL)
    named(axes.plot(years, table["median"], color=POSTERIOR, lw=2, label="posterior median"), "posterior")
    lines = (("published", HO2024_COMPUTE, PUBLISHED, "--"), ("moore", MOORE, REFERENCE, ":"))
    for name, published, colour, style in lines:
        growth: Any = growth_factor(years - start, published.months)
        words = f"{published.label}: {published.months:g} months"
        named(axes.plot(years, growth, color=colour, lw=1.4, ls=style, label=words), name)
    axes.set(yscale="log", xlim=(start, end), xlabel="year")
    axes.set_ylabel(f"effective over physical compute\n(times, {start:.5g} = 1, log scale)")
    add_legend(axes, loc="upper left")
    return finished(figure, title_of(fit), fit.diagnostics)


_SHOWN = (-1.0, 1.6)  # ends of the axis; where the loss hardly changed, shares lie anywhere
_FOUND, _PUBLISHED = -0.13, 0.17  # heights of the two above and below a pair's line


@takes_visuals("posterior", "interval", "published", "reference", "legend", "title")
def plot_attribution(
    fit: Fit, pairs: Iterable[Pair] = HO2024_PAIRS, *, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw shares of the fall in loss by Shapley values.

    Parameters
    ----------
    fit
        Of a law of parameters and tokens. One that has not converged is marked across the picture.
    pairs
        As for :func:`bayes_scaling.shapley_attribution`; by default the 14 published pairs of systems.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each of parameters, data, and the better use of each; in it one line a pair: posterior median and
        95% equal-tailed interval of its share, and the published share where there is one. The axis ends at -100% and
        160%; an arrow marks what goes on beyond.

    Raises
    ------
    BayesScalingError
        As :func:`bayes_scaling.shapley_attribution`.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 3.2 and Table 1.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_attribution(bs.load_fit("runs/reference")).savefig("shares.png")  # doctest: +SKIP
    """
    table, published = credible_intervals(shapley_attribution(fit, pairs), errors=False), published_shapley()
    names = list(dict.fromkeys(table.index.get_level_values("pair")))
    figure = Drawing(figsize=(11, 1.8 + 0.3 * len(names)))
    panels = figure.subplots(1, len(PLAYERS), sharex=True, sharey=True)
    for axes, player in zip(panels, PLAYERS, strict=True):
        rows = pd.DataFrame(table.xs(player, level="player").loc[names])
        named(axes.axvline(0, color=PRIOR, lw=0.8), "reference")
        known = published[player].reindex(names)
        for line, row in enumerate(rows.to_dict("records")):
            found, point = (row["median"], row["lower"], row["upper"]), (float(known.iloc[line]), math.nan, math.nan)
            draw_clipped(axes, line + _FOUND, found, _SHOWN, color=POSTERIOR, marker="o")
            look: dict[str, Any] = {"color": PUBLISHED, "marker": "D", "filled": False, "names": ("published",) * 2}
            draw_clipped(axes, line + _PUBLISHED, point, _SHOWN, **look)
        axes.set_title(player.replace("_", " "), fontsize=10)
        axes.set_xlabel("share of the fall in loss")
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    panels[0].set(xlim=_SHOWN, ylim=(len(names) - 0.5, -0.5))
    panels[0].set_yticks(np.arange(len(names)), names, parse_math=False)
    handles = [
        entry("posterior", "posterior median", color=POSTERIOR, marker="o", ls="", ms=POINT_SIZE),
        entry("interval", INTERVAL, color=POSTERIOR),
        entry("published", "Ho et al. 2024", color=PUBLISHED, marker="D", ls="", ms=POINT_SIZE, mfc=PAPER),
        entry(None, "goes on beyond the axis", color=PRIOR, marker=">", ls="", ms=POINT_SIZE),
    ]
    add_legend(figure, handles, loc="outside lower center", ncols=4)
    return finished(figure, title_of(fit), fit.diagnostics)
