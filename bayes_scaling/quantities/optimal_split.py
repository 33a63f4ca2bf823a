r"""The best split of a compute budget between parameters and tokens, at a date.

At a fixed date the logarithm of each term is linear in the logarithm of its size, whatever the specification. So the
coefficient and the exponent of that line are read off the law, and the optimum is a closed form:

.. math::

    N^* = G (C/6)^{\beta/(\alpha+\beta)}, \quad D^* = G^{-1} (C/6)^{\alpha/(\alpha+\beta)}, \quad
    G = \left(\frac{\alpha A}{\beta B}\right)^{1/(\alpha+\beta)}, \quad C = 6 N D

(Hoffmann et al. 2022, eq. 4). Along it the reducible loss is one power law of compute with exponent
:math:`\alpha\beta/(\alpha+\beta)`.

In Kaplan's joint law the terms to the power :math:`1/p` add up to the reducible loss to the power :math:`1/p`, whose
optimum is the same: it has coefficients :math:`A^{1/p}, B^{1/p}` and exponents :math:`\alpha/p, \beta/p`, so the closed
form holds with these.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, loss, training_compute
from bayes_scaling.quantities.arguments import COMPUTE, positive
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws

_LOG_FLOP = float(np.log(training_compute(1.0, 1.0)))  # log FLOP for one parameter and one token


@dataclass(frozen=True, eq=False)
class OptimalSplit:
    """Best parameters and tokens (NaN for a law of compute alone) and the loss they reach, ``(samples, points)``."""

    parameters: Floats
    tokens: Floats
    loss: Floats


Lines = tuple[tuple[Floats, Floats], ...]
"""``(log_coefficient, exponent)`` of each term, ``(samples, points)``; at one parameter, token or FLOP."""


def local_terms(laws: Laws, year: Any, **setting: Any) -> Lines:
    """The line of each term of a law at a date; ``setting``: benchmark and architecture."""
    laws = laws.at_best_split()
    return _lines(laws, year, laws.parts, **setting)


def summed_terms(laws: Laws, year: Any, **setting: Any) -> tuple[Lines, Floats | float]:
    """As :func:`local_terms`, of what adds up: the terms to the power ``1 / p``, and ``p``, which is 1 in most laws."""
    laws = laws.at_best_split()
    power = 1.0 if laws.power is None else laws.power
    lines = _lines(laws, year, laws.powered_parts, **setting)
    return tuple((log_coefficient / power, exponent / power) for log_coefficient, exponent in lines), power


def _lines(laws: Laws, year: Any, parts: Callable[..., Any], **setting: Any) -> Lines:
    law = laws.specification.form
    if not law.splits and not law.of_compute:
        raise BayesScalingError(
            f"'{laws.specification.name}' is a law of {law.of} alone and knows of no compute; choose a law of both "
            "parameters and tokens, or one of compute"
        )
    laws.require_power_laws()
    # In a law of compute a budget of one FLOP is a sixth of a parameter seen with one token.
    one = 1 / training_compute(1.0, 1.0) if law.of_compute else 1.0
    _, at_one = parts(one, 1.0, year, **setting)
    many = 1.0 if len(at_one) == 1 else math.e
    _, at_e = parts(one * math.e, many, year, **setting)
    return tuple((here, here - there) for here, there in zip(at_one, at_e, strict=True))


def optimal_term(laws: Laws, year: Any, **setting: Any) -> tuple[Floats, Floats]:
    """Log nats at one FLOP, and exponent, of optimally split compute: ``alpha beta / (alpha + beta)``, or NaN."""
    terms, power = summed_terms(laws, year, **setting)
    if len(terms) == 1:
        (exponent,) = defined_exponents(terms)
        return np.where(np.isnan(exponent), np.nan, terms[0][0]), exponent
    alpha, beta = defined_exponents(terms)
    at_one_flop = _log_terms(terms, *_log_split(terms, np.zeros(1)))
    exponent = alpha * beta / (alpha + beta)
    with np.errstate(invalid="ignore"):  # logaddexp warns of NaN that it was given
        return power * np.logaddexp(*at_one_flop), power * exponent


def optimal_split(
    laws: Laws, compute: Any, year: Any, *, benchmark: str | None = None, architecture: str = ARCHITECTURE
) -> OptimalSplit:
    r"""Parameters and tokens with the least expected loss for a budget at a date.

    .. math:: \min_{N, D} L(N, D, Y) \quad \text{such that} \quad 6 N D = C

    Parameters
    ----------
    laws
        Draws of a law.
    compute
        FLOP: a number, an array of shape ``(points,)`` or ``(samples, points)``.
    year
        Decimal year, likewise.
    benchmark, architecture
        Of all points; by default WikiText-103, or the first that was fitted, and transformers.

    Returns
    -------
    OptimalSplit
        Arrays of shape ``(samples, points)``. NaN where an exponent is not above 0: more of that factor then does no
        good, and no split is best. For a law of compute alone the loss is defined and the split is NaN.

    Raises
    ------
    BayesScalingError
        If compute is not positive, or the law has no such benchmark or architecture, or is of neither compute nor
        parameters and tokens.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> from bayes_scaling.quantities.laws import laws_of
    >>> split = optimal_split(laws_of(HO2024_MODEL_7), 1e22, 2023)
    >>> f"{training_compute(split.parameters, split.tokens).item():.6g}", split.loss.round(3).item()
    ('1e+22', 2.039)
    """
    log_compute = np.log(np.atleast_1d(positive(compute, COMPUTE)))
    setting: Any = {"benchmark": benchmark, "architecture": architecture}
    terms, power = summed_terms(laws, year, **setting)
    irreducible, _ = laws.powered_parts(1.0, 1.0, year, **setting)
    if len(terms) == 1:
        reached = np.asarray(loss(irreducible, *_log_terms(terms, log_compute)))
        nowhere = np.full_like(reached, np.nan)
        return OptimalSplit(nowhere, nowhere, reached)
    log_n, log_d = _log_split(terms, log_compute)
    with np.errstate(over="ignore", under="ignore"):  # near-zero exponents put the optimum beyond any number
        at_best = (power * term for term in _log_terms(terms, log_n, log_d))
        return OptimalSplit(np.exp(log_n), np.exp(log_d), np.asarray(loss(irreducible, *at_best, power=laws.power)))


def defined_exponents(terms: Lines) -> tuple[Floats, ...]:
    """Exponent of each term, NaN unless all are above 0: otherwise no split is best."""
    defined = np.all([exponent > 0 for _, exponent in terms], axis=0)
    return tuple(np.where(defined, exponent, np.nan) for _, exponent in terms)


def _log_split(terms: Lines, log_compute: Floats) -> tuple[Floats, Floats]:
    ((log_a, _), (log_b, _)), (alpha, beta) = terms, defined_exponents(terms)
    budget = log_compute - _LOG_FLOP
    log_n = (np.log(alpha / beta) + log_a - log_b + beta * budget) / (alpha + beta)
    return log_n, budget - log_n


def _log_terms(terms: Lines, *log_sizes: Floats) -> tuple[Any, ...]:
    return tuple(log_term(*line, size) for line, size in zip(terms, log_sizes, strict=True))
