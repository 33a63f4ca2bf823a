"""The formula itself: closed forms, limits, and what must hold at every size, date and exponent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from bayes_scaling.law.formula import PETAFLOP_DAY, effective_epochs, log_term, loss, training_compute
from bayes_scaling.model.structure import Coefficient, expected_loss

quick = settings(max_examples=60, deadline=None)
exponents = st.floats(0.01, 0.5)
log_coefficients = st.floats(0.0, 7.0)
log_sizes = st.floats(5.0, 28.0)
steps = st.floats(0.1, 10.0)
irreducibles = st.floats(0.0, 4.0)
positive_rates = st.floats(0.01, 2.0)


def chinchilla(parameters: float, tokens: float) -> float:
    """Hoffmann et al. 2022, eq. 10, rounded constants."""
    return float(
        loss(1.69, log_term(np.log(406.4), 0.34, np.log(parameters)), log_term(np.log(410.7), 0.28, np.log(tokens)))
    )


# ---------------------------------------------------------------------- closed forms


def test_loss_of_gpt3_under_chinchilla_constants() -> None:
    tokens = 3e11
    assert chinchilla(3e23 / (6 * tokens), tokens) == pytest.approx(2.0033106, abs=1e-7)


def test_loss_is_the_textbook_formula() -> None:
    e, a, b, alpha, beta, g_n, g_d = 1.7, 406.4, 410.7, 0.34, 0.28, 0.3, 0.8
    n, d, years = 2e9, 5e10, 3.5
    expected = e + a / (n * np.exp(g_n * years)) ** alpha + b / (d * np.exp(g_d * years)) ** beta
    found = loss(
        e,
        log_term(np.log(a), alpha, np.log(n), alpha * g_n * years),
        log_term(np.log(b), beta, np.log(d), beta * g_d * years),
    )
    assert_allclose(found, expected, rtol=1e-13)


def test_loss_without_terms_is_the_irreducible_part() -> None:
    assert loss(1.69) == 1.69


@quick
@given(irreducibles, log_coefficients, log_coefficients)
def test_terms_add_up(irreducible: float, first: float, second: float) -> None:
    both = loss(irreducible, first, second)
    assert_allclose(both, irreducible + loss(0.0, first) + loss(0.0, second), rtol=1e-13)
    assert_allclose(both, loss(irreducible, second, first), rtol=1e-13)


@pytest.mark.parametrize(
    ("parameters", "tokens", "year", "published"),
    [
        (6e6, 9.29e5, 2012 + 335 / 365, 4.434),
        (1.5e9, 4e9, 2019 + 44 / 365, 2.771),
        (1.75e11, 4.99e11, 2020 + 148 / 366, 2.080),
        (7e10, 1.4e12, 2022 + 87 / 365, 2.046),
    ],
    ids=["RNN", "GPT-2", "GPT-3", "Chinchilla"],
)
def test_losses_printed_by_ho_et_al(parameters: float, tokens: float, year: float, published: float) -> None:
    years = year - 2012
    found = loss(
        0.0,
        log_term(1.900575, 0.067982, np.log(parameters), 0.003938 * years),
        log_term(1.331447, 0.039587, np.log(tokens), 0.035620 * years),
    )
    assert found == pytest.approx(published, abs=0.001)


# ---------------------------------------------------------------------- size, limits, exponents


@quick
@given(irreducibles, log_coefficients, log_coefficients, exponents, exponents, log_sizes, log_sizes, steps)
def test_loss_falls_in_parameters_and_in_data(
    e: float, log_a: float, log_b: float, alpha: float, beta: float, log_n: float, log_d: float, step: float
) -> None:
    def at(n: float, d: float) -> float:
        return float(loss(e, log_term(log_a, alpha, n), log_term(log_b, beta, d)))

    here = at(log_n, log_d)
    assert at(log_n + step, log_d) < here
    assert at(log_n, log_d + step) < here
    assert here > e


@quick
@given(irreducibles, log_coefficients, exponents)
def test_loss_tends_to_the_irreducible_part(e: float, log_a: float, alpha: float) -> None:
    assert loss(e, log_term(log_a, alpha, 60 / alpha)) == pytest.approx(e, abs=1e-15)


@quick
@given(log_coefficients, log_sizes)
def test_zero_exponent_removes_size(log_a: float, log_n: float) -> None:
    assert log_term(log_a, 0.0, log_n) == log_a


@quick
@given(log_coefficients, exponents, log_sizes, st.floats(-5.0, 30.0))
def test_a_reference_size_only_moves_the_coefficient(log_a: float, alpha: float, log_n: float, log_n0: float) -> None:
    assert_allclose(log_term(log_a + alpha * log_n0, alpha, log_n), log_term(log_a, alpha, log_n - log_n0), atol=1e-12)


# ---------------------------------------------------------------------- progress


@quick
@given(log_coefficients, exponents, log_sizes, positive_rates)
def test_effective_size_doubles_in_its_doubling_time(log_a: float, alpha: float, log_n: float, g: float) -> None:
    years = np.log(2) / g
    later = log_term(log_a, alpha, log_n, alpha * g * years)
    assert_allclose(later, log_term(log_a, alpha, log_n + np.log(2)), atol=1e-12)


@quick
@given(exponents, exponents, st.floats(-0.5, 2.0), st.floats(0.51, 2.0), st.floats(-8.0, 8.0))
def test_years_of_progress_are_factors_of_effective_size(
    alpha: float, beta: float, g_n: float, g_d: float, years: float
) -> None:
    coefficients = {
        "log_A": Coefficient(1.0),
        "log_B": Coefficient(0.5),
        "alpha": Coefficient(alpha),
        "beta": Coefficient(beta),
        "g_N": Coefficient(g_n),
        "g_D": Coefficient(g_d),
    }
    now = {"log_parameters": 2.0, "log_tokens": -1.0}
    grown = {"log_parameters": 2.0 + g_n * years, "log_tokens": -1.0 + g_d * years}
    assert_allclose(
        expected_loss(coefficients, now | {"years": years}, {}),
        expected_loss(coefficients, grown | {"years": 0.0}, {}),
        rtol=1e-12,
    )


def test_effective_compute_doubles_in_its_own_time() -> None:
    """After ln2 / (g_N + g_D) years, 6 N_eff D_eff has doubled."""
    g_n, g_d = 0.058, 0.9
    years = np.log(2) / (g_n + g_d)
    before, after = training_compute(1e9, 2e10), training_compute(1e9 * np.exp(g_n * years), 2e10 * np.exp(g_d * years))
    assert_allclose(after / before, 2.0, rtol=1e-13)


@quick
@given(exponents, st.floats(-2.0, 2.0), st.floats(-10.0, 10.0))
def test_published_year_coefficient_is_exponent_times_rate(alpha: float, g: float, years: float) -> None:
    shared = {"log_A": Coefficient(1.2), "alpha": Coefficient(alpha)}
    covariates = {"log_compute": 3.0, "years": years}
    by_rate = expected_loss(shared | {"g_C": Coefficient(g)}, covariates, {})
    by_year = expected_loss(shared | {"alpha_year": Coefficient(alpha * g)}, covariates, {})
    assert_allclose(by_rate, by_year, rtol=1e-13)


# ---------------------------------------------------------------------- repeated data


@quick
@given(st.floats(0.5, 50.0))
def test_one_epoch_is_worth_one(repetition_scale: float) -> None:
    assert effective_epochs(1, repetition_scale) == 1


@quick
@given(st.floats(1.0, 30.0), st.floats(0.1, 10.0), st.floats(4.0, 50.0))
def test_more_epochs_are_worth_more_but_less_than_fresh_data(epochs: float, more: float, scale: float) -> None:
    now, then = effective_epochs(epochs, scale), effective_epochs(epochs + more, scale)
    assert now < then < 1 + scale
    assert now <= epochs * (1 + 1e-14)
    assert then - now < more


@quick
@given(st.floats(0.5, 50.0))
def test_worth_of_many_epochs_tends_to_its_limit(scale: float) -> None:
    assert_allclose(effective_epochs(1e6, scale), 1 + scale, rtol=1e-13)


def test_worth_of_epochs_in_the_literature() -> None:
    assert effective_epochs(4) == pytest.approx(3.726, abs=1e-3)
    assert effective_epochs(1e9) == pytest.approx(16.3878, abs=1e-4)
    assert effective_epochs(1, 2.9157, as_published_2024=True) == pytest.approx(1.847, abs=1e-3)


def test_worth_of_epochs_on_an_array() -> None:
    epochs = np.array([[1.0, 2.0], [4.0, 100.0]])
    found = effective_epochs(epochs)
    assert found.shape == (2, 2)
    assert_allclose(found.ravel(), [effective_epochs(e) for e in epochs.ravel()])


@quick
@given(st.floats(1.0, 100.0), st.floats(2.0, 50.0))
def test_published_epochs_count_one_repetition_too_many(epochs: float, scale: float) -> None:
    assert_allclose(effective_epochs(epochs, scale, as_published_2024=True), effective_epochs(epochs + 1, scale))


# ---------------------------------------------------------------------- compute


def test_a_petaflop_day_in_flop() -> None:
    assert PETAFLOP_DAY == 8.64e19


def test_training_compute_broadcasts() -> None:
    assert training_compute(np.array([1e9, 2e9]), 2e10).tolist() == [1.2e20, 2.4e20]
