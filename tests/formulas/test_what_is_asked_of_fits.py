"""Quantities, pictures, reports and files of fits with formulas; of draws near the middle of their priors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from formulas.made_formulas import made_evaluations, made_fit, made_specification
from made_runs import made_runs
from models.log_densities import FAST

import bayes_scaling as bs
from bayes_scaling.commands.allocate import allocate_command
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, prior_densities, unit_densities
from bayes_scaling.plots.runs import standardised_residuals
from bayes_scaling.quantities.allocation_table import Question, allocations
from bayes_scaling.quantities.effective_compute import rate_draws
from bayes_scaling.quantities.identification import ridge
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.sections import Progress
from bayes_scaling.studies.approaches.rows import fitted_runs

RATES = Progress(parameters="constant_rate", data="constant_rate")
WHOLE = {
    "level": "0 + benchmark",
    "share": "0 + benchmark",
    "irreducible_share": "0 + benchmark",
    "alpha": "1 + architecture + effort + (1 | lab)",
    "g_N": "1 + (1 | lab)",
    "reducible": "0 + test_time_adaptation",
    "sigma": "0 + benchmark",
}
OF_RUNS = {
    "level": Prior.of("lognormal", mu=1.1, sigma=0.05),
    "sigma": Prior.of("lognormal", mu=-4, sigma=0.2),
    "alpha": Prior.of("lognormal", mu=-1.2, sigma=0.2),
    "beta": Prior.of("lognormal", mu=-1.2, sigma=0.2),
}
BY_DATASET = {"level": "0 + dataset", "share": "0 + dataset", "alpha": "0 + dataset", "sigma": "0 + dataset"}


def fit_of(coefficients, *, progress=RATES, scale="loss", cluster="lab", family="normal", **options) -> bs.Fit:
    table = made_evaluations(80)
    rng = np.random.default_rng(1)
    table = table.assign(effort=rng.normal(size=80), seed=rng.choice([1, 2, 3], 80))
    return made_fit(
        made_specification(cluster, scale, family, coefficients=coefficients, progress=progress),
        table,
        draws=40,
        **options,
    )


def fit_of_runs(coefficients, priors=OF_RUNS, **changes) -> bs.Fit:
    runs = made_runs()
    runs["dataset"] = np.where(np.arange(len(runs)) % 3 == 0, "c4", "pile")
    specification = made_specification(
        "none", coefficients=coefficients, progress=Progress(), priors=dict(priors), **changes
    )
    return made_fit(specification, runs, draws=40, jitter=0.1)


@pytest.fixture(scope="module")
def whole() -> bs.Fit:
    return fit_of(WHOLE, jitter=0.3)


@pytest.fixture(scope="module")
def by_dataset() -> bs.Fit:
    return fit_of_runs(BY_DATASET)


def test_a_gain_is_what_a_baseline_needs_for_the_same_loss(whole) -> None:
    """By predictions of the two, whose exponents differ by a term of a formula."""
    gain = bs.compute_equivalent_gain(whole, 1e21, year=2020.0)
    size = np.sqrt(1e21 / 6)
    for draw in range(3):
        factor = float(np.sqrt(gain[0, draw].item()))
        one, other = (
            bs.System("mine", each, each, pd.Timestamp("2020-01-01").date()) for each in (size, factor * size)
        )
        reached = bs.predicted_loss(whole, one)[0, draw].item()
        needed = bs.predicted_loss(whole, other, architecture="lstm")[0, draw].item()  # which counts as other
        assert needed == pytest.approx(reached, rel=1e-6)
    assert np.isfinite(bs.loss_reduction(whole, 1e21)).all()
    xr.testing.assert_identical(bs.compute_equivalent_gain(whole, 1e21, year=2020.0, baseline="LSTM"), gain)


def test_a_word_that_rows_may_not_hold_is_named_without_the_formula(whole) -> None:
    predictors = laws_of(whole).predictors
    with pytest.raises(bs.EvaluationsError, match=r"^column architecture, row .*: 'abacus' is not one of transfor"):
        predictors.arrays(predictors.table.assign(architecture="abacus"))


def test_what_no_formula_takes_from_architectures_has_no_gain() -> None:
    with pytest.raises(bs.BayesScalingError, match="nothing in 'made' differs by architecture"):
        bs.compute_equivalent_gain(fit_of({"level": "0 + benchmark"}), 1e21)


def test_rates_of_draws_of_a_law_are_those_of_the_posterior() -> None:
    """By each group that formulas of rates have: a text, one of numbers, and both on average."""
    fit = fit_of({"level": "0 + benchmark", "g_N": "1 + benchmark", "g_D": "0 + seed"})
    for by in ("benchmark", "seed", None):
        found, expected = rate_draws(laws_of(fit), by=by), rate_draws(fit, by=by)
        if by:  # their differences: levels of the other group count alike there, and by their rows here
            found, expected = found - found[..., :1], expected - expected[..., :1]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_where_terms_decline_rates_differ_with_exponents() -> None:
    declining = Progress(parameters="constant_rate", data="constant_rate", acts_on="loss_term")
    fit = fit_of({"level": "0 + benchmark", "alpha": "1 + architecture"}, progress=declining)
    posterior = fit.posterior
    decline = posterior["g_N_central"] * posterior["alpha_base"]
    np.testing.assert_allclose(posterior["g_N"] * posterior["alpha"], decline.broadcast_like(posterior["g_N"]))
    growth = np.log(bs.effective_compute(fit, 2015, 2020, by="architecture"))
    rates = (posterior["g_N"] + posterior["g_D"]).transpose(*growth.dims)
    np.testing.assert_allclose(growth, 5 * rates, rtol=1e-6)


@pytest.mark.parametrize(("acts_on", "gap"), [("reducible_loss", 0.0), ("nearly_reducible_loss", "hicks_gap")])
def test_progress_may_be_neutral_beside_formulas_of_all_but_exponents(acts_on, gap) -> None:
    progress = Progress(parameters="constant_rate", data="constant_rate", acts_on=acts_on)
    posterior = fit_of({"level": "0 + benchmark + zero_shot", "reducible": "0 + effort"}, progress=progress).posterior
    apart = posterior["alpha"] * posterior["g_N"] - posterior["beta"] * posterior["g_D"]
    np.testing.assert_allclose(apart, posterior[gap] if gap else 0.0, rtol=1e-6, atol=1e-12)


def test_a_walk_beside_a_rate_by_benchmark_grows_by_benchmark() -> None:
    walk = Progress(parameters="constant_rate", data="walk")
    fit = fit_of({"level": "0 + benchmark", "g_N": "1 + benchmark"}, progress=walk)
    growth = np.log(bs.effective_compute(fit, 2015, 2020, by="benchmark"))
    rates = fit.posterior["g_N"]
    apart = growth.sel(benchmark="ptb") - growth.sel(benchmark="wt103")
    np.testing.assert_allclose(apart, 5 * (rates.sel(benchmark="ptb") - rates.sel(benchmark="wt103")), rtol=1e-6)


def test_levels_that_are_numbers_are_asked_for_as_numbers() -> None:
    fit = fit_of({"level": "0 + benchmark", "alpha": "0 + seed"})
    with pytest.raises(bs.BayesScalingError, match=r"bs\.at\(fit, seed=1\.0\), or allocate --at seed=1; valid .* 1, 2"):
        bs.predicted_loss(fit, "GPT-3")
    one, two = (bs.predicted_loss(bs.at(fit, seed=seed), "GPT-3") for seed in (1, 2))
    assert (one != two).all()
    assert np.isfinite(bs.effective_compute(laws_of(fit), 2015, 2020)).all()


def test_effects_of_a_new_level_are_drawn_for_each_coefficient(whole) -> None:
    posterior, coefficients = whole.posterior, laws_of(whole).coefficients
    new = {}
    for name in ("alpha", "g_N"):
        spread = posterior[f"{name}_lab_sd"].to_numpy().reshape(-1, 1)
        new[name] = (coefficients[name].added[-1].value[:, -1:] / spread).ravel()
        assert np.abs(new[name].mean()) < 4 / np.sqrt(80) and 0.7 < new[name].std() < 1.3
    assert abs(np.corrcoef(*new.values())[0, 1]) < 0.4


def test_a_new_level_is_a_draw_of_its_group_and_a_known_one_has_its_effect(whole) -> None:
    known, new, unnamed = (
        bs.predicted_loss(law, "GPT-3") for law in (bs.at(whole, lab="a"), bs.at(whole, lab="z"), whole)
    )
    assert (known != new).all()
    np.testing.assert_array_equal(new, unnamed)


def test_a_fit_of_nested_clusters_is_read_back(tmp_path) -> None:
    fit = fit_of({"level": "0 + benchmark", "alpha": "0 + seed"}, cluster=("lab", "seed"))
    fit.save(tmp_path)
    again = bs.load_fit(tmp_path)
    assert again.specification == fit.specification and again.specification.noise.clusters == ("lab", "seed")
    rows, read = (rows_of(each.data, each.specification) for each in (fit, again))
    assert rows.levels == read.levels and len(rows.levels["seed in lab"]) > len(rows.levels["paper"])
    for unit in ("evaluation", "paper"):
        np.testing.assert_array_equal(*(each.log_likelihood(unit)["loss"] for each in (fit, again)))


def test_a_fit_that_is_read_back_predicts_the_same(whole, tmp_path) -> None:
    whole.save(tmp_path)
    again = bs.load_fit(tmp_path)
    assert again.setting == {} and again.specification == whole.specification
    for columns in ({}, {"lab": "a", "effort": 1.5}, {"lab": "z", "test_time_adaptation": 1}):
        one, other = (
            bs.predicted_loss(bs.at(fit, **columns), "GPT-3", kind="new_evaluation") for fit in (whole, again)
        )
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(whole.log_likelihood("paper")["loss"], again.log_likelihood("paper")["loss"])


@pytest.mark.parametrize("name", ["level", "irreducible_share"])
def test_an_irreducible_loss_that_moves_is_no_target(name) -> None:
    fit = fit_of({"irreducible_share": "1", name: "1 + year"})
    for asked in (lambda: bs.compute_needed(fit, 3.0, 2022), lambda: bs.reachable_date(fit, 3.0, 1e22)):
        with pytest.raises(bs.BayesScalingError, match=f"{name} of 'made' depends on year by its formula"):
            asked()
    assert np.isfinite(bs.predicted_loss(fit, "GPT-3")).all()


def test_noise_by_size_leaves_splits_as_they_are() -> None:
    fit = fit_of_runs({"sigma": "1 + log(parameters)"})
    best = bs.optimal_allocation(fit, 1e22)
    alpha, beta = fit.posterior["alpha"], fit.posterior["beta"]
    other = bs.optimal_allocation(fit, 1e24)
    power = np.log(other["parameters"] / best["parameters"]) / np.log(100)
    np.testing.assert_allclose(power, beta / (alpha + beta), rtol=1e-9)


def test_intervals_of_exponents_that_terms_move_have_no_prior_to_compare(whole) -> None:
    table = bs.coefficients(whole)
    assert np.isnan(table.loc[["alpha[transformer]", "alpha[other]"], "contraction"]).all()
    assert np.isfinite(table.loc["beta", "contraction"])
    pooled = bs.coefficients(fit_of({"alpha": "1 + (1 | lab)"}))
    assert np.isfinite(pooled.loc["alpha", "contraction"])


def test_doubling_times_are_of_all_rows() -> None:
    fit = fit_of({"level": "0 + benchmark", "g_N": "0 + lab"})
    with pytest.raises(bs.BayesScalingError, match="averaged over its rows, and lab is set; give the fit as it is"):
        bs.doubling_times(bs.at(fit, lab="a"))
    by_lab, growth = bs.doubling_times(fit, by="lab"), bs.effective_compute(bs.at(fit, lab="a"), 2015, 2016)
    rate = (fit.posterior["g_N"].sel(lab="a") + fit.posterior["g_D"]).to_numpy()
    np.testing.assert_allclose(np.log(growth), rate, rtol=1e-6)
    assert len(by_lab.loc["parameters"]) == fit.posterior.sizes["lab"]


def test_a_posterior_that_never_grows_has_no_ridge(whole) -> None:
    posterior = whole.posterior.assign(g_D=whole.posterior["g_D"] - 1e3)
    assert ridge(replace(whole, data=whole.data.assign(posterior=bs.inference.result.DataTree(posterior)))) is None


def test_scales_are_of_laws_without_irreducible_loss() -> None:
    priors = {name: OF_RUNS[name] for name in ("level", "sigma", "alpha")}
    with_loss = fit_of_runs({"irreducible_share": "1"}, priors, law="compute")
    without = fit_of_runs({}, priors, law="compute")
    assert "C_c" in without.posterior and "E" not in without.posterior
    assert "C_c" not in with_loss.posterior and "E" in with_loss.posterior


def test_pictures_are_of_the_level_that_is_set(by_dataset) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"say which is meant: bs\.at\(fit, dataset='c4'\)"):
        bs.plot_allocation(by_dataset)
    at = bs.at(by_dataset, dataset="c4")
    assert len(fitted_runs(at)) == len(fitted_runs(by_dataset)) / 3
    for draw in (bs.plot_allocation, bs.plot_laws, bs.plot_tokens_per_parameter):
        assert draw(at).get_suptitle().partition(";")[0].endswith(", dataset c4")
    pd.testing.assert_frame_equal(standardised_residuals(at), standardised_residuals(by_dataset))


def test_reports_are_of_the_most_common_level_unless_one_is_set(by_dataset, undrawn, tmp_path) -> None:
    for name, fit, level in (("a", by_dataset, "pile"), ("b", bs.at(by_dataset, dataset="c4"), "c4")):
        bs.write_report(fit, tmp_path / f"{name}.md")
        text = (tmp_path / f"{name}.md").read_text()
        assert f"Of dataset {level}." in text


def test_reports_of_progress_attribute_at_the_most_common_level(undrawn, tmp_path) -> None:
    fit = fit_of({"level": "0 + benchmark", "alpha": "0 + seed"}, jitter=0.1)
    bs.write_report(fit, tmp_path / "report.md")
    assert ", seed " in (tmp_path / "report.md").read_text().partition("What made the loss fall")[2][:600]


def test_allocations_are_of_the_level_that_is_set(by_dataset, tmp_path, capsys) -> None:
    with pytest.raises(bs.BayesScalingError, match="allocate --at dataset=c4"):
        allocations(Question((1e22,)), by_dataset)
    by_dataset.save(tmp_path)
    allocate_command(["1e22"], tmp_path, at=["dataset=pile"], approach_2=False)
    assert "dataset pile" in " ".join(capsys.readouterr().out.split())
    for wrong, at in ((None, ["dataset=pile"]), (tmp_path, ["dataset"])):
        with pytest.raises(bs.BayesScalingError, match="needs a fit and COLUMN=VALUE"):
            allocate_command(["1e22"], wrong, at=at)


def test_a_summary_has_all_that_is_reported(whole) -> None:
    table = whole.summary()
    assert {"g_C", "alpha[transformer]", "sigma[ptb]", "alpha_lab[a]"} <= set(table.index)
    assert {"median", "eti95_lb", "eti95_ub", "mcse_median", "ess_median", "r_hat"} <= set(table.columns)
    assert table.loc["g_C", "median"] == pytest.approx(float(whole.posterior["g_C"].median()))
    assert table.loc["g_C", "eti95_lb"] == pytest.approx(float(whole.posterior["g_C"].quantile(0.025)), rel=0.2)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"effort": "high"}, "column effort of 'made' holds numbers, and 'high' is none"),
        ({"effort": [1, 2]}, r"holds numbers, and \[1, 2\] is none; type for instance bs.at\(fit, effort=-"),
        ({"effort": float("nan")}, "holds numbers, and nan is none"),
        ({"lab": None}, r"column lab of 'made' holds text, and None is none; type for instance bs.at\(fit, lab='a'\)"),
        ({"lab": 3}, "holds text, and 3 is none"),
        ({"architecture": "other"}, r"can be set here; valid choices: lab, effort.* \(benchmark and architecture are"),
        ({"test_time_adaptation": 0.5}, "column test_time_adaptation.* 0.5 is not True or False"),
    ],
)
def test_columns_are_set_to_what_they_hold(whole, columns, told) -> None:
    with pytest.raises(bs.BayesScalingError, match=told):
        bs.predicted_loss(bs.at(whole, **columns), "GPT-3")


@pytest.mark.parametrize("scale", ["loss", "log_loss"])
@pytest.mark.parametrize(("cluster", "family"), [("lab", "normal"), (("lab", "paper"), "normal"), ("lab", "student_t")])
def test_the_model_that_is_sampled_has_the_density_of_what_is_asked(scale, cluster, family) -> None:
    fit = fit_of(WHOLE, scale=scale, cluster=cluster, family=family)
    table = made_evaluations(80).assign(effort=fit.data["constant_data"]["effort"].to_numpy())
    model, values = bs.build_model(fit.specification, table), draws_of(fit.specification, fit.data)
    density = model.compile_fn(model.logp(jacobian=False), mode=FAST, on_unused_input="ignore")
    draw = fit.posterior.isel(chain=0, draw=1)
    point = {}
    for sampled in model.free_RVs:
        value, transform = draw[sampled.name].to_numpy(), model.rvs_to_transforms[sampled]
        moved = value if transform is None else transform.forward(value, *sampled.owner.inputs).eval(mode=FAST)
        point[model.rvs_to_values[sampled].name] = np.asarray(moved)
    rows, one = rows_of(fit.data, fit.specification), {name: each[1:2] for name, each in values.items()}
    # Under Student-t noise effects are sampled, and given them rows are independent.
    unit = "paper" if family == "normal" else "evaluation"
    positions = np.arange(len(rows.levels["paper"]) if family == "normal" else len(rows.ids))
    expected = unit_densities(fit.specification, rows, one, unit, positions).sum()
    expected += sum(each.item() for each in prior_densities(fit.specification, rows, one).values())
    assert density(point) == pytest.approx(expected, abs=1e-8)
