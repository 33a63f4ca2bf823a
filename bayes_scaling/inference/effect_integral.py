"""A paper's density under noise of any family: its effect integrated out, on nodes that follow the integrand."""

from collections.abc import Mapping

import numpy as np

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.specifications.noise import Family, normal

_WIDEST = 2.0  # longest first panel, in units of asinh of the distance from its nearer end over the scale
_REACH = 9.0  # how far beyond the residuals and 0 the integral goes, in units of tau
_ROUGH = 1e-5
"""Share of a paper's density by which a panel's rougher rule may differ; the finer one is then right to 1e-9."""
NODES_OF_A_GAP = 300
"""Roughly the most nodes between two residuals, from which callers work out the memory that many draws take."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(15)
_MOMENTS = [2 / (1 - k**2) if k % 2 == 0 else 0.0 for k in range(7)]
_DIFFERENCE = _WEIGHTS.copy()  # of the rule and the one that every second of its nodes carries
_DIFFERENCE[1::2] -= np.linalg.solve(np.polynomial.chebyshev.chebvander(_NODES[1::2], 6).T, _MOMENTS)


def paper_density(family: Family, values: Mapping[str, Floats], residual: Floats, sigma: Floats, tau: Floats) -> Floats:
    r"""Log density of the residuals of one paper, shape ``(samples,)``.

    .. math:: \ln \int N(u \mid 0, \tau) \prod_i p(r_i - u \mid 0, \sigma) \, du

    Panels lie closest at the residuals and at 0, where the integrand can be narrow, and are halved where Gauss's rule
    has not settled: right to 1e-6, however far sigma, tau and the residuals are from each other. ``residual`` has the
    shape ``(samples, n)``; ``tau`` and ``values``, draws of what the family has beside its scale, have
    ``(samples, 1)``, ``sigma`` either.
    """
    # A peak of n residuals can be as narrow as this, and no first panel shall step over one.
    narrowest = np.minimum(tau, sigma.min(axis=1, keepdims=True) / np.sqrt(residual.shape[1]))
    draw, low, high = _panels(residual, narrowest, tau)
    total = np.full(len(residual), -np.inf)
    highest = total.copy()
    while len(draw):
        half = 0.5 * (high - low)
        effect, of_draw = low[:, None] + np.outer(half, _NODES + 1), {name: each[draw] for name, each in values.items()}
        log_density = normal(effect, tau[draw])
        for own, scale in zip(residual.T, np.broadcast_to(sigma, residual.shape).T, strict=True):
            log_density += family.of(own[draw, None] - effect, scale[draw, None], of_draw)
        peak = log_density.max(axis=1)
        density = np.exp(log_density - peak[:, None])
        with np.errstate(divide="ignore"):
            value, doubt = (np.log(half * np.abs(density @ each)) + peak for each in (_WEIGHTS, _DIFFERENCE))
        np.maximum.at(highest, draw, value)
        unsettled = doubt > highest[draw] + np.log(_ROUGH)
        np.logaddexp.at(total, draw[~unsettled], value[~unsettled])
        draw, low, high = (each[unsettled] for each in (draw, low, high))
        middle = 0.5 * (low + high)
        draw, low, high = np.tile(draw, 2), np.concatenate([low, middle]), np.concatenate([middle, high])
    return total


def _panels(residual: Floats, scale: Floats, tau: Floats) -> tuple[Integers, Floats, Floats]:
    """Draw and ends of each panel: gaps between residuals, 0 and ends, cut equally in asinh(x - a) - asinh(b - x)."""
    reach = np.ceil(_REACH * tau / scale)
    points = np.sort(np.column_stack([np.rint(residual / scale), np.zeros(len(residual))]), axis=1)
    points = np.column_stack([points[:, :1] - reach, points, points[:, -1:] + reach])
    draw, place = np.nonzero(np.diff(points) > 0)
    low, gap = points[draw, place], points[draw, place + 1] - points[draw, place]
    pieces = np.ceil(2 * np.arcsinh(gap) / _WIDEST).astype(np.int64)
    of = np.repeat(np.arange(len(gap)), pieces)
    number = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    ends = []
    for each in (number, number + 1):
        t = np.arcsinh(gap[of]) * (each / pieces[of] - 0.5)
        ends.append(low[of] + 0.5 * gap[of] + np.sinh(t) * np.sqrt(1 + (0.5 * gap[of] / np.cosh(t)) ** 2))
    draw = draw[of]
    return draw, ends[0] * scale[draw, 0], ends[1] * scale[draw, 0]
