"""A comparison, or the scores of any sweep, read back from a directory without fitting."""

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.result import COLUMNS, Comparison, check_comparable, weighted
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import check_unit
from bayes_scaling.result_files import COMPARISON_SETTINGS, COMPARISON_TABLE, SCORES
from bayes_scaling.studies.directory import StudyDirectory


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
    files = StudyDirectory(directory, "compare", COMPARISON_SETTINGS, COMPARISON_TABLE)
    table, unit = files.table(None, COLUMNS), str(files.plain.get("unit"))
    try:
        check_unit(unit)
    except BayesScalingError as error:
        raise files.damaged(error) from None
    rows = table.to_dict("index").items()
    scores = {str(name): record_of(files, str(name), unit, row).elpd for name, row in rows}
    check_comparable(scores)
    fits = {name: files.fit(name) for name in weighted(table)}
    return Comparison(table=table, unit=unit, scores=scores, fits=fits, **files.about())


def record_of(files: StudyDirectory, name: str, unit: str, said: Mapping[Hashable, Any]) -> Record:
    """The record that a row of a table was made of; runs that differ in refits share a directory.

    Raises BayesScalingError if there is none, none can be read, or none says what the row says.
    """
    fingerprint = files.fingerprints[name]
    found = sorted((files.directory / SCORES).glob(f"*-{unit}-refit-*-{fingerprint[:16]}.json"))
    if not found:
        raise files.missing(f"the score of {name}", SCORES, fingerprint)
    faults = []
    for path in found:
        try:
            record = Record.from_bytes(path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as error:
            faults.append(f"{SCORES}/{path.name}: {type(error).__name__}: {error}")
        else:
            if all(_same(value, said[column]) for column, value in record.row.items() if column in said):
                return record
    if len(faults) == len(found):
        raise BayesScalingError(f"{files.directory}: can't be read: {'; '.join(faults)}; {files.again}")
    raise BayesScalingError(
        f"{files.directory}: the table and {SCORES}/{found[0].name} say different things of {name}: one of them was "
        f"changed, or is of another run; {files.again}"
    )


def _same(found: Any, said: Any) -> bool:
    """Whether numbers are equal but for the order of a sum; not defined in both is equal too."""
    if isinstance(found, float):
        return math.isclose(found, said, rel_tol=1e-9) or (math.isnan(found) and math.isnan(said))
    return bool(found == said)
