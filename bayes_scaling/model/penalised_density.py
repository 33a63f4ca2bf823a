"""The tilted density of :mod:`bayes_scaling.model.penalised` and its gradient, as plain Python that numba compiles.

Written out, because PyTensor's code for it takes two minutes to compile and five times as long for a gradient. Sums run
over the rows, coefficients and levels that a structure has, not over the width of the largest.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba.extending import register_jitable

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.model.penalised import LEVELS
from bayes_scaling.specifications.priors import Prior

_POSITIVE = ("half_normal", "lognormal", "gamma", "beta")
"""Priors that sigma may have, by the number that :func:`log_density` knows them by."""
_ARRAYS = (
    *("first", "second", "irreducible", "observed", "gate", "middle_first", "middle_second"),
    *("rest_in_first", "rest_in_second", "place", "onto_first", "onto_second", "reach", "gate_chosen", "base"),
)
"""Arrays of a design, in the order in which :func:`log_density` reads them."""
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_SERIES = tuple(1 / math.factorial(order) for order in range(13, -1, -1))
_PER_DOUBLING = 1 / math.log(2)
_DOUBLING = (0.6931471803691238, 1.9082149292705877e-10)  # ln 2 in two parts: few doublings times the first are exact


def packed(design: Mapping[str, Any], prior: Prior) -> dict[str, Any]:
    """The data of :func:`log_density`: ``floats``, one after the other in the order read there, and ``sizes``."""
    family, frozen = _POSITIVE.index(prior.distribution), prior.frozen()
    one, *_, two = (*(value for _, value in prior.arguments), prior.arguments[-1][1])
    constant = float(frozen.logpdf(frozen.median())) - _sigma(family, one, two, frozen.median())[0]
    last = [design["strength"], design["tilt"], one, two, constant]
    (width, rest), (levels, _) = design["place"].shape, design["rest_in_first"].shape
    used = [design[name].any(axis=1) for name in ("first", "second", "irreducible")]
    sizes = [len(design["observed"]), width, levels, rest, design["two_terms"], design["gate"].any(), family]
    return {
        "floats": np.concatenate([*(np.ravel(design[name]) for name in _ARRAYS), last]),
        "sizes": np.array([*sizes, *np.ravel(used)], dtype=np.int64),
    }


@register_jitable  # type: ignore[untyped-decorator]
def _softplus(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


@register_jitable  # type: ignore[untyped-decorator]
def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@register_jitable  # type: ignore[untyped-decorator]
def _exponentials(values: Floats) -> None:
    """Exponentials in place, to a digit or two: powers of 2 as bits times a series, which no library does at once."""
    series, bits = np.empty(len(values)), np.empty(len(values), np.int64)
    for i in range(len(values)):
        value = min(max(values[i], -700.0), 700.0)
        doublings = np.floor(value * _PER_DOUBLING + 0.5)
        rest = value - doublings * _DOUBLING[0] - doublings * _DOUBLING[1]
        total = 0.0
        for each in _SERIES:
            total = total * rest + each
        series[i], bits[i] = total, (np.int64(doublings) + 1023) << 52
    powers = bits.view(np.float64)
    for i in range(len(values)):
        values[i] = series[i] * powers[i]


@register_jitable  # type: ignore[untyped-decorator]
def _sigma(family: int, one: float, two: float, sigma: float) -> tuple[float, float]:
    """Log prior density of sigma without its constant, and the derivative."""
    if family == 0:
        return -0.5 * (sigma / one) ** 2, -sigma / one**2
    if family == 1:
        away = (math.log(sigma) - one) / two**2
        return -0.5 * (away * two) ** 2 - math.log(sigma), -(away + 1) / sigma
    if family == 2:
        return (one - 1) * math.log(sigma) - two * sigma, (one - 1) / sigma - two
    inside = (one - 1) * math.log(sigma) + (two - 1) * math.log1p(-sigma)
    return inside, (one - 1) / sigma - (two - 1) / (1 - sigma)


@register_jitable  # type: ignore[untyped-decorator]
def _part(floats: Floats, at: int, parts: int, rows: int, columns: int) -> tuple[Floats, int]:
    end = at + parts * rows * columns
    return floats[at:end].reshape(parts, rows, columns), end


def log_density(point: Floats, floats: Floats, integers: Integers) -> tuple[Floats, Floats]:
    """Log density and gradient at an unconstrained point: sigma, ``level``, ``share_logit``, ``rest``.

    The point is padded to the largest structure. ``integers``: of four places where each begins, and ``sizes``.
    """
    sizes = integers[4:]
    n, width, levels, rest, family = sizes[0], sizes[1], sizes[2], sizes[3], sizes[6]
    two, gated = sizes[4] != 0, sizes[5] != 0
    shares = levels if two else 0
    used = sizes[7:].reshape(3, width)
    features, at = _part(floats, 0, 3, width, n)
    observed, at = floats[at : at + n], at + n
    gate, at = floats[at : at + n], at + n
    middle, at = _part(floats, at, 2, levels, rest)
    inside, at = _part(floats, at, 2, levels, rest)
    place, at = floats[at : at + width * rest].reshape(width, rest), at + width * rest
    onto, at = _part(floats, at, 2, width, levels)
    reach, at = floats[at : at + rest], at + rest
    gate_chosen, at = floats[at : at + width], at + width
    base, at = floats[at : at + 2 * width].reshape(2, width), at + 2 * width
    strength, tilting, prior_one, prior_two, prior_constant = floats[at : at + 5]

    # What is not used, standard normal up to a constant; the rest of the gradient follows.
    level, share, free = point[1:], point[1 + LEVELS :], point[1 + 2 * LEVELS :]
    gradient = -point
    value = 0.0
    for unused in (point[1 + levels : 1 + LEVELS], point[1 + LEVELS + shares : 1 + 2 * LEVELS], free[rest:]):
        value -= 0.5 * (unused**2).sum()

    # From coordinates to coefficients.
    steep, slopes, stretch = np.empty(rest), np.empty(rest), np.empty(rest)
    for j in range(rest):
        toll = 0.0
        for k in range(shares):
            toll += _softplus(-share[k]) * inside[0, k, j] + _softplus(share[k]) * inside[1, k, j]
        stretch[j] = math.exp(toll) * reach[j]
        steep[j] = free[j] * stretch[j]
        slopes[j] = math.asinh(steep[j]) / reach[j]
        value += toll - 0.5 * math.log1p(steep[j] ** 2)
    at_level = np.empty((2, levels))
    for k in range(levels):
        at_level[0, k] = level[k] - (_softplus(-share[k]) if two else 0.0)
        at_level[1, k] = level[k] - (_softplus(share[k]) if two else 0.0)
        for j in range(rest):
            at_level[0, k] -= middle[0, k, j] * slopes[j]
            at_level[1, k] -= middle[1, k, j] * slopes[j]
    theta = np.empty(width)
    size = gating = one = other = 0.0
    for i in range(width):
        total = 0.0
        for j in range(rest):
            total += place[i, j] * slopes[j]
        for k in range(levels):
            total += onto[0, i, k] * at_level[0, k] + onto[1, i, k] * at_level[1, k]
        theta[i] = total
        size += abs(total)
        gating += gate_chosen[i] * total
        one += base[0, i] * total
        other += base[1, i] * total

    # The likelihood; ``pull``, ``first`` and ``second`` end as derivatives by the loss and the two terms' logarithms.
    sums = np.zeros((3, n))
    first, second, pull = sums[0], sums[1], sums[2]
    if gated:
        first -= gate * _softplus(-gating)
        second -= gate * _softplus(-gating)
    for part in range(3):
        for i in range(width):
            if used[part, i]:
                for row in range(n):
                    sums[part, row] += features[part, i, row] * theta[i]
    logistic = _logistic(point[0])
    sigma, by_point = (logistic, logistic * (1 - logistic)) if family == 3 else (math.exp(point[0]), math.exp(point[0]))
    squares, precision = 0.0, sigma**-2
    _exponentials(first)
    if two:
        _exponentials(second)
    for row in range(n):
        residual = observed[row] - pull[row] - first[row] - second[row]
        squares += residual * residual
        pull[row] = residual * precision
        first[row] *= pull[row]
        second[row] *= pull[row]

    # The penalty, the tilt and sigma.
    scale = 2 * sigma**2 / strength
    either = max(one, other) + math.log1p(math.exp(-abs(one - other)))
    barrier = abs(one) + abs(other) - either - max(-one, 0.0) - max(-other, 0.0)
    penalty = (tilting * barrier - size) / scale
    prior, prior_slope = _sigma(family, prior_one, prior_two, sigma)
    value += penalty - width * math.log(2 * scale) + prior + prior_constant + math.log(by_point)
    value -= n * (math.log(sigma) + _HALF_LOG_2PI) + 0.5 * squares * precision
    slope = prior_slope - (2 * penalty + 2 * width + n - squares * precision) / sigma
    gradient[0] = slope * by_point + ((1 - 2 * logistic) if family == 3 else 1.0)

    # Back from coefficients to coordinates.
    weight = _logistic(one - other)
    by_one = tilting / scale * (np.sign(one) - weight + (1.0 if one < 0 else 0.0))
    by_other = tilting / scale * (np.sign(other) - (1 - weight) + (1.0 if other < 0 else 0.0))
    by_gate = 0.0
    if gated:
        by_gate = (gate * (first + second)).sum() * _logistic(-gating)
    by_slope, by_level = np.zeros(rest), np.zeros((2, levels))
    for i in range(width):
        total = gate_chosen[i] * by_gate - np.sign(theta[i]) / scale + base[0, i] * by_one + base[1, i] * by_other
        for part in range(3):
            if used[part, i]:
                for row in range(n):
                    total += features[part, i, row] * sums[part, row]
        for j in range(rest):
            by_slope[j] += place[i, j] * total
        for k in range(levels):
            by_level[0, k] += onto[0, i, k] * total
            by_level[1, k] += onto[1, i, k] * total
    by_share = np.zeros(shares)
    for k in range(levels):
        for j in range(rest):
            by_slope[j] -= middle[0, k, j] * by_level[0, k] + middle[1, k, j] * by_level[1, k]
        gradient[1 + k] = by_level[0, k] + by_level[1, k]
        if two:
            by_share[k] = by_level[0, k] * _logistic(-share[k]) - by_level[1, k] * _logistic(share[k])
    for j in range(rest):
        bent = 1 + steep[j] ** 2
        by_steep = by_slope[j] / (reach[j] * math.sqrt(bent)) - steep[j] / bent
        gradient[1 + 2 * LEVELS + j] = by_steep * stretch[j]
        for k in range(shares):
            by_toll = _logistic(share[k]) * inside[1, k, j] - _logistic(-share[k]) * inside[0, k, j]
            by_share[k] += (1 + by_steep * steep[j]) * by_toll
    gradient[1 + LEVELS : 1 + LEVELS + shares] = by_share
    result = np.empty(())
    result[()] = value
    return result, gradient
