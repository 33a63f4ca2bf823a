"""Words, flags and dates of a table that Python made or changed, which no reading of a file has checked."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.benchmarks import named
from bayes_scaling.tables.cells import FLAG_WORDS, plain_word
from bayes_scaling.tables.columns import EVALUATIONS, RUNS, Column, kind_of, kind_of_names, offered_names
from bayes_scaling.tables.names import missing_columns
from bayes_scaling.tables.reading import read_table

_COLUMNS = {column.name: column for column in (*RUNS.columns, *EVALUATIONS.columns)}


def as_table(given: Any) -> pd.DataFrame:
    """A table to be fitted: as given where it is sound, else read as a file is. Raises BayesScalingError."""
    if isinstance(given, pd.DataFrame) or not hasattr(given, "columns"):
        require_sound(given)
    if isinstance(given, pd.DataFrame):
        names = [str(name) for name in given]
        kind = kind_of(given) if given.attrs.get("kind") else kind_of_names(names)
        lacking = any(True for _ in missing_columns(names, kind)) and bool(offered_names(names, kind))
        if not lacking and all(_is_typed(given[name]) for name in set(names) & set(kind.canonical)):
            return given
    return read_table(given).faultless(given)


def require_sound(evaluations: pd.DataFrame, *columns: str) -> None:
    """Refuse what is no table, and words, flags and dates about to be used that are none, by an EvaluationsError."""
    if not isinstance(evaluations, pd.DataFrame):
        raise EvaluationsError(
            "a table of evaluations is needed (bs.load_evaluations, bs.read_evaluations), or of runs (bs.read_runs), "
            f"not {type(evaluations).__name__}"
        )
    if not evaluations.columns.is_unique:
        name = evaluations.columns[evaluations.columns.duplicated()][0]
        raise EvaluationsError(f"the name {name!r} stands twice among the columns; each needs its own")
    for name in columns:
        cells = evaluations[name]
        for right, valid in _sound(cells):
            wrong = cells[~right]
            if len(wrong):
                row, value = next(wrong.items())
                raise EvaluationsError(
                    f"column {name}, row {row!r}: {value!r} is not {valid}; {_cure(wrong)}, or read the file "
                    "with bs.read_evaluations, which checks every column"
                )


def _sound(cells: pd.Series) -> Iterator[tuple[pd.Series, str]]:
    """Which cells are what they must be, and what that is; nothing for columns of numbers and other text."""
    column = _COLUMNS.get(str(cells.name))
    if column is None:
        return
    if column.kind == "word":
        yield cells.isin(column.choices), f"one of {', '.join(column.choices)}"
    elif column.kind == "benchmark":
        yield cells.map(lambda cell: isinstance(cell, str) and cell.strip() != ""), "text, a benchmark's name"
        yield cells.isin([name for name in cells.unique() if named(name) == name]), "the name of that benchmark"
    elif column.kind == "flag":
        yield cells.isin([True, False]), "True or False (or 1, 0)"
    elif column.kind == "date":
        typed = pd.api.types.is_datetime64_dtype(cells)
        yield pd.Series(typed, cells.index), "a datetime64 without time zone"


def _is_typed(cells: pd.Series) -> bool:
    """Whether a column has the type that reading gives it; gaps count as typed."""
    if _COLUMNS[str(cells.name)].kind in ("count", "number"):
        return bool(cells.isna().all() or pd.api.types.is_numeric_dtype(cells))
    return all(right.all() for right, _ in _sound(cells.dropna()))


def _cure(wrong: pd.Series) -> str:
    column, whole = _COLUMNS[str(wrong.name)], f'evaluations["{wrong.name}"]'
    if column.kind == "date":
        return f"type {whole} = pd.to_datetime({whole}.astype(str), utc=True).dt.tz_localize(None)"
    meant = {value: word for value in wrong.unique().tolist() if (word := _meant(value, column)) is not None}
    return f"type {whole} = {whole}.replace({meant})" if meant else "correct it"


def _meant(value: Any, column: Column) -> Any:
    if column.kind == "benchmark":
        return named(value) if isinstance(value, str) else None
    known = FLAG_WORDS if column.kind == "flag" else {word: word for word in column.choices}
    close = get_close_matches(plain_word(column, str(value)).lower(), known, n=1)
    return known[close[0]] if close else None
