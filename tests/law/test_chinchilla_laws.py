"""Published laws of Chinchilla's form: their constants, and what is refused."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_ROUNDED, HOFFMANN_TEX, STATIC_LAWS, ChinchillaLaw

GOOD = {"E": 1.7, "A": 400.0, "B": 400.0, "alpha": 0.3, "beta": 0.3, "name": "mine"}


def test_the_published_loss_of_gpt_3_comes_back() -> None:
    # Ho et al. 2024, appendix B: 3e23 FLOP on 300 billion tokens.
    assert HOFFMANN_ROUNDED.loss(3e23 / 6 / 3e11, 3e11) == pytest.approx(2.0033106, abs=1e-7)


@pytest.mark.parametrize("law", STATIC_LAWS, ids=lambda law: law.name)
def test_the_loss_is_the_formula(law) -> None:
    n, d = np.array([1e7, 1e9, 7e10])[:, None], np.array([1e9, 1.4e12])
    np.testing.assert_allclose(law.loss(n, d), law.E + law.A / n**law.alpha + law.B / d**law.beta, rtol=1e-13)
    assert "arXiv" in law.source


def test_the_tex_constants_round_to_those_of_the_text() -> None:
    rounded = [round(HOFFMANN_TEX.E, 2), round(HOFFMANN_TEX.A, 1), round(HOFFMANN_TEX.B, 1)]
    assert rounded == [HOFFMANN_ROUNDED.E, HOFFMANN_ROUNDED.A, HOFFMANN_ROUNDED.B]
    assert [round(HOFFMANN_TEX.alpha, 2), round(HOFFMANN_TEX.beta, 2)] == [0.34, 0.28]


def test_the_refit_differs_where_it_should() -> None:
    # What rounding did is small beside what the refit found at Chinchilla's own size.
    chinchilla = 7e10, 1.4e12
    losses = [float(law.loss(*chinchilla)) for law in (HOFFMANN_TEX, HOFFMANN_ROUNDED, BESIROGLU)]
    assert abs(losses[1] - losses[0]) < abs(losses[2] - losses[0])


@given(st.floats(5, 13), st.floats(5, 14), st.floats(1.01, 100))
def test_more_parameters_or_tokens_lower_the_loss_towards_the_irreducible(log_n, log_d, factor) -> None:
    for law in STATIC_LAWS:
        here = law.loss(10**log_n, 10**log_d)
        assert law.E < law.loss(10**log_n * factor, 10**log_d) < here
        assert law.E < law.loss(10**log_n, 10**log_d * factor) < here


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"A": 0.0}, "A of 'mine' must be above 0, not 0"),
        ({"B": -1.0}, "B of 'mine' must be above 0, not -1"),
        ({"E": -0.1}, "E of 'mine' must be 0 or more nats per token, not -0.1"),
        ({"alpha": np.nan}, "alpha of 'mine' must be a finite number, not nan"),
        ({"beta": "steep"}, "beta of 'mine' must be a finite number, not 'steep'"),
        ({"E": None}, "E of 'mine' must be a finite number, not None"),
    ],
)
def test_impossible_constants_are_refused(changes, message) -> None:
    assert ChinchillaLaw(**GOOD).E == 1.7
    with pytest.raises(bs.BayesScalingError, match=message):
        ChinchillaLaw(**GOOD | changes)


def test_constants_stay_as_they_are() -> None:
    with pytest.raises(FrozenInstanceError):
        HOFFMANN_ROUNDED.E = 1.8
