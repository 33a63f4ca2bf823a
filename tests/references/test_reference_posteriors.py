"""Fits against stored reference posteriors: they agree within Monte Carlo error, and no other posterior does."""

import json
from dataclasses import replace

import pytest
from reference_posteriors import (
    CHAINS,
    KEPT,
    STATISTICS,
    TABLES,
    critical_value,
    differences,
    fingerprint,
    path_of,
    stored,
)

import bayes_scaling as bs
from bayes_scaling.specifications.priors import Prior

QUICK = {"draws": 2000, "tune": 1000, "chains": 4, "seed": 20, "attempts": 1}


@pytest.fixture(scope="module")
def runs():
    return bs.load_runs()


@pytest.mark.parametrize("name", TABLES)
def test_a_reference_passes_every_check_and_is_of_this_data_law_and_prior(name) -> None:
    reference = stored(name)
    assert (reference["specification"], reference["table"]) == (name, TABLES[name]().attrs["name"])
    assert all(reference["checks_made"].values()), reference["checks_made"]
    assert reference["measured"]["chains"] * reference["measured"]["draws_per_chain"] == CHAINS * KEPT == 10_000
    assert reference["fingerprint"] == fingerprint(bs.load_specification(name), TABLES[name]())
    assert all(set(row) == set(STATISTICS) for row in reference["statistics"].values())


@pytest.mark.parametrize("name", TABLES)
def test_a_references_file_is_small_and_strict(name) -> None:
    content = path_of(name).read_bytes()
    assert len(content) < 50_000

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(content, parse_constant=refuse)


def test_the_critical_value_is_stricter_than_for_one_comparison_and_no_wider_than_need_be() -> None:
    assert 4 < critical_value() < 5.5


@pytest.mark.whole
def test_chinchilla_on_simulated_runs_agrees(runs) -> None:
    fit = bs.fit(bs.load_specification("chinchilla"), runs, **QUICK)
    assert fit.diagnostics.converged, fit.diagnostics.failures
    apart = differences(fit, stored("chinchilla")).abs()
    assert apart.max(axis=None) < critical_value(), apart


HALVED = {
    "nu": Prior.of("lognormal", mu=1.609, sigma=0.375),
    "alpha": Prior.of("lognormal", mu=-1.204, sigma=0.35),
    "sigma": Prior.of("half_normal", sigma=0.025),
}
"""Priors of chinchilla at half their width."""


def with_prior(specification: bs.Specification, parameter: str, prior: Prior) -> bs.Specification:
    return replace(specification, priors=dict(specification.priors) | {parameter: prior})


def test_a_prior_of_half_the_width_is_another_posterior_where_it_counts(runs) -> None:
    """Same structure, so the compiled model is the one above: only the prior's scale, which is data, differs.

    On these runs the priors of alpha and sigma hardly count: at half their width the posterior moves by less than the
    Monte Carlo error of a fit this short. Of those the fingerprint tells.
    """
    specification = with_prior(bs.load_specification("chinchilla"), "nu", HALVED["nu"])
    apart = differences(bs.fit(specification, runs, **QUICK), stored("chinchilla")).abs()
    assert apart.loc["nu"].max() > critical_value()


@pytest.mark.parametrize("parameter", HALVED)
def test_another_prior_has_another_fingerprint_whether_it_counts_or_not(runs, parameter) -> None:
    specification = with_prior(bs.load_specification("chinchilla"), parameter, HALVED[parameter])
    assert fingerprint(specification, runs) != stored("chinchilla")["fingerprint"]


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_default_settings_agree(name) -> None:
    fit = bs.fit(bs.load_specification(name), TABLES[name](), seed=21)
    assert fit.diagnostics.converged, fit.diagnostics.failures
    apart = differences(fit, stored(name)).abs()
    assert apart.max(axis=None) < critical_value(), apart


@pytest.mark.slow
def test_a_rates_prior_of_half_the_width_is_another_posterior(ho2024) -> None:
    half = Prior.of("normal", mu=0, sigma=0.5)
    specification = with_prior(bs.load_specification("ho2024/07"), "g_N", half)
    apart = differences(bs.fit(specification, ho2024, seed=21), stored("ho2024/07")).abs()
    assert apart.loc["g_N"].max() > critical_value()


@pytest.mark.slow
def test_a_second_opinion_by_smc_agrees(ho2024) -> None:
    fit = bs.fit(bs.load_specification("ho2024/07"), ho2024, sampler="smc", draws=2000, chains=4, seed=21)
    assert fit.diagnostics.converged, fit.diagnostics.failures
    apart = differences(fit, stored("ho2024/07"))["mean"].abs()
    assert apart.max() < critical_value(), apart
