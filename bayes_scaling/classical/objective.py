r"""The objective that the published estimator minimises.

.. math:: \frac1n \sum_i \left(\ln \mathrm{ppl}_i - L_i(\theta)\right)^2 + \delta \sum_j |\theta_j|

(Ho et al. 2024, eq. 8 and the code of their cross-validation.) Every coefficient is penalised, constants included, so
the penalty depends on the sizes and the date at which these are stated: the sample minima N0, D0, Y0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import BayesScalingError, SpecificationError
from bayes_scaling.model.coordinates import from_published, published_names
from bayes_scaling.model.rows import Rows, make_rows, sample_minima
from bayes_scaling.model.structure import Coefficients, expected_loss
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.specification import Specification

PUBLISHED_DELTA = 0.0025
"""The paper's penalty strength for its preferred model 7."""

_COMPLEX_STEP = 1e-30


@dataclass(frozen=True, eq=False)
class Objective:
    """Mean squared residual of log perplexity plus ``delta`` times the sum of absolute coefficients.

    Parameters
    ----------
    specification
        The law's structure; its noise and its priors play no part.
    rows
        Evaluations relative to the sizes and date at which the coefficients are stated.
    delta
        Penalty strength, squared nats per token for each unit of a coefficient.

    Examples
    --------
    >>> from bayes_scaling import load_evaluations, load_specification
    >>> objective = Objective.of(load_specification("ho2024/07"), load_evaluations("ho2024"))
    >>> zeros = [0.0] * len(objective.names)
    >>> round(objective(zeros), 3), round(objective.mean_squared_error(zeros), 3)
    (2.826, 2.826)
    >>> objective.residuals(zeros).shape, objective.jacobian(zeros).shape, objective.gradient(zeros).shape
    ((231,), (231, 10), (10,))
    >>> objective.optimality(zeros) > 1
    True
    >>> objective.on([0, 0, 1]).residuals(zeros).shape, objective.coefficients(zeros)["alpha"].value.shape
    ((3,), (1,))
    """

    specification: Specification
    rows: Rows
    delta: float

    @classmethod
    def of(
        cls, specification: Specification | str | Path, evaluations: pd.DataFrame, delta: float = PUBLISHED_DELTA
    ) -> Self:
        """State the objective on a table, with coefficients stated at its sample minima N0, D0, Y0.

        Parameters
        ----------
        specification
            A structure without ``delta``; or its name or path.
        evaluations
            As read by :func:`bayes_scaling.read_evaluations`.
        delta
            Penalty strength, at least 0.

        Returns
        -------
        Objective

        Raises
        ------
        BayesScalingError
            If delta is negative, the specification carries a delta of its own, or the table lacks something.
        """
        specification = resolve(specification)
        if isinstance(delta, bool) or not isinstance(delta, int | float) or not 0 <= delta < float("inf"):
            raise BayesScalingError(
                f"delta must be a number of at least 0, not {delta!r}; "
                "the paper's grid: 0, 0.001, 0.0025, 0.005, 0.01, 0.02"
            )
        if specification.delta is not None:
            raise SpecificationError(
                f"specification '{specification.name}' carries delta = {specification.delta:g}, which here is an "
                "argument: load the specification without it and pass delta"
            )
        make_rows(specification, evaluations)  # refuses a table that lacks what the specification needs
        rows = make_rows(specification, evaluations, anchor=sample_minima(evaluations))
        return cls(specification, rows, float(delta))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The paper's coefficients, in the order of the values that every method takes."""
        return published_names(self.specification)

    def on(self, positions: Sequence[int] | Integers) -> Self:
        """State the same objective on some rows, repeats allowed, with coefficients stated where they were.

        Parameters
        ----------
        positions
            Of rows, from 0.

        Returns
        -------
        Objective
        """
        return replace(self, rows=self.rows.take(positions))

    def coefficients(self, values: ArrayLike) -> Coefficients:
        """Coefficients of the law.

        Parameters
        ----------
        values
            The paper's coefficients, shape ``(..., k)``, in the order of :attr:`names`.

        Returns
        -------
        dict
            Name to coefficient, its ``value`` of shape ``(..., 1)``.
        """
        array = np.asarray(values)
        named = {name: array[..., i, None] for i, name in enumerate(self.names)}
        return from_published(self.specification, named, self.rows.levels)

    def residuals(self, values: ArrayLike) -> Floats:
        """Observed less expected log perplexity; infinite on overflow.

        Parameters
        ----------
        values
            The paper's coefficients, shape ``(..., k)``, in the order of :attr:`names`.

        Returns
        -------
        array
            Nats per token, shape ``(..., n)``.
        """
        rows = self.rows
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(rows.response - expected_loss(self.coefficients(values), rows.covariates, rows.index))

    def mean_squared_error(self, values: ArrayLike) -> float:
        """Mean squared residual.

        Parameters
        ----------
        values
            The paper's coefficients, shape ``(k,)``, in the order of :attr:`names`.

        Returns
        -------
        float
            Squared nats per token.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.mean(self.residuals(values) ** 2))

    def __call__(self, values: ArrayLike) -> float:
        """Objective at values of shape ``(k,)``."""
        return self.mean_squared_error(values) + self.delta * float(np.sum(np.abs(values)))

    def jacobian(self, values: ArrayLike) -> Floats:
        """Derivatives of the residuals, exact to rounding.

        By complex steps: the imaginary part of the law at ``theta + ih`` is ``h`` times its derivative, without
        a difference to lose digits in and without a second statement of the law.

        Parameters
        ----------
        values
            The paper's coefficients, shape ``(k,)``, in the order of :attr:`names`.

        Returns
        -------
        array
            Shape ``(n, k)``.
        """
        array = np.asarray(values, dtype=float)
        stepped = array + 1j * _COMPLEX_STEP * np.eye(len(array))
        return np.asarray(np.imag(self.residuals(stepped)) / _COMPLEX_STEP, dtype=float).T

    def gradient(self, values: ArrayLike) -> Floats:
        """Gradient of the mean squared residual (the part of the objective that has one).

        Parameters
        ----------
        values
            The paper's coefficients, shape ``(k,)``, in the order of :attr:`names`.

        Returns
        -------
        array
            Shape ``(k,)``.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(2 * self.jacobian(values).T @ self.residuals(values) / len(self.rows.response))

    def optimality(self, values: ArrayLike) -> float:
        """Largest violation of the conditions of a minimum, 0 at one.

        For a coefficient that is not 0, the size of the objective's derivative; for one that is 0, the part of the
        squared error's derivative that the penalty does not hold back.

        Parameters
        ----------
        values
            The paper's coefficients, shape ``(k,)``, in the order of :attr:`names`.

        Returns
        -------
        float
            0 or more.
        """
        array = np.asarray(values, dtype=float)
        gradient = self.gradient(array)
        at_zero = np.maximum(np.abs(gradient) - self.delta, 0)
        elsewhere = np.abs(gradient + self.delta * np.sign(array))
        return float(np.max(np.where(array == 0, at_zero, elsewhere)))
