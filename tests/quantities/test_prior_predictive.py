"""What priors expect of a table: draws that follow the simulator, groups as a fit has them, and their summary."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
from formulas.made_formulas import made_draws, made_evaluations, made_specification
from made_runs import FOR_RUNS, made_runs, with_all_columns
from reports.drawn_fits import drawn_fit
from xarray import open_datatree
from xarray.testing import assert_identical

import bayes_scaling as bs
from bayes_scaling.inference import likelihood, predictive
from bayes_scaling.inference.likelihood import expected_losses
from bayes_scaling.inference.posterior import posterior_of
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.influence import prior_quantities
from bayes_scaling.quantities.prior_predictive import prior_predictive_of

GROUPS = {"prior", "prior_predictive", "observed_data", "constant_data"}


def table_of(name: str, ho2024):
    if name in FOR_RUNS:
        return with_all_columns(made_runs(noise=0.02))
    filled = bs.load_specification(name).data.vocabulary == "log"
    return bs.classical.fill_published_vocabulary(ho2024) if filled else ho2024


@pytest.mark.parametrize("name", bs.list_specifications())
def test_every_specification_expects_something_of_its_table(name, ho2024) -> None:
    table, specification = table_of(name, ho2024), bs.load_specification(name)
    prior = bs.prior_predictive(name, table, draws=100)
    assert set(prior.children) == GROUPS
    predicted = prior["prior_predictive"][specification.response]
    assert predicted.dims == ("chain", "draw", "evaluation") and predicted.shape == (1, 100, len(table))
    assert not np.isnan(predicted).any()
    assert predicted["evaluation"].to_numpy().tolist() == list(table.index)
    assert list(prior["observed_data"].data_vars) == [specification.response]
    found = bs.prior_predictive_summary(prior)
    assert (found.doubling_time_months is None) != specification.progresses
    assert (found.plausible is None) == (specification.response != "loss")
    assert found.plausible is None or found.plausible > 0.5
    assert found.loss["lower"] < found.loss["median"] < found.loss["upper"]


@pytest.mark.parametrize("name", ["reference", "ho2024/10", "robustness/student-t", "robustness/bend-2017"])
def test_the_prior_is_named_and_labelled_as_a_posterior(name, ho2024) -> None:
    fit = drawn_fit(name, ho2024)
    prior = bs.prior_predictive(name, ho2024, draws=100)["prior"]
    assert set(prior.data_vars) == set(fit.posterior.data_vars)
    for each, draws in fit.posterior.data_vars.items():
        assert prior[each].dims == draws.dims, each
        for dim in draws.dims[2:]:
            assert prior[dim].to_numpy().tolist() == draws[dim].to_numpy().tolist()


@pytest.mark.parametrize("cluster", ["lab", ("lab", "paper")])
def test_formulas_and_nested_clusters_are_drawn_too(cluster) -> None:
    specification, table = made_specification(cluster), made_evaluations()
    prior = bs.prior_predictive(specification, table, draws=100)
    posterior = posterior_of(specification, rows := make_rows(specification, table), made_draws(specification, rows))
    assert {name: each.dims for name, each in prior["prior"].data_vars.items()} == {
        name: each.dims for name, each in posterior.data_vars.items()
    }
    found = bs.prior_predictive_summary(prior)  # says of which specification it is, whatever that holds
    assert found.doubling_time_months is not None and np.isfinite(found.loss["median"])


def test_the_prior_is_that_by_which_identification_judges(ho2024) -> None:
    specification = bs.load_specification("reference")
    prior = bs.prior_predictive(specification, ho2024, draws=300, seed=4)["prior"]
    theirs = prior_quantities(specification, make_rows(specification, ho2024), samples=300, seed=4)
    for name, draws in theirs.data_vars.items():
        np.testing.assert_allclose(prior[name], draws, err_msg=name)


def test_losses_scatter_around_the_law_by_noise_and_papers(ho2024) -> None:
    """Residuals over their own standard deviation; those of one paper are correlated as tau and sigma say."""
    specification = bs.load_specification("steps/1-irreducible")
    rows = make_rows(specification, ho2024)
    prior = bs.prior_predictive(specification, ho2024, draws=2000)
    values = {
        each.name: prior["prior"][each.name].to_numpy()[0].reshape(2000, -1) for each in specification.parameters()
    }
    residual = prior["prior_predictive"]["loss"].to_numpy()[0] - expected_losses(specification, rows, values)
    standard = residual / np.sqrt(values["sigma"] ** 2 + values["tau"] ** 2)
    assert standard.std() == pytest.approx(1, abs=0.02)
    papers = rows.index["paper"]
    first, second = next(np.flatnonzero(papers == each)[:2] for each in np.unique(papers) if sum(papers == each) > 1)
    shared = values["tau"][:, 0] ** 2 / (values["sigma"] ** 2 + values["tau"] ** 2)[:, 0]
    assert np.mean(standard[:, first] * standard[:, second]) == pytest.approx(shared.mean(), abs=0.08)
    apart = next(place for place in range(len(papers)) if papers[place] != papers[first])
    assert np.mean(standard[:, first] * standard[:, apart]) == pytest.approx(0, abs=0.08)


@pytest.mark.parametrize("name", ["reference", "robustness/student-t"])
def test_equal_seeds_give_equal_draws_in_blocks_or_at_once(name, ho2024, monkeypatch) -> None:
    whole = bs.prior_predictive(name, ho2024, draws=150, seed=2)
    assert_identical(whole, bs.prior_predictive(name, ho2024, draws=150, seed=2))
    other = bs.prior_predictive(name, ho2024, draws=150, seed=3)
    assert not whole["prior_predictive"].equals(other["prior_predictive"])
    monkeypatch.setattr(likelihood, "BLOCK", 7 * len(ho2024))
    assert_identical(whole, bs.prior_predictive(name, ho2024, draws=150, seed=2))


def test_tables_of_many_rows_have_fewer_draws(ho2024, monkeypatch) -> None:
    assert bs.prior_predictive("reference", ho2024)["prior"].sizes["draw"] == predictive.DRAWS
    monkeypatch.setattr(predictive, "BLOCK", 200 * len(ho2024))
    assert bs.prior_predictive("reference", ho2024)["prior"].sizes["draw"] == 200
    monkeypatch.setattr(predictive, "BLOCK", len(ho2024))
    assert bs.prior_predictive("reference", ho2024)["prior"].sizes["draw"] == predictive.FEWEST


def test_a_fit_gives_that_of_its_table(ho2024) -> None:
    found, asked = prior_predictive_of(drawn_fit("reference", ho2024)), bs.prior_predictive("reference", ho2024)
    assert_identical(found["prior"], asked["prior"])
    np.testing.assert_allclose(found["prior_predictive"]["loss"], asked["prior_predictive"]["loss"])
    assert bs.prior_predictive_summary(found).evaluations.rows == len(ho2024)


def test_arviz_takes_it(ho2024, tmp_path) -> None:
    prior = bs.prior_predictive("steps/1-irreducible", ho2024, draws=100)
    assert "g_C" in az.summary(prior, group="prior", var_names=["g_C"], kind="stats").index
    prior.to_netcdf(tmp_path / "prior.nc", engine="h5netcdf")
    with open_datatree(tmp_path / "prior.nc", engine="h5netcdf") as again:
        found, expected = (bs.prior_predictive_summary(each) for each in (again.load(), prior))
    assert found.evaluations == expected.evaluations and found.loss == expected.loss


def test_the_summary_is_of_all_draws_and_rows(ho2024) -> None:
    prior = bs.prior_predictive("steps/1-irreducible", ho2024)
    losses, found = prior["prior_predictive"]["loss"].to_numpy().ravel(), bs.prior_predictive_summary(prior)
    assert found.plausible == np.mean((losses >= 0.5) & (losses <= 12))
    for part, share in {"lower": 0.005, "median": 0.5, "upper": 0.995}.items():
        assert np.mean(losses <= found.loss[part]) == pytest.approx(share, abs=2 / losses.size)
    rate = np.quantile(prior["prior"]["g_C"], [0.5, 0.975, 0.025])
    expected = np.where(rate > 0, 12 * np.log(2) / rate, np.inf)
    times = found.doubling_time_months
    assert [times["median"], times["lower"], times["upper"]] == pytest.approx(expected, rel=1e-3)
    assert times["probability_of_progress"] == np.mean(prior["prior"]["g_C"] > 0)


def test_errors_of_quantiles_are_what_other_seeds_scatter(ho2024) -> None:
    """Rows of one draw are alike: as if each were a draw of its own, errors would be a tenth of these."""
    summaries = [bs.prior_predictive_summary(bs.prior_predictive("reference", ho2024, draws=400, seed=each)).loss
                 for each in range(30)]  # fmt: skip
    for part in ("median", "lower", "upper"):
        scatter = np.std([each[part] for each in summaries], ddof=1)
        said = np.mean([each[f"mcse_{part}"] for each in summaries])
        assert 0.6 < said / scatter < 1.6, part


def test_rates_that_differ_between_groups_are_averaged_over_rows(ho2024) -> None:
    prior = bs.prior_predictive("ho2024/10", ho2024)
    shares = ho2024["benchmark"].value_counts(normalize=True)
    rate = sum(prior["prior"]["g_C"].sel(benchmark=each) * share for each, share in shares.items())
    found = bs.prior_predictive_summary(prior).doubling_time_months
    assert found["lower"] == pytest.approx(12 * np.log(2) / float(rate.quantile(0.975)), rel=1e-3)
    assert found["probability_of_progress"] == float((rate > 0).mean())


def test_losses_beyond_any_number_count_as_such(ho2024) -> None:
    prior = bs.prior_predictive("reference", ho2024, draws=100)
    predicted = prior["prior_predictive"]["loss"]
    predicted[0, :3], predicted[0, 3:5] = np.inf, np.nan
    found = bs.prior_predictive_summary(prior)
    assert found.loss["upper"] == np.inf and np.isfinite(found.loss["median"]) and found.plausible <= 0.95


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"draws": 99}, "draws must be a whole number of at least 100"),
        ({"draws": 1e3}, "draws must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_is_asked_is_checked(asked, said, ho2024) -> None:
    with pytest.raises(bs.BayesScalingError, match=said):
        bs.prior_predictive("reference", ho2024, **asked)


def test_what_has_no_prior_to_draw_from_is_refused(ho2024) -> None:
    penalised = bs.load_specification("ho2024/07").with_published_penalty(0.0025)
    with pytest.raises(bs.BayesScalingError, match="without delta"):
        bs.prior_predictive(penalised, ho2024)
    with pytest.raises(bs.BayesScalingError, match="without delta"):
        prior_predictive_of(replace(drawn_fit("ho2024/07", ho2024), specification=penalised))
    with pytest.raises(bs.BayesScalingError, match=r"runs/mine/fit\.nc: no such fit"):
        prior_predictive_of("runs/mine")


@pytest.mark.parametrize("given", [None, "prior.nc"])
def test_a_summary_is_of_a_prior_predictive(given) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"bs.prior_predictive\(specification, table\)"):
        bs.prior_predictive_summary(given)
