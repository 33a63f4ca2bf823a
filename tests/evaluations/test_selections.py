"""Selections of evaluations: closed forms on tiny tables, and what holds of any table."""

import datetime
from collections.abc import Callable

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import (
    best_per_paper,
    comparable_rows,
    decimal_year,
    on_benchmarks,
    published_between,
    rows_where,
    test_time_adaptation_rows,
    with_architecture,
    zero_shot_rows,
)


@pytest.fixture
def evaluations() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "paper": ["P", "P", "Q", "P", "Q"],
            "published": pd.to_datetime(["2015-01-01", "2015-06-30", "2016-02-29", "2017-12-31", "2018-01-01"]),
            "benchmark": ["wt103", "ptb", "ptb", "wt2", "wt103"],
            "perplexity": [20.0, 15.0, 30.0, 15.0, 40.0],
            "architecture": ["transformer", "recurrent", "ngram", "transformer", "transformer"],
            "zero_shot": [True, False, False, False, True],
            "test_time_adaptation": [False, True, True, False, False],
            "comparable": [True, True, False, True, False],
        },
        index=pd.Index(list("abcde"), name="id"),
    )
    table.attrs = {"name": "tiny", "selections": ["by hand"]}
    return table


SELECTIONS: list[tuple[Callable[[pd.DataFrame], pd.DataFrame], str, str]] = [
    (comparable_rows, "abd", "comparable rows"),
    (lambda e: best_per_paper(e, k=1), "bc", "best 1 of each paper"),
    (lambda e: best_per_paper(e, k=2), "bcde", "best 2 of each paper"),
    (best_per_paper, "abcde", "best 3 of each paper"),
    (lambda e: on_benchmarks(e, "ptb"), "bc", "on ptb"),
    (lambda e: on_benchmarks(e, "ptb", "wt103"), "abce", "on ptb and wt103"),
    (lambda e: with_architecture(e, "transformer"), "ade", "with architecture transformer"),
    (lambda e: with_architecture(e, "ngram", "recurrent"), "bc", "with architecture ngram or recurrent"),
    (lambda e: published_between(e, start="2016-02-29"), "cde", "published from 2016-02-29"),
    (lambda e: published_between(e, end="2016-02-29"), "abc", "published until 2016-02-29"),
    (
        lambda e: published_between(e, datetime.date(2015, 6, 30), datetime.datetime(2017, 12, 31, 12)),
        "bcd",
        "published from 2015-06-30 until 2017-12-31",
    ),
    (
        lambda e: published_between(e, "2015-01-01", "2015-01-01"),
        "a",
        "published from 2015-01-01 until 2015-01-01",
    ),
    (lambda e: zero_shot_rows(e, keep=True), "ae", "zero-shot only"),
    (lambda e: zero_shot_rows(e, keep=False), "bcd", "without zero-shot"),
    (lambda e: test_time_adaptation_rows(e, keep=True), "bc", "test-time adaptation only"),
    (lambda e: test_time_adaptation_rows(e, keep=False), "ade", "without test-time adaptation"),
]


@pytest.mark.parametrize(("select", "kept", "sentence"), SELECTIONS, ids=[sentence for *_, sentence in SELECTIONS])
def test_a_selection_keeps_rows_in_order_and_says_so(evaluations, select, kept, sentence):
    before = evaluations.copy(deep=True)

    selected = select(evaluations)
    assert list(selected.index) == list(kept)
    assert selected.attrs == {"name": "tiny", "selections": ["by hand", sentence]}
    pd.testing.assert_frame_equal(selected, before.loc[list(kept)])
    # The input is as it was.
    pd.testing.assert_frame_equal(evaluations, before)
    assert evaluations.attrs == {"name": "tiny", "selections": ["by hand"]}


def test_a_selection_is_no_view_of_its_input(evaluations):
    selected = best_per_paper(evaluations)
    selected.loc["a", "perplexity"] = 99.0
    selected.attrs["selections"].append("by mistake")

    assert evaluations.loc["a", "perplexity"] == 20.0
    assert evaluations.attrs["selections"] == ["by hand"]


def test_selections_chain_in_order(evaluations):
    evaluations.attrs = {}

    selected = evaluations.pipe(comparable_rows).pipe(best_per_paper, k=1).pipe(on_benchmarks, "ptb")
    assert list(selected.index) == ["b"]
    assert selected.attrs["selections"] == ["comparable rows", "best 1 of each paper", "on ptb"]


def test_ties_keep_the_first_row(evaluations):
    assert list(best_per_paper(evaluations.iloc[::-1], k=1).index) == ["d", "c"]


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (lambda e: best_per_paper(e, k=0), "k is 0; give a whole number of rows, at least 1"),
        (lambda e: best_per_paper(e, k=-3), "k is -3"),
        (lambda e: best_per_paper(e, k=2.5), r"k is 2\.5"),
        (lambda e: best_per_paper(e, k=True), "k is True"),
        (lambda e: on_benchmarks(e), "no benchmark is given; choose from wt103, wt2, ptb"),
        (
            lambda e: on_benchmarks(e, "wt103", "lambada"),
            "benchmark 'lambada' is unknown; choose from wt103, wt2, ptb",
        ),
        (lambda e: on_benchmarks(e, ["ptb"]), r"benchmark \['ptb'\] is unknown"),
        (
            lambda e: with_architecture(e, "mamba"),
            "architecture 'mamba' is unknown; choose from transformer, rec",
        ),
        (
            lambda e: with_architecture(e, "other"),
            "no row is left .* the architectures transformer, recurrent, ngram",
        ),
        (lambda e: published_between(e), "give start, end or both"),
        (lambda e: published_between(e, "2019-02-30"), "start '2019-02-30' is not a date; write YYYY-MM-DD"),
        (lambda e: published_between(e, end=2019), "end 2019 is not a date"),
        (
            lambda e: published_between(e, "2019-01-01", "2018-12-31"),
            "start 2019-01-01 is after end 2018-12-31",
        ),
        (lambda e: published_between(e, "2019-01-01"), "runs from 2015-01-01 to 2018-01-01"),
        (
            lambda e: zero_shot_rows(e.iloc[1:4], keep=True),
            r"no row is left by 'zero-shot only' \(after: by hand\)",
        ),
        (
            lambda e: test_time_adaptation_rows(e.iloc[1:3], keep=False),
            "no row is left by 'without test-time",
        ),
        (lambda e: comparable_rows(e.iloc[2:3]), "no row is left by 'comparable rows'"),
        (lambda e: best_per_paper(e.iloc[:0]), "no row is left by 'best 3 of each paper'"),
    ],
)
def test_an_impossible_selection_is_an_error(evaluations, select, message):
    with pytest.raises(EvaluationsError, match=message):
        select(evaluations)


@pytest.mark.parametrize(
    ("column", "select"),
    [
        ("comparable", comparable_rows),
        ("paper", best_per_paper),
        ("perplexity", best_per_paper),
        ("benchmark", lambda e: on_benchmarks(e, "ptb")),
        ("architecture", lambda e: with_architecture(e, "ngram")),
        ("published", lambda e: published_between(e, "2015-01-01")),
        ("zero_shot", lambda e: zero_shot_rows(e, keep=True)),
        ("test_time_adaptation", lambda e: test_time_adaptation_rows(e, keep=True)),
    ],
)
def test_a_selection_names_the_column_it_lacks(evaluations, column, select):
    others = ", ".join(name for name in evaluations if name != column)

    with pytest.raises(EvaluationsError, match=f"needs the column '{column}'; the table has {others}"):
        select(evaluations.drop(columns=column))


# Few papers and few perplexities, so that ties and full papers are common.
tables = st.lists(st.tuples(st.sampled_from("PQR"), st.sampled_from([10.0, 11.0, 12.0])), min_size=1, max_size=12).map(
    lambda rows: pd.DataFrame(rows, columns=["paper", "perplexity"])
)


@given(tables, st.integers(1, 5))
def test_best_per_paper_keeps_the_best_k_of_each_paper(table, k):
    selected = best_per_paper(table, k)

    assert selected.groupby("paper").size().to_dict() == table.groupby("paper").size().clip(upper=k).to_dict()
    for paper, rows in table.groupby("paper"):
        best = sorted(rows["perplexity"])[:k]
        assert sorted(selected.loc[selected["paper"] == paper, "perplexity"]) == best


@given(tables, st.integers(1, 5))
def test_best_per_paper_is_an_ordered_subset_and_idempotent(table, k):
    selected = best_per_paper(table, k)

    assert selected.index.is_monotonic_increasing
    pd.testing.assert_frame_equal(selected, table.loc[selected.index])
    pd.testing.assert_frame_equal(best_per_paper(selected, k), selected)


@given(tables, st.integers(1, 4))
def test_a_larger_k_keeps_all_that_a_smaller_one_keeps(table, k):
    assert set(best_per_paper(table, k).index) <= set(best_per_paper(table, k + 1).index)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        ("2021-01-01", 2021.0),
        ("2021-12-31", 2021 + 364 / 365),
        ("2020-02-29", 2020 + 59 / 365),
        ("2020-12-31", 2021.0),
        ("2012-06-27", 2012.4876712328767),
    ],
)
def test_decimal_year_is_the_papers(day, year):
    published = pd.Series(pd.to_datetime([day]), index=["a"])

    pd.testing.assert_series_equal(decimal_year(published), pd.Series([year], index=["a"]), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("expression", "ids"),
    {
        "names in backticks": ("`perplexity` < 20", "bd"),
        "with blanks": ("`peak lr` in [0.1, 0.2] and not zero_shot", "b"),
        "one name both ways": ("`perplexity` > 10 and perplexity < 16", "bd"),
        "chained": ("15 < perplexity <= 30", "ac"),
        "arithmetic": ("perplexity * 2 - 10 >= 50 or benchmark == 'wt2'", "cde"),
        "number as text": ("steps > 9", "ce"),
    }.values(),
)
def test_expressions_keep_the_rows_for_which_they_are_true(evaluations, expression, ids) -> None:
    table = evaluations.assign(**{"peak lr": [0.1, 0.2, 0.3, 0.4, 0.5], "steps": ["1", "2", "10", "4", "20"]})
    selected = rows_where(table, expression)
    assert list(selected.index) == list(ids)
    assert selected.attrs["selections"] == ["by hand", f"rows where {expression}"]


@pytest.mark.parametrize("expression", ["`peak lrr` > 1", "perplexity > 1 and peak_lrr > 1"])
def test_an_expression_names_the_column_that_is_not_there(evaluations, expression) -> None:
    with pytest.raises(EvaluationsError, match=r"^where: there is no column 'peak.lrr'; the table has paper, "):
        rows_where(evaluations, expression)


@pytest.mark.parametrize(
    "expression",
    ["steps != '1'", "steps not in ['1']", "benchmark != 5", "perplexity < 16 or 1", "perplexity < 16 and 2"],
)
def test_numbers_are_not_compared_with_text_nor_joined_to_comparisons(evaluations, expression) -> None:
    with pytest.raises(EvaluationsError, match="can't be worked out"):
        rows_where(evaluations.assign(steps=["1", "2", "10", "4", "20"]), expression)


@pytest.mark.parametrize("name", ["benchmark", "`benchmark`"])
def test_an_expression_that_leaves_nothing_says_what_its_columns_hold(evaluations, name) -> None:
    with pytest.raises(EvaluationsError, match=r"no row is left by .*; the table has benchmark: wt103, ptb, wt2$"):
        rows_where(evaluations, f"{name} == 'c4'")
