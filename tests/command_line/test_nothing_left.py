"""What is refused leaves no directory behind, and one that was there before stays as it was."""

import os
import threading
from pathlib import Path

import pytest

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.reports.run_directory import prepare


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "ho2024/07", "--column", "tokens=x"),
        ("fit", "chinchilla", "--runs", "none.csv"),
        # found when the directory has been tried
        ("compare", "ho2024/07", "--scheduler", "nonsense"),
        ("compare", "ho2024/07", "--refits", "some"),
        ("compare", "reference", "--delta", "0.01"),
        ("backtest", "ho2024/07", "--from", "2020", "--to", "2020", "--scheduler", "nonsense"),
        ("backtest", "ho2024/07", "--from", "2019", "--to", "2016"),
        ("robustness", "--case", "papers", "--scheduler", "nonsense"),
        ("robustness", "--case", "nonsense"),
        ("calibrate", "reference", "--simulations", "1"),
        ("replicate", "--evaluations", "none.csv"),
        ("replicate", "--seed", "-1"),
        ("replicate", "--scheduler", "nonsense"),
        ("replicate", "--workers", "0"),
        ("trust", "--simulations", "1"),
        ("report", "runs/none"),
        ("import", "none.csv", "--output", "a/new.csv"),
        ("allocate", "--compute", "-1", "--output", "a/new.csv"),
        ("design", "--fit", "runs/none", "--quantity", "alpha", "--output", "a/new.csv"),
    ],
    ids=" ".join,
)
def test_a_refusal_leaves_nothing(arguments, command_here, tmp_path) -> None:
    ended = command_here(*arguments, cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_made_to_try_goes_again_and_nothing_else(tmp_path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    prepare(mine / "a" / "b")
    prepare(mine)
    assert list(tmp_path.iterdir()) == [mine] and list(mine.iterdir()) == []
    (mine / "note.txt").write_text("mine", encoding="utf-8")
    prepare(mine)
    assert [path.name for path in mine.iterdir()] == ["note.txt"]


def test_what_can_only_be_made_in_part_goes_again(tmp_path) -> None:
    with pytest.raises(BayesScalingError, match="choose another --output"):
        prepare(tmp_path / "a" / "b" / ("x" * 300))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["file", "directory"])
def test_a_directory_that_takes_no_files_is_refused_and_goes_again(step, tmp_path, monkeypatch) -> None:
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    if step == "file":
        monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    else:
        monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(BayesScalingError, match=r"Permission denied\); choose another --output"):
        prepare(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_runs_that_try_the_same_directory_at_once_do_not_hinder_each_other(tmp_path) -> None:
    failures = []

    def often() -> None:
        try:
            for _ in range(100):
                prepare(tmp_path / "a" / "b")
        except BayesScalingError as error:
            failures.append(error)

    threads = [threading.Thread(target=often) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_working_directory_that_is_gone_is_one_message(tmp_path, monkeypatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(BayesScalingError, match="choose another --output"):
        prepare(Path("runs") / "one")
    os.chdir(tmp_path)
