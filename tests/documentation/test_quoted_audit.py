"""The page on doubtful figures: every correction is on it once, and its answers are those of fresh fits."""

import importlib
import re

import numpy as np
import pandas as pd
import pytest
from fresh import SEED
from made_fits import made_fit
from quoted import ROOT, page, table_rows

import bayes_scaling as bs
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.rates import months_to_double

PAGE = "notebooks/audit.md"
FIGURES = ["parameters", "tokens", "perplexity", "architecture"]


def corrections() -> pd.DataFrame:
    return pd.read_csv(ROOT / "notebooks" / "corrections.csv", index_col="id")


def test_every_row_in_doubt_has_its_correction_or_says_why_not() -> None:
    table, found = bs.load_evaluations(), corrections()
    assert set(found.index) == set(table.index[table["doubt"].notna()]) and found.index.is_unique
    given = found[FIGURES].notna().any(axis=1)
    assert not (given & found["usable"].notna()).any()
    assert found["by"].str.len().gt(5).all()
    assert set(found["usable"].dropna()) == {"no"}
    dated = found[~given & found["usable"].isna()]
    assert dated["by"].str.startswith("date").all()


def test_corrections_said_to_be_collected_are_those_of_that_row() -> None:
    collected, found = bs.load_evaluations("collected", comparable_only=False), corrections()
    said = found["by"].str.extract(r"collected, (eval-\d+)(; tokens)?").dropna(subset=0)
    assert len(said) > 10
    for row, (source, tokens_from_elsewhere) in said.iterrows():
        own = (
            ["parameters", "perplexity"] if pd.notna(tokens_from_elsewhere) else ["parameters", "tokens", "perplexity"]
        )
        for figure in own:
            given = found.loc[row, figure]
            assert pd.isna(given) or given == pytest.approx(collected.loc[source, figure], rel=1e-3), (row, figure)


def test_the_page_has_a_line_for_each() -> None:
    found = corrections()
    changed = found[found[FIGURES].notna().any(axis=1) | found["usable"].notna()]
    lines = pd.DataFrame(table_rows(page(PAGE), "As published: ")).set_index("row")
    assert list(lines.index) == list(changed.index)
    assert (lines["what changes"] == "left out").sum() == changed["usable"].notna().sum()
    assert list(lines["by"]) == list(changed["by"])
    (whole,) = re.findall(r"of its 231 rows have a figure that is doubtful.* has another for (\d+) of them", page(PAGE))
    assert int(whole) == int(found[FIGURES].notna().any(axis=1).sum())


def test_where_weights_are_poor_there_is_a_fit() -> None:
    rows = [*table_rows(page(PAGE), "As published: "), *table_rows(page(PAGE), "papers without which")]
    k = [each["Pareto k"] for each in rows]
    assert all((float(each.split(",")[0]) > 0.7) == ("fitted" in each) for each in k)
    assert not any("NOT CONVERGED" in each for each in k)


def test_draws_with_more_weight_count_for_more(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "notebooks"))
    audit = importlib.import_module("audit")
    rate = np.random.default_rng(0).normal(1.0, 0.2, 4000)
    fit = made_fit("ho2024/07", g_C=rate)
    months, k = audit.moved(fit, (rate - 1) / 0.2, bs.load_evaluations())
    assert float(k) < 0.7
    assert float(months.split()[0]) == pytest.approx(12 * np.log(2) / 1.2, rel=0.05)  # a deviation further up


@pytest.mark.slow
def test_the_answer_with_all_corrections_is_that_of_a_fresh_fit() -> None:
    found, table = corrections(), bs.load_evaluations()
    for figure in FIGURES:
        given = found[figure].dropna()
        table.loc[given.index, figure] = given
    table = table.drop(found.index[found["usable"].notna()])
    (row,) = (each for each in table_rows(page(PAGE), "## All together") if each["rows"] == str(len(table)))
    printed = float(row["T_C"].split()[0])
    rate = pooled_rate(bs.fit("reference", table, seed=SEED), "g_C")
    middle = float(pd.Series(rate).median())
    error = 1.2533 * float(pd.Series(rate).std()) / 1000**0.5  # of a median of the draws that are asked for
    low, high = months_to_double(middle + 6 * error), months_to_double(middle - 6 * error)
    assert low < printed < high
