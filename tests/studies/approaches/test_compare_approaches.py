"""Chinchilla's approaches side by side."""

import numpy as np
import pytest
from made_runs import TRUTH, made_runs

import bayes_scaling as bs
from bayes_scaling.law.published import HOFFMANN_EXPONENTS
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.studies.approaches.compare import APPROACHES, compare_approaches
from bayes_scaling.studies.approaches.least_squares import quadratic_bias
from bayes_scaling.tables.simulated import simulate_curves

QUICK = {"draws": 500, "tune": 500, "chains": 4}
RUNS = made_runs((1e19, 3e19, 1e20, 3e20, 1e21), models=10, noise=0.005, series=True)


@pytest.fixture(scope="module")
def fit() -> bs.Fit:
    return bs.fit(bs.load_specification("chinchilla"), RUNS, **QUICK)


@pytest.fixture(scope="module")
def table(fit):
    curves = simulate_curves(bs.ChinchillaLaw(**TRUTH), noise=0.005)
    return compare_approaches(RUNS, fit, curves, spacing=4, **QUICK)


@pytest.mark.slow
def test_a_row_for_each_approach(table):
    assert tuple(table.index) == APPROACHES
    assert table["rows"].tolist()[1:] == [50, 50]
    assert table.attrs["interval"] == {"probability": 0.95, "kind": "equal-tailed"}
    a_true = TRUTH["beta"] / (TRUTH["alpha"] + TRUTH["beta"])
    assert (abs(table["a"] - a_true) < 0.1).all()
    assert (abs(table["a_classical"] - a_true) < 0.1).all()
    for name in ("a", "b", "a_corrected", "b_corrected"):
        given = table[name].notna()
        assert (table[f"{name}_lower"] < table[name])[given].all()
        assert (table[name] < table[f"{name}_upper"])[given].all()


@pytest.mark.slow
def test_bias_is_that_of_the_fit_at_the_tables_own_design(table, fit):
    found = credible_intervals(quadratic_bias(fit, RUNS)).iloc[0]
    row = table.loc[APPROACHES[1]]
    assert row[["a_bias", "a_bias_lower", "a_bias_upper"]].tolist() == pytest.approx(
        found[["median", "lower", "upper"]].tolist()
    )
    assert row["a_corrected"] == pytest.approx(row["a"] - row["a_bias"], abs=0.003)
    assert np.isnan(table.loc[APPROACHES[2], "a_bias"])


@pytest.mark.slow
def test_what_did_not_converge_says_so(table, fit):
    assert table.loc[APPROACHES[2], "converged"] == fit.diagnostics.converged
    short = {"draws": 100, "tune": 100, "chains": 2, "attempts": 1}
    unconverged = compare_approaches(RUNS, **short)
    assert not unconverged["converged"].any()
    assert not unconverged.loc[APPROACHES[1], "bias_converged"]
    assert tuple(unconverged.index) == APPROACHES[1:]


@pytest.mark.slow
def test_published_values_stand_beside(table):
    for row, number in zip(APPROACHES, (1, 2, 3), strict=True):
        published = HOFFMANN_EXPONENTS[number]
        assert table.loc[row, ["a_published", "b_published"]].tolist() == [published.a, published.b]
        assert published.a + published.b == pytest.approx(1)
        assert "table 2" in table.attrs["published"][row]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fit": bs.BESIROGLU}, "a fit is needed"),
        ({"probability": 1}, "probability"),
        ({"chains": 1}, "chains must be"),
        ({"curves": RUNS}, "use `isoflop_profiles`"),
    ],
)
def test_bad_arguments_are_refused_before_sampling(arguments, message):
    with pytest.raises(bs.BayesScalingError, match=message):
        compare_approaches(RUNS, **arguments)


@pytest.mark.slow
def test_approaches_2_and_3_agree_on_the_digitised_runs(shared):
    columns = {"parameters": "Model Size", "flop": "Training FLOP"}
    runs = bs.read_runs(shared / "data" / "chinchilla_figure4_digitised.csv", columns)
    table = compare_approaches(runs, least_models=8)
    assert table["converged"].all()
    profiles, law = table.loc[APPROACHES[1]], table.loc[APPROACHES[2]]
    assert profiles["a_corrected_lower"] < law["a"] < profiles["a_corrected_upper"]
    assert profiles["a_lower"] < 0.49 < profiles["a_upper"]
    assert abs(profiles["a_bias"]) < 0.005
