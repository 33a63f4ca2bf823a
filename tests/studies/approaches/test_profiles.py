"""The hierarchical quadratic: sampled posteriors."""

import numpy as np
import pytest
from made_runs import TRUTH, made_runs

import bayes_scaling as bs
from bayes_scaling.studies.approaches.isoflop import isoflop_profiles, training_curves
from bayes_scaling.tables.simulated import simulate_curves

QUICK = {"draws": 500, "tune": 500, "chains": 4}
SHORT = {"draws": 100, "tune": 100, "chains": 2, "attempts": 1}
A_TRUE = TRUTH["beta"] / (TRUTH["alpha"] + TRUTH["beta"])
BUDGETS = (1e19, 3e19, 1e20, 3e20, 1e21)


@pytest.fixture(scope="module")
def profiles():
    return isoflop_profiles(made_runs(BUDGETS, models=10, noise=0.005, series=True), **QUICK)


@pytest.mark.whole
def test_the_exponent_put_in_comes_back(profiles):
    assert profiles.converged, profiles.diagnostics.failures
    lower, upper = profiles.exponents()["a"].quantile([0.005, 0.995])
    assert lower < A_TRUE < upper
    assert upper - lower < 0.3


def test_tokens_have_the_rest(profiles):
    exponents = profiles.exponents()
    assert profiles.by_tokens is None
    np.testing.assert_allclose(exponents["a"] + exponents["b"], 1, rtol=1e-14)


def test_each_budget_has_its_best_size(profiles):
    table = profiles.budgets(probability=0.99)
    best = bs.optimal_allocation(bs.ChinchillaLaw(**TRUTH), BUDGETS)
    parameters = best["parameters"].to_numpy().ravel()
    assert ((table["lower"] < parameters) & (parameters < table["upper"])).all()
    np.testing.assert_allclose(table["loss"], best["loss"].to_numpy().ravel(), rtol=0.01)
    assert table["flop"].tolist() == pytest.approx(BUDGETS)
    assert (table["rows"] == 10).all()
    assert table["inside"].between(0.9, 1).all()
    assert table.attrs["converged"]


def test_the_power_law_goes_through_the_budgets(profiles):
    drawn = profiles.best_parameters([1e19, 1e21])
    slope = np.log(drawn.sel(compute=1e21) / drawn.sel(compute=1e19)) / np.log(100)
    np.testing.assert_allclose(slope, profiles.exponents()["a"])
    best = bs.optimal_allocation(bs.ChinchillaLaw(**TRUTH), 1e20)["parameters"].item()
    assert profiles.best_parameters(1e20).median().item() == pytest.approx(best, rel=0.3)
    with pytest.raises(bs.BayesScalingError, match="compute"):
        profiles.best_parameters(-1.0)


@pytest.fixture(scope="module")
def short():
    return isoflop_profiles(made_runs(BUDGETS, models=10, noise=0.005, series=True), **SHORT)


def test_a_seed_gives_the_same_draws(short):
    again = isoflop_profiles(made_runs(BUDGETS, models=10, noise=0.005, series=True), **SHORT)
    np.testing.assert_array_equal(again.data["posterior"]["a"], short.data["posterior"]["a"])
    assert again.seconds["compile"] == 0
    assert np.unique(short.data["posterior"]["a"]).size > 100


def test_another_table_of_the_same_shape_has_its_own_labels_and_posterior(profiles):
    """A compiled model is used again; what it was first given must not stay in it."""
    budgets = tuple(10 * budget for budget in BUDGETS)
    other = isoflop_profiles(made_runs(budgets, models=8, noise=0.005, seed=1, series=True), **QUICK, attempts=1)
    assert other.data["posterior"]["budget"].to_numpy().tolist() == [f"{budget:g}" for budget in budgets]
    assert other.data["observed_data"]["log_loss"].shape == (40,)
    assert other.budgets()["flop"].tolist() == pytest.approx(budgets)
    ratio = other.budgets()["parameters"].to_numpy() / profiles.budgets()["parameters"].to_numpy()
    assert ratio == pytest.approx(10**A_TRUE, rel=0.35)


@pytest.mark.slow
def test_tokens_that_contradict_compute_have_a_quadratic_of_their_own():
    runs = made_runs(BUDGETS, models=10, noise=0.005, series=True)
    counted = (runs["parameters"] / 1e9) ** 0.2  # compute that grows faster with size than 6 N D
    runs["tokens"] = runs["tokens"] / counted
    found = isoflop_profiles(runs, **QUICK)
    a, b = (found.exponents()[name].median().item() for name in ("a", "b"))
    assert found.by_tokens.rows.size == "tokens"
    assert a + b == pytest.approx(1 - 0.2 * a, abs=0.08)
    assert found.rhat_max == max(found.diagnostics.rhat_max, found.by_tokens.diagnostics.rhat_max)


def test_a_short_run_is_not_called_converged(short):
    assert not short.converged
    assert short.diagnostics.failures
    assert not short.budgets().attrs["converged"]


def test_bad_settings_are_refused_before_sampling():
    with pytest.raises(bs.BayesScalingError, match="chains must be"):
        isoflop_profiles(made_runs(series=True), chains=1)


@pytest.mark.slow
def test_training_curves_have_effects_of_their_own():
    curves = simulate_curves(bs.ChinchillaLaw(**TRUTH), noise=0.01, wander=0.002)
    found = training_curves(curves, spacing=4, **QUICK)
    a = found.exponents()["a"]
    lower, upper = a.quantile([0.005, 0.995])
    assert lower - 0.01 < A_TRUE < upper + 0.01  # less the bias, a hundredth at most
    posterior = found.data["posterior"].to_dataset()
    assert posterior["curve_effect"].sizes["curve"] == 12
    assert 0.004 < posterior["curve_scatter"].median() < 0.025


@pytest.mark.slow
def test_intervals_cover_the_exponent_where_quadratics_have_no_bias():
    """Nine in ten of forty tables: 29 or fewer would have a probability of .001."""
    law = bs.ChinchillaLaw(E=1.8, A=480.0, B=480 * 20**0.35, alpha=0.35, beta=0.35)
    inside = 0
    for seed in range(40):
        found = isoflop_profiles(bs.simulate_isoflop(law, noise=0.01, seed=seed), **QUICK, seed=seed)
        lower, upper = found.exponents()["a"].quantile([0.05, 0.95])
        inside += bool(lower < 0.5 < upper)
    assert inside >= 30
