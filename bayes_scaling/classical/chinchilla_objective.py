r"""The objective of Hoffmann et al. 2022, approach 3, on a table of training runs.

.. math:: \sum_i \mathrm{Huber}_\delta\left(\ln L(N_i, D_i; \theta) - \ln L_i\right), \qquad
    \theta = (a, b, e, \alpha, \beta) = (\ln A, \ln B, \ln E, \alpha, \beta)

(Their eq. 3.) Log losses, so that the law's sum is a log-sum-exp of a - alpha ln N, b - beta ln D and e.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import huber

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError, RunsError, require_choice
from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import log_term, loss

HOFFMANN_DELTA = 1e-3  # where the Huber loss turns from squares to absolute values, log nats per token

REDUCTIONS = ("sum", "mean")
CONSTANTS = ("a", "b", "e", "alpha", "beta")
"""The values that every method takes, in the order of the published code: ln A, ln B, ln E and the exponents."""

_NEEDED = ("parameters", "tokens", "loss")


@dataclass(frozen=True, eq=False)
class HuberObjective:
    """Sum of Huber losses of the log losses of runs, arrays of shape ``(n,)``; ``counts`` are those of a bootstrap."""

    log_parameters: Floats
    log_tokens: Floats
    log_loss: Floats
    counts: Floats

    @classmethod
    def of(cls, runs: pd.DataFrame) -> Self:
        """State the objective on a table of runs, enough of them to tell five constants apart."""
        parameters, tokens, losses = _columns(runs)
        return cls(np.log(parameters), np.log(tokens), np.log(losses), counts=np.ones(len(runs)))

    def weighted(self, counts: Floats) -> Self:
        """State the same objective with each run counted so often."""
        return replace(self, counts=counts)

    def residuals(self, theta: ArrayLike) -> Floats:
        """Expected less observed log loss, shape ``(..., n)`` for theta of shape ``(..., 5)``."""
        with np.errstate(over="ignore"):
            return np.asarray(self._expected(theta)[0] - self.log_loss, dtype=float)

    def total(self, theta: ArrayLike, delta: float = HOFFMANN_DELTA) -> Floats:
        """Sum of Huber losses, shape ``(...)``."""
        return np.asarray((self.counts * huber(delta, self.residuals(theta))).sum(axis=-1))

    def total_and_gradient(self, theta: Floats, delta: float = HOFFMANN_DELTA) -> tuple[float, Floats]:
        """Sum of Huber losses and its gradient, for theta of shape ``(5,)``."""
        expected, terms = self._expected(theta)
        residuals = expected - self.log_loss
        slopes = self.counts * np.clip(residuals, -delta, delta)
        # What a unit of each term's logarithm adds: the term's share of the loss. The terms are linear in theta, so
        # their derivatives are the terms of unit vectors.
        by_parameters, by_tokens = (slopes * np.exp(term - expected) for term in terms)
        gradient = (
            np.sum(by_parameters * log_term(1.0, 0.0, self.log_parameters)),
            np.sum(by_tokens * log_term(1.0, 0.0, self.log_tokens)),
            np.sum(slopes * np.exp(theta[2] - expected)),
            np.sum(by_parameters * log_term(0.0, 1.0, self.log_parameters)),
            np.sum(by_tokens * log_term(0.0, 1.0, self.log_tokens)),
        )
        return float(self.counts @ huber(delta, residuals)), np.array(gradient)

    def _expected(self, theta: ArrayLike) -> tuple[Any, tuple[Any, Any]]:
        """Expected log loss and the logarithms of the two terms."""
        a, b, e, alpha, beta = np.moveaxis(np.asarray(theta, dtype=float)[..., None], -2, 0)
        terms = log_term(a, alpha, self.log_parameters), log_term(b, beta, self.log_tokens)
        return np.log(loss(np.exp(e), *terms)), terms


def huber_objective(
    runs: pd.DataFrame, theta: ChinchillaLaw | ArrayLike, delta: float = HOFFMANN_DELTA, reduction: str = "sum"
) -> Any:
    r"""Objective of Hoffmann et al. 2022 at given constants.

    .. math:: \sum_i \mathrm{Huber}_\delta\left(
        \mathrm{LSE}(a - \alpha \ln N_i,\ b - \beta \ln D_i,\ e) - \ln L_i\right)

    Parameters
    ----------
    runs
        Training runs (`read_runs`, `load_runs`).
    theta
        A law, or values (a, b, e, alpha, beta) with a = ln A, b = ln B, e = ln E, of shape ``(5,)`` or ``(..., 5)``.
    delta
        Where squares turn into absolute values, log nats per token.
    reduction
        ``"sum"``, or ``"mean"``: the same divided by the number of runs, which has the same minimum, but which
        optimisers with absolute tolerances leave early.

    Returns
    -------
    float or array
        Of shape ``(...)``; squared log nats per token.

    Raises
    ------
    BayesScalingError
        If the table lacks something, theta has another shape, or an argument is not valid.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 3; sum and mean: Besiroglu et al. 2024 (arXiv 2404.10102).

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_TEX
    >>> runs = load_runs("simulated")
    >>> huber_objective(runs, BESIROGLU) < huber_objective(runs, HOFFMANN_TEX)
    True
    """
    check_delta(delta)
    require_choice("reduction", reduction, REDUCTIONS)
    values = theta_of(theta)
    total = HuberObjective.of(runs).total(values, delta) / (len(runs) if reduction == "mean" else 1)
    return float(total) if values.ndim == 1 else total


def theta_of(law: ChinchillaLaw | ArrayLike) -> Floats:
    """Values (a, b, e, alpha, beta) of a law; values pass as they are."""
    if isinstance(law, ChinchillaLaw):
        if law.E == 0:
            raise BayesScalingError(f"'{law.name}' has E = 0, whose logarithm e does not exist; give a law with E > 0")
        return np.array([*np.log([law.A, law.B, law.E]), law.alpha, law.beta])
    try:
        values = np.asarray(law, dtype=float)
    except (TypeError, ValueError):
        raise BayesScalingError(
            f"theta must be a ChinchillaLaw or numbers (a, b, e, alpha, beta), not {law!r}"
        ) from None
    if not values.ndim or values.shape[-1] != len(CONSTANTS):
        raise BayesScalingError(
            f"theta must be a ChinchillaLaw or the five values {', '.join(CONSTANTS)} (last axis), "
            f"not of shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise BayesScalingError("theta must be finite numbers")
    return values


def law_of(theta: Floats, name: str, source: str) -> ChinchillaLaw:
    """The law of values (a, b, e, alpha, beta)."""
    A, B, E = map(float, np.exp(theta[:3]))
    return ChinchillaLaw(E=E, A=A, B=B, alpha=float(theta[3]), beta=float(theta[4]), name=name, source=source)


def check_delta(delta: object) -> None:
    """Refuse a delta that is not a number above 0."""
    if isinstance(delta, bool) or not isinstance(delta, int | float) or not 0 < delta < float("inf"):
        raise BayesScalingError(f"delta must be a number above 0, not {delta!r}; published: {HOFFMANN_DELTA:g}")


def _columns(runs: Any) -> list[Floats]:
    if not isinstance(runs, pd.DataFrame):
        raise RunsError(f"a table of runs is needed (bs.read_runs, bs.load_runs), not {type(runs).__name__}")
    name = runs.attrs.get("name", "the table")
    missing = [column for column in _NEEDED if column not in runs]
    if missing:
        raise RunsError(f"{name} lacks the column {', '.join(missing)}; a table of runs has {', '.join(_NEEDED)}")
    columns = [runs[column].to_numpy(dtype=float) for column in _NEEDED]
    for column, values in zip(_NEEDED, columns, strict=True):
        wrong = ~((values > 0) & np.isfinite(values))
        if wrong.any():
            raise RunsError(f"{name}: {column} of run {runs.index[wrong][0]!r} must be a finite number above 0")
    if len(runs) <= len(CONSTANTS):
        raise RunsError(
            f"{name} has {len(runs)} runs; to estimate {len(CONSTANTS)} constants takes more than that many"
        )
    for column, values in zip(_NEEDED[:2], columns, strict=False):
        if len(np.unique(values)) < 2:
            raise RunsError(f"{name}: all runs have the same {column}, which then say nothing about its exponent")
    return columns
