"""Student-t noise with paper effects: the integral over an effect, against one on far more nodes."""

import time
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from bayes_scaling.inference.effect_integral import paper_density
from bayes_scaling.inference.likelihood import _integrated
from bayes_scaling.specifications.noise import FAMILIES

RNG = np.random.default_rng(20261128)
TAU, STUDENT_T = 0.1, FAMILIES["student_t"]


def one(number: float) -> np.ndarray:
    return np.full((1, 1), float(number))


def density(residual: np.ndarray, nu: float, sigma: float, tau: float = TAU) -> float:
    return float(paper_density(STUDENT_T, {"nu": one(nu)}, residual[None, :], one(sigma), one(tau))[0])


def log_integrand(effect: np.ndarray, residual: np.ndarray, nu: float, sigma: float, tau: float) -> np.ndarray:
    rows = sum(stats.t.logpdf(each - effect, nu, scale=sigma) for each in residual)
    return np.asarray(stats.norm.logpdf(effect, scale=tau) + rows)


def dense(residual: np.ndarray, nu: float, sigma: float, tau: float = TAU) -> float:
    """Gauss's rule on 15 panels to a decade of the distance from each residual and from 0."""
    away = np.concatenate([[0.0], np.geomspace(1e-2, 1e8, 150)])
    ends = [*(residual[:, None] + sigma * np.concatenate([-away, away])).ravel(), *(tau * away), *(-tau * away)]
    low, high = min(residual.min(), 0) - 12 * tau, max(residual.max(), 0) + 12 * tau
    ends = np.unique(np.clip(ends, low, high))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = np.diff(ends)[:, None] / 2
    found = log_integrand(ends[:-1, None] + half * (nodes + 1), residual, nu, sigma, tau)
    return float(found.max() + np.log((np.exp(found - found.max()) * weights * half).sum()))


@pytest.mark.parametrize(
    ("ratio", "exact"), [(3, 5.45158), (5, 6.47992), (10, 7.86155), (30, 9.97233), (100, 11.47466)]
)
def test_three_close_residuals(ratio: int, exact: float) -> None:
    residual, sigma = np.array([0.053, 0.051, 0.0525]), TAU / ratio

    def integrand(effect: float) -> float:
        return float(np.exp(log_integrand(np.asarray(effect), residual, 5, sigma, TAU)))

    around = sorted({*residual, *(residual.mean() + sigma * np.array([-9, -3, -1, 1, 3, 9])), 0.0})
    by_quad = integrate.quad(integrand, -1, 1, points=around, limit=500, epsabs=0, epsrel=1e-10)[0]
    assert density(residual, 5, sigma) == pytest.approx(np.log(by_quad), abs=1e-7)
    assert density(residual, 5, sigma) == pytest.approx(exact, abs=1e-5)


def clumps(size: int, sigma: float, apart: float) -> np.ndarray:
    sides = np.where(np.arange(size) % 2, 1.0, -1.0)
    return sides * apart / 2 + 0.1 * sigma * RNG.standard_normal(size)


SHAPES = {
    "tight": lambda size, sigma: 0.7 * TAU + 0.01 * sigma * RNG.standard_normal(size),
    "as noise": lambda size, sigma: 0.7 * TAU + sigma * RNG.standard_normal(size),
    "as effects": lambda size, sigma: TAU * RNG.standard_normal(size),
    "far beyond effects": lambda size, sigma: 30 * TAU + 10 * TAU * RNG.standard_normal(size),
    "clumps": partial(clumps, apart=3 * TAU),
    "clumps far apart": partial(clumps, apart=100 * TAU),
    "equal": lambda size, sigma: np.full(size, 0.3 * TAU),
}


@pytest.mark.parametrize("nu", [1.0, 5.0, 100.0])
@pytest.mark.parametrize("ratio", [0.01, 1.0, 20.0, 1000.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_residuals_of_every_shape(shape: str, ratio: float, nu: float) -> None:
    sigma = TAU / ratio
    for size in (1, 2, 7, 30):
        residual = SHAPES[shape](size, sigma)
        assert density(residual, nu, sigma) == pytest.approx(dense(residual, nu, sigma), abs=1e-6)


@pytest.mark.parametrize(("ratio", "nu"), [(0.01, 100.0), (30.0, 1.0), (300.0, 100.0)])
@pytest.mark.parametrize("apart", [0.0, 3.0, 15.0, 40.0])
def test_sixty_residuals_in_two_clumps(apart: float, ratio: float, nu: float) -> None:
    sigma = TAU / ratio
    residual = clumps(60, sigma, apart * sigma)
    assert density(residual, nu, sigma) == pytest.approx(dense(residual, nu, sigma), abs=1e-6)


def test_draws_are_apart_and_papers_are_found_by_their_codes() -> None:
    residual, paper = 0.1 * RNG.standard_normal((5, 6)), np.array([2, 0, 1, 0, 2, 2])
    nu, sigma, tau = (RNG.uniform(low, high, (5, 1)) for low, high in ((2, 9), (0.01, 0.1), (0.01, 0.1)))
    together = _integrated(STUDENT_T, {"nu": nu, "tau": tau}, residual, paper, sigma)
    for draw in range(5):
        numbers = [float(each[draw, 0]) for each in (nu, sigma, tau)]
        apart = [density(residual[draw, paper == code], *numbers) for code in range(3)]
        assert_allclose(together[draw], apart, atol=1e-8)


@pytest.mark.slow
def test_a_posterior_of_many_papers_takes_seconds() -> None:
    paper = np.concatenate([np.arange(144), RNG.integers(0, 144, 153)])
    nu, sigma, tau = (np.full((4000, 1), number) for number in (5.0, 0.03, 0.1))
    residual = 0.1 * RNG.standard_normal((4000, len(paper)))
    start = time.process_time()
    assert np.isfinite(_integrated(STUDENT_T, {"nu": nu, "tau": tau}, residual, paper, sigma)).all()
    assert time.process_time() - start < 60
