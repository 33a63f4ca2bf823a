"""Posteriors under the paper's penalty: tilted draws, reweighted to the posterior and named as the paper's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray import Dataset, DataTree

from bayes_scaling.model.coordinates import from_published, published_names
from bayes_scaling.model.reported import reported_quantities
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]


def reweighted(specification: Specification, rows: Rows, tilted: DataTree, seed: int) -> DataTree:
    """Posterior draws from draws of the tilted density.

    Parameters
    ----------
    tilted
        Draws of :func:`bayes_scaling.model.penalised.build_penalised_model`.
    seed
        Of the resampling.

    Returns
    -------
    DataTree
        Groups ``posterior`` (the paper's coefficients, ``sigma`` and what is reported of them) and ``sample_stats``.
        Each chain's draws are drawn again with probabilities in proportion to their weights, systematically and in
        their order, so that R-hat and effective sample sizes mean what they always mean: repeats count as the
        autocorrelation that they are.
    """
    draws = tilted["posterior"].to_dataset()
    chosen = resample(draws["log_weight"].to_numpy(), seed)
    theta = np.take_along_axis(draws["theta"].to_numpy(), chosen[..., None], axis=1)
    sigma = np.take_along_axis(draws["sigma"].to_numpy(), chosen, axis=1)
    names = published_names(specification)
    variables: dict[str, Any] = {name: (("chain", "draw"), theta[..., i]) for i, name in enumerate(names)}
    variables["sigma"] = (("chain", "draw"), sigma)
    coords: dict[str, Any] = {"chain": draws["chain"], "draw": draws["draw"]}
    values = {name: theta[..., i].reshape(-1, 1) for i, name in enumerate(names)}
    coefficients = {
        name: Coefficient(each.value.T, each.group)
        for name, each in from_published(specification, values, rows.levels).items()
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        reported = reported_quantities(specification, coefficients, rows.levels, samples=True)
    for name, quantity in reported.items():
        shape = (*(len(rows.levels[dim]) for dim in quantity.dims), *sigma.shape)
        array = np.moveaxis(np.reshape(quantity.value, shape), (-2, -1), (0, 1))
        variables[name] = (("chain", "draw", *quantity.dims), array)
        coords |= {dim: list(rows.levels[dim]) for dim in quantity.dims}
    stats = tilted["sample_stats"].to_dataset()
    return DataTree.from_dict(
        {
            "posterior": Dataset(variables, coords=coords),
            "sample_stats": stats.map(lambda column: _taken(column, chosen)),
        }
    )


def _taken(column: Any, chosen: NDArray[np.int64]) -> Any:
    if column.dims != ("chain", "draw"):
        return column
    return column.copy(data=np.take_along_axis(column.to_numpy(), chosen, axis=1))


def resample(log_weight: Floats, seed: int) -> NDArray[np.int64]:
    """Positions of draws, each chain's drawn again in proportion to its weights.

    Parameters
    ----------
    log_weight
        Shape ``(chains, draws)``.

    Returns
    -------
    array of int
        Shape ``(chains, draws)``, increasing within a chain (systematic resampling).

    Examples
    --------
    >>> resample(np.log([[1.0, 1.0, 2.0, 4.0]]), seed=0).tolist()
    [[1, 2, 3, 3]]
    """
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    cumulative = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    draws = weight.shape[1]
    offsets = np.random.default_rng(seed).random(len(weight))
    points = (np.arange(draws) + offsets[:, None]) / draws
    found = [np.searchsorted(row, at) for row, at in zip(cumulative, points, strict=True)]
    return np.asarray(np.minimum(np.array(found), draws - 1))
