r"""The paper's coefficients under its penalty: one density for all structures, compiled once, in coordinates that mix.

In the paper's coefficients :math:`\theta` every structure reads

.. math:: L = G\theta + F (e^{F_1\theta} + e^{F_2\theta}),

with matrices that follow from the law (:func:`design`), so structures and penalties differ by data alone; ``F`` is 1,
or the transformer's factor. *Its ridge*: the two intercepts trade off along a curve of equal loss. Levels and shares of
the loss at the sample's middle straighten it, and slopes times their term's share, steep ones compressed; the volume of
this change is part of the density. *Its modes*: a strong penalty pulls one or the other intercept to zero, with a
barrier between. NUTS samples a tilted density, in which it is low, and draws carry the weight back (``log_weight``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayes_scaling.common.arrays import Floats
from bayes_scaling.model.coordinates import PUBLISHED_BASE, from_published, penalty_scale, published_names
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import loss_parts
from bayes_scaling.specifications.specification import Specification

SLOPES = 16
"""Coordinates beside levels and shares: of the largest structure in the catalogue, so that one program serves all."""
LEVELS = 3  # levels, and shares, that all structures have; what one does not use is standard normal
_ALL = "all"
_INTERCEPTS = ("alpha_const", "beta_const")
_TYPICAL_SIGMA = 0.22  # nats per token; decides coordinates and tilt only, on which the posterior does not depend
_BARRIER_PER_STRENGTH = 0.36
"""Height of the barrier between the modes in units of 1 / scale of the prior, at losses near 4.5 nats."""
_WIDE_SCALE = 0.2
"""Scale of the prior from which levels are stated by benchmark: below it the penalty's kinks decide, not the data."""


def design(specification: Specification, rows: Rows, barrier: float = 0.0) -> dict[str, Any]:
    """All in which structures, tables and penalties differ, as the data of the density of a specification with delta.

    ``barrier``: what the tilted density keeps of the barrier between modes, nats.
    """
    assert specification.delta is not None
    names = published_names(specification)
    units = dict(zip(names, np.eye(len(names))[..., None], strict=True))
    coefficients = dict(from_published(specification, units, rows.levels))
    gated = coefficients.pop("log_factor", None) is not None  # the one part that is not linear
    parts, terms = loss_parts(coefficients, rows.covariates, rows.index)
    shape = len(names), len(rows.ids)
    irreducible, first, second = (np.broadcast_to(part, shape) for part in (parts, *terms, 0.0)[:3])
    # With the number of rows that the penalty was stated for, even where some are left out.
    strength = specification.delta * (rows.complete or len(rows.ids))
    typical = float(penalty_scale(_TYPICAL_SIGMA, 1, strength))
    grouped = specification.index_of("A") == "benchmark" and PUBLISHED_BASE in rows.levels["benchmark"]
    levels = rows.levels["benchmark"] if grouped and typical > _WIDE_SCALE else (_ALL,)
    onto = [_onto_levels(name, names, levels) for name in _INTERCEPTS]
    rest = [position for position, name in enumerate(names) if not any(each[position].any() for each in onto)]
    place = _place(names, rest, levels)
    mean = _level_means(levels, rows)
    by_slope = first.T @ place, second.T @ place
    in_first, in_second = ((mean > 0) @ (part != 0).astype(float) for part in by_slope)
    two_terms = float(len(terms) > 1)
    return {
        "first": first,
        "second": second,
        "irreducible": irreducible,
        "observed": rows.response,
        "gate": rows.index["architecture"] * float(gated),
        "middle_first": mean @ by_slope[0],
        "middle_second": mean @ by_slope[1],
        "rest_in_first": _toll_weights(in_first, in_second) * two_terms,
        "rest_in_second": _toll_weights(in_second, in_first) * two_terms,
        "place": place,
        "onto_first": onto[0],
        "onto_second": onto[1],
        "reach": _reach(specification, by_slope, mean),
        "gate_chosen": np.array([float(name == "gamma_T") for name in names]),
        "base": np.array([[float(name == each) for name in names] for each in _INTERCEPTS]),
        "two_terms": two_terms,
        "strength": strength,
        "tilt": max(0.0, 1 - barrier * typical / _BARRIER_PER_STRENGTH) * two_terms,
    }


def _level_means(levels: tuple[str, ...], rows: Rows) -> Floats:
    """Matrix that averages rows within levels: each benchmark, or all rows at once."""
    if levels == (_ALL,):
        return np.full((1, len(rows.ids)), 1 / len(rows.ids))
    inside = np.arange(len(levels))[:, None] == rows.index["benchmark"]
    return np.asarray(inside / np.maximum(inside.sum(axis=1, keepdims=True), 1))


def _reach(specification: Specification, by_slope: tuple[Floats, Floats], means: Floats) -> Floats:
    """Where a slope's coordinate is compressed; next to nothing where exponents drift: two slopes there are a line."""
    if specification.progress.drifts:
        return np.full(by_slope[0].shape[1], 1e-6)
    away = [np.concatenate([(part - mean @ part)[mean > 0] for mean in means]) for part in by_slope]
    return np.maximum(np.max([np.sqrt(np.mean(each**2, axis=0)) for each in away], axis=0), 0.1)


def _place(names: tuple[str, ...], rest: list[int], levels: tuple[str, ...]) -> Floats:
    """Matrix that makes coefficients of the slopes; where levels are benchmarks, a slope by benchmark is its own."""
    place = np.eye(len(names))[:, rest]
    for level in set(levels) - {_ALL, PUBLISHED_BASE}:
        for row in rest:
            base = names[row].removesuffix(f"_{level}")
            if base != names[row]:
                place[row, rest.index(names.index(base))] = -1
    return place


def _toll_weights(inside: Floats, elsewhere: Floats) -> Floats:
    """Weight of each level's share in the scale of a slope that only one term has, shape ``(levels, slopes)``."""
    alone = inside * (elsewhere.sum(axis=0) == 0)
    return np.asarray(alone / np.maximum(alone.sum(axis=0), np.finfo(float).tiny))


def _onto_levels(intercept: str, names: tuple[str, ...], levels: tuple[str, ...]) -> Floats:
    """Matrix that makes an intercept, and where levels are benchmarks its dummies, of the values at each level."""
    matrix = np.zeros((len(names), len(levels)))
    if intercept in names:
        base = levels.index(_ALL if _ALL in levels else PUBLISHED_BASE)
        matrix[names.index(intercept), base] = 1
        for code in set(range(len(levels))) - {base}:
            matrix[names.index(f"{intercept}_{levels[code]}"), [code, base]] = 1, -1
    return matrix


def penalised_draws(data: Mapping[str, Any], values: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """The paper's coefficients from draws of what is sampled, and logarithms of weights that undo the tilt."""
    levels, slopes = data["rest_in_first"].shape
    level, share = values["level"][..., :levels], values["share_logit"][..., :levels]
    onto_one, onto_other = np.logaddexp(0, -share), np.logaddexp(0, share)  # minus the logarithms of a term's share
    toll = onto_one @ data["rest_in_first"] + onto_other @ data["rest_in_second"]
    slopes = np.arcsinh(values["rest"][..., :slopes] * data["reach"] * np.exp(toll)) / data["reach"]
    first = level - data["two_terms"] * onto_one - slopes @ data["middle_first"].T
    second = level - onto_other - slopes @ data["middle_second"].T
    theta = slopes @ data["place"].T + first @ data["onto_first"].T + second @ data["onto_second"].T
    one, other = (theta @ data["base"][intercept] for intercept in range(2))
    # The penalty on two intercepts is larger than a function that is flat along equal loss by the barrier's height.
    flat = np.logaddexp(one, other) + np.maximum(-one, 0) + np.maximum(-other, 0)
    barrier = np.abs(one) + np.abs(other) - flat
    return theta, -data["tilt"] * barrier / penalty_scale(values["sigma"], 1, data["strength"])


def penalised_start(specification: Specification, rng: np.random.Generator) -> dict[str, Any]:
    """A random start for a chain: any split of a plausible loss, and slopes that do not overflow."""
    ranges = {"level": (1.2, 1.6, LEVELS), "share_logit": (-1.5, 1.5, LEVELS), "rest": (-0.03, 0.03, SLOPES)}
    start = {name: rng.uniform(low, high, size) for name, (low, high, size) in ranges.items()}
    return start | {"sigma": rng.uniform(*specification.prior_of("sigma").frozen().ppf([0.25, 0.75]))}
