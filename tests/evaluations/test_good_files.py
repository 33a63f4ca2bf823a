"""What `read_evaluations` makes of files without faults."""

import math

import pandas as pd
import pytest

from bayes_scaling.tables import check_evaluations, read_evaluations


def test_a_minimal_file(table_file):
    path = table_file({}, {"perplexity": "20"})

    evaluations = read_evaluations(path)
    assert check_evaluations(path) == ()
    assert evaluations.attrs == {"name": "mine", "selections": []}
    assert evaluations.index.name == "id"
    assert list(evaluations.index) == ["row-0002", "row-0003"]
    assert evaluations["perplexity"].tolist() == [17.48, 20.0]
    assert evaluations["system"].tolist() == ["system 2", "system 3"]
    assert evaluations.loc["row-0002", "published"] == pd.Timestamp(2019, 2, 14)


def test_every_column_has_its_type(table_file):
    evaluations = read_evaluations(
        table_file(
            {
                "id": "a",
                "epochs": "",
                "zero_shot": "0",
                "comparable": "TRUE",
                "tokenization": "word",
                "url": "",
            },
            {
                "id": "b",
                "epochs": "40",
                "zero_shot": "1",
                "comparable": "false",
                "tokenization": "",
                "url": "u",
            },
        )
    )

    kinds = {column: evaluations[column].dtype.kind for column in evaluations}
    assert kinds == dict.fromkeys(["perplexity", "parameters", "tokens", "epochs"], "f") | {
        "published": "M",
        "zero_shot": "b",
        "comparable": "b",
    } | dict.fromkeys(["system", "paper", "benchmark", "architecture", "tokenization", "url"], "O")
    assert list(evaluations.index) == ["a", "b"]
    assert evaluations["epochs"].isna().tolist() == [True, False]
    assert evaluations["tokenization"].isna().tolist() == [False, True]
    assert evaluations["zero_shot"].tolist() == [False, True]
    assert evaluations["comparable"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1e9", 1e9),
        ("1.5E+9", 1.5e9),
        ("117000000", 117e6),
        ("+5", 5.0),
        (".5", 0.5),
        ("7.", 7.0),
        (" 8 ", 8.0),
    ],
)
def test_numbers_are_read_as_written(table_file, cell, number):
    assert read_evaluations(table_file({"epochs": cell}))["epochs"].tolist() == [number]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *[
            ("117M", 117e6),
            ("1.5 Mio.", 1.5e6),
            ("350 mn", 350e6),
            ("13 million", 13e6),
            ("7 bn", 7e9),
            ("2 Mrd.", 2e9),
        ],
        *[("1.4T", 1.4e12), ("70 Thousand", 70e3), ('"1,500,000"', 1.5e6)],
    ],
)
def test_counts_are_read_with_the_units_that_people_write(table_file, cell, number):
    assert read_evaluations(table_file({"parameters": cell}))["parameters"].item() == pytest.approx(number, rel=1e-15)


def test_approximate_counts_are_read_and_said(table_file):
    evaluations = read_evaluations(table_file({"parameters": "~9B"}, {"tokens": '"~ 1,000,000"'}, {"tokens": "~2e6"}))
    assert evaluations["parameters"].tolist() == [9e9, 1.5e9, 1.5e9]
    assert evaluations["tokens"].tolist() == [4e9, 1e6, 2e6]
    assert evaluations.attrs["selections"] == [
        "parameters: 1 approximate number",
        "tokens: 2 approximate numbers",
    ]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        *[("2019", "2019-07-02"), ("2019-02", "2019-02-16"), ("2019/02", "2019-02-16"), ("Feb 2019", "2019-02-16")],
        *[("february 2019", "2019-02-16"), ("Sept. 2020", "2020-09-16"), ("MAY 2020", "2020-05-16")],
    ],
)
def test_of_a_year_or_month_the_middle_is_taken_and_said(table_file, cell, day):
    evaluations = read_evaluations(table_file({"published": cell}))
    assert evaluations["published"].item() == pd.Timestamp(day)
    assert evaluations.attrs["selections"] == [
        "published: 1 date without a day, taken as the middle of the month or year"
    ]


def test_numbers_keep_every_digit(table_file):
    assert read_evaluations(table_file({"perplexity": "16.610000000000003"}))["perplexity"].item() == 16.610000000000003


def test_log_perplexity_becomes_perplexity_in_its_place(table_file):
    path = table_file({"perplexity": None, "log_perplexity": "2.5"})

    evaluations = read_evaluations(path)
    assert "log_perplexity" not in evaluations
    assert evaluations["perplexity"].item() == pytest.approx(math.exp(2.5), rel=1e-15)


def test_a_row_set_aside_may_lack_its_sizes(table_file):
    path = table_file({"comparable": "0", "parameters": "", "tokens": ""}, {"comparable": "1"})

    assert read_evaluations(path)["parameters"].isna().tolist() == [True, False]


def test_unknown_columns_are_kept_as_text(table_file):
    evaluations = read_evaluations(table_file({"colour": "red", "parameters_in_words": "many", "seed": "007"}))

    assert evaluations[["colour", "parameters_in_words", "seed"]].iloc[0].tolist() == ["red", "many", "007"]


def test_a_name_like_a_canonical_column_that_is_there_is_no_misspelling(table_file):
    assert "parameters2" in read_evaluations(table_file({"parameters2": "x"}))


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: content.rstrip(b"\n"),
        lambda content: content + b"\n\n,,,,,,,\n",
        lambda content: content.replace(b",wt103,", b" ,  wt103\t, ").replace(b",benchmark", b", benchmark "),
    ],
    ids=[
        "byte-order mark",
        "Windows line ends",
        "old Mac line ends",
        "no last line end",
        "blank rows",
        "spaces",
    ],
)
def test_harmless_differences_of_writing_change_nothing(table_file, rewrite):
    path = table_file({"system": '"Big, ""deep"" Zoë"'}, {})
    plain = read_evaluations(path)
    path.write_bytes(rewrite(path.read_bytes()))

    pd.testing.assert_frame_equal(read_evaluations(path), plain)
    assert plain["system"].iloc[0] == 'Big, "deep" Zoë'


def test_a_quoted_cell_may_follow_a_space(table_file):
    assert read_evaluations(table_file({"paper": ' "Words, words"'}))["paper"].item() == "Words, words"


def test_blank_rows_are_counted_as_a_spreadsheet_does(table_file):
    path = table_file({}, {})
    header, first, second = path.read_text().splitlines()
    path.write_text(f"{header}\n\n{first}\n,,,,,,,\n{second}\n")

    assert list(read_evaluations(path).index) == ["row-0003", "row-0005"]


def test_the_name_can_be_given(table_file):
    assert read_evaluations(table_file({}), name="ours").attrs["name"] == "ours"
    assert read_evaluations(str(table_file({}))).attrs["name"] == "mine"
