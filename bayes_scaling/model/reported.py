"""Quantities that are read off a model's coefficients under the field's names: E, A, B, exponents, rates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS, Cells
from bayes_scaling.model.rows import Anchor, anchor_of, central_anchor
from bayes_scaling.model.structure import Coefficient, Coefficients, coefficient_at, grown, log_parts
from bayes_scaling.specifications.formulas import LOSS_FACTORS
from bayes_scaling.specifications.progress import RATE_OF, Levels
from bayes_scaling.specifications.specification import Specification

RATES = tuple(RATE_OF.values())  # progress rates, log units per year: of parameters, data and effective compute


@dataclass(frozen=True)
class Quantity:
    """A value over none or some groups, its last dimensions."""

    value: Any
    dims: tuple[str, ...] = ()


def reported_quantities(
    specification: Specification,
    coefficients: Coefficients,
    levels: Levels,
    *,
    cells: Mapping[str, Cells] | None = None,
    anchor: Anchor | None = None,
    xp: ModuleType = np,
) -> dict[str, Quantity]:
    """What a posterior reports beside what is sampled: coefficients of the field's form, rates, Kaplan's scales.

    ``A`` and ``B`` are at sizes of 1 (parameters, tokens, FLOP) and in 2018, or the pivot's year; there are none where
    exponents drift. ``a = beta / (alpha + beta)``: optimal parameters grow as compute to this power (Hoffmann et al.
    2022, eq. 4), also by Kaplan's joint law. ``N_c`` and its like: where a term alone is 1 nat per token (Kaplan et al.
    2020, eq. 1.1 to 1.6); ``B_star`` and ``alpha_B = 1 / alpha``: eq. 1.4.
    """
    s, law = specification, specification.form
    found = {name: _quantity(each) for name, each in at_cells(coefficients, cells or {}, xp).items()}
    if "level" in found:
        found |= _parts_of_level(s, found, xp)
    direct = ("E", "alpha", "beta", "level", "share", "irreducible_share", "sigma")
    reported: dict[str, Quantity] = {name: found[name] for name in direct if name in found}
    reported |= _rates(s, found, levels)
    terms = law.terms if s.delta is None and not s.progress.drifts else ()  # else there is no A for all dates
    for term in terms:
        log_centre, exponent = found[f"log_{term.coefficient}"], found[term.exponent]
        size = _quantity((anchor or anchor_of(s)).log_size(term.size, s.index_of("A"), levels))
        at_one = _combine(lambda log_a, power, size: xp.exp(log_a + power * size), log_centre, exponent, size)
        if law.response == "critical_batch":
            reported |= {term.scale: at_one, "alpha_B": _combine(lambda power: 1 / power, exponent)}
            continue
        reported[term.coefficient] = at_one
        if has_scales(s):  # where a term is 1
            of_one = _combine(lambda log_a, power, size: xp.exp(size + log_a / power), log_centre, exponent, size)
            reported[term.scale] = of_one
    if law.splits and s.delta is None and not s.progresses and not {"alpha", "beta"} & set(s.tied):  # where it is 1/2
        reported["a"] = _combine(lambda alpha, beta: beta / (alpha + beta), found["alpha"], found["beta"])
    if "log_factor" in found:
        log_factor = found["log_factor"].value[..., ARCHITECTURE_LEVELS.index("transformer")]
        reported["transformer_factor"] = Quantity(xp.exp(log_factor))
    return reported


def at_cells(coefficients: Coefficients, cells: Mapping[str, Cells], xp: ModuleType = np) -> dict[str, Coefficient]:
    """Coefficients with a formula at the points at which they are reported, without effects of pooled groups."""
    found = {}
    for name, each in coefficients.items():
        if name in cells:
            at = cells[name]
            fixed = replace(each, added=tuple(added for added in each.added if added.group is None))
            value = (grown if each.years else coefficient_at)(fixed, at.covariates, at.index, xp)
            found[name] = Coefficient(value, at.group)
        elif name not in LOSS_FACTORS:
            found[name] = each
    return found


def _parts_of_level(s: Specification, found: Mapping[str, Quantity], xp: ModuleType) -> dict[str, Quantity]:
    """E, and the logarithm of each term at the central point, over all that level and shares are over."""
    level, parts = found["level"], {"E": Quantity(0.0)}
    if "irreducible_share" in found:
        parts["E"] = _combine(lambda share, level: share * level, found["irreducible_share"], level)
    share = [found["share"]] if "share" in found else []
    for position, term in enumerate(s.form.terms):
        parts[f"log_{term.coefficient}"] = _combine(
            lambda level, E, share=None, at=position: log_parts(level, E, share, xp=xp)[at], level, parts["E"], *share
        )
    return {name: each for name, each in parts.items() if name != "E" or s.has_irreducible}


def _quantity(coefficient: Coefficient) -> Quantity:
    if coefficient.group is not None:
        return Quantity(coefficient.value, (coefficient.group,))
    value = coefficient.value
    return Quantity(value[..., 0] if getattr(value, "ndim", 0) else value)


def _rates(s: Specification, found: Mapping[str, Quantity], levels: Levels) -> dict[str, Quantity]:
    """A rate is what a year takes off a term's logarithm over what a log unit of size takes off it."""
    rates: dict[str, Quantity] = {}
    for term in s.form.terms:
        exponent, rate = found[term.exponent], term.rate
        parts = [found[rate]] if rate in found else []
        if f"{term.exponent}_year" in found:
            parts = [_combine(lambda year, power: year / power, found[f"{term.exponent}_year"], exponent)]
        if f"{term.exponent}_drift" in found:  # by how far the central point is from the pivot
            here = _quantity(central_anchor(s).log_size(term.size, s.index_of("A"), levels))
            away = replace(here, value=here.value - np.log(np.float64(getattr(s.pivot, term.size))))
            drift = found[f"{term.exponent}_drift"]
            parts.append(_combine(lambda drift, power, away: drift * away / power, drift, exponent, away))
        if parts:
            rates[rate] = _combine(lambda *each: sum(each), *parts)
    if rates and "g_C" not in rates:
        rates["g_C"] = _combine(lambda *each: sum(each), *rates.values())
    return rates


def has_scales(specification: Specification) -> bool:
    """Whether a posterior has Kaplan's scales: each term alone must be able to be the loss, at any date and group."""
    s = specification
    static = not s.progresses and not s.varies_by and s.transformer_factor == "none"
    kaplans = s.form.for_runs or s.form.of_compute
    return kaplans and static and not s.has_irreducible and s.data.vocabulary == "ignored" and s.delta is None


def _combine(operation: Callable[..., Any], *quantities: Quantity) -> Quantity:
    """Apply an operation over the union of the quantities' dimensions."""
    dims = tuple(dict.fromkeys(dim for quantity in quantities for dim in quantity.dims))
    return Quantity(operation(*(_spread(quantity, dims) for quantity in quantities)), dims)


def _spread(quantity: Quantity, dims: tuple[str, ...]) -> Any:
    value, order = quantity.value, [quantity.dims.index(dim) for dim in dims if dim in quantity.dims]
    draws = np.ndim(value) - len(order)  # whose axes come before
    if quantity.dims == dims or not np.ndim(value):
        return value
    if order != sorted(order):
        value = value.transpose(*range(draws), *(draws + at for at in order))
    return value[(..., *(slice(None) if dim in quantity.dims else None for dim in dims))]
