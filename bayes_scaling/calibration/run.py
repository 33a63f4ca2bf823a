"""Run simulations: several at once, resumable, each finished batch kept."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayes_scaling.calibration.experiment import CAREFUL, QUICK, Experiment, Simulation, simulate_once
from bayes_scaling.calibration.ranks import KEPT
from bayes_scaling.calibration.settings import SIMULATIONS
from bayes_scaling.calibration.simulation import LARGEST_LOSS
from bayes_scaling.inference.settings import SEED, Settings
from bayes_scaling.jobs.executors import run_tasks
from bayes_scaling.jobs.store import Store
from bayes_scaling.specifications.specification import Specification

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

BATCH = 10
"""Simulations of one task: a worker compiles once for each structure that it meets."""


def run_experiment(
    experiment: Experiment,
    simulations: int = SIMULATIONS,
    *,
    seed: int = SEED,
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> tuple[Simulation, ...]:
    """Simulate and fit as often as asked; see :func:`run_numbered`."""
    return run_numbered(
        partial(simulate_once, experiment, seed),
        Simulation,
        f"{experiment_fingerprint(experiment)[:16]} seed={seed}",
        simulations,
        directory=directory,
        workers=workers,
        on_done=on_done,
    )


def run_numbered[Found: "DataclassInstance"](
    once: Callable[[int], Found],
    kind: type[Found],
    key: str,
    count: int,
    *,
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> tuple[Found, ...]:
    """Do something with each number from 0 on, in batches that are kept as they are done.

    Returns tuple: in order; independent of workers and interruptions.

    Parameters
    ----------
    once
        What is done with a number; can be sent to another process.
    kind
        Dataclass of plain data that it returns.
    key
        Of everything that decides the results: begins the names of kept batches.
    count
        How many numbers.
    directory
        Keeps finished batches; the same call with the same directory resumes. By default nothing is kept.
    workers
        Processes; by default one a core. In a script, calls belong under ``if __name__ == "__main__":``.
    on_done
        Called with the number of those that are done.
    """

    def read(content: bytes) -> list[Found]:
        return [kind(**one) for one in json.loads(content)]

    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch if directory is None else directory))
        found: dict[int, list[Found]] = {}
        todo: dict[str, Any] = {}
        for first in range(0, count, BATCH):
            numbers = range(first, min(first + BATCH, count))
            name = f"{key} {numbers[0]}-{numbers[-1]}.json"
            kept = store.read(name, read)
            if kept is None:
                todo[name] = (once, numbers)
            else:
                found[first] = kept

        def keep(name: str, batch: list[Found]) -> None:
            store.write(name, json.dumps([asdict(one) for one in batch]).encode())
            found[todo[name][1][0]] = batch
            on_done(sum(map(len, found.values())))

        run_tasks(_batch, todo, on_done=keep, workers=workers)
    return tuple(one for first in sorted(found) for one in found[first])


def experiment_fingerprint(experiment: Experiment) -> str:
    """SHA-256 of what decides the ranks of an experiment: specifications with their priors, design, truth, settings."""
    return design_fingerprint(
        experiment.simulated,
        experiment.fitted,
        experiment.table,
        {
            "truth": {name: value for name, value in experiment.truth.items()},
            "kept": KEPT,
            "largest_loss": LARGEST_LOSS,
        },
    )


def _deciding(settings: Settings) -> dict[str, Any]:
    """Settings that decide a run of stated length, so that the effective draws wanted do not."""
    return {name: value for name, value in asdict(settings).items() if name != "effective_draws"}


def design_fingerprint(
    simulated: Specification, fitted: Specification, table: pd.DataFrame, more: Mapping[str, Any]
) -> str:
    """SHA-256 of both specifications with their priors, the design, the settings of fits, and what else decides."""
    document = {
        "simulated": specification_document(simulated),
        "fitted": specification_document(fitted),
        "table": hashlib.sha256(table.to_csv(float_format="%.17g").encode()).hexdigest(),
        "settings": [_deciding(QUICK), _deciding(CAREFUL)],
    }
    return hashlib.sha256(json.dumps(document | dict(more), sort_keys=True).encode()).hexdigest()


def specification_document(specification: Specification) -> dict[str, Any]:
    """A specification and all its priors as plain data, without names and texts."""
    document = specification.to_dict()
    for text in ("title", "reference"):
        document.pop(text)
    return document | {"priors": {p.name: str(specification.prior_of(p.name)) for p in specification.parameters()}}


def _batch(task: tuple[Callable[[int], Any], Sequence[int]]) -> list[Any]:
    once, numbers = task
    return [once(number) for number in numbers]
