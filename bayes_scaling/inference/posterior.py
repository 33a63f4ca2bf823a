"""From free variables to posteriors: reported quantities, and reweighting of draws from a tilted density."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from xarray import Dataset, DataTree

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.model.coordinates import coefficients_of, published_names
from bayes_scaling.model.gaussian_process import orthogonal
from bayes_scaling.model.penalised import penalised_draws
from bayes_scaling.model.reported import Quantity, reported_quantities
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.noise import smooth_change
from bayes_scaling.specifications.specification import Specification

EFFECT, STANDARDISED = "paper_effect", "paper_effect_standardised"


def posterior_values(posterior: Dataset, names: Mapping[str, Any] | tuple[str, ...]) -> dict[str, Any]:
    """Posterior draws as arrays of shape ``(samples, 1)`` or ``(samples, levels)``, for the law on arrays."""
    return {name: _by_sample(posterior[name].to_numpy()) for name in names}


def _by_sample(draws: Floats) -> Floats:
    return draws.reshape(draws.shape[0] * draws.shape[1], -1).astype(float)


def posterior_of(specification: Specification, rows: Rows, free: Mapping[str, Floats]) -> Dataset:
    """Free variables and all that is reported of them, on the table's own labels.

    ``free``: draws by name, shape ``(chains, draws)`` or ``(chains, draws, levels)``; of a penalised specification, of
    the paper's coefficients and ``sigma``.
    """
    variables = {name: (draws, dims_of(specification, name)) for name, draws in free.items()}
    for formula in specification.predicted.values():
        for each in formula.pooled:
            stem = formula.stem(each)
            variables[stem] = (free[f"{stem}_sd"][..., None] * free[f"{stem}_standardised"], (each.group,))
    if STANDARDISED in free:
        variables[EFFECT] = (free["tau"][..., None] * free[STANDARDISED], ("paper",))
    values = {name: _by_sample(draws) for name, draws in free.items()}
    with np.errstate(all="ignore"):  # a rate over an exponent next to 0, or a coefficient beyond any number
        reported = reported_draws(specification, rows, values)
    shape = next(iter(free.values())).shape[:2]
    for name, quantity in reported.items():
        if name not in free:
            draws = np.reshape(quantity.value, (*(len(rows.levels[dim]) for dim in quantity.dims), *shape))
            variables[name] = (np.moveaxis(draws, (-2, -1), (0, 1)), quantity.dims)
    used = {dim: list(rows.levels[dim]) for _, dims in variables.values() for dim in dims}
    return Dataset(
        {name: (("chain", "draw", *dims), draws) for name, (draws, dims) in variables.items()},
        coords={"chain": np.arange(shape[0]), "draw": np.arange(shape[1])} | used,
    )


def reported_draws(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> Mapping[str, Quantity]:
    """Reported quantities, draws on the last axis, of parameters of shape ``(samples, 1)`` or ``(samples, levels)``."""
    coefficients, levels = coefficients_of(specification, values, rows.levels), rows.levels
    with np.errstate(over="ignore"):  # at size one, far from the central point
        found = reported_quantities(specification, coefficients, levels, cells=rows.cells, anchor=rows.anchor)
    return {name: Quantity(np.moveaxis(each.value, 0, -1), each.dims) for name, each in found.items()}


def dims_of(specification: Specification, name: str) -> tuple[str, ...]:
    """Dimensions of a free variable, apart from those of draws."""
    if name == STANDARDISED:
        return ("paper",)
    group = specification.index_of(name) if specification.delta is None else None
    return () if group is None else (group,)


def completed(specification: Specification, rows: Rows, free: Mapping[str, Floats], seed: int) -> Mapping[str, Floats]:
    """Draws of free variables with those of the parameters that were integrated out, given all else."""
    if not specification.left_to_integrate:
        return free
    stem = specification.integrated
    columns, turn = orthogonal(rows.covariates[stem])
    values = {name: _by_sample(draws) for name, draws in free.items()}
    law = expected_loss(coefficients_of(specification, values, rows.levels), rows.covariates, rows.index)
    residual = np.log(rows.response) - np.log(law)
    _, mean, variance = smooth_change(residual, values["sigma"], values[f"{stem}_sd"], columns)
    drawn = mean + np.sqrt(variance) * np.random.default_rng(seed).standard_normal(mean.shape)
    shape, known = next(iter(free.values())).shape[:2], len(rows.levels[f"{stem}_level"])
    found = (drawn @ turn.T).reshape(*shape, -1)
    return {**free, **dict(zip(specification.left_to_integrate, np.split(found, [known], axis=-1), strict=True))}


def plain(
    specification: Specification, rows: Rows, seed: int, values: Mapping[str, Floats], stats: Dataset
) -> tuple[DataTree, Dataset]:
    """Groups of a posterior that needs no reweighting, and the sampler's statistics."""
    posterior = posterior_of(specification, rows, completed(specification, rows, values, seed))
    return DataTree.from_dict({"posterior": posterior, "sample_stats": stats}), stats


def reweighted(
    specification: Specification,
    rows: Rows,
    design: Mapping[str, Any],
    seed: int,
    values: Mapping[str, Floats],
    stats: Dataset,
) -> tuple[DataTree, Dataset]:
    """Groups of a penalised posterior from draws of its tilted density, and the sampler's statistics with weights.

    Each chain is resampled systematically and in order, so that repeats count as autocorrelation in R-hat and ESS.
    """
    theta, log_weight = penalised_draws(design, values)
    chosen = resample(log_weight, seed)
    theta = np.take_along_axis(theta, chosen[..., None], axis=1)
    free = {name: theta[..., i] for i, name in enumerate(published_names(specification))}
    posterior = posterior_of(specification, rows, free | {"sigma": np.take_along_axis(values["sigma"], chosen, axis=1)})
    taken = stats.map(lambda column: _taken(column, chosen))
    weighed = stats.assign(log_weight=(("chain", "draw"), log_weight))
    return DataTree.from_dict({"posterior": posterior, "sample_stats": taken}), weighed


def _taken(column: Any, chosen: Integers) -> Any:
    if column.dims != ("chain", "draw"):
        return column
    return column.copy(data=np.take_along_axis(column.to_numpy(), chosen, axis=1))


def resample(log_weight: Floats, seed: int) -> Integers:
    """Positions of draws, each chain resampled systematically by its weights; shapes ``(chains, draws)``."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    cumulative = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    draws = weight.shape[1]
    offsets = np.random.default_rng(seed).random(len(weight))
    points = (np.arange(draws) + offsets[:, None]) / draws
    found = [np.searchsorted(row, at) for row, at in zip(cumulative, points, strict=True)]
    return np.asarray(np.minimum(np.array(found), draws - 1))
