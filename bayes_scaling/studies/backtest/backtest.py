"""Fit what was known before a year, or a part of a ladder of runs; predict the rest, count how often it is right."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.classical.chinchilla_objective import HuberObjective
from bayes_scaling.common.files import BACKTEST_SCORES, BACKTEST_SETTINGS, BACKTEST_TABLE, plain_name
from bayes_scaling.common.formatting import counted
from bayes_scaling.common.strict_json import records
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
    LADDERS,
    LAST,
    Forecaster,
    Split,
    check_cuts,
    cut_at,
    forecasters,
    held_out,
)
from bayes_scaling.studies.directory import StudyDirectory, recorded
from bayes_scaling.studies.study import Plan, Study, kept_in
from bayes_scaling.tables import load_evaluations
from bayes_scaling.tables.columns import is_runs
from bayes_scaling.tables.plausibility import require_plausible
from bayes_scaling.tables.soundness import as_table

CUTS = tuple(range(FIRST, LAST + 1))
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
        return f"{plain_name(f'{self.forecaster.name}-{self.split.cut}')[:60]}-{self.fingerprint[:16]}.json"


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
    specifications: Sequence[Specification | str | Path] | Specification | str | Path | None = None,
    evaluations: pd.DataFrame | None = None,
    *,
    cuts: Sequence[int] = CUTS,
    hold_out: str | None = None,
    best_of: Sequence[str] = (),
    settings: Settings = SETTINGS,
    seed: int = SEED,
) -> Plan[Task]:
    """Forecasts by name that a table allows; arguments and errors as of :func:`backtest`."""
    settings, seed = checked(settings), checked_seed(seed)
    check_cuts(cuts)
    table = load_evaluations() if evaluations is None else as_table(evaluations)
    runs = is_runs(table)
    if runs != isinstance(hold_out, str) or (not runs and (hold_out is not None or best_of)):
        raise BayesScalingError(
            'training runs are cut by what is held out: --hold-out "flop > 1e20" (in Python hold_out=), or one of '
            f"{', '.join(LADDERS)}; evaluations are cut by date, and have no hold-out"
        )
    asked = forecasters(specifications, runs=runs)
    for one in asked:
        make_rows(one.specification, table)  # refuses a table without what the specification needs
    tasks: dict[str, Task] = {}
    skipped: dict[str, str] = {}
    splits = held_out(table, hold_out, best_of) if hold_out is not None else _cut_by_year(table, cuts, skipped)
    for split in splits:
        for one in asked:
            name = f"{one.name}, {split.cut}"
            try:
                fitted = make_rows(one.specification, split.before)
                make_rows(one.specification, split.both, predictors=fitted.predictors)  # refuses levels not fitted
                require_plausible(split.before, one.specification.used_columns)
                if runs and one.method in ("estimate", "bootstrap"):
                    HuberObjective.of(split.before)  # refuses runs of one size
            except BayesScalingError as error:
                skipped[name] = str(error)
            else:
                tasks[name] = Task(one, split, settings, seed)
    if not tasks:
        what = "what is left by the hold-out can't be fitted" if runs else "no cut year can be used"
        raise BayesScalingError(f"{what}: {'; '.join(dict.fromkeys(skipped.values()))}")
    return Plan(tasks, skipped)


def in_words(plan: Plan[Task]) -> str:
    """What a plan will fit, for a reader who is about to wait for it."""
    tasks = plan.tasks.values()
    sampled = [task for task in tasks if task.forecaster.method == "posterior"]
    names = ", ".join(dict.fromkeys(task.forecaster.name for task in sampled))
    cuts, rows = {task.split.cut for task in tasks}, {len(task.split.before) for task in tasks}
    few, most = min(rows), max(rows)
    return (
        f"{counted(len(sampled), 'posterior')} to sample ({names}; {counted(len(cuts), 'cut')} of the table, fitted "
        f"rows: {most if few == most else f'{few} to {most}'}), each up to some minutes, and "
        "again in smaller steps where it does not converge; beside them "
        f"{counted(plan.count - len(sampled), 'forecast')} by point estimates and bootstraps"
    )


def _cut_by_year(table: pd.DataFrame, cuts: Sequence[int], skipped: dict[str, str]) -> Iterator[Split]:
    """Splits of evaluations at the years that can be used."""
    for cut in sorted(cuts):
        try:
            yield cut_at(table, cut)
        except BayesScalingError as error:
            skipped[str(cut)] = str(error)


def backtest(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path | None = None,
    evaluations: pd.DataFrame | None = None,
    *,
    cuts: Sequence[int] = CUTS,
    hold_out: str | None = None,
    best_of: Sequence[str] = (),
    directory: str | Path | None = None,
    settings: Settings = SETTINGS,
    seed: int = SEED,
    workers: int | None = None,
    scheduler: str | None = None,
    on_done: Callable[[str, bool], None] = lambda name, reused: None,
) -> Backtest:
    r"""Fit evaluations published before a year or a part of a ladder of training runs, and predict the rest.

    .. math:: p(y_i \mid y_{<Y}) =
        \iint p(y_i \mid \theta, u)\, \mathrm{N}(u \mid 0, \tau^2)\, p(\theta \mid y_{<Y})\, du\, d\theta

    Parameters
    ----------
    specifications
        Names in the catalogue, files, or specifications, or one of these; the first is what all others are compared
        with, and is also fitted without progress. By default ``reference`` and ``ho2024/07``, of runs ``chinchilla``
        and ``runs/discrepancy``. Published point estimates stand beside them: of evaluations the paper's model 7, its
        estimate with its residual variance, and its bootstrap; of runs the same two of Chinchilla's law by its Huber
        loss, and a power law of compute by least squares.
    evaluations
        By default the paper's 231 (:func:`bayes_scaling.load_evaluations`); or training runs.
    cuts
        Years Y.
    hold_out
        Of training runs, which are predicted from the others: an expression in columns but the loss, as
        :func:`bayes_scaling.rows_where` takes it (``"flop > 1e20"``, ``"parameters > 1e9"``); ``"largest"``, the
        largest budget of compute; ``"largest:5"``, the five runs with most; ``"each"``, every budget in turn;
        ``"growing"``, all above a budget from it and those below, for up to six budgets. Budgets are more than 10%
        apart.
    best_of
        Of training runs, columns of which :func:`bayes_scaling.best_of` keeps the best run, on each side by itself.
    directory, settings, seed, workers, scheduler
        As for :func:`bayes_scaling.compare`.
    on_done
        Called with the forecaster and cut of each forecast as it ends, and whether it had been finished before.

    Returns
    -------
    Backtest
        ``scores``: each row predicted, by each forecaster at each cut, of runs with its ``domain``; ``by_cut`` and
        ``summary``: errors, coverage of 50%, 90% and 95% central predictive intervals, log scores and CRPS.

    Raises
    ------
    BayesScalingError
        For unknown specifications, cuts that are no years or leave nothing, runs without a hold-out, one that can't be
        read or leaves nothing to fit or to predict, or a table that lacks what a specification needs; before anything
        is sampled.

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
    >>> ladder = bs.backtest("chinchilla", bs.load_runs(), hold_out="flop > 1e21")  # doctest: +SKIP
    >>> ladder.predictions[["observed", "median", "lower_90", "upper_90", "domain"]]  # doctest: +SKIP
    """
    table = load_evaluations() if evaluations is None else as_table(evaluations)
    asked: dict[str, Any] = {"cuts": cuts, "hold_out": hold_out, "best_of": best_of, "settings": settings, "seed": seed}
    plan = planned(specifications, table, **asked)
    with kept_in(directory) as place:
        study = Study(place, FORECASTS, work, Record.from_bytes)
        records = study.run(
            plan.tasks, on_done=lambda task, reused: on_done(task.name, reused), workers=workers, scheduler=scheduler
        )
    return Backtest.of(
        list(records.values()),
        skipped=plan.skipped,
        evaluations=summary_of(table),
        settings=settings,
        seed=seed,
        set_aside=study.set_aside,
    )


def backtest_json(result: Backtest) -> bytes:
    """`backtest.json`: averages, settings, seed, versions, what was skipped, and of runs every prediction."""
    return recorded(
        result,
        cuts=result.cuts,
        summary={horizon: result.summary(horizon).to_dict("index") for horizon in result.horizons},
        converged=int(result.forecasts["converged"].sum()),
        forecasts=len(result.forecasts),
        **({"predictions": records(result.predictions)} if result.evaluations.kind == "runs" else {}),
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
    texts = ["horizon", "forecaster", "note", "id", "paper", "benchmark", "reach", "domain"]
    texts += ["cut"] if files.about(Backtest)["evaluations"].kind == "runs" else []
    table, scores = files.csv(BACKTEST_TABLE, texts), files.csv(BACKTEST_SCORES, texts)
    try:
        forecasts = table.drop_duplicates(KEYS).set_index(KEYS)[list(FORECAST)]
        result = Backtest(scores.set_index([*KEYS, "id"]), forecasts, **files.about(Backtest))
        pd.testing.assert_frame_equal(result.table, table.set_index(["horizon", *KEYS]), check_dtype=False, rtol=1e-9)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        reason = f"with {BACKTEST_SCORES}: {str(error).partition(chr(10))[0]}"
        raise files.damaged(reason, BACKTEST_TABLE) from None
    return result
