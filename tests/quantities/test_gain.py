"""What an architecture is worth in compute: published values, the defining equations, closed forms, limits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_laws import made_compute_laws, made_laws

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.classical.published_law import (
    HO2024_TRANSFORMER_GAIN,
    HO2024_TRANSFORMER_GAINS,
    HO2024_TRANSFORMER_LOSS_REDUCTION,
)
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.quantities.gain import compute_equivalent_gain, loss_reduction
from bayes_scaling.quantities.laws import Laws
from bayes_scaling.quantities.optimal_split import optimal_split

BUDGETS = np.geomspace(1e17, 1e26, 4)
exponents = st.floats(0.02, 1)
splits = st.sampled_from(["equal", "optimal", 20.0])


def by_architecture(other, transformer, **shared) -> Laws:
    """Draws in which some coefficients have one value for each architecture."""
    laws = made_laws(**shared)
    pairs = {name: np.broadcast_arrays(np.atleast_1d(other[name]), transformer[name]) for name in other}
    grouped = {name: Coefficient(np.stack(pair, axis=-1), "architecture") for name, pair in pairs.items()}
    return replace(
        laws,
        coefficients=dict(laws.coefficients) | grouped,
        levels={"architecture": ("other", "transformer")},
        shape=(1, max(len(coefficient.value) for coefficient in grouped.values())),
    )


def factor(value, **shared) -> Laws:
    return by_architecture({"log_factor": 0.0}, {"log_factor": np.log(value)}, **shared)


# ---------------------------------------------------------------------- published values


def test_the_published_factor_of_transformers() -> None:
    factors = np.exp(HO2024_TRANSFORMER_GAIN.as_laws().coefficients["log_factor"].value)
    assert factors[0, 0] == 1
    assert factors[0, 1] == pytest.approx(0.951292, abs=1e-6)


def test_the_published_gain_of_transformers() -> None:
    found = compute_equivalent_gain(HO2024_TRANSFORMER_GAIN, [1e22, 1e25]).to_numpy()[0, 0]
    np.testing.assert_allclose(found, [6.79, 7.372], atol=0.02)
    for gain, published in zip(found, HO2024_TRANSFORMER_GAINS.values(), strict=True):
        assert published.lower < gain < published.upper


def test_the_published_fall_in_loss_with_transformers() -> None:
    found = loss_reduction(HO2024_TRANSFORMER_GAIN, BUDGETS)
    np.testing.assert_allclose(found[0, 0], 4.87, atol=0.005)
    assert HO2024_TRANSFORMER_LOSS_REDUCTION.lower < found[0, 0, 0] < HO2024_TRANSFORMER_LOSS_REDUCTION.upper


def test_published_intervals_contain_their_medians() -> None:
    for figure in (*HO2024_TRANSFORMER_GAINS.values(), HO2024_TRANSFORMER_LOSS_REDUCTION):
        assert figure.lower < figure.median < figure.upper


# ---------------------------------------------------------------------- what it means


@given(exponents, exponents, splits)
def test_equal_laws_have_a_gain_of_one(alpha, beta, split) -> None:
    laws = by_architecture({"alpha": alpha, "beta": beta}, {"alpha": alpha, "beta": beta})
    np.testing.assert_allclose(compute_equivalent_gain(laws, BUDGETS, split=split), 1, rtol=1e-9)
    np.testing.assert_allclose(loss_reduction(laws, BUDGETS, split=split), 0, atol=1e-9)


@given(exponents, exponents, exponents, exponents, st.sampled_from(["equal", 20.0]))
def test_the_baseline_scaled_up_reaches_the_same_loss(alpha, beta, alpha_t, beta_t, split) -> None:
    laws = by_architecture({"alpha": alpha, "beta": beta}, {"alpha": alpha_t, "beta": beta_t})
    ratio = 1.0 if split == "equal" else split
    parameters = np.sqrt(BUDGETS / 6 / ratio)
    target = laws.loss(parameters, ratio * parameters, 2023.0, architecture="transformer")
    gain = compute_equivalent_gain(laws, BUDGETS, split=split).to_numpy()[0]
    scale = np.sqrt(gain)
    reached = laws.loss(scale * parameters, scale * ratio * parameters, 2023.0, architecture="other")
    found = np.isfinite(gain) & (gain > 0)
    np.testing.assert_allclose(reached[found], target[found], rtol=1e-9)


@given(exponents, exponents, exponents, exponents)
def test_the_baseline_at_its_own_best_split_reaches_the_same_loss(alpha, beta, alpha_t, beta_t) -> None:
    laws = by_architecture({"alpha": alpha, "beta": beta}, {"alpha": alpha_t, "beta": beta_t})
    gain = compute_equivalent_gain(laws, BUDGETS, split="optimal").to_numpy()[0]
    found = np.isfinite(gain) & (gain > 1e-200) & (gain < 1e200)
    budgets = np.where(found, gain, 1.0) * BUDGETS
    target = optimal_split(laws, BUDGETS, 2023.0, architecture="transformer").loss
    reached = optimal_split(laws, budgets, 2023.0, architecture="other").loss
    np.testing.assert_allclose(reached[found], target[found], rtol=1e-9)


@given(st.floats(0.5, 1.5), exponents, exponents)
def test_a_factor_on_the_loss_is_a_power_of_it_in_compute(value, alpha, beta) -> None:
    optimal = compute_equivalent_gain(factor(value, alpha=[alpha], beta=[beta]), BUDGETS, split="optimal")
    gamma = alpha * beta / (alpha + beta)
    np.testing.assert_allclose(np.log(optimal[0, 0]), -np.log(value) / gamma, rtol=1e-9, atol=1e-9)
    equal = compute_equivalent_gain(factor(value, alpha=[alpha], beta=[alpha]), BUDGETS)
    np.testing.assert_allclose(np.log(equal[0, 0]), -2 * np.log(value) / alpha, rtol=1e-9, atol=1e-9)


@given(exponents, exponents, exponents, exponents)
def test_with_exponents_by_architecture_the_best_split_gives_a_power_of_compute(alpha, beta, alpha_t, beta_t) -> None:
    laws = by_architecture({"alpha": alpha, "beta": beta}, {"alpha": alpha_t, "beta": beta_t})
    gain = np.log(compute_equivalent_gain(laws, [1e20, 1e20 * np.e], split="optimal"))[0, 0]
    gamma, gamma_t = alpha * beta / (alpha + beta), alpha_t * beta_t / (alpha_t + beta_t)
    if np.isfinite(gain).all():
        assert float(gain[1] - gain[0]) == pytest.approx(gamma_t / gamma - 1, abs=1e-8)


@given(exponents, exponents, splits)
def test_swapping_the_architectures_inverts_the_gain_at_the_budget_reached(alpha, alpha_t, split) -> None:
    laws = by_architecture({"alpha": alpha}, {"alpha": alpha_t})
    there = compute_equivalent_gain(laws, 1e20, split=split).item()
    if 1e-10 < there < 1e100:  # budgets are of some size
        back = {"architecture": "other", "baseline": "transformer", "split": split}
        assert compute_equivalent_gain(laws, 1e20 * there, **back).item() == pytest.approx(1 / there, rel=1e-7)


def test_a_law_of_compute_alone_has_a_gain_whatever_the_split() -> None:
    laws = compute_law()
    expected = 0.9 ** (-1 / 0.1)
    for split in ("equal", "optimal", 20.0):
        np.testing.assert_allclose(compute_equivalent_gain(laws, BUDGETS, split=split), expected, rtol=1e-9)


def compute_law() -> Laws:
    laws = made_compute_laws(alpha=[0.1])
    scaled = Coefficient(np.log([[1.0, 0.9]]), "architecture")
    levels = {"architecture": ("other", "transformer")}
    return replace(laws, coefficients=dict(laws.coefficients) | {"log_factor": scaled}, levels=levels)


# ---------------------------------------------------------------------- limits


@pytest.mark.parametrize("split", ["equal", "optimal"])
def test_a_loss_below_the_baselines_irreducible_loss_is_never_reached(split) -> None:
    laws = by_architecture({"E": 2.0}, {"E": 1.0})
    found = compute_equivalent_gain(laws, [1e15, 1e26], split=split).to_numpy()[0, 0]
    assert np.isfinite(found[0])
    assert found[1] == np.inf


@pytest.mark.parametrize("split", ["equal", "optimal"])
def test_the_gain_counts_what_is_left_above_the_irreducible_loss(split) -> None:
    some, none = (by_architecture({"alpha": 0.3}, {"alpha": 0.4}, E=[E]) for E in (1.5, 0.0))
    gains = [compute_equivalent_gain(laws, BUDGETS, split=split) for laws in (some, none)]
    np.testing.assert_allclose(*gains)


@pytest.mark.parametrize("split", ["equal", "optimal"])
def test_an_exponent_that_is_not_positive_leaves_the_gain_undefined(split) -> None:
    laws = by_architecture({"alpha": np.array([-0.1, 0.0, 0.3])}, {"alpha": 0.3})
    found = compute_equivalent_gain(laws, 1e20, split=split).to_numpy()[0, :, 0]
    assert np.isnan(found).tolist() == [True, True, False]


def test_budgets_outside_the_baselines_range_are_marked() -> None:
    systems = pd.DataFrame(
        {"parameters": [1e6, 1e8, 1e11], "tokens": [1e6, 1e9, 1e12], "architecture": ["LSTM", "RNN", "transformer"]}
    ).assign(year=2018.0, benchmark="wt103")
    laws = replace(factor(0.95), systems=systems)
    budgets = [1e12, 6e12, 1e15, 6e17, 1e22]
    for found in (compute_equivalent_gain(laws, budgets), loss_reduction(laws, budgets)):
        assert found["extrapolated"].to_numpy().tolist() == [True, False, False, False, True]
    swapped = compute_equivalent_gain(laws, 6e23, architecture="other", baseline="transformer")
    assert not swapped["extrapolated"].item()
    assert "extrapolated" not in compute_equivalent_gain(factor(0.95), budgets).coords


def test_gains_have_labels_and_a_unit() -> None:
    found = compute_equivalent_gain(factor(np.full(3, 0.9)), BUDGETS)
    assert found.dims == ("chain", "draw", "compute")
    assert found.shape == (1, 3, 4)
    assert found.attrs["unit"] == "times"
    assert loss_reduction(factor(0.9), 1e20).attrs["unit"] == "percent"


# ---------------------------------------------------------------------- impossible questions


def test_a_law_without_architectures_names_specifications_that_have_them() -> None:
    with pytest.raises(bs.BayesScalingError, match=r"nothing in .* differs by architecture.*ho2024/13, ho2024/17"):
        compute_equivalent_gain(HO2024_MODEL_7, 1e22)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"compute": -1.0}, "above 0"),
        ({"split": "half"}, "valid choices: equal, optimal, or a number of tokens per parameter"),
        ({"split": True}, "split True is unknown"),
        ({"split": 0.0}, r"split \(tokens per parameter\) must be above 0"),
        ({"architecture": "abacus"}, "'abacus' is unknown; valid choices: transformer, recurrent"),
        ({"baseline": "abacus"}, "'abacus' is unknown; valid choices: transformer, recurrent"),
        ({"benchmark": "c4"}, "'c4' is unknown"),
    ],
)
def test_impossible_questions_are_refused(arguments, message) -> None:
    for function in (compute_equivalent_gain, loss_reduction):
        with pytest.raises(bs.BayesScalingError, match=message):
            function(HO2024_TRANSFORMER_GAIN, **({"compute": 1e22} | arguments))
