"""Predictive groups of a fit, as ArviZ names them: worked out when they are first read, and kept."""

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from xarray import Dataset, Variable
from xarray.backends import BackendArray
from xarray.core import indexing

from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.likelihood import BLOCK, blocks, draws_of, expected_losses, known_of_rest, scales
from bayes_scaling.inference.posterior import STANDARDISED
from bayes_scaling.inference.settings import SEED
from bayes_scaling.inference.simulation import prior_draw, prior_of, simulated_rows, with_noise
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification

DRAWS, FEWEST = 4000, 100
"""As many draws as say where half a percent of the losses lie, fewer of tables of thousands of rows."""
PRIOR, PRIOR_PREDICTIVE, POSTERIOR_PREDICTIVE = "prior", "prior_predictive", "posterior_predictive"


def draws_for(rows: Rows) -> int:
    """As many draws as make no more than a block of losses, within bounds."""
    return max(FEWEST, min(DRAWS, BLOCK // len(rows.ids)))


def drawn_from_prior(specification: Specification, rows: Rows, draws: int, seed: int) -> tuple[Dataset, Floats]:
    """Draws of all that is sampled and reported, and of the losses of the rows, shape ``(draws, n)``."""
    rng = np.random.default_rng(seed)
    generators = rng.spawn(len(specification.noise.effects) + 1)
    values = prior_draw(specification, rows, rng, (draws,))
    named = dict(values)
    if specification.noise.samples_effects:  # those that the losses below have
        shape = (draws, len(rows.levels["paper"]))
        named[STANDARDISED] = copy.deepcopy(generators[0]).standard_normal(shape)
    losses = np.empty((draws, len(rows.ids)))
    for some in blocks(draws, len(rows.ids)):
        of_block = {name: each[some] for name, each in values.items()}
        with np.errstate(over="ignore", invalid="ignore"):  # wide priors reach beyond any number
            losses[some] = simulated_rows(specification, rows, of_block, rng, generators).response
    return prior_of(specification, rows, named), losses


def drawn_losses(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], rng: np.random.Generator
) -> Floats:
    """Losses of the rows under each draw, each given the others of its paper, as log likelihoods have them."""
    found = np.empty((len(next(iter(values.values()))), len(rows.ids)))
    for some in blocks(*found.shape):
        drawn = {name: each[some] for name, each in values.items()}
        expected, sigma = expected_losses(specification, rows, drawn), scales(specification, rows, drawn)
        known = known_of_rest(specification, rows, drawn, rows.response - expected)
        found[some] = with_noise(specification, drawn, expected, sigma, rng, known)
    return found


class Predictive:
    """Draws of one fit, as many as a block of losses holds, with the chains of its posterior."""

    def __init__(self, specification: Specification, rows: Rows, posterior: Dataset) -> None:
        draws, most = posterior.sizes["draw"], max(1, draws_for(rows) // posterior.sizes["chain"])
        self._specification, self._rows = specification, rows
        self._posterior = posterior.isel(draw=spaced(draws, most))
        self.shape = (posterior.sizes["chain"], self._posterior.sizes["draw"])

    @cached_property
    def _prior(self) -> dict[str, Dataset]:
        prior, losses = drawn_from_prior(self._specification, self._rows, int(np.prod(self.shape)), SEED)
        arranged = {name: (each.dims, self._by_chain(each.to_numpy()[0])) for name, each in prior.data_vars.items()}
        return {PRIOR: Dataset(arranged), PRIOR_PREDICTIVE: self._of_rows(losses)}

    def __getitem__(self, group: str) -> Dataset:
        return self._posterior_predictive if group == POSTERIOR_PREDICTIVE else self._prior[group]

    @cached_property
    def _posterior_predictive(self) -> Dataset:
        values = draws_of(self._specification, self._posterior)
        return self._of_rows(drawn_losses(self._specification, self._rows, values, np.random.default_rng(SEED)))

    def _of_rows(self, losses: Floats) -> Dataset:
        return Dataset({self._specification.response: (("chain", "draw", "evaluation"), self._by_chain(losses))})

    def _by_chain(self, draws: Floats) -> Floats:
        return draws.reshape(*self.shape, *draws.shape[1:])

    def groups(self) -> dict[str, Dataset]:
        """The groups with nothing worked out; without those of the prior where it can't be drawn from."""
        sample = {name: self._posterior[name] for name in ("chain", "draw")}
        ids = sample | {"evaluation": list(self._rows.ids)}
        losses = {self._specification.response: (*self.shape, len(self._rows.ids))}
        dims = ("chain", "draw", "evaluation")
        found = {POSTERIOR_PREDICTIVE: self._lazy(POSTERIOR_PREDICTIVE, losses, dict.fromkeys(losses, dims), ids)}
        if self._specification.delta is None:
            one, _ = drawn_from_prior(self._specification, self._rows, 1, SEED)  # for names and shapes
            shapes = {str(name): (*self.shape, *each.shape[2:]) for name, each in one.data_vars.items()}
            levels = {str(name): one[name] for name in one.coords} | sample
            found[PRIOR] = self._lazy(PRIOR, shapes, {name: one[name].dims for name in shapes}, levels)
            found[PRIOR_PREDICTIVE] = self._lazy(PRIOR_PREDICTIVE, losses, dict.fromkeys(losses, dims), ids)
        return found

    def _lazy(self, group: str, shapes: Mapping[str, Any], dims: Mapping[str, Any], coords: Any) -> Dataset:
        kept = {name: indexing.LazilyIndexedArray(_Kept(self, group, name, shape)) for name, shape in shapes.items()}
        return Dataset({name: Variable(dims[name], each) for name, each in kept.items()}, coords=coords)


class _Kept(BackendArray):
    """A variable of a predictive group, which xarray reads as it reads variables of files."""

    dtype = np.dtype(float)

    def __init__(self, of: Predictive, group: str, name: str, shape: tuple[int, ...]) -> None:
        self._of, self._group, self._name, self.shape = of, group, name, shape

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        def read(at: tuple[Any, ...]) -> Any:
            return self._of[self._group][self._name].to_numpy()[at]

        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, read)


def spaced(draws: int, most: int) -> Any:
    """Positions of at most so many draws, evenly spaced."""
    return np.arange(draws) if draws <= most else np.arange(most) * draws // most
