"""The sheet of Ho et al. 2024, in small and in the size of the published sample, through the paper's rules."""

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from others_data.sheet_of_published_sample import write_sheet

import bayes_scaling as bs
from bayes_scaling.tables.filling import evaluations_csv
from bayes_scaling.tables.ho2024_evaluations import read_ho2024_sheet
from bayes_scaling.tables.ho2024_rules import (
    HO2024_RULES,
    NAMED,
    included,
    stacked,
    with_sizes,
    without_outliers,
)
from bayes_scaling.tables.ho2024_sheet import PERPLEXITIES, REQUIRED, is_ho2024_sheet, open_ho2024_sheet

KEPT = {"System": "Kept", "Reference": "Another paper"}


def test_the_published_counts_and_rows_come_from_a_sheet_of_that_size(tmp_path, ho2024):
    """The 231 rows as a sheet, and with them 20 evaluations that other rules drop and 30 that are not among three."""
    path = write_sheet(tmp_path / "sheet.csv", ho2024)

    selection = read_ho2024_sheet(path)

    assert selection.counts["stacked"] == 281
    assert selection.counts["four named systems"] == 261
    assert selection.counts["best of each paper"] == 231
    assert selection.as_published
    assert str(selection).endswith("281 -> 261 -> 231, as published")
    key = ["system", "paper", "published", "benchmark", "parameters", "tokens", "architecture", "epochs"]
    ours, theirs = (
        table[[*key, "perplexity"]].sort_values([*key, "perplexity"]).reset_index(drop=True)
        for table in (selection.table, ho2024)
    )
    pd.testing.assert_frame_equal(ours[key], theirs[key])
    np.testing.assert_allclose(ours["perplexity"], theirs["perplexity"], rtol=1e-12)


def test_all_rows_of_a_paper_can_be_kept(tmp_path, ho2024):
    selection = read_ho2024_sheet(write_sheet(tmp_path / "sheet.csv", ho2024), best=None)

    assert len(selection.table) == 261
    assert str(selection).endswith("281 -> 261, as published")


STEPS = {
    "no size": ({"Parameters": ""}, "sizes known", "Parameters is empty"),
    "size in words": ({"Parameters": "unknown"}, "sizes known", "Parameters is not a number"),
    "thousands": ({"Parameters": "1,500,000"}, "sizes known", "Parameters is not a number"),
    "size 0": ({"Parameters": "0"}, "sizes known", "Parameters is not above 0"),
    "no data": ({"Dataset Size": "N/A"}, "sizes known", "Dataset Size is empty"),
    "data below 0": ({"Dataset Size": "-1"}, "sizes known", "Dataset Size is not above 0"),
    "without end": ({"Dataset Size": "inf"}, "sizes known", "Dataset Size is not a number"),
    "left out": ({"Include?": "0"}, "included", "Include? is 0"),
    "box not ticked": ({"Include?": "FALSE"}, "included", "Include? is 0"),
    "outlier": ({"Outlier?": "1"}, "no outliers", "Outlier? is 1"),
    "ticked outlier": ({"Outlier?": "TRUE"}, "no outliers", "Outlier? is 1"),
    "not evaluated": ({"Perplexity (WT103)": ""}, "evaluated", "no perplexity on any benchmark"),
    "perplexity 0": ({"Perplexity (WT103)": "0"}, "evaluated", "no perplexity on any benchmark"),
    "uncertain": ({"uncertain": "1"}, "certain", "uncertain is 1"),
    "perhaps uncertain": ({"uncertain": ""}, "certain", "uncertain is empty"),
    "no date": ({"Publication date": ""}, "dated", "Publication date is empty or not written YYYY/MM/DD"),
    "another date": (
        {"Publication date": "2019-02-14"},
        "dated",
        "Publication date is empty or not written YYYY/MM/DD",
    ),
    "no such day": ({"Publication date": "2019/02/30"}, "dated", "Publication date is empty or not written YYYY/MM/DD"),
    **{name: ({"System": name}, "four named systems", "dropped by name") for name in NAMED},
    "no paper": ({"Reference": ""}, "best of each paper", "Reference is empty"),
}


@pytest.mark.parametrize(("change", "step", "reason"), STEPS.values(), ids=STEPS)
def test_each_rule_drops_its_rows_and_says_why(sheet, change, step, reason):
    selection = read_ho2024_sheet(sheet(change, KEPT))

    assert selection.table["system"].tolist() == ["Kept"]
    [dropped] = selection.dropped().to_dict("records")
    assert (dropped["step"], dropped["row"], dropped["reason"]) == (step, 2, reason)


KEEPERS = {
    "no mark": {"Include?": ""},
    "ticked": {"Include?": "TRUE"},
    "no outlier": {"Outlier?": "0"},
    "one digit": {"Publication date": "2019/2/4"},
    "scientific": {"Parameters": "1.50E+09"},
}


@pytest.mark.parametrize("change", KEEPERS.values(), ids=KEEPERS)
def test_what_no_rule_drops_stays(sheet, change):
    assert len(read_ho2024_sheet(sheet(change)).table) == 1


def test_the_three_lowest_perplexities_of_a_paper_stay_over_all_benchmarks(sheet):
    path = sheet(
        {"System": "A", "Perplexity (WT103)": "30", "Perplexity (WT2)": "90"},
        {"System": "B", "Perplexity (WT103)": "", "Perplexity (PTB)": "20"},
        {"System": "C", "Perplexity (WT103)": "40"},
        {"System": "D", "Perplexity (WT103)": "50"},
    )
    selection = read_ho2024_sheet(path)

    # A's row of WT2 ranks by A's 30, as in the paper, and not by its own 90.
    kept = [tuple(row) for row in selection.table[["system", "benchmark", "perplexity"]].to_numpy()]
    assert kept == [("A", "wt103", 30.0), ("A", "wt2", 30.0), ("B", "ptb", 20.0)]
    assert selection.dropped()["reason"].tolist() == ["not among the 3 lowest perplexities of its paper"] * 2
    assert len(read_ho2024_sheet(path, best=1).table) == 1
    with pytest.raises(bs.EvaluationsError, match="k is 0"):
        read_ho2024_sheet(path, best=0)


def test_the_published_perplexity_is_marked_where_it_is_another_benchmarks(sheet):
    path = sheet({"Perplexity (WT103)": "17.48", "Perplexity (PTB)": "35.76"})

    published, own = read_ho2024_sheet(path).table, read_ho2024_sheet(path, own_perplexity=True).table

    assert published["perplexity"].tolist() == [17.48, 17.48]
    assert own["perplexity"].tolist() == [17.48, 35.76]
    assert published["doubt"].isna().tolist() == [True, False]
    assert "the benchmark's own is 35.76" in published["doubt"].iloc[1]
    assert "doubt" not in own


def test_gophers_sizes_are_set_by_name(sheet):
    path = sheet({"System": "Gopher (280B)", "Parameters": "1"}, {"System": "Gopher (7.1B)", "Parameters": "2"}, KEPT)

    selection = read_ho2024_sheet(path)

    assert selection.table["parameters"].tolist() == [280e9, 7.1e9, 1.5e9]
    assert "sizes of Gopher" in selection.counts


def test_rules_chain_in_any_choice(sheet):
    start = open_ho2024_sheet(sheet({"Outlier?": "1"}, {"Include?": "0"}, KEPT))

    assert str(start.pipe(stacked)).endswith("3, not as published (281)")
    assert list(start.pipe(with_sizes, without_outliers).counts.values()) == [3, 3, 2]
    assert list(start.pipe(included, stacked).counts.items())[-1] == ("stacked", 2)
    assert len(start.table) == 3  # the start is as it was
    with pytest.raises(
        bs.EvaluationsError, match=r"no row is left by 'included' .* first: row 2, GPT-2: Include\? is 0"
    ):
        open_ho2024_sheet(sheet({"Include?": "0"})).pipe(*HO2024_RULES)


def test_evaluations_are_like_any_other(sheet):
    table = read_ho2024_sheet(sheet({"Link": "https://example.com", "Training Compute": "1e21"})).table

    [row] = table.reset_index().to_dict("records")
    assert row == {
        "id": "row-0002-wt103",
        "system": "GPT-2",
        "paper": "Language models are unsupervised multitask learners",
        "published": pd.Timestamp(2019, 2, 14),
        "benchmark": "wt103",
        "perplexity": 17.48,
        "parameters": 1.5e9,
        "tokens": 4e9,
        "architecture": "transformer",
        "epochs": 5.0,
        "vocabulary": 50257.0,
        "training_compute": 1e21,
        "zero_shot": True,
        "test_time_adaptation": False,
        "url": "https://example.com",
        "source": "row 2 of the sheet of Ho et al. 2024",
    }
    assert table.attrs["name"] == "ho2024-sheet"
    assert len(table.pipe(bs.zero_shot_rows, keep=True).attrs["selections"]) == 11


def test_evaluations_written_out_read_back_the_same(tmp_path, ho2024):
    table = read_ho2024_sheet(write_sheet(tmp_path / "sheet.csv", ho2024)).table
    (tmp_path / "mine.csv").write_bytes(evaluations_csv(table))

    back = bs.read_evaluations(tmp_path / "mine.csv")

    pd.testing.assert_frame_equal(back, table, check_dtype=False)


ARCHITECTURES = {
    "Transformer": "transformer",
    "transformer ": "transformer",
    "LSTM": "recurrent",
    "GRU-RNN": "recurrent",
    "Gated CNN": "convolutional",
    "Feedforward": "feedforward",
    "n-gram": "ngram",
    "Transformer with recurrence": "other",
    "Mixture": "other",
    "": "other",
}


@pytest.mark.parametrize(("written", "architecture"), ARCHITECTURES.items())
def test_architectures_are_read_by_their_words(sheet, written, architecture):
    assert read_ho2024_sheet(sheet({"Architecture": written})).table["architecture"].tolist() == [architecture]


FAULTS = {
    "perplexity in words": (
        {"Perplexity (PTB)": "about 50"},
        "row 3, column Perplexity (PTB), value about 50: must be",
    ),
    "error of a formula": ({"Perplexity (WT2)": "#REF!"}, "row 3, column Perplexity (WT2), value #REF!: must be"),
    "flag in words": ({"uncertain": "maybe"}, "row 3, column uncertain, value maybe: must be 0, 1 or empty"),
    "flag too high": ({"Include?": "2"}, "row 3, column Include?, value 2: must be 0, 1 or empty"),
    "perplexity too low": (
        {"Perplexity (WT103)": "0.5"},
        "row 3, column Perplexity (WT103), value 0.5: must be greater",
    ),
    "no name": ({"System": ""}, "row 3, column System: must not be empty"),
    "future": ({"Publication date": "2919/02/14"}, "row 3, column Publication date, value 2919-02-14: must not be in"),
    "control character": ({"System": "GPT\x1b[31m"}, "row 3, column System"),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_what_can_not_be_used_is_named_by_row_and_column(sheet, change, message):
    with pytest.raises(bs.EvaluationsError) as error:
        read_ho2024_sheet(sheet({}, change))
    assert message in str(error.value)
    assert "bayes-scaling check" not in str(error.value)


@pytest.mark.parametrize("column", REQUIRED)
def test_a_missing_column_is_named(sheet, column):
    with pytest.raises(bs.EvaluationsError, match="is missing; export the sheet") as error:
        read_ho2024_sheet(sheet({column: None}))
    assert f"column {column}" in str(error.value)


def test_optional_columns_may_be_missing(sheet):
    optional = ("Epoch", "Zero-shot?", "Uses Cache", "Vocabulary")
    table = read_ho2024_sheet(sheet(dict.fromkeys(optional))).table
    assert not table.columns.isin(["epochs", "zero_shot", "test_time_adaptation", "vocabulary"]).any()


@pytest.mark.parametrize(("written", "flag"), {"1": True, "1.0": True, "TRUE": True, "0": False, "": False}.items())
def test_flags_are_read_as_a_spreadsheet_writes_them(sheet, written, flag):
    table = read_ho2024_sheet(sheet({"Zero-shot?": written, "Uses Cache": written})).table
    assert table[["zero_shot", "test_time_adaptation"]].to_numpy().tolist() == [[flag, flag]]


def test_cells_that_are_no_numbers_are_on_record(sheet):
    selection = read_ho2024_sheet(sheet({"Epoch": "until it converged", "Vocabulary": "words"}))

    assert [str(fault) for fault in selection.unread] == [
        "row 2, column Epoch, value until it converged: is not a number and counts as empty",
        "row 2, column Vocabulary, value words: is not a number and counts as empty",
    ]
    assert "epochs" not in selection.table


HOSTILE = {
    "formula": "=cmd|' /C calc'!A0",
    "script": "<script>alert(1)</script>",
    "right to left": "\u202eexe.GPT",
    "long": "x" * 30_000,
    "several lines": 'one\ntwo, "three"',
    "formatting": "{0.__class__} %s%n $(reboot) `id`",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_cell_is_text_and_nothing_else(sheet, text):
    selection = read_ho2024_sheet(sheet({"System": text, "Reference": text, "Link": text, "Comments": text}, KEPT))

    assert selection.table["system"].tolist() == [text, "Kept"]
    dropped = read_ho2024_sheet(sheet({"System": text, "Include?": "0"}, KEPT)).steps[2].dropped
    line = str(dropped[0])
    assert line.isprintable()
    assert len(line) < 120


def test_control_characters_in_columns_that_are_left_out_do_no_harm(sheet):
    assert len(read_ho2024_sheet(sheet({"Comments": "a\x0bb", "Hardware": "\x07"})).table) == 1


ENCODED = {
    "UTF-16": "System".encode("utf-16"),
    "Latin-1": b"System,Reference\nGPT\xe9,a\n",
    "spreadsheet": b"PK\x03\x04" + bytes(100),
    "empty": b"",
    "semicolons": b"System;Reference\nGPT;a\n",
    "page": b"<!DOCTYPE html><title>Sign in</title>",
    "other table": b"system,perplexity\nGPT-2,17.48\n",
    "no rows": ",".join(REQUIRED).encode(),
    "ragged": ",".join(REQUIRED).encode() + b"\na,b\n",
    "a name twice": b"System,System\na,b\n",
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_another_file_is_refused(content, tmp_path):
    (tmp_path / "sheet.csv").write_bytes(content)
    with pytest.raises(bs.EvaluationsError, match=r"sheet\.csv"):
        read_ho2024_sheet(tmp_path / "sheet.csv")


def test_the_sheet_is_fetched_only_when_asked(server, sheet, own_cache):
    server.gives(sheet({}).read_bytes())
    with pytest.raises(bs.EvaluationsError, match=r"does not come with the package; pass fetch=True .* or its path"):
        read_ho2024_sheet(url=server.url())
    assert server.asked == []

    table = read_ho2024_sheet(fetch=True, url=server.url("/export?gid=1&format=csv")).table

    assert server.asked == ["/export?gid=1&format=csv"]
    assert set(table.attrs["source"]) == {"url", "sha256", "fetched"}
    assert (own_cache / "ho2024-sheet.csv").exists()


def test_a_sheet_is_known_by_its_columns():
    assert is_ho2024_sheet(pd.Index(REQUIRED))
    assert not is_ho2024_sheet(pd.Index(["system", "perplexity"]))


CELLS = st.fixed_dictionaries(
    {
        "System": st.sampled_from(["A", "B", NAMED[0], "Gopher (280B)"]),
        "Reference": st.sampled_from(["One", "Two"]),
        "Parameters": st.sampled_from(["1e6", "2e6", "", "many", "0"]),
        "Dataset Size": st.sampled_from(["1e6", "1e7", ""]),
        "Publication date": st.sampled_from(["2019/02/14", "2020/1/1", "soon"]),
        "Include?": st.sampled_from(["0", "1", ""]),
        "Outlier?": st.sampled_from(["0", "1", ""]),
        "uncertain": st.sampled_from(["0", "1", ""]),
        **{name: st.sampled_from(["", "20", "30.5", "99"]) for name in PERPLEXITIES.values()},
    }
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=settings().max_examples * 2 // 5,
)
@given(st.lists(CELLS, min_size=1, max_size=12))
def test_the_rules_do_what_their_description_says(sheet, rows):
    """Against the same rules written once more, row by row."""
    start = open_ho2024_sheet(sheet(*rows))
    expected = _by_hand(rows)
    if not expected:
        with pytest.raises(bs.EvaluationsError, match="no row is left by"):
            start.pipe(*HO2024_RULES)
        return
    selection = start.pipe(*HO2024_RULES)

    ours = [tuple(each) for each in selection.table[["row", "benchmark", "perplexity", "parameters"]].to_numpy()]
    assert sorted(ours) == sorted(expected)
    # Every row is dropped once or left.
    for before, after in zip(selection.steps, selection.steps[1:], strict=False):
        assert after.name == "stacked" or before.left == after.left + len(after.dropped)


def _by_hand(rows: list[dict[str, str]]) -> list[tuple[int, str, float, float]]:
    stack = []
    for benchmark, name in PERPLEXITIES.items():
        for number, row in enumerate(rows, start=2):
            values = [row[each] for each in PERPLEXITIES.values() if row[each]]
            sized = row["Parameters"] in ("1e6", "2e6") and row["Dataset Size"] != ""
            marks = row["Include?"] != "0" and row["Outlier?"] != "1" and row["uncertain"] == "0"
            if sized and marks and row["Publication date"] != "soon" and row["System"] not in NAMED and row[name]:
                size = 280e9 if row["System"] == "Gopher (280B)" else float(row["Parameters"])
                stack.append((row["Reference"], float(values[0]), number, benchmark, size))
    kept = []
    for paper in ("One", "Two"):
        of_paper = sorted((each for each in stack if each[0] == paper), key=lambda each: each[1])
        kept += [(number, benchmark, perplexity, size) for _, perplexity, number, benchmark, size in of_paper[:3]]
    return kept


def test_the_made_sheet_has_the_columns_of_the_true_one(tmp_path, ho2024):
    path: Path = write_sheet(tmp_path / "sheet.csv", ho2024)
    with path.open(encoding="utf-8", newline="") as file:
        assert set(REQUIRED) <= set(next(csv.reader(file)))


QUOTED = {
    "ho2024/13": lambda fit: bs.doubling_times(fit).loc["compute"],
    "ho2024/17": lambda fit: bs.credible_intervals(fit.posterior["alpha"].sel(architecture="transformer")).iloc[0],
    "robustness/transformer-factor": lambda fit: bs.credible_intervals(bs.compute_equivalent_gain(fit, [1e25])).iloc[0],
    "ho2024/20": lambda fit: bs.doubling_times(fit).loc["compute"],
}
"""Specifications in the order in which the data's README quotes answers on the sheet and on the packaged table."""


@pytest.mark.slow
@pytest.mark.parametrize("name", QUOTED)
def test_answers_on_the_sheet_are_those_that_are_quoted(shared, ho2024, name):
    text = (Path(bs.__file__).parent / "data" / "README.md").read_text(encoding="utf-8")
    text = text.partition("Using the sheet instead")[2].partition("(Medians")[0]
    found = re.findall(r"([0-9.]+)\s\[([0-9.]+), ([0-9.]+)\]", text)
    assert len(found) == 2 * len(QUOTED)
    sheet = read_ho2024_sheet(shared / "data" / "public" / "ho2024_sheet.csv").table
    place = 2 * list(QUOTED).index(name)
    for table, quoted in zip((sheet, ho2024), found[place : place + 2], strict=True):
        fit = bs.fit(name, table)
        assert fit.diagnostics.converged
        answer = QUOTED[name](fit)
        for side, figure in zip(("median", "lower", "upper"), quoted, strict=True):
            rounding = 0.5 * 10.0 ** -len(figure.partition(".")[2])
            assert abs(float(figure) - answer[side]) <= rounding + 4 * answer[f"mcse_{side}"]
