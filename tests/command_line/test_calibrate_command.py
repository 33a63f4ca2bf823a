"""`bayes-scaling calibrate`: what it writes, that it resumes, and bad usage."""

import json

import pytest
import typer
from typer.testing import CliRunner

from bayes_scaling.commands.report import report_command
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.reports.calibration_document import calibration_sentences
from bayes_scaling.reports.write import document_of
from bayes_scaling.studies.calibration.result import Calibration, load_calibration

FILES = {"calibration.png", "calibration.csv", "calibration.json"}


@pytest.mark.slow
def test_it_writes_ranks_table_and_picture_and_goes_on_where_it_stopped(command, tmp_path) -> None:
    asked = ("calibrate", "chinchilla", "--workers", "1", "--output", "out")
    first = command(*asked, "--simulations", "20", cwd=tmp_path)
    assert first.code == 0, first.err
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == FILES | {"simulations"}
    assert (out / "calibration.png").read_bytes().startswith(b"\x89PNG")
    again = command(*asked, "--simulations", "30", cwd=tmp_path)
    assert "20 of 30" not in first.out + first.err
    found = load_calibration(out / "calibration.json")
    assert (found.specification, found.evaluations, len(found.simulations)) == ("chinchilla", "simulated", 30)
    assert set(found.table.index) >= {"E", "a", "alpha", "beta", "level", "share", "sigma", "nu"}
    assert f"the ranks of {len(found.table) - len(found.outside)} of {len(found.table)} quantities" in again.prose
    assert Calibration.from_json(found.to_json(), "again") == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reference", "--simulations", "5"), "simulations must be a whole number of at least 20, not 5"),
        (("nothing",), "nothing"),
        (("reference", "--workers", "0"), "--workers must be at least 1, not 0"),
        (("reference", "--runs", "none.csv"), "none.csv"),
        (("chinchilla", "--evaluations", "none.csv"), "none.csv"),
        (("reference", "--runs", "a.csv", "--evaluations", "b.csv"), "--runs and --evaluations are both given"),
    ],
)
def test_bad_usage_is_one_message(command_here, tmp_path, arguments, message) -> None:
    ended = command_here("calibrate", *arguments, cwd=tmp_path)
    assert ended.code == 2
    assert message in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"format": 3}', b'{"format": 2, "ranks": {"g": [1]}}', b"\xff"]
)
def test_what_is_no_calibration_is_said_to_be_none(tmp_path, content) -> None:
    path = tmp_path / "calibration.json"
    path.write_bytes(content)
    with pytest.raises(BayesScalingError, match="calibration"):
        load_calibration(path)


def test_a_calibration_reads_back_and_lists_stand_on_lines_of_their_own() -> None:
    from bayes_scaling.studies.calibration.experiment import Simulation

    made = tuple(Simulation({"g_C": rank, "sigma": 7}, True, 1.001, 400.0, 0, 0, 0.5) for rank in range(25))
    found = Calibration("mine", "table", made, 0, "f" * 64)
    text = found.to_json().decode()
    assert json.loads(text)["ranks"]["g_C"] == list(range(25))
    assert sum("[" in line for line in text.splitlines()) == 8
    assert Calibration.from_json(found.to_json(), "again") == found
    assert found.outside == ("g_C", "sigma")


def test_the_report_of_a_calibration_says_what_the_command_says(tmp_path) -> None:
    from bayes_scaling.studies.calibration.experiment import Simulation

    made = tuple(Simulation({"g_C": 4 * rank, "sigma": 7}, True, 1.001, 400.0, 0, 0, 0.5) for rank in range(25))
    found = Calibration("mine", "table", made, 0, "f" * 64)
    (tmp_path / "calibration.json").write_bytes(found.to_json())
    assert load_calibration(tmp_path) == found
    app = typer.Typer()
    app.command()(report_command)
    done = CliRunner().invoke(app, [str(tmp_path), "--quiet"])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    answer, *further = calibration_sentences(found)
    assert report["answer"] == answer and "1 of 2 quantities" in answer
    said, ranks = report["sections"]
    assert said["text"] == further and ranks["tables"][0]["marked"] == [1]
    assert [section.name for section in document_of(found).folded] == [ranks["name"]]
    assert [row["ranks"] for row in ranks["tables"][0]["records"]] == ["uniform", "not uniform"]
    assert report["lead"]["alternative"] == answer
