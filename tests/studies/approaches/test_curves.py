"""Training curves: simulated, cut into slices, and their lower envelope."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.law.formula import training_compute
from bayes_scaling.studies.approaches.curves import SPACING, curve_slices, curves_of, envelope
from bayes_scaling.tables.simulated import simulate_curves

A_TRUE = bs.BESIROGLU.beta / (bs.BESIROGLU.alpha + bs.BESIROGLU.beta)


@pytest.fixture(scope="module")
def curves() -> pd.DataFrame:
    return simulate_curves(bs.BESIROGLU)


def test_a_curve_without_noise_has_the_laws_losses(curves):
    losses = bs.BESIROGLU.loss(curves["parameters"], curves["tokens"])
    np.testing.assert_allclose(curves["loss"], losses, rtol=1e-11)  # of 12 digits
    np.testing.assert_allclose(curves["flop"], training_compute(curves["parameters"], curves["tokens"]))
    assert len(curves[["series", "parameters"]].drop_duplicates()) == 12
    assert (curves.groupby("series")["loss"].diff().dropna() < 0).all()


def test_noise_is_shared_by_a_curve_and_wander_is_correlated_along_it():
    sizes = np.geomspace(1e8, 1e10, 400)
    noisy = simulate_curves(bs.BESIROGLU, parameters=sizes, points=30, noise=0.03, wander=0.01, seed=3)
    left = np.log(noisy["loss"] / bs.BESIROGLU.loss(noisy["parameters"], noisy["tokens"])).to_numpy().reshape(400, 30)
    assert stats.kstest(left[:, 7] / np.hypot(0.03, 0.01), "norm").pvalue > 0.01
    steps = left[:, 1:] - left[:, :-1]
    assert steps.std() == pytest.approx(0.01 * np.sqrt(2 * (1 - 0.8)), rel=0.05)
    again = simulate_curves(bs.BESIROGLU, parameters=sizes, points=30, noise=0.03, wander=0.01, seed=3)
    pd.testing.assert_frame_equal(noisy, again)


def test_slices_lie_on_the_curves_and_never_beyond_them(curves):
    slices = curve_slices(curves)
    assert slices.groupby("series")["flop"].nunique().eq(1).all()
    ends = curves.groupby("series")["flop"].agg(["min", "max"]).loc[slices["curve"]]
    inside = (slices["flop"].to_numpy() >= ends["min"].to_numpy()) & (
        slices["flop"].to_numpy() <= ends["max"].to_numpy()
    )
    assert inside.all()
    np.testing.assert_allclose(training_compute(slices["parameters"], slices["tokens"]), slices["flop"], rtol=1e-9)
    exact = bs.BESIROGLU.loss(slices["parameters"], slices["tokens"])
    np.testing.assert_allclose(slices["loss"], exact, rtol=1e-3)  # a chord of a convex curve lies above it
    assert (slices["loss"] >= exact * (1 - 1e-12)).all()
    np.testing.assert_allclose(np.diff(np.log(slices["flop"].unique())), np.log(SPACING))
    assert slices.groupby("series")["curve"].nunique().min() >= 4


def test_asked_slices_are_where_they_are_asked(curves):
    slices = curve_slices(curves, compute=[1e20, 1e21, 3e21, 1e29])
    assert slices["flop"].unique().tolist() == pytest.approx([1e20, 1e21, 3e21])


def test_the_envelope_of_many_models_scales_as_the_law():
    dense = simulate_curves(bs.BESIROGLU, parameters=np.geomspace(2e7, 1e11, 200), tokens=(1e8, 1e13), points=100)
    found = envelope(dense)
    assert found.a == pytest.approx(A_TRUE, abs=0.01)
    assert found.a + found.b == pytest.approx(1, abs=1e-6)
    best = bs.optimal_allocation(bs.BESIROGLU, found.table["compute"])["parameters"].to_numpy().ravel()
    middle = found.table["compute"].between(1e20, 1e23).to_numpy()
    assert abs(np.log(found.table["parameters"] / best)[middle]).max() < 0.1


REFUSED = {
    "no series": (lambda c: c.drop(columns="series"), "need a column series"),
    "two curves": (lambda c: c[c["parameters"] < 1e8], "at least 3 models are needed, and this table has 2"),
    "budgets": (lambda c: c.assign(series="a").assign(series=np.arange(len(c)) % 5), "use `isoflop_profiles`"),
    "one point": (lambda c: c.drop(c.index[1:40]), "'5e\\+07' has one point"),
    "a point twice": (lambda c: pd.concat([c, c.iloc[[3]].set_axis(["x"])]), "has two points at"),
    "a missing loss": (lambda c: c.assign(loss=np.nan), "loss .*must be a finite number above 0"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_of_curves_is_one_clear_message(change, message, curves):
    with pytest.raises(bs.BayesScalingError, match=message):
        curve_slices(change(curves))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spacing": 1}, "spacing must be a factor above 1"),
        ({"least_curves": 2}, "least_curves must be a whole number of at least 3"),
        ({"spacing": 1e6}, "and 3 are needed"),
        ({"compute": [-1.0]}, "compute"),
        ({"least_curves": 13}, "and 3 are needed"),
    ],
)
def test_slices_that_can_not_be_cut_are_one_clear_message(arguments, message, curves):
    with pytest.raises(bs.BayesScalingError, match=message):
        curve_slices(curves, **arguments)


def test_curves_whose_lowest_is_at_the_end_have_no_envelope():
    with pytest.raises(bs.RunsError, match="no envelope"):
        envelope(simulate_curves(bs.BESIROGLU, parameters=[1e6, 2e6, 3e6], tokens=(1e12, 1e13)))
    with pytest.raises(bs.RunsError, match="points must be"):
        envelope(simulate_curves(bs.BESIROGLU), points=1)


def test_curves_are_sorted_by_size_whatever_the_order_of_rows(curves):
    shuffled = curves.sample(frac=1, random_state=1)
    for one, two in zip(curves_of(curves), curves_of(shuffled), strict=True):
        assert one.name == two.name
        np.testing.assert_array_equal(one.log_loss, two.log_loss)


BAD = {
    "law": ({"law": 1}, "law must be a ChinchillaLaw"),
    "no sizes": ({"parameters": []}, "parameters must be numbers above 0"),
    "a size twice": ({"parameters": [1e8, 1e8]}, "stands twice"),
    "tokens": ({"tokens": (1e10, 1e9)}, "the first below the second"),
    "a text": ({"tokens": "many"}, "tokens must be numbers"),
    "points": ({"points": 1}, "points must be a whole number of at least 2"),
    "noise": ({"noise": -1}, "noise must be at least 0"),
    "correlation": ({"correlation": 1.0}, "correlation must be at least 0 and below 1"),
    "seed": ({"seed": -1}, "seed must be"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_a_bad_argument_of_the_simulator_is_one_clear_message(arguments, message):
    with pytest.raises(bs.RunsError, match=message):
        simulate_curves(**({"law": bs.BESIROGLU} | arguments))
