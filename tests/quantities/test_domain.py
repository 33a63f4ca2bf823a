"""How far predictions lie from what was fitted: the definition, and where it stands."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fits import fit_around_made_runs

import bayes_scaling as bs
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.domain import DOMAIN, WITHIN, domain_of, undecided

GRID = pd.DataFrame([{"parameters": n, "tokens": d} for n in (1e8, 3e8, 1e9) for d in (2e9, 6e9, 2e10)])


def at(parameters, tokens) -> pd.Series:
    return domain_of(GRID, pd.DataFrame({"parameters": [parameters], "tokens": [tokens]})).iloc[0]


def test_distance_is_mahalanobis_with_sizes_known_to_a_tenth() -> None:
    logs = np.log(GRID).to_numpy()
    apart = np.log([5e9, 1e11]) - logs.mean(axis=0)
    spread = np.cov(logs.T) + WITHIN**2 * np.eye(2)
    assert at(5e9, 1e11)["distance"] == pytest.approx(np.sqrt(apart @ np.linalg.solve(spread, apart)), rel=1e-12)
    assert at(5e9, 1e11)["compute_ratio"] == pytest.approx(25)


def test_every_fitted_row_is_inside() -> None:
    assert set(domain_of(GRID, GRID)["domain"]) == {"inside"}


@pytest.mark.parametrize(
    ("parameters", "tokens", "word"),
    [
        (1e9, 2.1e10, "inside"),  # the same budget, within 10%
        (1e9, 5e10, "edge"),
        (1e9, 2e11, "beyond"),  # ten times the compute
        (1e7, 2e9, "beyond"),  # hardly any compute, but a model ten times smaller than any
        (1e10, 1e9, "beyond"),  # a split far from all, at half the largest compute
        (np.inf, 1e9, ""),
        (np.nan, 1e9, ""),
    ],
)
def test_words(parameters, tokens, word) -> None:
    assert at(parameters, tokens)["domain"] == word


def test_runs_on_one_line_have_a_spread_across_it() -> None:
    line = pd.DataFrame({"parameters": [1e8, 1e9, 1e10], "tokens": [2e9, 2e10, 2e11]})
    points = pd.DataFrame({"parameters": [3e9, 3e9], "tokens": [6e10, 6e11]})
    assert domain_of(line, points)["domain"].tolist() == ["inside", "beyond"]
    one = domain_of(line.iloc[:1], points)
    assert np.isfinite(one["distance"]).all() and set(one["domain"]) == {"beyond"}


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 100), st.floats(0.01, 100))
def test_units_change_nothing(x, y, of_n, of_d) -> None:
    points = pd.DataFrame({"parameters": [3e8 * np.exp(x)], "tokens": [6e9 * np.exp(y)]})
    factor = {"parameters": of_n, "tokens": of_d}
    first, second = (domain_of(*pair).iloc[0] for pair in ((GRID, points), (GRID * factor, points * factor)))
    assert first[["compute_ratio", "distance"]].to_numpy(float) == pytest.approx(
        second[["compute_ratio", "distance"]].to_numpy(float), rel=1e-6, abs=1e-6
    )


def test_whole_numbers_of_64_bits_do_not_overflow() -> None:
    assert training_compute(np.array([7 * 10**9]), np.array([2 * 10**11])) == pytest.approx(8.4e21)


@pytest.mark.parametrize(
    ("lower", "upper", "open_"), [(0.2, 9.9, False), (0.09, 2, True), (0.5, 11, True), (np.nan, np.nan, False)]
)
def test_ten_times_either_way_decides_nothing(lower, upper, open_) -> None:
    assert undecided({"median": 1.0, "lower": lower, "upper": upper}) is open_


def test_predictions_and_allocations_of_a_fit_say_where_they_are() -> None:
    fit = fit_around_made_runs()
    constant = fit.data["constant_data"]
    design = pd.DataFrame({name: constant[name].to_numpy() for name in ("parameters", "tokens")})
    points = pd.DataFrame({"parameters": [1e9, 1e12], "tokens": [2e10, 2e13]})
    loss = bs.predicted_loss(fit, parameters=points["parameters"], tokens=points["tokens"])
    told = pd.DataFrame({name: loss[name].to_numpy() for name in DOMAIN})
    pd.testing.assert_frame_equal(told, domain_of(design, points))
    best = bs.optimal_allocation(fit, [1e19, 1e24])
    assert best["domain"].to_numpy().tolist() == ["inside", "beyond"]
    assert best["compute_ratio"].sel(compute=1e24) == pytest.approx(1e24 / 1e21, rel=0.01)
    assert "domain" not in bs.optimal_allocation(bs.BESIROGLU, 1e24).coords


def test_a_run_is_predicted_by_its_sizes_alone() -> None:
    fit = fit_around_made_runs()
    mean, new = (
        bs.predicted_loss(fit, parameters=1e9, tokens=[2e10, 4e10], kind=kind) for kind in ("mean", "new_evaluation")
    )
    assert mean.dims == ("chain", "draw", "run") and new.std() > mean.std()
    one = bs.predicted_loss(fit, parameters=1e9, tokens=2e10)
    assert one.dims == ("chain", "draw") and np.array_equal(one, mean.isel(run=0))
    system = bs.System("mine", 1e9, 2e10, pd.Timestamp("2020-01-01").date())
    assert np.allclose(bs.predicted_loss(fit, system).squeeze("system"), one)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "of systems, or of sizes: type predicted_loss"),
        ({"parameters": 1e9}, "given: parameters$"),
        ({"systems": "GPT-3", "parameters": 1e9}, "given: systems, parameters$"),
        ({"systems": "GPT-3", "year": 2020}, "given: systems, year$"),
        ({"parameters": 0, "tokens": 1e9}, "parameters must be above 0"),
        ({"parameters": [1e9, 2e9], "tokens": [1e9, 2e9, 3e9]}, "2 parameters do not go with 3 tokens"),
    ],
)
def test_sizes_that_can_not_be_are_refused(arguments, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        bs.predicted_loss(bs.BESIROGLU, **arguments)


def test_a_law_with_progress_asks_for_the_date() -> None:
    law = bs.classical.HO2024_MODEL_7
    with pytest.raises(bs.BayesScalingError, match="give year="):
        bs.predicted_loss(law, parameters=1e9, tokens=1e10)
    assert bs.predicted_loss(law, parameters=1e9, tokens=1e10, year=2023.0).size == 1
