"""The numerical doubling time: published values, its defining equation, a closed relation, limits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_laws import made_compute_laws, made_drifting_laws, made_laws
from scipy.optimize import brentq

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.quantities.doubling import HORIZON_YEARS, numerical_doubling_time
from bayes_scaling.quantities.optimal_split import optimal_split
from bayes_scaling.quantities.rates import months_to_double

exponents = st.floats(0.02, 1)
rates = st.floats(0.05, 3)


@pytest.mark.parametrize("compute", [1e18, 1e25, 1e30])
@pytest.mark.parametrize("year", [2013.0, 2023.0])
def test_the_published_point_takes_8_716_months_at_any_budget_and_date(compute, year) -> None:
    assert numerical_doubling_time(HO2024_MODEL_7, compute, year).item() == pytest.approx(8.716, abs=5e-4)


@given(exponents, exponents, rates, rates, st.floats(0, 2))
def test_it_solves_a_closed_relation_without_budget_and_irreducible_loss(alpha, beta, g_n, g_d, irreducible) -> None:
    # On the optimal path the parameter term is a share a of the reducible loss, which falls as C^-gamma.
    a, gamma = beta / (alpha + beta), alpha * beta / (alpha + beta)

    def excess(t: float) -> float:
        return a * np.exp(-alpha * g_n * t) + (1 - a) * np.exp(-beta * g_d * t) - 2**-gamma

    laws = made_laws(E=[irreducible], alpha=[alpha], beta=[beta], g_N=[g_n], g_D=[g_d])
    expected = 12 * brentq(excess, 0, 100, xtol=1e-13, rtol=1e-13)
    # Its own rounding: the loss falls by as little as 1% over a date near 2023.
    assert numerical_doubling_time(laws).item() == pytest.approx(expected, rel=1e-8)


@given(exponents, exponents, rates)
def test_where_both_terms_fall_equally_fast_it_is_the_doubling_time(alpha, beta, decline) -> None:
    g_n, g_d = decline / alpha, decline / beta
    laws = made_laws(alpha=[alpha], beta=[beta], g_N=[g_n], g_D=[g_d])
    assert numerical_doubling_time(laws).item() == pytest.approx(months_to_double(g_n + g_d), rel=1e-7)


@given(rates)
def test_a_law_of_compute_doubles_at_its_own_rate(rate) -> None:
    months = numerical_doubling_time(made_compute_laws(g_C=[rate]), [1e20, 1e25])
    np.testing.assert_allclose(months[0, 0], 12 * np.log(2) / rate, rtol=1e-8)


def test_waiting_does_what_twice_the_compute_does() -> None:
    laws = made_drifting_laws(alpha_drift=[0.001, 0.003], beta_drift=[0.0005, 0.001])
    months = numerical_doubling_time(laws, 1e22, 2020.0).to_numpy()[0]
    split = optimal_split(laws, 1e22, 2020.0)
    later = laws.loss(split.parameters, split.tokens, 2020.0 + months[:, None] / 12)
    assert np.isfinite(months).all()
    np.testing.assert_allclose(later, optimal_split(laws, 2e22, 2020.0).loss, rtol=1e-10)


def test_draws_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(1)
    columns = {"alpha": rng.uniform(0.05, 0.5, 30), "g_N": rng.normal(0.3, 0.5, 30), "g_D": rng.normal(0.3, 0.5, 30)}
    together = numerical_doubling_time(made_laws(**columns)).to_numpy()[0]
    for i, months in enumerate(together):
        alone = made_laws(**{name: [column[i]] for name, column in columns.items()})
        assert numerical_doubling_time(alone).item() == pytest.approx(months, rel=1e-12)
    assert np.isinf(together).any()
    assert np.isfinite(together).any()


@pytest.mark.parametrize(("g_n", "g_d"), [(0.0, 0.0), (-0.1, -0.2), (-0.5, 0.01)])
def test_without_progress_it_is_infinite(g_n, g_d) -> None:
    assert numerical_doubling_time(made_laws(g_N=[g_n], g_D=[g_d])).item() == np.inf


def test_progress_too_slow_for_the_horizon_counts_as_none() -> None:
    slow, slower = np.log(2) / (0.99 * HORIZON_YEARS), np.log(2) / (1.01 * HORIZON_YEARS)
    found = numerical_doubling_time(made_compute_laws(g_C=[slow, slower])).to_numpy()[0]
    assert found[0] == pytest.approx(12 * 0.99 * HORIZON_YEARS)
    assert found[1] == np.inf


def test_where_the_loss_falls_and_rises_again_the_first_time_counts() -> None:
    laws = made_laws(g_N=[1.5], g_D=[-0.2])
    years = numerical_doubling_time(laws).item() / 12
    split, target = optimal_split(laws, 1e25, 2023.0), optimal_split(laws, 2e25, 2023.0).loss.item()
    waits = np.linspace(0, 40, 4001)
    losses = laws.loss(split.parameters, split.tokens, 2023.0 + waits)[0]
    assert losses[-1] > losses[0]
    assert (losses[waits < years] > target).all()
    assert losses[waits > years][0] < target


@pytest.mark.parametrize("alpha", [0.0, -0.1])
def test_without_a_best_split_it_is_undefined(alpha) -> None:
    found = numerical_doubling_time(made_laws(alpha=[alpha, 0.3])).to_numpy()[0]
    assert np.isnan(found[0])
    assert np.isfinite(found[1])


def test_an_optimum_beyond_any_number_is_undefined() -> None:
    assert np.isnan(numerical_doubling_time(made_laws(alpha=[2e-4], beta=[2e-4])).item())


def test_several_budgets_are_a_dimension() -> None:
    found = numerical_doubling_time(made_laws(alpha=[0.3, 0.4]), [1e20, 1e25])
    assert found.dims == ("chain", "draw", "compute")
    assert found["compute"].to_numpy().tolist() == [1e20, 1e25]
    assert found.attrs["unit"] == "months"
    assert numerical_doubling_time(HO2024_MODEL_7).dims == ("chain", "draw")


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(bs.BayesScalingError, match=r"compute \(FLOP\) must be above 0"):
        numerical_doubling_time(HO2024_MODEL_7, 0)
    with pytest.raises(bs.BayesScalingError, match="'c4' is unknown"):
        numerical_doubling_time(HO2024_MODEL_7, benchmark="c4")
    with pytest.raises(bs.BayesScalingError, match="year must be above 0"):
        numerical_doubling_time(HO2024_MODEL_7, year=float("nan"))


def test_the_irreducible_loss_may_be_nearly_all_of_it() -> None:
    laws = made_laws(E=[1e6])
    without = replace(laws, coefficients={k: c for k, c in laws.coefficients.items() if k != "E"})
    assert numerical_doubling_time(laws).item() == numerical_doubling_time(without).item()
