"""`--columns FILE.toml`: names of a table's columns, written down once."""

import inspect
from pathlib import Path

import pandas as pd
import pytest

from bayes_scaling.commands import app
from bayes_scaling.commands.columns import columns_of_file
from bayes_scaling.commands.options import TableOptions
from bayes_scaling.common.files import LARGEST_TOML
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference import fitting

RENAMED = {"parameters": "Model Size", "tokens": "Training Tokens", "perplexity": "Perplexity (test)"}
FILE = "[columns]\n" + "".join(f'{ours} = "{theirs}"\n' for ours, theirs in RENAMED.items())


@pytest.fixture
def here(monkeypatch, tmp_path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fitting, "attempt", lambda *_, **__: pytest.fail("sampled"))
    return tmp_path


@pytest.fixture
def ended(in_process):
    """Run a command in this process: exit code, output, message without line breaks."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code, out, err = in_process(*arguments)
        return code, out, " ".join(err.split())

    return run


def test_check_takes_the_names_of_a_file(ended, here, csv_without) -> None:
    csv_without(here / "mine.csv", renamed=RENAMED)
    (here / "names.toml").write_text(FILE, encoding="utf-8")
    assert ended("check", "mine.csv")[0] == 2
    assert ended("check", "mine.csv", "--columns", "names.toml") == (0, "mine.csv: 231 evaluations, no faults\n", "")


def test_column_wins_over_the_file_and_adds_to_it(ended, here, csv_without) -> None:
    csv_without(here / "mine.csv", renamed=RENAMED)
    wrong = FILE.replace("Model Size", "nowhere").replace('tokens = "Training Tokens"\n', "")
    (here / "names.toml").write_text(wrong, encoding="utf-8")
    code, _, err = ended("check", "mine.csv", "--columns", "names.toml")
    assert code == 2 and "'parameters' is mapped to 'nowhere', which mine.csv lacks" in err
    given = ("--column", "parameters=Model Size", "--column", "tokens=Training Tokens")
    assert ended("check", "mine.csv", "--columns", "names.toml", *given)[0] == 0


def test_tables_and_runs_are_read_with_it(here, csv_without, ho2024) -> None:
    csv_without(here / "mine.csv", renamed=RENAMED)
    (here / "names.toml").write_text(FILE, encoding="utf-8")
    assert TableOptions("mine.csv", columns="names.toml").read()["parameters"].tolist() == ho2024["parameters"].tolist()
    (here / "runs.csv").write_text("Model Size,Training FLOP,loss\n1e9,1.2e20,2.58\n2e9,1e21,2.3\n", encoding="utf-8")
    (here / "runs.toml").write_text('[columns]\nparameters = "Model Size"\nflop = "Training FLOP"\n', encoding="utf-8")
    assert TableOptions(runs="runs.csv", columns="runs.toml").read()["flop"].tolist() == [1.2e20, 1e21]


def test_every_command_with_column_has_columns_and_hands_it_on(ended, here) -> None:
    commands = {command.name: command.callback for command in app.registered_commands}
    mapping = {name for name, each in commands.items() if each and "column" in inspect.signature(each).parameters}
    assert mapping == {
        "fit",
        "compare",
        "replicate",
        "robustness",
        "backtest",
        "calibrate",
        "import",
        "check",
        "models",
    }
    (here / "mine.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    arguments = {
        "check": ("mine.csv",),
        "import": ("mine.csv", "--output", "new.csv", "--fill-from", "systems.csv"),
        "calibrate": ("reference", "--evaluations", "mine.csv"),
        "models": ("reference", "--evaluations", "mine.csv"),
    }
    for name in mapping:
        given = arguments.get(name, ("--evaluations", "mine.csv"))
        code, _, err = ended(name, *given, "--columns", "nowhere.toml")
        assert code == 2 and "--columns nowhere.toml: no such file" in err, name
    assert ended("fit", "chinchilla", "--runs", "mine.csv", "--columns", "nowhere.toml")[2].count("nowhere.toml") == 1
    assert not (here / "runs").exists()


def test_packaged_tables_and_the_papers_sheet_need_none(ended, here) -> None:
    (here / "names.toml").write_text(FILE, encoding="utf-8")
    assert "--columns maps the columns of a file; packaged" in ended("fit", "--columns", "names.toml")[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[columns]\ntokens = "a"\ntokens = "b"\n', "a name is given twice: Cannot overwrite a value"),
        (b"[columns]\ntokens = 3\n", "tokens must be the column's name in the table, in quotes, and is 3, which is no"),
        (b"[columns]\ntokens = true\n", "and is True, which is no text"),
        (b'[columns]\ntokens = ["a"]\n', "tokens must be the column's name .* and is a list"),
        (b'[columns.tokens]\nname = "a"\n', "tokens must be the column's name .* and is a table"),
        (b'[columns]\ntokens = ""\n', "tokens must be .* and is empty"),
        (b'[columns]\ntokens = "a"\n\r', "not valid TOML"),
        (b"[columns]\n", r"\[columns\] is empty; write lines such as parameters = "),
        (b"", r"has no table \[columns\]; it must hold \[columns\]"),
        (b'columns = "tokens"\n', r"has no table \[columns\]"),
        (b'parameters = "Model Size"\n', r"holds 'parameters' outside \[columns\]"),
        (b'[columns]\ntokens = "a"\n[runs]\nflop = "C"\n', r"holds 'runs' outside \[columns\]"),
        (b"[columns]\ntokens = Model Size\n", r"not valid TOML: .*line 2"),
        (b"\xff", r"not UTF-8 text \(byte 0\)"),
        (b"a = " + b"[" * 5000, "can't be read as TOML"),
        (b"#" * (LARGEST_TOML + 1), "longer than"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(content, message, tmp_path) -> None:
    path = tmp_path / "names.toml"
    path.write_bytes(content)
    with pytest.raises(BayesScalingError, match=f"--columns .*{message}") as caught:
        columns_of_file(str(path))
    assert len(str(caught.value)) < len(str(path)) + 300


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty"),
        ("no.toml", "no such file"),
        (".", "not a regular"),
        ("a\0b", "no such file"),
        ("x" * 300, "can't be read"),
    ],
)
def test_what_is_no_file_is_said(name, message, here) -> None:
    with pytest.raises(BayesScalingError, match=message):
        columns_of_file(name)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('paramters = "Model Size"', r"'paramters' is not a canonical column \(did you mean 'parameters'"),
        ('tokens = "Model Size"', "'parameters' and 'tokens' are both mapped to 'Model Size'"),
    ],
)
def test_names_that_do_not_fit_the_table_are_said_by_its_reader(line, message, here, csv_without) -> None:
    csv_without(here / "mine.csv", renamed={"parameters": "Model Size"})
    (here / "names.toml").write_text(f'[columns]\nparameters = "Model Size"\n{line}\n', encoding="utf-8")
    with pytest.raises(BayesScalingError, match=message):
        TableOptions("mine.csv", columns="names.toml").read()


def test_a_byte_order_mark_is_no_fault(tmp_path) -> None:
    path = tmp_path / "names.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FILE.encode())
    assert columns_of_file(str(path)) == RENAMED


def test_check_says_which_kind_it_read_and_takes_the_other_when_asked(ended, here):
    path = here / "mine.csv"
    path.write_text("Model,N,D,PPL\nA,1e8,2e9,20\nB,1e9,2e10,15\n", encoding="utf-8")
    code, out, _ = ended("check", str(path))
    assert code == 2 and "read as runs, since its columns look like parameters, loss; if they are evaluations" in out
    code, out, _ = ended("check", str(path), "--evaluations")
    assert code == 2 and "column published" in out and "read as" not in out


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_quiet_leaves_out_remarks_on_reading_and_not_what_is_wrong(ended, here, quiet) -> None:
    (here / "runs.csv").write_text("params,tokens,val_loss\n1e9,1e10,2.58\n2e9,1e11,2.3\n", encoding="utf-8")
    code, _, err = ended("fit", "reference", "--runs", "runs.csv", "--guess-columns", *quiet)
    assert code == 2 and ("columns guessed: parameters from params" in err) == (not quiet)
    assert "'reference'" in err


def test_check_says_which_architectures_are_told_apart(ended, here, csv_without, ho2024) -> None:
    csv_without(here / "mine.csv")
    table = pd.read_csv(here / "mine.csv", dtype=str)
    other = table.index[table["architecture"] != "transformer"]
    table.loc[other[:5], "architecture"], table.loc[other[5:7], "architecture"] = "LSTM", "SSM"
    table.to_csv(here / "mine.csv", index=False)
    first = f"transformer {(ho2024['architecture'] == 'transformer').sum()}; other {len(other)}"
    assert f"\narchitectures: {first} (recurrent, state-space)\n" in ended("check", "mine.csv")[1]
