"""From the column names of a user's file to the canonical ones."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.evaluations.columns import CANONICAL, REQUIRED
from bayes_scaling.evaluations.faults import Fault

MISSPELLING = 0.85  # similarity (0 to 1) from which a name is taken for a slip of the keyboard


def with_canonical_names(cells: pd.DataFrame, columns: Mapping[str, str], path: str) -> pd.DataFrame:
    """Rename a file's columns as the user's mapping says.

    A column of the file whose own name the mapping gives to another column is left out.

    Parameters
    ----------
    cells : DataFrame
        The file's cells.
    columns : mapping of str to str
        Canonical name to the file's name.
    path : str
        The file, for messages.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        The mapping names an unknown canonical column, a column that the file lacks, or one column twice.

    Examples
    --------
    >>> cells = pd.DataFrame({"Model Size": ["1e9"]})
    >>> list(with_canonical_names(cells, {"parameters": "Model Size"}, "runs.csv"))
    ['parameters']
    """
    _check_mapping(cells, columns, path)
    taken_over = [name for name in cells if name in columns and name not in columns.values()]
    return cells.drop(columns=taken_over).rename(columns={theirs: ours for ours, theirs in columns.items()})


def column_faults(names: list[str]) -> Iterator[Fault]:
    """Find misspelt, missing and contradictory columns.

    Parameters
    ----------
    names : list of str
        The table's columns, after the user's mapping.

    Yields
    ------
    Fault

    Examples
    --------
    >>> [fault.column for fault in column_faults([*REQUIRED, "epoch"])]
    ['epoch']
    """
    misspelt = _misspelt(names)
    for name, meant in misspelt.items():
        rule = f"looks like {meant!r}, misspelt; rename it, or map it: {_how_to_map(meant, name)}"
        yield Fault(1, name, "", rule)
    if {"perplexity", "log_perplexity"} <= set(names):
        yield Fault(1, "log_perplexity", "", "perplexity is given as well; keep one of the two")
    # A misspelt column is named above: to call it missing too would be the same fault twice.
    present = {*names, *misspelt.values()}
    if present & {"perplexity", "log_perplexity"}:
        present |= {"perplexity"}
    for name in REQUIRED:
        if name not in present:
            rule = f"is required and missing; add it, or map yours: {_how_to_map(name, 'its name in the file')}"
            yield Fault(None, name, "", rule)


def _check_mapping(cells: pd.DataFrame, columns: Mapping[str, str], path: str) -> None:
    names = list(cells.columns)
    origin: dict[str, str] = {}
    for ours, theirs in columns.items():
        if ours not in CANONICAL:
            raise EvaluationsError(
                f"mapping of columns: {ours!r} is not a canonical column"
                f"{_suggestion(ours, list(CANONICAL))}; choose from {', '.join(CANONICAL)}"
            )
        if theirs not in names:
            raise EvaluationsError(
                f"mapping of columns: {ours!r} is mapped to {theirs!r}, which {path} lacks"
                f"{_suggestion(theirs, names)}; its columns are {', '.join(names)}"
            )
        if theirs in origin:
            raise EvaluationsError(
                f"mapping of columns: {origin[theirs]!r} and {ours!r} are both mapped to {theirs!r}; keep one of them"
            )
        origin[theirs] = ours


def _misspelt(names: list[str]) -> dict[str, str]:
    """Unknown names that resemble a canonical column which the table does not have."""
    absent = [name for name in CANONICAL if name not in names]
    misspelt = {}
    for name in names:
        plain = name.lower().replace(" ", "_").replace("-", "_")
        close = get_close_matches(plain, absent, n=1, cutoff=MISSPELLING)
        if name not in CANONICAL and close:
            misspelt[name] = close[0]
    return misspelt


def _how_to_map(ours: str, theirs: str) -> str:
    return f"--column {ours}={theirs!r}, in Python columns={{{ours!r}: {theirs!r}}}"


def _suggestion(name: str, choices: list[str]) -> str:
    close = get_close_matches(str(name), choices, n=3)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
