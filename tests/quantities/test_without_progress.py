"""Training runs have no dates: progress asked of them is refused, and tables that hold fits of them still do."""

import numpy as np
import pytest
from made_fits import fit_around_made_runs, made_fit

import bayes_scaling as bs
from bayes_scaling.quantities.doubling import doubling_table
from bayes_scaling.reports.fit_quantities import summarise


@pytest.fixture(scope="module")
def of_runs() -> bs.Fit:
    return fit_around_made_runs(draws=50)


@pytest.mark.parametrize("by", [None, "benchmark"])
def test_doubling_times_of_runs_are_refused_with_what_to_ask_instead(by, of_runs) -> None:
    with pytest.raises(bs.BayesScalingError, match="'chinchilla-normal' is fitted to training runs") as caught:
        bs.doubling_times(of_runs, by=by)
    for following in ("bs.fit()", "bs.load_evaluations()", "bs.compute_equivalent_gain"):
        assert following in str(caught.value)


def test_dated_evaluations_without_progress_have_them_without_bound_by_assumption() -> None:
    times = bs.doubling_times(made_fit("ho2024/16", alpha=[0.1] * 5))
    assert np.isinf(times[["median", "lower", "upper"]].to_numpy()).all()
    assert times["probability_of_progress"].isna().all()


def test_tables_that_hold_fits_of_runs_have_them_as_infinite(of_runs) -> None:
    times = doubling_table(of_runs)
    assert np.isinf(times[["median", "lower", "upper"]].to_numpy()).all()
    assert times["probability_of_progress"].isna().all()
    assert summarise(of_runs)["doubling_time_months"]["compute"]["median"] is None
