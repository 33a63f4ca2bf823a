"""What better algorithms multiply compute by, over the years, as a posterior has it."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit, require_fit
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE
from bayes_scaling.plots.drawing import Drawing
from bayes_scaling.plots.marks import finished, title_of
from bayes_scaling.plots.style import POSTERIOR, PUBLISHED, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, look_of, named
from bayes_scaling.quantities.effective_compute import effective_compute, growth_factor
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY

_VISUALS = ("posterior", "interval", "published", "moore", "legend", "title")
_POINTS = 60
_HIGHEST = 1e12
"""Times; where an interval goes beyond, the axis does not."""


def plot_effective_compute(
    fit: Fit,
    start: float,
    end: float,
    *,
    visuals: Visuals | None = None,
    backend: str | None = None,
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
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``posterior``, ``interval``,
        ``published``, ``moore``, ``legend``, ``title``.

    Returns
    -------
    matplotlib.figure.Figure
        Posterior median and 95% equal-tailed interval (times, logarithmic axis), with the published doubling time of Ho
        et al. 2024 and Moore's law as lines.

    Raises
    ------
    BayesScalingError
        If the specification has no progress, the end is not after the start, or visuals or backend is none of the
        valid ones.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 2 and figure 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_effective_compute(bs.load_fit("runs/reference"), 2014, 2023).savefig("growth.png")  # doctest: +SKIP
    """
    fit = require_fit(fit)
    look = look_of(visuals, backend, _VISUALS)
    if not fit.specification.progresses:
        raise BayesScalingError(f"'{fit.specification.name}' has no progress, so effective compute does not grow")
    if not end > start:
        raise BayesScalingError(f"the end must be after the start; start {start!r}, end {end!r}")
    years = np.linspace(start, end, _POINTS)
    table = credible_intervals(effective_compute(fit, start, years), errors=False)
    figure = Drawing(figsize=(6.5, 4.6), layout="constrained", dpi=150)
    axes = figure.subplots()
    label = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
    upper = np.minimum(table["upper"], _HIGHEST)
    band = axes.fill_between(years, table["lower"], upper, color=POSTERIOR, alpha=0.2, lw=0, label=label)
    named(band, "interval")
    named(axes.plot(years, table["median"], color=POSTERIOR, lw=2, label="posterior median"), "posterior")
    published_lines = (("published", HO2024_COMPUTE, PUBLISHED, "--"), ("moore", MOORE, REFERENCE, ":"))
    for name, published, colour, style in published_lines:
        growth: Any = growth_factor(years - start, published.months)
        words = f"{published.label}: {published.months:g} months"
        named(axes.plot(years, growth, color=colour, lw=1.4, ls=style, label=words), name)
    axes.set(
        yscale="log",
        xlim=(start, end),
        xlabel="year",
        ylabel=f"effective over physical compute\n(times, {start:.5g} = 1, log scale)",
    )
    add_legend(axes, fontsize=8, frameon=False, loc="upper left")
    return finished(figure, look, title_of(fit), converged=fit.diagnostics.converged)
