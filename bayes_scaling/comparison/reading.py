"""What a sweep leaves in a directory, read back without fitting: settings, table, scores, fits, a comparison."""

import io
import json
import math
import re
from collections.abc import Callable, Collection, Hashable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.result import COLUMNS, Comparison, check_comparable
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import check_unit
from bayes_scaling.inference.result import EvaluationsSummary, Fit, load_fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.result_files import COMPARISON_SETTINGS, COMPARISON_TABLE, FITS, SCORES

T = TypeVar("T")
_FINGERPRINT = re.compile("[0-9a-f]{64}")


class SweepDirectory:
    """A directory that a sweep has written, for reading; nothing in it is changed, moved or fitted again.

    Raises BayesScalingError if its file of settings is missing or damaged.

    Parameters
    ----------
    directory
        Where.
    command
        That writes such directories, for messages.
    settings, table
        Names of its JSON file of settings and fingerprints, and of its CSV file.
    """

    def __init__(self, directory: str | Path, command: str, settings: str, table: str) -> None:
        self.directory = Path(directory)
        self.again = f"run the same `bayes-scaling {command}` again with --output {self.directory}, which keeps "
        self.again += "what is whole and makes the rest"
        self._settings, self._table = settings, table
        self.plain = self._parsed(settings, json.loads)
        if not isinstance(self.plain, dict) or not isinstance(self.plain.get("fingerprints"), dict):
            raise self.damaged("it has no fingerprints")
        for of, value in self.plain["fingerprints"].items():  # they become patterns of files' names
            if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
                raise self.damaged(f"the fingerprint of {of!r} is not 64 hexadecimal digits")
        self.fingerprints: dict[str, str] = self.plain["fingerprints"]

    def table(
        self, key: str | None, columns: Collection[str], text: Collection[str], counts: Collection[str], *other: str
    ) -> pd.DataFrame:
        """The CSV file, numbers read to the last digit.

        Raises BayesScalingError if it is missing, damaged, or names other fits than the settings do.

        Parameters
        ----------
        key
            Column that names rows; without one the names of variants do.
        columns
            That it must have, and has in this order.
        text, counts, other
            Columns of text, of whole numbers, and of neither these nor numbers beside ``converged``.
        """
        table = self._parsed(
            self._table,
            lambda content: pd.read_csv(
                io.BytesIO(content),
                dtype=dict.fromkeys(text, str),
                keep_default_na=False,
                na_values={column: [] if column in text else ["", "nan"] for column in columns},
            ),
        )
        missing = [column for column in (*columns, *([key] if key else [])) if column not in table]
        if missing:
            raise self.damaged(f"it lacks {', '.join(missing)}", self._table)
        numbers = [column for column in columns if column not in (*text, *counts, *other, "converged")]
        try:
            table = table.astype(dict.fromkeys(numbers, float) | dict.fromkeys(counts, int))
        except (TypeError, ValueError) as error:
            raise self.damaged(error, self._table) from None
        if table["converged"].dtype != bool:
            raise self.damaged("converged must be True or False in every row", self._table)
        names = table[key] if key else table["model"] + " | " + table["variant"]
        self._same_names(list(names))
        return table[list(columns)].set_axis(pd.Index(names, name=key or "name"), axis=0)

    def about(self) -> dict[str, Any]:
        """Table, settings, seed, fingerprints and files set aside, as results hold them."""
        readers: dict[str, Callable[[Any], Any]] = {
            "evaluations": EvaluationsSummary.from_dict,
            "settings": lambda each: Settings(**each),
            "seed": int,
            "set_aside": lambda each: tuple((str(one["file"]), str(one["reason"])) for one in each),
        }
        found: dict[str, Any] = {"fingerprints": self.fingerprints}
        for name, read in readers.items():
            try:
                found[name] = read(({"set_aside": ()} | self.plain)[name])
            except (KeyError, TypeError, ValueError) as error:
                raise self.damaged(f"{name}: {error}") from None
        return found

    def records(
        self, table: pd.DataFrame, unit: str, agrees: Callable[[Record, Mapping[Hashable, Any]], bool]
    ) -> dict[str, Record]:
        """The record of each row of the table, by name.

        Raises BayesScalingError if a row has none, none can be read, or none agrees.

        Parameters
        ----------
        table
            By name.
        unit
            Of cross-validation.
        agrees
            Whether a record says what a row of the table says. Runs that differ in refits share a directory.
        """
        return {str(name): self._record(str(name), unit, agrees, row) for name, row in table.to_dict("index").items()}

    def _record(
        self,
        name: str,
        unit: str,
        agrees: Callable[[Record, Mapping[Hashable, Any]], bool],
        row: Mapping[Hashable, Any],
    ) -> Record:
        fingerprint = self.fingerprints[name]
        found = sorted((self.directory / SCORES).glob(f"*-{unit}-refit-*-{fingerprint[:16]}.json"))
        if not found:
            raise self._missing(f"the score of {name}", SCORES, fingerprint)
        records, faults = [], []
        for path in found:
            try:
                records.append(Record.from_bytes(path.read_bytes()))
            except (OSError, ValueError, KeyError, TypeError) as error:
                faults.append(f"{SCORES}/{path.name}: {type(error).__name__}: {error}")
        if not records:
            raise BayesScalingError(f"{self.directory}: can't be read: {'; '.join(faults)}; {self.again}")
        for record in records:
            if agrees(record, row):
                return record
        raise BayesScalingError(
            f"{self.directory}: the table and {SCORES}/{found[0].name} say different things of {name}: one of them "
            f"was changed, or is of another run; {self.again}"
        )

    def fit(self, name: str) -> Fit:
        """A fit, by its whole fingerprint; what its compact file leaves out waits until it is looked at.

        Raises BayesScalingError if it is missing, damaged or another one's.
        """
        fingerprint = self.fingerprints[name]
        found = sorted((self.directory / FITS).glob(f"*-{fingerprint[:16]}.nc"))
        if not found:
            raise self._missing(f"the fit of {name}", FITS, fingerprint)
        fit = load_fit(found[0])
        if fit.fingerprint != fingerprint:
            raise BayesScalingError(
                f"{found[0]}: is not the fit of {name} that was recorded (fingerprint {fit.fingerprint[:16]} where "
                f"{fingerprint[:16]} was); {self.again}"
            )
        return fit

    def _same_names(self, listed: list[str]) -> None:
        """Refuse a table and settings that are not of one run."""
        repeated = sorted({name for name in listed if listed.count(name) > 1})
        odd = sorted(set(listed) ^ set(self.fingerprints))
        if repeated:
            raise self.damaged(f"names {repeated[0]!r} twice", self._table)
        if odd:
            raise self.damaged(f"is not of the run of {self._settings}: {odd[0]!r} is in one", self._table)

    def damaged(self, reason: object, name: str | None = None) -> BayesScalingError:
        """The error that a file of the directory, by default the settings, can't be used."""
        return BayesScalingError(
            f"{self.directory / (name or self._settings)}: damaged, or another program's file ({reason}); {self.again}"
        )

    def _missing(self, what: str, folder: str, fingerprint: str) -> BayesScalingError:
        return BayesScalingError(
            f"{self.directory}: {what} is missing from its folder {folder} (fingerprint {fingerprint[:16]}); "
            f"{self.again}"
        )

    def _parsed(self, name: str, parse: Callable[[bytes], T]) -> T:
        path = self.directory / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise BayesScalingError(f"{path}: no such file; {self.again}") from None
        except OSError as error:
            raise BayesScalingError(f"{path}: can't be read ({error.strerror}); {self.again}") from None
        try:
            return parse(content)
        except (ValueError, RecursionError) as error:  # of JSON, of encodings, and pandas' own parser errors
            raise self.damaged(error, name) from None


def same(found: Mapping[str, float], row: Mapping[Hashable, Any]) -> bool:
    """Whether numbers equal those of a row but for the order of a sum; not defined in both is equal too."""
    return all(
        math.isclose(value, row[name], rel_tol=1e-9) or (math.isnan(value) and math.isnan(row[name]))
        for name, value in found.items()
    )


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
