"""From coefficients to the loss of each row: how a specification spreads its coefficients over evaluations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.law.formula import effective_epochs, log_term, loss
from bayes_scaling.specifications.laws import SIZES
from bayes_scaling.specifications.parameters import OVERFITTING
from bayes_scaling.specifications.tuning import BEST, CURVATURE, by_size

_BEYOND = 50.0  # log of times the best parameters from which more are worth nothing, whatever the scale
_NO_PASS = 1e-9  # repetitions whose logarithm is taken where there are none


@dataclass(frozen=True)
class Added:
    """What a formula adds to a coefficient on its link: one for each level of a group, times covariates, or both.

    ``columns``: name under which ``index`` has the one covariate of each row that is not 0, where there is but one.
    ``matrix``: name under which covariates have all columns of a smooth term, in place of one name for each.
    ``departs``: whether it is by how much the loss departs from the law over sizes.
    """

    value: Any
    group: str | None = None
    covariates: tuple[str, ...] = ()
    columns: str = ""
    matrix: str = ""
    departs: bool = False


@dataclass(frozen=True)
class Coefficient:
    """A value of the law, shared by all rows (``group`` None) or one for each level of a group (last axis).

    ``added``: what a formula adds on ``link``. ``years``: for a rate in parts (its last axis), the
    covariate that counts the years of each.
    """

    value: Any
    group: str | None = None
    link: str = "identity"
    added: tuple[Added, ...] = ()
    years: tuple[str, ...] = ()


Arrays = Mapping[str, Any]
Coefficients = Mapping[str, Coefficient]
"""By name, those that the specification has:

- ``E``, ``gamma``;
- for each term ``log_A``, ``alpha``, ``alpha_year``, ``g_N``, ``alpha_drift`` (for data ``log_B``, ``beta``, ...);
- ``log_factor``, by architecture, and ``reducible``: logarithms of factors on every term; ``loss``: of one on all;
- ``repetition_scale``, ``excess_scale``, by which repeated tokens and excess parameters lose their worth, and those
  of :data:`OVERFITTING`;
- of each column that can be tuned those of :mod:`bayes_scaling.specifications.tuning`;
- ``power``, by which terms are joined (:func:`bayes_scaling.law.formula.loss`), 1 if it is not there;
- ``level``, ``share``, ``irreducible_share`` in place of ``E``, ``log_A``, ``log_B`` where they depend on different
  columns.
"""


def coefficient_at(coefficient: Coefficient, covariates: Arrays, index: Arrays, xp: ModuleType = np) -> Any:
    """A coefficient's value at each row, shape ``(..., n)``, or ``(..., 1)`` where all rows share it."""
    value = coefficient.value if coefficient.group is None else coefficient.value[..., index[coefficient.group]]
    if not coefficient.added:
        return value
    forward, backward = _LINKS[coefficient.link]
    total = forward(value, xp)
    for added in coefficient.added:
        total = total + _added_at(added, covariates, index, xp)
    return backward(total, xp)


def middle(coefficient: Coefficient, xp: ModuleType = np) -> Any:
    """Geometric mean of a coefficient over its levels."""
    if coefficient.group is None:
        return coefficient.value
    return xp.exp(xp.mean(xp.log(coefficient.value), axis=-1, keepdims=True))


def grown(coefficient: Coefficient, covariates: Arrays, index: Arrays, xp: ModuleType = np) -> Any:
    """What a rate has added up to at each row: rate times years, of each of its parts."""
    years = coefficient.years
    if not years:
        return coefficient_at(coefficient, covariates, index, xp) * covariates["years"]
    return _added_at(Added(coefficient.value, covariates=years), covariates, index, xp)


def log_parts(level: Any, irreducible: Any, share: Any = None, power: Any = 1.0, xp: ModuleType = np) -> list[Any]:
    """Logarithms of terms that add up to the level less its irreducible part; ``share``: the first's, under a power."""
    reducible = xp.log(level - irreducible)
    if share is None:
        return [reducible]
    return [reducible + power * xp.log(share), reducible + power * xp.log1p(-share)]


def _added_at(added: Added, covariates: Arrays, index: Arrays, xp: ModuleType) -> Any:
    if added.matrix:
        columns = covariates[added.matrix]
        return (
            added.value @ columns.T if xp is np else (columns * added.value).sum(axis=-1)
        )  # compiled in half the time
    if added.columns in index:  # one product for each row, however many columns there are
        return added.value[..., index[added.columns]] * covariates[added.columns]
    if added.group is None:
        return reduce(add, (added.value[..., at, None] * covariates[name] for at, name in enumerate(added.covariates)))
    effect = added.value[..., index[added.group]]
    return effect * covariates[added.covariates[0]] if added.covariates else effect


_LINKS: Mapping[str, tuple[Callable[[Any, ModuleType], Any], Callable[[Any, ModuleType], Any]]] = {
    "identity": (lambda value, xp: value, lambda value, xp: value),
    "log": (lambda value, xp: xp.log(value), lambda value, xp: xp.exp(value)),
    "logit": (lambda value, xp: xp.log(value) - xp.log1p(-value), lambda value, xp: 1 / (1 + xp.exp(-value))),
}
"""Each link and its inverse."""


def expected_loss(coefficients: Coefficients, covariates: Arrays, index: Arrays, xp: ModuleType = np) -> Any:
    """Expected loss of every row, ``(..., n)``, nats per token; of the critical batch size in a law of it, tokens."""
    irreducible, terms = loss_parts(coefficients, covariates, index, xp)
    power = coefficients["power"].value if "power" in coefficients else None
    return loss(irreducible, *terms, power=power, xp=xp)


def loss_parts(
    coefficients: Coefficients, covariates: Arrays, index: Arrays, xp: ModuleType = np
) -> tuple[Any, tuple[Any, ...]]:
    """Irreducible part of the loss of every row, and the logarithms of its power-law terms, in the order of SIZES."""

    def at(name: str) -> Any:
        return coefficient_at(coefficients[name], covariates, index, xp)

    def log_size(size: str) -> Any:
        given = covariates[f"log_{size}"]
        if size == "tokens" and "repetition_scale" in coefficients:
            return given + xp.log(effective_epochs(1 + covariates["repetitions"], at("repetition_scale"), xp=xp))
        if size == "parameters" and "excess_scale" in coefficients:  # none, where alpha A / N^alpha = beta B / U^beta
            fresh = log_term(logs[1], at("beta"), covariates["log_tokens"])
            best = (xp.log(at("alpha")) + logs[0] - xp.log(at("beta")) - fresh) / at("alpha")
            excess = xp.maximum(given - best, 0)
            times = xp.exp(xp.minimum(excess, _BEYOND))
            return given - excess + xp.log(effective_epochs(times, at("excess_scale"), xp=xp))
        return given

    def term(size: str, log_coefficient: Any) -> Any:
        exponent, rate = SIZES[size].exponent, SIZES[size].rate
        gain: Any = 0.0
        if f"{exponent}_year" in coefficients:
            gain = grown(coefficients[f"{exponent}_year"], covariates, index, xp)
        elif rate in coefficients:
            gain = at(exponent) * grown(coefficients[rate], covariates, index, xp)
        if f"{exponent}_drift" in coefficients:
            gain = gain + at(f"{exponent}_drift") * covariates[f"drift_{size}"]
        factor = sum(at(name) for name in ("log_factor", "reducible", "loss") if name in coefficients)
        return log_term(log_coefficient + factor + untuned, at(exponent), log_size(size), gain)

    sizes = tuple(size for size in SIZES if f"log_{size}" in covariates)
    untuned: Any = 0.0
    for column in (name.removesuffix("_best") for name in coefficients if name.endswith("_best")):
        if f"log_{column}" in covariates:  # else the run has the best value
            best = xp.log(at(BEST.format(column)))
            best = best + sum(at(by_size(column, size)) * covariates[f"log_{size}"] for size in sizes)
            untuned = untuned + at(CURVATURE.format(column)) * (covariates[f"log_{column}"] - best) ** 2
    irreducible = at("E") if "E" in coefficients else 0.0
    if "level" in coefficients:
        level, share = at("level"), at("share") if "share" in coefficients else None
        irreducible = at("irreducible_share") * level if "irreducible_share" in coefficients else 0.0
        logs = log_parts(level, irreducible, share, xp=xp)
    else:
        logs = [at(f"log_{SIZES[size].coefficient}") for size in sizes]
    if "gamma" in coefficients:
        irreducible = irreducible + at("gamma") * covariates["log_vocabulary"]
    if "overfitting" in coefficients:
        base, with_repetitions, with_size = map(at, OVERFITTING)
        repetitions = covariates["repetitions"]
        passes = with_repetitions * xp.log(xp.maximum(repetitions, _NO_PASS))
        penalty = xp.exp(xp.log(base) + passes + with_size * covariates["log_parameters_per_token"])
        irreducible = irreducible + xp.where(repetitions > 0, penalty, 0.0)
    if "loss" in coefficients:
        irreducible = irreducible * xp.exp(at("loss"))
    return irreducible, tuple(term(size, each) for size, each in zip(sizes, logs, strict=True))
