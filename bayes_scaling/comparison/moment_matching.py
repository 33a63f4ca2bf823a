"""The posterior on an unconstrained space, for moment matching, without compiling anything."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray import DataArray

from bayes_scaling.inference.likelihood import (
    draws_of,
    evaluation_densities,
    expected_losses,
    paper_densities,
    prior_densities,
    sampled_names,
)
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.priors import DISTRIBUTIONS
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]


class UnconstrainedPosterior:
    """Log densities as functions of unconstrained parameters, as ``arviz.loo_moment_match`` wants them.

    Parameters
    ----------
    fit
        A posterior without sampled paper effects.
    rows
        What was fitted.
    unit
        ``"evaluation"`` or ``"paper"``: what ``log_likelihood`` is of.
    """

    def __init__(self, fit: Fit, rows: Rows, unit: str) -> None:
        self.specification: Specification = fit.specification
        self.rows = rows
        self.unit = unit
        self.names = sampled_names(self.specification)
        values = draws_of(self.specification, fit.data)
        known = {parameter.name for parameter in self.specification.parameters()}
        supports = {name: DISTRIBUTIONS[self.specification.prior_of(name).distribution].support for name in known}
        self._transforms = {name: TRANSFORMS[supports.get(name, "real")] for name in self.names}
        self._widths = [values[name].shape[1] for name in self.names]
        posterior = fit.data["posterior"]
        self._shape = (posterior.sizes["chain"], posterior.sizes["draw"])
        columns = [self._transforms[name].forward(values[name]) for name in self.names]
        stacked = np.concatenate(columns, axis=1)
        self.draws = DataArray(
            stacked.reshape(*self._shape, -1),
            dims=("chain", "draw", "unconstrained"),
            coords={"chain": posterior["chain"], "draw": posterior["draw"]},
        )

    def _values(self, draws: DataArray) -> tuple[dict[str, Floats], Floats]:
        """Parameters in their own units, and the logarithm of the change of volume."""
        flat = np.asarray(draws, dtype=float).reshape(-1, sum(self._widths))
        columns = np.split(flat, np.cumsum(self._widths)[:-1], axis=1)
        values = {
            name: self._transforms[name].backward(column) for name, column in zip(self.names, columns, strict=True)
        }
        jacobian = sum(self._transforms[name].log_jacobian(value).sum(axis=1) for name, value in values.items())
        return values, np.asarray(jacobian)

    def log_probability(self, draws: DataArray) -> DataArray:
        """Log posterior density, up to a constant."""
        with np.errstate(all="ignore"):
            values, jacobian = self._values(draws)
            residual = self.rows.loss - expected_losses(self.specification, self.rows, values)
            # Papers are independent given the parameters, whatever the unit of cross-validation.
            total = paper_densities(self.specification, self.rows, values, residual).sum(axis=1) + jacobian
            total = total + sum(prior_densities(self.specification, self.rows, values).values())
        return self._like(draws, total)

    def log_likelihood(self, draws: DataArray, position: int) -> DataArray:
        """Log density of one unit."""
        with np.errstate(all="ignore"):
            values, _ = self._values(draws)
            density = unit_density(self.specification, self.rows, values, self.unit, position)
        return self._like(draws, density)

    @staticmethod
    def _like(draws: DataArray, values: Any) -> DataArray:
        floor = np.nan_to_num(values, nan=-1e300, posinf=-1e300, neginf=-1e300)
        return draws.isel(unconstrained=0, drop=True).copy(data=floor.reshape(draws.shape[:2]))


def unit_density(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], unit: str, position: int
) -> Floats:
    """Log density of one evaluation (given the others of its paper) or of one paper, shape ``(samples,)``."""
    paper = rows.index["paper"]
    inside = np.flatnonzero(paper == (position if unit == "paper" else paper[position]))
    rows = rows.take(inside).alone()
    residual = rows.loss - expected_losses(specification, rows, values)
    if unit == "paper":
        return paper_densities(specification, rows, values, residual)[:, 0]
    densities = evaluation_densities(specification, rows, values, residual)
    return densities[:, int(np.flatnonzero(inside == position)[0])]
