r"""The doubling time of effective compute by its meaning: how long until time does what twice the compute does.

The loss of an optimally split budget falls by some amount when the budget doubles. The numerical doubling time is how
long the same model, trained on the same tokens, has to wait for better algorithms to lower its loss by as much:

.. math:: L(N^*, D^*, Y + T) = \min_{6 N D = 2 C} L(N, D, Y), \qquad N^*, D^* = \arg\min_{6 N D = C} L(N, D, Y)

It equals :math:`\ln 2 / g_C` where both terms fall equally fast, and comes close to it elsewhere.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import elementwise

from bayes_scaling.law import training_compute
from bayes_scaling.quantities.laws import ARCHITECTURE, Floats, Laws, Source, laws_of
from bayes_scaling.quantities.optimal_split import optimal_split, optimal_term
from bayes_scaling.quantities.points import axis_of, check_years, positive
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR

HORIZON_YEARS = 1000.0
"""Doubling times beyond this are infinite."""

# From four days to the horizon in steps of 8%.
_WAITS = np.concatenate([[0.0], np.geomspace(1e-2, HORIZON_YEARS, 151)])


def numerical_doubling_time(
    source: Source,
    compute: Any = 1e25,
    year: float = 2023.0,
    *,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
) -> xr.DataArray:
    r"""How long better algorithms take to lower the loss of a model by as much as twice its compute would.

    .. math:: L(N^*, D^*, Y + T) = \min_{6 N D = 2 C} L(N, D, Y)

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    compute
        Budget of the model, FLOP: a number or several.
    year
        Its date, decimal year.
    benchmark, architecture
        Where the loss is compared; by default WikiText-103, or the first that was fitted, and transformers.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, and ``compute`` where several budgets were given; months. Infinite where the
        loss does not fall that far within :data:`HORIZON_YEARS` (no progress), NaN where an exponent is not above 0,
        so that no split of a budget is best (or so near 0 that the best one is no finite number).

    Raises
    ------
    BayesScalingError
        For compute that is not positive, a date long before the data, or a benchmark or architecture that the law
        does not have.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), appendix G, who report 8.57 [4.55, 14.46] months for model 7. With
    constant rates the answer does not depend on ``compute``, ``year``, the irreducible loss or the coefficients.

    Where one term falls and the other rises, the loss can fall, pass the target, and rise again: reported is the first
    time that it is reached. Times are scanned in steps of 8% and the root is then found in the first bracket, so a dip
    below the target that is shorter than a step is missed.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> numerical_doubling_time(HO2024_MODEL_7).round(2).item()
    8.72
    """
    budgets = axis_of(compute, "compute (FLOP)")
    positive(year, "year")
    laws = laws_of(source)
    check_years(laws, year)
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    years = [_years_to_double(laws, float(budget), year, setting) for budget in np.atleast_1d(budgets)]
    coords = {"compute": budgets} if budgets.ndim else {}
    months = MONTHS_PER_YEAR * (np.stack(years, axis=-1) if budgets.ndim else years[0])
    return laws.drawn(months, "numerical_doubling_time", "months", **coords)


def _years_to_double(laws: Laws, compute: float, year: float, setting: dict[str, str]) -> Floats:
    """Shape ``(samples,)``."""
    split = optimal_split(laws, compute, year, **setting)
    if laws.specification.law == "compute":  # any split is as good
        size = np.sqrt(compute / training_compute(1.0, 1.0))
        split = replace(split, parameters=np.full_like(split.loss, size), tokens=np.full_like(split.loss, size))
    log_k, exponent = optimal_term(laws, year, **setting)
    # Without the irreducible loss, which is the same on both sides, nothing is lost to rounding.
    target = log_k - exponent * np.log(2 * compute)

    def excess(of: Laws, rows: Any, wait: Floats) -> Floats:
        _, terms = of.parts(split.parameters[rows], split.tokens[rows], year + wait, **setting)
        return np.asarray(np.logaddexp.reduce(terms) - target[rows])

    with np.errstate(divide="ignore", invalid="ignore"):  # an optimum beyond any number: the draw is NaN
        everywhere = excess(laws, slice(None), _WAITS)
    reached = everywhere <= 0
    found = np.where(np.isfinite(everywhere[:, 0]), np.inf, np.nan)
    samples = np.flatnonzero(reached.any(axis=1))
    if not samples.size:
        return found
    first = np.maximum(reached.argmax(axis=1)[samples], 1)

    def one_by_one(wait: Floats, sample: NDArray[np.int64]) -> Floats:
        return excess(laws.take(sample), sample, wait[:, None])[:, 0]

    bracket = _WAITS[first - 1], _WAITS[first]
    # Far below any posterior's width, and reached in a third of the steps that full precision takes.
    found[samples] = elementwise.find_root(one_by_one, bracket, args=(samples,), tolerances={"xrtol": 1e-11}).x
    return found
