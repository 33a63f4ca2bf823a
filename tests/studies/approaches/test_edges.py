"""Budgets whose minimum lies at the edge of their grid: censored, and the answer refused where bias is large."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_runs import TRUTH, made_runs
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.studies.approaches.isoflop import isoflop_profiles
from bayes_scaling.studies.approaches.least_squares import REFUSED_BIAS, parabolas, quadratic_bias, reliability
from bayes_scaling.studies.approaches.profiles import Profiles, build_profile_model, centres
from bayes_scaling.studies.approaches.rows import make_profile_rows, near_minimum

LAW = bs.ChinchillaLaw(**TRUTH)
BUDGETS = (1e18, 1e19, 3e19, 1e20, 3e20, 1e21)


def off_centre(side: int = -1) -> pd.DataFrame:
    """Of the first budget only the models above (-1) or below (1) the best are left."""
    runs = made_runs(BUDGETS, models=12, noise=0.0, series=True)
    best = runs.loc[runs[runs["series"] == "1e+18"]["loss"].idxmin(), "parameters"]
    return runs[(runs["series"] != "1e+18") | (side * runs["parameters"] <= side * best)]


@pytest.mark.parametrize("side", [-1, 1])
def test_a_minimum_at_the_edge_is_a_bound_and_its_losses_do_not_count(side):
    runs = off_centre(side)
    rows = make_profile_rows(runs)
    first = np.sort(runs.loc[runs["series"] == "1e+18", "parameters"])
    assert rows.edges["side"].to_dict() == {"1e+18": side}
    assert np.exp(rows.edges["bound"].item()) == pytest.approx(first[1] if side < 0 else first[-2])
    assert rows.budgets == ("1e+19", "3e+19", "1e+20", "3e+20", "1e+21")
    assert "1e+18" not in set(runs.loc[list(rows.ids), "series"])
    assert (rows.unused == "the lowest loss of its budget is at the edge of the grid and counts as a bound alone").all()
    by_tokens = make_profile_rows(runs, size="tokens")
    assert by_tokens.edges["side"].to_dict() == {"1e+18": -side}
    best = bs.optimal_allocation(LAW, 1e18)["parameters"].item()
    assert side * np.log(best) > side * rows.edges["bound"].item()  # what the bound says is so


@pytest.mark.parametrize("side", [-1, 1])
def test_the_censored_likelihood_is_that_of_a_normal_tail(side):
    rows = make_profile_rows(off_centre(side))
    model, centre = build_profile_model(rows), centres(rows)
    for vertex, a, scatter in ((0.2, 0.5, 0.3), (-1.0, 0.9, 0.05), (0.0, 0.1, 1.5)):
        given = {model["vertex"]: vertex, model["a"]: a, model["vertex_scatter"]: scatter}
        at = vertex + a * (np.log(1e18) - centre["log_flop"]) + centre["log_size"]
        tail = stats.norm(at, scatter).logcdf if side < 0 else stats.norm(at, scatter).logsf
        assert model["edges"].eval(given).item() == pytest.approx(tail(rows.edges["bound"].item()), rel=1e-6)


def test_without_edges_there_is_no_such_term():
    model = build_profile_model(make_profile_rows(made_runs(BUDGETS, noise=0.0, series=True)))
    given = {model["vertex"]: 0.2, model["a"]: 0.5, model["vertex_scatter"]: 0.3}
    assert model["edges"].eval(given).item() == 0


def test_runs_far_above_the_lowest_and_grids_with_a_minimum_at_the_edge_do_not_count():
    size, budget = np.tile([0.0, 1.0, 2.0, 3.0], 3), np.repeat([0, 1, 2], 4)
    loss = np.array([0.1, 0.0, 0.1, 0.9, 0.0, 0.1, 0.2, 0.3, 0.9, 0.8, 0.0, 0.1])
    near, side = near_minimum(size, loss, budget, reach=0.2)
    assert side.tolist() == [0, -1, 0]
    assert near.tolist() == [True] * 3 + [False] * 9  # the third has but two models near its lowest
    several, sides = near_minimum(size, np.stack([loss, -loss]), budget, reach=0.2)
    assert several[0].tolist() == near.tolist()
    assert sides.tolist() == [[0, -1, 0], [1, 1, -1]]


def test_parabolas_of_some_runs_are_those_without_the_others():
    rng = np.random.default_rng(0)
    size, budget = rng.uniform(-2, 2, 30), np.repeat([0, 1, 2], 10)
    loss, near = rng.normal(size=(4, 30)) + size**2, np.arange(30) % 10 < 6
    some = parabolas(size, loss, budget, np.arange(3.0), near)
    alone = parabolas(size[near], loss[:, near], budget[near], np.arange(3.0))
    np.testing.assert_allclose(some.log_vertex, alone.log_vertex, rtol=1e-6)
    np.testing.assert_allclose(some.slope, alone.slope, rtol=1e-6)
    assert np.isnan(parabolas(size, loss, budget, np.arange(3.0), near & (budget != 1)).log_vertex[:, 1]).all()


def _drawn(bias: float, spread: float) -> xr.DataArray:
    """Draws of an exponent as wide as ``spread``."""
    draws = stats.norm(0.5 + bias, spread).ppf((np.arange(2000) + 0.5) / 2000)
    return xr.DataArray(draws.reshape(2, -1), dims=("chain", "draw"))


def test_an_exponent_whose_bias_is_large_for_its_interval_is_refused_with_the_reason():
    law = bs.ChinchillaLaw(E=1.8, A=2e4, B=400.0, alpha=0.5, beta=0.25)
    runs = bs.simulate_isoflop(law, tokens_per_parameter=(0.05, 400.0))
    bias = quadratic_bias(law, runs).item()
    assert abs(bias) > 1e-3
    wide = reliability(_drawn(bias, abs(bias) / REFUSED_BIAS * 1.02), law, runs)
    narrow = reliability(_drawn(bias, abs(bias) / REFUSED_BIAS * 0.98), law, runs)
    assert (wide.refused, wide.bias, narrow.bias) == ("", bias, bias)
    half = reliability(_drawn(bias, 2 * abs(bias)), law, runs, probability=0.9)  # closed form, at the threshold
    assert half.coverage == pytest.approx(0.857, abs=0.003)
    assert narrow.refused.startswith("on this design parabolas of a law's own losses are off by")
    # Of a law whose minima are all at the edge nothing is known.
    high = bs.simulate_isoflop(law, tokens_per_parameter=(0.001, 0.01))
    assert "the minimum of nearly every budget" in reliability(_drawn(0, 0.1), law, high).refused


PUBLISHED = {"porian_kaplan_setting": 0.834, "porian_off_centre": 0.701}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "published"), PUBLISHED.items(), ids=PUBLISHED)
def test_porians_exponents_are_inside_the_intervals(name, published, shared: Path):
    """Porian et al. 2024 (arXiv 2406.19146); grids of the smallest budgets are far off centre."""
    columns = {"parameters": "N", "tokens": "T", "flop": "flops"}
    runs = bs.read_runs(shared / "data" / "public" / f"{name}.csv", columns, drop_incomplete=True)
    found = isoflop_profiles(runs)
    lower, upper = found.exponents()["a"].quantile([0.025, 0.975])
    assert found.converged
    assert lower < published < upper
    assert len(found.findings) == (name == "porian_off_centre")


def simulated(seed: int) -> tuple[bs.ChinchillaLaw, pd.DataFrame]:
    """A law and a ladder that drifts off its optimum, up to a factor of 4 an e-fold of compute."""
    rng = np.random.default_rng(seed)
    alpha, beta = rng.uniform(0.25, 0.5, 2)
    law = bs.ChinchillaLaw(E=1.8, A=480 * 1e9 ** (alpha - 0.35), B=2100 * 2e10 ** (beta - 0.37), alpha=alpha, beta=beta)
    budgets = np.geomspace(1e18, 1e21, 7)
    width, drift, middle = rng.uniform(1, 2), rng.uniform(-0.7, 0.7), rng.uniform(-0.5, 0.5)
    centre = np.log(bs.optimal_allocation(law, budgets)["parameters"].to_numpy().ravel())
    centre = centre + middle + drift * np.log(budgets / 10**19.5)
    parameters = np.exp(centre[:, None] + np.linspace(-width, width, 9)).ravel()
    flop = np.repeat(budgets, 9)
    tokens = flop / 6 / parameters
    loss = law.loss(parameters, tokens) * np.exp(rng.normal(0, 0.005, len(flop)))
    series = [f"{each:g}" for each in flop]
    return law, pd.DataFrame({"series": series, "parameters": parameters, "tokens": tokens, "flop": flop, "loss": loss})


@pytest.mark.slow
def test_intervals_of_off_centre_designs_hold_the_truth_or_are_refused():
    """90% intervals of 200 tables, judged by the law itself: 170 to 190 of 200 is what they promise."""
    answered = inside = refused = 0
    for seed in range(200):
        law, runs = simulated(seed)
        try:
            found: Profiles = isoflop_profiles(runs, draws=300, tune=300, chains=2, attempts=1, seed=seed)
        except bs.RunsError:  # too few budgets have their minimum inside
            refused += 1
            continue
        a = found.exponents()["a"]
        if reliability(a, law, runs, probability=0.9).refused:
            refused += 1
            continue
        lower, upper = a.quantile([0.05, 0.95])
        answered += 1
        inside += bool(lower < law.beta / (law.alpha + law.beta) < upper)
    assert answered + refused == 200
    assert answered >= 100
    assert 0.85 <= inside / answered <= 0.95
