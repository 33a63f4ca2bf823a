"""Gains that grow with compute (Gundlach et al. 2025)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.law.gundlach import (
    GUNDLACH_LSTM,
    GUNDLACH_MODERN,
    GUNDLACH_SCALE_INVARIANT_GAIN,
    GUNDLACH_TRANSFORMER,
    ComputeLaw,
    gain_between,
)
from bayes_scaling.quantities.allocation import kaplan_rule_cost

FRONTIER = 1.34e22
budgets = st.floats(14, 28).map(lambda power: 10.0**power)


def published_rebalancing(compute):
    return 1.85e-20 * compute * (28737.9 * compute**-0.2482 + 20.337 * compute**-0.0756) ** 6.512


@pytest.mark.parametrize(
    ("law", "k", "gamma"),
    [(GUNDLACH_LSTM, 36.3, 0.065), (GUNDLACH_TRANSFORMER, 81.7, 0.091), (GUNDLACH_MODERN, 88.0, 0.094)],
)
def test_the_laws_are_the_published_powers(law, k, gamma) -> None:
    compute = np.geomspace(1e14, 1e26, 5)
    np.testing.assert_allclose(law.loss(compute), 1.9 + k * compute**-gamma, rtol=1e-13)


@given(budgets)
def test_the_compute_for_a_loss_reaches_it(compute) -> None:
    for law in (GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, GUNDLACH_MODERN):
        assert law.compute_for(law.loss(compute) - law.E) == pytest.approx(compute, rel=1e-9)


def test_the_published_gain_of_the_transformer_comes_back() -> None:
    assert gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, FRONTIER) == pytest.approx(2695, rel=0.01)


def test_the_published_gain_of_rebalancing_comes_back() -> None:
    assert kaplan_rule_cost(FRONTIER).item() == pytest.approx(3.712, abs=0.01)
    assert published_rebalancing(FRONTIER) == pytest.approx(3.712, abs=0.001)


def test_the_published_formula_of_rebalancing_is_the_cost_of_kaplans_rule() -> None:
    compute = np.geomspace(1e18, 1e26, 9)
    found = kaplan_rule_cost(compute).squeeze().to_numpy()
    np.testing.assert_allclose(found, published_rebalancing(compute), rtol=1e-3)  # of constants with three digits


def test_the_published_account_of_2012_to_2023_adds_up() -> None:
    gross = gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, FRONTIER)
    rebalancing = kaplan_rule_cost(FRONTIER).item()
    assert gross / rebalancing == pytest.approx(726, rel=0.005)
    assert gross * GUNDLACH_SCALE_INVARIANT_GAIN == pytest.approx(6930, rel=0.005)


@given(budgets, st.floats(1.1, 1e6))
def test_the_gain_is_a_power_of_compute(compute, factor) -> None:
    one, other = (gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, c) for c in (compute, compute * factor))
    assert np.log(other / one) == pytest.approx((0.091 / 0.065 - 1) * np.log(factor), rel=1e-6, abs=1e-9)


@given(budgets)
def test_a_law_has_no_gain_over_itself(compute) -> None:
    assert gain_between(GUNDLACH_MODERN, GUNDLACH_MODERN, compute) == pytest.approx(1, rel=1e-9)


def test_laws_with_other_irreducible_losses_are_refused() -> None:
    with pytest.raises(bs.BayesScalingError, match="'other' have different irreducible losses"):
        gain_between(GUNDLACH_LSTM, ComputeLaw(E=1.5, k=80.0, gamma=0.09, name="other"), 1e22)
