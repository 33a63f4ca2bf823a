"""The user's mapping of canonical names to the file's."""

import math

import numpy as np
import pandas as pd
import pytest

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import check_evaluations, is_runs, read_evaluations
from bayes_scaling.tables.columns import EVALUATIONS, RUNS, kind_of_names
from bayes_scaling.tables.reading import Reading, read_table


def test_mapped_columns_take_canonical_names(table_file):
    path = table_file({"parameters": None, "Model Size": "7e9", "perplexity": None, "loss": "2.5"})
    columns = {"parameters": "Model Size", "log_perplexity": "loss"}

    evaluations = read_evaluations(path, columns=columns)
    assert check_evaluations(path, columns=columns) == ()
    assert evaluations["parameters"].tolist() == [7e9]
    assert evaluations["perplexity"].item() == pytest.approx(math.exp(2.5), rel=1e-15)
    assert {"Model Size", "loss"}.isdisjoint(evaluations)


def test_faults_name_the_column_as_the_file_does(table_file):
    path = table_file({"parameters": None, "Model Size": "7Q"})

    (fault,) = check_evaluations(path, columns={"parameters": "Model Size"})
    assert (fault.row, fault.column, fault.value) == (2, "Model Size", "7Q")


def test_the_mapping_silences_a_misspelling(table_file):
    path = table_file({"tokens": None, "tokns": "4e9"})

    assert check_evaluations(path, columns={"tokens": "tokns"}) == ()


def test_a_column_whose_name_the_mapping_gives_away_is_left_out(table_file):
    path = table_file({"parameters": "7Q", "exact": "6.9e9"})

    evaluations = read_evaluations(path, columns={"parameters": "exact"})
    assert evaluations["parameters"].tolist() == [6.9e9]
    assert "exact" not in evaluations


def test_two_columns_can_exchange_names(table_file):
    path = table_file({"parameters": "4e9", "tokens": "1.5e9"})

    evaluations = read_evaluations(path, columns={"parameters": "tokens", "tokens": "parameters"})
    assert evaluations["parameters"].tolist() == [1.5e9]
    assert evaluations["tokens"].tolist() == [4e9]


def test_a_column_mapped_to_itself_changes_nothing(table_file):
    assert check_evaluations(table_file({}), columns={"tokens": "tokens"}) == ()


@pytest.mark.parametrize("answer", [check_evaluations, read_evaluations])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"paramters": "parameters"}, r"'paramters' is not a canonical column \(did you mean 'parameters'"),
        ({"colour": "system"}, r"'colour' is not a canonical column; choose from id, system, paper"),
        (
            {"tokens": "Tokens"},
            r"'tokens' is mapped to 'Tokens', which .*mine.csv lacks \(did you mean 'tokens'",
        ),
        ({"tokens": "zzz"}, r"'tokens' is mapped to 'zzz', .* lacks; its columns are system, paper"),
        (
            {"tokens": "parameters", "parameters": "parameters"},
            "'tokens' and 'parameters' are both mapped to",
        ),
        ({"tokens": 3}, r"'tokens' is mapped to 3, which"),
    ],
)
def test_mistakes_of_the_mapping_are_errors(table_file, answer, columns, message):
    with pytest.raises(EvaluationsError, match=message):
        answer(table_file({}), columns=columns)


@pytest.mark.parametrize(
    "extra", [[], ["benchmark"], ["perplexity"], ["system", "architecture"], ["benchmark", "paper"]]
)
def test_a_file_and_a_frame_are_told_apart_by_one_rule(extra):
    """A loss makes runs, unless more columns than one say that it is of a benchmark or a paper."""
    table = pd.DataFrame({"parameters": [1e8, 1e9], "tokens": 2e10, "loss": [3.0, 2.5]}).assign(
        **dict.fromkeys(extra, 2)
    )
    assert is_runs(table) == (kind_of_names(list(table)) is RUNS) == (len(set(extra) - {"system", "architecture"}) < 2)


@pytest.mark.parametrize(
    ("columns", "options", "noun"),
    [
        ({"loss": "perplexity"}, {"loss_unit": "perplexity"}, "run"),  # what a column is mapped to counts, not its name
        ({}, {"guess_columns": True}, "evaluation"),
    ],
)
def test_the_kind_of_a_table_is_told_by_its_columns_once_they_are_mapped(columns, options, noun):
    table = pd.DataFrame({"N": ["1e8", "1e9"], "tokens": ["1e10", "1e10"], "perplexity": ["20", "15"]})
    read = read_table(table, None, Reading({"parameters": "N", **columns}, **options))
    assert read.kind.noun == noun
    if noun == "run":
        assert read.table["loss"].tolist() == pytest.approx(np.log([20, 15]))


PUBLISHED = ["Model", "Params (M)", "Train tokens (B)", "PPL", "Date", "Paper", "Dataset", "Type", "Team"]


@pytest.mark.parametrize("without", [(), ("Paper",), ("Model", "Type"), ("Type", "Team")])
def test_usual_names_of_published_results_make_evaluations(without):
    names = [name for name in PUBLISHED if name not in without]
    read = read_table(pd.DataFrame({name: ["1", "2"] for name in names}))
    assert read.kind is EVALUATIONS and "--column perplexity=PPL" in read.line
    assert "if they are runs, add --runs" in read.remarks[-1]
    for refused in (read_table(pd.DataFrame({name: ["1"] for name in names}), EVALUATIONS), read):
        with pytest.raises(EvaluationsError) as caught:
            refused.faultless("mine.csv")
        assert "training runs" not in str(caught.value)
