"""Laws without progress: what is asked of progress is refused in one way, and tables of many fits still hold them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_fits import fit_around_made_runs, made_fit

import bayes_scaling as bs
from bayes_scaling.quantities.doubling import doubling_table
from bayes_scaling.reports.fit_quantities import summarise
from bayes_scaling.studies.comparison import result
from bayes_scaling.studies.comparison.result import Comparison

OF_LAWS: dict[str, Callable[[Any], Any]] = {
    "numerical_doubling_time": bs.numerical_doubling_time,
    "effective_compute": lambda given: bs.effective_compute(given, 2014, 2023),
    "effective_compute_shares": lambda given: bs.effective_compute_shares(given, 2014, 2023),
    "reachable_date": lambda given: bs.reachable_date(given, 2.5, 1e22),
    "predicted_loss": lambda given: bs.predicted_loss(given, parameters=1e9, tokens=1e10, year=2023),
}
OF_FITS: dict[str, Callable[[Any], Any]] = {
    "doubling_times": bs.doubling_times,
    "doubling_times by group": lambda given: bs.doubling_times(given, by="benchmark"),
    "plot_doubling_times": bs.plot_doubling_times,
    "plot_effective_compute": lambda given: bs.plot_effective_compute(given, 2014, 2023),
}


@pytest.fixture(scope="module")
def of_runs() -> bs.Fit:
    return fit_around_made_runs(draws=50)


@pytest.mark.parametrize("name", OF_LAWS | OF_FITS)
def test_what_is_asked_of_progress_is_refused_with_what_to_type_next(name, of_runs) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"'chinchilla-normal' has no progress, so ") as caught:
        (OF_LAWS | OF_FITS)[name](of_runs)
    message = str(caught.value)
    for following in ("`bayes-scaling models`", "bs.fit('reference', ", "bs.compute_equivalent_gain(fit, 1e22, "):
        assert following in message
    assert bs.load_specification("reference").progresses  # what the message sends a reader to


@pytest.mark.parametrize("name", OF_LAWS)
def test_so_it_is_of_published_laws(name) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"'Besiroglu et al\. 2024.*' has no progress, so "):
        OF_LAWS[name](bs.BESIROGLU)


def test_a_specification_of_evaluations_is_no_exception() -> None:
    with pytest.raises(bs.BayesScalingError, match="'ho2024/16' has no progress"):
        bs.doubling_times(made_fit("ho2024/16", alpha=[0.1] * 5))


def test_without_a_date_its_loss_is_told(of_runs) -> None:
    assert np.isfinite(bs.predicted_loss(of_runs, parameters=1e9, tokens=1e10)).all()


def test_tables_of_many_fits_hold_it_as_infinite_by_assumption(of_runs) -> None:
    times = doubling_table(of_runs)
    assert np.isinf(times[["median", "lower", "upper"]].to_numpy()).all()
    assert times["probability_of_progress"].isna().all()
    assert summarise(of_runs)["doubling_time_months"]["compute"]["median"] is None


@pytest.mark.parametrize(("other", "progresses"), [("reference", True), ("kaplan/joint", False)])
def test_a_comparison_averages_if_any_of_its_models_has_progress(other, progresses, monkeypatch) -> None:
    fits = {"still": made_fit("ho2024/16", alpha=[0.1] * 5), "other": made_fit(other, g_C=[1.0] * 5)}
    comparison = object.__new__(Comparison)
    monkeypatch.setattr(Comparison, "fits", fits, raising=False)
    monkeypatch.setattr(result, "averaged_doubling_table", lambda comparison, weights, probability: "averaged")
    if progresses:
        assert comparison.averaged_doubling_times() == "averaged"
        return
    with pytest.raises(bs.BayesScalingError, match="'ho2024/16' has no progress"):
        comparison.averaged_doubling_times()
