"""Fit and score many variants: what is finished is read from the store, the rest runs wherever there is room."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.scoring import score
from bayes_scaling.comparison.variants import Variant
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.files import plain_name
from bayes_scaling.inference.finished import finished_fit, sweep_file
from bayes_scaling.inference.fitting import fit_fingerprint, fit_with
from bayes_scaling.inference.result import Fit, read_fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.jobs.executors import run_tasks
from bayes_scaling.jobs.store import Store
from bayes_scaling.result_files import FITS, SCORES


@dataclass(frozen=True)
class Task:
    """One variant to fit and score; ``fitted`` holds a fit that an earlier run has finished."""

    variant: Variant
    evaluations: pd.DataFrame
    unit: str
    settings: Settings
    seed: int
    refits: str
    fitted: bytes | None


@dataclass(frozen=True)
class Done:
    """Files that a task has made: the fit (None if it was given) and the record."""

    fit: bytes | None
    record: bytes


def work(task: Task) -> Done:
    """Fit and score one variant on one core; the function that runs in workers, here or on other machines."""
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
    return Done(content, record.to_bytes())


class Sweep:
    """Variants on one table or each on its own, with a directory that keeps what is finished.

    Parameters
    ----------
    variants
        What is fitted; no two of one name.
    evaluations
        The table of all variants, or one for each, by the variant's name.
    directory
        Where fits and scores are kept; runs that share it share what is finished.
    unit
        Of cross-validation.
    settings, seed
        Of the first attempt of each fit.
    refits
        As for :func:`bayes_scaling.compare`.
    """

    def __init__(
        self,
        variants: Sequence[Variant],
        evaluations: pd.DataFrame | Mapping[str, pd.DataFrame],
        directory: Path,
        *,
        unit: str,
        settings: Settings,
        seed: int,
        refits: str,
    ) -> None:
        self.variants = tuple(variants)
        if isinstance(evaluations, pd.DataFrame):
            evaluations = {variant.name: evaluations for variant in self.variants}
        self.evaluations = evaluations
        self.directory = directory
        self.fits = Store(directory / FITS)
        self.scores = Store(directory / SCORES)
        self.unit = unit
        self.settings = settings
        self.seed = seed
        self.refits = refits
        self.fingerprints = {
            each.name: fit_fingerprint(each.specification, evaluations[each.name], settings, seed)
            for each in self.variants
        }

    def run(
        self,
        *,
        workers: int | None = None,
        scheduler: str | None = None,
        on_done: Callable[[Variant, bool], None] = lambda variant, reused: None,
    ) -> list[Record]:
        """Do what is not done yet, and return one record a variant, in order.

        Parameters
        ----------
        workers, scheduler
            As for :func:`bayes_scaling.compare`.
        on_done
            Called with each variant as it ends, and whether it had been finished before.
        """
        by_name = {variant.name: variant for variant in self.variants}
        records: dict[str, Record] = {}
        tasks: dict[str, Task] = {}
        for variant in self.variants:
            record = self.scores.read(self._score_file(variant), Record.from_bytes)
            if record is not None:
                records[variant.name] = record
                on_done(variant, True)
                continue
            found = self.fits.read(self._fit_file(variant), lambda content: (read_fit(content, "fit"), content)[1])
            found = found or self._finished_elsewhere(variant)
            table = self.evaluations[variant.name]
            tasks[variant.name] = Task(variant, table, self.unit, self.settings, self.seed, self.refits, found)

        def finished(name: str, done: Done) -> None:
            variant = by_name[name]
            if done.fit is not None:
                self.fits.write(self._fit_file(variant), done.fit)
            self.scores.write(self._score_file(variant), done.record)
            records[name] = Record.from_bytes(done.record)
            on_done(variant, False)

        if tasks:
            run_tasks(work, tasks, on_done=finished, workers=workers, scheduler=scheduler)
        return [records[variant.name] for variant in self.variants]

    def _finished_elsewhere(self, variant: Variant) -> bytes | None:
        """A fit of the same fingerprint in a directory beside this one, which then is this one's as well."""
        fingerprint = self.fingerprints[variant.name]
        found = finished_fit(variant.specification.name, fingerprint, self.directory)
        if found is None:
            return None
        self.fits.write(self._fit_file(variant), found[1])
        return found[1]

    def fit(self, variant: Variant) -> Fit:
        """A finished fit."""
        found = self.fits.read(self._fit_file(variant), lambda content: read_fit(content, variant.name))
        if found is None:
            raise BayesScalingError(f"the fit of {variant.name} has gone from the directory; run the same again")
        return found

    @property
    def set_aside(self) -> list[tuple[Path, str]]:
        """Files of the directory that could not be read, where they are now, and why."""
        return [*self.fits.set_aside, *self.scores.set_aside]

    def _fit_file(self, variant: Variant) -> str:
        return sweep_file(variant.specification.name, self.fingerprints[variant.name])

    def _score_file(self, variant: Variant) -> str:
        kind = f"{self.unit}-refit-{self.refits}"
        return f"{plain_name(variant.specification.name)}-{kind}-{self.fingerprints[variant.name][:16]}.json"
