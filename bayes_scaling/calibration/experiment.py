"""One simulation: values put in, losses simulated, a posterior fitted, and where the values lie in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.calibration.ranks import ranks_of
from bayes_scaling.calibration.simulation import plausible_draw, quantities_at
from bayes_scaling.inference.attempts import Attempted, attempt
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import Rows, make_rows
from bayes_scaling.specifications.specification import Specification

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
        Quantity to rank of its true value among posterior draws; see :func:`bayes_scaling.calibration.ranks.ranks_of`.
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
