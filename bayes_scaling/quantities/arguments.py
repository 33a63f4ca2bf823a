"""Arguments of quantities: systems by name, and numbers and dates that are checked before anything is computed."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.systems import HO2024_SYSTEMS, System
from bayes_scaling.quantities.laws import Laws

COMPUTE = "compute (FLOP)"
LEAST_COMPUTE = 1e6  # some hundred parameters on a thousand tokens
YEARS_BEFORE_DATA = 5.0  # how far before its first fitted system a law is still evaluated; a convention


def resolve_system(system: System | str) -> System:
    """A system as it is, or by its name in :data:`bayes_scaling.HO2024_SYSTEMS`."""
    if isinstance(system, str):
        if system not in HO2024_SYSTEMS:
            raise BayesScalingError(
                f"system {system!r} is unknown; valid choices: {', '.join(HO2024_SYSTEMS)}, "
                "or a System with its parameters, tokens and date"
            )
        return HO2024_SYSTEMS[system]
    if not isinstance(system, System):
        raise BayesScalingError(f"a system is needed, or the name of one, not {type(system).__name__}")
    for what in ("parameters", "tokens"):
        positive(getattr(system, what), f"{what} of {system.name}")
    return system


def resolve_systems(systems: System | str | Iterable[System | str]) -> tuple[System, ...]:
    """One system or several, by :func:`resolve_system`."""
    given = (systems,) if isinstance(systems, (System, str)) else tuple(systems)
    if not given:
        raise BayesScalingError(f"at least one system is needed, for instance one of: {', '.join(HO2024_SYSTEMS)}")
    return tuple(resolve_system(system) for system in given)


def positive(values: Any, name: str, *, or_zero: bool = False) -> Floats:
    """Numbers as an array, refused unless all are finite and above 0 (or not below)."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise BayesScalingError(f"{name} must be a number or an array of numbers, not {values!r}") from None
    bad = array[~(np.isfinite(array) & ((array >= 0) if or_zero else (array > 0)))]
    if bad.size:
        raise BayesScalingError(
            f"{name} must be {'0 or more' if or_zero else 'above 0'} and finite, not {bad.flat[0]:g}"
        )
    return array


def axis_of(values: Any, name: str, *, or_zero: bool = False) -> Floats:
    """As :func:`positive`, refused unless it is one number or a non-empty one-dimensional sequence."""
    array = positive(values, name, or_zero=or_zero)
    if array.ndim > 1 or array.size == 0:
        raise BayesScalingError(f"{name} must be one number or a non-empty list of them, not shape {array.shape}")
    return array


def budgets_of(compute: Any) -> Floats:
    """One training compute or several, by :func:`axis_of`; powers of ten without their ten are refused."""
    budgets = axis_of(compute, COMPUTE)
    if budgets.min() < LEAST_COMPUTE:
        raise BayesScalingError(
            f"{COMPUTE} is {budgets.min():g}, less than any model takes; write budgets in full, such as 1e24"
        )
    return budgets


def check_years(laws: Laws, years: Any) -> None:
    """Refuse dates long before the first system that was fitted; later ones are what predictions are asked for."""
    if laws.systems.empty:
        return
    first, earliest = float(laws.systems["year"].min()), float(np.min(years))
    if earliest < first - YEARS_BEFORE_DATA:
        raise BayesScalingError(
            f"year {earliest:.1f} is more than {YEARS_BEFORE_DATA:g} years before the first fitted system "
            f"({first:.1f}), where these data say nothing; choose {first - YEARS_BEFORE_DATA:.1f} or later"
        )
