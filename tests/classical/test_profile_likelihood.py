"""Profile likelihoods on the paper's 231 rows, without priors, against what is known of them."""

import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.classical.profile_likelihood import curvature_correlation, profile_likelihood


@pytest.fixture(scope="module")
def model_7():
    return bs.load_specification("ho2024/07")


@pytest.fixture(scope="module")
def phi(model_7, ho2024):
    return profile_likelihood(model_7, ho2024, "phi")


@pytest.fixture(scope="module")
def g_c(model_7, ho2024):
    return profile_likelihood(model_7, ho2024, "g_C")


def test_part_of_the_parameter_rate_is_nearly_unknown(phi) -> None:
    """A replication of the paper found -0.39 to 3.37, and doubling times of 5 to 38 months over it."""
    assert phi.upper == pytest.approx(3.37, abs=0.01)
    assert phi.lower == pytest.approx(-0.44, abs=0.01)  # at -0.39 the deviance is 3.41, inside the interval
    estimate, shortest, longest = phi.months
    assert estimate == pytest.approx(10.2, abs=0.05)
    assert round(shortest) == 5
    assert longest == pytest.approx(38, rel=0.05)


def test_doubling_time_of_effective_compute(g_c) -> None:
    """The same replication: 10.2 months, 95% profile interval 4.1 to 40.5."""
    assert g_c.months[0] == pytest.approx(10.2, abs=0.05)
    assert g_c.months[1] == pytest.approx(4.1, abs=0.06)
    assert g_c.months[2] == pytest.approx(40.5, abs=0.1)


def test_both_profiles_are_of_one_likelihood(phi, g_c) -> None:
    assert phi.months[0] == pytest.approx(g_c.months[0], rel=1e-6)
    for profile in (phi, g_c):
        table = profile.table
        assert (table["deviance"] > -1e-6).all()
        assert table["deviance"].min() == pytest.approx(0, abs=1e-6)
        np.testing.assert_allclose(table["g_N"] + table["g_D"], table["g_C"], atol=1e-9)
    np.testing.assert_allclose(phi.table["g_N"] / phi.table["g_C"], phi.table.index, atol=1e-6)
    np.testing.assert_allclose(g_c.table["g_C"], g_c.table.index, atol=1e-6)


def test_correlation_of_the_declines(phi, model_7, ho2024) -> None:
    """Near -0.75 is what the curvature at the published estimate says; at the least squares it is stronger."""
    published = bs.classical.published_estimate(model_7, ho2024)
    objective = bs.classical.Objective.of(model_7, ho2024)
    theta = np.array(list(published.coefficients.values()))
    assert curvature_correlation(objective, theta) == pytest.approx(-0.75, abs=0.01)
    assert phi.correlation == pytest.approx(-0.874, abs=0.002)


@pytest.mark.parametrize(
    ("name", "of", "message"),
    [
        ("ho2024/07", "g_N", "choose one of: phi, g_C"),
        ("ho2024/02", "phi", "alpha_year missing"),
        ("ho2024/10", "phi", "g_N, g_D not constant"),
        ("ho2024/12", "phi", "beta_year missing"),
        ("ho2024/15", "phi", "exponents not constant"),
    ],
)
def test_what_can_not_be_profiled_is_refused(ho2024, name, of, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        profile_likelihood(bs.load_specification(name), ho2024, of)
