"""Groups that are drawn when they are read: from what, how many, once, and never into files."""

from dataclasses import replace
from typing import Any

import arviz as az
import numpy as np
import pymc as pm
import pytest
from formulas.made_formulas import made_evaluations, made_fit, made_specification
from models.log_densities import FAST
from reports.drawn_fits import CHAINS, DRAWS, drawn_fit, student_t_with_papers
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.inference import predictive
from bayes_scaling.inference.data import rows_of, thinned
from bayes_scaling.inference.likelihood import draws_of, expected_losses, known_of_rest, scales
from bayes_scaling.inference.result import read_fit
from bayes_scaling.quantities.influence import influence

GROUPS = ("prior", "prior_predictive", "posterior_predictive")


@pytest.fixture(scope="module")
def table(ho2024) -> Any:
    return bs.on_benchmarks(ho2024, "ptb").iloc[:40]


def with_noise_of(name: str, table: Any) -> bs.Fit:
    return student_t_with_papers(table) if name == "student-t-papers" else drawn_fit(name, table, width=1e-3)


EVERY_NOISE = ["reference", "steps/6-priors", "ho2024/07", "robustness/student-t", "student-t-papers"]


@pytest.mark.parametrize("name", EVERY_NOISE)
def test_losses_are_drawn_from_the_densities_that_log_likelihoods_have(name, table) -> None:
    fit = with_noise_of(name, table)
    rows, values = rows_of(fit.data, fit.specification), draws_of(fit.specification, fit.data)
    expected, sigma = expected_losses(fit.specification, rows, values), scales(fit.specification, rows, values)
    known = known_of_rest(fit.specification, rows, values, rows.response - expected)
    mean, variance, *of_cluster = known or (0.0, 0.0)
    kind, scale = stats.t(values["nu"]) if "nu" in values else stats.norm(), np.sqrt(sigma**2 + variance)
    if fit.specification.noise.family == "multivariate_t":  # heavier or lighter tails, by what the other rows say
        square, count = of_cluster
        kind, scale = stats.t(values["nu"] + count), scale * np.sqrt((values["nu"] + square) / (values["nu"] + count))
    drawn = fit.data["posterior_predictive"]["loss"].to_numpy().reshape(CHAINS * DRAWS, -1)
    assert stats.kstest(kind.cdf((drawn - expected - mean) / scale).ravel(), "uniform").pvalue > 1e-3
    observed = fit.log_likelihood("evaluation")["loss"].to_numpy().reshape(drawn.shape)
    exact = kind.logpdf((rows.response - expected - mean) / scale) - np.log(scale)
    np.testing.assert_allclose(observed, exact, rtol=1e-4, atol=1e-5)


def test_tails_of_a_cluster_are_as_heavy_as_its_other_rows_leave_them() -> None:
    fit = made_fit(made_specification("lab", family="multivariate_t"), made_evaluations(), draws=400, jitter=1e-3)
    rows, values = rows_of(fit.data, fit.specification), draws_of(fit.specification, fit.data)
    expected, sigma = expected_losses(fit.specification, rows, values), scales(fit.specification, rows, values)
    mean, variance, square, count = known_of_rest(fit.specification, rows, values, rows.response - expected)
    drawn = predictive.drawn_losses(fit.specification, rows, values, np.random.default_rng(1))
    nu, standard = values["nu"], (drawn - expected - mean) / np.sqrt(sigma**2 + variance)
    stretch = np.sqrt((nu + square) / (nu + count))
    assert stats.kstest(stats.t(nu + count).cdf(standard / stretch).ravel(), "uniform").pvalue > 1e-3
    assert stats.kstest(stats.norm.cdf(standard).ravel(), "uniform").pvalue < 1e-3


def test_the_prior_is_that_of_prior_predictive_with_the_chains_of_the_posterior(table) -> None:
    fit = drawn_fit("reference", table)
    asked = bs.prior_predictive("reference", table, draws=CHAINS * DRAWS)
    for group in ("prior", "prior_predictive"):
        found = fit.data[group].to_dataset()
        assert dict(found.sizes) == dict(fit.data["posterior" if group == "prior" else "posterior_predictive"].sizes)
        for name, each in asked[group].data_vars.items():
            np.testing.assert_allclose(found[name].to_numpy().reshape(each[0].shape), each[0], err_msg=str(name))
    assert fit.data.isel(chain=[1]).sel(draw=slice(3, 9))["prior"].sizes["draw"] == 7


def test_effects_of_papers_that_are_sampled_are_in_the_prior_too(table) -> None:
    fit = student_t_with_papers(table)
    prior = fit.data["prior"].to_dataset()
    assert set(prior) == set(fit.data["posterior"].data_vars)
    assert stats.kstest(prior["paper_effect_standardised"].to_numpy().ravel(), "norm").pvalue > 1e-3
    rows, specification = rows_of(fit.data, fit.specification), fit.specification
    values = {each.name: prior[each.name].to_numpy().reshape(CHAINS * DRAWS, -1) for each in specification.parameters()}
    drawn = fit.data["prior_predictive"]["loss"].to_numpy().reshape(CHAINS * DRAWS, -1)
    effect = prior["paper_effect"].to_numpy().reshape(CHAINS * DRAWS, -1)[:, rows.index["paper"]]
    standard = (drawn - expected_losses(specification, rows, values) - effect) / values["sigma"]
    assert stats.kstest(stats.t(values["nu"]).cdf(standard).ravel(), "uniform").pvalue > 1e-3


def test_the_papers_penalty_has_no_prior_to_draw_from(table) -> None:
    fit = drawn_fit("ho2024/07", table)
    penalised = replace(fit.specification, delta=0.01)
    groups = predictive.Predictive(penalised, rows_of(fit.data, fit.specification), fit.posterior).groups()
    assert set(groups) == {"posterior_predictive"}


def test_they_are_drawn_once_and_by_all_readers_alike(table, monkeypatch) -> None:
    fit, counted = drawn_fit("reference", table), []
    for name in ("drawn_losses", "drawn_from_prior"):
        whole = getattr(predictive, name)
        monkeypatch.setattr(predictive, name, lambda *a, whole=whole, name=name: counted.append(name) or whole(*a))
    first = [fit.data[group].to_dataset().isel(draw=2).load() for group in GROUPS]
    again = [fit.data.isel(draw=[2])[group].to_dataset().isel(draw=0).load() for group in GROUPS]
    assert sorted(counted) == ["drawn_from_prior", "drawn_losses"]
    assert all(one.equals(other) for one, other in zip(first, again, strict=True))
    size = len(fit.to_bytes())
    read = read_fit(fit.to_bytes(), "fit")
    assert len(read.to_bytes()) == size
    assert all(read.data[group].equals(fit.data[group]) for group in GROUPS)


def test_long_tables_have_fewer_draws_and_nothing_pairs_them_wrongly(table, monkeypatch) -> None:
    monkeypatch.setattr(predictive, "BLOCK", 110 * len(table))
    fit = drawn_fit("ho2024/07", table, width=0.02)
    draws = fit.data["posterior_predictive"]["draw"].to_numpy()
    assert len(draws) == 55 and set(draws) < set(fit.posterior["draw"].to_numpy())
    fewer = thinned(fit.data, 40)
    assert fewer["posterior"].sizes["draw"] == 20 and fewer["posterior_predictive"].sizes["draw"] == 55
    with pytest.raises(ValueError, match="align"):
        az.loo_pit(fit.data)
    assert np.isfinite(az.loo_pit(fit.data.sel(draw=draws))["loss"]).all()


@pytest.mark.whole
@pytest.mark.parametrize("name", EVERY_NOISE)
def test_pymc_draws_from_what_a_fit_holds(name, table) -> None:
    fit = with_noise_of(name, table)
    with bs.build_model(fit.specification, table):
        theirs = pm.sample_posterior_predictive(
            fit.data, random_seed=1, progressbar=False, compile_kwargs={"mode": FAST}
        )
    losses = theirs["posterior_predictive"]["loss"]
    assert losses.shape == (CHAINS, DRAWS, len(table))
    ours = fit.data["posterior_predictive"]["loss"]
    middle = [float(each.median()) for each in (losses, ours)]
    assert middle[0] == pytest.approx(middle[1], abs=0.1)


def test_power_scaling_needs_the_terms_that_add_up(table) -> None:
    fit = drawn_fit("reference", table, width=0.3)
    summed = az.psense(fit.by_paper, group="likelihood", var_names=["beta"])["beta"]
    assert float(summed) == pytest.approx(influence(fit).loc["beta", "sensitivity_likelihood"], rel=1e-6)
    assert fit.by_paper["log_likelihood"].sizes["paper"] < fit.data["log_likelihood"].sizes["evaluation"]
