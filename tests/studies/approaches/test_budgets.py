"""Which runs share a budget."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import made_runs

import bayes_scaling as bs
from bayes_scaling.studies.approaches.rows import LEAST_MODELS, budgets_of, make_profile_rows

HOFFMANN_BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)


def test_series_are_budgets():
    runs = bs.load_runs()
    found = budgets_of(runs)
    pd.testing.assert_series_equal(found.label, runs["series"].astype(str), check_names=False)
    assert found.unused.empty


def test_without_series_the_same_budgets_are_found():
    runs = bs.load_runs()
    rows = make_profile_rows(runs.drop(columns="series"))
    np.testing.assert_allclose(np.exp(rows.log_budget), HOFFMANN_BUDGETS, rtol=1e-12)
    np.testing.assert_array_equal(rows.budget, make_profile_rows(runs).budget)


def test_rows_without_a_series_are_left_out_with_a_reason():
    runs = bs.load_runs()
    runs.loc[runs.index[:2], "series"] = None
    assert budgets_of(runs).unused.to_dict() == dict.fromkeys(runs.index[:2], "no series")


@settings(deadline=None)
@given(st.lists(st.floats(17, 22), min_size=30, max_size=80), st.sampled_from([0.05, 0.1, 0.5, 1.0]))
def test_found_budgets_are_as_wide_as_asked_and_every_run_is_accounted_for(exponents, within):
    flop = 10 ** np.array([*exponents, *np.repeat([18.0, 19.0, 20.0], LEAST_MODELS)])
    parameters = np.geomspace(1e7, 1e9, len(flop))
    runs = pd.DataFrame({"parameters": parameters, "tokens": flop / 6 / parameters, "flop": flop, "loss": 3.0})
    found = budgets_of(runs, within=within, least_models=LEAST_MODELS)
    groups = runs.loc[found.label.index].groupby(found.label)["flop"]
    assert (groups.max() <= groups.min() * (1 + within) * (1 + 1e-9)).all()
    assert groups.size().min() >= LEAST_MODELS
    assert sorted([*found.label.index, *found.unused.index]) == list(runs.index)


def test_the_published_budgets_are_found_in_the_digitised_figure(shared):
    columns = {"parameters": "Model Size", "flop": "Training FLOP"}
    runs = bs.read_runs(shared / "data" / "chinchilla_figure4_digitised.csv", columns)
    rows = make_profile_rows(runs, least_models=8)
    assert np.exp(rows.log_budget) == pytest.approx(HOFFMANN_BUDGETS, rel=0.12)
    assert len(rows.ids) + len(rows.unused) == 245
    assert set(rows.unused) == {
        "fewer than 8 different models within 10% of its compute",
        "a loss more than 20% above the lowest of its budget",
    }


REFUSED = {
    "two budgets": (lambda r: r[r["flop"] < 2e20], {}, "at least 3 budgets of compute with 3 different models each"),
    "two models": (lambda r: pd.concat([r, r.iloc[:2].assign(series="few").set_axis(["x", "y"])]), {}, "few has 2 dif"),
    "curves": (lambda r: r.assign(series="one"), {}, "one spans a factor of 100 in compute.*use `training_curves`"),
    "no compute in common": (
        lambda r: r.drop(columns="series").assign(flop=r["flop"] * np.geomspace(1, 99, 24)),
        {},
        "at least 3 budgets of compute with 6 different models.*lower `least_models`",
    ),
    "a width of 0": (lambda r: r, {"within": 0}, "within must be a number above 0 and at most 1, not 0"),
    "two models asked": (lambda r: r, {"least_models": 2}, "least_models must be a whole number of at least 3, not 2"),
    "no flop": (lambda r: r.drop(columns="flop"), {}, "no column flop"),
    "an id twice": (lambda r: pd.concat([r, r]), {}, "stands twice"),
    "a reach of 0": (lambda r: r, {"reach": 0}, "reach must be a number above 0, not 0"),
    "edges": (
        lambda r: r[r["parameters"] < r.groupby("series")["parameters"].transform("quantile", 0.4)],
        {},
        "only 2 of 3 budgets have their lowest loss between.*at the edge: 1",
    ),
    "a negative loss": (lambda r: r.assign(loss=-1.0), {}, "loss .*must be a finite number above 0"),
}


@pytest.mark.parametrize(("change", "arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_a_table_without_profiles_is_one_clear_message(change, arguments, message):
    with pytest.raises(bs.BayesScalingError, match=message):
        make_profile_rows(change(made_runs(series=True)), **arguments)


def test_only_the_ratio_of_compute_to_sizes_must_be_one_number():
    runs = bs.load_runs()
    assert make_profile_rows(runs.assign(tokens=1.3 * runs["tokens"])).one_product
    uneven = runs.assign(tokens=runs["tokens"] * np.where(np.arange(len(runs)) % 2, 1.1, 1.0))
    assert not make_profile_rows(uneven).one_product
