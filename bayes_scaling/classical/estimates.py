"""Three point estimates of one law: as published, converged, and without the penalty."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult, least_squares, minimize

from bayes_scaling.classical import progress
from bayes_scaling.classical.objective import PUBLISHED_DELTA, Objective
from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.model.rows import Anchor, sample_minima
from bayes_scaling.specifications.specification import Specification

_RANDOM_STARTS = 18
_SEED = 0
_SPREAD = 0.3  # standard deviation of random starts, in units of a coefficient's step that moves the losses by 1 nat
_SAME = 1e-8  # searches that end within this of the lowest objective have found the same minimum
_ZERO = 1e-9  # coefficients that a bounded search leaves this close to 0 are 0
_SQUARES_TOLERANCE = 1e-14
_BOUNDED_TOLERANCE = 1e-15
_MOST_ITERATIONS = 500


@dataclass(frozen=True)
class PointEstimate:
    """One set of coefficients and how it was found.

    Parameters
    ----------
    specification
        Name of the specification.
    delta
        Penalty strength, squared nats per token for each unit of a coefficient.
    coefficients
        The paper's coefficients (its Table 10): constants in log nats per token, exponents without unit, year terms
        per year.
    anchor
        N0, D0, Y0: the sizes and the date at which the coefficients are stated.
    rates
        ``g_N``, ``g_D``, ``g_C`` to level to log units per year. The one level is ``"all"`` unless a rate varies by
        a group. 0 where the law holds a factor constant. NaN where it does not have the factor (parameters and
        data in a law of compute alone), and for every factor under exponents that drift (models 14 and 15): there
        a year's progress depends on size and date, so no one rate exists.
    objective
        Mean squared residual plus penalty, squared nats per token.
    mse
        Mean squared residual alone.
    optimality
        Largest violation of the conditions of a minimum (:meth:`Objective.optimality`); 0 at a minimum.
    iterations, evaluations
        What the optimiser spent on the start that led here; evaluations of the objective include those for numerical
        derivatives.
    converged_by
        The optimiser, its stopping rule and its closing message.
    starts, starts_at_best
        Number of starting points, and how many led to the same objective within 1e-8.

    Examples
    --------
    >>> from bayes_scaling import load_evaluations, load_specification
    >>> found = published_estimate(load_specification("ho2024/07"), load_evaluations())
    >>> round(float(found.doubling_times().loc["compute", "all"]), 1)
    8.7
    """

    specification: str
    delta: float
    coefficients: Mapping[str, float]
    anchor: Anchor
    rates: Mapping[str, Mapping[str, float]]
    objective: float
    mse: float
    optimality: float
    iterations: int
    evaluations: int
    converged_by: str
    starts: int = 1
    starts_at_best: int = 1

    doubling_times = progress.doubling_times


def published_estimate(
    specification: Specification | str | Path, evaluations: pd.DataFrame, delta: float = PUBLISHED_DELTA
) -> PointEstimate:
    r"""Estimate of Ho et al. 2024, which stops before its objective's minimum.

    .. math:: \min_\theta\; \frac1n \sum_i \left(\ln \mathrm{ppl}_i - L_i(\theta)\right)^2
        + \delta \sum_j |\theta_j|

    by SLSQP from zeros with SciPy's default tolerance (1e-6) and numerical gradient, as in their code.

    Parameters
    ----------
    specification
        A structure without ``delta``, or its name or path; its noise and priors play no part.
    evaluations
        As read by :func:`bayes_scaling.read_evaluations`; coefficients are stated at its sample minima.
    delta
        Penalty strength, at least 0, squared nats per token for each unit of a coefficient.

    Returns
    -------
    PointEstimate

    Raises
    ------
    BayesScalingError
        If delta is negative, the specification carries a delta, or the table lacks something.

    Notes
    -----
    The penalty has a kink at 0, which SLSQP does not know, and the tolerance is loose: on model 7 it stops with
    derivatives up to 9e-3. :func:`converged_estimate` goes on. Source: Ho et al. 2024 (arXiv 2403.05812),
    section 3 and the authors' notebooks.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> estimate = published_estimate(bs.load_specification("ho2024/07"), bs.load_evaluations("ho2024"))
    >>> round(float(estimate.doubling_times().loc["compute", "all"]), 2)
    8.68
    """
    objective = Objective.of(specification, evaluations, delta)
    with one_thread():
        found = published_search(objective)
    by = f"SLSQP from zeros, SciPy's default tolerance, numerical gradient: {found.message}"
    return _estimate(objective, evaluations, [found], by)


def converged_estimate(
    specification: Specification | str | Path, evaluations: pd.DataFrame, delta: float = PUBLISHED_DELTA
) -> PointEstimate:
    r"""Estimate where the published objective has its minimum.

    The penalty's kink is taken away by writing each coefficient as a difference of two that are not negative,

    .. math:: \theta = p - m, \qquad |\theta| = p + m, \qquad p, m \ge 0,

    and SLSQP gets exact derivatives and a tolerance of 1e-15. The objective has several local minima, so it starts
    from zeros, from the published and the unpenalised estimates and from 18 points at random around the published
    one (fixed seed), and the lowest result counts.

    Parameters
    ----------
    specification, evaluations, delta
        As for :func:`published_estimate`. With ``delta = 0`` the result is :func:`unpenalised_estimate`.

    Returns
    -------
    PointEstimate
        ``optimality`` says how well the conditions of a minimum hold, ``starts_at_best`` how many of ``starts`` led
        there.

    Raises
    ------
    BayesScalingError
        As for :func:`published_estimate`.

    Notes
    -----
    Objective: Ho et al. 2024 (arXiv 2403.05812).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> estimate = converged_estimate(bs.load_specification("ho2024/07"), bs.load_evaluations("ho2024"))
    >>> round(estimate.objective, 7)
    0.0507223
    >>> round(float(estimate.doubling_times().loc["compute", "all"]), 2)
    6.08
    """
    objective = Objective.of(specification, evaluations, delta)
    if delta == 0:
        return unpenalised_estimate(specification, evaluations)
    with one_thread():
        found = converged_searches(objective)
    by = f"SLSQP on positive and negative parts, tolerance {_BOUNDED_TOLERANCE:g}, exact gradient: "
    return _estimate(objective, evaluations, found, by + lowest(found).message)


def unpenalised_estimate(specification: Specification | str | Path, evaluations: pd.DataFrame) -> PointEstimate:
    r"""Nonlinear least squares: the published objective with ``delta = 0``.

    .. math:: \min_\theta\; \frac1n \sum_i \left(\ln \mathrm{ppl}_i - L_i(\theta)\right)^2

    by a trust-region method with exact derivatives, from zeros, the published estimate (with the paper's delta) and
    18 points at random around it (fixed seed).

    Parameters
    ----------
    specification, evaluations
        As for :func:`published_estimate`.

    Returns
    -------
    PointEstimate
        With ``objective`` equal to ``mse``, squared nats per token.

    Raises
    ------
    BayesScalingError
        If the specification carries a delta or the table lacks something.

    Notes
    -----
    Losses do not depend on where coefficients are stated, so neither do this estimate's rates, unlike the penalised
    ones. Law: Ho et al. 2024 (arXiv 2403.05812), eq. 8.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> estimate = unpenalised_estimate(bs.load_specification("ho2024/07"), bs.load_evaluations("ho2024"))
    >>> round(estimate.mse, 6)
    0.045303
    """
    objective = Objective.of(specification, evaluations, 0.0)
    with one_thread():
        found = converged_searches(objective)
    by = f"least squares (trf), tolerances {_SQUARES_TOLERANCE:g}, exact Jacobian: {lowest(found).message}"
    return _estimate(objective, evaluations, found, by)


def published_search(objective: Objective, start: Floats | None = None) -> OptimizeResult:
    """Minimise as the paper does, by default from zeros, wherever that ends."""

    def at_each(_: object, points: Iterable[Floats]) -> Floats:
        """Objective at the points of a numerical gradient, all in one call: the law's overhead is paid once."""
        values = np.array(list(points))
        squares = np.ascontiguousarray(objective.residuals(values) ** 2)  # so that each mean is summed as for one point
        return np.asarray(squares.mean(axis=-1) + objective.delta * np.abs(values).sum(axis=-1))

    start = np.zeros(len(objective.names)) if start is None else start
    options: Any = {"workers": at_each}
    with np.errstate(all="ignore"):
        return minimize(objective, start, method="SLSQP", options=options)


def converged_search(objective: Objective, start: Floats) -> OptimizeResult:
    """Minimise to the end from one start."""
    return _bounded_search(objective, start) if objective.delta > 0 else _squares_search(objective, start)


def converged_searches(objective: Objective) -> list[OptimizeResult]:
    """Minimise to the end from every start (:func:`converged_estimate`)."""
    starts = _starts(objective if objective.delta > 0 else replace(objective, delta=PUBLISHED_DELTA))
    if objective.delta > 0:
        starts.append(lowest([_squares_search(objective, start) for start in starts]).x)
    return [converged_search(objective, start) for start in starts]


def _bounded_search(objective: Objective, start: Floats) -> OptimizeResult:
    k = len(start)

    def split(parts: Floats) -> tuple[float, Floats]:
        values = parts[:k] - parts[k:]
        gradient = objective.gradient(values)
        penalised = objective.mean_squared_error(values) + objective.delta * float(parts.sum())
        return penalised, np.concatenate([objective.delta + gradient, objective.delta - gradient])

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Values in x were outside bounds", RuntimeWarning)  # SciPy clips them
        found = minimize(
            split,
            np.concatenate([np.maximum(start, 0), np.maximum(-start, 0)]),
            jac=True,
            method="SLSQP",
            bounds=[(0, None)] * (2 * k),
            options={"ftol": _BOUNDED_TOLERANCE, "maxiter": _MOST_ITERATIONS},
        )
    values = found.x[:k] - found.x[k:]
    values = np.where(np.abs(values) < _ZERO, 0.0, values)
    found.update({"x": values, "fun": objective(values)})
    return found


def _squares_search(objective: Objective, start: Floats) -> OptimizeResult:
    """Least squares, whatever the objective's delta."""
    tolerances: Any = dict.fromkeys(("ftol", "xtol", "gtol"), _SQUARES_TOLERANCE)
    with np.errstate(all="ignore"):
        found = least_squares(
            objective.residuals,
            start,
            jac=objective.jacobian,
            x_scale="jac",
            max_nfev=_MOST_ITERATIONS,
            **tolerances,
        )
    # One Jacobian for the start and one for each accepted step: the nearest there is to a count of iterations.
    found.update({"fun": objective.mean_squared_error(found.x), "nit": found.njev or 0})
    return found


def _starts(objective: Objective) -> list[Floats]:
    """Zeros, the published estimate and random points around it at which all losses are finite."""
    published = published_search(objective).x
    effect = np.sqrt(np.mean(objective.jacobian(published) ** 2, axis=0))
    scale = _SPREAD / np.where(effect > 0, effect, 1.0)
    scattered = published + scale * np.random.default_rng(_SEED).standard_normal((_RANDOM_STARTS, len(published)))
    starts = (np.zeros_like(published), published, *scattered)
    return [start for start in starts if np.isfinite(objective(start))]


def lowest(found: Iterable[OptimizeResult]) -> OptimizeResult:
    """The search that ended lowest."""
    return min(found, key=lambda search: search.fun if np.isfinite(search.fun) else np.inf)


def _estimate(
    objective: Objective, evaluations: pd.DataFrame, found: Sequence[OptimizeResult], converged_by: str
) -> PointEstimate:
    best = lowest(found)
    return PointEstimate(
        specification=objective.specification.name,
        delta=objective.delta,
        coefficients=dict(zip(objective.names, map(float, best.x), strict=True)),
        anchor=sample_minima(evaluations),
        rates=progress.rate_table(objective.coefficients(best.x), objective.rows.levels),
        objective=objective(best.x),
        mse=objective.mean_squared_error(best.x),
        optimality=objective.optimality(best.x),
        iterations=int(best.nit),
        evaluations=int(best.nfev),
        converged_by=converged_by,
        starts=len(found),
        starts_at_best=sum(search.fun <= best.fun + _SAME for search in found),
    )
