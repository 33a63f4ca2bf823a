r"""Coordinates in which effects that share a standard deviation are sampled: those that the data leave independent.

Standardised effects :math:`z = e / s` suit groups of which the data say little; where they say much, the effects
:math:`e` themselves are nearly normal, whatever :math:`s`. With the information :math:`\Lambda` of the likelihood on
:math:`e`, from its curvature at the top of the posterior, and :math:`Q \mathrm{diag}(\lambda) Q^\top = \Lambda`,

.. math:: Q^\top z = \frac{s\, Q^\top \Lambda \hat e}{1 + s^2 \lambda} + \frac{u}{\sqrt{1 + s^2 \lambda}}

has :math:`u` nearly standard normal for every :math:`s`: standardised effects along directions of little information,
and effects as they are along those of much. All other parameters are shifted by their regression on the effects, so
that neither a base nor a level is tied to :math:`s` through their mean. It is the same posterior in other coordinates,
with the Jacobian; without information they are the model's own.

A rate :math:`g` by which a term of exponent :math:`\beta` declines at :math:`\beta g` is such an effect too, with
:math:`s = \beta`: data inform the product, and a rate of its own has a narrow neck where the exponent is large.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayes_scaling.common.arrays import Floats, Integers

if TYPE_CHECKING:
    from bayes_scaling.inference.compilation import Compiled

_STEP = 1e-5
_DATA = ("turn", "precision", "pull", "carried")


class Effects(NamedTuple):
    """Places in a point, of length ``size``, of effects that share a standard deviation, and of its logarithm."""

    name: str
    spread: int
    places: slice
    size: int

    def given(self, **values: Any) -> dict[str, Any]:
        """Values under the names that data have."""
        return {f"{self.name}_{key}": value for key, value in values.items()}

    def without_information(self) -> dict[str, Any]:
        """Data with which the coordinates are the model's own."""
        count = self.places.stop - self.places.start
        zeros = np.zeros(count)
        return self.given(turn=np.eye(count), precision=zeros, pull=zeros, carried=np.zeros((count, self.size)))


def to_model(effects: Sequence[Effects], outer: Floats, data: Mapping[str, Any]) -> Floats:
    """The model's unconstrained point at one of the sampler's (last axis)."""
    inner = outer.copy()
    for each in effects:
        spread, turn, carried, kept, middle = _given(each, outer, data)
        standard = (middle + np.sqrt(kept) * outer[..., each.places]) @ turn
        inner[..., each.places] += standard - outer[..., each.places]
        inner += (spread * standard) @ carried
    return inner


def to_sampler(effects: Sequence[Effects], inner: Floats, data: Mapping[str, Any]) -> Floats:
    """The inverse of :func:`to_model`."""
    outer = inner.copy()
    for each in effects:
        spread, turn, carried, kept, middle = _given(each, inner, data)
        own = inner[..., each.places]
        outer -= (spread * own) @ carried
        outer[..., each.places] = (own @ turn.T - middle) / np.sqrt(kept)
    return outer


def _given(each: Effects, point: Floats, data: Mapping[str, Any]) -> tuple[Any, ...]:
    turn, precision, pull, carried = (data[f"{each.name}_{key}"] for key in _DATA)
    spread = np.exp(point[..., each.spread : each.spread + 1])
    return spread, turn, carried, *conditional(spread, precision, pull)


def conditional(spread: Any, precision: Any, pull: Any) -> tuple[Any, Any]:
    """Variances and means of turned standardised effects, given their standard deviation."""
    kept = 1 / (1 + spread**2 * precision)
    return kept, spread * kept * pull


def packed(effects: Sequence[Effects], data: Mapping[str, Any]) -> tuple[Integers, Floats]:
    """Places of effects and their data, as the arrays of :mod:`bayes_scaling.inference.effects_at_a_point`."""
    places, parts = [len(effects)], [np.empty(0)]
    for each in effects:
        places += [each.spread, each.places.start, each.places.stop, sum(part.size for part in parts)]
        parts += [np.ravel(data[f"{each.name}_{key}"]) for key in _DATA]
    return np.array(places), np.concatenate(parts)


def curvature_at(program: "Compiled", point: Floats) -> Floats:
    """Second derivatives of minus the log density, by differences of its gradient."""
    steps = _STEP * np.eye(len(point))
    slopes = [program.log_density(point - step)[1] - program.log_density(point + step)[1] for step in steps]
    curvature = np.array(slopes) / (2 * _STEP)
    return 0.5 * (curvature + curvature.T)


def informed(program: "Compiled", top: Floats) -> dict[str, Any]:
    """Data of the coordinates, from the curvature of a log density without information at its top; {} if it is none."""
    try:
        curvature = curvature_at(program, top)
        fixed = [each.spread for each in program.effects]
        np.linalg.cholesky(np.delete(np.delete(curvature, fixed, 0), fixed, 1))
    except (ArithmeticError, np.linalg.LinAlgError):
        return {}
    found: dict[str, Any] = {}
    standardised = np.concatenate([np.arange(len(top))[each.places] for each in program.effects])
    for each in program.effects:
        own, spread = np.arange(len(top))[each.places], np.exp(top[each.spread])
        rest = np.setdiff1d(np.arange(len(top)), [*own, *fixed])
        response = np.linalg.solve(curvature[np.ix_(rest, rest)], curvature[np.ix_(rest, own)])
        # Of the likelihood alone: without the standard normal prior, whose precision is 1.
        precision = curvature[np.ix_(own, own)] - curvature[np.ix_(own, rest)] @ response - np.eye(len(own))
        values, vectors = np.linalg.eigh(precision / spread**2)
        carried = np.zeros((len(own), len(top)))
        carried[:, rest] = -response.T / spread
        carried[:, standardised] = 0.0
        pull = vectors.T @ (precision @ top[own] + top[own]) / spread
        found |= each.given(turn=vectors.T, precision=np.maximum(values, 0.0), pull=pull, carried=carried)
    return found
