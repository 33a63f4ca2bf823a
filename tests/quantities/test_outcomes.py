"""What outcomes leave of a variance: exact where all is linear and normal, within its error by simulation."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

from bayes_scaling.quantities.outcomes import Outcomes, chosen, simulated
from bayes_scaling.specifications.noise import FAMILIES

PRIOR = np.array([[1.0, 0.6, -0.3], [0.6, 2.0, 0.5], [-0.3, 0.5, 1.5]])
QUANTITY = np.array([1.0, -0.5, 0.8])
ROWS = np.array([[1.0, 0, 0], [0, 1.0, 0.5], [0.3, -1.0, 2.0], [0.3, -1.0, 2.0], [0.0, 0.2, -0.1]])
"""What each candidate shows of the parameters; the third twice."""
SIGMA, TAU = 0.7, 0.9


def normal_outcomes(
    draws: int = 4000, seed: int = 0, *, sigma: float = SIGMA, clusters=None, exactly: bool = True, rows=ROWS
) -> Outcomes:
    """Draws of a normal posterior, if ``exactly`` with its own mean and covariance, and outcomes linear in them."""
    parameters = np.random.default_rng(seed).standard_normal((draws, len(PRIOR)))
    if exactly:
        parameters -= parameters.mean(axis=0)
        parameters = np.linalg.solve(np.linalg.cholesky(np.cov(parameters, rowvar=False)), parameters.T).T
    parameters = parameters @ np.linalg.cholesky(PRIOR).T
    effects = () if clusters is None else ((np.array(clusters), np.full((draws, 1), TAU)),)
    expected = parameters @ np.asarray(rows).T
    return Outcomes(
        parameters @ QUANTITY, expected, np.full(expected.shape, sigma), FAMILIES["normal"], {}, effects=effects
    )


def exactly_left(known, *, sigma: float = SIGMA, clusters=None) -> float:
    """Share of the variance after known outcomes, by the posterior's precision."""
    rows, noise = ROWS[known], sigma**2 * np.eye(len(known))
    if clusters is not None:
        own = np.array(clusters)[known]
        noise = noise + TAU**2 * np.equal.outer(own, own)
    after = np.linalg.inv(np.linalg.inv(PRIOR) + rows.T @ np.linalg.solve(noise, rows))
    return (QUANTITY @ after @ QUANTITY) / (QUANTITY @ PRIOR @ QUANTITY)


SETS = [[0], [2], [4], [0, 2], [2, 3], [4, 1, 0], [0, 1, 2, 3]]


@pytest.mark.parametrize("known", SETS, ids=str)
@pytest.mark.parametrize("clusters", [None, [0, 0, 1, 1, 2], [0, 0, 0, 0, 0]], ids=str)
def test_the_share_is_exact_where_all_is_linear_and_normal(known, clusters) -> None:
    outcomes = normal_outcomes(clusters=clusters)
    assert outcomes.left(known) == pytest.approx(exactly_left(known, clusters=clusters), rel=1e-9)


@pytest.mark.parametrize("known", SETS, ids=str)
@pytest.mark.parametrize("clusters", [None, [0, 0, 1, 1, 2]], ids=str)
def test_simulation_finds_the_same_within_its_error(known, clusters) -> None:
    found, exact = simulated(normal_outcomes(clusters=clusters), known), exactly_left(known, clusters=clusters)
    assert abs(found.simulated_ratio - exact) < 4 * found.mcse_simulated_ratio
    assert abs(found.simulated_gain + 0.5 * np.log(exact)) < 4 * found.mcse_simulated_gain
    assert found.mcse_simulated_ratio < 0.1 * exact + 0.01


def test_what_each_in_addition_would_leave_is_what_both_together_leave() -> None:
    outcomes = normal_outcomes()
    now, then = outcomes.after([1, 2])
    assert now == pytest.approx(exactly_left([1, 2]))
    assert then[[0, 3, 4]] == pytest.approx([exactly_left([1, 2, other]) for other in (0, 3, 4)])
    assert then[[1, 2]] == pytest.approx([now, now])  # they are known


def test_infinite_noise_tells_nothing() -> None:
    outcomes = normal_outcomes(sigma=1e9)
    assert outcomes.left([0, 1, 2]) == pytest.approx(1)
    found = simulated(outcomes, [0, 1, 2])
    # To one draw of all, the one that an outcome was simulated from, which is left out.
    assert found.simulated_ratio == pytest.approx(1, abs=1 / 4000)
    assert found.simulated_gain == pytest.approx(0, abs=1 / 4000)
    assert found.effective_draws == pytest.approx(3999, rel=1e-6)


def test_no_noise_leaves_what_the_outcome_does_not_determine() -> None:
    """Three outcomes without noise determine three parameters."""
    assert normal_outcomes(sigma=1e-6).left([0, 1, 2]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("repeats", [2, 5])
def test_repeats_are_one_outcome_with_less_noise(repeats) -> None:
    several = normal_outcomes(rows=[ROWS[2]] * repeats)
    one = normal_outcomes(rows=[ROWS[2]], sigma=SIGMA / np.sqrt(repeats))
    assert several.left(range(repeats)) == pytest.approx(one.left([0]), rel=1e-10)


def test_repeats_within_a_cluster_never_tell_more_than_its_effect_lets_through() -> None:
    several = normal_outcomes(rows=[ROWS[2]] * 1000, clusters=[0] * 1000)
    at_most = normal_outcomes(rows=[ROWS[2]], sigma=TAU)
    assert several.left(range(1000)) == pytest.approx(at_most.left([0]), rel=1e-3)
    assert several.left(range(1000)) > at_most.left([0])


def test_an_outcome_that_has_nothing_to_do_with_the_quantity_tells_nothing() -> None:
    apart = np.linalg.solve(PRIOR, [0.8, 0.0, -1.0])  # covariance (0.8, 0, -1) with the parameters
    assert normal_outcomes(rows=[apart]).left([0]) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_information_of_each_family_is_that_of_its_density(name) -> None:
    family = FAMILIES[name]
    values = {extra: 4.3 for extra in family.extra}

    def density(residual: float) -> float:
        return float(family.of(residual, 1.0, values) + family.heavier(residual**2, 1, values))

    def integrand(residual: float) -> float:
        step = 1e-5
        slope = (density(residual + step) - density(residual - step)) / (2 * step)
        return float(slope**2 * np.exp(density(residual)))

    whole, _ = integrate.quad(integrand, -np.inf, np.inf)
    assert family.information(*values.values()) == pytest.approx(whole, rel=1e-6)


def test_heavy_tails_without_a_variance_still_tell_something() -> None:
    draws = normal_outcomes()
    nu = np.full((len(draws.quantity), 1), 1.5)
    heavy = Outcomes(draws.quantity, draws.expected, draws.sigma, FAMILIES["student_t"], {"nu": nu})
    light = Outcomes(draws.quantity, draws.expected, draws.sigma, FAMILIES["student_t"], {"nu": 1e9 * nu})
    assert draws.left([2]) == pytest.approx(light.left([2]), rel=1e-6)
    assert draws.left([2]) < heavy.left([2]) < 1
    found = simulated(heavy, [2])
    assert heavy.left([2]) == pytest.approx(found.simulated_ratio, abs=0.1)
    alone = [(np.arange(draws.expected.shape[1]), np.full_like(nu, 1e-9))]
    clusters = replace(heavy, family=FAMILIES["multivariate_t"], effects=alone)
    assert clusters.left([2]) == pytest.approx(heavy.left([2]), rel=1e-9)
    assert simulated(clusters, [2]).simulated_ratio == pytest.approx(found.simulated_ratio, abs=0.1)


def test_an_error_of_the_share_is_how_far_replicates_are_apart() -> None:
    apart, stated = [], []
    for seed in range(200):
        outcomes = normal_outcomes(400, seed, exactly=False)
        apart.append(outcomes.left([0, 2]))
        stated.append(float(outcomes.error(lambda some: some.left([0, 2]))))
    assert np.mean(stated) == pytest.approx(np.std(apart), rel=0.2)
    assert np.mean(apart) == pytest.approx(exactly_left([0, 2]), abs=4 * np.std(apart) / np.sqrt(200))


@pytest.mark.parametrize("what", ["simulated_ratio", "simulated_gain"])
def test_an_error_of_simulation_is_how_far_replicates_are_from_the_truth(what) -> None:
    exact = {"simulated_ratio": exactly_left([0, 2]), "simulated_gain": -0.5 * np.log(exactly_left([0, 2]))}[what]
    away = []
    for seed in range(100):
        found = simulated(normal_outcomes(2000, seed, exactly=False), [0, 2], seed)
        away.append((getattr(found, what) - exact) / getattr(found, f"mcse_{what}"))
    assert 0.7 < np.sqrt(np.mean(np.square(away))) < 1.3


def test_outcomes_that_leave_one_draw_are_not_defined_and_say_so() -> None:
    found = simulated(normal_outcomes(100, sigma=1e-9), [0, 1, 2])
    assert found.effective_draws == pytest.approx(1)
    assert np.isnan(found.simulated_ratio)


# Choosing


def random_problem(seed: int, candidates: int = 12) -> tuple[Outcomes, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((candidates, 3)) * rng.uniform(0.1, 2, (candidates, 1))
    return normal_outcomes(500, seed, rows=rows), np.exp(rng.normal(0, 1, candidates))


def affordable(costs: np.ndarray, budget: float, count: int):
    for size in range(1, count + 1):
        for some in itertools.combinations(range(len(costs)), size):
            if costs[list(some)].sum() <= budget:
                yield list(some)


@pytest.mark.parametrize("seed", range(20))
def test_a_choice_is_the_best_of_all_or_next_to_it(seed) -> None:
    outcomes, costs = random_problem(seed)
    found = chosen(outcomes, costs, 3.0, 3)
    assert len(set(found)) == len(found) <= 3
    assert costs[found].sum() <= 3.0
    assert outcomes.left(found) <= 1.05 * min(map(outcomes.left, affordable(costs, 3.0, 3)))


@pytest.mark.parametrize("seed", range(5))
def test_one_is_the_best_that_can_be_paid_for(seed) -> None:
    outcomes, costs = random_problem(seed)
    (found,) = chosen(outcomes, costs, 1.0, 1)
    assert outcomes.left([found]) == min(map(outcomes.left, affordable(costs, 1.0, 1)))


def test_the_most_telling_comes_first() -> None:
    outcomes, costs = random_problem(0)
    found = chosen(outcomes, costs, np.inf, 4)
    for place in range(4):
        rest = found[place:]
        assert found[place] == min(rest, key=lambda each, place=place: outcomes.left([*found[:place], each]))
    assert len(chosen(outcomes, costs, np.inf, 99)) == len(costs)


def test_equal_parts_of_a_budget_add_up_to_it() -> None:
    outcomes, costs = random_problem(1, 10)
    assert len(chosen(outcomes, np.full(len(costs), 0.1), 0.3, 5)) == 3  # 0.1 + 0.1 + 0.1 is above 0.3
