r"""The ridge between the two rates: what mix of them the data know, and how far they leave the rest open.

.. math:: -\frac{\partial \ln (L - E)}{\partial t} = s\, \alpha g_N + (1 - s)\, \beta g_D

with ``s`` the parameter term's share of the reducible loss: where it hardly varies, only this mix is seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.fitting import KEPT_DRAWS, thinned
from bayes_scaling.inference.likelihood import blocks, draws_of
from bayes_scaling.inference.posterior import coefficients_of
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.structure import loss_parts
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, months_to_double

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """Median and 95% equal-tailed interval of a posterior."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Mix:
    """Two rates and the mix ``w first + (1 - w) second`` of them whose posterior is narrowest.

    Parameters
    ----------
    correlation
        Of the two in the posterior.
    weight
        ``w``; outside 0 to 1 where the two rise and fall together.
    value
        Posterior of the mix, per year.
    """

    correlation: float
    weight: float
    value: Span


@dataclass(frozen=True)
class Ridge:
    """What the posterior of the two rates looks like.

    Parameters
    ----------
    rates
        Mix of ``g_N`` and ``g_D``, log units per year.
    declines
        Mix of the declines of the two terms ``alpha_year = alpha g_N`` and ``beta_year = beta g_D``, per year; None
        where exponents drift or rates change with an era or year, since then no one number a year exists.
    parameter_share
        Parameter term's share of the reducible loss, averaged over the table's rows: by theory the weight of the mix
        of declines. None where ``declines`` is.
    direction
        Unit vector ``(g_N, g_D)`` along which the posterior is longest.
    along, across
        Standard deviations along the ridge and across it, log units per year.
    phi
        ``g_N / g_C``, among draws in which effective compute grows.
    months
        Doubling time of effective compute where ``phi`` is lowest, in its middle, and where it is highest: medians
        over the lowest, the middle and the highest 5% of these draws in ``phi``.
    growing
        Share of draws in which effective compute grows.
    """

    rates: Mix
    declines: Mix | None
    parameter_share: Span | None
    direction: tuple[float, float]
    along: float
    across: float
    phi: Span
    months: tuple[float, float, float]
    growing: float


def best_mix(first: Floats, second: Floats) -> Mix:
    r"""Mix of two quantities that a posterior knows best.

    .. math:: w = \frac{\sigma_2^2 - \rho \sigma_1 \sigma_2}{\sigma_1^2 + \sigma_2^2 - 2 \rho \sigma_1 \sigma_2}

    Returns Mix: ``w first + (1 - w) second`` has the smallest variance of all such mixes.

    Parameters
    ----------
    first, second
        Draws, shape ``(samples,)``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> along, across = rng.standard_normal((2, 1000))
    >>> mix = best_mix(1 + along + 0.1 * across, 1 - along + 0.1 * across)
    >>> round(mix.weight, 1), round(mix.value.median, 1), mix.correlation < -0.9
    (0.5, 1.0, True)
    """
    covariance = np.cov(first, second)
    variance, other, joint = covariance[0, 0], covariance[1, 1], covariance[0, 1]
    weight = float((other - joint) / (variance + other - 2 * joint))
    value = span(weight * first + (1 - weight) * second)
    return Mix(float(joint / np.sqrt(variance * other)), weight, value)


def span(draws: Floats) -> Span:
    """Median and interval of draws.

    Examples
    --------
    >>> span(np.arange(41.0)).median
    20.0
    """
    tail = (1 - INTERVAL_PROBABILITY) / 2
    low, middle, high = np.quantile(draws, [tail, 0.5, 1 - tail])
    return Span(float(middle), float(low), float(high))


def ridge(fit: Fit) -> Ridge | None:
    """Describe the ridge between ``g_N`` and ``g_D``.

    Returns Ridge or None: None where the specification has not both rates, or compute grows in no draw.

    Parameters
    ----------
    fit
        A posterior. Rates that differ between groups are averaged over the table's rows, draw by draw.

    Notes
    -----
    Law: Ho et al. 2024 (arXiv 2403.05812), eq. 1 to 6. The mix follows from their eq. 8.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> ridge(bs.load_fit("runs/reference-ho2024")).rates.correlation  # doctest: +SKIP
    """
    g_n, g_d = pooled_rate(fit, "g_N"), pooled_rate(fit, "g_D")
    if g_n is None or g_d is None or not (np.ptp(g_n) and np.ptp(g_d) and (g_n + g_d > 0).any()):
        return None
    variances, axes = np.linalg.eigh(np.cov(g_n, g_d))
    longest = axes[:, 1] * np.sign(axes[0, 1] or 1.0)
    growing = g_n + g_d > 0
    g_c = (g_n + g_d)[growing]
    phi = g_n[growing] / g_c
    tail = 1 - INTERVAL_PROBABILITY
    low, below, above, high = np.quantile(phi, [tail, (1 - tail) / 2, (1 + tail) / 2, 1 - tail])
    parts = (phi <= low, (below <= phi) & (phi <= above), phi >= high)
    at_lowest, at_middle, at_highest = (float(months_to_double(np.median(g_c[part]))) for part in parts)
    declines = _declines(fit)
    return Ridge(
        rates=best_mix(g_n, g_d),
        declines=None if declines is None else best_mix(*declines[:2]),
        parameter_share=None if declines is None else span(declines[2]),
        direction=(float(longest[0]), float(longest[1])),
        along=float(np.sqrt(variances[1])),
        across=float(np.sqrt(max(variances[0], 0.0))),
        phi=span(phi),
        months=(at_lowest, at_middle, at_highest),
        growing=float(np.mean(growing)),
    )


def _declines(fit: Fit) -> tuple[Floats, Floats, Floats] | None:
    """What a year takes off each term's logarithm, and the parameter term's share, each averaged over the rows."""
    specification, rows = fit.specification, rows_of(fit.data, fit.specification)
    varying = specification.progress.exponents == "drift" or specification.rates_by_era or specification.progress.walks
    if varying or "years" not in rows.covariates:
        return None
    parts, values = [], draws_of(specification, thinned(fit.data, KEPT_DRAWS))
    coefficients = coefficients_of(specification, values, rows.levels)
    for some in blocks(len(rows.ids), len(next(iter(values.values())))):
        part = rows.take(np.arange(some.start, some.stop))
        later = {**part.covariates, "years": part.covariates["years"] + 1}
        _, (log_n, log_d) = loss_parts(coefficients, part.covariates, part.index)
        _, (later_n, later_d) = loss_parts(coefficients, later, part.index)
        of_rows = (log_n - later_n, log_d - later_d, expit(log_n - log_d))
        parts.append([each.sum(axis=1) / len(rows.ids) for each in of_rows])
    n, d, share = np.sum(parts, axis=0)
    return n, d, share
