r"""The paper's coefficients under its penalty: one density for all structures, compiled once, in coordinates that mix.

In the paper's coefficients :math:`\theta` every structure reads

.. math:: L = G\theta + F (e^{F_1\theta} + e^{F_2\theta}),

with matrices that follow from the law (:func:`design`), so structures and penalties differ by data alone; ``F`` is 1,
or the transformer's factor. Two things make the posterior hard. *Its ridge*: the two intercepts trade off along a
curve of equal loss. Levels and shares of the loss at the sample's middle straighten it, and what a slope takes off the
loss: the slope times its term's share, steep ones compressed; the volume of this change of coordinates is part of the
density. *Its modes*: a strong penalty pulls one or the other intercept to
zero, with a barrier between. NUTS therefore samples a tilted density, in which the barrier is low, and draws carry the
weight that leads back (``log_weight``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_scaling.model.coordinates import PUBLISHED_BASE, from_published, penalty_scale, published_names
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import loss_parts
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]

_WIDTH = 18
"""Coefficients of the largest structure in the catalogue; smaller ones are padded, so that one program serves all."""
_ALL = "all"
_IRREDUCIBLE = ("gamma", "E_const")
_FACTOR = "gamma_T"
_INTERCEPTS = ("alpha_const", "beta_const")
_TYPICAL_SIGMA = 0.22
"""Nats per token; decides coordinates and tilt only, on which the posterior does not depend."""
_BARRIER_PER_STRENGTH = 0.36
"""Height of the barrier between the modes in units of 1 / scale of the prior, at losses near 4.5 nats."""
_WIDE_SCALE = 0.2
"""Scale of the prior from which levels are stated by benchmark: below it the penalty's kinks decide, not the data."""


def design(specification: Specification, rows: Rows, barrier: float = 0.0) -> dict[str, Any]:
    """Everything in which structures, tables and penalties differ, as the model's data.

    Parameters
    ----------
    specification
        With ``delta``.
    rows
        See :func:`bayes_scaling.model.rows.make_rows`; coefficients stand at its anchor.
    barrier
        Nats of the barrier between modes that the tilted density keeps.

    Returns
    -------
    dict of str to array or float
        Arrays are padded to one width.
    """
    names = published_names(specification)
    width = max(_WIDTH, len(names))
    units = {name: np.eye(len(names))[:, [position]] for position, name in enumerate(names)}
    coefficients = dict(from_published(specification, units, rows.levels))
    gated = coefficients.pop("log_factor", None) is not None  # the one part that is not linear
    irreducible, terms = loss_parts(coefficients, rows.covariates, rows.index)
    first, second = (_features(term, rows, width) for term in (*terms, 0.0)[:2])
    strength = _strength(specification, rows)
    levels = _levels(specification, rows, strength)
    onto = {name: _onto_levels(name, names, levels, width) for name in _INTERCEPTS}
    taken = [position for position, name in enumerate(names) if any(onto[each][position].any() for each in onto)]
    rest = [position for position in range(len(names)) if position not in taken]
    place = _place(names, rest, levels, width)
    mean = _level_means(levels, rows)
    in_first, in_second = ((mean > 0) @ (part @ place != 0).astype(float) for part in (first, second))
    irreducible_names = [name for name in names if name.startswith(_IRREDUCIBLE) and name != _FACTOR]
    chosen = np.zeros((4, width))
    chosen[range(len(irreducible_names)), [names.index(name) for name in irreducible_names]] = 1
    height = _BARRIER_PER_STRENGTH / _typical_scale(strength)
    two_terms = len(terms) > 1
    return {
        "irreducible_features": _features(irreducible, rows, width) @ chosen.T,
        "irreducible_chosen": chosen,
        "features": np.concatenate([first, second]),
        "gate": rows.index["architecture"] * float(gated),
        "gate_chosen": np.array([float(name == _FACTOR) for name in _padded(names, width)]),
        "two_terms": float(two_terms),
        "middle_first": mean @ first @ place,
        "middle_second": mean @ second @ place,
        "place": place,
        "onto_first": onto["alpha_const"],
        "onto_second": onto["beta_const"],
        "levels_used": (np.arange(3) < len(levels)).astype(float),
        "rest_used": (np.arange(place.shape[1]) < len(rest)).astype(float),
        "rest_in_first": _toll_weights(in_first, in_second) * float(two_terms),
        "rest_in_second": _toll_weights(in_second, in_first) * float(two_terms),
        "reach": _reach(specification, first @ place, second @ place, levels, rows),
        "penalised": (np.arange(width) < len(names)).astype(float),
        "base": np.array([[float(name == each) for name in _padded(names, width)] for each in _INTERCEPTS]),
        "strength": strength,
        "tilt": max(0.0, 1 - barrier / height) if two_terms else 0.0,
        "observed_loss": rows.response,
    }


def _strength(specification: Specification, rows: Rows) -> float:
    """``n delta``, with the number of rows that the penalty was stated for, even where some are left out."""
    assert specification.delta is not None
    return specification.delta * (rows.complete or len(rows.ids))


def _levels(specification: Specification, rows: Rows, strength: float) -> tuple[str, ...]:
    """Groups whose loss level and share are coordinates: each benchmark, or all rows at once."""
    benchmarks = rows.levels["benchmark"]
    grouped = specification.index_of("A") == "benchmark" and PUBLISHED_BASE in benchmarks
    return benchmarks if grouped and _typical_scale(strength) > _WIDE_SCALE else (_ALL,)


def _level_means(levels: tuple[str, ...], rows: Rows) -> Floats:
    """Matrix that averages rows within levels, shape ``(3, n)``; zeros for levels that are not used."""
    means = np.zeros((3, len(rows.ids)))
    for code, level in enumerate(levels):
        inside = np.full(len(rows.ids), True)
        if level != _ALL:
            inside = rows.index["benchmark"] == rows.levels["benchmark"].index(level)
        means[code] = inside / max(inside.sum(), 1)
    return means


def _reach(specification: Specification, first: Floats, second: Floats, levels: tuple[str, ...], rows: Rows) -> Floats:
    """How far each coefficient's feature reaches from the middle of a level, at least a little: root mean square.

    Next to nothing, so that nothing is compressed, where exponents drift: there two nearly collinear slopes are large
    and opposite, and compressing each would bend the line on which they lie.
    """
    if specification.progress.drifts:
        return np.full(first.shape[1], 1e-6)
    means = _level_means(levels, rows)[: len(levels)]
    spread = np.zeros(first.shape[1])
    for part in (first, second):
        away = [(part - mean @ part)[mean > 0] for mean in means]
        spread = np.maximum(spread, np.sqrt(np.mean(np.concatenate(away) ** 2, axis=0)))
    return np.maximum(spread, 0.1)


def _typical_scale(strength: float) -> float:
    return float(penalty_scale(_TYPICAL_SIGMA, 1, strength))


def _padded(names: tuple[str, ...], width: int) -> tuple[str, ...]:
    return names + ("",) * (width - len(names))


def _features(part: Any, rows: Rows, width: int) -> Floats:
    """Matrix of a part of the loss that is linear in the coefficients, from its values at unit vectors."""
    values = np.atleast_2d(part)
    values = np.broadcast_to(values, (values.shape[0], len(rows.ids)))
    return (
        np.pad(values.T, ((0, 0), (0, width - values.shape[0]))) if np.ndim(part) else np.zeros((len(rows.ids), width))
    )


def _place(names: tuple[str, ...], rest: list[int], levels: tuple[str, ...], width: int) -> Floats:
    """Matrix that makes coefficients of the slopes; where levels are benchmarks, a slope by benchmark is its own."""
    place = np.zeros((width, width - len(_INTERCEPTS)))
    place[rest, range(len(rest))] = 1
    for level in set(levels) - {_ALL, PUBLISHED_BASE}:
        for row in rest:
            base = names[row].removesuffix(f"_{level}")
            if base != names[row]:
                place[row, rest.index(names.index(base))] = -1
    return place


def _toll_weights(inside: Floats, elsewhere: Floats) -> Floats:
    """Weight of each level's share in the scale of a slope that only one term has, shape ``(3, slopes)``."""
    alone = inside * (elsewhere.sum(axis=0) == 0)
    return np.asarray(alone / np.maximum(alone.sum(axis=0), np.finfo(float).tiny))


def _onto_levels(intercept: str, names: tuple[str, ...], levels: tuple[str, ...], width: int) -> Floats:
    """Matrix that makes an intercept, and where levels are benchmarks its dummies, of the values at each level."""
    matrix = np.zeros((width, 3))
    if intercept not in names:
        return matrix
    base = levels.index(_ALL if _ALL in levels else PUBLISHED_BASE)
    matrix[names.index(intercept), base] = 1
    for code, level in enumerate(levels):
        if code != base:
            row = names.index(f"{intercept}_{level}")
            matrix[row, [code, base]] = 1, -1
    return matrix


def penalised_draws(data: Mapping[str, Any], values: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """The paper's coefficients, and the weights that lead back from the tilted density to the posterior.

    Parameters
    ----------
    data
        From :func:`design`.
    values
        Draws of the free variables of :func:`bayes_scaling.model.penalised_density.log_density`, each of shape
        ``(..., *shape)``.

    Returns
    -------
    theta : array
        Shape ``(..., width)``; the first are those of :func:`published_names`.
    log_weight : array
        Shape ``(...)``.
    """
    level, share, rest = (values[name] for name in ("level", "share_logit", "rest"))
    onto_one, onto_other = np.logaddexp(0, -share), np.logaddexp(0, share)  # minus the logarithms of a term's share
    toll = onto_one @ data["rest_in_first"] + onto_other @ data["rest_in_second"]
    slopes = np.arcsinh(rest * data["reach"] * np.exp(toll)) / data["reach"]
    first = level - data["two_terms"] * onto_one - slopes @ data["middle_first"].T
    second = level - onto_other - slopes @ data["middle_second"].T
    theta = slopes @ data["place"].T + first @ data["onto_first"].T + second @ data["onto_second"].T
    one, other = (theta @ data["base"][intercept] for intercept in range(2))
    # The penalty on two intercepts is larger than a function that is flat along equal loss by the barrier's height.
    flat = np.logaddexp(one, other) + np.maximum(-one, 0) + np.maximum(-other, 0)
    barrier = np.abs(one) + np.abs(other) - flat
    return theta, -data["tilt"] * barrier / penalty_scale(values["sigma"], 1, data["strength"])


def penalised_start(data: Mapping[str, Any], specification: Specification, rng: np.random.Generator) -> dict[str, Any]:
    """A random start for a chain: any split of a plausible loss, and slopes that do not overflow."""
    ranges = {"level": (1.2, 1.6, 3), "share_logit": (-1.5, 1.5, 3), "rest": (-0.03, 0.03, data["place"].shape[1])}
    start = {name: rng.uniform(low, high, size) for name, (low, high, size) in ranges.items()}
    return start | {"sigma": rng.uniform(*specification.prior_of("sigma").frozen().ppf([0.25, 0.75]))}
