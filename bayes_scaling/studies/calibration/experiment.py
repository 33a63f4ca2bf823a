"""Simulations: values put in, losses simulated, a posterior fitted, and where the values lie in it; many, resumable."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from xarray import Dataset

from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.attempts import Attempted, attempt
from bayes_scaling.inference.diagnostics import Diagnostics, elements
from bayes_scaling.inference.fitting import document_fingerprint, table_digest
from bayes_scaling.inference.settings import Settings
from bayes_scaling.inference.simulation import LARGEST_LOSS, plausible_draw, quantities_at
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.study import Study, kept_in

KEPT = 100
"""Draws of a posterior among which a true value is ranked, evenly spaced, so that they are nearly independent."""


def ranks_of(truth: Mapping[str, Floats], posterior: Dataset, kept: int = KEPT) -> dict[str, int]:
    """How many of ``kept`` evenly spaced posterior draws lie below each true value, by name such as ``level[ptb]``."""
    spaced = np.linspace(0, posterior.sizes["chain"] * posterior.sizes["draw"] - 1, kept).round().astype(int)
    return {
        element: int((draws.to_numpy().ravel()[spaced] < true).sum())
        for name, value in truth.items()
        for (element, draws), true in zip(elements(posterior[[name]]), np.ravel(value), strict=True)
    }


QUICK = Settings(draws=500, tune=500, chains=4, target_accept=0.9, attempts=1, maxdepth=9)
CAREFUL = replace(QUICK, draws=1000, target_accept=0.95, attempts=2)
"""Settings of a first attempt, and of a further one where its ranks can't be trusted."""
RHAT_MAX, ESS_MIN, UNSTEADY_MAX = 1.03, 150, 0.005
"""What a rank among 100 draws needs: less than a fit that is reported needs."""


@dataclass(frozen=True)
class Simulation:
    """What one simulation found; ``redrawn``: tables thrown away before it (``plausible_draw``)."""

    ranks: Mapping[str, int]
    converged: bool
    rhat_max: float
    ess_min: float
    restarted: int
    redrawn: int
    seconds: float


def simulate_once(specification: Specification, table: pd.DataFrame, seed: int, number: int) -> Simulation:
    """Simulate from the priors, fit and rank: decided by seed and number; the sampler starts from the number alone."""
    design = make_rows(specification, table)
    values, simulated, redrawn = plausible_draw(specification, design, {}, np.random.default_rng([seed, number]))
    found, seconds = fit_losses(specification, table, simulated.response, number)
    posterior = found.data["posterior"].to_dataset()
    truth = quantities_at(specification, design, values)
    return Simulation(
        ranks=ranks_of({name: value for name, value in truth.items() if name in posterior}, posterior),
        converged=trusted(found.diagnostics),
        rhat_max=found.diagnostics.rhat_max,
        ess_min=min(found.diagnostics.ess_bulk_min, found.diagnostics.ess_tail_min),
        restarted=found.diagnostics.restarted,
        redrawn=redrawn,
        seconds=seconds,
    )


def fit_losses(specification: Specification, table: pd.DataFrame, losses: Floats, seed: int) -> tuple[Attempted, float]:
    """Fit simulated losses at a table's design, with more care where chains do not agree; and seconds of sampling."""
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


BATCH = 10  # simulations of one task: a worker compiles once for each structure that it meets


@dataclass(frozen=True)
class Batch:
    """Numbers for each of which a worker calls ``once``, which returns a dataclass of plain data."""

    once: Callable[[int], Any]
    key: str
    """Of everything that decides the results."""
    numbers: range

    @property
    def file(self) -> str:
        """Name of the file that keeps the results."""
        return f"{self.key} {self.numbers[0]}-{self.numbers[-1]}.json"


def work(batch: Batch) -> bytes:
    """Do a batch; the function that runs in workers."""
    return json.dumps([asdict(batch.once(number)) for number in batch.numbers]).encode()


def run_numbered[Found](
    kind: type[Found],
    asked: Mapping[str, Callable[[int], Found]],
    count: int,
    *,
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> dict[str, tuple[Found, ...]]:
    """Call each function (by the key of all that decides it) with numbers from 0 on, in batches that are kept."""
    starts = range(0, count, BATCH)
    batches = [
        Batch(once, key, range(first, min(first + BATCH, count))) for key, once in asked.items() for first in starts
    ]
    done: list[int] = []

    def counted(batch: Batch, reused: bool) -> None:
        done.append(len(batch.numbers))
        on_done(sum(done))

    with kept_in(directory) as place:
        study = Study(place, "", work, lambda content: [kind(**one) for one in json.loads(content)])
        found = study.run({batch.file: batch for batch in batches}, on_done=counted, workers=workers)
    return {key: tuple(one for batch in batches if batch.key == key for one in found[batch.file]) for key in asked}


def calibration_fingerprint(specification: Specification, table: pd.DataFrame) -> str:
    """SHA-256 of everything that decides ranks but the seed: specification, priors, design, settings."""
    more = {"truth": {}, "kept": KEPT, "largest_loss": LARGEST_LOSS}
    return design_fingerprint(specification, specification, table, more)


def design_fingerprint(
    simulated: Specification, fitted: Specification, table: pd.DataFrame, more: Mapping[str, Any]
) -> str:
    """SHA-256 of all that decides fits of simulations: specifications with priors, design, settings and ``more``."""
    document = {
        "simulated": specification_document(simulated),
        "fitted": specification_document(fitted),
        "table": table_digest(table, simulated, fitted),
        # Of runs of stated length: the effective draws wanted do not decide them.
        "settings": [
            {name: value for name, value in asdict(each).items() if name != "effective_draws"}
            for each in (QUICK, CAREFUL)
        ],
    }
    return document_fingerprint(document | dict(more))


def specification_document(specification: Specification) -> dict[str, Any]:
    """A specification and all its priors as plain data, without names and texts."""
    document = {key: value for key, value in specification.to_dict().items() if key not in ("title", "reference")}
    return document | {"priors": {p.name: str(specification.prior_of(p.name)) for p in specification.parameters()}}
