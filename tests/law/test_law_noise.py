"""Densities of residuals against the multivariate normal that they claim to be."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.log_densities import FAST
from numpy.testing import assert_allclose
from scipy import stats

from bayes_scaling.specifications.noise import given_rest, normal, shared_effects

quick = settings(max_examples=60, deadline=None)
scales = st.floats(0.02, 2.0)
blocks = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=7).map(np.array)


def covariance(size: int, sigma: float, tau: float) -> np.ndarray:
    return sigma**2 * np.eye(size) + tau**2 * np.ones((size, size))


def of_one(each: np.ndarray) -> np.ndarray:
    """Sums over the rows of one paper, which all are of."""
    return np.broadcast_to(each.sum(axis=-1, keepdims=True), each.shape)


def correction(residual: np.ndarray, sigma: float, tau: float) -> float:
    return float(shared_effects(residual, sigma, [(of_one, tau)])[0].sum())


def block_density(residual: np.ndarray, sigma: float, tau: float) -> float:
    return float(normal(residual, sigma).sum()) + correction(residual, sigma, tau)


def density_given_rest(residual: np.ndarray, sigma, tau) -> np.ndarray:
    mean, scale, _ = given_rest(residual, sigma, [(of_one, tau)])
    return normal(residual - mean, scale)


@quick
@given(st.floats(-5.0, 5.0), scales)
def test_normal_is_the_normal_density(residual: float, sigma: float) -> None:
    assert_allclose(normal(residual, sigma), stats.norm.logpdf(residual, scale=sigma), rtol=1e-12, atol=1e-12)


@quick
@given(blocks, scales, scales)
def test_a_paper_is_one_multivariate_normal(residual: np.ndarray, sigma: float, tau: float) -> None:
    exact = stats.multivariate_normal(cov=covariance(residual.size, sigma, tau)).logpdf(residual)
    assert_allclose(block_density(residual, sigma, tau), exact, rtol=1e-7, atol=1e-7)


def test_a_large_paper() -> None:
    residual = np.random.default_rng(0).normal(0.3, 0.2, size=60)
    exact = stats.multivariate_normal(cov=covariance(60, 0.16, 0.144)).logpdf(residual)
    assert_allclose(block_density(residual, 0.16, 0.144), exact, rtol=1e-10)


@quick
@given(st.floats(-3.0, 3.0), scales, scales)
def test_a_paper_with_one_evaluation_has_the_summed_variance(residual: float, sigma: float, tau: float) -> None:
    exact = stats.norm.logpdf(residual, scale=np.hypot(sigma, tau))
    assert_allclose(block_density(np.array([residual]), sigma, tau), exact, rtol=1e-9, atol=1e-9)


@quick
@given(st.integers(1, 40), scales, scales)
def test_determinant_in_terms_of_the_correlation(size: int, sigma: float, tau: float) -> None:
    """Ho et al. 2024, appendix I: det = (1 - rho)^(m-1) (1 + (m-1) rho) for the correlation matrix."""
    rho = tau**2 / (sigma**2 + tau**2)
    log_determinant = size * np.log(sigma**2 + tau**2) + (size - 1) * np.log1p(-rho) + np.log1p((size - 1) * rho)
    found = size * np.log(sigma**2) - 2 * correction(np.zeros(size), sigma, tau)
    assert_allclose(found, log_determinant, rtol=1e-9, atol=1e-9)
    assert_allclose(np.linalg.slogdet(covariance(size, sigma, tau))[1], log_determinant, rtol=1e-6, atol=1e-6)


def test_determinant_at_the_papers_correlation() -> None:
    rho, variance, size = 0.45, 0.215**2, 3
    sigma, tau = np.sqrt((1 - rho) * variance), np.sqrt(rho * variance)
    assert sigma == pytest.approx(0.160, abs=1e-3)
    assert tau == pytest.approx(0.144, abs=1e-3)
    correlation = np.full((size, size), rho) + (1 - rho) * np.eye(size)
    found = (size * np.log(sigma**2) - 2 * correction(np.zeros(size), sigma, tau)) - size * np.log(variance)
    assert_allclose(np.exp(found), np.linalg.det(correlation), rtol=1e-12)
    assert_allclose(np.linalg.det(correlation), 0.55**2 * 1.9, rtol=1e-12)


@quick
@given(blocks, scales)
def test_no_paper_effect_means_independence(residual: np.ndarray, sigma: float) -> None:
    assert correction(residual, sigma, 0.0) == 0.0
    assert_allclose(correction(residual, sigma, 1e-9 * sigma), 0.0, atol=1e-10)


@quick
@given(blocks, scales)
def test_no_paper_effect_leaves_each_density_alone(residual: np.ndarray, sigma: float) -> None:
    for tau in (0.0, 1e-9 * sigma):
        found = density_given_rest(residual, sigma, tau)
        assert_allclose(found, normal(residual, sigma), rtol=1e-9, atol=1e-9)


@quick
@given(blocks, scales, scales)
def test_one_given_the_rest_is_the_conditional_normal(residual: np.ndarray, sigma: float, tau: float) -> None:
    full = covariance(residual.size, sigma, tau)
    found = density_given_rest(residual, sigma, tau)
    for i, own in enumerate(residual):
        rest = np.delete(np.arange(residual.size), i)
        weights = np.linalg.solve(full[np.ix_(rest, rest)], full[rest, i])
        mean, variance = weights @ residual[rest], full[i, i] - weights @ full[rest, i]
        assert_allclose(found[i], stats.norm.logpdf(own, mean, np.sqrt(variance)), rtol=1e-6, atol=1e-6)


@quick
@given(blocks.filter(lambda block: block.size > 1), scales, scales)
def test_one_given_the_rest_is_the_block_less_the_rest(residual: np.ndarray, sigma: float, tau: float) -> None:
    found = density_given_rest(residual, sigma, tau)
    whole = block_density(residual, sigma, tau)
    without = [block_density(np.delete(residual, i), sigma, tau) for i in range(residual.size)]
    assert_allclose(found, whole - np.array(without), rtol=1e-8, atol=1e-8)


def test_a_lone_evaluation_is_judged_without_knowing_its_paper() -> None:
    found = density_given_rest(np.array([0.4]), 0.3, 0.4)
    assert_allclose(found, stats.norm.logpdf(0.4, scale=0.5))


def test_a_huge_paper_effect_tells_nothing_but_differences() -> None:
    """Of two evaluations, one is then known only relative to the other, with variance 2 sigma^2."""
    residual = np.array([5.1, 5.4])
    found = density_given_rest(residual, 0.2, 1e4)
    assert_allclose(found, stats.norm.logpdf(0.3, scale=0.2 * np.sqrt(2)), rtol=1e-6)


def test_draws_by_rows() -> None:
    """One row a draw: sigma and tau of shape (draws, 1)."""
    rng = np.random.default_rng(1)
    residual = rng.normal(size=(4, 5))
    sigma, tau = rng.uniform(0.1, 1, size=(4, 1)), rng.uniform(0.1, 1, size=(4, 1))
    found = density_given_rest(residual, sigma, tau)
    for draw in range(4):
        alone = density_given_rest(residual[draw], sigma[draw, 0], tau[draw, 0])
        assert_allclose(found[draw], alone, rtol=1e-13)


CODES = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 2], [0, 0, 1, 1, 1, 2, 2, 3, 4], [0, 0, 1, 2, 2, 3, 4, 5, 6]])
"""Of rows of labs, of papers within labs, and of tables within papers."""


def sums_by(codes: np.ndarray):
    return lambda each: each @ np.equal.outer(codes, codes)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_clusters_within_clusters_are_one_multivariate_normal(depth: int) -> None:
    rng = np.random.default_rng(depth)
    for _ in range(20):
        residual, sigma = rng.normal(size=9), rng.uniform(0.05, 1, 9)
        tau, codes = np.exp(rng.normal(-1, 1, depth)), CODES[:depth]
        shared = sum((t**2 * np.equal.outer(c, c) for t, c in zip(tau, codes, strict=True)), np.zeros((9, 9)))
        whole = np.diag(sigma**2) + shared
        effects = [(sums_by(c), t) for t, c in reversed(list(zip(tau, codes, strict=True)))]
        added, mean, variance, _ = shared_effects(residual, sigma, effects)
        exact = stats.multivariate_normal.logpdf(residual, cov=whole)
        assert (normal(residual, sigma) + added).sum() == pytest.approx(exact, rel=1e-10, abs=1e-10)
        assert_allclose(mean, shared @ np.linalg.solve(whole, residual), rtol=1e-9, atol=1e-10)
        assert_allclose(variance, np.diag(shared - shared @ np.linalg.solve(whole, shared)), rtol=1e-9, atol=1e-10)
        precision = np.linalg.inv(whole)
        own, scale, _ = given_rest(residual, sigma, effects)
        assert_allclose(residual - own, precision @ residual / np.diag(precision), rtol=1e-8, atol=1e-10)
        assert_allclose(scale, np.diag(precision) ** -0.5, rtol=1e-9)


def test_tensors_give_the_same_numbers() -> None:
    residual, sigma = pt.dvectors("residual", "sigma")
    inner, outer = pt.dscalars("inner", "outer")
    zeros = pt.zeros_like(residual)
    by = [lambda each, own=own: pt.inc_subtensor(zeros[own], each)[own] for own in CODES[1::-1]]
    both = [
        normal(residual, sigma, xp=pt),
        *shared_effects(residual, sigma, list(zip(by, (inner, outer), strict=True)), xp=pt),
    ]
    compiled = pytensor.function([residual, sigma, inner, outer], both, mode=FAST)
    rng = np.random.default_rng(0)
    given = rng.normal(size=9), rng.uniform(0.1, 1, 9)
    expected = shared_effects(*given, [(sums_by(CODES[1]), 0.15), (sums_by(CODES[0]), 0.3)])
    for found, exact in zip(compiled(*given, 0.15, 0.3), [normal(*given), *expected], strict=True):
        assert_allclose(found, exact, rtol=1e-12)
