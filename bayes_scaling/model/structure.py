"""From coefficients to the loss of each row: how a specification spreads its coefficients over evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.law import effective_epochs, log_term, loss
from bayes_scaling.specifications.laws import SIZES
from bayes_scaling.specifications.specification import Group


@dataclass(frozen=True)
class Coefficient:
    """A value of the law, shared by all rows (``group`` None) or one for each level of a group (last axis)."""

    value: Any
    group: Group | None = None


Coefficients = Mapping[str, Coefficient]
"""Names: ``E``, ``gamma``; for each term ``log_A``, ``alpha``, and of ``alpha_year``, ``g_N``, ``alpha_drift`` those
that the specification has (``log_B``, ``beta``, ``beta_year``, ``g_D``, ``beta_drift`` for data); ``log_factor``, by
architecture, which every term is multiplied by; ``repetition_scale``, by which repeated tokens lose their worth;
``power``, by which the terms are joined (see :func:`bayes_scaling.law.loss`), and 1 where it is not there."""


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
        coefficient = coefficients[name]
        return coefficient.value if coefficient.group is None else coefficient.value[..., index[coefficient.group]]

    def gained(rate: str, exponent: Any = 1.0) -> Any:
        """Exponent times rate times years; where the rate varies by era, times the years of each era."""
        coefficient = coefficients[rate]
        if coefficient.group != "era":
            return exponent * at(rate) * covariates["years"]
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
        factor = at("log_factor") if "log_factor" in coefficients else 0.0
        return log_term(at(f"log_{SIZES[size].coefficient}") + factor, at(exponent), log_size(size), gain)

    irreducible = at("E") if "E" in coefficients else 0.0
    if "gamma" in coefficients:
        irreducible = irreducible + at("gamma") * covariates["log_vocabulary"]
    return irreducible, tuple(term(size) for size in SIZES if f"log_{size}" in covariates)
