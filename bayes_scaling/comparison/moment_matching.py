"""The posterior on an unconstrained space, for moment matching, without compiling anything."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray import DataArray

from bayes_scaling.inference.likelihood import (
    blocks,
    draws_of,
    prior_densities,
    sampled_names,
    unit_densities,
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
    positions
        Of the units that it is asked for.
    """

    def __init__(self, fit: Fit, rows: Rows, unit: str, positions: NDArray[np.int64]) -> None:
        self.specification: Specification = fit.specification
        self.rows = rows
        self.unit = unit
        self.positions = positions
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
            total = jacobian + sum(prior_densities(self.specification, self.rows, values).values())
            # Papers are independent given the parameters, whatever the unit of cross-validation.
            papers = np.unique(self.rows.index["paper"])
            for some in blocks(len(papers), len(total)):
                densities = unit_densities(self.specification, self.rows, values, "paper", papers[some])
                total = total + densities.sum(axis=1)
        return self._like(draws, total)

    def log_likelihood(self, draws: DataArray, position: int) -> DataArray:
        """Log density of the unit at one of the positions."""
        with np.errstate(all="ignore"):
            values, _ = self._values(draws)
            density = unit_densities(self.specification, self.rows, values, self.unit, self.positions[[position]])
        return self._like(draws, density)

    @staticmethod
    def _like(draws: DataArray, values: Any) -> DataArray:
        floor = np.nan_to_num(values, nan=-1e300, posinf=-1e300, neginf=-1e300)
        return draws.isel(unconstrained=0, drop=True).copy(data=floor.reshape(draws.shape[:2]))
