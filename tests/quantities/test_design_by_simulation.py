"""Runs that `design` chooses against runs chosen at random, in studies simulated from a known law and fitted again."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import bayes_scaling as bs
from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.quantities.design import draws_of_quantity

pytestmark = pytest.mark.slow

STUDIES, COUNT, NOISE = 50, 4, 0.005
BUDGET, TARGET = 1e20, 1e22  # FLOP: ten times the largest run of the ladder, and what the next ones shall tell of
LADDER = {"budgets": [1e18, 3e18, 1e19], "models_per_budget": 4, "tokens_per_parameter": (4, 100)}
QUICK = {"draws": 500, "tune": 500, "chains": 4, "cores": 1, "attempts": 3}
PROBABILITY = 0.9

BEST = bs.optimal_allocation(BESIROGLU, TARGET).squeeze()
SIZES = tuple(float(BEST[name]) for name in ("parameters", "tokens"))
TRUTH = {
    "loss@{},{}".format(*SIZES): float(np.log(BESIROGLU.loss(*SIZES))),
    f"optimal_parameters@{TARGET}": float(np.log(SIZES[0])),
}
"""The logarithm of each quantity, by the law that runs are simulated from."""


def ladder(seed: int) -> pd.DataFrame:
    return bs.simulate_isoflop(BESIROGLU, **LADDER, noise=NOISE, seed=seed)


def with_more(runs: pd.DataFrame, more: pd.DataFrame, losses) -> pd.DataFrame:
    """Runs, and further ones of other sizes with their losses."""
    sizes = more[["parameters", "tokens", "flop"]].assign(loss=losses, series="further")
    both = pd.concat([runs, sizes.set_axis([f"further-{place}" for place in range(len(sizes))])])
    both.attrs = runs.attrs
    return both


def refit(runs: pd.DataFrame, seed: int) -> bs.Fit:
    return bs.fit("chinchilla-normal", runs, seed=seed, **QUICK)


def random_choice(costs: np.ndarray, least: float, rng: np.random.Generator) -> np.ndarray:
    """As many candidates as are designed, all sets alike, of those within the budget that spend no less."""
    while True:
        drawn = rng.choice(len(costs), COUNT, replace=False)
        if least <= costs[drawn].sum() <= BUDGET:
            return drawn


def study(seed: int):
    """Rows of one study: how each way to choose left each quantity."""
    rng, runs = np.random.default_rng([seed, 1]), ladder(seed)
    fit = refit(runs, seed)
    for quantity, truth in TRUTH.items():
        found = bs.design(fit, quantity, budget=BUDGET, count=COUNT)
        costs = found.candidates["cost"].to_numpy()
        drawn = random_choice(costs, found.chosen["cost"].sum(), rng)
        for way, more in {"design": found.chosen, "random": found.candidates.iloc[drawn]}.items():
            losses = BESIROGLU.loss(more["parameters"], more["tokens"]) * np.exp(NOISE * rng.standard_normal(len(more)))
            again = refit(with_more(runs, more, losses), seed)
            draws = draws_of_quantity(again, quantity)
            row = bs.credible_intervals(draws, probability=PROBABILITY, errors=False).iloc[0]
            yield {
                "quantity": quantity.partition("@")[0],
                "way": way,
                "study": seed,
                "variance": float(draws.var()),
                "cost": more["cost"].sum(),
                "holds": row["lower"] < truth < row["upper"],
                "converged": again.diagnostics.converged,
            }


@pytest.fixture(scope="module")
def studies() -> pd.DataFrame:
    return pd.DataFrame([row for seed in range(STUDIES) for row in study(seed)])


@pytest.mark.parametrize("quantity", ["loss", "optimal_parameters"])
def test_a_design_leaves_half_the_variance_of_a_random_choice_that_costs_no_less(quantity, studies) -> None:
    of = studies[studies["quantity"] == quantity].pivot_table(index="study", columns="way", values=["variance", "cost"])
    assert len(of) == STUDIES
    assert (of["cost"]["design"] <= of["cost"]["random"]).all()
    assert (of["cost"]["random"] <= BUDGET).all()
    ratio = np.exp(np.log(of["variance"]["random"] / of["variance"]["design"]).mean())
    assert ratio >= 2, ratio


@pytest.mark.parametrize("quantity", ["loss", "optimal_parameters"])
def test_intervals_after_a_design_hold_the_truth_as_often_as_they_say(quantity, studies) -> None:
    rows = studies[(studies["quantity"] == quantity) & (studies["way"] == "design")]
    held = int(rows["holds"].sum())
    assert binomtest(held, len(rows), PROBABILITY).pvalue > 0.01, held
    assert (~rows["converged"]).sum() <= 1


def test_refitting_leaves_as_much_as_was_expected() -> None:
    """Of outcomes drawn from the posterior, over which the expectation is taken."""
    runs, outcomes = ladder(0), 40
    fit = refit(runs, 0)
    quantity = next(iter(TRUTH))
    more = bs.design(fit, quantity, budget=BUDGET, count=COUNT).chosen
    values = {name: fit.posterior[name].to_numpy().ravel() for name in ("E", "A", "B", "alpha", "beta", "sigma")}
    rng, left = np.random.default_rng(0), []
    for seed, draw in enumerate(rng.choice(len(values["E"]), outcomes, replace=False)):
        of = {name: each[draw] for name, each in values.items()}
        law = bs.ChinchillaLaw(**{name: of[name] for name in ("E", "A", "B", "alpha", "beta")})
        scatter = of["sigma"] * rng.standard_normal(len(more))
        losses = law.loss(more["parameters"], more["tokens"]) * np.exp(scatter)
        left.append(float(draws_of_quantity(refit(with_more(runs, more, losses), seed), quantity).var()))
    ratio = np.array(left) / float(draws_of_quantity(fit, quantity).var())
    error = ratio.std(ddof=1) / np.sqrt(outcomes)
    last = more.iloc[-1]
    assert abs(ratio.mean() - last["simulated_ratio"]) < 3 * np.hypot(error, last["mcse_simulated_ratio"])
    assert ratio.mean() < last["variance_ratio"] + 3 * np.hypot(error, last["mcse_variance_ratio"])
