"""Profile likelihood of a rate, by optimisation and without priors: a cross-check on the posterior's interval."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq, least_squares
from scipy.stats import chi2

from bayes_scaling.classical.estimates import unpenalised_estimate
from bayes_scaling.classical.objective import Objective
from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.quantities.intervals import check_probability
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, months_to_double
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.specification import Specification

PROFILED = ("phi", "g_C")  # what can be profiled: ``phi = g_N / g_C`` and ``g_C``
_YEARS, _EXPONENTS = ("alpha_year", "beta_year"), ("alpha_param", "beta_data")
_STEP = {"phi": 0.25, "g_C": 0.1}
_MOST_STEPS = 40  # each way. An end not met within them is without bound, as far as was looked.
_COMPLEX_STEP = 1e-30
_TOLERANCE = 1e-12

Found = dict[float, tuple[Floats, float]]  # free values and deviance by what the quantity is held at


@dataclass(frozen=True, eq=False)
class Profile:
    """Profile likelihood of ``phi`` or ``g_C``; ``months`` at the ``estimate``, least and most over the interval."""

    quantity: str
    estimate: float
    lower: float
    upper: float
    months: tuple[float, float, float]
    probability: float
    correlation: float
    table: pd.DataFrame


def profile_likelihood(
    specification: Specification | str | Path,
    evaluations: pd.DataFrame,
    of: Literal["phi", "g_C"] = "phi",
    *,
    probability: float = INTERVAL_PROBABILITY,
) -> Profile:
    r"""Interval of a rate from the likelihood alone.

    .. math:: \mathcal D(x) = n \ln \frac{\min_{\theta: x(\theta) = x} \mathrm{MSE}(\theta)}
        {\min_\theta \mathrm{MSE}(\theta)} \le \chi^2_{1,\,0.95}

    Parameters
    ----------
    specification
        Or its name or path. With shared constant rates of parameters and data and shared exponents, without ``delta``;
        its priors play no part, and its noise is taken as independent and normal.
    evaluations
        As read by :func:`bayes_scaling.read_evaluations`.
    of
        ``"phi"``, the parameter rate's part ``g_N / g_C``, or ``"g_C"``.
    probability
        Of the interval.

    Returns
    -------
    Profile

    Raises
    ------
    BayesScalingError
        If the specification has not both rates, shared and constant, the quantity is unknown, or the probability
        is not between 0 and 1.

    Notes
    -----
    At each value on a grid all other coefficients are fitted again by least squares, from where the neighbours ended,
    outwards from the maximum and back. Law: Ho et al. 2024 (arXiv 2403.05812), eq. 8 with ``delta = 0``.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = profile_likelihood(bs.load_specification("ho2024/07"), bs.load_evaluations("ho2024"))
    >>> round(found.lower, 2), round(found.upper, 2), [round(each) for each in found.months]
    (-0.44, 3.37, [10, 5, 40])
    """
    specification = resolve(specification)
    check_probability(probability)
    require_choice("of", of, PROFILED)
    objective = Objective.of(specification, evaluations, 0.0)
    _require_shared_rates(specification, objective)
    with one_thread():
        best = unpenalised_estimate(specification, evaluations)
        theta = np.array(list(best.coefficients.values()))
        return _profiled(_Held(objective, of, objective.mean_squared_error(theta)), theta, probability)


def _require_shared_rates(specification: Specification, objective: Objective) -> None:
    missing = [name for name in (*_YEARS, *_EXPONENTS) if name not in objective.names]
    grouped = [name for name in ("g_N", "g_D", "alpha", "beta") if specification.index_of(name) is not None]
    drifting = specification.progress.exponents != "none"
    if missing or grouped or drifting:
        why = ", ".join(missing) + " missing" if missing else f"{', '.join(grouped) or 'exponents'} not constant"
        raise BayesScalingError(
            f"'{specification.name}' has no one pair of rates to profile ({why}); choose a specification whose rates "
            "of parameters and data are both constant and shared by all rows, such as ho2024/07"
        )


@dataclass(frozen=True, eq=False)
class _Held:
    """Least squares over all coefficients while one quantity is held."""

    # Free values are the paper's coefficients without ``beta_year``, and in the place of ``alpha_year`` the rate that
    # is not held: ``g_C`` where ``phi`` is, ``g_N`` where ``g_C`` is.
    objective: Objective
    of: str
    least: float  # mean squared residual where none is held

    def place(self, name: str) -> int:
        return self.objective.names.index(name)

    def reduced(self, theta: Floats) -> tuple[float, Floats]:
        """The held quantity and the free values of a full set of coefficients."""
        g_n, _, g_c = self.rates(theta)
        free = theta.copy()
        free[self.place("alpha_year")] = g_c if self.of == "phi" else g_n
        return g_n / g_c if self.of == "phi" else g_c, np.delete(free, self.place("beta_year"))

    def full(self, free: Floats, held: float) -> Floats:
        """The paper's coefficients, for free values real or complex."""
        theta = np.insert(free, self.place("beta_year"), 0.0)
        rate = theta[self.place("alpha_year")]
        g_n, g_c = (held * rate, rate) if self.of == "phi" else (rate, held)
        theta[self.place("alpha_year")] = g_n * theta[self.place("alpha_param")]
        theta[self.place("beta_year")] = (g_c - g_n) * theta[self.place("beta_data")]
        return theta

    def rates(self, theta: Floats) -> tuple[float, float, float]:
        """``g_N``, ``g_D``, ``g_C`` of a full set of coefficients, log units per year."""
        g_n, g_d = (
            float(theta[self.place(year)] / theta[self.place(exponent)])
            for year, exponent in zip(_YEARS, _EXPONENTS, strict=True)
        )
        return g_n, g_d, g_n + g_d

    def fitted(self, start: Floats, held: float) -> tuple[Floats, float]:
        """Free values that fit best while the quantity is held, and their deviance."""

        def residuals(free: ArrayLike) -> Floats:
            return self.objective.residuals(self.full(np.asarray(free), held))

        def jacobian(values: ArrayLike) -> Floats:
            free = np.asarray(values)
            stepped = free + 1j * _COMPLEX_STEP * np.eye(len(free))
            inner = np.array([np.imag(self.full(each, held)) for each in stepped]) / _COMPLEX_STEP
            return np.asarray(self.objective.jacobian(self.full(free, held)) @ inner.T)

        with np.errstate(all="ignore"):
            tolerances: Any = dict.fromkeys(("ftol", "xtol", "gtol"), _TOLERANCE)
            found = least_squares(residuals, start, jac=jacobian, x_scale="jac", **tolerances)
        mse = self.objective.mean_squared_error(self.full(found.x, held))
        return found.x, len(self.objective.rows.response) * float(np.log(mse / self.least))


def _profiled(problem: _Held, theta: Floats, probability: float) -> Profile:
    centre, free = problem.reduced(theta)
    limit = float(chi2.ppf(probability, 1))
    found: Found = {centre: (free, 0.0)}
    ends = {-1: -np.inf, 1: np.inf}
    for way in ends:
        here, start = centre, free
        for _ in range(_MOST_STEPS):
            there = here + way * _STEP[problem.of]
            start, deviance = found[there] = problem.fitted(start, there)
            if deviance > limit:
                break
            here = there
    order = sorted(found)
    for before, value in (*pairwise(order), *pairwise(order[::-1])):  # another branch may pass below
        found[value] = min(found[value], problem.fitted(found[before][0], value), key=lambda each: each[1])
    for way in ends:
        outermost = (min if way < 0 else max)(found)
        if found[outermost][1] > limit:
            ends[way] = _crossing(problem, found, outermost, way, limit)
    full = [problem.full(found[value][0], value) for value in order]
    rates = [problem.rates(each) for each in full]
    table = pd.DataFrame(rates, pd.Index(order, name=problem.of), ["g_N", "g_D", "g_C"])
    table.insert(0, "deviance", [found[value][1] for value in order])
    table["months"] = months_to_double(table["g_C"])
    return Profile(
        quantity=problem.of,
        estimate=centre,
        lower=float(ends[-1]),
        upper=float(ends[1]),
        months=_months(problem, found, table, (ends[-1], centre, ends[1])),
        probability=probability,
        correlation=curvature_correlation(problem.objective, theta),
        table=table,
    )


def _nearest(found: Found, value: float) -> Floats:
    return found[min(found, key=lambda each: abs(each - value))][0]


def _crossing(problem: _Held, found: Found, outermost: float, way: int, limit: float) -> float:
    """Where the profile crosses the limit."""
    inside = (max if way > 0 else min)(value for value in found if found[value][1] <= limit)

    def excess(value: float) -> float:
        return problem.fitted(_nearest(found, value), value)[1] - limit

    return float(brentq(excess, inside, outermost, xtol=1e-4))


def _months(
    problem: _Held, found: Found, table: pd.DataFrame, places: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Doubling time at the maximum, and the shortest and longest over the interval with its ends."""
    low, centre, high = places
    free = {value: problem.fitted(_nearest(found, value), value)[0] for value in places if np.isfinite(value)}
    at = {value: float(months_to_double(problem.rates(problem.full(each, value))[2])) for value, each in free.items()}
    within = [*table["months"][(table.index >= low) & (table.index <= high)], *at.values()]
    return at[centre], float(min(within)), float(max(within))


def curvature_correlation(objective: Objective, theta: Floats) -> float:
    """Correlation of the estimates of ``alpha_year`` and ``beta_year``, from derivatives of residuals at ``theta``."""
    # On ``ho2024/07`` -0.75 at the published estimate, no minimum, -0.87 at the least squares; by bootstrap -0.81.
    covariance = np.linalg.inv(np.asarray(objective.jacobian(theta).T @ objective.jacobian(theta)))
    at = [objective.names.index(name) for name in _YEARS]
    (first, joint), (_, second) = covariance[np.ix_(at, at)]
    return float(joint / np.sqrt(first * second))
