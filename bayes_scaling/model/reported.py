"""Quantities that are read off a model's coefficients under the field's names: E, A, B, exponents, rates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.law import training_compute
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS, Cells
from bayes_scaling.model.rows import Anchor, anchor_of, central_anchor
from bayes_scaling.model.structure import Coefficient, Coefficients, coefficient_at
from bayes_scaling.specifications.formulas import REDUCIBLE
from bayes_scaling.specifications.specification import Specification

RATES = ("g_N", "g_D", "g_C")
"""Progress rates, log units per year: of parameters, data and effective compute."""


@dataclass(frozen=True)
class Quantity:
    """A value over none or some groups, its dimensions."""

    value: Any
    dims: tuple[str, ...] = ()


def reported_quantities(
    specification: Specification,
    coefficients: Coefficients,
    levels: Mapping[str, tuple[str, ...]],
    *,
    samples: bool = False,
    cells: Mapping[str, Cells] | None = None,
    anchor: Anchor | None = None,
) -> dict[str, Quantity]:
    """What a posterior reports beside the sampled parameters.

    Parameters
    ----------
    coefficients
        PyTensor scalars and vectors; or, with ``samples``, arrays of shape ``(1, S)`` and ``(levels, S)``: draws on
        the last axis.

    Returns
    -------
    dict of str to Quantity
        ``E``; ``A`` and ``B`` of the field's form ``A / N_eff**alpha`` with sizes in parameters and tokens (FLOP in
        a compute law) and ``N_eff = N`` in 2018 (or the pivot's year); ``alpha``, ``beta``; ``g_N``, ``g_D``, ``g_C``
        as far as the specification has them. With drifting exponents the rates are those at the central point, and
        ``A`` and ``B``, which would hold for one date only, are left out. ``transformer_factor`` where there is one;
        ``A`` and ``B`` are then those of other architectures. Of a static law, ``a = beta / (alpha + beta)``: the
        parameters of a compute-optimal model grow as compute to this power (Hoffmann et al. 2022, eq. 4), also by
        Kaplan's joint law, since what stands under its power has exponents ``alpha / beta`` and 1. Of laws for runs,
        and of a static law of compute, without ``E``: Kaplan's scales ``N_c``, ``D_c``, ``C_c``, ``S_c``, the size at
        which a term alone is 1 nat per token (Kaplan et al. 2020, eq. 1.1 to 1.6). Of a law of the critical batch size
        ``B_star`` (tokens) in the place of ``A``, and ``alpha_B = 1 / alpha`` (eq. 1.4).
    """
    xp = np if samples else _tensors()
    found = {name: _quantity(each) for name, each in at_cells(coefficients, cells or {}, xp).items()}
    if "level" in found:
        found |= _parts_of_level(specification, found, xp)
    direct = ("E", "alpha", "beta", "level", "share", "irreducible_share", "sigma")
    reported: dict[str, Quantity] = {name: found[name] for name in direct if name in found}
    reported |= _rates(specification, found, levels, samples)
    law = specification.form
    if specification.delta is None and specification.progress.exponents == "none":
        anchors = _log_anchors(specification, levels, anchor or anchor_of(specification), samples)
        for term in law.terms:
            log_centre, exponent = found[f"log_{term.coefficient}"], found[term.exponent]
            at_one = _at_size_one(log_centre, exponent, anchors[term.size], xp)
            if law.response == "critical_batch":
                reported |= {term.scale: at_one, "alpha_B": _combine(lambda power: 1 / power, exponent)}
                continue
            reported[term.coefficient] = at_one
            if has_scales(specification):
                reported[term.scale] = _scale(log_centre, exponent, anchors[term.size], xp)
    if law.splits and specification.delta is None and not specification.progresses:
        reported["a"] = _combine(lambda alpha, beta: beta / (alpha + beta), found["alpha"], found["beta"])
    if "log_factor" in found:
        log_factor = found["log_factor"].value[ARCHITECTURE_LEVELS.index("transformer")]
        reported["transformer_factor"] = Quantity(xp.exp(log_factor))
    return reported


def at_cells(coefficients: Coefficients, cells: Mapping[str, Cells], xp: ModuleType = np) -> dict[str, Coefficient]:
    """Coefficients with a formula at the points at which they are reported, without effects of pooled groups."""
    found = {}
    for name, each in coefficients.items():
        if name.endswith("_walk"):
            continue
        if name in cells:
            walk = coefficients[f"{name}_walk"].added if f"{name}_walk" in coefficients else ()
            fixed = replace(each, added=(*(added for added in each.added if added.group is None), *walk))
            at = cells[name]
            value = coefficient_at(fixed, at.covariates, at.index, xp)
            found[name] = Coefficient(value, at.group)
        elif name != REDUCIBLE:
            found[name] = each
    return found


def _parts_of_level(s: Specification, found: Mapping[str, Quantity], xp: ModuleType) -> dict[str, Quantity]:
    """E, and the logarithm of each term at the central point, over all that level and shares are over."""
    level, parts = found["level"], {}
    log_reducible = _combine(lambda level: xp.log(level), level)
    if "irreducible_share" in found:
        parts["E"] = _combine(lambda share, level: share * level, found["irreducible_share"], level)
        log_reducible = _combine(lambda level, E: xp.log(level - E), level, parts["E"])
    terms = s.form.terms
    shares = (lambda share: xp.log(share), lambda share: xp.log1p(-share))
    for term, log_share in zip(terms, shares, strict=False):
        name = f"log_{term.coefficient}"
        if len(terms) == 1:
            parts[name] = log_reducible
        else:
            parts[name] = _combine(lambda log, share, f=log_share: log + f(share), log_reducible, found["share"])
    return parts


def _quantity(coefficient: Coefficient) -> Quantity:
    if coefficient.group is not None:
        return Quantity(coefficient.value, (coefficient.group,))
    value = coefficient.value
    return Quantity(value[0] if getattr(value, "ndim", 0) else value)


def _rates(
    specification: Specification,
    found: Mapping[str, Quantity],
    levels: Mapping[str, tuple[str, ...]],
    samples: bool,
) -> dict[str, Quantity]:
    """A rate is what a year takes off a term's logarithm over what a log unit of size takes off it."""
    rates: dict[str, Quantity] = {}
    for term in specification.form.terms:
        exponent, rate = term.exponent, term.rate
        parts = []
        if f"{exponent}_year" in found:
            parts.append(_combine(lambda year, power: year / power, found[f"{exponent}_year"], found[exponent]))
        elif rate in found:
            parts.append(found[rate])
        if f"{exponent}_drift" in found:
            distance = _pivot_distance(specification, levels, term.size, samples)
            drift = found[f"{exponent}_drift"]
            parts.append(_combine(lambda d, power, size: d * size / power, drift, found[exponent], distance))
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


def _log_anchors(
    specification: Specification, levels: Mapping[str, tuple[str, ...]], anchor: Anchor, samples: bool
) -> dict[str, Quantity]:
    """Logarithms of the sizes of a point, tokens and compute by benchmark where A is; with an axis for draws if any."""
    if specification.index_of("A") == "benchmark":
        log_n, by_benchmark = anchor.log_sizes(levels["benchmark"])
        log_d = Quantity(by_benchmark[:, None] if samples else by_benchmark, ("benchmark",))
    else:
        log_n = float(np.log(anchor.parameters))
        log_d = Quantity(float(np.log(anchor.common_tokens)))
    return {
        "parameters": Quantity(log_n),
        "tokens": log_d,
        "compute": _combine(lambda d: np.log(training_compute(np.exp(log_n), np.exp(d))), log_d),
        "least_steps": Quantity(float(np.log(anchor.least_steps))),
        "loss": Quantity(float(np.log(anchor.loss))),
    }


def _pivot_distance(
    specification: Specification, levels: Mapping[str, tuple[str, ...]], size: str, samples: bool
) -> Quantity:
    """Log distance of the central point from the pivot of drifting exponents, in parameters or in tokens."""
    at_pivot = np.float64(getattr(specification.pivot, size))
    here = _log_anchors(specification, levels, central_anchor(specification), samples)[size]
    return _combine(lambda x: x - np.log(at_pivot), here)


def _scale(log_at_centre: Quantity, exponent: Quantity, log_centre: Quantity, xp: ModuleType) -> Quantity:
    """The size at which a term is 1: ``ln(X_c) = ln(X) + ln(term) / exponent``."""
    return _combine(lambda log_a, power, size: xp.exp(size + log_a / power), log_at_centre, exponent, log_centre)


def _at_size_one(log_at_centre: Quantity, exponent: Quantity, log_centre: Quantity, xp: ModuleType) -> Quantity:
    return _combine(lambda log_a, power, size: xp.exp(log_a + power * size), log_at_centre, exponent, log_centre)


def _combine(operation: Callable[..., Any], *quantities: Quantity) -> Quantity:
    """Apply an operation over the union of the quantities' dimensions."""
    dims = tuple(dict.fromkeys(dim for quantity in quantities for dim in quantity.dims))
    return Quantity(operation(*(_spread(quantity, dims) for quantity in quantities)), dims)


def _spread(quantity: Quantity, dims: tuple[str, ...]) -> Any:
    if not quantity.dims or quantity.dims == dims:
        return quantity.value
    order = [quantity.dims.index(dim) for dim in dims if dim in quantity.dims]
    if order != sorted(order):
        further = range(len(order), np.ndim(quantity.value))  # draws, on the last axis
        return _spread(
            Quantity(quantity.value.transpose(*order, *further), tuple(quantity.dims[at] for at in order)), dims
        )
    return quantity.value[tuple(slice(None) if dim in quantity.dims else None for dim in dims)]


def _tensors() -> ModuleType:
    """PyTensor, which takes seconds to import, only for models."""
    import pytensor.tensor as pt

    return pt  # type: ignore[no-any-return]
