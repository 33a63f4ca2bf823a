"""Recipe against recipe: gains by brute force, draws that belong together, and gains that reverse."""

import dataclasses

import numpy as np
import pytest
from formulas.made_formulas import made_fit

import bayes_scaling as bs
from bayes_scaling.quantities.gain import compute_equivalent_gain, loss_reduction
from bayes_scaling.quantities.laws import laws_of

BUDGETS = [1e19, 1e21, 1e24]
OLD = bs.ChinchillaLaw(E=1.7, A=500.0, alpha=0.34, B=2000.0, beta=0.30, name="old")
NEW = dataclasses.replace(OLD, A=300.0, B=2600.0, name="new")
STEEP = dataclasses.replace(OLD, A=3000.0, alpha=0.45, name="steep")


@pytest.mark.parametrize("new", [NEW, STEEP, dataclasses.replace(OLD, E=1.75, B=1500.0)])
def test_the_baseline_reaches_the_loss_with_so_much_compute(new) -> None:
    gain = compute_equivalent_gain(new, BUDGETS, baseline=OLD, split="optimal").squeeze()
    for budget, times in zip(BUDGETS, gain.to_numpy(), strict=True):
        ours, theirs = (bs.optimal_allocation(law, c)["loss"] for law, c in ((new, budget), (OLD, budget * times)))
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 20.0])
def test_at_a_fixed_ratio_both_sizes_grow_alike(ratio) -> None:
    gain = compute_equivalent_gain(STEEP, BUDGETS, baseline=OLD, split=ratio).squeeze().to_numpy()
    for budget, times in zip(BUDGETS, gain, strict=True):
        sizes = np.sqrt(budget / 6 / ratio) * np.array([1.0, ratio])
        assert STEEP.loss(*sizes) == pytest.approx(OLD.loss(*(np.sqrt(times) * sizes)), rel=1e-9)
    percent = loss_reduction(STEEP, BUDGETS, baseline=OLD, split=ratio).squeeze().to_numpy()
    sizes = np.sqrt(np.array(BUDGETS) / 6 / ratio)
    np.testing.assert_allclose(percent, 100 * (1 - STEEP.loss(sizes, ratio * sizes) / OLD.loss(sizes, ratio * sizes)))


def test_what_the_baseline_never_reaches_is_infinite_and_there_and_back_is_one() -> None:
    unreachable = dataclasses.replace(OLD, E=1.2)
    assert compute_equivalent_gain(unreachable, 1e26, baseline=OLD, split="optimal").item() == np.inf
    there = compute_equivalent_gain(STEEP, 1e22, baseline=OLD, split="optimal").item()
    back = compute_equivalent_gain(OLD, 1e22 * there, baseline=STEEP, split="optimal").item()
    assert back == pytest.approx(1 / there, rel=1e-9)


@pytest.fixture(scope="module")
def fit() -> bs.Fit:
    runs = bs.load_runs()
    runs["recipe"] = np.array(["new", "old", "older"])[np.arange(len(runs)) % 3]
    return made_fit(bs.load_specification("runs/recipes"), runs, draws=40)


def test_gains_are_those_of_each_recipe_beside_the_baseline(fit) -> None:
    found = bs.recipe_gains(fit, BUDGETS, by="recipe", baseline="old")
    assert list(found.draws["recipe"]) == ["new", "older"] and not set(found.draws.dims) - {
        "recipe", "chain", "draw", "compute"
    }  # fmt: skip
    old = bs.at(fit, recipe="old")
    for name in ("new", "older"):
        own = compute_equivalent_gain(bs.at(fit, recipe=name), BUDGETS, baseline=old, split="optimal")
        np.testing.assert_array_equal(found.draws.sel(recipe=name), own)
        row = found.table.loc[(name, 1e21)]
        assert row["probability"] == float((own.sel(compute=1e21) > 1).mean())
        assert row["median"] == own.sel(compute=1e21).quantile(0.5, method="inverted_cdf")
    assert len(found.sentences) == 2 and found.sentences[0].startswith("for the loss of 'new', 'old' at 1e+19 FLOP")


def test_compute_of_the_baselines_runs_is_what_is_known(fit) -> None:
    runs = bs.load_runs().iloc[1::3]
    ends = [float(runs["flop"].min()), float(runs["flop"].max())]
    found = bs.recipe_gains(fit, [0.9 * ends[0], *ends, 1.1 * ends[1]], by="recipe", baseline="old", recipes=["new"])
    assert found.table["extrapolated"].tolist() == [True, False, False, True]


def test_draws_of_one_posterior_belong_together(fit) -> None:
    old = bs.at(fit, recipe="old")
    same = compute_equivalent_gain(old, BUDGETS, baseline=old, split="optimal")
    np.testing.assert_allclose(same, 1, rtol=1e-9)
    for ours, theirs in ((old, OLD), (OLD, old)):
        assert compute_equivalent_gain(ours, BUDGETS, baseline=theirs, split="optimal").shape == same.shape
        assert compute_equivalent_gain(ours, BUDGETS, baseline=theirs, split=20.0).shape == same.shape


def test_of_two_fits_as_many_draws_are_compared_as_the_shorter_has(fit) -> None:
    old = bs.at(fit, recipe="old")
    few = laws_of(old).take(np.arange(30))
    gain = compute_equivalent_gain(old, BUDGETS, baseline=few, split="optimal")
    assert gain.sizes["chain"] * gain.sizes["draw"] == 30
    assert gain.notnull().all()


def test_a_gain_that_reverses_is_said_with_where(monkeypatch) -> None:
    from bayes_scaling.quantities import recipes

    gain = compute_equivalent_gain(STEEP, np.geomspace(1e15, 1e27, 25), baseline=OLD, split="optimal")
    found = recipes._reversal(gain)
    assert found["probability"] == 1.0
    ours, theirs = (bs.optimal_allocation(law, found["median"])["loss"].item() for law in (STEEP, OLD))
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert recipes._reversal(gain.sel(compute=slice(1e24, 1e27)))["probability"] == 0.0
    assert recipes._reversal(gain.isel(compute=slice(None, None, -1))) == pytest.approx(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "dataset"}, "depends on no column 'dataset'; valid choices: recipe"),
        ({"baseline": "newest"}, "recipe = 'newest' is not valid; choose one of: new, old, older"),
        ({"recipes": ["old"]}, "recipe has no other level than 'old' to compare"),
        ({"compute": -1.0}, "above 0"),
    ],
)
def test_impossible_questions_are_refused(fit, arguments, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        bs.recipe_gains(fit, **{"compute": 1e21, "by": "recipe", "baseline": "old"} | arguments)


def test_a_recipe_with_values_of_its_own_that_was_not_fitted_is_refused(fit) -> None:
    for asked in (bs.optimal_allocation, lambda each, flop: bs.predicted_loss(each, parameters=1e9, tokens=flop / 6e9)):
        with pytest.raises(bs.BayesScalingError, match=r"recipe 'foo' is not part of .* valid choices: .*old"):
            asked(bs.at(fit, recipe="foo"), 1e21)
