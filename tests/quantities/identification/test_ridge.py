"""The ridge of the two rates: closed forms, and draws whose ridge is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fits import made_fit

from bayes_scaling.quantities.identification import best_mix, ridge
from bayes_scaling.quantities.rates import months_to_double


@given(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(-0.95, 0.95), st.integers(0, 1000))
def test_no_other_mix_is_known_better(one, two, correlation, seed) -> None:
    first, second = (
        np.random.default_rng(seed)
        .multivariate_normal([1, 2], [[one**2, correlation * one * two], [correlation * one * two, two**2]], size=200)
        .T
    )
    found = best_mix(first, second)
    best = np.std(found.weight * first + (1 - found.weight) * second)
    for other in found.weight + np.linspace(-0.5, 0.5, 11):
        assert np.std(other * first + (1 - other) * second) >= best * (1 - 1e-9)


def test_the_mix_that_was_made_is_found(ridge_fit) -> None:
    found = ridge(ridge_fit)
    assert found.rates.weight == pytest.approx(0.6, abs=0.01)
    assert found.rates.value.median == pytest.approx(0.4, abs=0.002)
    assert found.rates.correlation < -0.99
    # Along 0.6 g_N + 0.4 g_D = constant: the direction (0.4, -0.6), as a unit vector.
    np.testing.assert_allclose(found.direction, np.array([0.4, -0.6]) / np.hypot(0.4, 0.6), atol=0.01)
    assert found.across < 0.05 * found.along


def test_declines_are_exponents_times_rates_and_the_share_is_the_terms(ridge_fit) -> None:
    posterior, found = ridge_fit.data["posterior"].to_dataset(), ridge(ridge_fit)
    declines = [(posterior[a] * posterior[g]).to_numpy().ravel() for a, g in (("alpha", "g_N"), ("beta", "g_D"))]
    assert found.declines.correlation == pytest.approx(np.corrcoef(*declines)[0, 1], abs=1e-9)
    assert found.declines.weight == pytest.approx(best_mix(*declines).weight, abs=1e-9)
    assert 0.4 < found.parameter_share.median < 0.7  # shares at the central point: 0.40 to 0.65


def test_months_at_the_ends_are_what_the_line_says(ridge_fit) -> None:
    """On 0.6 g_N + 0.4 g_D = c, with g_N = phi g_C: g_C = c / (0.6 phi + 0.4 (1 - phi))."""
    found = ridge(ridge_fit)
    for phi, months in zip((found.phi.lower, found.phi.median, found.phi.upper), found.months, strict=True):
        assert months == pytest.approx(float(months_to_double(0.4 / (0.4 + 0.2 * phi))), rel=0.06)


def test_one_rate_has_no_ridge() -> None:
    assert ridge(made_fit("ho2024/02", g_D=np.linspace(0, 1, 50), g_C=np.linspace(0, 1, 50))) is None
