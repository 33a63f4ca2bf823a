"""Groups that follow from a fit's draws and rows, worked out only when they are looked at."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from xarray import DataArray, Dataset, DataTree, Variable
from xarray.backends import BackendArray
from xarray.core import indexing

from bayes_scaling.inference.data import restored
from bayes_scaling.specifications.specification import Specification


def lazily_restored(specification: Specification, data: DataTree) -> DataTree:
    """As :func:`bayes_scaling.inference.data.restored`, but values wait until somebody reads them.

    Parameters
    ----------
    specification
        Of the fit.
    data
        Its groups, compacted.

    Returns
    -------
    DataTree
        With all groups. Those that were missing (nine tenths of a fit) take no memory: each reading works them out
        again, except for the fit that was read last.

    Raises
    ------
    Exception
        Whatever :func:`~bayes_scaling.inference.data.restored` raises on draws and rows that are not of this
        specification, found by a single draw.
    """
    one = restored(specification, DataTree.from_dict({name: _first(node) for name, node in data.children.items()}))
    missing = [name for name in one.children if name not in data.children]
    if not missing:
        return data
    draws = data["posterior"]["draw"]
    follows = _Following(specification, data)
    groups = {name: node.to_dataset() for name, node in data.children.items()}
    for group in missing:
        small = one[group].to_dataset()
        variables = {
            name: Variable(
                each.dims, indexing.LazilyIndexedArray(_Derived(follows, group, str(name), each, draws.size))
            )
            for name, each in small.data_vars.items()
        }
        coords = {name: each for name, each in small.coords.items() if name != "draw"} | {"draw": draws}
        groups[group] = Dataset(variables, coords=coords, attrs=small.attrs)
    return DataTree.from_dict(groups)


def _first(node: DataTree) -> Dataset:
    """A group's first draw in each chain; a group without draws as it is."""
    return node.to_dataset().isel(draw=slice(0, 1), missing_dims="ignore")


@dataclass(frozen=True, eq=False)  # so that it is told from others by what it is, not by its arrays
class _Following:
    """A fit's stored groups, and what the missing ones follow from."""

    specification: Specification
    data: DataTree


@lru_cache(maxsize=1)  # one fit: readers take several groups of one after another
def _restored(follows: _Following) -> DataTree:
    return restored(follows.specification, follows.data)


class _Derived(BackendArray):
    """One variable of a missing group, as xarray's readers of files give theirs."""

    def __init__(self, follows: _Following, group: str, name: str, one: DataArray, draws: int) -> None:
        self._follows, self._group, self._name = follows, group, name
        self.dtype = one.dtype
        self.shape = tuple(draws if dim == "draw" else size for dim, size in one.sizes.items())

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )
        return found

    def _read(self, key: tuple[Any, ...]) -> np.ndarray[Any, Any]:
        values = _restored(self._follows)[self._group].to_dataset()[self._name].to_numpy()
        return np.asarray(values[key])
