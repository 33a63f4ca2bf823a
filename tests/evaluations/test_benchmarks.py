"""A benchmark is a label: which are known, by what names, and what becomes of all others."""

import pytest
from typer.testing import CliRunner

from bayes_scaling.commands import app
from bayes_scaling.errors import EvaluationsError, TableWarning
from bayes_scaling.studies.backtest.splits import cut_at
from bayes_scaling.tables import BENCHMARKS, check_evaluations, load_evaluations, on_benchmarks, read_evaluations
from bayes_scaling.tables.benchmarks import KNOWN, in_order, known, named, title
from bayes_scaling.tables.filling import csv_faults, evaluations_csv, read_with_gaps

HOSTILE = ("$", r"$\frac{$", "<script>alert(1)</script>", "a|b", "[bold]", "=1+1", "100%", "C4 ünïcode", "n" * 300)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        *(("wt103", "wt103"), ("WT103", "wt103"), ("WikiText-103", "wt103"), ("wikitext103", "wt103")),
        *(("WikiText 103", "wt103"), ("wikitext_103", "wt103"), ("WT-2", "wt2"), ("WikiText-2", "wt2")),
        *(("PTB", "ptb"), ("Penn Treebank", "ptb"), ("penn-treebank", "ptb")),
        *(("LM1B", "lm1b"), ("One Billion Word", "lm1b"), ("1BW", "lm1b"), ("Billion Word", "lm1b")),
        *(("PG19", "pg19"), ("pg-19", "pg19")),
    ],
)
def test_known_benchmarks_are_found_under_their_names(label, name):
    assert known(label).name == named(label) == name
    assert in_order([named(label)]) == (name,)


@pytest.mark.parametrize(
    "label", ["wt1033", "wikitext-103-raw", "enwik8", "text8", "C4", "The Pile", "lambada", *HOSTILE]
)
def test_other_labels_stay_as_they_are_written(label):
    assert known(label) is None and named(f" {label} ") == label and title(label) == label


def test_the_known_are_the_three_of_the_packaged_tables_and_others_each_with_its_source():
    assert [benchmark.name for benchmark in BENCHMARKS] == ["wt103", "wt2", "ptb"]
    assert KNOWN[: len(BENCHMARKS)] == BENCHMARKS
    assert {each.name: (each.tokens, each.vocabulary) for each in KNOWN[len(BENCHMARKS) :]} == {
        "lm1b": (768_648_884, 793_471),
        "pg19": (1_973_136_207, None),
    }
    assert all("19" in each.source or "20" in each.source for each in KNOWN)
    aliases = [alias for each in KNOWN for alias in (each.name, each.title, *each.aliases)]
    assert [known(alias).name for alias in aliases] == [
        each.name for each in KNOWN for _ in (each.name, each.title, *each.aliases)
    ]


def test_the_order_is_that_of_the_known_and_then_of_appearance():
    assert in_order(["b", "lm1b", "a", "ptb", "b", "wt2"]) == ("wt2", "ptb", "lm1b", "b", "a")
    assert in_order([]) == ()


def test_a_table_with_known_and_other_labels_is_read_and_written_back(table_file, tmp_path):
    path = table_file({"benchmark": "One Billion Word"}, {"benchmark": "house news"}, {"benchmark": " WT103 "}, {})
    table = read_evaluations(path)
    assert table["benchmark"].tolist() == ["lm1b", "house news", "wt103", "wt103"]
    assert check_evaluations(path) == csv_faults(table) == ()

    (tmp_path / "again.csv").write_bytes(evaluations_csv(table))
    again = read_evaluations(tmp_path / "again.csv", name="mine")
    assert again.equals(table) and again.index.equals(table.index)


def test_a_table_with_gaps_takes_any_label_too(table_file):
    path = table_file({"benchmark": "Billion Word", "tokens": ""}, {"benchmark": "house news"})
    assert read_with_gaps(path)["benchmark"].tolist() == ["lm1b", "house news"]


def test_tables_are_cut_by_date_whatever_their_benchmarks():
    table = load_evaluations()
    others = table.assign(benchmark=table["benchmark"].map({"wt103": "lm1b", "wt2": "mine", "ptb": "$"}))
    ours, theirs = cut_at(table, 2017), cut_at(others, 2017)
    assert ours.later.index.equals(theirs.later.index) and ours.unseen == theirs.unseen


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_are_read_and_written_back(label, table_file, tmp_path):
    table = read_evaluations(table_file({"benchmark": f'"{label}"'}, {}))
    assert table["benchmark"].tolist() == [label, "wt103"]
    (tmp_path / "again.csv").write_bytes(evaluations_csv(table))
    assert read_evaluations(tmp_path / "again.csv")["benchmark"].tolist() == [label, "wt103"]
    assert on_benchmarks(table, label).attrs["selections"] == [f"on {label}"]


def test_one_evaluation_under_two_names_of_a_benchmark_stands_twice(table_file):
    path = table_file({"system": "A", "benchmark": "lm1b"}, {"system": "A", "benchmark": "LM1B"})
    with pytest.warns(TableWarning, match=r"duplicates: 1 row \(row-0003\)"):
        read_evaluations(path)


def test_rows_are_selected_by_any_name_of_a_benchmark(table_file):
    table = read_evaluations(table_file({"benchmark": "lm1b"}, {"benchmark": "mine"}, {"benchmark": "ptb"}))
    assert on_benchmarks(table, "One Billion Word", "mine")["benchmark"].tolist() == ["lm1b", "mine"]
    assert on_benchmarks(table, "LM1B").attrs["selections"] == ["on lm1b"]
    with pytest.raises(EvaluationsError, match="benchmark 'Mine' is unknown; choose from ptb, lm1b, mine"):
        on_benchmarks(table, "Mine")
    with pytest.raises(EvaluationsError, match="no row is left by 'on wt103'; the table has the benchmarks lm1b, mine"):
        on_benchmarks(table, "WikiText-103")
    assert len(on_benchmarks(load_evaluations(), "Penn Treebank")) == 80


def test_the_check_names_labels_of_which_nothing_is_known(table_file):
    result = CliRunner().invoke(app, ["check", str(table_file({"benchmark": "wt130"}, {"benchmark": "LM1B"}))])
    assert result.exit_code == 0
    assert "benchmarks that are kept as labels: wt130; known ones are wt103, wt2, ptb, lm1b, pg19" in result.output
    result = CliRunner().invoke(app, ["check", str(table_file({}, {"benchmark": "LM1B"}))])
    assert result.exit_code == 0 and "known ones" not in result.output
