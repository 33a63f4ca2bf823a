"""What a sweep leaves in a directory, read back piece by piece: settings, table, scores and fits."""

import io
import json
import math
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from bayes_scaling.comparison.record import Record
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import EvaluationsSummary, Fit, load_fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.result_files import FITS, SCORES

T = TypeVar("T")
_FINGERPRINT = re.compile("[0-9a-f]{64}")


class SweepDirectory:
    """A directory that a sweep has written, for reading; nothing in it is changed, moved or fitted again.

    Parameters
    ----------
    directory
        Where.
    command
        That writes such directories, for messages.
    """

    def __init__(self, directory: str | Path, command: str) -> None:
        self.directory = Path(directory)
        self.again = f"run the same `bayes-scaling {command}` again with --output {self.directory}, which keeps "
        self.again += "what is whole and makes the rest"

    def settings(self, name: str) -> Mapping[str, Any]:
        """The JSON file of settings and fingerprints.

        Raises BayesScalingError if it is missing or damaged.
        """
        plain = self._parsed(name, json.loads)
        if not isinstance(plain, dict) or not isinstance(plain.get("fingerprints"), dict):
            raise self.damaged(name, "it has no fingerprints")
        for of, value in plain["fingerprints"].items():  # they become patterns of files' names
            if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
                raise self.damaged(name, f"the fingerprint of {of!r} is not 64 hexadecimal digits")
        return plain

    def table(
        self,
        name: str,
        columns: Collection[str],
        text: Collection[str],
        counts: Collection[str],
        other: Collection[str] = ("converged",),
    ) -> pd.DataFrame:
        """The CSV file, numbers read to the last digit.

        Raises BayesScalingError if it is missing or damaged.

        Parameters
        ----------
        name
            Of the file.
        columns
            That it must have.
        text, counts, other
            Columns of text, of whole numbers, and of neither these nor numbers; ``converged`` must be one.
        """
        table = self._parsed(
            name,
            lambda content: pd.read_csv(
                io.BytesIO(content),
                dtype=dict.fromkeys(text, str),
                keep_default_na=False,
                na_values={column: [] if column in text else ["", "nan"] for column in columns},
            ),
        )
        missing = [column for column in columns if column not in table]
        if missing:
            raise self.damaged(name, f"it lacks {', '.join(missing)}")
        numbers = [column for column in columns if column not in (*text, *counts, *other)]
        try:
            table = table.astype(dict.fromkeys(numbers, float) | dict.fromkeys(counts, int))
        except (TypeError, ValueError) as error:
            raise self.damaged(name, error) from None
        if table["converged"].dtype != bool:
            raise self.damaged(name, "converged must be True or False in every row")
        return table

    def evaluations(self, name: str, settings: Mapping[str, Any]) -> EvaluationsSummary:
        """Which table was used."""
        try:
            plain = dict(settings["evaluations"])
            return EvaluationsSummary.from_dict(plain)
        except (KeyError, TypeError, ValueError) as error:
            raise self.damaged(name, f"evaluations: {error}") from None

    def sampler(self, name: str, settings: Mapping[str, Any]) -> tuple[Settings, int]:
        """Settings of the first attempt of each fit, and the seed."""
        try:
            return Settings(**settings["settings"]), int(settings["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise self.damaged(name, f"settings: {error}") from None

    def set_aside(self, name: str, settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Files that the run could not use, and why."""
        try:
            return tuple((str(each["file"]), str(each["reason"])) for each in settings.get("set_aside", ()))
        except (KeyError, TypeError) as error:
            raise self.damaged(name, f"set_aside: {error}") from None

    def records(
        self,
        table: pd.DataFrame,
        fingerprints: Mapping[str, str],
        unit: str,
        agrees: Callable[[Record, Mapping[Hashable, Any]], bool],
    ) -> dict[str, Record]:
        """The record of each row of the table, by name; parameters and errors are those of :meth:`record`.

        ``agrees``: whether a record says what a row of the table says.
        """
        rows = {str(name): row for name, row in table.to_dict("index").items()}
        return {name: self.record(name, fingerprints[name], unit, partial(_is_of, agrees, rows[name])) for name in rows}

    def record(self, name: str, fingerprint: str, unit: str, agrees: Callable[[Record], bool]) -> Record:
        """The record of a fit and score.

        Raises BayesScalingError if there is none, none can be read, or none agrees.

        Parameters
        ----------
        name
            Of what was fitted, for messages.
        fingerprint, unit
            As recorded.
        agrees
            Whether a record says what the table says. Runs that differ in refits share a directory.
        """
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
            if agrees(record):
                return record
        raise BayesScalingError(
            f"{self.directory}: the table and {SCORES}/{found[0].name} say different things of {name}: one of them "
            f"was changed, or is of another run; {self.again}"
        )

    def fit(self, name: str, fingerprint: str) -> Fit:
        """A fit, by its whole fingerprint; what its compact file leaves out waits until it is looked at.

        Raises BayesScalingError if it is missing, damaged or another one's.
        """
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

    def same_names(self, table: str, names: Iterable[str], settings: str, fingerprints: Mapping[str, Any]) -> None:
        """Refuse a table and settings that are not of one run."""
        listed = list(names)
        repeated = sorted({name for name in listed if listed.count(name) > 1})
        odd = sorted(set(listed) ^ set(fingerprints))
        if repeated or odd:
            what = (
                f"names {repeated[0]!r} twice" if repeated else f"is not of the run of {settings}: {odd[0]!r} is in one"
            )
            raise self.damaged(table, what)

    def damaged(self, name: str, reason: object) -> BayesScalingError:
        """The error that a file of the directory can't be used."""
        return BayesScalingError(
            f"{self.directory / name}: damaged, or another program's file ({reason}); {self.again}"
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
            raise self.damaged(name, error) from None


def same(found: Mapping[str, float], row: Mapping[Hashable, Any]) -> bool:
    """Whether numbers equal those of a row but for the order of a sum; not defined in both is equal too."""
    return all(
        math.isclose(value, row[name], rel_tol=1e-9) or (math.isnan(value) and math.isnan(row[name]))
        for name, value in found.items()
    )


def _is_of(
    agrees: Callable[[Record, Mapping[Hashable, Any]], bool], row: Mapping[Hashable, Any], record: Record
) -> bool:
    return agrees(record, row)
