"""What a study leaves in a directory beside its records: settings and table, written and read back, and its fits."""

import io
import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.common.files import FITS
from bayes_scaling.common.strict_json import strict_json
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.inference.result import EvaluationsSummary, Fit, load_fit, sweep_files
from bayes_scaling.inference.settings import Settings

_FINGERPRINT = re.compile("[0-9a-f]{64}")


def recorded(result: Any, **own: Any) -> bytes:
    """A study's own figures as JSON, with what all studies' results may have, as :class:`StudyDirectory` reads it."""
    return strict_json(
        {
            "evaluations": asdict(result.evaluations),
            **own,
            **{name: dict(getattr(result, name)) for name in ("skipped", "fingerprints") if hasattr(result, name)},
            "settings": None if result.settings is None else asdict(result.settings),
            "seed": result.seed,
            "versions": package_versions(),
            "set_aside": [{"file": file, "reason": reason} for file, reason in result.set_aside],
        }
    )


class StudyDirectory:
    """A directory that a study's ``command`` has written, for reading; nothing in it is changed or done again."""

    def __init__(self, directory: str | Path, command: str, settings: str, table: str) -> None:
        self.directory = Path(directory)
        self.again = f"run the same `bayes-scaling {command}` again with --output {self.directory}, which keeps "
        self.again += "what is whole and makes the rest"
        self._settings, self._table = settings, table
        plain = self._parsed(settings, json.loads)
        self.plain: dict[str, Any] = plain if isinstance(plain, dict) else {}

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Of each fit, by its name in the table."""
        found = self.plain.get("fingerprints")
        if not isinstance(found, dict):
            raise self.damaged("it has no fingerprints")
        for of, value in found.items():  # they become patterns of files' names
            if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
                raise self.damaged(f"the fingerprint of {of!r} is not 64 hexadecimal digits")
        return found

    def csv(self, name: str, text: Collection[str]) -> pd.DataFrame:
        """A CSV file, numbers read to the last digit; columns of text are text, whatever they say."""

        def parse(content: bytes) -> pd.DataFrame:
            columns = pd.read_csv(io.BytesIO(content), nrows=0)
            gaps: Any = {column: ["", "nan"] for column in columns if column not in text}
            kinds = dict.fromkeys(text, str)
            return pd.read_csv(io.BytesIO(content), dtype=kinds, keep_default_na=False, na_values=gaps)

        return self._parsed(name, parse)

    def table(self, key: str | None, columns: Mapping[str, str], later: Collection[str] = ()) -> pd.DataFrame:
        """The CSV file of a study with a row a fit; refused if it names other fits than the settings do.

        ``columns``: by the type that pandas gives them; ``later``: those that tables of earlier versions lack.
        """
        text = [name for name, kind in columns.items() if kind == "str"] + ([key] if key else [])
        table = self.csv(self._table, text)
        table = table.assign(**{column: math.nan for column in later if column not in table})
        missing = [column for column in (*columns, *text) if column not in table]
        if missing:
            raise self.damaged(f"it lacks {', '.join(missing)}", self._table)
        for column in (name for name, kind in columns.items() if kind == "bool" and table[name].dtype != bool):
            raise self.damaged(f"{column} must be True or False in every row", self._table)
        try:
            table = table.astype(dict(columns))
        except (TypeError, ValueError) as error:
            raise self.damaged(error, self._table) from None
        names = table[key] if key else table["model"] + " | " + table["variant"]
        self._same_names(list(names))
        return table[list(columns)].set_axis(pd.Index(names, name=key or "name"), axis=0)

    def about(self, result: Any) -> dict[str, Any]:
        """What the settings say for those fields of a class of results that all studies' results may have."""
        readers: dict[str, Callable[[Any], Any]] = {
            "evaluations": EvaluationsSummary.from_dict,
            "settings": lambda each: Settings(**each),
            "seed": int,
            "fingerprints": lambda each: self.fingerprints,
            "skipped": lambda each: {str(name): str(reason) for name, reason in each.items()},
            "set_aside": lambda each: tuple((str(one["file"]), str(one["reason"])) for one in each),
            "directory": lambda each: self.directory,
        }
        plain = {"skipped": {}, "set_aside": (), "directory": None} | self.plain
        found: dict[str, Any] = {}
        for name in (field.name for field in fields(result) if field.name in readers):
            try:
                found[name] = readers[name](plain[name])
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise self.damaged(f"{name}: {error}") from None
        return found

    def fit(self, name: str) -> Fit:
        """A fit, by its whole fingerprint; what its compact file leaves out waits until it is looked at."""
        fingerprint = self.fingerprints[name]
        found = sweep_files(self.directory, fingerprint)
        if not found:
            raise self.missing(f"the fit of {name}", FITS, fingerprint)
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

    def missing(self, what: str, folder: str, fingerprint: str) -> BayesScalingError:
        """The error that a folder lacks a file."""
        return BayesScalingError(
            f"{self.directory}: {what} is missing from its folder {folder} (fingerprint {fingerprint[:16]}); "
            f"{self.again}"
        )

    def _parsed[T](self, name: str, parse: Callable[[bytes], T]) -> T:
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
