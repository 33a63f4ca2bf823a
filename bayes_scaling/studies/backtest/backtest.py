"""Fit what was known before a year, predict what was published from then on, and count how often that was right."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bayes_scaling.common.files import BACKTEST_SCORES, BACKTEST_SETTINGS, BACKTEST_TABLE, plain_name
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import fit_fingerprint, fit_with
from bayes_scaling.inference.result import summary_of
from bayes_scaling.inference.settings import SEED, Settings, checked, checked_seed
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.backtest.forecasts import Record, posterior_forecast, published_forecast, scored
from bayes_scaling.studies.backtest.result import FORECAST, KEYS, Backtest
from bayes_scaling.studies.backtest.splits import (
    FIRST,
    LAST,
    SPECIFICATIONS,
    Forecaster,
    Split,
    check_cuts,
    cut_at,
    forecasters,
)
from bayes_scaling.studies.directory import StudyDirectory
from bayes_scaling.studies.study import Plan, Study, kept_in
from bayes_scaling.tables import load_evaluations
from bayes_scaling.tables.columns import is_runs

SETTINGS = Settings(tune=1000)
"""Of the first attempt at each fit."""
CAREFUL_ACCEPT = 0.99
"""Target acceptance of a second fit where the first did not converge: with few evaluations before an early cut, a
posterior has corners that only short steps reach."""
FORECASTS = "forecasts"  # folder of a backtest's directory


@dataclass(frozen=True)
class Task:
    """One forecaster at one cut."""

    forecaster: Forecaster
    split: Split
    settings: Settings
    seed: int

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the record."""
        fitted = fit_fingerprint(self.forecaster.specification, self.split.before, self.settings, self.seed)
        later = self.split.later.to_csv(float_format="%.17g")
        decides = (fitted, self.forecaster.method, careful(self.settings), self.split.unseen, later)
        return hashlib.sha256(" ".join(map(str, decides)).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Forecaster and cut."""
        return f"{self.forecaster.name}, {self.split.cut}"

    @property
    def file(self) -> str:
        """Name of the record's file."""
        return f"{plain_name(self.forecaster.name)}-{self.split.cut}-{self.fingerprint[:16]}.json"


def work(task: Task) -> bytes:
    """Make one forecast and score it; the function that runs in workers."""
    start = time.perf_counter()
    forecaster, split, settings = task.forecaster, task.split, task.settings
    converged = True
    if forecaster.method == "posterior":
        found = fit_with(forecaster.specification, split.before, settings, task.seed, cores=1)
        if not found.diagnostics.converged:
            found = fit_with(forecaster.specification, split.before, careful(settings), task.seed, cores=1)
        forecast = posterior_forecast(found, split)
        converged, note = found.diagnostics.converged, "; ".join(found.diagnostics.failures)
    else:
        forecast = published_forecast(forecaster.specification, split, forecaster.method, task.seed)
        note = forecast.note
    return Record(
        forecaster=forecaster.name,
        cut=split.cut,
        scores=scored(forecast, split),
        converged=converged,
        note=note,
        before=len(split.before),
        unseen=split.unseen,
        seconds=time.perf_counter() - start,
    ).to_bytes()


def careful(settings: Settings) -> Settings:
    """Settings of a second fit, from those of the first."""
    return replace(settings, tune=2 * settings.tune, target_accept=max(CAREFUL_ACCEPT, settings.target_accept))


def planned(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path = SPECIFICATIONS,
    evaluations: pd.DataFrame | None = None,
    *,
    cuts: Sequence[int] = tuple(range(FIRST, LAST + 1)),
    settings: Settings = SETTINGS,
    seed: int = SEED,
) -> Plan[Task]:
    """Forecasts by name that a table allows; arguments and errors as of :func:`backtest`."""
    settings, seed = checked(settings), checked_seed(seed)
    check_cuts(cuts)
    table = load_evaluations() if evaluations is None else evaluations
    if is_runs(table):
        raise BayesScalingError(
            "a backtest needs dates, and training runs have none; give a table of evaluations (bs.load_evaluations)"
        )
    asked = forecasters(specifications)
    for one in asked:
        make_rows(one.specification, table)  # refuses a table without what the specification needs
    tasks: dict[str, Task] = {}
    skipped: dict[str, str] = {}
    for cut in sorted(cuts):
        try:
            split = cut_at(table, cut)
        except BayesScalingError as error:
            skipped[str(cut)] = str(error)
            continue
        for one in asked:
            try:
                fitted = make_rows(one.specification, split.before)
                make_rows(one.specification, split.both, predictors=fitted.predictors)  # refuses levels not fitted
            except BayesScalingError as error:
                skipped[f"{one.name}, {cut}"] = str(error)
            else:
                tasks[f"{one.name}, {cut}"] = Task(one, split, settings, seed)
    if not tasks:
        raise BayesScalingError(f"no cut year can be used: {'; '.join(skipped.values())}")
    return Plan(tasks, skipped)


def backtest(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path = SPECIFICATIONS,
    evaluations: pd.DataFrame | None = None,
    *,
    cuts: Sequence[int] = tuple(range(FIRST, LAST + 1)),
    directory: str | Path | None = None,
    settings: Settings = SETTINGS,
    seed: int = SEED,
    workers: int | None = None,
    scheduler: str | None = None,
    on_done: Callable[[str, bool], None] = lambda name, reused: None,
) -> Backtest:
    r"""Fit evaluations published before a year, and predict those published from then on.

    .. math:: p(y_i \mid y_{<Y}) =
        \iint p(y_i \mid \theta, u)\, \mathrm{N}(u \mid 0, \tau^2)\, p(\theta \mid y_{<Y})\, du\, d\theta

    Parameters
    ----------
    specifications
        Names in the catalogue, files, or specifications, or one of these; the first is what all others are compared
        with, and is also fitted without progress. The paper's model 7 is always fitted the paper's way beside them: its
        estimate with its residual variance, and its bootstrap.
    evaluations
        By default the paper's 231 (:func:`bayes_scaling.load_evaluations`).
    cuts
        Years Y.
    directory, settings, seed, workers, scheduler
        As for :func:`bayes_scaling.compare`.
    on_done
        Called with the forecaster and cut of each forecast as it ends, and whether it had been finished before.

    Returns
    -------
    Backtest
        ``scores``: each evaluation predicted, by each forecaster at each cut; ``by_cut`` and ``summary``: coverage of
        50%, 90% and 95% central predictive intervals, log scores and CRPS.

    Raises
    ------
    BayesScalingError
        For unknown specifications, cuts that are no years or leave nothing, or a table that lacks what a
        specification needs; before anything is sampled.

    Notes
    -----
    Later evaluations are of papers that were not fitted, whose effect is integrated out. Those on benchmarks without a
    fitted evaluation are not predicted, and counted. Missing vocabularies and epochs, in specifications that use
    them, are filled from their benchmark's evaluations, later ones among them. Sizes and dates of the later systems
    are taken as known: what is predicted is how low the loss of a system of given size and date is.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> result = bs.backtest(cuts=[2019, 2020], directory="runs/backtest")  # doctest: +SKIP
    >>> result.summary()[["covered_90", "log_score"]]  # doctest: +SKIP
    """
    plan = planned(specifications, evaluations, cuts=cuts, settings=settings, seed=seed)
    with kept_in(directory) as place:
        study = Study(place, FORECASTS, work, Record.from_bytes)
        records = study.run(
            plan.tasks, on_done=lambda task, reused: on_done(task.name, reused), workers=workers, scheduler=scheduler
        )
    return Backtest.of(
        list(records.values()),
        skipped=plan.skipped,
        evaluations=summary_of(load_evaluations() if evaluations is None else evaluations),
        settings=settings,
        seed=seed,
        set_aside=study.set_aside,
    )


def load_backtest(directory: str | Path) -> Backtest:
    """Read a backtest that ``bayes-scaling backtest --output DIRECTORY`` has finished.

    Parameters
    ----------
    directory
        With ``backtest.json``, ``backtest.csv`` and ``scores.csv``.

    Returns
    -------
    Backtest
        As :func:`bayes_scaling.backtest` returned it.

    Raises
    ------
    BayesScalingError
        If a file is missing, damaged, or of another run; the message names it and says what to do.

    Examples
    --------
    >>> result = load_backtest("runs/backtest-reference-ho2024")  # doctest: +SKIP
    >>> result.summary()[["covered_90", "log_score"]]  # doctest: +SKIP
    """
    files = StudyDirectory(directory, "backtest", BACKTEST_SETTINGS, BACKTEST_TABLE)
    table = files.csv(BACKTEST_TABLE, ("horizon", "forecaster", "note"))
    scores = files.csv(BACKTEST_SCORES, ("forecaster", "id", "paper", "benchmark"))
    try:
        forecasts = table.drop_duplicates(KEYS).set_index(KEYS)[list(FORECAST)]
        result = Backtest(scores.set_index([*KEYS, "id"]), forecasts, **files.about(Backtest))
        pd.testing.assert_frame_equal(result.table, table.set_index(["horizon", *KEYS]), check_dtype=False, rtol=1e-9)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        reason = f"with {BACKTEST_SCORES}: {str(error).partition(chr(10))[0]}"
        raise files.damaged(reason, BACKTEST_TABLE) from None
    return result
