"""Named work with one directory: done once, kept as it ends, read where it is there."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from studies import sampled_study
from studies.sampled_study import COUNT, KILLED_AFTER, records, sampled
from studies.waiting import TESTS

from bayes_scaling.studies import study
from bayes_scaling.studies.study import Plan, Study, kept_in


@dataclass(frozen=True)
class Square:
    number: int

    @property
    def file(self) -> str:
        return f"square of {self.number}.txt"


def work(task: Square) -> bytes:
    return str(task.number**2).encode()


@pytest.fixture
def sent(monkeypatch) -> list[int]:
    """What is sent to workers; done at once in this process, until a 0 comes, which stops everything."""
    numbers = []

    def run(function, tasks, *, on_done, **options):
        for name, task in tasks.items():
            if task.number == 0:
                raise KeyboardInterrupt
            numbers.append(task.number)
            on_done(name, function(task))

    monkeypatch.setattr(study, "run_tasks", run)
    return numbers


def run(directory: Path, *numbers: int):
    ended = []
    made = Study(directory, "squares", work, int)
    tasks = {f"{place}: {number}": Square(number) for place, number in enumerate(numbers)}
    return made.run(tasks, on_done=lambda task, reused: ended.append((task.number, reused))), ended, made.set_aside


def test_each_task_is_done_once_and_a_second_run_does_what_is_new(sent, tmp_path) -> None:
    assert run(tmp_path, 2, 3, 2) == ({"0: 2": 4, "1: 3": 9, "2: 2": 4}, [(2, False), (3, False)], ())
    assert run(tmp_path, 4, 3)[:2] == ({"0: 4": 16, "1: 3": 9}, [(3, True), (4, False)])
    assert sent == [2, 3, 4]


def test_what_had_ended_before_an_interruption_is_kept(sent, tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 5, 0, 6)
    assert run(tmp_path, 5, 6)[1] == [(5, True), (6, False)]


def test_a_record_that_can_not_be_read_is_set_aside_and_made_again(sent, tmp_path) -> None:
    run(tmp_path, 2)
    (tmp_path / "squares" / Square(2).file).write_text("four", encoding="utf-8")
    found, ended, ((file, reason),) = run(tmp_path, 2)
    assert found == {"0: 2": 4} and ended == [(2, False)]
    assert Path(file).read_text(encoding="utf-8") == "four" and "four" in reason


def test_a_plan_counts_tasks_and_not_cases() -> None:
    assert Plan({"one": Square(1), "other": Square(1), "two": Square(2)}, {}).count == 2


def test_a_directory_that_nobody_asked_for_goes_again(tmp_path) -> None:
    with kept_in(None) as place:
        assert place.is_dir() and list(place.parent.iterdir()) == [place]
    assert not place.parent.exists()
    with kept_in(tmp_path) as place:
        assert place == tmp_path
    assert tmp_path.is_dir()


fault = pytest.mark.fault("Sweeps that are killed, resumed, or share a directory")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> pd.DataFrame:
    """The table of a study on two workers of this computer."""
    return sampled(tmp_path_factory.mktemp("undisturbed"), workers=2)


@pytest.mark.whole
@fault
def test_a_study_killed_at_five_moments_ends_with_the_table_of_one_that_was_not(undisturbed, tmp_path) -> None:
    ended = subprocess.run(
        [sys.executable, sampled_study.__file__, str(tmp_path)],
        env=os.environ | TESTS,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    killed = [tuple(map(int, line.split())) for line in ended.stdout.splitlines()]
    assert [code for code, _ in killed] == [-9] * len(KILLED_AFTER)
    assert all(count >= least for (_, count), least in zip(killed, KILLED_AFTER, strict=True))
    before = records(tmp_path)
    assert len(before) < COUNT
    reused = {}
    table = sampled(tmp_path, lambda task, kept: reused.update({task.file: kept}), workers=1)
    assert reused == {file: file in before for file in records(tmp_path)}
    assert {file: when for file, when in records(tmp_path).items() if file in before} == before
    pd.testing.assert_frame_equal(table, undisturbed, check_exact=True)


@pytest.mark.whole
@fault
def test_a_study_on_a_cluster_that_loses_a_worker_has_the_table_of_one_here(undisturbed, cluster, tmp_path) -> None:
    address, processes = cluster
    table = sampled(tmp_path / "study", lambda task, kept: processes["one"].kill(), scheduler=address)
    assert processes["one"].wait() == -9
    pd.testing.assert_frame_equal(table, undisturbed, check_exact=True)
