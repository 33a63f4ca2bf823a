"""`bayes-scaling fit --runs`: a static law on a file of training runs, and bad usage."""

import sys
from pathlib import Path

import pytest
from made_runs import made_runs

import bayes_scaling as bs
from bayes_scaling.cli import main
from bayes_scaling.common.formatting import in_digits, number
from bayes_scaling.inference import fitting

MAPPED = ("--column", "parameters=Model Size", "--column", "flop=Training FLOP")


def write_runs(path: Path, count: int | None = None) -> Path:
    """A user's file: sizes and compute under names of its own, no tokens."""
    table = made_runs(models=10, noise=0.005).head(count)
    names = {"parameters": "Model Size", "flop": "Training FLOP"}
    table.drop(columns="tokens").rename(columns=names).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(command, tmp_path_factory):
    cwd = tmp_path_factory.mktemp("runs")
    write_runs(cwd / "mine.csv")
    settings = ("--draws", "1000", "--tune", "500", "--chains", "4", "--seed", "1")
    return command(
        "fit",
        "chinchilla-normal",
        "--runs",
        "mine.csv",
        *MAPPED,
        *settings,
        cwd=cwd,
        directory="runs/chinchilla-normal-mine",
    )


def test_it_ends_well_and_says_what_it_fits(run) -> None:
    assert run.code == 0, run.out + run.err
    assert " ".join(run.err.split()) == (
        "chinchilla-normal on mine: 30 training runs; sampling (after compiling, some 10 s, where the model is new) ..."
    )
    assert "On mine (30 training runs), with 'chinchilla-normal', the exponent alpha of parameters is" in run.prose


def test_it_writes_a_fit_a_summary_and_pictures(run) -> None:
    assert {path.name for path in run.directory.iterdir()} == {"fit.nc", "summary.json", "isoflop.png", "laws.png"}
    for name in ("isoflop.png", "laws.png"):
        assert (run.directory / name).read_bytes().startswith(b"\x89PNG")


def test_coefficients_take_the_place_of_doubling_times(run) -> None:
    stored = run.summary["coefficients"]
    assert list(stored) == ["E", "A", "B", "alpha", "beta", "a"]
    assert "Doubling times" not in run.out
    for name, row in stored.items():
        median, lower, upper = in_digits(row, number)
        assert f"{name} {median} {lower} to {upper}" in run.prose


def test_the_fit_reads_back(run) -> None:
    fit = bs.load_fit(run.directory)
    assert fit.evaluations.kind == "runs"
    assert fit.evaluations.rows == 30
    assert fit.fingerprint == run.summary["fingerprint"]


@pytest.fixture
def refused(monkeypatch, capfd, tmp_path):
    """Bad usage, in this process; the message."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fitting, "attempt", lambda *_, **__: pytest.fail("sampled"))

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["bayes-scaling", "fit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith("bayes-scaling: ")
        assert not (tmp_path / "runs").exists()
        return " ".join(err.split())

    return run


def test_runs_and_evaluations_together_are_refused(refused, tmp_path) -> None:
    write_runs(tmp_path / "mine.csv")
    for table in ("ho2024", "other.csv"):
        message = refused("chinchilla", "--runs", "mine.csv", "--evaluations", table, *MAPPED)
        assert "--runs and --evaluations are both given" in message


def test_the_default_of_runs_is_a_law_of_them(refused, tmp_path) -> None:
    write_runs(tmp_path / "mine.csv", count=5)
    assert "specification 'chinchilla' has" in refused("--runs", "mine.csv", *MAPPED)


def test_a_specification_with_progress_is_refused(refused, tmp_path) -> None:
    write_runs(tmp_path / "mine.csv")
    message = refused("reference", "--runs", "mine.csv", *MAPPED)
    assert "'reference' does not fit a table of training runs: it has algorithmic progress" in message
    assert "choose a static law such as 'chinchilla'" in message


def test_too_few_runs_are_refused(refused, tmp_path) -> None:
    write_runs(tmp_path / "mine.csv", count=5)
    assert "fewer points than parameters" in refused("chinchilla", "--runs", "mine.csv", *MAPPED)


def test_no_file_of_that_name(refused) -> None:
    assert "nosuch.csv" in refused("chinchilla", "--runs", "nosuch.csv")
    assert "--runs is empty" in refused("chinchilla", "--runs", "")
