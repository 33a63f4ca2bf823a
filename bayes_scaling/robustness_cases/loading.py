"""Read a robustness run back from its directory, without fitting anything again."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.reading import SweepDirectory, same
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.published import PublishedDoubling
from bayes_scaling.quantities.rate_widths import rate_interval
from bayes_scaling.result_files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.robustness_cases.cases import BASELINE
from bayes_scaling.robustness_cases.result import ALL_DATES, COLUMNS, Robustness, rate_columns
from bayes_scaling.robustness_cases.run import UNIT

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
