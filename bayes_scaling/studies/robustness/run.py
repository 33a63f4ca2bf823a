"""Plan the robustness cases that a table allows, run them, and read a run back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.common.files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_seed
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.against_published import rate_interval
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.rates import interval_attrs
from bayes_scaling.studies.comparison.compare import LEAST_UNITS
from bayes_scaling.studies.comparison.elpd import DOUBLING, ERRORS, Record
from bayes_scaling.studies.comparison.sweep import Task, record_of, swept
from bayes_scaling.studies.comparison.variants import Variant, expand
from bayes_scaling.studies.directory import StudyDirectory, recorded
from bayes_scaling.studies.robustness.cases import BASELINE, Case, chosen
from bayes_scaling.studies.robustness.result import (
    ALL_DATES,
    COLUMNS,
    RATES,
    Robustness,
    robustness_table,
    rows_in_words,
    with_rates,
)
from bayes_scaling.studies.study import Plan
from bayes_scaling.tables import load_evaluations
from bayes_scaling.tables.soundness import require_sound

UNIT, REFITS = "evaluation", "none"  # of cross-validation, without refits, which would take far longer than the fits


def planned(
    evaluations: pd.DataFrame | None = None,
    cases: Sequence[str] | None = None,
    settings: Settings = DEFAULT,
    seed: int = SEED,
) -> Plan[Task]:
    """Fits of the cases that a table allows, in order, the baseline first; arguments and errors as of `robustness`."""
    settings, seed = checked(settings), checked_seed(seed)
    standard = load_evaluations()
    table = standard if evaluations is None else evaluations
    require_sound(table)
    tasks: dict[str, Task] = {}
    skipped: dict[str, str] = {}
    for case in chosen(cases, table):
        try:
            variant, rows = _fitted(case, table, paper=table.equals(standard))
        except BayesScalingError as error:
            if case.name == BASELINE:
                raise
            skipped[case.name] = str(error)
        else:
            tasks[case.name] = Task(variant, rows, UNIT, settings, seed, REFITS)
    return Plan(tasks, skipped)


def _fitted(case: Case, table: pd.DataFrame, *, paper: bool) -> tuple[Variant, pd.DataFrame]:
    """A case's variant and rows; errors say why there are none."""
    if case.table is not None and not paper:
        raise BayesScalingError(f"it is fitted to the packaged table '{case.table}', and shown beside the paper's only")
    whole = table if case.table is None else load_evaluations(case.table)
    rows = whole if case.select is None else case.select(whole)
    if case.select is not None and len(rows) == len(whole):
        raise BayesScalingError("its selection keeps every row of the table, so it is the same as without")
    if len(rows) < LEAST_UNITS:
        raise BayesScalingError(f"it needs at least {LEAST_UNITS} evaluations, and the table has {len(rows)}")
    (variant,) = expand([case.specification], [case.delta])
    make_rows(variant.specification, rows)  # refuses rows that lack what the specification needs
    selection = rows_in_words(rows, table)
    return replace(variant, label=f"{variant.label}, {selection}"), rows


def _order(task: Task) -> tuple[bool, int]:
    """The slowest first: posteriors under the paper's penalty, which have several modes, and then by size."""
    specification = task.variant.specification
    return specification.delta is None, -len(specification.parameters()) * len(task.evaluations)


def robustness(
    evaluations: pd.DataFrame | None = None,
    *,
    cases: Sequence[str] | None = None,
    directory: str | Path | None = None,
    settings: Settings = DEFAULT,
    seed: int = SEED,
    workers: int | None = None,
    scheduler: str | None = None,
    on_done: Callable[[Variant, bool], None] = lambda variant, reused: None,
) -> Robustness:
    r"""Find out how the doubling time depends on the choices of an analysis.

    Fits the paper's robustness cases, and some of ours, and compares the doubling time of effective compute of each,

    .. math:: T_C = 12 \ln 2 / g_C,

    with the published one.

    Parameters
    ----------
    evaluations
        By default the paper's 231 (:func:`bayes_scaling.load_evaluations`). On another table, cases that need columns
        or rows which it lacks are skipped, with the reason; so are those of our collected table.
    cases
        Names (:func:`bayes_scaling.studies.robustness.cases.cases_of`); by default all. The baseline is always run.
    directory, settings, seed, workers, scheduler, on_done
        As for :func:`bayes_scaling.compare`.

    Returns
    -------
    Robustness
        ``table``, one row a case: median and 95% equal-tailed interval in months (mapped from those of the rate),
        probability of progress, difference in elpd from the baseline where a case has exactly its rows, published
        counterpart.

    Raises
    ------
    BayesScalingError
        For an unknown case, or a table that does not allow the baseline; before anything is sampled.

    Notes
    -----
    Leave-one-out by evaluation, with importance sampling and moment matching but no refits: ``pareto_k_bad`` counts
    the terms that would need one. Published cases: Ho et al. 2024 (arXiv 2403.05812), appendices E, H and I, Table 5
    and notebooks.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> result = bs.robustness(cases=["irreducible", "papers"], directory="runs/robustness")  # doctest: +SKIP
    >>> result.table[["compute_doubling_months_median", "published_months"]]  # doctest: +SKIP
    """
    plan = planned(evaluations, cases, settings, seed)
    asked = [case for case in chosen(cases, evaluations) if case.name in plan.tasks]
    in_order = dict(sorted(plan.tasks.items(), key=lambda item: _order(item[1])))
    with swept(in_order, directory, on_done, workers=workers, scheduler=scheduler) as (sweep, records):
        times, rates = {}, {}
        for case in asked:  # one fit in memory at a time
            fit = sweep.fit(plan.tasks[case.name])
            times[case.name] = _times(case, records[case.name], fit)
            rates[case.name] = rate_interval(fit, case.era)
        return Robustness(
            table=robustness_table(asked, plan.tasks, records, times, rates),
            skipped=plan.skipped,
            directory=None if directory is None else Path(directory),
            **sweep.about(plan.tasks),
        )


def _times(case: Case, record: Record, fit: Fit) -> Mapping[Any, float]:
    """Doubling time and probability of progress of a case, or of its era."""
    return record.doubling if case.era is None else doubling_times(fit, by="era").to_dict("index")["compute", case.era]


def robustness_json(result: Robustness) -> bytes:
    """`robustness.json`: settings, seed, fingerprints, versions, and what was skipped."""
    return recorded(
        result,
        baseline=BASELINE,
        cases=len(result.table),
        converged=int(result.table["converged"].sum()),
        interval=interval_attrs(),
        unit=UNIT,
        refits=REFITS,
    )


def load_robustness(directory: str | Path) -> Robustness:
    """Read a robustness run that ``bayes-scaling robustness --output DIRECTORY`` has finished.

    Parameters
    ----------
    directory
        With ``robustness.json``, ``robustness.csv`` and the folders ``fits`` and ``scores``.

    Returns
    -------
    Robustness
        As :func:`bayes_scaling.robustness` returned it. Each case's record must say what the table says, and each fit
        must have the fingerprint that was recorded; intervals of rates are read off the fits.

    Raises
    ------
    BayesScalingError
        If a file is missing, damaged, or of another run; the message names it and says what to do.

    Examples
    --------
    >>> result = load_robustness("runs/robustness-ho2024")  # doctest: +SKIP
    >>> result.table.loc["baseline", "compute_doubling_months_median"]  # doctest: +SKIP
    10.2
    """
    files = StudyDirectory(directory, "robustness", ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE)
    table = files.table("case", COLUMNS, later=(*RATES, *ERRORS))
    if BASELINE not in table.index:
        raise files.damaged(f"no row is called {BASELINE!r}", ROBUSTNESS_TABLE)
    rates = {}
    for name, row in table.to_dict("index").items():
        era = None if row["era"] == ALL_DATES else row["era"]
        apart = () if era is None else DOUBLING.values()  # of an era, no record has them
        record_of(files, str(name), UNIT, {column: value for column, value in row.items() if column not in apart})
        try:
            rates[str(name)] = rate_interval(files.fit(str(name)), era)
        except (KeyError, ValueError) as error:
            raise files.damaged(f"{name}: era {era!r}: {error}", ROBUSTNESS_TABLE) from None
    return Robustness(table=with_rates(table, rates), **files.about(Robustness))


def check_same_table(result: Robustness, fit: Fit) -> None:
    """Refuse a robustness run of another table than a fit's, by row ids and responses where its fits were kept."""
    mine, other = asdict(fit.evaluations), asdict(result.evaluations)
    differing = [name for name, value in mine.items() if value != other[name]]
    if not differing and result.directory is not None:
        ours, theirs = _responses(fit), _responses(result.fit(BASELINE))
        differing = ["row ids"] if ours.keys() != theirs.keys() else ["responses"] if ours != theirs else []
    if differing:
        raise BayesScalingError(
            f"the robustness run on '{result.evaluations.name}' is not of the table of this fit, "
            f"'{fit.evaluations.name}': they differ in {', '.join(differing)}; run `bayes-scaling robustness` on the "
            "fit's table, or leave the run out"
        )


def _responses(fit: Fit) -> dict[str, tuple[float, ...]]:
    """What was fitted, by row id."""
    columns = [column.to_numpy().tolist() for column in fit.data["observed_data"].to_dataset().data_vars.values()]
    ids = map(str, fit.data["constant_data"]["evaluation"].to_numpy())
    return dict(zip(ids, zip(*columns, strict=True), strict=True))
