"""Run the robustness cases, or read a run back: one sweep, one store, one table."""

import math
import tempfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.reading import SweepDirectory, same
from bayes_scaling.comparison.sweep import Sweep
from bayes_scaling.comparison.variants import Variant
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_seed
from bayes_scaling.published import PublishedDoubling
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.rate_widths import Ends, rate_interval
from bayes_scaling.result_files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.robustness_cases.cases import BASELINE, Case
from bayes_scaling.robustness_cases.result import (
    ALL_DATES,
    COLUMNS,
    Plan,
    Robustness,
    planned,
    rate_columns,
    robustness_table,
)

UNIT, REFITS = "evaluation", "none"
"""Of cross-validation. Refits would take far longer than the fits; ``pareto_k_bad`` counts the terms that need one."""


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
    r"""Find out whether the doubling time depends on what was chosen.

    Fits the paper's robustness cases, and some of ours, and puts the doubling time of effective compute of each,

    .. math:: T_C = 12 \ln 2 / g_C,

    beside the published one.

    Parameters
    ----------
    evaluations
        By default the paper's 231 (:func:`bayes_scaling.load_evaluations`). On another table, cases that need columns
        or rows which it lacks are skipped, with the reason; so are those of our collected table.
    cases
        Names (:func:`bayes_scaling.robustness_cases.cases.cases_of`); by default all. The baseline is always run.
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
    settings, seed = checked(settings), checked_seed(seed)
    plan = planned(evaluations, cases)
    with tempfile.TemporaryDirectory() as scratch:
        sweep = Sweep(
            plan.fitted,
            plan.tables,
            Path(scratch if directory is None else directory),
            unit=UNIT,
            settings=settings,
            seed=seed,
            refits=REFITS,
        )
        done = sweep.run(workers=workers, scheduler=scheduler, on_done=on_done)
        by_variant = {variant.name: record for variant, record in zip(plan.fitted, done, strict=True)}
        records = {case.name: by_variant[plan.variants[case.name].name] for case in plan.cases}
        doubling = {case.name: _doubling(case, plan, records[case.name], sweep) for case in plan.cases}
        return Robustness(
            table=robustness_table(plan, records, doubling, _rates(plan, sweep)),
            skipped=plan.skipped,
            evaluations=summary_of(plan.table_of(BASELINE)),
            settings=settings,
            seed=seed,
            fingerprints={case.name: sweep.fingerprints[plan.variants[case.name].name] for case in plan.cases},
            directory=None if directory is None else Path(directory),
            set_aside=tuple((str(path), reason) for path, reason in sweep.set_aside),
        )


def _doubling(case: Case, plan: Plan, record: Record, sweep: Sweep) -> Mapping[str, float]:
    if case.era is None:
        return record.doubling
    by_era = doubling_times(sweep.fit(plan.variants[case.name]), by="era")
    return {str(name): float(value) for name, value in by_era.to_dict("index")["compute", case.era].items()}


def _rates(plan: Plan, sweep: Sweep) -> Mapping[str, Ends]:
    """Ends of each rate's interval, log units per year; records keep months alone, and no rate below 0 has any."""
    return {case.name: rate_interval(sweep.fit(plan.variants[case.name]), case.era) for case in plan.cases}


_TEXT = ("case", "question", "model", "priors", "selection", "era", "published_source", "reason")
_COUNTS = ("rows", "papers", "pareto_k_bad", "divergences")
_OF_RATES = tuple(rate_columns(None, (0.0, 0.0)))
"""Columns that are made of the fits again, so that tables of earlier versions, which lack them, can be read."""
_WRITTEN = tuple(column for column in COLUMNS if column not in _OF_RATES)


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
    files = SweepDirectory(directory, "robustness", ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE)
    table = files.table("case", _WRITTEN, _TEXT, _COUNTS)
    if BASELINE not in table.index:
        raise files.damaged(f"no row is called {BASELINE!r}", ROBUSTNESS_TABLE)
    files.records(table, UNIT, _agrees)
    table = _with_rates(files, table)
    skipped = files.plain.get("skipped", {})
    if not isinstance(skipped, dict):
        raise files.damaged("skipped must be cases with reasons")
    skipped = {str(name): str(reason) for name, reason in skipped.items()}
    return Robustness(table=table, skipped=skipped, directory=files.directory, **files.about())


def check_same_table(result: Robustness, fit: Fit) -> None:
    """Refuse a robustness run that is not of the table a fit was made of: it says nothing about the fit's answer.

    Raises BayesScalingError if kind, name, size, selections, row ids or responses differ; the message names which.

    Parameters
    ----------
    result
        Where its fits were kept, row ids and fitted responses of its baseline are compared too.
    fit
        With its data.

    Examples
    --------
    >>> check_same_table(load_robustness("runs/robustness-ho2024"), load_fit("runs/reference"))  # doctest: +SKIP
    """
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
    """What was fitted, by row id; the order of rows does not matter."""
    columns = [column.to_numpy().tolist() for column in fit.data["observed_data"].to_dataset().data_vars.values()]
    ids = map(str, fit.data["constant_data"]["evaluation"].to_numpy())
    return dict(zip(ids, zip(*columns, strict=True), strict=True))


def _with_rates(files: SweepDirectory, table: pd.DataFrame) -> pd.DataFrame:
    """The table with what it says of rates, read off the fits, each of which is read for its fingerprint and seal."""
    rows = {}
    for name, row in table.to_dict("index").items():
        fit = files.fit(str(name))
        try:
            rates = rate_interval(fit, None if row["era"] == ALL_DATES else row["era"])
        except (KeyError, ValueError) as error:
            raise files.damaged(f"{name}: era {row['era']!r}: {error}", ROBUSTNESS_TABLE) from None
        months, lower, upper = (row[f"published_{part}"] for part in ("months", "lower", "upper"))
        bare = math.isnan(lower)
        published = PublishedDoubling("", months, None if bare else lower, None if bare else upper, "")
        rows[name] = rate_columns(None if math.isnan(months) else published, rates)
    found = pd.DataFrame.from_dict(rows, orient="index").astype({"published_inside": "boolean"})
    return table.join(found)[list(COLUMNS)]


def _agrees(record: Record, row: Mapping[Hashable, Any]) -> bool:
    """Whether a record is the one that a row of the table was made of; eras have doubling times of their own."""
    found = {"rhat_max": record.diagnostics.rhat_max, "ess_bulk_min": record.diagnostics.ess_bulk_min}
    if row["era"] == ALL_DATES:
        found |= {f"compute_doubling_months_{part}": record.doubling[part] for part in ("median", "lower", "upper")}
    named = (record.model, record.diagnostics.converged, record.elpd.bad)
    return named == (row["model"], row["converged"], row["pareto_k_bad"]) and same(found, row)
