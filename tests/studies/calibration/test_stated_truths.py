"""Known progress put in: truths, intervals, and the shares that hold."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fits import fit_of_posterior
from reports.drawn_fits import drawn_fit

import bayes_scaling as bs
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.simulation import LARGEST_LOSS, plausible_draw, prior_of
from bayes_scaling.model.rows import make_rows
from bayes_scaling.studies.calibration.experiment import fit_losses, trusted
from bayes_scaling.studies.calibration.stated import (
    NO_PROGRESS,
    QUESTIONS,
    KnownProgress,
    Split,
    planned,
    recover,
    recover_once,
    stated_coverage,
    stated_truths,
)


@cache
def converged_fit(specification="ho2024/07"):
    """Draws of every parameter around the priors' medians."""
    return drawn_fit(specification, bs.load_evaluations())


@given(st.floats(0.5, 200), st.integers(2, 40))
def test_rates_are_what_is_stated_and_the_rest_are_draws(months, count) -> None:
    fit = converged_fit()
    truths = stated_truths(fit, months, count)
    assert len(truths) == count
    posterior = fit.data["posterior"]
    apart = (posterior["g_N"] - posterior["g_D"]).to_numpy().ravel()
    for truth in truths:
        assert 12 * math.log(2) / (truth["g_N"][0] + truth["g_D"][0]) == pytest.approx(months)
        assert truth["sigma"][0] in posterior["sigma"].to_numpy()
        drawn = apart[posterior["sigma"].to_numpy().ravel() == truth["sigma"][0]]
        assert truth["g_N"][0] - truth["g_D"][0] == pytest.approx(drawn[0], abs=1e-9)
        assert len(truth["level"]) == 3
    together = np.argwhere(posterior["sigma"].to_numpy() == truths[-1]["sigma"][0])[0]
    assert truths[-1]["level"] == posterior["level"].to_numpy()[tuple(together)].tolist()


def test_no_progress_is_a_sum_of_zero() -> None:
    truth = stated_truths(converged_fit(), NO_PROGRESS, 2)[0]
    assert truth["g_N"][0] == -truth["g_D"][0] != 0


@given(st.floats(0.5, 200))
def test_growth_can_be_split_evenly(months) -> None:
    truth = stated_truths(converged_fit(), months, 2, Split.EVEN)[0]
    assert truth["g_N"] == truth["g_D"] == [pytest.approx(6 * math.log(2) / months)]


@pytest.mark.parametrize("split", Split)
@pytest.mark.parametrize("name", ["ho2024/07", "reference"])
def test_what_is_stated_is_the_doubling_time_that_a_fit_reports(name, split) -> None:
    fit = converged_fit(name)
    values = stated_truths(fit, 9.0, 4, split)
    drawn = {each: np.array([truth[each] for truth in values]) for each in values[0]}
    rows = make_rows(fit.specification, bs.load_evaluations())
    posterior = prior_of(fit.specification, rows, drawn).assign_coords(chain=[0], draw=range(4))
    times = bs.doubling_times(fit_of_posterior(fit.specification, bs.load_evaluations(), posterior)).loc["compute"]
    assert times[["median", "lower", "upper"]].to_numpy() == pytest.approx(9.0)


def test_truths_need_shared_rates_and_a_fit_that_has_converged() -> None:
    fit = converged_fit()
    with pytest.raises(BayesScalingError, match="'ho2024/18' has no rates g_N and g_D that all rows share"):
        stated_truths(replace(fit, specification=bs.load_specification("ho2024/18")), 12.0, 5)
    with pytest.raises(BayesScalingError, match="'ho2024/04' has no rates"):
        stated_truths(replace(fit, specification=bs.load_specification("ho2024/04")), 12.0, 5)
    failed = replace(fit.diagnostics, failures=("R-hat",))
    with pytest.raises(BayesScalingError, match="has not converged"):
        stated_truths(replace(fit, diagnostics=failed), 12.0, 5)


def intervals(months, *rows):
    named = {"question": "q", "simulated": "a", "fitted": "b", "months": months}
    columns = ("median", "lower", "upper", "converged")
    return pd.DataFrame([named | dict(zip(columns, row, strict=True)) for row in rows])


def test_shares_and_average_rates() -> None:
    truth = 12 * math.log(2) / 12
    made = intervals(12.0, (truth, truth - 0.1, truth + 0.1, True), (2 * truth, 1.5 * truth, 3 * truth, False))
    (row,) = stated_coverage(made).to_dict("records")
    assert (row["covered"], row["simulations"], row["unconverged"], row["progress"]) == (0.5, 2, 1, 1.0)
    assert row["median_months"] == pytest.approx(12 / 1.5)
    assert row["covered_lower"] < 0.5 < row["covered_upper"]


def test_no_progress_is_held_by_intervals_around_zero() -> None:
    (row,) = stated_coverage(intervals(math.inf, (-0.1, -0.3, 0.2, True), (0.3, 0.1, 0.5, True))).to_dict("records")
    assert (row["covered"], row["progress"]) == (0.5, 0.5)


def test_questions_name_what_is_in_the_catalogue() -> None:
    for question in QUESTIONS:
        assert {question.simulated, question.fitted} <= set(bs.list_specifications())
    assert planned(200) == 200 * sum(len(question.months) for question in QUESTIONS)


def test_tables_that_no_user_has_are_drawn_again() -> None:
    specification = bs.load_specification("ho2024/06")  # two thirds of its prior's tables are impossible
    rows = make_rows(specification, bs.load_evaluations())
    redrawn = []
    for seed in range(10):
        values, simulated, thrown = plausible_draw(specification, rows, {}, np.random.default_rng(seed))
        assert simulated.response.min() > 0
        assert simulated.response.max() <= LARGEST_LOSS
        assert values["g_N"].shape == (3,)
        redrawn.append(thrown)
    assert max(redrawn) > 0


def test_priors_under_which_no_table_is_possible_are_refused() -> None:
    specification = bs.load_specification("ho2024/01")
    rows = make_rows(specification, bs.load_evaluations().iloc[:40])
    with pytest.raises(BayesScalingError, match=r"1000 tables in a row with losses below 0 or above 13\.8 nats"):
        plausible_draw(specification, rows, {"level": np.array([1e4])}, np.random.default_rng(0))


@pytest.mark.slow
def test_a_study_gives_the_same_whoever_does_it_and_when(tmp_path) -> None:
    table = bs.load_evaluations()
    specification = bs.load_specification("ho2024/01")
    truth = {"level": [3.5], "share": [0.5], "alpha": [0.1], "beta": [0.1], "g_N": [0.3], "g_D": [0.3], "sigma": [0.2]}
    study = KnownProgress(specification, specification, table, tuple([truth] * 12))
    (found,) = recover([study], 12, directory=tmp_path, workers=1)
    assert found[11] == replace(recover_once(study, 0, 11), seconds=found[11].seconds)
    (tmp_path / sorted(path.name for path in tmp_path.iterdir())[0]).unlink()
    (again,) = recover([study], 12, directory=tmp_path, workers=1)
    assert [replace(one, seconds=0) for one in again] == [replace(one, seconds=0) for one in found]
    assert all(one.lower < one.median < one.upper for one in found)


@pytest.mark.slow
def test_a_hard_table_is_fitted_twice_before_it_is_given_up() -> None:
    table = bs.load_evaluations()
    specification = bs.load_specification("ho2024/01")
    rng = np.random.default_rng(0)
    rows = make_rows(specification, table)
    _, simulated, _ = plausible_draw(specification, rows, {}, rng)
    found, seconds = fit_losses(specification, table, simulated.response, 0)
    assert trusted(found.diagnostics)
    assert seconds >= found.sample_seconds
