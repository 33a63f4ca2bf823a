"""Static laws fitted to training runs: simulated ones, and the 245 points of Hoffmann et al.'s figure, none dropped."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_fits import fit_of_posterior
from made_runs import TRUTH, made_runs, runs_at
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.studies.comparison.compare import compare_fits
from bayes_scaling.tables import read_runs

FIGURE = "chinchilla_figure4_digitised.csv"
COLUMNS = {"parameters": "Model Size", "flop": "Training FLOP"}
BESIROGLU = {"E": (1.8172, 0.0257), "alpha": (0.3478, 0.0154), "beta": (0.3658, 0.0206), "a": (0.513, 0.020)}
"""Besiroglu et al. 2024 (arXiv 2404.10102): estimates and standard errors, of 240 points."""
HOFFMANN_A = (0.454, 0.455)
"""10th to 90th percentile of a in Hoffmann et al. 2022 (arXiv 2203.15556), approach 3."""
COLD_SECONDS = 30
QUICK = {"draws": 500, "tune": 500, "chains": 4}


@pytest.fixture(scope="module")
def figure(shared) -> Path:
    return shared / "data" / FIGURE


@pytest.fixture(scope="module")
def fit(figure) -> bs.Fit:
    return bs.fit(bs.load_specification("chinchilla"), read_runs(figure, COLUMNS))


@pytest.mark.slow
def test_the_figures_runs_all_count_and_the_chains_agree(fit) -> None:
    assert (fit.evaluations.rows, fit.evaluations.kind) == (245, "runs")
    assert fit.diagnostics.converged, fit.diagnostics.failures
    assert fit.diagnostics.clean
    assert not fit.diagnostics.escalated
    assert unidentified(fit) == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", BESIROGLU)
def test_estimates_are_within_a_standard_error_of_the_published_refit(name, fit) -> None:
    published, error = BESIROGLU[name]
    assert coefficients(fit).loc[name, "median"] == pytest.approx(published, abs=error)


@pytest.mark.slow
def test_the_published_interval_of_a_is_too_narrow_and_elsewhere(fit) -> None:
    row = coefficients(fit, probability=0.8).loc["a"]
    ratio = (row["upper"] - row["lower"]) / (HOFFMANN_A[1] - HOFFMANN_A[0])
    assert 20 < ratio < 60
    assert row["lower"] > HOFFMANN_A[1]


@pytest.mark.slow
def test_normal_noise_is_worse_by_leaving_one_run_out(fit, figure) -> None:
    normal = bs.fit(bs.load_specification("chinchilla-normal"), read_runs(figure, COLUMNS))
    comparison = compare_fits([fit, normal], refits="none")
    assert list(comparison.table.sort_values("rank").index) == ["chinchilla", "chinchilla-normal"]
    assert comparison.tied == ("chinchilla",)


@pytest.mark.slow
def test_from_the_start_of_the_process_to_the_result_takes_seconds(figure, tmp_path) -> None:
    """Of a processor: what an idle machine with one core needs, however busy this one is."""
    mapping = [word for ours, theirs in COLUMNS.items() for word in ("--column", f"{ours}={theirs}")]
    command = [sys.executable, "-m", "bayes_scaling.cli", "fit", "chinchilla", "--runs", str(figure), *mapping]
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, "--output", "run"], cwd=tmp_path, capture_output=True, text=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert end.ru_utime - start.ru_utime + end.ru_stime - start.ru_stime < COLD_SECONDS


@pytest.fixture(scope="module")
def simulated_fit() -> bs.Fit:
    return bs.fit(bs.load_specification("chinchilla-normal"), made_runs(models=12, noise=0.002), **QUICK)


def test_constants_put_into_simulated_runs_come_back(simulated_fit) -> None:
    assert simulated_fit.diagnostics.converged, simulated_fit.diagnostics.failures
    table = coefficients(simulated_fit, probability=0.999)
    for name, value in TRUTH.items():
        assert table.loc[name, "lower"] < value < table.loc[name, "upper"], name
    assert unidentified(simulated_fit) == ()


def test_a_fit_to_runs_is_saved_with_all_it_needs(simulated_fit, tmp_path: Path) -> None:
    again = bs.load_fit(simulated_fit.save(tmp_path))
    assert again.evaluations == simulated_fit.evaluations
    assert coefficients(again).equals(coefficients(simulated_fit))
    for unit in ("evaluation", "paper"):
        one, two = (each.log_likelihood(unit)["loss"].to_numpy() for each in (again, simulated_fit))
        np.testing.assert_array_equal(one, two)
        assert one.shape[-1] == 36


@pytest.mark.slow
def test_either_scale_of_noise_predicts_alike_where_losses_hardly_differ(simulated_fit) -> None:
    """Their densities are of the same quantity: they differ by far less than the Jacobian, 36 logarithms of a loss."""
    from dataclasses import replace

    from bayes_scaling.specifications.sections import Noise

    specification = replace(simulated_fit.specification, name="absolute", noise=Noise("normal"))
    absolute = bs.fit(specification, made_runs(models=12, noise=0.002), **QUICK)
    comparison = compare_fits([simulated_fit, absolute], refits="none")
    losses = simulated_fit.data["observed_data"]["loss"].to_numpy()
    assert abs(comparison.table["elpd_diff"]).max() < 0.25 * np.log(losses).sum()


def test_series_are_what_is_left_out_as_papers() -> None:
    budgets = tuple(np.geomspace(1e18, 1e21, 10))
    runs = made_runs(budgets=budgets, models=4, noise=0.002, series=True)
    fit = bs.fit(bs.load_specification("chinchilla-normal"), runs, **QUICK)
    assert list(fit.log_likelihood("paper")["paper"].to_numpy()) == list(dict.fromkeys(runs["series"]))
    comparison = compare_fits([fit], unit="paper", refits="none")
    assert np.isfinite(comparison.table["elpd"]).all()
    assert comparison.evaluations.papers == 10


@pytest.mark.whole
def test_runs_of_one_size_say_nothing_of_alpha() -> None:
    """All the same parameters: the parameter term is a constant, and its exponent keeps its prior."""
    runs = runs_at(np.full(30, 1e9), np.geomspace(2e8, 2e12, 30), noise=0.002)
    fit = bs.fit(bs.load_specification("chinchilla-normal"), runs, **QUICK)
    assert unidentified(fit) == ("alpha", "A", "a")


@pytest.mark.parametrize(("irreducible", "said"), [("none", True), ("shared", False)])
def test_exponents_of_runs_without_an_irreducible_loss_are_not_shown_without_a_word(irreducible, said) -> None:
    """A file that says law = "chinchilla" and nothing else has E = 0, as in the paper on evaluations."""
    document = {"law": "chinchilla"} | ({} if irreducible == "none" else {"irreducible_loss": irreducible})
    specification = bs.Specification.from_dict("mine", document)
    runs = bs.load_runs()
    names = [each.name for each in specification.parameters()]
    coords = {"chain": range(2), "draw": range(5)}
    posterior = Dataset({name: (("chain", "draw"), np.full((2, 5), 0.4)) for name in names}, coords=coords)
    fit = fit_of_posterior(specification, runs, posterior)
    assert ("no-irreducible-loss" in {each.code for each in fit_findings(fit)}) is said
