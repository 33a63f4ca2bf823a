"""Faults of whole tables: their columns, their repeated rows, and many faults at once."""

import pytest

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import Fault, TableWarning, check_evaluations, read_evaluations, without_duplicates

REQUIRED = ["system", "paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture"]
EMPTY = "must not be empty"


@pytest.mark.parametrize("column", REQUIRED)
def test_a_missing_required_column_is_one_fault(table_file, column):
    path = table_file({column: None})
    either = ["perplexity", "log_perplexity"] if column == "perplexity" else [column]
    rule = f"is required and missing{', and so is log_perplexity' if len(either) > 1 else ''}; add it, or map yours: "
    rule += " or ".join(
        f"--column {each}='its name in the file', in Python columns={{'{each}': 'its name in the file'}}"
        for each in either
    )

    assert check_evaluations(path) == (Fault(None, column, "", rule),)
    with pytest.raises(EvaluationsError, match=f"  column {column}: is required and missing"):
        read_evaluations(path)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("paramters", "parameters"),
        ("Parameters", "parameters"),
        ("publishd", "published"),
        ("Perplexity", "perplexity"),
        ("token", "tokens"),
    ],
)
def test_a_misspelt_required_column_is_one_fault_and_not_a_missing_one(table_file, misspelt, meant):
    path = table_file({meant: None, misspelt: "whatever"})
    rule = f"is missing; it looks like '{misspelt}' here: "
    rule += f"--column {meant}={misspelt}, in Python columns={{'{meant}': '{misspelt}'}}"

    assert check_evaluations(path) == (Fault(None, meant, "", rule),)
    with pytest.raises(EvaluationsError, match=f"column {meant}: is missing; it looks like '{misspelt}'"):
        read_evaluations(path)


@pytest.mark.parametrize("similar", ["epoch", "Zero-shot", "zero shot", "vocabluary", "notes", "test_time_adaption"])
def test_a_column_like_an_optional_one_is_left_alone_and_said(table_file, similar):
    path = table_file({similar: "1"})

    assert check_evaluations(path) == ()
    with pytest.warns(TableWarning, match=f"columns left alone: '{similar}'"):
        assert read_evaluations(path)[similar].tolist() == ["1"]


def test_perplexity_and_log_perplexity_exclude_each_other(table_file):
    path = table_file({"log_perplexity": "2.86"})
    fault = Fault(None, "log_perplexity", "", "perplexity is given as well; keep one of the two")

    assert check_evaluations(path) == (fault,)
    with pytest.raises(EvaluationsError, match="perplexity is given as well"):
        read_evaluations(path)


def test_a_row_that_repeats_another_in_every_column_is_said_and_can_be_dropped(table_file):
    same = {"system": "GPT-2", "epochs": "1"}
    path = table_file(same, {"epochs": "1"}, same, same | {"epochs": "2"})

    with pytest.warns(TableWarning, match=r"warning duplicates: 1 row \(row-0004\) repeat .* --drop-duplicates"):
        evaluations = read_evaluations(path)
    assert len(evaluations.pipe(without_duplicates)) == 3


@pytest.mark.parametrize(
    "difference",
    [
        {"benchmark": "ptb"},
        {"perplexity": "17.49"},
        {"parameters": "1.6e9"},
        {"tokens": "5e9"},
        {"published": "2019-02-15"},
        {"zero_shot": "1"},
        {"test_time_adaptation": "1"},
    ],
)
def test_evaluations_that_differ_in_one_fact_are_not_repeated(table_file, difference):
    first = {"system": "GPT-2", "zero_shot": "0", "test_time_adaptation": "0"}

    assert check_evaluations(table_file(first, first | difference)) == ()


def test_rows_with_unreadable_cells_do_not_pass_for_repetitions(table_file):
    first, second = {"system": "A", "perplexity": "x"}, {"system": "A", "perplexity": "y"}

    faults = check_evaluations(table_file(first, second))
    assert [(fault.row, fault.column, fault.value) for fault in faults] == [
        (2, "perplexity", "x"),
        (3, "perplexity", "y"),
    ]


def test_empty_ids_are_empty_and_not_repeated(table_file):
    path = table_file({"id": ""}, {"id": "a"}, {"id": ""})

    assert check_evaluations(path) == (Fault(2, "id", "", EMPTY), Fault(4, "id", "", EMPTY))


@pytest.mark.parametrize("flag", ["1", "true"])
def test_a_comparable_row_needs_its_sizes(table_file, flag):
    path = table_file({"comparable": flag, "parameters": "", "tokens": ""})

    assert [(fault.row, fault.column) for fault in check_evaluations(path)] == [
        (2, "parameters"),
        (2, "tokens"),
    ]


def test_all_faults_come_in_row_order_and_none_twice(table_file):
    path = table_file(
        {"perplexity": "inf", "published": "2019-13", "epochs": "1", "colour": "red"},
        {},
        {"architecture": "Hyena", "system": "", "parameters": "-1", "epochs": "-1"},
        {"perplexity": "-1e999"},
    )

    faults = check_evaluations(path)
    assert [(fault.row, fault.column) for fault in faults] == [
        (2, "published"),
        (2, "perplexity"),
        (4, "system"),
        (4, "parameters"),
        (4, "architecture"),
        (4, "epochs"),
        (5, "perplexity"),
    ]
    assert all(type(fault.row) is int for fault in faults)


def test_faults_of_one_kind_are_one_line_with_their_count_and_first_rows(table_file):
    path = table_file(*[{"perplexity": "0.5"}] * 23, {"perplexity": "0.5", "parameters": "-1"})

    with pytest.raises(EvaluationsError) as error:
        read_evaluations(path)
    assert str(error.value).splitlines() == [
        f"{path} has 25 faults:",
        "  24 rows (2, 3, 4, 5, 6, ...), column perplexity, values such as '0.5': must be greater than 1 (perplexity, "
        "not log-perplexity or bits)",
        "  row 25, column parameters, value -1: must be greater than 0",
    ]


def test_rows_without_a_required_cell_are_dropped_with_a_count_when_asked(table_file):
    path = table_file({}, {"parameters": ""}, {"tokens": ""})

    with pytest.raises(EvaluationsError, match="--drop-incomplete"):
        read_evaluations(path)
    assert read_evaluations(path, drop_incomplete=True).attrs["selections"] == [
        "without 2 incomplete rows (parameters in 1, tokens in 1)"
    ]


def test_a_row_set_aside_is_not_incomplete_without_its_sizes(table_file):
    path = table_file({"comparable": "0", "parameters": ""}, {"comparable": "1", "tokens": ""}, {"comparable": "1"})

    evaluations = read_evaluations(path, drop_incomplete=True)
    assert list(evaluations.index) == ["row-0002", "row-0004"]
    assert evaluations.attrs["selections"] == ["without 1 incomplete row (tokens in 1)"]
