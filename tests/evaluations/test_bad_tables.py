"""Faults of whole tables: their columns, their repeated rows, and many faults at once."""

import pytest

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.evaluations import Fault, check_evaluations, read_evaluations

REQUIRED = ["system", "paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture"]
EMPTY = "must not be empty"
IDENTITY = "system, paper, benchmark, parameters, tokens, perplexity, published"


@pytest.mark.parametrize("column", REQUIRED)
def test_a_missing_required_column_is_one_fault(table_file, column):
    path = table_file({column: None})
    rule = "is required and missing; add it, or map yours: "
    rule += f"--column {column}='its name in the file', in Python columns={{'{column}': 'its name in the file'}}"

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
    rule = f"looks like '{meant}', misspelt; rename it, or map it: "
    rule += f"--column {meant}='{misspelt}', in Python columns={{'{meant}': '{misspelt}'}}"

    assert check_evaluations(path) == (Fault(1, misspelt, "", rule),)
    with pytest.raises(EvaluationsError, match=f"row 1, column {misspelt}: looks like '{meant}'"):
        read_evaluations(path)


@pytest.mark.parametrize("misspelt", ["epoch", "Zero-shot", "zero shot", "vocabluary", "ID", "test_time_adaption"])
def test_a_misspelt_optional_column_is_a_fault(table_file, misspelt):
    (fault,) = check_evaluations(table_file({misspelt: "1"}))

    assert (fault.row, fault.column) == (1, misspelt)
    assert fault.rule.startswith("looks like")


def test_perplexity_and_log_perplexity_exclude_each_other(table_file):
    path = table_file({"log_perplexity": "2.86"})
    fault = Fault(1, "log_perplexity", "", "perplexity is given as well; keep one of the two")

    assert check_evaluations(path) == (fault,)
    with pytest.raises(EvaluationsError, match="perplexity is given as well"):
        read_evaluations(path)


def test_a_repeated_evaluation_is_a_fault_of_each_later_row(table_file):
    same = {"system": "GPT-2", "epochs": "1"}
    path = table_file(same, {"epochs": "1"}, same, same | {"epochs": "2"})
    rule = f"repeats row 2 (the same {IDENTITY}); keep one of them"

    assert check_evaluations(path) == (Fault(4, None, "GPT-2", rule), Fault(5, None, "GPT-2", rule))
    with pytest.raises(EvaluationsError, match="row 4, value GPT-2: repeats row 2"):
        read_evaluations(path)


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


def test_a_repeated_evaluation_is_found_in_log_perplexity_too(table_file):
    row = {"system": "GPT-2", "perplexity": None, "log_perplexity": "2.86"}

    (fault,) = check_evaluations(table_file(row, row))
    assert (fault.row, fault.column, fault.value) == (3, None, "GPT-2")
    assert fault.rule.startswith("repeats row 2")


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
        {"perplexity": "inf", "published": "2019", "epochs": "1", "colour": "red"},
        {},
        {"architecture": "mamba", "system": "", "parameters": "-1", "epochs": "-1"},
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


def test_the_message_shows_twenty_faults_and_counts_the_rest(table_file):
    path = table_file(*[{"perplexity": "0.5"}] * 23)

    with pytest.raises(EvaluationsError) as error:
        read_evaluations(path)
    first, *faults, last = str(error.value).splitlines()
    assert first == f"{path} has 23 faults:"
    assert [line.split(",")[0] for line in faults] == [f"  row {row}" for row in range(2, 22)]
    assert last == f"  and 3 more; run `bayes-scaling check {path}`"


def test_twenty_faults_are_all_shown(table_file):
    path = table_file(*[{"perplexity": "0.5"}] * 20)

    with pytest.raises(EvaluationsError) as error:
        read_evaluations(path)
    assert str(error.value).splitlines()[-1].startswith("  row 21, column perplexity")
