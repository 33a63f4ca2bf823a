"""Pointwise log densities of a posterior, for cross-validation and prior sensitivity, without compiling anything."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from xarray import Dataset, DataTree

from bayes_scaling.inference.posterior import EFFECT, STANDARDISED, coefficients_of, posterior_values
from bayes_scaling.model.coordinates import penalty_scale, published_names
from bayes_scaling.model.noise import (
    effect_given_rest,
    log_jacobian,
    log_residual,
    normal,
    normal_given_rest,
    paper_correction,
)
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]

_EFFECT_GRID = np.linspace(-8, 8, 97)
"""Paper effects in units of tau, for the one case without a closed form (Student-t noise)."""


def sampled_names(specification: Specification) -> tuple[str, ...]:
    """Free variables of a specification's model, in the order of the law; paper effects apart."""
    noise = tuple(p.name for p in specification.parameters())
    return noise if specification.delta is None else (*published_names(specification), *noise)


def draws_of(specification: Specification, data: DataTree) -> dict[str, Floats]:
    """Posterior draws of all that log densities need, each of shape ``(samples, 1)`` or ``(samples, levels)``."""
    effects = [name for name in (EFFECT, STANDARDISED) if name in data["posterior"]]
    return posterior_values(data, (*sampled_names(specification), *effects))


def expected_losses(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> Floats:
    """Expected loss of each row under each draw, nats per token, shape ``(samples, n)``, without paper effects."""
    coefficients = coefficients_of(specification, values, rows.levels)
    return np.asarray(expected_loss(coefficients, rows.covariates, rows.index))


def log_likelihoods(specification: Specification, rows: Rows, data: DataTree) -> dict[str, Dataset]:
    """Log density of each evaluation and of each paper under each draw.

    Returns
    -------
    dict of str to Dataset
        ``"evaluation"``: an evaluation given the others of its paper, which is what leaving it out needs; without
        paper effects, its plain log density. ``"paper"``: a paper's evaluations jointly. Papers are independent
        given the parameters, so these always add up to the log likelihood; evaluations do so only without paper
        effects.
    """
    values = draws_of(specification, data)
    residual = rows.response - expected_losses(specification, rows, values)
    shape = (data["posterior"].sizes["chain"], data["posterior"].sizes["draw"], -1)
    return {
        unit: Dataset(
            {specification.response: (("chain", "draw", unit), _compact(densities).reshape(shape))},
            coords={
                "chain": data["posterior"]["chain"],
                "draw": data["posterior"]["draw"],
                unit: list(labels),
            },
        )
        for unit, densities, labels in (
            ("evaluation", evaluation_densities(specification, rows, values, residual), rows.ids),
            ("paper", paper_densities(specification, rows, values, residual), rows.levels["paper"]),
        )
    }


def _compact(values: Floats) -> NDArray[np.float32]:
    """Single precision: errors near 1e-7 nats, at half the size of every stored fit."""
    return np.maximum(values, np.finfo(np.float32).min).astype(np.float32)


def evaluation_densities(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> Floats:
    """Log density of each evaluation given the others of its paper, shape ``(samples, n)``.

    ``residual`` is observed less expected loss, nats, whatever the scale of the noise; densities are of the loss, so
    that specifications with noise on the loss and on its logarithm can be compared.
    """
    sigma, paper = values["sigma"], rows.index["paper"]
    if specification.noise.cluster == "none":
        return _independent_densities(specification, rows, values, residual)
    if specification.noise.family == "student_t":
        residual = residual - values[EFFECT][:, paper]
        return np.asarray(stats.t.logpdf(residual, values["nu"], scale=sigma))
    total, size = sum_by(residual, paper), np.bincount(paper).astype(float)
    return np.asarray(normal_given_rest(residual, total[:, paper], size[paper], sigma, values["tau"]))


def _independent_densities(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> Floats:
    """Log density of each loss on its own, shape ``(samples, n)``."""
    jacobian: Floats | float = 0.0
    if specification.noise.scale == "log_loss":
        residual, jacobian = log_residual(residual, rows.response), log_jacobian(rows.response)
    if specification.noise.family == "student_t":
        return np.asarray(stats.t.logpdf(residual, values["nu"], scale=values["sigma"]) + jacobian)
    return np.asarray(normal(residual, values["sigma"]) + jacobian)


def paper_densities(specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats) -> Floats:
    """Joint log density of each paper's evaluations, shape ``(samples, papers)``; ``residual`` in nats."""
    sigma, paper = values["sigma"], rows.index["paper"]
    clustered = specification.noise.cluster == "paper"
    if clustered and specification.noise.family == "student_t":
        return _integrated_student_t(residual, paper, values["nu"], sigma, values["tau"])
    independent = sum_by(_independent_densities(specification, rows, values, residual), paper)
    if not clustered:
        return independent
    total, size = sum_by(residual, paper), np.bincount(paper).astype(float)
    return np.asarray(independent + paper_correction(total, size, sigma, values["tau"]))


def left_out_losses(specification: Specification, rows: Rows, values: Mapping[str, Floats], unit: str) -> Floats:
    """Expected loss of each evaluation under each draw when its unit is left out, nats, shape ``(samples, n)``."""
    expected = expected_losses(specification, rows, values)
    return np.asarray(expected + _paper_effects(specification, rows, values, rows.response - expected, unit))


def _paper_effects(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats, unit: str
) -> Floats | float:
    """Expected effect of an evaluation's paper when the unit is left out, nats; 0 where nothing of it is known."""
    if specification.noise.cluster == "none" or unit == "paper":
        return 0.0
    paper = rows.index["paper"]
    if specification.noise.family == "student_t":
        return np.asarray(values[EFFECT][:, paper])
    total, size = sum_by(residual, paper)[:, paper], np.bincount(paper).astype(float)[paper]
    return np.asarray(effect_given_rest(residual, total, size, values["sigma"], values["tau"]))


def sum_by(values: Floats, codes: NDArray[np.int64]) -> Floats:
    """Sum over the last axis within groups of equal code; result has one column per code, in order.

    Examples
    --------
    >>> sum_by(np.array([[1.0, 2.0, 4.0]]), np.array([1, 0, 1])).tolist()
    [[2.0, 5.0]]
    """
    return np.asarray(values @ np.equal.outer(codes, np.arange(codes.max() + 1)).astype(float))


def _integrated_student_t(residual: Floats, paper: NDArray[np.int64], nu: Floats, sigma: Floats, tau: Floats) -> Floats:
    """Joint density of each paper, its effect integrated out numerically (trapezoidal rule)."""
    weight = stats.norm.logpdf(_EFFECT_GRID) + np.log(_EFFECT_GRID[1] - _EFFECT_GRID[0])
    joint = np.full((len(residual), paper.max() + 1), -np.inf)
    for node, log_weight in zip(_EFFECT_GRID, weight, strict=True):
        density = sum_by(np.asarray(stats.t.logpdf(residual - node * tau, nu, scale=sigma)), paper)
        joint = np.logaddexp(joint, density + log_weight)
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
