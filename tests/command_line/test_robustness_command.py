"""`bayes-scaling robustness` as a user runs it."""

import csv
import json
from pathlib import Path

import matplotlib.image
import pytest

import bayes_scaling as bs
from bayes_scaling.studies.robustness.run import robustness

FILES = {"robustness.csv", "robustness.json", "robustness.md", "robustness.png"}


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """Every other evaluation as a file that lacks columns."""
    path = tmp_path_factory.mktemp("tables") / "few.csv"
    bs.load_evaluations().iloc[::2].drop(columns=["doubt", "vocabulary"]).to_csv(path)
    return path


@pytest.fixture(scope="module")
def ended(command, few, tmp_path_factory):
    """The baseline, and a case that the table does not allow."""
    place = tmp_path_factory.mktemp("robustness")
    arguments = ("--evaluations", str(few), "--case", "without-doubt", "--workers", "1")
    return command("robustness", *arguments, "--output", "out", cwd=place)


@pytest.mark.slow
def test_it_writes_every_file_and_ends_as_its_fits_do(ended) -> None:
    out = ended.directory / "out"
    assert {path.name for path in out.iterdir()} == FILES | {"fits", "scores"}
    assert matplotlib.image.imread(out / "robustness.png").std() > 0.02
    with (out / "robustness.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["case"] for row in rows] == ["baseline"]
    assert ended.code == (0 if all(row["converged"] == "True" for row in rows) else 1), ended.err
    assert "1 variant to fit and score" in ended.err


@pytest.mark.slow
def test_it_says_what_it_skipped_and_why(ended) -> None:
    reason = "the selection 'without values in doubt' needs the column 'doubt', which the table lacks"
    assert f"Skipped without-doubt: {reason}" in ended.prose
    document = json.loads((ended.directory / "out" / "robustness.json").read_text(encoding="utf-8"))
    assert document["skipped"] == {"without-doubt": reason}
    assert document["evaluations"]["rows"] == 116 and document["cases"] == 1
    assert f"| without-doubt | {reason} |" in (ended.directory / "out" / "robustness.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_same_run_in_python_reads_what_the_command_has_finished(ended, few) -> None:
    out = ended.directory / "out"
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    kept = []
    result = robustness(
        bs.read_evaluations(few), cases=[], directory=out, on_done=lambda variant, reused: kept.append(reused)
    )
    assert kept == [True]
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*")} == before
    found = bs.doubling_times(result.fit("baseline")).loc["compute"]
    assert result.table.loc["baseline", "compute_doubling_months_median"] == found["median"]
    assert f"Baseline: effective compute doubles every {found['median']:.1f} months" in ended.prose


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--case", "nonsense"), "case = 'nonsense' is not valid; choose one of: baseline, published-penalty"),
        (("--workers", "0"), "--workers must be at least 1"),
        (("--evaluations", "missing.csv"), "missing.csv"),
        (("--case", "papers", "--seed", "-1"), "seed must be a whole number"),
    ],
)
def test_bad_input_gets_one_message_and_exit_code_2(command_here, tmp_path, arguments, message) -> None:
    done = command_here("robustness", *arguments, "--output", "out", cwd=tmp_path)
    assert done.code == 2
    assert message in " ".join(done.err.split()) and "Traceback" not in done.err
    assert not list(tmp_path.glob("out/fits/*"))
