"""Simulations: values put in, losses simulated, a posterior fitted, and where the values lie in it; many, resumable."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from xarray import Dataset

from bayes_scaling.calibration.settings import SIMULATIONS
from bayes_scaling.calibration.simulation import LARGEST_LOSS, plausible_draw, quantities_at
from bayes_scaling.inference.attempts import Attempted, attempt
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.settings import SEED, Settings
from bayes_scaling.jobs.executors import run_tasks
from bayes_scaling.jobs.store import Store
from bayes_scaling.model.rows import Rows, make_rows
from bayes_scaling.specifications.specification import Specification

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


Floats = NDArray[np.float64]

KEPT = 100
"""Draws of a posterior among which a true value is ranked, evenly spaced, so that they are nearly independent."""


def ranks_of(truth: Mapping[str, Floats], posterior: Dataset, kept: int = KEPT) -> dict[str, int]:
    """How many of some evenly spaced posterior draws lie below each true value.

    Returns dict of str to int: from 0 to ``kept``; an element of a vector is named by its labels, such as
    ``level[ptb]``.

    Parameters
    ----------
    truth
        Name to value, of the shape that the posterior's variable has beside ``chain`` and ``draw``.
    posterior
        Draws.
    kept
        How many draws are used.

    Examples
    --------
    >>> import xarray as xr
    >>> posterior = Dataset({"g": (("chain", "draw"), [[0.0, 1.0], [2.0, 3.0]])})
    >>> ranks_of({"g": np.array(1.5)}, posterior, kept=4)
    {'g': 2}
    """
    found = {}
    for name, value in truth.items():
        draws = posterior[name].stack(sample=("chain", "draw")).transpose("sample", ...)  # noqa: PD013
        spaced = np.linspace(0, draws.sizes["sample"] - 1, kept).round().astype(int)
        below = (draws.to_numpy()[spaced] < value).sum(axis=0)
        for position, rank in np.ndenumerate(below):
            labels = [str(draws[dim].to_numpy()[i]) for dim, i in zip(draws.dims[1:], position, strict=True)]
            found[f"{name}[{', '.join(labels)}]" if labels else name] = int(rank)
    return found


QUICK = Settings(draws=500, tune=500, chains=4, target_accept=0.9, attempts=1, maxdepth=9)
CAREFUL = replace(QUICK, draws=1000, target_accept=0.95, attempts=2)
"""Settings of a first attempt, and of a further one where its ranks can't be trusted."""
RHAT_MAX, ESS_MIN, UNSTEADY_MAX = 1.03, 150, 0.005
"""What a rank among 100 draws needs: less than a fit that is reported needs."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """What is simulated, and what is fitted to it.

    Parameters
    ----------
    simulated
        The specification that losses come from.
    fitted
        The specification that is fitted; the same, unless the harm of a wrong one is to be seen.
    table
        The design: an evaluations table or training runs, whose own losses are not used.
    truth
        Parameters of ``simulated`` at stated values (numbers, or lists over levels); what is not stated is drawn from
        its prior, anew in each simulation.
    """

    simulated: Specification
    fitted: Specification
    table: pd.DataFrame
    truth: Mapping[str, Any]


@dataclass(frozen=True)
class Simulation:
    """What one simulation found.

    Parameters
    ----------
    ranks
        Quantity to rank of its true value among posterior draws; see :func:`ranks_of`.
    converged
        Whether ranks can be trusted: R-hat at most 1.03, 150 effective draws, under 0.5% of transitions diverged or cut
        off.
    rhat_max, ess_min, restarted
        Of the fit.
    redrawn
        Tables thrown away before this one; see :func:`bayes_scaling.calibration.simulation.plausible_draw`.
    seconds
        Of sampling.
    """

    ranks: Mapping[str, int]
    converged: bool
    rhat_max: float
    ess_min: float
    restarted: int
    redrawn: int
    seconds: float


def simulate_once(experiment: Experiment, seed: int, number: int) -> Simulation:
    """Simulate, fit and rank; the same seed and number give the same result wherever it is run.

    ``seed`` and ``number`` are of the simulated table; the sampler starts from ``number`` alone.
    """
    rng = np.random.default_rng([seed, number])
    design = make_rows(experiment.simulated, experiment.table)
    truth = at_levels(experiment.simulated, design, experiment.truth)
    values, simulated, redrawn = plausible_draw(experiment.simulated, design, truth, rng)
    found, seconds = fit_losses(experiment.fitted, experiment.table, simulated.response, number)
    return Simulation(
        ranks=_ranks(experiment, design, values, found),
        converged=trusted(found.diagnostics),
        rhat_max=found.diagnostics.rhat_max,
        ess_min=min(found.diagnostics.ess_bulk_min, found.diagnostics.ess_tail_min),
        restarted=found.diagnostics.restarted,
        redrawn=redrawn,
        seconds=seconds,
    )


def fit_losses(
    specification: Specification, table: pd.DataFrame, losses: NDArray[np.float64], seed: int
) -> tuple[Attempted, float]:
    """Fit simulated losses at a table's design, again and with more care where chains do not agree; and seconds."""
    rows = replace(make_rows(specification, table), response=losses)
    found = attempt(specification, rows, QUICK, seed, cores=1)
    if trusted(found.diagnostics):
        return found, found.sample_seconds
    again = attempt(specification, rows, CAREFUL, seed, cores=1)
    return again, found.sample_seconds + again.sample_seconds


def trusted(found: Diagnostics) -> bool:
    """Whether chains agree well enough for a rank among a hundred draws."""
    return (
        found.rhat_max <= RHAT_MAX
        and min(found.ess_bulk_min, found.ess_tail_min) >= ESS_MIN
        and found.divergences + found.maxdepth <= UNSTEADY_MAX * found.draws
    )


def at_levels(specification: Specification, design: Rows, truth: Mapping[str, Any]) -> dict[str, Any]:
    """Stated values of parameters, one a level of the group that a parameter varies by."""
    stated = {}
    for name, value in truth.items():
        group = specification.index_of(name)
        levels = 1 if group is None else len(design.levels[group])
        stated[name] = np.broadcast_to(np.asarray(value, dtype=float), levels)
    return stated


def _ranks(experiment: Experiment, design: Rows, values: Mapping[str, Any], found: Attempted) -> dict[str, int]:
    posterior = found.data["posterior"].to_dataset()
    truth = quantities_at(experiment.simulated, design, values)
    shared = {
        name: value
        for name, value in truth.items()
        if name in posterior and posterior[name].shape[2:] == np.shape(value)
    }
    return ranks_of(shared, posterior)


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
    directory, workers, on_done
        As for :func:`bayes_scaling.calibrate`.
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
