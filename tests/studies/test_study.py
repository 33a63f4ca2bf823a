"""Named work with one directory: done once, kept as it ends, read where it is there."""

from dataclasses import dataclass
from pathlib import Path

import pytest

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
        assert place.is_dir()
    assert not place.exists()
    with kept_in(tmp_path) as place:
        assert place == tmp_path
    assert tmp_path.is_dir()
