"""Priors mean the same to SciPy and to PyMC, and default priors say what they say."""

import copy
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models.log_densities import FAST
from numpy.testing import assert_allclose
from scipy import special

import bayes_scaling as bs
from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.priors import DISTRIBUTIONS, Prior, choices_for

FAMILIES = tuple(DISTRIBUTIONS)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
RANGES = {
    "real": st.floats(-8.0, 8.0),
    "positive": st.floats(0.01, 8.0),
    "unit": st.floats(0.01, 0.99),
}


@st.composite
def arguments_and_point(draw: st.DrawFn, family: str) -> tuple[dict[str, float], float]:
    names = DISTRIBUTIONS[family].arguments
    arguments = {name: draw(st.floats(-3.0, 3.0) if name == "mu" else st.floats(0.2, 6.0)) for name in names}
    return arguments, draw(RANGES[DISTRIBUTIONS[family].support])


@pytest.fixture(scope="module")
def pymc_log_density() -> Mapping[str, Callable[..., float]]:
    """One compiled log density a family, by family, of the point and then the arguments."""
    compiled = {}
    for family, distribution in DISTRIBUTIONS.items():
        point = pt.dscalar("point")
        arguments = [pt.dscalar(name) for name in distribution.arguments]
        variable = getattr(pm, distribution.pymc).dist(**dict(zip(distribution.arguments, arguments, strict=True)))
        compiled[family] = pytensor.function(
            [point, *arguments], pm.logp(variable, point), mode=FAST, on_unused_input="ignore"
        )
    return compiled


@pytest.mark.parametrize("family", FAMILIES)
def test_scipy_and_pymc_agree(family: str, pymc_log_density: Mapping[str, Callable[..., float]]) -> None:
    @quick
    @given(arguments_and_point(family))
    def check(case: tuple[dict[str, float], float]) -> None:
        arguments, point = case
        prior = Prior.of(family, **arguments)
        theirs = pymc_log_density[family](point, *(value for _, value in prior.arguments))
        assert_allclose(prior.frozen().logpdf(point), theirs, rtol=1e-7, atol=1e-8)

    check()


@pytest.mark.parametrize("family", [family for family in FAMILIES if DISTRIBUTIONS[family].support != "real"])
def test_both_exclude_what_lies_outside(family: str, pymc_log_density: Mapping[str, Callable[..., float]]) -> None:
    prior = Prior.of(family, **{name: 1.5 for name in DISTRIBUTIONS[family].arguments})
    outside = [-0.5, 1.5] if DISTRIBUTIONS[family].support == "unit" else [-0.5]
    for point in outside:
        assert prior.frozen().logpdf(point) == -np.inf
        assert pymc_log_density[family](point, *(value for _, value in prior.arguments)) == -np.inf


@pytest.mark.parametrize("family", FAMILIES)
def test_supports_are_as_declared(family: str) -> None:
    prior = Prior.of(family, **{name: 2.0 for name in DISTRIBUTIONS[family].arguments})
    support = {"real": (-np.inf, np.inf), "positive": (0, np.inf), "unit": (0, 1)}[DISTRIBUTIONS[family].support]
    assert prior.frozen().support() == support


@pytest.mark.parametrize(
    ("support", "families"),
    [
        ("real", "beta, gamma, half_normal, laplace, lognormal, normal, student_t"),
        ("positive", "beta, gamma, half_normal, lognormal"),
        ("unit", "beta"),
    ],
)
def test_choices_for_a_support(support: str, families: str) -> None:
    assert choices_for(support) == families  # type: ignore[arg-type]
    for family in FAMILIES:
        prior = Prior.of(family, **{name: 1.0 for name in DISTRIBUTIONS[family].arguments})
        assert prior.fits(support) == (family in families.split(", "))  # type: ignore[arg-type]


def test_arguments_stand_in_the_families_order() -> None:
    assert Prior.of("normal", sigma=2, mu=1) == Prior.of("normal", mu=1.0, sigma=2.0)
    assert str(Prior.of("student_t", sigma=0.5, nu=4, mu=-1)) == "StudentT(nu=4, mu=-1, sigma=0.5)"


@pytest.mark.parametrize(
    ("family", "arguments", "message"),
    [
        ("cauchy", {"mu": 0, "sigma": 1}, "unknown distribution 'cauchy'; valid choices: beta, gamma"),
        ("normal", {"mu": 0}, "distribution 'normal' takes mu, sigma; given: mu"),
        ("gamma", {}, "distribution 'gamma' takes alpha, beta; given: nothing"),
        ("normal", {"mu": 0, "sigma": 0}, "'sigma' of 'normal' must be above 0, not 0"),
        ("laplace", {"mu": 0, "b": -1.5}, "'b' of 'laplace' must be above 0, not -1.5"),
        ("normal", {"mu": float("nan"), "sigma": 1}, "'mu' of 'normal' must be a finite number, not nan"),
        ("normal", {"mu": 0, "sigma": True}, "'sigma' of 'normal' must be a finite number, not True"),
    ],
)
def test_a_bad_prior_is_refused(family: str, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        Prior.of(family, **arguments)
    assert message in str(caught.value)


def test_an_argument_named_cls_is_an_unknown_argument() -> None:
    with pytest.raises(SpecificationError, match="takes mu, sigma; given: cls, mu, sigma"):
        Prior.of("normal", mu=0, sigma=1, cls=2)


@pytest.mark.parametrize("number", [np.int64(2), np.int32(2), np.float32(2), np.float64(2)])
def test_numpy_numbers_are_numbers(number: float) -> None:
    prior = Prior.of("normal", mu=number, sigma=number)
    assert prior == Prior.of("normal", mu=2, sigma=2)
    assert all(type(value) is float for _, value in prior.arguments)


@pytest.mark.parametrize("huge", [10**400, -(10**400), 10**5000], ids=["large", "negative", "larger"])
def test_an_integer_beyond_a_float_is_refused(huge: int) -> None:
    with pytest.raises(SpecificationError) as caught:
        Prior.of("normal", mu=huge, sigma=1)
    assert str(caught.value) == "'mu' of 'normal' must be a finite number, not an integer beyond the range of a float"


@pytest.mark.parametrize("mu", [1000, -1000, 700.1])
def test_a_lognormal_beyond_a_float_is_refused(mu: float) -> None:
    with pytest.raises(SpecificationError, match=r"'mu' of 'lognormal' must lie within 700 either side of 0, not"):
        Prior.of("lognormal", mu=mu, sigma=1)


@pytest.mark.parametrize("mu", [-700, 700])
def test_a_lognormal_at_its_bounds_has_a_density(mu: float) -> None:
    frozen = Prior.of("lognormal", mu=mu, sigma=1).frozen()
    assert np.isfinite(frozen.logpdf(frozen.median()))


# ---------------------------------------------------------------------- defaults


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_prior_has_a_meaning_a_reason_and_the_right_support(name: str) -> None:
    parameter = PARAMETERS[name]
    assert parameter.name == name
    assert parameter.meaning
    assert parameter.reason
    assert parameter.prior.fits(parameter.support)


def stated(name: str, phrase: str) -> list[str]:
    """Numbers that a default prior's reason gives after a phrase."""
    found = re.search(phrase, PARAMETERS[name].reason)
    return list(found.groups()) if found else []


def rounds_to(value: float, text: str) -> bool:
    return abs(value - float(text)) <= 0.6 * 10.0 ** -len(text.partition(".")[2])


def with_reason(phrase: str) -> list[str]:
    return [name for name in PARAMETERS if stated(name, phrase)]


IN = r"\b95% in ([\d.]+\d) to ([\d.]+\d)"
WITHIN = r"^95% within ([\d.]+\d) a year either way"
FACTOR = r"^95% within a factor (\d+) a year either way"
BELOW = r"^95% below ([\d.]*\d)"


@pytest.mark.parametrize("name", with_reason(IN))
def test_stated_intervals_hold_95_percent(name: str) -> None:
    for quantile, text in zip(PARAMETERS[name].prior.frozen().ppf([0.025, 0.975]), stated(name, IN), strict=True):
        assert rounds_to(quantile, text), (quantile, text)


@pytest.mark.parametrize("name", with_reason(WITHIN))
def test_stated_symmetric_intervals_hold_95_percent(name: str) -> None:
    low, high = PARAMETERS[name].prior.frozen().ppf([0.025, 0.975])
    (text,) = stated(name, WITHIN)
    assert low == pytest.approx(-high)
    assert rounds_to(high, text)


@pytest.mark.parametrize("name", with_reason(FACTOR))
def test_stated_factors_hold_95_percent(name: str) -> None:
    low, high = np.exp(PARAMETERS[name].prior.frozen().ppf([0.025, 0.975]))
    (text,) = stated(name, FACTOR)
    assert low == pytest.approx(1 / high)
    assert rounds_to(high, text)


@pytest.mark.parametrize("name", with_reason(BELOW))
def test_stated_bounds_hold_95_percent(name: str) -> None:
    (text,) = stated(name, BELOW)
    assert rounds_to(PARAMETERS[name].prior.frozen().ppf(0.95), text)


def test_the_intervals_of_all_these_are_stated() -> None:
    checked = {name for phrase in (IN, WITHIN, FACTOR, BELOW) for name in with_reason(phrase)}
    assert {"level", "share", "alpha", "beta", "g_N", "g_D", "alpha_drift", "sigma", "tau"} <= checked
    assert {"repetition_scale", "hicks_gap"} <= checked


def test_vocabulary_term_at_the_largest_vocabulary() -> None:
    assert "1.2 nats for the largest vocabularies (ln 268,000 = 12.5)" in PARAMETERS["gamma"].reason
    assert rounds_to(np.log(268_000), "12.5")
    assert rounds_to(PARAMETERS["gamma"].prior.frozen().ppf(0.975) * 12.5, "1.2")


def test_the_factor_of_transformers_has_the_stated_interval() -> None:
    assert "0.95 in the median and, with 95%, between 0.51 and 0.997" in PARAMETERS["gamma_T"].reason
    log_odds = PARAMETERS["gamma_T"].prior.frozen()
    for quantile, text in ((0.5, "0.95"), (0.025, "0.51"), (0.975, "0.997")):
        assert rounds_to(special.expit(log_odds.ppf(quantile)), text)
    assert "the paper's estimate is 0.951" in PARAMETERS["gamma_T"].reason
    assert rounds_to(special.expit(2.971978), "0.951")


def test_repetitions_are_worth_what_was_published_in_the_median() -> None:
    assert "median 15.4" in PARAMETERS["repetition_scale"].reason
    assert PARAMETERS["repetition_scale"].prior.frozen().median() == pytest.approx(15.387756, rel=1e-3)


def test_the_gap_of_nearly_neutral_progress_is_compared_with_published_declines() -> None:
    alpha, beta, alpha_year, beta_year = 0.0679823702, 0.0395867801, 0.0039383381, 0.0356203904
    reason = PARAMETERS["hicks_gap"].reason
    assert "0.017 at the paper's exponents" in reason
    assert rounds_to(alpha * beta / (alpha + beta) * np.log(2), "0.017")
    assert "is -0.032" in reason
    assert rounds_to(alpha_year - beta_year, "-0.032")


def test_the_sum_of_two_rates_has_the_prior_of_the_compute_rate() -> None:
    rates = [PARAMETERS[name].prior.frozen() for name in ("g_N", "g_D")]
    assert PARAMETERS["g_C"].prior.frozen().std() == pytest.approx(np.hypot(*(r.std() for r in rates)), abs=1e-3)
    assert PARAMETERS["g_C"].prior.frozen().mean() == sum(r.mean() for r in rates)


def test_level_in_perplexity() -> None:
    low, high = np.exp(PARAMETERS["level"].prior.frozen().ppf([0.025, 0.975]))
    assert "perplexity 9 to 1,350" in PARAMETERS["level"].reason
    assert low == pytest.approx(9, abs=0.5)
    assert high == pytest.approx(1350, abs=15)


def test_a_prior_is_a_public_name() -> None:
    prior = bs.Prior("lognormal", mu=-1.2, sigma=0.5)
    assert prior == Prior.of("lognormal", sigma=0.5, mu=-1.2)
    assert {prior, pickle.loads(pickle.dumps(prior)), copy.deepcopy(prior)} == {prior}
    assert eval(repr(prior), {"Prior": bs.Prior}) == prior
    with pytest.raises(FrozenInstanceError):
        prior.distribution = "normal"  # type: ignore[misc]


@pytest.mark.parametrize("distribution", [None, 3, ["normal"], np.array(["normal", "beta"])])
def test_a_distribution_that_is_no_name_is_refused(distribution: object) -> None:
    with pytest.raises(SpecificationError, match=r"unknown distribution .*; valid choices: beta, gamma"):
        bs.Prior(distribution, mu=0, sigma=1)  # type: ignore[arg-type]


def test_a_specification_takes_own_priors() -> None:
    own = {"alpha": bs.Prior("lognormal", mu=-1.2, sigma=0.5)}
    mine = replace(bs.load_specification("ho2024/07"), priors=own)
    assert mine.prior_of("alpha") == own["alpha"]
    assert bs.Specification.from_dict(mine.name, mine.to_dict()) == mine


@pytest.mark.parametrize("prior", [("lognormal", -1.2, 0.5), {"distribution": "normal"}, 0.3, "normal", None])
def test_a_specification_refuses_what_is_no_prior(prior: object) -> None:
    with pytest.raises(SpecificationError, match=r"\[priors.alpha\] is .*; give a prior, such as bs.Prior\(\"normal\""):
        replace(bs.load_specification("reference"), priors={"alpha": prior})  # type: ignore[dict-item]


def test_a_specification_refuses_a_prior_that_reaches_too_far() -> None:
    with pytest.raises(SpecificationError, match=r"\[priors.alpha\] Normal\(mu=0, sigma=1\) reaches values"):
        replace(bs.load_specification("reference"), priors={"alpha": bs.Prior("normal", mu=0, sigma=1)})
