import subprocess
import sys

import numpy as np
import pytest
from published_points import MODEL_7

import bayes_scaling as bs
from bayes_scaling.classical import published_estimate

# ---------------------------------------------------------------------- model 7, delta .0025


def test_the_published_estimate_stops_where_the_authors_did(published):
    assert published.objective == pytest.approx(0.0518129265, abs=1e-9)
    assert (published.iterations, published.evaluations) == (18, 209)
    assert published.mse == pytest.approx(0.046416, abs=1e-6)
    assert published.coefficients == pytest.approx(MODEL_7, abs=2e-7)


def test_the_published_estimate_is_no_minimum(published):
    assert published.optimality == pytest.approx(9e-3, abs=1e-3)


def test_published_doubling_times(published):
    times = published.doubling_times("years")["all"]
    assert times["parameters"] == pytest.approx(11.966, abs=0.01)
    assert times["data"] == pytest.approx(0.77034, abs=1e-4)
    assert published.doubling_times().loc["compute", "all"] == pytest.approx(8.685, abs=0.01)
    assert published.doubling_times().attrs == {"unit": "months"}


def test_coefficients_stand_at_the_sample_minima(published):
    anchor = published.anchor
    assert (anchor.parameters, set(anchor.tokens.values())) == (2.0e6, {888_000.0})
    assert anchor.year == pytest.approx(2012.4876712, abs=1e-7)


def test_the_converged_estimate_is_a_lower_minimum(converged, published):
    assert converged.objective == pytest.approx(0.0507227, abs=1e-6)  # a third party's replication
    assert converged.objective == pytest.approx(0.0507222675, abs=1e-9)
    assert converged.optimality < 1e-6
    assert converged.mse / published.mse - 1 == pytest.approx(-0.0027, abs=5e-5)
    assert converged.doubling_times().loc["compute", "all"] == pytest.approx(6.08, abs=0.01)
    found = [converged.coefficients[name] for name in ("alpha_param", "beta_data", "alpha_year", "beta_year")]
    assert found == pytest.approx([0.138, 0.025, -0.059, 0.045], abs=5e-4)


def test_most_starts_reach_the_converged_estimate(converged):
    assert converged.starts == 21
    assert converged.starts_at_best >= 10


def test_the_converged_estimate_has_exact_zeros(converged):
    zeros = {name for name, value in converged.coefficients.items() if value == 0}
    assert zeros == {"alpha_const", "alpha_const_ptb", "alpha_const_wt2"}


def test_parameters_do_not_progress_at_the_converged_estimate(converged):
    assert converged.rates["g_N"]["all"] < 0
    assert converged.doubling_times().loc["parameters", "all"] == np.inf


def test_the_unpenalised_estimate(unpenalised):
    assert unpenalised.mse == unpenalised.objective == pytest.approx(0.045303, abs=1e-6)
    assert unpenalised.doubling_times().loc["compute", "all"] == pytest.approx(10.2, abs=0.05)
    assert unpenalised.optimality < 1e-6
    assert unpenalised.delta == 0
    assert unpenalised.starts_at_best >= 2


def test_a_penalty_of_nothing_is_least_squares(unpenalised, model_7, ho2024):
    assert bs.classical.converged_estimate(model_7, ho2024, delta=0) == unpenalised


def test_penalties_only_raise_the_squared_error(published, converged, unpenalised):
    assert unpenalised.mse < converged.mse < published.mse


# ---------------------------------------------------------------------- every structure


def test_every_catalogue_model_has_a_published_estimate(catalogue_name, estimate_of):
    estimate = estimate_of(catalogue_name)
    assert np.isfinite(list(estimate.coefficients.values())).all()
    assert 0.04 < estimate.mse < estimate.objective < 0.08


@pytest.mark.parametrize("name", ["ho2024/13", "ho2024/14", "ho2024/18"])
def test_other_structures_converge(name, estimate_of, ho2024):
    estimate = bs.classical.converged_estimate(bs.load_specification(name), ho2024)
    assert estimate.optimality < 1e-5
    assert estimate.objective <= estimate_of(name).objective
    assert estimate.starts_at_best >= 3


def test_rates_by_benchmark(estimate_of):
    estimate = estimate_of("ho2024/04")
    values, rates = estimate.coefficients, estimate.rates
    assert set(rates["g_N"]) == {"wt103", "wt2", "ptb"}
    for benchmark in ("ptb", "wt2"):
        decline = values["alpha_year"] + values[f"alpha_year_{benchmark}"]
        assert rates["g_N"][benchmark] == pytest.approx(decline / values["alpha_param"])
    assert set(rates["g_D"].values()) == {values["beta_year"] / values["beta_data"]}
    assert list(estimate.doubling_times().columns) == list(rates["g_N"])


def test_rates_by_architecture_where_declines_are_shared(estimate_of):
    estimate = estimate_of("ho2024/13")
    values, rates = estimate.coefficients, estimate.rates
    assert rates["g_N"] == {
        "other": pytest.approx(values["alpha_year"] / values["alpha_param"]),
        "transformer": pytest.approx(values["alpha_year"] / values["alpha_param_t"]),
    }
    assert rates["g_C"]["other"] == pytest.approx(rates["g_N"]["other"] + rates["g_D"]["other"])


def test_rates_by_two_groups_are_named_by_both(ho2024):
    document = {
        "varies_by": {"A": "benchmark", "B": "benchmark", "alpha": "architecture", "g_N": "benchmark"},
        "progress": {"parameters": "constant_rate", "data": "constant_rate"},
    }
    specification = bs.Specification.from_dict("mixed", document)
    estimate = published_estimate(specification, ho2024)
    values = estimate.coefficients
    decline = values["alpha_year"] + values["alpha_year_ptb"]
    assert len(estimate.rates["g_N"]) == 6
    assert estimate.rates["g_N"]["ptb, transformer"] == pytest.approx(decline / values["alpha_param_t"])


def test_hicks_neutral_progress_has_one_decline_in_both_rates(estimate_of):
    estimate = estimate_of("ho2024/12")
    values = estimate.coefficients
    assert estimate.rates["g_N"]["all"] == pytest.approx(values["alpha_year"] / values["alpha_param"])
    assert estimate.rates["g_D"]["all"] == pytest.approx(values["alpha_year"] / values["beta_data"])


def test_one_sided_progress(estimate_of):
    for name, constant, moving in (("ho2024/08", "parameters", "data"), ("ho2024/09", "data", "parameters")):
        times = estimate_of(name).doubling_times()["all"]
        assert times[constant] == np.inf
        assert times["compute"] == times[moving] < np.inf


@pytest.mark.parametrize("name", ["ho2024/16", "ho2024/17"])
def test_no_progress_never_doubles(name, estimate_of):
    assert (estimate_of(name).doubling_times()["all"] == np.inf).all()


@pytest.mark.parametrize("name", ["ho2024/14", "ho2024/15"])
def test_drifting_exponents_have_no_one_rate(name, estimate_of):
    assert estimate_of(name).doubling_times().isna().all(axis=None)


def test_compute_alone_has_no_rate_of_parameters_or_data(estimate_of):
    estimate = estimate_of("ho2024/18")
    times = estimate.doubling_times()["all"]
    values = estimate.coefficients
    assert times[["parameters", "data"]].isna().all()
    assert times["compute"] == pytest.approx(12 * np.log(2) * values["alpha_C"] / values["alpha_year"])


def test_irreducible_losses_are_estimated_too(estimate_of):
    estimate = estimate_of("steps/1-irreducible")
    assert {"E_const", "E_const_ptb", "E_const_wt2"} <= set(estimate.coefficients)
    assert np.isfinite(estimate.objective)


def test_a_table_of_one_benchmark(model_7, ho2024):
    estimate = published_estimate(model_7, ho2024[ho2024["benchmark"] == "ptb"])
    assert estimate.mse < 0.1
    assert estimate.coefficients["alpha_const_wt2"] == pytest.approx(0, abs=1e-3)  # it stops beside the kink


def test_unknown_unit_is_refused(published):
    with pytest.raises(bs.BayesScalingError, match="'days' is not valid; choose one of: months, years"):
        published.doubling_times("days")


def test_pymc_is_not_imported():
    code = "import sys, bayes_scaling as bs; bs.classical; print({'pymc', 'pytensor'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_transformers_and_others_in_the_sample(ho2024):
    transformers = (ho2024["architecture"] == "transformer").sum()
    assert (transformers, len(ho2024) - transformers) == (104, 127)
