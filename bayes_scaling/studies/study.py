"""Tasks whose results are files of one directory: finished ones are read, the others run here or on a cluster."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bayes_scaling.studies.executors import run_tasks
from bayes_scaling.studies.store import Store


class Task(Protocol):
    """A piece of work, as plain data that can be sent to a worker."""

    @property
    def file(self) -> str:
        """Name of the file of its record, with the fingerprint of all that decides it."""


@dataclass(frozen=True)
class Plan[T: Task]:
    """Tasks by the name of their case, two of which may share one; and what can't be done, with the reason."""

    tasks: Mapping[str, T]
    skipped: Mapping[str, str]

    @property
    def count(self) -> int:
        """How many tasks there are."""
        return len({task.file for task in self.tasks.values()})


class Study[T: Task, Found]:
    """Tasks whose records are files of one folder; runs that share a directory share what is finished.

    ``work``: what a worker does with a task; gives what :meth:`keep` takes. Where ``read`` fails, the task is done
    again.
    """

    def __init__(self, directory: Path, folder: str, work: Callable[[T], Any], read: Callable[[bytes], Found]) -> None:
        self.directory, self.records = directory, Store(directory / folder)
        self._work, self._read = work, read

    def run(
        self,
        tasks: Mapping[str, T],
        *,
        on_done: Callable[[T, bool], None],
        workers: int | None = None,
        scheduler: str | None = None,
    ) -> dict[str, Found]:
        """Do what is not done yet, in order; ``on_done`` gets each task, and whether it had been finished before."""
        found: dict[str, Found] = {}
        todo: dict[str, T] = {}
        for file, task in {task.file: task for task in tasks.values()}.items():
            kept = self.kept(task)
            if kept is None:
                todo[file] = self.begin(task)
            else:
                found[file] = kept
                on_done(task, True)

        def finished(file: str, answer: Any) -> None:
            found[file] = self.keep(todo[file], answer)
            on_done(todo[file], False)

        if todo:
            run_tasks(self._work, todo, on_done=finished, workers=workers, scheduler=scheduler)
        return {name: found[task.file] for name, task in tasks.items()}

    def kept(self, task: T) -> Found | None:
        """What an earlier run has found; None if the task has to be done."""
        return self.records.read(task.file, self._read)

    def begin(self, task: T) -> T:
        """The task as it is sent to a worker."""
        return task

    def keep(self, task: T, answer: Any) -> Found:
        """Write what a worker has answered."""
        self.records.write(task.file, answer)
        return self._read(answer)

    @property
    def set_aside(self) -> tuple[tuple[str, str], ...]:
        """Files of the directory that could not be read, where they are now, and why."""
        return tuple((str(path), reason) for path, reason in self.records.set_aside)


@contextmanager
def kept_in(directory: str | Path | None) -> Iterator[Path]:
    """The directory given, or a temporary one, alone in its parent so that no other run's results lie beside it."""
    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory(dir=alone) as scratch:
        yield Path(scratch if directory is None else directory)
