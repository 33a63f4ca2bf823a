"""Posteriors that are really sampled: they converge, give the README's answer, agree between seeds, compile once."""

import os
import re
import warnings
from pathlib import Path

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import bayes_scaling as bs
from bayes_scaling.inference import compilation, sampling
from bayes_scaling.inference.diagnostics import RHAT_MAX
from bayes_scaling.inference.fitting import KEPT_DRAWS
from bayes_scaling.inference.program_files import CACHE_VARIABLE
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.reports.fit_quantities import fit_report
from bayes_scaling.reports.fit_words import sentence
from bayes_scaling.reports.terminal import console

pytestmark = pytest.mark.whole

README = Path(__file__).parents[2] / "README.md"


def rates(fit: bs.Fit):
    return fit.data["posterior"].to_dataset()[["g_N", "g_D", "g_C"]]


def test_reference_converges_with_draws_to_spare(reference_fit) -> None:
    assert reference_fit.diagnostics.converged, reference_fit.diagnostics.failures
    assert reference_fit.diagnostics.clean
    rhat = az.rhat(rates(reference_fit))
    assert float(rhat["g_N"].max()) <= RHAT_MAX
    assert float(rhat["g_D"]) <= RHAT_MAX
    for method in ("bulk", "tail"):
        assert float(az.ess(rates(reference_fit), method=method)["g_C"].min()) >= 1000


def test_readme_quotes_the_reference_fit(reference_fit) -> None:
    quoted = re.search(r"<!-- answer -->\n((?:>.*\n)+)", README.read_text(encoding="utf-8"))
    assert quoted
    text = re.sub(r"\s*>\s*", " ", quoted[1])
    numbers = re.search(r"every ([\d.]+) months .*? interval ([\d.]+) to ([\d.]+);", text)
    assert numbers
    assert f"{reference_fit.evaluations.rows} evaluations from {reference_fit.evaluations.papers} papers" in text
    chains = reference_fit.data["posterior"].sizes["chain"]
    rate = xr.Dataset({"g_C": (("chain", "draw"), pooled_rate(reference_fit, "g_C").reshape(chains, -1))})
    for quantile, months in zip((0.5, 0.975, 0.025), numbers.groups(), strict=True):
        error = float(az.mcse(rate, method="quantile", prob=quantile)["g_C"])
        found = float(np.quantile(rate["g_C"], quantile))
        half_a_digit = 12 * np.log(2) / (float(months) - 0.05) - 12 * np.log(2) / float(months)
        assert 12 * np.log(2) / float(months) == pytest.approx(found, abs=4 * error + half_a_digit)


@pytest.mark.slow
def test_two_seeds_agree(model_7_fit, ho2024) -> None:
    other = bs.fit(bs.load_specification("ho2024/07"), ho2024, seed=1)
    assert model_7_fit.diagnostics.converged
    assert other.diagnostics.converged
    for quantile in (0.025, 0.5, 0.975):
        one, two = (np.quantile(rates(fit)["g_C"], quantile) for fit in (model_7_fit, other))
        errors = [float(az.mcse(rates(fit), method="quantile", prob=quantile)["g_C"]) for fit in (model_7_fit, other)]
        assert abs(one - two) < 4 * np.hypot(*errors)


SHORT = {"draws": 200, "tune": 300, "chains": 2, "seed": 5, "attempts": 1}


def test_a_program_of_this_process_and_one_of_a_file_give_the_same_draws(model_7_fit, ho2024, monkeypatch) -> None:
    """On another table than the one that it was compiled with."""
    specification = bs.load_specification("ho2024/07")
    subset = bs.published_between(ho2024, end="2019-12-31")
    reused = bs.fit(specification, subset, **SHORT)
    monkeypatch.setattr(compilation, "_LOADED", {})
    from_file = bs.fit(specification, subset, **SHORT)
    assert (reused.seconds["compile"], from_file.seconds["compile"]) == (0, 0)
    assert reused.data["posterior"].to_dataset().identical(from_file.data["posterior"].to_dataset())
    assert reused.fingerprint == from_file.fingerprint


@pytest.mark.slow
def test_a_program_compiled_before_gives_what_a_fresh_one_gives(ho2024, monkeypatch, tmp_path) -> None:
    specification = bs.load_specification("ho2024/07")
    subset = bs.published_between(ho2024, end="2019-12-31")
    bs.fit(specification, ho2024, **SHORT)
    reused = bs.fit(specification, subset, **SHORT)
    monkeypatch.setattr(compilation, "_LOADED", {})
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    fresh = bs.fit(specification, subset, **SHORT)
    assert reused.seconds["compile"] == 0 < fresh.seconds["compile"]
    np.testing.assert_array_equal(rates(reused)["g_C"], rates(fresh)["g_C"])
    assert reused.fingerprint == fresh.fingerprint


def test_a_given_number_of_draws_is_what_a_fit_has(ho2024) -> None:
    fit = bs.fit(bs.load_specification("ho2024/07"), ho2024, **SHORT)
    assert dict(fit.data["posterior"].sizes)["draw"] == fit.data["sample_stats"].sizes["draw"] == 200
    assert fit.diagnostics.draws == 2 * 200
    assert fit.settings.draws == 200


def test_a_fit_that_ends_by_itself_has_the_effective_draws_wanted_and_no_more_draws_than_it_says(model_7_fit) -> None:
    found = model_7_fit.diagnostics
    assert model_7_fit.settings.draws is None
    assert found.converged, found.failures
    assert found.ess_main_min >= model_7_fit.settings.effective_draws
    sizes = model_7_fit.data["posterior"].sizes
    assert sizes["chain"] * sizes["draw"] == min(found.draws, KEPT_DRAWS)
    assert found.gradients > found.draws


def test_processors_change_nothing_in_a_fit_that_ends_by_itself(ho2024) -> None:
    """Chains then advance at different paces, and there is more or less of each when draws are looked at."""
    few, specification = ho2024.iloc[:60], bs.load_specification("ho2024/07")
    one, all_, other = (
        bs.fit(specification, few, tune=300, seed=seed, attempts=1, cores=cores, effective_draws=200)
        for seed, cores in ((3, 1), (3, None), (4, None))
    )
    assert one.data["posterior"].to_dataset().identical(all_.data["posterior"].to_dataset())
    assert one.data["sample_stats"].to_dataset().equals(all_.data["sample_stats"].to_dataset())
    assert one.diagnostics == all_.diagnostics
    assert one.fingerprint == all_.fingerprint
    assert not one.data["posterior"]["g_C"].identical(other.data["posterior"]["g_C"])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not let a process choose processors")
def test_chains_of_a_worker_stay_where_it_runs_so_that_workers_do_not_share_the_first_processor(monkeypatch) -> None:
    allowed, chosen = os.sched_getaffinity(0), os.sched_getaffinity
    try:
        for processor in allowed:
            os.sched_setaffinity(0, {processor})
            monkeypatch.setattr(os, "sched_getaffinity", lambda process: allowed)
            with sampling._on_cores(1):
                assert chosen(0) == {processor}
            assert chosen(0) == allowed
    finally:
        os.sched_setaffinity(0, allowed)


def test_another_prior_scale_needs_no_compilation_and_moves_the_posterior(model_7_fit, ho2024) -> None:
    from dataclasses import replace

    from bayes_scaling.specifications.priors import Prior

    tight = {rate: Prior.of("normal", mu=0, sigma=0.05) for rate in ("g_N", "g_D")}
    specification = replace(bs.load_specification("ho2024/07"), priors=tight)
    fit = bs.fit(specification, ho2024, draws=500, tune=500, chains=4)
    assert fit.seconds["compile"] == 0
    assert float(rates(fit)["g_C"].std()) < 0.1 < float(rates(model_7_fit)["g_C"].std())


def test_a_fit_too_short_is_repeated_once_and_then_marked(ho2024) -> None:
    specification = bs.load_specification("ho2024/07")
    fit = bs.fit(specification, ho2024, draws=100, tune=100, chains=2, attempts=2)
    assert fit.diagnostics.escalated
    assert 200 <= fit.settings.draws <= 400  # by how far it fell short
    assert not fit.diagnostics.converged
    assert any("effective sample size" in failure for failure in fit.diagnostics.failures)
    assert sentence(fit).startswith("NOT CONVERGED")
    out = console()
    with out.capture() as captured:
        out.print(fit_report(fit))
    assert "NOT CONVERGED" in captured.get()


def test_arviz_works_on_a_fit_as_it_is(reference_fit, model_7_fit) -> None:
    for fit in (reference_fit, model_7_fit):
        names = ["g_N", "g_D", "g_C", "alpha", "beta"]
        assert "r_hat" in az.summary(fit.data)
        with warnings.catch_warnings():
            # A few papers move the reference's posterior; `bs.compare` mends their terms, ArviZ names them.
            warnings.filterwarnings("ignore" if fit is reference_fit else "error", message="Estimated shape parameter")
            loo = az.loo(fit.data)
        assert np.isfinite(loo.elpd)
        bad = np.asarray(loo.pareto_k) > 0.7
        assert bad.mean() < (0.05 if fit is reference_fit else 1e-9)
        az.plot_forest(fit.data, var_names=names)
        az.plot_pair(fit.data, var_names=["g_N", "g_D"])
        sensitivity = az.psense_summary(fit.by_paper, var_names=names)
        assert {name.partition("[")[0] for name in sensitivity.index} == set(names)
    plt.close("all")  # which ArviZ leaves open


def test_cross_validation_units(reference_fit, model_7_fit) -> None:
    for fit in (reference_fit, model_7_fit):
        assert fit.data["log_likelihood"].attrs["unit"] == "evaluation"
        assert fit.by_paper["log_likelihood"].attrs["unit"] == "paper"
        assert fit.log_likelihood("evaluation")["loss"].sizes["evaluation"] == 231
        assert fit.log_likelihood("paper")["loss"].sizes["paper"] == 144
    with pytest.raises(bs.BayesScalingError, match="choose one of: evaluation, paper"):
        model_7_fit.log_likelihood("benchmark")
