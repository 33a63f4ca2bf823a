"""Simulated IsoFLOP designs, and the selection of runs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_ROUNDED
from bayes_scaling.law.formula import training_compute
from bayes_scaling.tables import ISOFLOP_BUDGETS, RunsError, drop_highest, load_runs, simulate_isoflop


def test_a_design_has_its_budgets_and_ratios():
    runs = simulate_isoflop(HOFFMANN_ROUNDED, models_per_budget=5, tokens_per_parameter=(2, 200))

    assert len(runs) == 45
    assert tuple(runs["flop"].unique()) == ISOFLOP_BUDGETS
    names = "6e+18 1e+19 3e+19 6e+19 1e+20 3e+20 6e+20 1e+21 3e+21"
    assert runs["series"].unique().tolist() == names.split()
    np.testing.assert_allclose(training_compute(runs["parameters"], runs["tokens"]), runs["flop"], rtol=1e-11)
    ratios = (runs["tokens"] / runs["parameters"]).to_numpy().reshape(9, 5)
    np.testing.assert_allclose(ratios, np.tile(np.geomspace(2, 200, 5), (9, 1)), rtol=1e-11)


def test_without_noise_losses_are_the_laws():
    runs = simulate_isoflop(HOFFMANN_ROUNDED)

    expected = HOFFMANN_ROUNDED.loss(runs["parameters"], runs["tokens"])
    np.testing.assert_allclose(runs["loss"], expected, rtol=1e-11)  # of 12 digits


@pytest.mark.parametrize(("nu", "distribution"), [(None, stats.norm()), (3.0, stats.t(3.0))])
def test_noise_has_its_distribution_and_scale(nu, distribution):
    runs = simulate_isoflop(BESIROGLU, models_per_budget=500, noise=0.02, nu=nu, seed=5)

    residuals = np.log(runs["loss"] / BESIROGLU.loss(runs["parameters"], runs["tokens"])) / 0.02
    assert stats.kstest(residuals, distribution.cdf).pvalue > 0.01
    assert stats.kstest(residuals / 1.1, distribution.cdf).pvalue < 0.01


@given(st.integers(0, 2**63))
def test_a_seed_gives_the_same_runs_and_another_seed_others(seed):
    first, again, other = (
        simulate_isoflop(BESIROGLU, budgets=[1e20], noise=0.01, seed=number) for number in (seed, seed, seed + 1)
    )

    pd.testing.assert_frame_equal(first, again)
    assert (first["loss"] != other["loss"]).all()


BAD_ARGUMENTS = {
    "law": ({"law": (1.8, 482.0)}, "law must be a ChinchillaLaw"),
    "no budget": ({"budgets": ()}, "budgets must be numbers of FLOP above 0, at least one"),
    "a negative budget": ({"budgets": (1e20, -1.0)}, "budgets must be"),
    "a number for budgets": ({"budgets": 1e20}, "budgets must be"),
    "a text for budgets": ({"budgets": "1e20"}, "budgets must be"),
    "a budget twice": ({"budgets": (1e20, 3e20, 1e20)}, "a budget stands twice"),
    "no models": ({"models_per_budget": 0}, "models_per_budget must be a whole number of at least 1, not 0"),
    "half a model": ({"models_per_budget": 2.5}, "models_per_budget must be"),
    "one ratio": ({"tokens_per_parameter": (20,)}, "tokens_per_parameter must be two numbers"),
    "a ratio of 0": ({"tokens_per_parameter": (0, 20)}, "tokens_per_parameter must be two numbers"),
    "negative noise": ({"noise": -0.1}, "noise must be a number of at least 0, not -0.1"),
    "NaN": ({"noise": float("nan")}, "noise must be"),
    "nu of 0": ({"nu": 0}, "nu must be a number above 0"),
    "a negative seed": ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    "True": ({"seed": True}, "seed must be"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_a_bad_argument_is_one_clear_message(arguments, message):
    with pytest.raises(RunsError, match=message):
        simulate_isoflop(**({"law": BESIROGLU} | arguments))


def test_the_example_is_the_same_each_time_and_can_be_changed_without_harm():
    first = load_runs("simulated")
    first.loc[:, "loss"] = 1.0
    first.attrs["selections"].append("by mistake")

    assert load_runs()["loss"].nunique() == len(load_runs()) == 108
    assert load_runs().attrs == {"name": "simulated", "selections": [], "kind": "runs"}
    residuals = np.log(load_runs()["loss"] / BESIROGLU.loss(load_runs()["parameters"], load_runs()["tokens"]))
    assert 0.008 < residuals.std() < 0.012


@given(st.lists(st.floats(0.5, 10), min_size=2, max_size=30), st.data())
def test_the_highest_losses_are_dropped(losses, data):
    count = data.draw(st.integers(0, len(losses) - 1))
    runs = pd.DataFrame({"loss": losses})

    kept = drop_highest(runs, count)

    assert len(kept) == len(losses) - count
    assert sorted(kept["loss"]) == sorted(losses)[: len(kept)]
    assert kept.index.is_monotonic_increasing
    assert runs.attrs == {}


def test_selections_leave_their_sentences():
    runs = load_runs("simulated")

    assert drop_highest(drop_highest(runs, 1), 2).attrs["selections"] == [
        "without the highest loss",
        "without the 2 highest losses",
    ]
    assert runs.attrs["selections"] == []


@pytest.mark.parametrize("count", [-1, 1.5, True, "5", 108, 1000])
def test_a_bad_count_is_one_clear_message(count):
    with pytest.raises(RunsError, match="drop_highest: "):
        drop_highest(load_runs("simulated"), count)
