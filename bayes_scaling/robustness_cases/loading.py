"""Read a robustness run back from its directory, without fitting anything again."""

from collections.abc import Hashable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.comparison.reading import SweepDirectory, same
from bayes_scaling.comparison.record import Record
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.result_files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.robustness_cases.cases import BASELINE
from bayes_scaling.robustness_cases.result import COLUMNS, Robustness
from bayes_scaling.robustness_cases.run import UNIT

_TEXT = ("case", "question", "model", "priors", "selection", "era", "published_source", "reason")
_COUNTS = ("rows", "papers", "pareto_k_bad", "divergences")


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
        must have the fingerprint that was recorded.

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
    files = SweepDirectory(directory, "robustness")
    plain = files.settings(ROBUSTNESS_SETTINGS)
    table = _table(files)
    fingerprints = {str(name): str(value) for name, value in plain["fingerprints"].items()}
    files.same_names(ROBUSTNESS_TABLE, map(str, table.index), ROBUSTNESS_SETTINGS, fingerprints)
    files.records(table, fingerprints, UNIT, _agrees)
    for fingerprint, name in {value: name for name, value in fingerprints.items()}.items():
        files.fit(name, fingerprint)  # read for its fingerprint and seal; Robustness.fit reads it when asked
    skipped = plain.get("skipped", {})
    if not isinstance(skipped, dict):
        raise files.damaged(ROBUSTNESS_SETTINGS, "skipped must be cases with reasons")
    settings, seed = files.sampler(ROBUSTNESS_SETTINGS, plain)
    return Robustness(
        table=table,
        skipped={str(name): str(reason) for name, reason in skipped.items()},
        evaluations=files.evaluations(ROBUSTNESS_SETTINGS, plain),
        settings=settings,
        seed=seed,
        fingerprints=fingerprints,
        directory=files.directory,
        set_aside=files.set_aside(ROBUSTNESS_SETTINGS, plain),
    )


def check_same_table(result: Robustness, fit: Fit) -> None:
    """Refuse a robustness run that is not of the table a fit was made of: it says nothing about the fit's answer.

    Parameters
    ----------
    result
        Where its fits were kept, row ids and fitted responses of its baseline are compared too.
    fit
        With its data.

    Raises
    ------
    BayesScalingError
        If kind, name, size, selections, row ids or responses differ; the message names which.

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


def _table(files: SweepDirectory) -> pd.DataFrame:
    """The table as :func:`bayes_scaling.robustness_cases.result.robustness_table` makes it."""
    table = files.table(ROBUSTNESS_TABLE, ("case", *COLUMNS), _TEXT, _COUNTS, other=("converged", "published_inside"))
    try:
        table = table.astype({"published_inside": "boolean"})
    except (TypeError, ValueError) as error:
        raise files.damaged(ROBUSTNESS_TABLE, error) from None
    if BASELINE not in set(table["case"]):
        raise files.damaged(ROBUSTNESS_TABLE, f"no row is called {BASELINE!r}")
    return table.set_index("case")[list(COLUMNS)]


def _agrees(record: Record, row: Mapping[Hashable, Any]) -> bool:
    """Whether a record is the one that a row of the table was made of; eras have doubling times of their own."""
    found = {"rhat_max": record.diagnostics.rhat_max, "ess_bulk_min": record.diagnostics.ess_bulk_min}
    if row["era"] == "all dates":
        found |= {f"compute_doubling_months_{part}": record.doubling[part] for part in ("median", "lower", "upper")}
    named = (record.model, record.diagnostics.converged, record.elpd.bad)
    return named == (row["model"], row["converged"], row["pareto_k_bad"]) and same(found, row)
