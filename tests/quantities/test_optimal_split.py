"""The best split of compute: published closed forms, no better split nearby, one power law, laws without an optimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_laws import Y0, changes_with_size, law_alone, made_compute_laws, made_drifting_laws, made_laws, prior_laws

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.quantities.optimal_split import local_terms, optimal_split, optimal_term
from bayes_scaling.specifications.laws import LAWS

CHINCHILLA = made_laws(E=1.69, log_A=np.log(406.4), alpha=0.34, g_N=0.0, log_B=np.log(410.7), beta=0.28, g_D=0.0)
CHINCHILLA_TEX = made_laws(
    E=np.exp(0.5267228), log_A=6.0073404, alpha=0.33917084, g_N=0.0, log_B=6.0179186, beta=0.2849083, g_D=0.0
)
seeds = st.integers(0, 2**32 - 1)


def random_laws(seed: int, draws: int = 20):
    rng = np.random.default_rng(seed)
    return made_laws(
        E=rng.uniform(0, 2, draws),
        log_A=rng.uniform(1, 7, draws),
        alpha=rng.uniform(0.02, 0.5, draws),
        g_N=rng.uniform(-1, 2, draws),
        log_B=rng.uniform(1, 7, draws),
        beta=rng.uniform(0.02, 0.5, draws),
        g_D=rng.uniform(-1, 2, draws),
    )


@pytest.mark.parametrize(("laws", "published"), [(CHINCHILLA, 1.34471), (CHINCHILLA_TEX, 1.30005)])
def test_the_published_constant_of_the_split_comes_back(laws, published) -> None:
    at_one = optimal_split(laws, training_compute(1.0, 1.0), Y0)  # (C/6) = 1, so that N* = G
    assert at_one.parameters.item() == pytest.approx(published, abs=1e-5)
    assert at_one.tokens.item() == pytest.approx(1 / published, abs=1e-5)


def test_the_published_exponent_of_parameters_comes_back() -> None:
    split = optimal_split(CHINCHILLA, [1e20, 1e24], Y0)
    assert np.diff(np.log10(split.parameters))[0, 0] / 4 == pytest.approx(0.4516, abs=1e-4)
    assert np.diff(np.log10(split.tokens))[0, 0] / 4 == pytest.approx(1 - 0.4516, abs=1e-4)


def test_the_published_loss_of_the_best_split_comes_back() -> None:
    # Ho et al. 2024, appendix B: optimal Chinchilla loss at 3e23 FLOP, and that of GPT-3's 300 billion tokens.
    assert optimal_split(CHINCHILLA, 3e23, Y0).loss.item() == pytest.approx(1.9561113, abs=1e-6)
    assert CHINCHILLA.loss(3e23 / 6 / 3e11, 3e11, Y0).item() == pytest.approx(2.0033106, abs=1e-7)


@given(seeds, st.floats(15, 28), st.floats(2000, 2040), st.floats(-3, 3))
def test_no_other_split_is_better(seed, power, year, away) -> None:
    laws = random_laws(seed)
    split = optimal_split(laws, 10**power, year)
    np.testing.assert_allclose(training_compute(split.parameters, split.tokens), 10**power, rtol=1e-10)
    here = laws.loss(split.parameters, split.tokens, year)
    there = laws.loss(split.parameters * np.exp(away), split.tokens * np.exp(-away), year)
    np.testing.assert_allclose(split.loss, here, rtol=1e-12)
    assert (split.loss <= there * (1 + 1e-12)).all()
    if abs(away) > 0.1:
        assert (split.loss < there).all()


def test_no_other_split_is_better_where_exponents_drift() -> None:
    laws = made_drifting_laws(alpha_drift=[-0.002, 0.0, 0.004])
    split = optimal_split(laws, 1e22, [2015.0, 2025.0])
    assert split.loss.shape == (3, 2)
    for away in (-0.1, 0.1):
        there = laws.loss(split.parameters * np.exp(away), split.tokens * np.exp(-away), [2015.0, 2025.0])
        assert (split.loss < there).all()


@given(seeds, st.floats(15, 28), st.floats(2000, 2040))
def test_the_best_loss_is_one_power_law_of_compute(seed, power, year) -> None:
    laws = random_laws(seed)
    log_k, gamma = optimal_term(laws, year)
    irreducible, _ = laws.parts(1.0, 1.0, year)
    split = optimal_split(laws, 10**power, year)
    np.testing.assert_allclose(split.loss, irreducible + np.exp(log_k) * 10 ** (-gamma * power), rtol=1e-10)


@pytest.mark.parametrize("name", bs.list_specifications())
def test_no_other_split_is_better_under_any_specification(name, ho2024) -> None:
    laws = prior_laws(bs.load_specification(name), ho2024)
    law = LAWS[laws.specification.law]
    if not law.splits and law.sizes != ("compute",):
        with pytest.raises(bs.BayesScalingError, match=f"'{name}' is a law of {law.of} alone"):
            optimal_split(laws, 1e21, 2021.0)
        return
    if changes_with_size(laws):
        with pytest.raises(bs.BayesScalingError, match="terms are no power laws of them"):
            optimal_split(laws, 1e21, 2021.0)
        return
    split = optimal_split(laws, 1e21, 2021.0)
    if laws.specification.law == "compute":
        np.testing.assert_allclose(split.loss, laws.loss(1e21 / 6e9, 1e9, 2021.0))
        return
    defined = ~np.isnan(split.loss[:, 0])
    assert defined.all() or laws.specification.progress.exponents == "drift"
    assert defined.mean() > 0.5
    for away in (-0.5, 0.5):
        there = law_alone(laws, split.parameters * np.exp(away), split.tokens * np.exp(-away), 2021.0)
        assert (split.loss < there)[defined].all()


def test_the_terms_at_a_date_are_the_laws_own() -> None:
    laws, years = random_laws(0), np.array([2010.0, 2024.0])
    _, log_terms = laws.parts(3e9, 4e11, years)
    (log_a, alpha), (log_b, beta) = local_terms(laws, years)
    assert log_a.shape == beta.shape == (20, 2)
    np.testing.assert_allclose(log_a - alpha * np.log(3e9), log_terms[0], rtol=1e-10)
    np.testing.assert_allclose(log_b - beta * np.log(4e11), log_terms[1], rtol=1e-10)


def test_the_term_of_a_law_of_compute_is_its_own() -> None:
    laws = made_compute_laws(alpha=[0.05, 0.1])
    ((log_a, alpha),) = local_terms(laws, 2024.0)
    _, (log_term,) = laws.parts(3e9, 4e11, 2024.0)
    np.testing.assert_allclose(log_a - alpha * np.log(training_compute(3e9, 4e11)), log_term, rtol=1e-12)


def test_a_law_of_compute_has_a_loss_and_no_split() -> None:
    laws = made_compute_laws()
    split = optimal_split(laws, training_compute(3e9, 4e11), [2020.0, 2024.0])
    np.testing.assert_allclose(split.loss, laws.loss(3e9, 4e11, [2020.0, 2024.0]), rtol=1e-12)
    assert np.isnan(split.parameters).all()
    assert np.isnan(split.tokens).all()


@pytest.mark.parametrize("exponent", ["alpha", "beta"])
def test_draws_without_an_optimum_are_undefined_and_the_others_are_not(exponent) -> None:
    laws = made_laws(**{exponent: [0.2, 0.0, -0.1]})
    split = optimal_split(laws, 1e22, 2023.0)
    for found in (split.parameters, split.tokens, split.loss, *optimal_term(laws, 2023.0)):
        assert np.isnan(found[:, 0]).tolist() == [False, True, True]


def test_budgets_and_dates_may_differ_between_draws() -> None:
    laws = random_laws(1)
    budgets, years = np.geomspace(1e18, 1e25, 20), np.linspace(2012, 2030, 20)
    together = optimal_split(laws, budgets[:, None], years[:, None])
    assert together.loss.shape == (20, 1)
    apart = optimal_split(laws, budgets, years)
    np.testing.assert_allclose(together.loss[:, 0], np.diagonal(apart.loss), rtol=1e-14)


@pytest.mark.parametrize("compute", [0, -1e22, [1e22, np.nan], np.inf, "much"])
def test_a_budget_that_is_not_positive_is_refused(compute) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"compute \(FLOP\) must be"):
        optimal_split(laws_of(HO2024_MODEL_7), compute, 2023)


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(bs.BayesScalingError, match="'c4' is unknown"):
        optimal_split(laws_of(HO2024_MODEL_7), 1e22, 2023, benchmark="c4")
