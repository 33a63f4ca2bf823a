"""Pointwise log densities of a posterior, for cross-validation and prior sensitivity, without compiling anything."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from xarray import Dataset, DataTree

from bayes_scaling.inference.sampling import posterior_values
from bayes_scaling.model.build import OBSERVED
from bayes_scaling.model.coordinates import from_level_and_share, from_published, penalty_scale, published_names
from bayes_scaling.model.noise import normal, normal_given_rest, paper_correction
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]

_EFFECT_GRID = np.linspace(-8, 8, 97)
"""Paper effects in units of tau, for the one case without a closed form (Student-t noise)."""


def expected_losses(specification: Specification, rows: Rows, data: DataTree) -> Floats:
    """Expected loss of each row under each draw, nats per token, shape ``(samples, n)``, without paper effects."""
    if specification.delta is None:
        noise = ("sigma", "tau", "nu")
        names = tuple(p.name for p in specification.parameters() if p.name not in noise)
        coefficients: Any = from_level_and_share(specification, posterior_values(data, names), rows.levels)
    else:
        values = posterior_values(data, published_names(specification))
        coefficients = from_published(specification, values, rows.levels)
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
    residual = rows.loss - expected_losses(specification, rows, data)
    noise_names = tuple(p.name for p in specification.parameters() if p.name in ("sigma", "tau", "nu"))
    noise = posterior_values(data, noise_names)
    by_evaluation, by_paper = _densities(specification, rows, data, residual, noise)
    shape = (data["posterior"].sizes["chain"], data["posterior"].sizes["draw"], -1)
    return {
        unit: Dataset(
            {OBSERVED: (("chain", "draw", unit), _compact(values).reshape(shape))},
            coords={
                "chain": data["posterior"]["chain"],
                "draw": data["posterior"]["draw"],
                unit: list(labels),
            },
        )
        for unit, values, labels in (
            ("evaluation", by_evaluation, rows.ids),
            ("paper", by_paper, rows.levels["paper"]),
        )
    }


def _compact(values: Floats) -> NDArray[np.float32]:
    """Single precision: errors near 1e-7 nats, at half the size of every stored fit."""
    return np.maximum(values, np.finfo(np.float32).min).astype(np.float32)


def _densities(
    specification: Specification, rows: Rows, data: DataTree, residual: Floats, noise: Mapping[str, Floats]
) -> tuple[Floats, Floats]:
    paper = rows.index["paper"]
    clustered = specification.noise.cluster == "paper"
    sigma = noise["sigma"]
    if specification.noise.family == "student_t":
        nu = noise["nu"]
        if not clustered:
            each = np.asarray(stats.t.logpdf(residual, nu, scale=sigma))
            return each, sum_by(each, paper)
        effect = posterior_values(data, ("paper_effect",))["paper_effect"]
        each = np.asarray(stats.t.logpdf(residual - effect[:, paper], nu, scale=sigma))
        return each, _integrated_student_t(residual, paper, nu, sigma, noise["tau"])
    independent = normal(residual, sigma)
    if not clustered:
        return independent, sum_by(independent, paper)
    tau = noise["tau"]
    total = sum_by(residual, paper)
    size = np.bincount(paper).astype(float)
    joint = sum_by(independent, paper) + paper_correction(total, size, sigma, tau)
    return normal_given_rest(residual, total[:, paper], size[paper], sigma, tau), joint


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
    densities = {}
    for parameter in specification.parameters():
        frozen = specification.prior_of(parameter.name).frozen()
        densities[parameter.name] = frozen.logpdf(posterior_values(data, (parameter.name,))[parameter.name])
    if specification.delta is not None:
        sigma = posterior_values(data, ("sigma",))["sigma"]
        scale = penalty_scale(sigma, len(rows.ids), specification.delta)
        for name, values in posterior_values(data, published_names(specification)).items():
            densities[name] = stats.laplace.logpdf(values, scale=scale)
    if "paper_effect_standardised" in posterior:
        values = posterior_values(data, ("paper_effect_standardised",))["paper_effect_standardised"]
        densities["paper_effect_standardised"] = stats.norm.logpdf(values)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    return Dataset(
        {name: (("chain", "draw"), density.sum(axis=1).reshape(shape)) for name, density in densities.items()},
        coords={"chain": posterior["chain"], "draw": posterior["draw"]},
    )
