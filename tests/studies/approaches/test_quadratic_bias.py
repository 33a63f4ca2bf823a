"""Parabolas by least squares, and how far their vertices lie from a law's optimum."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.law.chinchilla import HOFFMANN_ROUNDED, STATIC_LAWS
from bayes_scaling.studies.approaches.least_squares import classical_parabolas, parabolas, quadratic_bias
from bayes_scaling.studies.approaches.rows import make_profile_rows
from bayes_scaling.tables import ISOFLOP_BUDGETS

SKEWED = bs.ChinchillaLaw(E=1.8, A=2e4, B=400.0, alpha=0.5, beta=0.25)


@given(st.floats(-1, 2), st.floats(-50, 50), st.integers(0, 1000))
def test_exact_parabolas_have_their_vertices_found(a, m, seed):
    rng = np.random.default_rng(seed)
    log_budget, budget = np.linspace(40, 50, 4), np.repeat(np.arange(4), 6)
    vertex = m + a * log_budget
    x = vertex[budget] + rng.uniform(-3, 3, 24)
    y = rng.normal(size=4)[budget] + rng.uniform(0.5, 2, 4)[budget] * (x - vertex[budget]) ** 2
    found = parabolas(x, y, budget, log_budget)
    np.testing.assert_allclose(found.log_vertex, vertex, atol=1e-6)
    assert found.slope == pytest.approx(a, abs=1e-6)


def test_a_budget_that_opens_downwards_has_no_vertex_and_no_say():
    budget, log_budget = np.repeat(np.arange(3), 3), np.array([0.0, 1.0, 5.0])
    x = np.tile([-1.0, 0.0, 1.0], 3)
    y = np.where(budget == 1, -1, 1) * (x - 0.3 * log_budget[budget]) ** 2
    found = parabolas(x, y, budget, log_budget)
    assert np.isnan(found.log_vertex).tolist() == [False, True, False]
    assert found.slope == pytest.approx(0.3)
    assert np.isnan(parabolas(x, -(x**2), budget, log_budget).slope)


@pytest.mark.parametrize("seed", range(4))
def test_compute_that_differs_within_a_budget_is_taken_out(seed):
    """Runs of one budget that differ by up to 10% in compute, against runs as far from the optimum at equal compute."""
    runs = bs.simulate_isoflop(bs.BESIROGLU)
    beside = np.random.default_rng(seed).uniform(-0.05, 0.05, len(runs))
    tokens = runs["tokens"] * np.exp(beside)
    loss = bs.BESIROGLU.loss(runs["parameters"], tokens)
    uneven = make_profile_rows(runs.assign(tokens=tokens, flop=6 * runs["parameters"] * tokens, loss=loss))
    a = bs.BESIROGLU.beta / (bs.BESIROGLU.alpha + bs.BESIROGLU.beta)
    moved = np.exp(uneven.log_size - a * uneven.beside_budget)
    budgets = np.exp(uneven.log_budget)[uneven.budget]
    at_budget = np.log(bs.BESIROGLU.loss(moved, budgets / 6 / moved))
    exact = parabolas(np.log(moved), at_budget, uneven.budget, uneven.log_budget)
    plain = parabolas(uneven.log_size, uneven.log_loss, uneven.budget, uneven.log_budget)
    errors = [np.std(found.log_vertex - exact.log_vertex) for found in (classical_parabolas(uneven), plain)]
    assert errors[0] < 0.2 * errors[1]


@settings(deadline=None)
@given(st.floats(0.1, 0.8), st.floats(0, 3), st.floats(0.2, 5), st.floats(1.5, 100))
def test_equal_exponents_and_a_centred_design_have_no_bias(alpha, irreducible, ratio, width):
    law = bs.ChinchillaLaw(E=irreducible, A=400.0, B=400 * ratio**alpha, alpha=alpha, beta=alpha)
    runs = bs.simulate_isoflop(law, tokens_per_parameter=(ratio / width, ratio * width))
    assert quadratic_bias(law, runs).item() == pytest.approx(0, abs=1e-8)


def test_bias_falls_with_the_fourth_power_of_the_width_of_a_design_around_the_optimum():
    """To the second power, every vertex is off by the same: at the optimum the ratio of third to second derivative of
    ln(E + R) is that of R, which is one curve at all budgets."""
    found = [quadratic_bias(SKEWED, _around_optimum(SKEWED, width)).item() for width in (1.0, 0.5, 0.25)]
    assert abs(found[0]) > 1e-5
    assert found[0] / found[1] == pytest.approx(16, rel=0.1)
    assert found[1] / found[2] == pytest.approx(16, rel=0.03)


@settings(deadline=None)
@given(st.floats(0.2, 0.6), st.floats(0.2, 0.6), st.floats(0.5, 3))
def test_without_an_irreducible_loss_budgets_around_the_optimum_are_alike(alpha, beta, width):
    """Each vertex is off by the same, so their slope is not."""
    law = bs.ChinchillaLaw(E=0.0, A=400.0, B=2000.0, alpha=alpha, beta=beta)
    assert quadratic_bias(law, _around_optimum(law, width)).item() == pytest.approx(0, abs=1e-7)


def test_a_design_beside_the_optimum_has_more_bias_and_none_to_tell_where_all_minima_are_at_its_edges():
    drifting = quadratic_bias(SKEWED, _around_optimum(SKEWED, 1.5, drift=0.3)).item()
    assert abs(drifting) > 10 * abs(quadratic_bias(SKEWED, _around_optimum(SKEWED, 1.5)).item())
    assert np.isnan(quadratic_bias(SKEWED, _around_optimum(SKEWED, 0.1, drift=0.3)).item())


def test_it_is_what_least_squares_find_in_losses_without_noise():
    runs = bs.simulate_isoflop(HOFFMANN_ROUNDED)
    a = HOFFMANN_ROUNDED.beta / (HOFFMANN_ROUNDED.alpha + HOFFMANN_ROUNDED.beta)
    slope = float(classical_parabolas(make_profile_rows(runs)).slope)
    assert quadratic_bias(HOFFMANN_ROUNDED, runs).item() == pytest.approx(slope - a, abs=1e-9)


@pytest.mark.parametrize("law", STATIC_LAWS, ids=lambda law: law.name)
def test_bias_of_tokens_is_that_of_parameters_turned(law):
    runs = bs.load_runs()
    assert quadratic_bias(law, runs, size="tokens").item() == pytest.approx(-quadratic_bias(law, runs).item(), abs=1e-7)


def test_losses_of_the_table_do_not_matter():
    runs = bs.load_runs()
    other = runs.assign(loss=3.0)
    assert quadratic_bias(bs.BESIROGLU, runs).item() == quadratic_bias(bs.BESIROGLU, other).item()


def _around_optimum(law, width: float, drift: float = 0.0) -> pd.DataFrame:
    """Eleven models for each budget, up to ``width`` e-folds either side of the optimum, off by ``drift`` an e-fold."""
    best = bs.optimal_allocation(law, ISOFLOP_BUDGETS)["parameters"].to_numpy().ravel()
    flop, beside = (g.ravel() for g in np.meshgrid(ISOFLOP_BUDGETS, np.linspace(-width, width, 11), indexing="ij"))
    off = drift * (np.log(flop) - np.mean(np.log(ISOFLOP_BUDGETS)))
    parameters = np.repeat(best, 11) * np.exp(beside + off)
    tokens = flop / 6 / parameters
    series = [f"{each:g}" for each in flop]
    return pd.DataFrame(
        {
            "series": series,
            "parameters": parameters,
            "tokens": tokens,
            "flop": flop,
            "loss": law.loss(parameters, tokens),
        }
    )
