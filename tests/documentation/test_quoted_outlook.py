"""The page on scale and the next years: published gains as their constants give them, ours as fresh fits do."""

import re

import numpy as np
import pandas as pd
import pytest
from fresh import SEED
from quoted import page, table_rows

import bayes_scaling as bs
from bayes_scaling.common.formatting import number
from bayes_scaling.law.gundlach import GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, gain_between

PAGE = "notebooks/outlook.md"
TABLES = ("ho2024", "collected")


def gains(table: str) -> pd.DataFrame:
    rows = pd.DataFrame(table_rows(page(PAGE), f"On `{table}`:"))
    return rows.assign(budget=rows["compute, FLOP"].str.rstrip("*").astype(float)).set_index("budget")


def middle(cell: str) -> float:
    return float(re.match(r"[\d.,e+]+", cell).group().replace(",", ""))


@pytest.mark.parametrize("table", TABLES)
def test_published_gains_are_those_of_their_constants(table) -> None:
    published = gains(table)["gain of transformers, Gundlach et al., times"]
    for budget, printed in published.items():
        assert printed == number(float(gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, budget)))


@pytest.mark.parametrize("table", TABLES)
def test_budgets_that_no_other_architecture_had_are_marked(table) -> None:
    evaluations = bs.load_evaluations(table)
    others = evaluations[evaluations["architecture"] != "transformer"]
    flop = 6 * others["parameters"] * others["tokens"]
    for budget, row in gains(table).iterrows():
        assert row["compute, FLOP"].endswith("*") == (not flop.min() <= budget <= flop.max())


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_gains_are_those_of_a_fresh_fit(table) -> None:
    fit = bs.fit("reference", bs.load_evaluations(table), seed=SEED)
    printed = gains(table)
    budgets = list(printed.index)
    gain = np.log(bs.compute_equivalent_gain(fit, budgets, year=2023.0, benchmark="wt103", split="optimal"))
    share = gain / (gain + 11 * fit.posterior["g_C"].sel(architecture="other"))
    for of, shown, scale in (
        (gain, printed["gain of transformers in 2023, times"].map(middle).map(np.log), 1),
        (share, printed["share of it, in logarithms, that depends on scale, %"].map(middle), 100),
    ):
        fresh = scale * of.median(("chain", "draw")).to_numpy()
        spread = scale * of.std(("chain", "draw")).to_numpy()
        assert (np.abs(fresh - shown.to_numpy()) < 6 * 1.2533 * spread / 1000**0.5 + 0.05).all()
