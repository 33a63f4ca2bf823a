"""Which runs or evaluations to do next: quantities by name, candidates of both kinds, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from formulas.made_formulas import made_evaluations, made_fit, made_specification
from made_fits import fit_around_made_runs
from made_runs import BUDGETS, made_runs, with_kaplans_columns
from penalised_fits import fit_around
from published_points import MODEL_7

import bayes_scaling as bs
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.candidates import outcomes_of, read_candidates
from bayes_scaling.quantities.design import design, draws_of_quantity
from bayes_scaling.quantities.laws import laws_of

RUNS = pd.DataFrame({"parameters": ["1B", "7B"], "tokens": [2e10, 1e12]})
EVALUATIONS = pd.DataFrame(
    {
        "parameters": [1e9, 1e9, 7e10],
        "tokens": [1e8, 1e8, 1e8],
        "published": ["2024-05-01", "2024-05-01", "2025"],
        "benchmark": ["wt103", "PTB", "wt103"],
        "architecture": ["transformer", "LSTM", "transformer"],
        "test_time_adaptation": [0, 1, 0],
    }
)


@pytest.fixture(scope="module")
def fit() -> bs.Fit:
    return fit_around_made_runs()


@pytest.fixture(scope="module")
def of_evaluations() -> bs.Fit:
    return made_fit(made_specification(("lab", "paper")), made_evaluations(), draws=200)


@pytest.mark.parametrize("name", ["alpha", "a", "E"])
def test_a_quantity_of_the_posterior_is_named(name, fit) -> None:
    np.testing.assert_array_equal(draws_of_quantity(fit, name), fit.posterior[name])
    assert draws_of_quantity(fit, name).name == name


def test_a_loss_and_an_optimum_are_logarithms_of_what_the_law_says(fit) -> None:
    loss = draws_of_quantity(fit, "loss@7e10,1.4e12")
    np.testing.assert_allclose(np.exp(loss), laws_of(fit).loss(7e10, 1.4e12, 2023.0).reshape(loss.shape))
    best = draws_of_quantity(fit, "optimal_parameters@1e24")
    np.testing.assert_allclose(np.exp(best), bs.optimal_allocation(fit, 1e24)["parameters"])
    assert (loss.name, loss.attrs) == ("log loss@7e10,1.4e12", {"unit": "log nats per token"})
    assert (best.name, best.attrs) == ("log optimal_parameters@1e24", {"unit": "log parameters"})


def test_draws_serve_as_a_quantity_in_any_order_of_their_dimensions(fit) -> None:
    one, other = (design(fit, each, budget=1e22) for each in (fit.posterior["beta"], fit.posterior["beta"].T))
    pd.testing.assert_frame_equal(one.chosen, other.chosen)
    pd.testing.assert_frame_equal(one.chosen, design(fit, "beta", budget=1e22).chosen)


def test_what_is_left_is_that_of_the_regression_on_the_outcomes(fit) -> None:
    found = design(fit, "alpha", candidates=RUNS)
    draws = fit.posterior["alpha"].to_numpy().ravel()
    for row, parameters, tokens in zip(found.candidates.index, (1e9, 7e9), (2e10, 1e12), strict=True):
        log_loss = np.log(laws_of(fit).loss(parameters, tokens, 2023.0))[:, 0]
        shown = log_loss.var(ddof=1) + 0.01**2  # its noise
        expected = 1 - np.cov(draws, log_loss)[0, 1] ** 2 / shown / draws.var(ddof=1)
        assert found.candidates.loc[row, "variance_ratio"] == pytest.approx(expected, rel=1e-9)
        assert found.candidates.loc[row, "gain"] == pytest.approx(-0.5 * np.log(expected), rel=1e-9)


def test_the_grid_pays_for_each_run_and_goes_down_to_the_smallest_fitted(fit) -> None:
    grid = design(fit, "alpha", budget=4e21).candidates
    assert grid["cost"].to_numpy() == pytest.approx(training_compute(grid["parameters"], grid["tokens"]).to_numpy())
    assert grid["cost"].max() == 4e21
    assert BUDGETS[0] <= grid["cost"].min() < 2 * 4 * BUDGETS[0]  # of halvings there are ten at most
    ratio = grid["tokens"] / grid["parameters"]
    assert (ratio.min(), ratio.max()) == (pytest.approx(1), pytest.approx(400))


def test_a_choice_keeps_within_budget_and_count_and_each_row_counts_those_above(fit) -> None:
    found = design(fit, "loss@7e10,1.4e12", budget=1e22, count=3)
    assert 1 <= len(found.chosen) <= 3
    assert found.chosen["cost"].sum() <= 1e22 * (1 + 1e-9)
    assert set(found.chosen.index) <= set(found.candidates.index)
    assert found.chosen["variance_ratio"].is_monotonic_decreasing
    first = found.chosen.iloc[0]
    assert first["variance_ratio"] == found.candidates.loc[first.name, "variance_ratio"]
    assert found.chosen.iloc[-1]["variance_ratio"] <= found.candidates["variance_ratio"].min()
    assert found.budget == 1e22


def test_both_ways_agree_within_their_errors(fit) -> None:
    chosen = design(fit, "loss@7e10,1.4e12", budget=1e22).chosen
    apart = (chosen["variance_ratio"] - chosen["simulated_ratio"]).abs()
    assert (apart < 4 * np.hypot(chosen["mcse_variance_ratio"], chosen["mcse_simulated_ratio"])).all()


def test_the_same_seed_gives_the_same_numbers_and_another_others(fit) -> None:
    one, same, other = (design(fit, "alpha", candidates=RUNS, seed=seed).chosen for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    exact = ["cost", "variance_ratio"]
    pd.testing.assert_frame_equal(one[exact], other[exact])
    assert (one["simulated_ratio"] != other["simulated_ratio"]).all()


def test_what_is_known_now_is_stated_with_its_interval(fit) -> None:
    now = design(fit, "alpha", candidates=RUNS).quantity
    expected = bs.credible_intervals(fit.posterior["alpha"])
    assert now.index.tolist() == ["alpha"]
    assert now[["median", "lower", "upper"]].to_numpy() == pytest.approx(
        expected[["median", "lower", "upper"]].to_numpy()
    )
    assert now["sd"].item() == pytest.approx(fit.posterior["alpha"].std(ddof=1).item())
    assert now.attrs["interval"] == {"probability": 0.95, "kind": "equal-tailed"}


def test_a_cost_of_ones_own_decides_what_can_be_paid(fit) -> None:
    both = RUNS.assign(cost=[5.0, 1.0])
    assert design(fit, "alpha", candidates=both, budget=6).chosen["cost"].sum() == 6
    assert design(fit, "alpha", candidates=both, budget=4).chosen["cost"].tolist() == [1.0]
    assert design(fit, "alpha", candidates=RUNS).candidates["cost"].tolist() == [1.2e20, 4.2e22]


def test_candidates_are_read_from_a_file(fit, tmp_path) -> None:
    RUNS.to_csv(tmp_path / "next.csv", index=False)
    of_file, of_table = (design(fit, "alpha", candidates=each).chosen for each in (tmp_path / "next.csv", RUNS))
    np.testing.assert_array_equal(of_file[["tokens", "variance_ratio"]], of_table[["tokens", "variance_ratio"]])


@pytest.mark.parametrize("name", ["chinchilla", "kaplan/joint", "kaplan/compute"])
def test_any_law_of_sizes_and_any_noise_is_designed_for(name) -> None:
    of_runs = made_fit(bs.load_specification(name), with_kaplans_columns(made_runs()), draws=500)
    found = design(of_runs, "alpha", budget=1e22)
    assert found.candidates["variance_ratio"].between(0, 1).all()
    assert found.candidates["variance_ratio"].min() < 0.9
    assert found.chosen["simulated_ratio"].iloc[0] == pytest.approx(found.chosen["variance_ratio"].iloc[0], abs=0.3)


# Evaluations


def test_evaluations_are_predicted_each_on_its_benchmark_and_with_its_columns(of_evaluations) -> None:
    table = read_candidates(of_evaluations, EVALUATIONS)
    found = outcomes_of(of_evaluations, of_evaluations.posterior["g_N"], table)
    law = bs.at(of_evaluations, test_time_adaptation=1)
    setting = {"benchmark": "ptb", "architecture": "recurrent"}
    expected = laws_of(law).loss(1e9, 1e8, 2024 + 121 / 365, **setting)[:, 0]
    np.testing.assert_allclose(found.expected[:, 1], expected)
    assert (found.sigma[:, 0] != found.sigma[:, 1]).all()  # it depends on benchmark and adaptation
    assert (found.expected[:, 0] != found.expected[:, 2]).all()
    chosen = design(of_evaluations, "g_N", candidates=EVALUATIONS, count=2).chosen
    assert chosen["cost"].tolist() == [1.0, 1.0]


def test_a_fit_with_the_papers_penalty_is_designed_for(ho2024) -> None:
    fit = fit_around("ho2024/07", MODEL_7, ho2024, scatter=0.1)
    found = design(fit, "g_C", candidates=EVALUATIONS, count=1)
    assert found.candidates["variance_ratio"].between(0, 1).all()
    assert found.chosen["variance_ratio"].item() == found.candidates["variance_ratio"].min() < 0.99


def shared(fit: bs.Fit, **columns) -> np.ndarray:
    """Which candidates share an effect, added up over both kinds of clusters."""
    table = read_candidates(fit, EVALUATIONS.assign(**columns))
    effects = outcomes_of(fit, fit.posterior["g_N"], table).effects
    return sum(np.equal.outer(of, of).astype(int) for of, _ in effects)


def test_evaluations_share_effects_where_their_clusters_are_the_same(of_evaluations) -> None:
    np.testing.assert_array_equal(shared(of_evaluations), 2 * np.eye(3))
    of_one_lab = np.ones((3, 3)) + np.eye(3)
    np.testing.assert_array_equal(shared(of_evaluations, lab="new"), of_one_lab)
    of_one_paper = shared(of_evaluations, lab="new", paper=["P", "P", "Q"])
    assert of_one_paper.tolist() == [[2, 2, 1], [2, 2, 1], [1, 1, 2]]
    # A paper is one within its lab.
    assert shared(of_evaluations, lab=["x", "y", "y"], paper="P").tolist() == [[2, 0, 0], [0, 2, 2], [0, 2, 2]]


def test_a_shared_effect_leaves_less_to_learn(of_evaluations) -> None:
    twice = pd.concat([EVALUATIONS.iloc[[0]]] * 2, ignore_index=True)
    alone, together = (
        design(of_evaluations, "g_N", candidates=each, count=2).chosen["variance_ratio"].iloc[-1]
        for each in (twice, twice.assign(lab="new", paper="P"))
    )
    assert alone < together < 1


# What is refused


@pytest.mark.parametrize(
    ("quantity", "asked", "message"),
    [
        ("alfa", {}, "quantity 'alfa' is none of this posterior; choose from .*alpha.*optimal_parameters@FLOP"),
        ("loss@1e9", {}, r"'loss@1e9' is not loss@PARAMETERS,TOKENS; write such as loss@7e10,1.4e12"),
        ("loss@1e9,many", {}, "'loss@1e9,many' is not loss@PARAMETERS,TOKENS"),
        ("optimal_parameters@1e22,1e23", {}, "is not optimal_parameters@FLOP"),
        ("optimal_parameters@-1", {}, "must be above 0"),
        ("sigma", {}, "sigma does not vary, so that it has no variance to shrink"),
        (1.0, {}, r"one number for each draw of the fit, .* \{'chain': 2, 'draw': 500\}, not a float"),
        (xr.DataArray(np.ones((2, 3)), dims=("chain", "draw")), {}, r"not one of sizes \{'chain': 2, 'draw': 3\}"),
        ("alpha", {"budget": None}, "follow from a budget; give one in FLOP, such as 1e21"),
        ("alpha", {"budget": 0}, "budget must be above 0"),
        ("alpha", {"count": 0}, "count must be a whole number of at least 1"),
        ("alpha", {"count": 2.5}, "count must be a whole number"),
        ("alpha", {"budget": 1e19, "candidates": RUNS}, r"within the budget of 1e\+19: the cheapest costs 1\.2e\+20"),
        ("alpha", {"candidates": RUNS.assign(cost=[1, -1])}, "cost of candidates must be above 0"),
        ("alpha", {"candidates": RUNS.assign(cost=["1", "dear"])}, "cost of candidates must be a number"),
        ("alpha", {"candidates": RUNS.drop(columns="parameters").assign(note="x")}, "parameters"),
        ("alpha", {"candidates": RUNS.assign(tokens=[-1, 1])}, "must be greater than 0"),
        ("alpha", {"candidates": "none.csv"}, "none.csv"),
    ],
    ids=str,
)  # fmt: skip
def test_questions_that_make_no_sense_are_refused(quantity, asked, message, fit) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        design(fit, quantity, **{"budget": 1e22} | asked)


def test_draws_that_are_not_all_finite_are_refused(fit) -> None:
    some = fit.posterior["alpha"].where(fit.posterior["alpha"] > fit.posterior["alpha"].median())
    with pytest.raises(bs.BayesScalingError, match=r"alpha is not finite in 50\.0% of the draws"):
        design(fit, some, budget=1e22)


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        (None, "of evaluations there is no grid to choose from; give candidates"),
        (RUNS, "published"),
        (EVALUATIONS.assign(benchmark="c4"), "benchmark 'c4' is unknown; valid choices"),
        (EVALUATIONS.assign(published="1960-01-01"), "before the first fitted system"),
        (EVALUATIONS.assign(lab="a"), "lab 'a' of a candidate is among those fitted"),
    ],
    ids=["none", "of runs", "benchmark", "date", "cluster"],
)
def test_evaluations_that_the_law_cannot_predict_are_refused(candidates, message, of_evaluations) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        design(of_evaluations, "g_N", candidates=candidates, budget=2)


def test_a_law_of_other_sizes_needs_their_columns() -> None:
    runs = with_kaplans_columns(made_runs())
    of_steps = made_fit(bs.load_specification("kaplan/steps"), runs, draws=50)
    with pytest.raises(bs.BayesScalingError, match="give candidates with a column least_steps"):
        design(of_steps, "alpha", budget=1e22)
    with pytest.raises(bs.BayesScalingError, match=r"is a law of .* alone and knows of no split"):
        design(of_steps, "optimal_parameters@1e22", budget=1e22)
    found = design(of_steps, "alpha", candidates=RUNS.assign(least_steps=[1e4, 1e5]))
    assert (found.candidates["variance_ratio"] < 1).all()
