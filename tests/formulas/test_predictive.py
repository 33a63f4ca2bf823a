"""What is predicted of rows with noise and effects by formulas, beside closed forms."""

from functools import cache

import numpy as np
import pytest
from formulas.made_formulas import FORMULAS, made_draws, made_evaluations, made_fit, made_specification
from made_runs import made_runs
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.classical.profile_likelihood import profile_likelihood
from bayes_scaling.inference.attempts import Attempted
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, expected_losses, scales
from bayes_scaling.inference.posterior import posterior_of
from bayes_scaling.inference.simulation import quantities_at, simulated_rows
from bayes_scaling.model.coordinates import coefficients_of
from bayes_scaling.model.rows import make_rows
from bayes_scaling.plots.predictive import plot_predictive
from bayes_scaling.plots.runs import plot_residuals, standardised_residuals
from bayes_scaling.quantities.identification import ridge
from bayes_scaling.quantities.influence import influence
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.quantities.predictive_check import loo_pit, predictive_check, standardised
from bayes_scaling.specifications.sections import Progress
from bayes_scaling.studies.backtest.backtest import planned
from bayes_scaling.studies.backtest.forecasts import posterior_forecast
from bayes_scaling.studies.backtest.splits import cut_at, forecasters, without_progress
from bayes_scaling.studies.calibration import experiment
from bayes_scaling.studies.comparison.elpd import UnconstrainedPosterior, score
from bayes_scaling.studies.comparison.variants import expand
from bayes_scaling.tables import decimal_year

SCALES = pytest.mark.parametrize("scale", ["loss", "log_loss"])
DRAWS = 300


def simulated(specification, seed=3):
    """A table simulated at the one draw that a fit of it has, nearly."""
    table = made_evaluations()
    rows = make_rows(specification, table)
    one = {name: np.atleast_1d(each[0, 0]) for name, each in made_draws(specification, rows, 1, 1).items()}
    losses = simulated_rows(specification, rows, one, np.random.default_rng(seed)).response
    return table.assign(perplexity=np.exp(losses))


@cache
def fit_at_truth(cluster, scale):
    specification = made_specification(cluster, scale=scale)
    return made_fit(specification, simulated(specification), draws=DRAWS, jitter=1e-3)


CLUSTERS = pytest.mark.parametrize("cluster", ["lab", ("lab", "paper")])


def noise_of(fit):
    """Residuals on the scale of the noise, standard deviations and covariance of effects, at the first draw."""
    specification, rows = fit.specification, rows_of(fit.data, fit.specification)
    values = {name: each[:1] for name, each in draws_of(specification, fit.data).items()}
    expected = expected_losses(specification, rows, values)[0]
    logs = specification.noise.scale == "log_loss"
    residual = np.log(rows.response / expected) if logs else rows.response - expected
    shared = sum(
        values[tau][0, 0] ** 2 * np.equal.outer(rows.index[group], rows.index[group])
        for group, tau in specification.noise.effects
    )
    return rows, residual, scales(specification, rows, values)[0], shared


@SCALES
@CLUSTERS
def test_values_of_a_cluster_follow_from_those_before_it(scale, cluster) -> None:
    fit = fit_at_truth(cluster, scale)
    rows, residual, sigma, shared = noise_of(fit)
    exact = np.empty(len(residual))
    for code in range(len(rows.levels["paper"])):
        mine = np.flatnonzero(rows.index["paper"] == code)
        covariance = np.diag(sigma[mine] ** 2) + shared[np.ix_(mine, mine)]
        exact[mine] = stats.norm.cdf(np.linalg.solve(np.linalg.cholesky(covariance), residual[mine]))
    found, _ = loo_pit(fit, rows, 0)
    assert np.abs(found["pit"] - exact).max() < 5 * 0.5 / np.sqrt(2 * DRAWS)


@SCALES
@pytest.mark.parametrize("cluster", ["none", "lab", ("lab", "paper")])
def test_replicated_residuals_have_unit_variance_in_every_row(scale, cluster) -> None:
    fit = fit_at_truth(cluster, scale)
    ((observed, replicated),) = standardised(fit, rows_of(fit.data, fit.specification), 2 * DRAWS, 0)
    assert np.abs(replicated.std(axis=0) - 1).max() < 5 / np.sqrt(4 * DRAWS)
    assert 0.6 < observed.std() < 1.6


@SCALES
def test_a_check_runs_and_is_quiet_at_the_truth(scale) -> None:
    found = predictive_check(fit_at_truth("lab", scale), replicates=200)
    assert found.unit == "lab" and found.curve.inside
    assert "LOO-PIT by lab" in plot_predictive(found).axes[0].get_title()
    assert not found.groups["flagged"].any()
    assert set(found.groups.index.get_level_values("by")) == {"year", "benchmark", "architecture", "lab"}


@SCALES
@CLUSTERS
def test_a_new_evaluation_has_the_noise_of_its_columns_and_of_a_new_cluster(scale, cluster) -> None:
    fit = fit_at_truth(cluster, scale)
    first = fit.data["posterior"].to_dataset().isel(chain=0, draw=0)
    by_benchmark = first["sigma_benchmark_sd"] * first["sigma_benchmark_standardised"].sel(benchmark="ptb")
    for adapted in (0, 1):
        law = bs.at(fit, test_time_adaptation=adapted)
        mean, new = (bs.predicted_loss(law, "GPT-3", kind=kind, benchmark="ptb") for kind in ("mean", "new_evaluation"))
        noise = np.log(new / mean) if scale == "log_loss" else new - mean
        sigma = first["sigma_base"] * np.exp(adapted * first["sigma_test_time_adaptation"][0] + by_benchmark)
        variance = float(sigma**2 + sum(first[tau] ** 2 for _, tau in fit.specification.noise.effects))
        assert float(noise.std()) == pytest.approx(np.sqrt(variance), rel=5 / np.sqrt(4 * DRAWS))


def test_columns_of_sizes_are_those_of_each_system() -> None:
    table, formulas = made_evaluations(), {"sigma": "1 + log(parameters)", "alpha": "1 + log(tokens)"}
    fit = made_fit(made_specification(coefficients=formulas), table, draws=DRAWS, jitter=1e-3)
    rows, _, sigma, shared = noise_of(fit)
    expected = expected_losses(fit.specification, rows, draws_of(fit.specification, fit.data))[0]
    some = [5, 20, 50]
    assert table["benchmark"].iloc[some].nunique() > 1
    for at in some:
        row = table.iloc[at]
        system = bs.System("mine", row["parameters"], row["tokens"], row["published"].date())
        setting = {"benchmark": row["benchmark"], "architecture": fit.data["constant_data"]["architecture"].values[at]}
        setting["architecture"] = setting["architecture"] if setting["architecture"] == "transformer" else "other"
        mean, new = (bs.predicted_loss(fit, system, kind=kind, **setting) for kind in ("mean", "new_evaluation"))
        year = float(fit.data["constant_data"]["year"][at])
        assert laws_of(fit).loss(*row[["parameters", "tokens"]], year, **setting)[0, 0] == pytest.approx(expected[at])
        assert float((new - mean).std()) == pytest.approx(
            np.sqrt(sigma[at] ** 2 + shared[at, at]), rel=5 / np.sqrt(4 * DRAWS)
        )


def test_a_new_evaluation_of_published_constants_has_no_noise() -> None:
    with pytest.raises(bs.BayesScalingError, match='kind="new_evaluation" needs a fit'):
        bs.predicted_loss(bs.classical.HO2024_MODEL_7, "GPT-3", kind="new_evaluation")


def test_forecasts_count_columns_as_the_fitted_rows_do() -> None:
    """Numbers are standardised by what was fitted, and levels that were not fitted are others of their group."""
    specification = made_specification(
        "paper", coefficients=FORMULAS | {"sigma": "1 + effort", "alpha": "1 + (1 | lab)", "level": "1"}
    )
    table = simulated_with_effort(made_evaluations(100))
    split = cut_at(table, 2019)
    split.later.loc[split.later.index[0], "lab"] = "new"
    fit = made_fit(specification, split.before, draws=DRAWS, jitter=1e-3)
    forecast = posterior_forecast(fit, split)
    first = fit.data["posterior"].to_dataset().isel(chain=0, draw=0)
    effort = split.before["effort"]
    standard = (split.later["effort"] - effort.mean()) / effort.std(ddof=0)
    sigma = float(first["sigma_base"]) * np.exp(float(first["sigma_effort"][0]) * standard.to_numpy())
    spread = forecast.draws.std(axis=0)[1:]
    expected = np.hypot(sigma, float(first["tau"]))[1:]
    np.testing.assert_allclose(spread, expected, rtol=6 / np.sqrt(4 * DRAWS))
    middle = forecast.draws.mean(axis=0)[1:]
    observed = np.log(split.later["perplexity"].to_numpy())[1:]
    near = np.abs(observed - middle) < 3 * expected
    assert near.any()
    by_hand = stats.norm.logpdf(observed, middle, expected)
    np.testing.assert_allclose(forecast.log_density[1:][near], by_hand[near], atol=0.5)


def simulated_with_effort(table):
    year = decimal_year(table["published"]).to_numpy()
    return table.assign(effort=year - 2000 + np.random.default_rng(5).normal(size=len(table)))


def test_a_backtest_skips_cuts_before_which_a_level_was_not_fitted() -> None:
    table = made_evaluations(100)
    year = table["published"].dt.year
    table["team"] = np.where(year < 2017, "old", np.where(year < 2019, "older", "new"))
    specification = made_specification("paper", coefficients={"share": "0 + team"})
    plan = planned([specification], table, cuts=[2018, 2020])
    assert set(plan.skipped) == {"made, 2018", "made without progress, 2018"}
    assert "team 'new' is not part of 'made' as fitted; valid choices: old, older" in plan.skipped["made, 2018"]
    assert {task.split.cut for task in plan.tasks.values() if task.forecaster.name == "made"} == {2020}


def test_priors_of_rates_with_formulas_and_walks_are_widened() -> None:
    specification = made_specification(coefficients={"g_N": "1 + architecture + (1 | lab)"})
    (wider,) = expand([specification], rate_scales=[2.0])
    for name in ("g_N_base", "g_N_architecture", "g_N_lab_sd", "g_D_base", "g_D_walk_sd"):
        one, two = (dict(each.prior_of(name).arguments) for each in (specification, wider.specification))
        assert two["sigma"] == 2 * one["sigma"], name


def test_a_backtest_refuses_clusters_that_are_partly_known_under_student_t_noise() -> None:
    with pytest.raises(bs.BayesScalingError, match=r"'made' has \[noise\] cluster = 'lab'.*set family = 'normal'"):
        forecasters([made_specification(family="student_t")])


@SCALES
@pytest.mark.parametrize("cluster", ["none", "paper", "lab", ("lab", "paper"), ("benchmark", "lab", "paper")])
def test_forecasts_know_what_was_fitted_of_a_cluster(scale, cluster) -> None:
    """Of one draw, beside conditional normal distributions."""
    formulas = {"sigma": "1 + (1 | benchmark)"}
    specification = made_specification(cluster, scale, coefficients=formulas)
    split = cut_at(simulated(made_specification(scale=scale, coefficients=formulas)), 2019)
    assert split.later["lab"].isin(split.before["lab"]).all()
    fit = made_fit(specification, split.before, draws=DRAWS, jitter=0.0)
    forecast, first = posterior_forecast(fit, split), len(split.before)
    fitted, logs = rows_of(fit.data, specification), scale == "log_loss"
    rows = make_rows(specification, split.both, anchor=fitted.anchor, predictors=fitted.predictors)
    values = {name: each[:1] for name, each in draws_of(specification, fit.data).items()}
    expected, sigma = expected_losses(specification, rows, values)[0], scales(specification, rows, values)[0]
    residual = np.log(rows.response / expected) if logs else rows.response - expected
    whole, same = np.diag(sigma**2), np.ones((len(sigma), len(sigma)), dtype=bool)
    for name, (_, tau) in zip(specification.noise.clusters, specification.noise.effects, strict=True):
        same &= np.equal.outer(split.both[name].to_numpy(), split.both[name].to_numpy())
        whole = whole + values[tau][0, 0] ** 2 * same
    gain = np.linalg.solve(whole[:first, :first], whole[:first, first:]).T
    mean, covariance = gain @ residual[:first], whole[first:, first:] - gain @ whole[:first, first:]
    jacobian = -np.log(rows.response[first:]) if logs else np.zeros(len(mean))
    exact = stats.norm.logpdf(residual[first:], mean, np.sqrt(np.diag(covariance))) + jacobian
    np.testing.assert_allclose(forecast.log_density, exact, atol=1e-8)
    papers = split.later["paper"].to_numpy()
    for at, paper in enumerate(dict.fromkeys(papers)):
        own = np.flatnonzero(papers == paper)
        of_mine = covariance[np.ix_(own, own)]
        joint = stats.multivariate_normal.logpdf(residual[first:][own], mean[own], of_mine) + jacobian[own].sum()
        assert forecast.log_joint[at] == pytest.approx(joint, abs=1e-8)
    noise = np.log(forecast.draws / expected[first:]) if logs else forecast.draws - expected[first:]
    np.testing.assert_allclose(noise.mean(0), mean, atol=5 * np.sqrt(np.diag(covariance) / (2 * DRAWS)).max())
    np.testing.assert_allclose(noise.std(0), np.sqrt(np.diag(covariance)), rtol=6 / np.sqrt(4 * DRAWS))


def test_new_levels_of_one_forecast_are_draws_of_their_own() -> None:
    """The same level has the same draw, and independent ones differ."""
    specification = made_specification("none", coefficients={"alpha": "1 + (1 | lab)"}, progress=Progress())
    table = made_evaluations(60)
    fit = made_fit(specification, table, draws=2000)
    fitted = rows_of(fit.data, specification)
    new = table.iloc[[0, 0, 0, 0]].set_axis(list("wxyz")).assign(lab=["new", "other", "new", "a"])
    rows = make_rows(specification, new, anchor=fitted.anchor, predictors=fitted.predictors)
    assert rows.levels["lab"] == (*fitted.levels["lab"], "new", "other")
    values = draws_of(specification, fit.data)
    losses = expected_losses(specification, rows, values)
    np.testing.assert_array_equal(losses[:, 0], losses[:, 2])
    known = expected_losses(specification, fitted.take([0]), values)[:, 0]
    alpha = coefficients_of(specification, values, rows.levels)["alpha"].added[0].value / values["alpha_lab_sd"]
    np.testing.assert_allclose(alpha[:, :8], values["alpha_lab_standardised"], rtol=1e-12)
    assert alpha.shape[1] == 11
    assert np.abs(np.corrcoef(alpha[:, 8:].T) - np.eye(3)).max() < 5 / np.sqrt(4000)
    assert (losses[:, 0] != losses[:, 1]).all() and (known != losses[:, 0]).all()


@SCALES
def test_without_progress_formulas_of_rates_go_and_priors_of_noise_stay(scale) -> None:
    specification = made_specification(
        "paper",
        scale,
        coefficients=FORMULAS | {"g_N": "1 + architecture"},
        progress=Progress(parameters="constant_rate", data="constant_rate"),
    )
    still = without_progress(specification)
    assert set(still.coefficients) == set(FORMULAS) and not still.progresses
    assert still.priors == specification.priors


@SCALES
def test_simulations_rank_all_that_a_posterior_has(monkeypatch, scale) -> None:
    """Three simulations, whose posterior is draws of the middle of the prior."""
    specification, table = made_specification(scale=scale), made_evaluations()

    def attempt(specification, rows, *args, **options):
        posterior = posterior_of(specification, rows, made_draws(specification, rows, 2, 100))
        data = bs.inference.result.DataTree.from_dict({"posterior": posterior})
        return attempted(data)

    monkeypatch.setattr(experiment, "attempt", attempt)
    found = [experiment.simulate_once(specification, table, 0, number) for number in range(3)]
    names = set(found[0].ranks)
    assert {
        "alpha[transformer]",
        "alpha_base",
        "g_C",
        "sigma_base",
        "reducible_test_time_adaptation[test_time_adaptation]",
    } <= names
    assert {name for each in found for name in each.ranks} == names
    assert len({tuple(each.ranks.values()) for each in found}) == 3


def attempted(data):
    from made_fits import GOOD

    return Attempted(data=data, diagnostics=GOOD, settings=None, compile_seconds=0.0, sample_seconds=0.0)


@pytest.mark.parametrize("level", ["0 + benchmark", "1 + benchmark"])
def test_quantities_at_a_draw_are_those_of_a_posterior_of_it(level) -> None:
    specification = made_specification(coefficients=FORMULAS | {"level": level})
    rows = make_rows(specification, made_evaluations())
    free = made_draws(specification, rows, 1, 1)
    posterior = posterior_of(specification, rows, free).isel(chain=0, draw=0)
    found = quantities_at(specification, rows, {name: np.atleast_1d(each[0, 0]) for name, each in free.items()})
    assert {"g_C", "alpha", "g_D", "level", "sigma"} <= set(found)
    for name, value in found.items():
        np.testing.assert_allclose(value, posterior[name].to_numpy(), rtol=1e-12)


@SCALES
@pytest.mark.parametrize("unit", ["evaluation", "paper"])
def test_scores_leave_out_evaluations_and_clusters(scale, unit) -> None:
    fit = made_fit(made_specification(scale=scale), made_evaluations(), draws=50, jitter=0.01)
    found = score(fit, unit, refits="none")
    assert len(found.terms) == (60 if unit == "evaluation" else 8) and np.isfinite(found.terms).all()


@CLUSTERS
def test_unconstrained_densities_are_those_of_priors_and_clusters(cluster) -> None:
    fit = made_fit(made_specification(cluster), made_evaluations())
    rows, residual, sigma, shared = noise_of(fit)
    density = UnconstrainedPosterior(fit, rows, "paper", np.arange(8))
    found = density.log_probability(density.draws).to_numpy()[0, 0]
    likelihood = sum(
        stats.multivariate_normal.logpdf(residual[mine], cov=np.diag(sigma[mine] ** 2) + shared[np.ix_(mine, mine)])
        for mine in (np.flatnonzero(rows.index["paper"] == code) for code in range(8))
    )
    prior = fit.data["log_prior"].to_dataset().isel(chain=0, draw=0)
    values, jacobian = density._values(density.draws)
    assert found == pytest.approx(likelihood + sum(float(each) for each in prior.values()) + jacobian[0], abs=1e-7)
    assert set(values) == {parameter.name for parameter in fit.specification.parameters()}


@pytest.mark.parametrize("data", ["walk", "constant_rate"])
def test_identification_of_a_fit_with_formulas(data) -> None:
    fit = made_fit(
        made_specification(progress=Progress(parameters="constant_rate", data=data)), made_evaluations(), draws=100
    )
    found = ridge(fit)
    assert (found.declines is None) == (data == "walk")
    table = influence(fit)
    assert {"alpha[transformer]", "alpha[other]", "g_N", "g_D", "level[ptb]"} <= set(table.index)
    assert table["prior_median"].notna().all()


def test_point_estimates_are_refused() -> None:
    specification = made_specification(cluster="none")
    for found in (bs.classical.published_estimate, profile_likelihood):
        with pytest.raises(
            bs.BayesScalingError,
            match=r"'made' has a formula, form of progress or column for level, .*\[coefficients\]",
        ):
            found(specification, made_evaluations())


def test_scores_by_other_clusters_are_not_compared() -> None:
    from dataclasses import replace

    one, other = made_specification(), replace(made_specification("paper"), name="other")
    with pytest.raises(bs.BayesScalingError, match=r"'made' has 'lab', 'other' has 'paper'; use unit 'evaluation'"):
        bs.compare([one, other], made_evaluations(), unit="paper")


@SCALES
def test_residuals_of_runs_are_in_units_of_each_datasets_noise(scale) -> None:
    runs = made_runs()
    runs["dataset"] = np.where(np.arange(len(runs)) % 3 == 0, "c4", "pile")
    specification = made_specification(
        "none", scale, coefficients={"sigma": "0 + dataset", "level": "0 + dataset"}, progress=Progress()
    )
    fit = made_fit(specification, runs, draws=20)
    rows, values = rows_of(fit.data, specification), draws_of(specification, fit.data)
    expected = expected_losses(specification, rows, values)
    residual = np.log(rows.response / expected) if scale == "log_loss" else rows.response - expected
    sigma = np.where(runs["dataset"] == "c4", values["sigma"][:, :1], values["sigma"][:, 1:])
    found = standardised_residuals(fit)
    np.testing.assert_allclose(found["residual"], (residual / sigma).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found["expected"], np.median(expected, axis=0), rtol=1e-12)
    assert plot_residuals(fit).axes


def test_a_formula_of_sizes_leaves_no_power_law_to_split() -> None:
    fit = made_fit(made_specification(coefficients={"alpha": "1 + log(parameters)"}), made_evaluations())
    for found in (lambda: bs.optimal_allocation(fit, 1e22, year=2020), lambda: bs.compute_needed(fit, 3.5, 2020)):
        with pytest.raises(
            bs.BayesScalingError, match="alpha of 'made' depends on parameters or tokens by its formula"
        ):
            found()
