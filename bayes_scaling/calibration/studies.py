"""How often intervals of the doubling time hold a stated truth: with the right specification, and with wrong ones."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_scaling.calibration.settings import LEAST, PROBABILITY, SIMULATIONS
from bayes_scaling.calibration.stated import NO_PROGRESS, Recovered, Split, Study, recover, stated_truths
from bayes_scaling.calibration.uniformity import coverage_table
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import fit
from bayes_scaling.inference.settings import SEED
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR, months_to_double
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification

STUDY = ("question", "simulated", "fitted", "months")
"""Columns that name a study."""


@dataclass(frozen=True)
class Question:
    """A pair of specifications, the doubling times that are put in, how growth is split, and what that asks."""

    text: str
    simulated: str
    fitted: str
    months: tuple[float, ...]
    split: Split = Split.DRAWN


ALL_TRUTHS = (6.0, 12.0, 24.0, NO_PROGRESS)
ONE_AND_NONE = (12.0, NO_PROGRESS)
QUESTIONS = (
    Question("the right specification", "ho2024/07", "ho2024/07", ALL_TRUTHS),
    Question("the right specification, recommended", DEFAULT_SPECIFICATION, DEFAULT_SPECIFICATION, ALL_TRUTHS),
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
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> pd.DataFrame:
    """Put known doubling times in, and keep each simulation's interval.

    Returns one row a simulation: :data:`STUDY`, and the posterior of ``g_C`` (log units a year): ``median``, ``lower``,
    ``upper`` (90% equal-tailed), ``converged``, ``seconds``. Raises BayesScalingError if there are no simulations to
    do, or a specification that losses should come from does not fit the table.

    Parameters
    ----------
    evaluations
        The design: sizes, dates and groups are used. Its own losses only tell which levels, exponents and noise go with
        it: other parameters are draws of the posterior of the specification that is simulated from.
    simulations
        Of each question and doubling time.
    questions
        What is asked; by default :data:`QUESTIONS`.
    seed, directory, workers, on_done
        As for :func:`bayes_scaling.calibrate`.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = recover_stated(bs.load_evaluations(), 200)  # doctest: +SKIP
    >>> stated_coverage(found)  # doctest: +SKIP
    """
    if simulations < LEAST:
        raise BayesScalingError(f"simulations must be at least {LEAST}, not {simulations}")
    parts, done = [], 0
    for question in questions:
        posterior = fit(load_specification(question.simulated), evaluations, seed=seed)
        for months in question.months:
            study = Study(
                posterior.specification,
                load_specification(question.fitted),
                months,
                evaluations,
                stated_truths(posterior, months, simulations, question.split),
            )
            counted = partial(_add, on_done, done)
            found = recover(study, seed=seed, directory=directory, workers=workers, on_done=counted)
            done += len(found)
            on_done(done)
            parts.append(_rows(question, months, found))
    return pd.concat(parts, ignore_index=True)


def _add(on_done: Callable[[int], None], before: int, done: int) -> None:
    on_done(before + done)


def planned(simulations: int, questions: tuple[Question, ...] = QUESTIONS) -> int:
    """How many simulations that will be."""
    return simulations * sum(len(question.months) for question in questions)


def _rows(question: Question, months: float, found: tuple[Recovered, ...]) -> pd.DataFrame:
    named = dict(zip(STUDY, (question.text, question.simulated, question.fitted, months), strict=True))
    return pd.DataFrame([named | asdict(one) for one in found])


def stated_coverage(intervals: pd.DataFrame) -> pd.DataFrame:
    r"""Share of intervals that hold the doubling time that was put in, and what the fits say on average.

    .. math:: T_C = 12 \ln 2 / g_C

    Returns one row a study: :data:`STUDY`; ``simulations``; ``covered`` with its own exact 95% interval
    ``covered_lower``, ``covered_upper``; ``median_months`` (of the average of the medians' rates), ``lower_months`` and
    ``upper_months`` (of the average of the intervals' ends); ``progress``, the share of intervals that lie above 0;
    ``unconverged``. All simulations count, converged or not.

    Parameters
    ----------
    intervals
        See :func:`recover_stated`.

    Examples
    --------
    >>> one = {"question": "q", "simulated": "a", "fitted": "a", "months": 12.0, "median": 0.7, "lower": 0.4}
    >>> row = stated_coverage(pd.DataFrame([one | {"upper": 1.0, "converged": True}])).iloc[0]
    >>> float(row["covered"]), round(float(row["median_months"]), 1)
    (1.0, 11.9)
    """
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
