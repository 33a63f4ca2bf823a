"""Repeated tokens and excess parameters (Muennighoff et al. 2023)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_scaling.law.formula import effective_epochs
from bayes_scaling.law.muennighoff import MUENNIGHOFF
from bayes_scaling.quantities.allocation import allocation_exponents, optimal_allocation

counts = st.floats(6, 13).map(lambda power: 10.0**power)


def test_the_constants_are_the_published_ones() -> None:
    base = MUENNIGHOFF.base
    assert [round(base.E, 2), round(base.A), round(base.B), round(base.alpha, 3)] == [1.87, 521, 1488, 0.353]
    assert base.alpha == base.beta


def test_four_epochs_are_worth_almost_four() -> None:
    assert MUENNIGHOFF.effective_tokens(4.0, 1.0) == pytest.approx(3.726, abs=0.001)


def test_repetition_is_worth_no_more_than_a_limit() -> None:
    assert MUENNIGHOFF.effective_tokens(1e6, 1.0) == pytest.approx(16.3878, abs=1e-4)
    assert MUENNIGHOFF.effective_tokens(1e6, 1.0) == pytest.approx(1 + MUENNIGHOFF.R_D, rel=1e-14)


def test_one_epoch_is_worth_one_and_more_in_the_code_of_ho() -> None:
    assert MUENNIGHOFF.effective_tokens(1.0, 1.0) == 1
    assert effective_epochs(1.0, 2.9157) == 1
    assert effective_epochs(1.0, 2.9157, as_published_2024=True) == pytest.approx(1.847, abs=5e-4)


@given(counts, counts, st.floats(1, 1e4))
def test_the_law_is_the_published_formula(n, unique, epochs) -> None:
    base, tokens = MUENNIGHOFF.base, unique * epochs
    G = (base.alpha * base.A / base.beta / base.B) ** (1 / (base.alpha + base.beta))
    used = min(n, G * (G * unique) ** (base.beta / base.alpha))
    excess = max(n / used - 1, 0)
    n_eff = used * (1 + 5.309743 * (1 - np.exp(-excess / 5.309743)))
    d_eff = unique * (1 + 15.387756 * (1 - np.exp(-(tokens / unique - 1) / 15.387756)))
    expected = base.E + base.A / n_eff**base.alpha + base.B / d_eff**base.beta
    assert MUENNIGHOFF.loss(n, tokens, unique) == pytest.approx(expected, rel=1e-9)


@given(counts, counts, st.floats(1, 1e4))
def test_repeated_tokens_are_never_worth_more_than_fresh_ones(n, unique, epochs) -> None:
    tokens = unique * epochs
    assert unique * (1 - 1e-12) <= MUENNIGHOFF.effective_tokens(tokens, unique) <= tokens * (1 + 1e-12)
    assert MUENNIGHOFF.effective_parameters(n, unique) <= n * (1 + 1e-12)
    assert MUENNIGHOFF.loss(n, tokens, unique) >= MUENNIGHOFF.base.loss(n, tokens) * (1 - 1e-12)


@given(counts, counts)
def test_a_corpus_that_is_not_used_up_is_fresh(tokens, more) -> None:
    n = MUENNIGHOFF.best_parameters(tokens) / 2
    found = MUENNIGHOFF.loss(n, tokens, tokens + more)
    assert found == pytest.approx(MUENNIGHOFF.base.loss(n, tokens), rel=1e-12)


def test_best_parameters_for_tokens_are_those_of_the_optimal_split() -> None:
    split = optimal_allocation(MUENNIGHOFF.base, np.geomspace(1e15, 1e28, 27))
    np.testing.assert_allclose(MUENNIGHOFF.best_parameters(split["tokens"]), split["parameters"], rtol=1e-9)


def test_equal_exponents_split_compute_evenly() -> None:
    exponents = allocation_exponents(MUENNIGHOFF.base)
    assert exponents["a"].item() == pytest.approx(0.5, rel=1e-9)
    assert exponents["gamma"].item() == pytest.approx(0.3526596 / 2, rel=1e-9)


def test_the_formulas_take_arrays() -> None:
    unique = np.array([1e9, 1e10, 1e12])
    found = MUENNIGHOFF.loss(np.array([1e8, 1e10])[:, None], 1e11, unique)
    assert found.shape == (2, 3)
    assert (np.diff(found, axis=1) < 0).all()
