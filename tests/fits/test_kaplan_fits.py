"""Kaplan's laws fitted to runs that follow the published ones, and to the 245 points of Hoffmann et al.'s figure."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from made_runs import KAPLANS, table_for

import bayes_scaling as bs
from bayes_scaling.law.kaplan import (
    KAPLAN_BATCH,
    KAPLAN_COMPUTE,
    KAPLAN_JOINT,
    KAPLAN_PARAMETERS,
    KAPLAN_TOKENS,
    KAPLAN_TRAINING,
)
from bayes_scaling.quantities.allocation import cost_of_split, optimal_allocation
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.reports.fit_quantities import summarise
from bayes_scaling.reports.fit_words import sentence
from bayes_scaling.studies.comparison.compare import compare_fits
from bayes_scaling.tables import read_runs

pytestmark = pytest.mark.whole

QUICK = {"draws": 500, "tune": 500, "chains": 4}
COUNT = 40
SIZES = np.geomspace(1e6, 1e10, COUNT)
DATA = np.geomspace(2e7, 2e11, COUNT)
# Each parameter count with few and with many tokens or steps, so that both terms count somewhere.
PERMUTED = np.random.default_rng(1).permutation(COUNT)
CASES = {
    "kaplan/parameters": (KAPLAN_PARAMETERS, (SIZES,), {"alpha": 0.076, "N_c": 8.8e13}),
    "kaplan/tokens": (KAPLAN_TOKENS, (DATA,), {"beta": 0.095, "D_c": 5.4e13}),
    "kaplan/compute": (KAPLAN_COMPUTE, (np.geomspace(1e15, 1e22, COUNT),), {"alpha": 0.050, "C_c": 3.1e8 * 8.64e19}),
    "kaplan/joint": (
        KAPLAN_JOINT,
        (SIZES, DATA[PERMUTED]),
        {"alpha": 0.076, "beta": 0.103, "N_c": 6.4e13, "D_c": 1.8e13, "a": 0.103 / 0.179},
    ),
    "kaplan/steps": (
        KAPLAN_TRAINING,
        (SIZES, np.geomspace(1e3, 1e6, COUNT)[PERMUTED]),
        {"alpha": 0.077, "beta": 0.76, "N_c": 6.5e13, "S_c": 2.1e3},
    ),
    "kaplan/critical-batch": (KAPLAN_BATCH, (np.linspace(2, 6, COUNT),), {"alpha_B": 0.21, "B_star": 2.1e8}),
}


def runs_of(name: str) -> pd.DataFrame:
    law, sizes, _ = CASES[name]
    return table_for(law, *sizes, noise=0.05 if name == "kaplan/critical-batch" else 0.002)


@cache
def fit_of(name: str) -> bs.Fit:
    return bs.fit(bs.load_specification(name), runs_of(name), **QUICK)


DEFAULT = ("kaplan/steps",)
"""A law of two terms: it is fitted in every run of the tests."""
WITH_A_SPLIT = "kaplan/joint"


def seen(*names: str) -> list:
    return [pytest.param(name, marks=() if name in DEFAULT else pytest.mark.slow) for name in names]


SEEN = seen(*KAPLANS)


def test_every_law_of_kaplan_is_here() -> None:
    assert tuple(CASES) == KAPLANS


@pytest.mark.parametrize("name", SEEN)
def test_published_constants_come_back(name: str) -> None:
    fit = fit_of(name)
    assert fit.diagnostics.converged, fit.diagnostics.failures
    table = coefficients(fit, probability=0.999)
    for constant, value in CASES[name][2].items():
        row = table.loc[constant]
        assert row["lower"] < value < row["upper"], constant
    assert unidentified(fit) == ()


@pytest.mark.parametrize("name", SEEN)
def test_exponents_are_known_to_a_few_percent(name: str) -> None:
    """So that an interval holding the published constant says something."""
    table = coefficients(fit_of(name))
    for constant in {"alpha", "beta", "alpha_B"} & set(CASES[name][2]):
        row = table.loc[constant]
        assert (row["upper"] - row["lower"]) / row["median"] < 0.15, constant


@pytest.mark.parametrize("name", SEEN)
def test_it_is_saved_and_told_in_words(name: str, tmp_path) -> None:
    fit = fit_of(name)
    again = bs.load_fit(fit.save(tmp_path))
    assert coefficients(again).equals(coefficients(fit))
    np.testing.assert_array_equal(
        *(each.log_likelihood("evaluation")[fit.specification.response] for each in (fit, again))
    )
    summary = json.loads(json.dumps(summarise(again)))
    assert set(CASES[name][2]) <= set(summary["coefficients"])
    assert all(
        row["unit"] or exponent in {"alpha", "beta", "a", "alpha_B"}
        for exponent, row in summary["coefficients"].items()
    )
    noun = {"kaplan/tokens": "beta of tokens", "kaplan/compute": "alpha of compute"}.get(name)
    noun = noun or ("alpha of loss" if name == "kaplan/critical-batch" else "alpha of parameters")
    assert f"the exponent {noun} is" in sentence(fit)


@pytest.mark.slow
def test_a_fits_allocation_is_about_that_of_the_published_law() -> None:
    fitted, published = (optimal_allocation(source, 1e21) for source in (fit_of("kaplan/joint"), KAPLAN_JOINT))
    for name in ("parameters", "tokens", "loss"):
        low, high = fitted[name].quantile([0.0005, 0.9995], dim=("chain", "draw"))
        assert low < published[name].squeeze() < high, name
    assert (cost_of_split(fit_of("kaplan/joint"), 1e21, tokens_per_parameter=20) >= 1 - 1e-9).all()


@pytest.mark.parametrize("name", seen(*(name for name in KAPLANS if name != WITH_A_SPLIT)))
def test_a_law_without_a_split_says_so(name: str) -> None:
    with pytest.raises(bs.BayesScalingError, match="alone and knows of no split"):
        optimal_allocation(fit_of(name), 1e21)


@pytest.mark.parametrize(
    ("name", "one", "unknown"),
    [
        pytest.param("kaplan/parameters", {"parameters": 1e8}, ("alpha", "A", "N_c"), marks=pytest.mark.slow),
        pytest.param("kaplan/parameters", {"parameters": 1e9}, ("alpha", "A", "N_c"), marks=pytest.mark.slow),
        pytest.param("kaplan/tokens", {"tokens": 1e9}, ("beta", "B", "D_c"), marks=pytest.mark.slow),
        pytest.param("kaplan/compute", {"flop": 1.2e20}, ("alpha", "A", "C_c"), marks=pytest.mark.slow),
        pytest.param("kaplan/joint", {"parameters": 1e9}, ("alpha", "A", "a", "N_c"), marks=pytest.mark.slow),
        ("kaplan/steps", {"parameters": 1e8}, ("alpha", "A", "N_c")),
        pytest.param("kaplan/critical-batch", {"loss": 3.0}, ("alpha", "B_star", "alpha_B"), marks=pytest.mark.slow),
    ],
)
def test_runs_of_one_size_say_nothing_of_its_exponent(name: str, one: dict[str, float], unknown) -> None:
    """At the central point; and away from it, where the prior of the level alone makes the interval narrower."""
    law, sizes, _ = CASES[name]
    given = np.full(COUNT, next(iter(one.values())))
    noise = 0.05 if name == "kaplan/critical-batch" else 0.002
    fit = bs.fit(bs.load_specification(name), table_for(law, given, *sizes[1:], noise=noise), **QUICK)
    assert unidentified(fit) == unknown
    assert "the data say nearly nothing about alpha" in sentence(fit) or name == "kaplan/tokens"


# ---------------------------------------------------------------------- the 245 digitised runs


@pytest.mark.slow
def test_on_the_figures_runs_kaplans_joint_law_predicts_worse_than_chinchillas(shared) -> None:
    runs = read_runs(
        shared / "data" / "chinchilla_figure4_digitised.csv", {"parameters": "Model Size", "flop": "Training FLOP"}
    )
    fits = [bs.fit(bs.load_specification(name), runs) for name in ("chinchilla", "kaplan/joint")]
    for fit in fits:
        assert fit.diagnostics.converged, fit.diagnostics.failures
    table = compare_fits(fits, refits="none").table
    assert table.loc["chinchilla", "rank"] == 0
    worse = table.loc["kaplan/joint"]
    assert worse["elpd_diff"] < -4 * worse["dse"]
