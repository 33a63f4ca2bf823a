"""A study whose tasks are fits with their scores: variants of specifications, each on its own table or all on one."""

import math
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.common.files import FITS, SCORES, plain_name
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import fit_fingerprint, fit_with
from bayes_scaling.inference.result import Fit, finished_fit, read_fit, summary_of, sweep_file
from bayes_scaling.inference.settings import Settings
from bayes_scaling.studies.comparison.elpd import ERRORS, Record, score
from bayes_scaling.studies.comparison.variants import Variant
from bayes_scaling.studies.directory import StudyDirectory
from bayes_scaling.studies.store import Store
from bayes_scaling.studies.study import Study, kept_in


@dataclass(frozen=True)
class Task:
    """A variant to fit to a table and to score; ``fitted`` holds a fit that an earlier run has finished."""

    variant: Variant
    evaluations: pd.DataFrame
    unit: str
    settings: Settings
    seed: int
    refits: str
    fitted: bytes | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Of the fit."""
        return fit_fingerprint(self.variant.specification, self.evaluations, self.settings, self.seed)

    @property
    def fit_file(self) -> str:
        """Name of the fit's file; those of one fingerprint are one fit."""
        return sweep_file(self.variant.specification.name, self.fingerprint)

    @property
    def file(self) -> str:
        """Name of the score's file."""
        kind = f"{self.unit}-refit-{self.refits}"
        return f"{plain_name(self.variant.specification.name)}-{kind}-{self.fingerprint[:16]}.json"


def work(task: Task) -> tuple[bytes | None, bytes]:
    """Fit and score one variant on one core; gives the files of the fit, None if it was given, and of the record."""
    start = time.perf_counter()
    variant = task.variant
    if task.fitted is None:
        found = fit_with(variant.specification, task.evaluations, task.settings, task.seed, cores=1)
        content: bytes | None = found.to_bytes()
    else:
        found, content = read_fit(task.fitted, variant.name), None
    refits = task.refits if found.diagnostics.converged else "none"  # no ranks for it, so no refits
    elpd = score(found, task.unit, refits=refits, cores=1)
    earlier = found.seconds["total"] if task.fitted is not None else 0.0
    record = Record.of(variant.model, variant.label, found, elpd, earlier + time.perf_counter() - start)
    return content, record.to_bytes()


class Sweep(Study[Task, Record]):
    """Fits and scores, in two folders of a directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, SCORES, work, Record.from_bytes)
        self.fits = Store(directory / FITS)

    def kept(self, task: Task) -> Record | None:
        """A score whose fit is there too."""
        return super().kept(task) if task.fit_file in self.fits else None

    def begin(self, task: Task) -> Task:
        """With a finished fit of its fingerprint, from this directory or copied from one beside it."""
        content = self.fits.read(task.fit_file, lambda content: (read_fit(content, "fit"), content)[1])
        if content is None:
            found = finished_fit(task.fingerprint, self.directory)
            if found is not None:
                content = found[1]
                self.fits.write(task.fit_file, content)
        return replace(task, fitted=content)

    def keep(self, task: Task, answer: tuple[bytes | None, bytes]) -> Record:
        """Written fit first, so that each score has its fit."""
        fit, record = answer
        if fit is not None:
            self.fits.write(task.fit_file, fit)
        return super().keep(task, record)

    def fit(self, task: Task) -> Fit:
        """A finished fit."""
        found = self.fits.read(task.fit_file, lambda content: read_fit(content, task.variant.name))
        if found is None:
            raise BayesScalingError(f"the fit of {task.variant.name} has gone from the directory; run the same again")
        return found

    def about(self, tasks: Mapping[str, Task]) -> dict[str, Any]:
        """What a result records of its fits; its table is that of the first."""
        first = next(iter(tasks.values()))
        return {
            "evaluations": summary_of(first.evaluations),
            "settings": first.settings,
            "seed": first.seed,
            "fingerprints": {name: task.fingerprint for name, task in tasks.items()},
            "set_aside": self.set_aside,
        }

    @property
    def set_aside(self) -> tuple[tuple[str, str], ...]:
        """Of both folders."""
        return (*((str(path), reason) for path, reason in self.fits.set_aside), *super().set_aside)


@contextmanager
def swept(
    tasks: Mapping[str, Task], directory: str | Path | None, on_done: Callable[[Variant, bool], None], **engine: Any
) -> Iterator[tuple[Sweep, dict[str, Record]]]:
    """A finished sweep and its records by name; a directory that nobody asked for goes when the context ends."""
    with kept_in(directory) as place:
        sweep = Sweep(place)
        yield sweep, sweep.run(tasks, on_done=lambda task, reused: on_done(task.variant, reused), **engine)


def record_of(files: StudyDirectory, name: str, unit: str, said: Mapping[Hashable, Any]) -> Record:
    """The record behind a row of a table; runs that differ in refits share a directory."""
    fingerprint = files.fingerprints[name]
    found = sorted((files.directory / SCORES).glob(f"*-{unit}-refit-*-{fingerprint[:16]}.json"))
    if not found:
        raise files.missing(f"the score of {name}", SCORES, fingerprint)
    faults = []
    for path in found:
        try:
            record = Record.from_bytes(path.read_bytes())
            row = record.row
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            faults.append(f"{SCORES}/{path.name}: {type(error).__name__}: {error}")
        else:
            told = said.keys() - set(ERRORS)  # which tables of earlier versions lack
            if all(_same(value, said[column]) for column, value in row.items() if column in told):
                return record
    if len(faults) == len(found):
        raise BayesScalingError(f"{files.directory}: can't be read: {'; '.join(faults)}; {files.again}")
    raise BayesScalingError(
        f"{files.directory}: the table and {SCORES}/{found[0].name} say different things of {name}: one of them was "
        f"changed, or is of another run; {files.again}"
    )


def _same(found: Any, said: Any) -> bool:
    """Whether values are equal, numbers up to the order of a sum; NaN equals NaN."""
    if isinstance(found, float):
        return math.isclose(found, said, rel_tol=1e-9) or (math.isnan(found) and math.isnan(said))
    return bool(found == said)
