"""From coefficients to the loss of each row: how a specification spreads its coefficients over evaluations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.law import effective_epochs, log_term, loss
from bayes_scaling.specifications.laws import SIZES


@dataclass(frozen=True)
class Added:
    """What a formula adds to a coefficient on its link.

    Parameters
    ----------
    value
        One for each level of ``group``, or for each of ``covariates``, on the last axis.
    group
        Of which each row has a level.
    covariates
        Columns that the values multiply: each its own; or, with a group, one for all levels.
    """

    value: Any
    group: str | None = None
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coefficient:
    """A value of the law, shared by all rows (``group`` None) or one for each level of a group (last axis).

    With ``added``, what a formula adds to it on ``link``.
    """

    value: Any
    group: str | None = None
    link: str = "identity"
    added: tuple[Added, ...] = ()


Coefficients = Mapping[str, Coefficient]
"""Names: ``E``, ``gamma``; for each term ``log_A``, ``alpha``, and of ``alpha_year``, ``g_N``, ``alpha_drift`` those
that the specification has (``log_B``, ``beta``, ``beta_year``, ``g_D``, ``beta_drift`` for data); ``log_factor``, by
architecture, which every term is multiplied by; ``repetition_scale``, by which repeated tokens lose their worth;
``power``, by which the terms are joined (see :func:`bayes_scaling.law.loss`), and 1 where it is not there. Where
``level``, ``share`` and ``irreducible_share`` differ in what they depend on, these in the place of ``E`` and ``log_A``,
``log_B``; ``reducible``, the logarithm of a factor on every term; ``g_N_walk``, what years add to a rate."""


def coefficient_at(
    coefficient: Coefficient, covariates: Mapping[str, Any], index: Mapping[str, Any], xp: ModuleType = np
) -> Any:
    """A coefficient's value at each row, shape ``(..., n)``, or ``(..., 1)`` where all rows share it."""
    value = coefficient.value if coefficient.group is None else coefficient.value[..., index[coefficient.group]]
    if not coefficient.added:
        return value
    total = _FORWARD[coefficient.link](value, xp)
    for added in coefficient.added:
        total = total + _added_at(added, covariates, index, xp)
    return _BACKWARD[coefficient.link](total, xp)


def middle(coefficient: Coefficient, xp: ModuleType = np) -> Any:
    """Geometric mean of a coefficient over its levels."""
    if coefficient.group is None:
        return coefficient.value
    return xp.exp(xp.mean(xp.log(coefficient.value), axis=-1, keepdims=True))


def _added_at(added: Added, covariates: Mapping[str, Any], index: Mapping[str, Any], xp: ModuleType) -> Any:
    if added.group is None:
        parts = [added.value[..., at, None] * covariates[name] for at, name in enumerate(added.covariates)]
        return reduce(lambda one, other: one + other, parts)
    effect = added.value[..., index[added.group]]
    return effect * covariates[added.covariates[0]] if added.covariates else effect


_FORWARD: Mapping[str, Callable[[Any, ModuleType], Any]] = {
    "identity": lambda value, xp: value,
    "log": lambda value, xp: xp.log(value),
    "logit": lambda value, xp: xp.log(value) - xp.log1p(-value),
}
_BACKWARD: Mapping[str, Callable[[Any, ModuleType], Any]] = {
    "identity": lambda value, xp: value,
    "log": lambda value, xp: xp.exp(value),
    "logit": lambda value, xp: 1 / (1 + xp.exp(-value)),
}


def expected_loss(
    coefficients: Coefficients,
    covariates: Mapping[str, Any],
    index: Mapping[str, Any],
    xp: ModuleType = np,
) -> Any:
    """Expected loss of every row, nats per token (in a law of the critical batch size that size, tokens).

    Parameters
    ----------
    coefficients
        Values of shape ``(..., 1)`` where shared and ``(..., levels)`` where grouped; PyTensor scalars and
        vectors do as well.
    covariates
        Columns of :class:`bayes_scaling.model.rows.Rows`, shape ``(n,)``.
    index
        Group to integer codes, shape ``(n,)``.
    xp
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    array or tensor
        Shape ``(..., n)``.
    """
    irreducible, terms = loss_parts(coefficients, covariates, index, xp)
    power = coefficients["power"].value if "power" in coefficients else None
    return loss(irreducible, *terms, power=power, xp=xp)


def loss_parts(
    coefficients: Coefficients, covariates: Mapping[str, Any], index: Mapping[str, Any], xp: ModuleType = np
) -> tuple[Any, tuple[Any, ...]]:
    """Irreducible part of the loss of every row, and the logarithms of its power-law terms.

    Parameters
    ----------
    coefficients, covariates, index, xp
        As for :func:`expected_loss`.

    Returns
    -------
    irreducible : array or tensor
        Nats per token; 0 where the law has none.
    log_terms : tuple of arrays or tensors
        In the order of :data:`bayes_scaling.specifications.laws.SIZES`: of each size that the covariates have.
    """

    def at(name: str) -> Any:
        return coefficient_at(coefficients[name], covariates, index, xp)

    def gained(rate: str, exponent: Any = 1.0) -> Any:
        """Exponent times rate times years; where the rate varies by era, times the years of each era."""
        coefficient = coefficients[rate]
        if coefficient.group != "era":
            growth = at(rate) * covariates["years"]
            if f"{rate}_walk" in coefficients:
                growth = growth + at(f"{rate}_walk")
            return exponent * growth
        before, after = (coefficient.value[..., era, None] for era in range(2))
        return exponent * (before * covariates["years_before"] + after * covariates["years_after"])

    def log_size(size: str) -> Any:
        if size != "tokens" or "repetition_scale" not in coefficients:
            return covariates[f"log_{size}"]
        worth = effective_epochs(1 + covariates["repetitions"], at("repetition_scale"), xp=xp)
        return covariates["log_tokens"] + xp.log(worth)

    def term(size: str) -> Any:
        exponent, rate = SIZES[size].exponent, SIZES[size].rate
        gain: Any = 0.0
        if f"{exponent}_year" in coefficients:
            gain = gained(f"{exponent}_year")
        elif rate in coefficients:
            gain = gained(rate, at(exponent))
        if f"{exponent}_drift" in coefficients:
            gain = gain + at(f"{exponent}_drift") * covariates[f"drift_{size}"]
        factor = sum(at(name) for name in ("log_factor", "reducible") if name in coefficients)
        return log_term(log_coefficient(size) + factor, at(exponent), log_size(size), gain)

    sizes = tuple(size for size in SIZES if f"log_{size}" in covariates)
    if "level" in coefficients:
        irreducible, logs = _parts_of_level(at, "irreducible_share" in coefficients, len(sizes), xp)
        log_coefficient = dict(zip(sizes, logs, strict=True)).__getitem__
    else:
        irreducible = at("E") if "E" in coefficients else 0.0

        def log_coefficient(size: str) -> Any:
            return at(f"log_{SIZES[size].coefficient}")

    if "gamma" in coefficients:
        irreducible = irreducible + at("gamma") * covariates["log_vocabulary"]
    return irreducible, tuple(term(size) for size in sizes)


def _parts_of_level(
    at: Callable[[str], Any], has_irreducible: bool, terms: int, xp: ModuleType
) -> tuple[Any, list[Any]]:
    """Irreducible loss and the logarithm of each term at the central point, row by row."""
    level = at("level")
    irreducible = at("irreducible_share") * level if has_irreducible else 0.0
    log_reducible = xp.log(level - irreducible)
    if terms == 1:
        return irreducible, [log_reducible]
    share = at("share")
    return irreducible, [log_reducible + xp.log(share), log_reducible + xp.log1p(-share)]
