"""Log likelihoods that follow from a fit's draws and rows, worked out only where they are looked at."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from xarray import Dataset, DataTree
from xarray.backends import BackendArray
from xarray.core import indexing

from bayes_scaling.inference.likelihood import blocks, draws_of, unit_densities
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification


def in_blocks(likelihood: Dataset) -> Iterator[Dataset]:
    """A log likelihood in memory, so many units at a time that they and the draws are one block."""
    samples = likelihood.sizes["chain"] * likelihood.sizes["draw"]
    (unit,) = set(likelihood.sizes) - {"chain", "draw"}
    return (likelihood.isel({unit: part}).load() for part in blocks(likelihood.sizes[unit], samples))


class LogLikelihood(BackendArray):
    """Log densities by one unit over chains, draws and units, as xarray's readers of files give their variables.

    Parameters
    ----------
    specification, rows, posterior
        What was fitted to what, and the draws.
    unit
        Of cross-validation.
    units
        How many there are.
    """

    dtype = np.dtype(np.float32)  # errors near 1e-7 nats, at half the size

    def __init__(self, specification: Specification, rows: Rows, posterior: Dataset, unit: str, units: int) -> None:
        self._specification, self._rows, self._posterior, self._unit = specification, rows, posterior, unit
        self.shape = (posterior.sizes["chain"], posterior.sizes["draw"], units)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )
        return found

    def _read(self, key: tuple[Any, ...]) -> np.ndarray[Any, Any]:
        chains, draws, units = (np.arange(size)[at] for size, at in zip(self.shape, key, strict=True))
        some = self._posterior.isel(chain=np.atleast_1d(chains), draw=np.atleast_1d(draws))
        values, positions = draws_of(self._specification, DataTree.from_dict({"posterior": some})), np.atleast_1d(units)
        found = np.empty((chains.size * draws.size, units.size), self.dtype)
        for part in blocks(units.size, len(found)):
            densities = unit_densities(self._specification, self._rows, values, self._unit, positions[part])
            found[:, part] = np.maximum(densities, np.finfo(self.dtype).min)
        return found.reshape(chains.shape + draws.shape + units.shape)
