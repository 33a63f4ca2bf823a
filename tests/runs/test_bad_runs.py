"""Bad files: one clear message, or every fault with its row, column, value and rule."""

import pytest

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.tables import Fault, RunsError, RunsWarning, check_runs, findings, read_runs
from bayes_scaling.tables.faults import fault_lines

POSITIVE = "must be greater than 0"
NATS = "must be greater than 0, in nats per token"
COUNT = "must be a number, such as 117000000, 1.17e8 or 117M"
NUMBER = "must be a number, such as 3.12, without a unit"
SEPARATORS = "must have a decimal point and no separators of thousands; for 3,125 write 3.125 or 3125"

BAD_CELLS = {
    "negative parameters": ("parameters", "-1e9", POSITIVE),
    "zero tokens": ("tokens", "0", POSITIVE),
    "zero loss": ("loss", "0", NATS),
    "negative loss": ("loss", "-2.5", NATS),
    "negative compute": ("flop", "-1", POSITIVE),
    "zero steps": ("steps", "0", POSITIVE),
    "words for a number": ("parameters", "seventy bn", COUNT),
    "a missing loss written out": ("loss", "n/a", "must be a number"),
    "not a number": ("loss", "nan", "must be a finite number"),
    "infinite": ("tokens", "inf", "must be a finite number"),
    "overflowing": ("tokens", "1e999", "must be a finite number"),
    "separators": ("loss", "2 500", SEPARATORS),
    "a perplexity": (
        "loss",
        "57.5",
        "must be less than 50, in nats per token (if perplexities, type --loss-unit perplexity)",
    ),
}


@pytest.mark.parametrize(("column", "cell", "rule"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_bad_cell_is_a_fault_with_its_place(runs_file, column, cell, rule):
    path = runs_file({}, {column: cell})

    fault = Fault(3, column, cell, rule)
    empty_elsewhere = [fault for fault in check_runs(path) if fault.row == 2]
    assert empty_elsewhere == []
    assert check_runs(path) == (fault,)
    with pytest.raises(RunsError) as error:
        read_runs(path)
    assert str(error.value).startswith(f"{path} has a fault:\n  {fault}")
    assert isinstance(error.value, BayesScalingError)


@pytest.mark.parametrize("column", ["parameters", "loss"])
def test_a_required_cell_must_not_be_empty(runs_file, column):
    assert check_runs(runs_file({}, {column: ""})) == (Fault(3, column, "", "must not be empty"),)


def test_tokens_or_compute_must_be_there_in_each_row(runs_file):
    path = runs_file({"flop": "1e20"}, {"tokens": ""}, {"tokens": "", "flop": "1e20"})

    assert check_runs(path) == (Fault(3, "tokens", "", "must not be empty where flop is"),)
    assert check_runs(runs_file({}, {"tokens": ""})) == (Fault(3, "tokens", "", "must not be empty"),)


def test_a_size_beyond_all_numbers_is_a_fault(runs_file):
    path = runs_file({}, {"parameters": "1e300", "tokens": "1e200"}, {"parameters": "1e308", "tokens": "", "flop": "1"})

    assert [(fault.row, fault.column, fault.value) for fault in check_runs(path)] == [
        (3, "parameters", "1e300"),
        (4, "parameters", "1e308"),
    ]


def test_every_fault_is_named_in_the_order_of_the_rows(runs_file):
    path = runs_file({"loss": "x"}, {}, {"tokens": "-1", "parameters": "0"})

    assert [(fault.row, fault.column) for fault in check_runs(path)] == [(2, "loss"), (4, "parameters"), (4, "tokens")]
    with pytest.raises(RunsError, match="has 3 faults:"):
        read_runs(path)


def test_more_kinds_of_faults_than_fit_are_counted(runs_file):
    columns = ("parameters", "tokens", "loss", "flop", "steps", "least_steps", "critical_batch")
    rows = [{column: cell} for column in columns for cell in ("-1", "inf", "x")]

    with pytest.raises(RunsError, match=r"and 1 more lines; run `bayes-scaling check .*mine\.csv --runs`"):
        read_runs(runs_file(*rows))


def test_faults_name_the_columns_of_the_file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("Model Size,Training FLOP,loss\n-1e9,1e20,2.5\n")

    (fault,) = check_runs(path, {"parameters": "Model Size", "flop": "Training FLOP"})
    assert fault == Fault(2, "Model Size", "-1e9", POSITIVE)


def test_a_run_that_stands_twice_is_said_and_one_that_differs_elsewhere_is_not(runs_file):
    path = runs_file({"series": "a"}, {"series": "b"}, {"series": "a"}, {"tokens": "9e10"})
    with pytest.warns(RunsWarning, match=r"warning duplicates: 1 row \(row-0004\) repeat .* type --drop-duplicates"):
        assert len(read_runs(path)) == 4

    table = read_runs(runs_file({"series": "a", "lr": "0.1"}, {"series": "a", "lr": "0.2"}))
    assert findings(table) == ()


def test_an_id_that_stands_twice_is_a_fault(runs_file):
    path = runs_file({"id": "a"}, {"id": "a"})

    assert check_runs(path) == (Fault(3, "id", "a", "stands in row 2 already; every row needs its own"),)


def test_missing_columns_are_named_with_how_to_map_them(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("Model Size,Training FLOP,final\n1e9,1e20,2.5\n")

    def mapped(name: str, theirs: str) -> str:
        return f"--column {name}='{theirs}', in Python columns={{'{name}': '{theirs}'}}"

    assert [str(fault) for fault in check_runs(path)] == [
        f"column parameters: is missing; it looks like 'Model Size' here: {mapped('parameters', 'Model Size')}",
        f"column loss: is required and missing; add it, or map yours: {mapped('loss', 'its name in the file')}",
        "column tokens: is missing, and so is flop; it looks like 'Training FLOP' here: "
        f"{mapped('flop', 'Training FLOP')}",
    ]


def test_letters_with_units_in_brackets_are_offered_with_their_scale(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("N (M),D (B),loss\n100,2,3.5\n")

    said = [str(fault) for fault in check_runs(path)]
    assert "'N (M)' here: --column parameters='N (M)' --scale parameters=1e6," in said[0]
    assert "'D (B)' here: --column tokens='D (B)' --scale tokens=1e9," in said[1]


@pytest.mark.parametrize(("written", "meant"), [("flops", "flop"), ("Parameters", "parameters"), ("los", "loss")])
def test_a_column_under_a_usual_name_is_offered_once(tmp_path, written, meant):
    names = {"parameters": "1e9", "flop": "1e20", "loss": "2.5"}
    path = tmp_path / "mine.csv"
    path.write_text(f"{','.join(written if name == meant else name for name in names)}\n{','.join(names.values())}\n")

    (fault,) = check_runs(path)
    assert f"looks like {written!r} here: --column {meant}={written}, in Python" in fault.rule
    assert check_runs(path, {meant: written}) == ()


MAPPINGS = {
    "unknown": ({"paramters": "N"}, r"'paramters' is not a canonical column \(did you mean 'parameters'\?\)"),
    "absent": (
        {"loss": "los"},
        r"'loss' is mapped to 'los', which .* lacks \(did you mean 'loss'\?\); its columns are N",
    ),
    "twice": ({"tokens": "N", "parameters": "N"}, "'tokens' and 'parameters' are both mapped to 'N'; keep one of them"),
}


@pytest.mark.parametrize("answer", [check_runs, read_runs])
@pytest.mark.parametrize(("columns", "message"), MAPPINGS.values(), ids=MAPPINGS)
def test_a_mapping_that_does_not_fit_is_one_clear_message(tmp_path, answer, columns, message):
    path = tmp_path / "mine.csv"
    path.write_text("N,tokens,loss\n1e9,1e10,2.5\n")

    with pytest.raises(RunsError, match=message):
        answer(path, columns)


UNREADABLE = {
    "empty": (b"", "is empty; it needs a header"),
    "header only": (b"parameters,tokens,loss\n", "has a header but no rows; add a row"),
    "bars": (b"parameters|tokens|loss\n1|1|1\n", "separate the cells with commas, tabs or semicolons"),
    "Latin-1": ("parameters,tokens,loss\n1,1,Zoë".encode("latin-1"), "line 2 holds the byte 0xeb"),
    "NUL bytes": (b"parameters,tokens,loss\n1,1,\0", "is not a CSV text file"),
}


@pytest.mark.parametrize("answer", [check_runs, read_runs])
@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_one_clear_message(tmp_path, answer, content, message):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)

    with pytest.raises(RunsError, match=message) as error:
        answer(path)
    assert str(path) in str(error.value)
    assert error.value.__suppress_context__
    assert error.value.__cause__ is None


@pytest.mark.parametrize("answer", [check_runs, read_runs])
def test_a_path_that_is_no_file_is_one_clear_message(tmp_path, answer):
    with pytest.raises(RunsError, match=r"absent\.csv: no such file; give the path of a CSV file"):
        answer(tmp_path / "absent.csv")


def test_a_ragged_row_is_a_fault(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("parameters,tokens,loss\n1e9,2e10\n1e9,2e10,2.5\n")

    (fault,) = check_runs(path)
    assert (fault.row, fault.column) == (2, None)
    assert fault.rule.startswith("has 2 cells and the header 3")


ONE_BUDGET = ({"parameters": "1e8", "tokens": "1e11"}, {"parameters": "1e9", "tokens": "1e10"})


def test_runs_of_one_budget_are_warned_of_with_their_rows(runs_file):
    """Loss against size at one budget: how it changes with compute is not in the table."""
    path = runs_file(*ONE_BUDGET, {"parameters": "3e9", "tokens": "3.6e9"})

    message = r"one-budget: 3 rows \(.*\) all have one compute budget, about 6e\+19 FLOP: .* rest on their priors\. Add"
    with pytest.warns(RunsWarning, match=message):
        assert len(read_runs(path)) == 3


@pytest.mark.filterwarnings("error")
def test_runs_of_several_budgets_are_not(runs_file):
    assert len(read_runs(runs_file(*ONE_BUDGET, {"parameters": "3e9", "tokens": "3.6e10"}))) == 3


def test_a_word_for_a_gap_hides_no_odd_cell(runs_file):
    path = runs_file({"loss": "n/a"}, {"loss": "312%"}, {"loss": "NA"})

    assert fault_lines(check_runs(path)) == [
        "2 rows (2, 4), column loss, values such as 'n/a': must be a number",
        f"row 3, column loss, value 312%: {NUMBER}",
    ]


@pytest.mark.parametrize("cell", ["32M", "~ 32 mio.", "0.032b"])
def test_cells_that_have_their_unit_are_not_scaled_too(runs_file, cell):
    rule = "has its unit already; leave out --scale parameters, or the unit"
    (fault,) = check_runs(runs_file({"parameters": "70"}, {"parameters": cell}), scale={"parameters": 1e6})

    assert fault == Fault(3, "parameters", cell, rule)
    assert read_runs(runs_file({"parameters": cell}))["parameters"].tolist() == [32e6]
