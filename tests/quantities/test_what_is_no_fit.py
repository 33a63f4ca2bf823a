"""Wherever a fit is taken, so are its path and its DataTree; of anything else one line says what is needed."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from made_fits import fit_around_made_runs
from made_runs import made_runs
from pandas.testing import assert_frame_equal
from reports.drawn_fits import drawn_fit
from xarray import DataTree

import bayes_scaling as bs

OF_EVALUATIONS: dict[str, Callable[[Any], Any]] = {
    "doubling_times": bs.doubling_times,
    "identification": lambda given: bs.identification(given).table,
    "predictive_check": lambda given: bs.predictive_check(given, replicates=100).residuals,
    "chain_weights": bs.chain_weights,
    "compare_fits": lambda given: bs.compare_fits(given, refits="none").table.drop(columns="seconds"),
    "effective_compute": lambda given: bs.effective_compute(given, 2014, 2020),
    "effective_compute_shares": lambda given: bs.effective_compute_shares(given, 2014, 2020),
    "numerical_doubling_time": lambda given: bs.numerical_doubling_time(given, 1e22),
    "shapley_attribution": bs.shapley_attribution,
    "compute_equivalent_gain": lambda given: bs.compute_equivalent_gain(given, 1e22),
    "loss_reduction": lambda given: bs.loss_reduction(given, 1e22),
    "reachable_date": lambda given: bs.reachable_date(given, 3.0, 1e22),
    "plot_doubling_times": bs.plot_doubling_times,
    "plot_ridge": bs.plot_ridge,
    "plot_attribution": bs.plot_attribution,
    "plot_effective_compute": lambda given: bs.plot_effective_compute(given, 2014, 2020),
    "plot_identification": bs.plot_identification,
    "plot_predictive": bs.plot_predictive,
}
OF_RUNS: dict[str, Callable[[Any], Any]] = {
    "coefficients": bs.coefficients,
    "at": lambda given: bs.at(given).posterior,
    "allocation_exponents": bs.allocation_exponents,
    "allocation_with_inference": lambda given: bs.allocation_with_inference(given, 1e12, compute=1e21),
    "compute_needed": lambda given: bs.compute_needed(given, 2.5, 2023),
    "cost_of_split": lambda given: bs.cost_of_split(given, 1e21, tokens_per_parameter=20),
    "design": lambda given: bs.design(given, "alpha", budget=1e20, count=1).chosen,
    "optimal_allocation": lambda given: bs.optimal_allocation(given, 1e21),
    "predicted_loss": lambda given: bs.predicted_loss(given, parameters=1e9, tokens=2e10),
    "quadratic_bias": lambda given: bs.quadratic_bias(given, made_runs()),
    "plot_allocation": bs.plot_allocation,
    "plot_best_split": lambda given: bs.plot_best_split(given, 1e22),
    "plot_isoflop": bs.plot_isoflop,
    "plot_laws": bs.plot_laws,
    "plot_residuals": bs.plot_residuals,
    "plot_tokens_per_parameter": bs.plot_tokens_per_parameter,
}
ELSEWHERE = {"recipe_gains", "write_report", "compare_approaches", "optimal_split"}
"""Tested with their subjects; the last takes draws of a law."""
TAKING = OF_EVALUATIONS | OF_RUNS


@pytest.fixture(scope="module")
def of_evaluations(ho2024) -> bs.Fit:
    return drawn_fit("reference", bs.on_benchmarks(ho2024, "ptb").iloc[:40], width=0.02)


@pytest.fixture(scope="module")
def of_runs() -> bs.Fit:
    return fit_around_made_runs(draws=50)


def test_every_public_function_that_takes_a_fit_is_listed() -> None:
    words = ("Fit", "Source", "Laws")
    functions = {name: each for name in bs.__all__ if inspect.isfunction(each := getattr(bs, name))}
    taking = {
        name
        for name, each in functions.items()
        if any(
            word in str(first.annotation)
            for first in [*inspect.signature(each).parameters.values()][:2]
            for word in words
        )
        and name not in ("plot_backtest", "plot_robustness", "fit", "load_fit")
    }
    assert taking <= set(TAKING) | ELSEWHERE


@pytest.fixture(scope="module")
def saved(of_evaluations, of_runs, tmp_path_factory) -> dict[bool, Path]:
    """Files of both fits, by whether it is that of evaluations."""
    fits = {True: of_evaluations, False: of_runs}
    return {evaluated: fit.save(tmp_path_factory.mktemp("saved")) for evaluated, fit in fits.items()}


@pytest.mark.parametrize("name", TAKING)
def test_a_path_and_a_tree_do_as_the_fit_does(name, of_evaluations, of_runs, saved) -> None:
    fit, file = of_evaluations if name in OF_EVALUATIONS else of_runs, saved[name in OF_EVALUATIONS]
    expected = TAKING[name](fit)
    for given in (str(file), file.parent, fit.data):
        found = TAKING[name](given)
        if hasattr(expected, "savefig"):
            assert type(found) is type(expected)
        elif hasattr(expected, "identical"):
            assert found.equals(expected)
        else:
            assert_frame_equal(found, expected)
    plt.close("all")


@pytest.mark.parametrize("name", TAKING)
@pytest.mark.parametrize("given", [None, np.zeros(3), DataTree()], ids=["None", "array", "tree"])
def test_anything_else_is_refused_in_words(name, given) -> None:
    with pytest.raises(bs.BayesScalingError, match="needed"):
        TAKING[name](given)


def test_a_report_is_of_a_path_too(of_runs, tmp_path, undrawn) -> None:
    of_runs.save(tmp_path)
    assert bs.write_report(str(tmp_path), tmp_path / "one.json").read_bytes()


def test_a_table_is_no_fit() -> None:
    with pytest.raises(
        bs.BayesScalingError, match=r"a fit is needed \(bs.fit, .* its path or its data\), not DataFrame"
    ):
        bs.doubling_times(bs.load_evaluations())  # type: ignore[arg-type]


def test_a_file_beside_a_fit_is_no_fit(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    summary.write_text("{}", encoding="utf-8")
    with pytest.raises(bs.FitFileError) as caught:
        bs.load_fit(summary)
    assert str(caught.value) == f"{summary}: no fit; give the directory that holds fit.nc: {tmp_path}"
