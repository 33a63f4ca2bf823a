"""Recovery of known progress: simulate stated doubling times, fit right and wrong specifications, count coverage."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from xarray import DataTree

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import groups_of_table, rows_of
from bayes_scaling.inference.fitting import fit
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SEED
from bayes_scaling.inference.simulation import prior_of, simulated_rows
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.doubling import averaged
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR, interval_points, months_to_double
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.calibration.experiment import design_fingerprint, fit_losses, run_numbered, trusted
from bayes_scaling.studies.calibration.result import coverage_table
from bayes_scaling.studies.calibration.settings import LEAST, PROBABILITY, SIMULATIONS

NO_PROGRESS = math.inf  # a doubling time without bound


class Split(StrEnum):
    """How simulated growth is split between parameters and data, of which a table says little."""

    DRAWN = "drawn"
    """The difference of the two rates is that of a posterior draw, as all other parameters are."""
    EVEN = "even"
    """Both rates are the same."""


@dataclass(frozen=True, eq=False)
class KnownProgress:
    """The specification simulated from, its true values (rates that all rows share), and the one fitted."""

    simulated: Specification
    fitted: Specification
    table: pd.DataFrame = field(repr=False)
    truths: tuple[Mapping[str, list[float]], ...] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the intervals but the seed: specifications with priors, design, truths, settings."""
        more = {"truths": self.truths, "probability": PROBABILITY}
        return design_fingerprint(self.simulated, self.fitted, self.table, more)


@dataclass(frozen=True)
class Recovered:
    """One simulation's posterior of ``g_C``, log units a year; the interval is 90% equal-tailed."""

    median: float
    lower: float
    upper: float
    converged: bool
    seconds: float


def stated_truths(
    fit: Fit, months: float, count: int, split: Split = Split.DRAWN
) -> tuple[dict[str, list[float]], ...]:
    r"""Evenly spaced posterior draws, with both sampled rates moved so that effective compute doubles in ``months``.

    What moves is :math:`g_C`, averaged over the table's rows as a fit reports it, to :math:`12 \ln 2 / \text{months}`
    (0 for infinite ones). It is linear in the two sampled rates; the difference of what they add to it stays.
    """
    specification = fit.specification
    names = [parameter.name for parameter in specification.parameters()]
    rates = [name for name in names if name.removesuffix(specification.progress.form.suffix) in ("g_N", "g_D")]
    if len(rates) < 2 or any(map(specification.index_of, rates)):
        raise BayesScalingError(
            f"'{specification.name}' has no rates g_N and g_D that all rows share, which could be set to a doubling "
            "time; choose a specification with constant rates, such as ho2024/07"
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
    rows, ones, none = rows_of(fit.data, specification), np.ones((count, 1)), np.zeros((count, 1))

    def pace(*of: Floats) -> Floats:
        """Average g_C at these rates, shape ``(count, 1)``."""
        found = prior_of(specification, rows, drawn | dict(zip(rates, of, strict=True)))
        return averaged(specification, fit.data, found["g_C"]).reshape(count, 1)

    each = pace(ones, none), pace(none, ones)
    added = [drawn[rate] * one for rate, one in zip(rates, each, strict=True)]
    apart = (added[0] - added[1]) / 2 if split is Split.DRAWN else none
    drawn |= dict(zip(rates, ((half + apart) / each[0], (half - apart) / each[1]), strict=True))
    return tuple({name: value[number].tolist() for name, value in drawn.items()} for number in range(count))


def recover(
    studies: Sequence[KnownProgress], simulations: int, *, seed: int = SEED, **where: Any
) -> list[tuple[Recovered, ...]]:
    """Simulate and fit once for each truth; see :func:`bayes_scaling.studies.calibration.experiment.run_numbered`."""
    keys = [f"{each.fingerprint[:16]} stated seed={seed}" for each in studies]
    asked = {key: partial(recover_once, each, seed) for key, each in zip(keys, studies, strict=True)}
    found = run_numbered(Recovered, asked, simulations, **where)
    return [found[key] for key in keys]


def recover_once(study: KnownProgress, seed: int, number: int) -> Recovered:
    """Simulate, fit, and read off the interval; the same seed and number give the same result wherever it is run."""
    rng = np.random.default_rng([seed, number])
    design = make_rows(study.simulated, study.table)
    values = {name: np.asarray(value, dtype=float) for name, value in study.truths[number].items()}
    losses = simulated_rows(study.simulated, design, values, rng).response
    found, seconds = fit_losses(study.fitted, study.table, losses, number)
    fitted = DataTree.from_dict(groups_of_table(study.fitted, make_rows(study.fitted, study.table), study.table))
    draws = averaged(study.fitted, fitted, found.data["posterior"].to_dataset()["g_C"])
    median, lower, upper = map(float, np.quantile(draws, interval_points(PROBABILITY)))
    return Recovered(median, lower, upper, trusted(found.diagnostics), seconds)


STUDY = ("question", "simulated", "fitted", "months")
"""Columns that name a study."""


@dataclass(frozen=True)
class Question:
    """A pair of specifications, the doubling times simulated, how growth is split, and what is asked by it."""

    text: str
    simulated: str
    fitted: str
    months: tuple[float, ...]
    split: Split = Split.DRAWN


ALL_TRUTHS = (6.0, 12.0, 24.0, NO_PROGRESS)
ONE_AND_NONE = (12.0, NO_PROGRESS)
QUESTIONS = (
    Question("the right specification", "ho2024/07", "ho2024/07", ALL_TRUTHS),
    Question("the right specification, the recommended one", "reference", "reference", ALL_TRUTHS),
    Question("the right specification, effects of papers", "steps/1-irreducible", "steps/1-irreducible", ALL_TRUTHS),
    Question("the right specification, growth split evenly", "ho2024/07", "ho2024/07", ALL_TRUTHS, Split.EVEN),
    Question("an irreducible loss, fitted without", "robustness/irreducible", "ho2024/07", ONE_AND_NONE),
    Question("tokens seen count, fitted with unique ones", "robustness/tokens-seen-imputed", "ho2024/07", ONE_AND_NONE),
    Question("papers share an effect, fitted as independent", "robustness/papers", "ho2024/07", ONE_AND_NONE),
)


def recover_stated(
    evaluations: pd.DataFrame,
    simulations: int = SIMULATIONS,
    *,
    questions: tuple[Question, ...] = QUESTIONS,
    seed: int = SEED,
    **where: Any,
) -> pd.DataFrame:
    """Simulate known doubling times at a table's design, and keep each simulation's interval, one a row.

    The table's own losses only decide, by a posterior, the other parameters. ``where``: ``directory``, ``workers`` and
    ``on_done``, as :func:`bayes_scaling.studies.calibration.experiment.run_numbered` takes them.
    """
    if simulations < LEAST:
        raise BayesScalingError(f"simulations must be at least {LEAST}, not {simulations}")
    posteriors = {
        name: fit(load_specification(name), evaluations, seed=seed)
        for name in dict.fromkeys(question.simulated for question in questions)
    }
    asked = [(question, months) for question in questions for months in question.months]
    studies = [
        KnownProgress(
            posteriors[question.simulated].specification,
            load_specification(question.fitted),
            evaluations,
            stated_truths(posteriors[question.simulated], months, simulations, question.split),
        )
        for question, months in asked
    ]
    found = recover(studies, simulations, seed=seed, **where)
    parts = [
        dict(zip(STUDY, (question.text, question.simulated, question.fitted, months), strict=True)) | asdict(one)
        for (question, months), each in zip(asked, found, strict=True)
        for one in each
    ]
    return pd.DataFrame(parts)


def planned(simulations: int, questions: tuple[Question, ...] = QUESTIONS) -> int:
    """How many simulations all questions take."""
    return simulations * sum(len(question.months) for question in questions)


def stated_coverage(intervals: pd.DataFrame) -> pd.DataFrame:
    """By study: share of intervals that hold the true doubling time, its exact 95% interval, and average answers."""
    rows = []
    for key, group in intervals.groupby(list(STUDY), sort=False, dropna=False):
        named: Mapping[str, object] = dict(zip(STUDY, key, strict=True))
        truth = MONTHS_PER_YEAR * math.log(2) / float(str(named["months"]))
        (held,) = coverage_table(group.assign(truth=truth, of=0).set_index("of"), PROBABILITY).to_dict("records")
        ends = {name: float(months_to_double(np.asarray(group[name].mean()))) for name in ("median", "lower", "upper")}
        rows.append(
            dict(named)
            | {"simulations": len(group), "covered": held["covered"]}
            | {"covered_lower": held["lower"], "covered_upper": held["upper"]}
            | {"median_months": ends["median"], "lower_months": ends["upper"], "upper_months": ends["lower"]}
            | {"progress": float((group["lower"] > 0).mean()), "unconverged": held["unconverged"]}
        )
    return pd.DataFrame(rows)
