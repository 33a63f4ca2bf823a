"""Pointwise log densities of a posterior, for cross-validation and prior sensitivity, without compiling anything."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy import stats
from scipy.sparse import csr_array
from xarray import Dataset, DataTree

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.inference.effect_integral import NODES_OF_A_GAP, paper_density
from bayes_scaling.inference.posterior import EFFECT, STANDARDISED, posterior_values
from bayes_scaling.model.coordinates import coefficients_of, penalty_scale, published_names
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import coefficient_at, expected_loss
from bayes_scaling.specifications.noise import (
    Effects,
    Family,
    given_rest,
    log_jacobian,
    log_residual,
    normal,
    shared_effects,
)
from bayes_scaling.specifications.specification import Specification

Work = Callable[[Specification, Rows, Mapping[str, Floats], Floats], Floats]

BLOCK = 2**22  # most numbers in an array over draws and rows, 32 MiB; several are in memory at a time


def sampled_names(specification: Specification) -> tuple[str, ...]:
    """Free variables of a specification's model, in the order of the law; paper effects apart."""
    noise = tuple(p.name for p in specification.parameters())
    return noise if specification.delta is None else (*published_names(specification), *noise)


def draws_of(specification: Specification, data: DataTree | Dataset) -> dict[str, Floats]:
    """Posterior draws of all that log densities need, each of shape ``(samples, 1)`` or ``(samples, levels)``."""
    posterior = data["posterior"].to_dataset() if isinstance(data, DataTree) else data
    effects = [name for name in (EFFECT, STANDARDISED) if name in posterior]
    return posterior_values(posterior, (*sampled_names(specification), *effects))


def expected_losses(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> Floats:
    """Expected loss of each row under each draw, nats per token, shape ``(samples, n)``, without paper effects."""
    coefficients = coefficients_of(specification, values, rows.levels)
    return np.asarray(expected_loss(coefficients, rows.covariates, rows.index))


def scales(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> Floats:
    """Scale of the noise of each row under each draw, ``(samples, n)``, or ``(samples, 1)`` where all share it."""
    if "sigma" not in specification.coefficients:
        return values["sigma"]
    coefficient = coefficients_of(specification, values, rows.levels)["sigma"]
    return np.asarray(coefficient_at(coefficient, rows.covariates, rows.index))


def blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of ``count`` items of ``width`` numbers, each of at most :data:`BLOCK` numbers."""
    step = max(1, BLOCK // max(1, width))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def of_units(
    work: Work, specification: Specification, rows: Rows, values: Mapping[str, Floats], unit: str, positions: Any
) -> Floats:
    """Apply a function of rows, such as :func:`paper_densities`, to some units: shape ``(samples, units)``.

    It gets the rows that these units depend on, and as many draws at a time as make one block.
    """
    of, paper, positions = rows.units(unit), rows.index["paper"], np.asarray(positions, dtype=np.int64)
    inside = np.flatnonzero(np.isin(of, positions))
    if specification.noise.cluster != "none":  # evaluations of one paper depend on each other
        inside = np.flatnonzero(np.isin(paper, paper[inside]))
    part, columns = rows.take(inside), np.searchsorted(np.unique(of[inside]), positions)
    samples = len(next(iter(values.values())))
    found = np.empty((samples, len(positions)))
    for some in blocks(samples, len(inside)):
        drawn = {name: each[some] for name, each in values.items()}
        residual = part.response - expected_losses(specification, part, drawn)
        found[some] = work(specification, part, drawn, residual)[:, columns]
    return found


def unit_densities(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], unit: str, positions: Any
) -> Floats:
    """Log density of some units under each draw, nats, shape ``(samples, len(positions))``.

    Of an evaluation it is given the others of its paper, which is what leaving it out needs; of a paper it is joint, so
    that papers always add up to the log likelihood, and evaluations only without paper effects.
    """
    work = paper_densities if unit == "paper" else evaluation_densities
    return of_units(work, specification, rows, values, unit, positions)


def evaluation_densities(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> Floats:
    """Log density of each evaluation given the others of its paper, shape ``(samples, n)``.

    ``residual`` is observed less expected loss, nats. Densities are of the loss even where noise is on its logarithm,
    so that specifications can be compared.
    """
    noise, sigma = specification.noise, scales(specification, rows, values)
    known = known_of_rest(specification, rows, values, residual)
    residual, jacobian = on_scale(specification, rows, residual)
    if not known or noise.samples_effects:
        mean = known[0] if known else 0.0
        return np.asarray(noise.kind.of(residual - mean, sigma, values) + jacobian)
    mean, variance, rest, count = known
    scale = np.sqrt(sigma**2 + variance)
    density, square = normal(residual - mean, scale) + jacobian, rest + ((residual - mean) / scale) ** 2
    heavier = noise.kind.heavier
    return np.asarray(density + heavier(square, count + 1, values) - heavier(rest, count, values))


def known_of_rest(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> tuple[Any, ...]:
    """What the other evaluations of its cluster tell of each: mean and variance of its effects; nothing if it has none.

    Where the effects are integrated out also their squared distance and number.
    """
    noise = specification.noise
    if noise.samples_effects:
        return values[EFFECT][:, rows.index["paper"]], 0.0
    if noise.cluster == "none":
        return ()
    residual, _ = on_scale(specification, rows, residual)
    sigma, effects = scales(specification, rows, values), effects_of(specification, rows, values)
    mean, scale, squares = given_rest(residual, sigma, effects)
    whole, _ = effects[-1]
    rest = whole(squares) - ((residual - mean) / scale) ** 2
    return mean, scale**2 - sigma**2, np.maximum(rest, 0.0), whole(np.ones(residual.shape[1])) - 1


def on_scale(specification: Specification, rows: Rows, residual: Floats) -> tuple[Floats, Floats | float]:
    """Residuals on the scale of the noise, and the log Jacobian that makes their densities those of the loss."""
    if specification.noise.on_log:
        return log_residual(residual, rows.response), log_jacobian(rows.response)
    return residual, 0.0


def effects_of(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> Effects:
    """A function that sums rows within a cluster, and the cluster's standard deviation; the innermost cluster first."""

    def sums(codes: Integers) -> Callable[[Floats], Floats]:
        _, own = np.unique(codes, return_inverse=True)
        return lambda each: sum_by(each, own)[..., own]

    return [(sums(rows.index[group]), values[tau]) for group, tau in reversed(specification.noise.effects)]


def paper_densities(specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats) -> Floats:
    """Joint log density of the evaluations of each paper of the rows, shape ``(samples, papers)``, nats."""
    sigma = scales(specification, rows, values)
    _, paper = np.unique(rows.index["paper"], return_inverse=True)
    residual, jacobian = on_scale(specification, rows, residual)
    if specification.noise.samples_effects:
        joint = _integrated(specification.noise.kind, values, residual, paper, sigma)
        return joint + sum_by(np.broadcast_to(jacobian, paper.shape), paper)
    kind = specification.noise.kind
    densities = np.asarray(kind.of(residual, sigma, values) + jacobian)
    if not specification.noise.clusters:
        return sum_by(densities, paper)
    added, _, _, squares = shared_effects(residual, sigma, effects_of(specification, rows, values))
    joint = sum_by(densities + added, paper)
    return joint + kind.heavier(sum_by(squares, paper), np.bincount(paper), values) if kind.by_cluster else joint


def left_out_losses(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], unit: str, positions: Any
) -> Floats:
    """Expected loss of evaluations at some positions under each draw when their unit is left out, nats."""
    expected = expected_losses(specification, rows.take(positions), values)
    if specification.noise.cluster == "none" or unit == "paper":
        return expected
    effects = of_units(_paper_effects, specification, rows, values, unit, positions)
    return np.asarray(specification.noise.added(expected, effects))


def _paper_effects(specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats) -> Floats:
    """Expected effect of an evaluation's paper given its other evaluations, nats."""
    return np.asarray(known_of_rest(specification, rows, values, residual)[0])


def sum_by(values: Floats, codes: Integers) -> Floats:
    """Sum over the last axis within groups of equal code; result has one column per code, in order."""
    members = csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)))
    return np.asarray(values.reshape(-1, len(codes)) @ members).reshape(*values.shape[:-1], -1)


def _integrated(
    family: Family, values: Mapping[str, Floats], residual: Floats, paper: Integers, sigma: Floats
) -> Floats:
    joint, sigma = np.empty((len(residual), paper.max() + 1)), np.broadcast_to(sigma, residual.shape)
    for code in range(joint.shape[1]):
        own, scale = residual[:, paper == code], sigma[:, paper == code]
        for some in blocks(len(own), NODES_OF_A_GAP * (own.shape[1] + 1)):
            of_draws = {name: values[name][some] for name in family.extra}
            joint[some, code] = paper_density(family, of_draws, own[some], scale[some], values["tau"][some])
    return joint


def log_priors(specification: Specification, rows: Rows, data: DataTree) -> Dataset:
    """Log prior density of every free parameter under each draw, summed over its levels."""
    posterior = data["posterior"]
    densities = prior_densities(specification, rows, draws_of(specification, data))
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    return Dataset(
        {name: (("chain", "draw"), density.reshape(shape)) for name, density in densities.items()},
        coords={"chain": posterior["chain"], "draw": posterior["draw"]},
    )


def prior_densities(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Log prior density of every free parameter, summed over its levels, shape ``(samples,)`` each."""
    densities = {}
    for parameter in specification.parameters():
        frozen = specification.prior_of(parameter.name).frozen()
        densities[parameter.name] = frozen.logpdf(values[parameter.name])
    if specification.delta is not None:
        scale = penalty_scale(values["sigma"], rows.complete or len(rows.ids), specification.delta)
        for name in published_names(specification):
            densities[name] = stats.laplace.logpdf(values[name], scale=scale)
    if STANDARDISED in values:
        densities[STANDARDISED] = stats.norm.logpdf(values[STANDARDISED])
    return {name: np.asarray(density).sum(axis=1) for name, density in densities.items()}
