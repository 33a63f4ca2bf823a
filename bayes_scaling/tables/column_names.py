"""From the column names of a user's file to the canonical ones."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.faults import LONGEST_VALUE, Fault
from bayes_scaling.tables.kind import TableKind

MISSPELLING = 0.85  # similarity (0 to 1) from which a name is taken for a slip of the keyboard
_NAMED = 40  # columns that a message names
THEIRS = "its name in the file"
"""Stands for a name that only the user knows."""


def with_canonical_names(cells: pd.DataFrame, columns: Mapping[str, str], path: str, kind: TableKind) -> pd.DataFrame:
    """Rename a file's columns as the user's mapping says.

    A column of the file whose own name the mapping gives to another column is left out.

    Raises TableError: the mapping names an unknown canonical column, a column that the file lacks, or one column twice.

    Parameters
    ----------
    cells : DataFrame
        The file's cells.
    columns : mapping of str to str
        Canonical name to the file's name.
    path : str
        The file, for messages.
    kind : TableKind
        Which canonical columns there are.

    Examples
    --------
    >>> from bayes_scaling.runs.columns import RUNS_TABLE
    >>> cells = pd.DataFrame({"Model Size": ["1e9"]})
    >>> list(with_canonical_names(cells, {"parameters": "Model Size"}, "runs.csv", RUNS_TABLE))
    ['parameters']
    """
    _check_mapping(list(cells.columns), columns, path, kind)
    taken_over = [name for name in cells if name in columns and name not in columns.values()]
    return cells.drop(columns=taken_over).rename(columns={theirs: ours for ours, theirs in columns.items()})


def misspelt_names(names: list[str], kind: TableKind) -> dict[str, str]:
    """Unknown names that resemble a canonical column which the table does not have, and that column.

    Examples
    --------
    >>> from bayes_scaling.evaluations.columns import EVALUATIONS
    >>> misspelt_names(["Perplexty", "system"], EVALUATIONS)
    {'Perplexty': 'perplexity'}
    """
    absent = [name for name in kind.canonical if name not in names]
    misspelt = {}
    for name in names:
        plain = name.lower().replace(" ", "_").replace("-", "_")
        close = get_close_matches(plain, absent, n=1, cutoff=MISSPELLING)
        if name not in kind.canonical and close:
            misspelt[name] = close[0]
    return misspelt


def misspelt_columns(misspelt: Mapping[str, str], kind: TableKind) -> Iterator[Fault]:
    """A fault for each of :func:`misspelt_names`."""
    for name, meant in misspelt.items():
        yield Fault(
            1, name, "", f"looks like {meant!r}, misspelt; rename it, or map it: {kind.how_to_map(meant, name)}"
        )


def missing_columns(present: Collection[str], kind: TableKind) -> Iterator[Fault]:
    """A fault for each required column that is not there."""
    for name in kind.required:
        if name not in present:
            rule = f"is required and missing; add it, or map yours: {kind.how_to_map(name, THEIRS)}"
            yield Fault(None, name, "", rule)


def _check_mapping(names: list[str], columns: Mapping[str, str], path: str, kind: TableKind) -> None:
    origin: dict[str, str] = {}
    for ours, theirs in columns.items():
        if ours not in kind.canonical:
            raise TableError(
                f"mapping of columns: {ours!r} is not a canonical column"
                f"{_suggestion(ours, list(kind.canonical))}; choose from {', '.join(kind.canonical)}"
            )
        if theirs not in names:
            raise TableError(
                f"mapping of columns: {ours!r} is mapped to {theirs!r}, which {path} lacks"
                f"{_suggestion(theirs, names)}; its columns are {_listed(names)}"
            )
        if theirs in origin:
            raise TableError(
                f"mapping of columns: {origin[theirs]!r} and {ours!r} are both mapped to {theirs!r}; keep one of them"
            )
        origin[theirs] = ours


def _listed(names: list[str]) -> str:
    """Names of a file's columns, not without end."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(name[:LONGEST_VALUE] for name in names[:_NAMED]) + more


def _suggestion(name: str, choices: list[str]) -> str:
    close = get_close_matches(str(name), choices, n=3)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
