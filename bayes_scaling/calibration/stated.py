"""Known progress put in, a specification fitted, and whether its interval holds what was put in."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_scaling.calibration.experiment import at_levels, fit_losses, trusted
from bayes_scaling.calibration.run import design_fingerprint, run_numbered
from bayes_scaling.calibration.settings import PROBABILITY
from bayes_scaling.calibration.simulation import simulated_rows
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SEED
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR
from bayes_scaling.specifications.specification import Specification

NO_PROGRESS = math.inf
"""A doubling time without bound."""


class Split(StrEnum):
    """How growth that is put in is split between parameters and data, which a table tells little of."""

    DRAWN = "drawn"
    """The difference of the two rates is that of a posterior draw, as all other parameters are."""
    EVEN = "even"
    """Both rates are the same."""


@dataclass(frozen=True, eq=False)
class Study:
    """What is put in, and what is fitted.

    Parameters
    ----------
    simulated
        The specification that losses come from, with rates ``g_N`` and ``g_D`` that all rows share.
    fitted
        The specification that is fitted: the same, or one that leaves out what matters.
    months
        Doubling time of effective compute that is put in; :data:`NO_PROGRESS` for none.
    table
        The design.
    truths
        Parameters of ``simulated`` to their values, one mapping a simulation; see :func:`stated_truths`.
    """

    simulated: Specification
    fitted: Specification
    months: float
    table: pd.DataFrame = field(repr=False)
    truths: tuple[Mapping[str, list[float]], ...] = field(repr=False)


@dataclass(frozen=True)
class Recovered:
    """One simulation's posterior of ``g_C``, log units a year.

    Parameters
    ----------
    median, lower, upper
        Of the posterior; the interval is 90% equal-tailed.
    converged
        Whether chains agreed well enough; see :func:`bayes_scaling.calibration.experiment.trusted`.
    seconds
        Of sampling.
    """

    median: float
    lower: float
    upper: float
    converged: bool
    seconds: float


def stated_truths(
    fit: Fit, months: float, count: int, split: Split = Split.DRAWN
) -> tuple[dict[str, list[float]], ...]:
    r"""Values to simulate from: draws of a posterior, with growth of effective compute put to what is stated.

    .. math:: g_N + g_D = \frac{12 \ln 2}{T_C}

    Raises BayesScalingError if the fit has not converged, or its specification has no rates ``g_N`` and ``g_D`` that
    all rows share.

    Parameters
    ----------
    fit
        Of the specification that losses will come from, to the table whose design is used: its draws say which levels,
        exponents and noise go with that table.
    months
        :math:`T_C`; infinite for no progress.
    count
        How many; evenly spaced among the draws.
    split
        Of growth between the two rates: their difference as drawn, so that only their sum is put to what is stated, or
        none.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.load_fit("runs/reference")  # doctest: +SKIP
    >>> stated_truths(fit, 12.0, 200, Split.EVEN)[0]["g_N"]  # doctest: +SKIP
    [0.34657359027997264]
    """
    specification = fit.specification
    names = [parameter.name for parameter in specification.parameters()]
    if not {"g_N", "g_D"} <= set(names) or any(specification.index_of(name) for name in ("g_N", "g_D")):
        raise BayesScalingError(
            f"'{specification.name}' has no rates g_N and g_D that all rows share, to which a doubling time could be "
            "put; choose a specification with constant rates, such as ho2024/07"
        )
    if not fit.diagnostics.converged:
        raise BayesScalingError(
            f"'{specification.name}' on {fit.evaluations.name} has not converged, so its draws can't stand for truths"
        )
    posterior = fit.data["posterior"].to_dataset()
    size = posterior.sizes["chain"] * posterior.sizes["draw"]
    spaced = np.linspace(0, size - 1, count).round().astype(int)
    half = MONTHS_PER_YEAR * math.log(2) / months / 2
    drawn = {name: posterior[name].to_numpy().reshape(size, -1)[spaced] for name in names}
    apart = (drawn["g_N"] - drawn["g_D"]) / 2 if split is Split.DRAWN else np.zeros((count, 1))
    drawn |= {"g_N": half + apart, "g_D": half - apart}
    return tuple({name: value[number].tolist() for name, value in drawn.items()} for number in range(count))


def recover(
    study: Study,
    *,
    seed: int = SEED,
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> tuple[Recovered, ...]:
    """Simulate and fit once for each truth; see :func:`bayes_scaling.calibration.run.run_numbered`."""
    return run_numbered(
        partial(recover_once, study, seed),
        Recovered,
        f"{study_fingerprint(study)[:16]} stated seed={seed}",
        len(study.truths),
        directory=directory,
        workers=workers,
        on_done=on_done,
    )


def recover_once(study: Study, seed: int, number: int) -> Recovered:
    """Simulate, fit, and read off the interval; the same seed and number give the same result wherever it is run."""
    rng = np.random.default_rng([seed, number])
    design = make_rows(study.simulated, study.table)
    values = at_levels(study.simulated, design, study.truths[number])
    losses = simulated_rows(study.simulated, design, values, rng).response
    found, seconds = fit_losses(study.fitted, study.table, losses, number)
    tail = (1 - PROBABILITY) / 2
    lower, median, upper = np.quantile(found.data["posterior"]["g_C"].to_numpy(), [tail, 0.5, 1 - tail])
    return Recovered(float(median), float(lower), float(upper), trusted(found.diagnostics), seconds)


def study_fingerprint(study: Study) -> str:
    """SHA-256 of what decides the intervals of a study: specifications with priors, design, truths, settings."""
    more = {"truths": study.truths, "probability": PROBABILITY}
    return design_fingerprint(study.simulated, study.fitted, study.table, more)
