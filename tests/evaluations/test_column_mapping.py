"""The user's mapping of canonical names to the file's."""

import math

import numpy as np
import pandas as pd
import pytest

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import check_evaluations, is_runs, read_evaluations
from bayes_scaling.tables.columns import EVALUATIONS, RUNS, kind_of_names
from bayes_scaling.tables.plausibility import require_plausible
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


NAMES = ["date", "bench", "arch", "source", "val loss", "params", "tokens", "system"]
"""Evaluations with losses in place of perplexities."""
ROWS = [
    [
        f"20{15 + at}-05-01",
        "c4",
        "transformer",
        f"paper {at}",
        f"{4 - at / 10:.2f}",
        f"{at + 1}e8",
        f"{at + 1}e10",
        f"{at}",
    ]
    for at in range(9)
]
MEANT = {"paper": "source", "published": "date", "benchmark": "bench", "architecture": "arch", "parameters": "params"}


@pytest.mark.parametrize("asked", [None, EVALUATIONS])
def test_a_column_of_losses_is_found_beside_dates_and_benchmarks(asked):
    read = read_table(pd.DataFrame(ROWS, columns=NAMES), asked)
    assert read.kind is EVALUATIONS and "training runs" not in read.line
    for ours, theirs in {**MEANT, "log_perplexity": "'val loss'"}.items():
        assert f"--column {ours}={theirs}" in read.line
    guessed = read_table(pd.DataFrame(ROWS, columns=NAMES), asked, Reading({"paper": "source"}, guess_columns=True))
    assert guessed.faults == ()
    assert guessed.table["perplexity"].tolist() == pytest.approx([math.exp(4 - at / 10) for at in range(9)])


def test_a_perplexity_goes_before_a_loss_where_both_may_be_meant():
    table = pd.DataFrame(ROWS, columns=NAMES).assign(ppl=20.0)
    read = read_table(table, EVALUATIONS, Reading(MEANT, guess_columns=True))
    assert read.faults == () and set(read.table["perplexity"]) == {20.0}


def test_losses_mapped_as_perplexities_are_said_to_need_their_unit_whatever_they_are_called():
    table = pd.DataFrame(ROWS, columns=NAMES)
    with pytest.raises(EvaluationsError, match=r"probably its logarithm; if all are, type --loss-unit nats"):
        require_plausible(read_table(table, EVALUATIONS, Reading({**MEANT, "perplexity": "val loss"})).table)
    mapped = [
        read_evaluations(table, {**MEANT, "perplexity": "val loss"}, loss_unit="nats"),
        read_evaluations(table, {**MEANT, "log_perplexity": "val loss"}),
    ]
    np.testing.assert_allclose(*(each["perplexity"] for each in mapped))
    with pytest.raises(EvaluationsError, match=r"'loss' is not a canonical column \(did you mean 'log_perplexity'\?\)"):
        read_evaluations(table, {**MEANT, "loss": "val loss"})


def test_perplexities_mapped_as_losses_are_said_to_need_their_unit():
    table = pd.DataFrame(ROWS, columns=NAMES).assign(ppl=[f"{40 - at}" for at in range(9)])
    columns = {**MEANT, "log_perplexity": "ppl"}
    with pytest.raises(EvaluationsError, match="type --loss-unit perplexity"):
        require_plausible(read_table(table, EVALUATIONS, Reading(columns)).table)
    read = read_evaluations(table, columns, loss_unit="perplexity")
    assert read["perplexity"].tolist() == pytest.approx(list(range(40, 31, -1)))


@pytest.mark.parametrize("column", ["val loss", "id"])
def test_a_row_without_a_loss_or_an_id_is_incomplete(column):
    table = pd.DataFrame(ROWS, columns=NAMES).assign(id=list("abcdefghi"))
    table.loc[3, column] = ""
    columns = {**MEANT, "log_perplexity": "val loss"}
    refused = read_table(table, EVALUATIONS, Reading(columns))
    assert [fault.column for fault in refused.faults] == [column] and "--drop-incomplete" in refused.line
    assert len(read_table(table, EVALUATIONS, Reading(columns, drop_incomplete=True)).table) == 8


def test_what_was_typed_is_not_advised_again():
    table = pd.DataFrame(ROWS, columns=NAMES).assign(**{"val loss": ""})
    columns = {**MEANT, "log_perplexity": "val loss"}
    read = read_table(table, EVALUATIONS, Reading(columns, drop_incomplete=True))
    assert len(read.faults) == 9 and read.line == ""


def test_a_column_of_ours_is_offered_for_another_only_where_nothing_else_is():
    table = pd.DataFrame(ROWS, columns=NAMES).assign(Reference="P")
    read = read_table(table, EVALUATIONS, Reading(guess_columns=True))
    assert read.faults == () and set(read.table["paper"]) == {"P"} and read.table["source"].iloc[0] == "paper 0"
