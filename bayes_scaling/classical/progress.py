"""Rates of progress from coefficients of the law, as numbers or as arrays of bootstrap draws."""

from collections.abc import Mapping
from itertools import product
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import require_choice
from bayes_scaling.model.structure import Coefficients
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR, months_to_double
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.sections import GROUPS_OF_RATES

FACTOR_OF: Mapping[str, str] = {rate: factor for factor, rate in RATE_OF.items()}
"""Each rate with the factor whose effective size it doubles."""

EVERYWHERE = "all"  # name of the one level of rates that do not vary by a group

UNITS: Mapping[str, float] = {"months": 1, "years": MONTHS_PER_YEAR}  # each unit of time with its length in months


def progress_rates(
    coefficients: Coefficients, levels: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], dict[str, Floats]]:
    """Labels of levels, and ``g_N``, ``g_D``, ``g_C``, log units per year (Ho et al. 2024, eq. 4-6), ``(..., labels)``.

    0 for a factor that the law holds constant; NaN for one that it does not have (parameters and data under law
    ``compute``), for both under exponents that drift, and where exponent and decline are both 0.
    """
    terms = {"g_C": "alpha"} if "log_B" not in coefficients else {"g_N": "alpha", "g_D": "beta"}
    moving = [name for term in terms.values() if f"{term}_year" in coefficients for name in (term, f"{term}_year")]
    groups = [group for group in GROUPS_OF_RATES if any(coefficients[name].group == group for name in moving)]
    cells = list(product(*(range(len(levels[group])) for group in groups)))
    named = ([levels[group][code] for group, code in zip(groups, cell, strict=True)] for cell in cells)
    labels = tuple(", ".join(each) or EVERYWHERE for each in named)
    codes = {group: np.array([cell[i] for cell in cells]) for i, group in enumerate(groups)}

    def at(name: str) -> Any:
        coefficient = coefficients[name]
        return coefficient.value if coefficient.group is None else coefficient.value[..., codes[coefficient.group]]

    def rate(term: str) -> Any:
        if f"{term}_drift" in coefficients:
            return np.nan
        if f"{term}_year" not in coefficients:
            return 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.divide(at(f"{term}_year"), at(term))

    found = {name: rate(term) for name, term in terms.items()}
    if "g_C" not in found:
        with np.errstate(invalid="ignore"):
            found["g_C"] = found["g_N"] + found["g_D"]
    shape = (*np.shape(coefficients["log_A"].value)[:-1], len(labels))
    return labels, {name: np.array(np.broadcast_to(found.get(name, np.nan), shape), dtype=float) for name in FACTOR_OF}


def rate_table(coefficients: Coefficients, levels: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, float]]:
    """Rates of one set of coefficients: ``g_N``, ``g_D``, ``g_C`` to level to log units per year."""
    labels, rates = progress_rates(coefficients, levels)
    return {name: dict(zip(labels, map(float, np.ravel(values)), strict=True)) for name, values in rates.items()}


class _HasRates(Protocol):
    @property
    def rates(self) -> Mapping[str, Mapping[str, float]]: ...


def doubling_times(self: _HasRates, unit: str = "months") -> pd.DataFrame:
    r"""Doubling times of effective parameters, data and compute.

    .. math:: T_N = \ln 2 / g_N, \qquad T_D = \ln 2 / g_D, \qquad T_C = \ln 2 / (g_N + g_D)

    Parameters
    ----------
    unit
        ``"months"`` or ``"years"``.

    Returns
    -------
    DataFrame
        Index ``parameters``, ``data``, ``compute``; one column for each level of ``rates``. Infinite where the
        rate is not positive, NaN where there is no rate.

    Raises
    ------
    BayesScalingError
        If the unit is unknown.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> HO2024_MODEL_7.doubling_times("years").round(2)["all"].to_dict()
    {'parameters': 11.97, 'data': 0.77, 'compute': 0.72}
    """
    require_choice("unit", unit, UNITS)
    table = pd.DataFrame(
        {
            FACTOR_OF[name]: {level: float(months_to_double(rate)) / UNITS[unit] for level, rate in by_level.items()}
            for name, by_level in self.rates.items()
        }
    ).T
    table.attrs = {"unit": unit}
    return table
