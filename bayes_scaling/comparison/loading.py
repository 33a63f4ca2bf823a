"""Read a comparison back from its directory, without fitting anything again."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.reading import SweepDirectory, same
from bayes_scaling.comparison.result import COLUMNS, Comparison
from bayes_scaling.comparison.weights import check_comparable
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import check_unit
from bayes_scaling.result_files import COMPARISON_SETTINGS, COMPARISON_TABLE

_TEXT = ("model", "variant", "reason")
_COUNTS = ("pareto_k_bad", "divergences", "moment_matched", "refitted")


def load_comparison(directory: str | Path) -> Comparison:
    """Read a comparison that ``bayes-scaling compare --output DIRECTORY`` has finished.

    Parameters
    ----------
    directory
        With ``comparison.json``, ``comparison.csv`` and the folders ``fits`` and ``scores``.

    Returns
    -------
    Comparison
        As :func:`bayes_scaling.compare` returned it. Each variant's score must say what the table says, and each fit
        must have the fingerprint that was recorded.

    Raises
    ------
    BayesScalingError
        If a file is missing, damaged, or of another run; the message names it and says what to do.

    Examples
    --------
    >>> comparison = load_comparison("runs/compare-ho2024")  # doctest: +SKIP
    >>> comparison.averaged_doubling_times().loc["compute", "median"]  # doctest: +SKIP
    11.8
    """
    files = SweepDirectory(directory, "compare", COMPARISON_SETTINGS, COMPARISON_TABLE)
    table = files.table(None, COLUMNS, _TEXT, _COUNTS, "rank")
    unit = str(files.plain.get("unit"))
    try:
        table = table.astype({"rank": "Int64"})
        check_unit(unit)
    except BayesScalingError as error:
        raise files.damaged(error) from None
    except (TypeError, ValueError) as error:
        raise files.damaged(error, COMPARISON_TABLE) from None
    scores = {name: record.elpd for name, record in files.records(table, unit, _agrees).items()}
    check_comparable(scores)
    weighted = table.index[table[["weight", "weight_pseudo_bma"]].fillna(0).sum(axis=1) > 0]
    fits = {str(name): files.fit(str(name)) for name in weighted}
    return Comparison(table=table, unit=unit, scores=scores, fits=fits, **files.about())


def _agrees(record: Record, row: Mapping[Hashable, Any]) -> bool:
    """Whether a record is the one that a row of the table was made of."""
    found = {
        "elpd": record.elpd.elpd,
        "rhat_max": record.diagnostics.rhat_max,
        "compute_doubling_months_median": record.doubling["median"],
        "compute_doubling_months_lower": record.doubling["lower"],
        "compute_doubling_months_upper": record.doubling["upper"],
    }
    named = (record.model, record.label, record.diagnostics.converged)
    return named == (row["model"], row["variant"], row["converged"]) and same(found, row)
