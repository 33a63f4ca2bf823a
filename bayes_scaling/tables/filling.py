"""Fill gaps of a table of evaluations from a table of systems, with every filled cell on record."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.ai_models import LANGUAGE
from bayes_scaling.tables.columns import EVALUATIONS
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.reading import Reading, read_table

FILLABLE = ("published", "parameters", "tokens", "epochs", "training_compute", "url")
"""What a table of systems can say of an evaluation."""
NEEDED = ("published", "parameters", "tokens")
"""What no evaluation that is fitted may lack."""
JOINS = {"name and paper": ("system", "paper"), "name": ("system",)}
"""Columns that must agree, by what a user calls the way to join."""
DIFFERENT = 0.1
"""Relative difference from which two numbers for the same are said to disagree."""

_BETWEEN = re.compile(r"(?!(?<=[0-9])\.(?=[0-9]))(?!\+)[\W_]")


@dataclass(frozen=True)
class Filling:
    """Evaluations with gaps filled.

    Parameters
    ----------
    evaluations : DataFrame
        As given, with gaps filled where a system answers; the column `filled` says in each row what was, from where.
    cells : DataFrame
        One row for each filled cell: `id`, `system`, `column`, `value`, and the system's `found_as` and `row`.
    disagreements : DataFrame
        Cells that were there and stay, where the system says otherwise: `id`, `column`, `kept` and `found`.
    unmatched : tuple of str
        Ids of evaluations that have gaps and match no system.
    ambiguous : tuple of str
        Ids of evaluations that have gaps and match several.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> filling = bs.fill_from(bs.read_with_gaps("gaps.csv"), bs.read_ai_models("ai_models.csv"))  # doctest: +SKIP
    >>> print(filling)  # doctest: +SKIP
    >>> bs.fit(bs.load_specification(), filling.evaluations)  # doctest: +SKIP
    """

    evaluations: pd.DataFrame
    cells: pd.DataFrame
    disagreements: pd.DataFrame
    unmatched: tuple[str, ...]
    ambiguous: tuple[str, ...]

    def __str__(self) -> str:
        by_column = ", ".join(f"{column} {times}" for column, times in self.cells["column"].value_counts().items())
        lines = [f"{counted(len(self.cells), 'cell')} filled{f' ({by_column})' if by_column else ''}"]
        for left, noun, why in (
            (self.unmatched, "evaluation", "with gaps match no system"),
            (self.ambiguous, "evaluation", "with gaps match several systems: left as they are"),
            (self.disagreements, "cell", "kept where the system says otherwise"),
        ):
            lines += [f"{counted(len(left), noun)} {why}"] if len(left) else []
        return "\n".join(lines)


def fill_from(evaluations: pd.DataFrame, systems: pd.DataFrame, *, by: str = "name and paper") -> Filling:
    """Fill what evaluations lack from the system of the same name and paper.

    Nothing that is there is overwritten. Sizes of data are taken from systems whose domain is language alone.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations indexed by `id`, with gaps.
    systems : DataFrame
        Systems, as :func:`read_ai_models` gives them.
    by : {"name and paper", "name"}
        What must agree: names of systems and titles of papers, or names alone, where neither case, accents nor
        punctuation count. Names alone join a system to another paper's re-implementation of it.

    Returns
    -------
    Filling

    Raises
    ------
    EvaluationsError
        The way to join is unknown, or a table lacks `system` or `paper`.

    Examples
    --------
    >>> gaps = pd.DataFrame(
    ...     {"system": ["GPT-2"], "paper": ["Unsupervised multitask learners"], "parameters": [float("nan")]},
    ...     index=["a"],
    ... )
    >>> systems = pd.DataFrame(
    ...     {"system": ["GPT 2"], "paper": ["Unsupervised Multitask Learners"], "parameters": [1.5e9]}, index=[7]
    ... )
    >>> filling = fill_from(gaps, systems)
    >>> filling.evaluations[["parameters", "filled"]].to_dict("records")
    [{'parameters': 1500000000.0, 'filled': 'parameters (GPT 2, row 7 of the table of systems)'}]
    """
    if by not in JOINS:
        raise EvaluationsError(f"systems can't be joined by {by!r}; choose from {', '.join(map(repr, JOINS))}")
    for name in ("system", "paper"):
        for table, what in ((evaluations, "evaluations"), (systems, "systems")):
            if name not in table:
                raise EvaluationsError(f"the table of {what} lacks the column {name!r}, by which it is joined")
    columns = [column for column in FILLABLE if column in systems]
    ours, theirs = _keys(evaluations, by), _keys(systems, by)
    single = {key: row for row, key in theirs[~theirs.duplicated(keep=False)].dropna().items()}
    rows = pd.Series(list(map(single.get, ours)), dtype="object")
    # By position, as ids may stand twice.
    before = evaluations.reset_index(drop=True).reindex(columns=columns)
    found = systems.reindex(rows).reset_index(drop=True)
    if {"tokens", "domain"} <= set(found):  # in any other domain, or in several, they may be images, hours or games
        found["tokens"] = found["tokens"].where(found["domain"] == LANGUAGE)
    took = before.isna() & found[columns].notna()
    differ = pd.DataFrame({each: _differ(before[each], found[each]) for each in columns if each != "url"}, took.index)
    filled = evaluations.copy()
    for each in columns:
        if took[each].any() or (each in NEEDED and each not in evaluations):
            filled[each] = found[each].where(took[each], before[each].astype(found[each].dtype)).to_numpy()
    filled["filled"] = [
        f"{', '.join(took.columns[taken])} ({system}, row {row} of the table of systems)" if taken.any() else None
        for taken, system, row in zip(took.to_numpy(), found["system"], rows, strict=True)
    ]
    gaps = before.reindex(columns=[each for each in NEEDED if each in columns]).isna().any(axis=1).to_numpy()
    several = ours.isin(theirs[theirs.duplicated()].dropna()).to_numpy()
    ids = evaluations.index
    cells = [
        (ids[at], evaluations["system"].iloc[at], each, found.loc[at, each], found.loc[at, "system"], rows[at])
        for at, each in _cells(took)
    ]
    kept = [(ids[at], each, before.loc[at, each], found.loc[at, each]) for at, each in _cells(differ)]
    return Filling(
        filled,
        pd.DataFrame(cells, columns=["id", "system", "column", "value", "found_as", "row"]),
        pd.DataFrame(kept, columns=["id", "column", "kept", "found"]),
        tuple(map(str, ids[gaps & rows.isna().to_numpy() & ~several])),
        tuple(map(str, ids[gaps & several])),
    )


def read_with_gaps(path: str | PathLike[str], columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    r"""Read evaluations that still lack parameters, tokens or dates, to be filled by :func:`fill_from`.

    Parameters
    ----------
    path, columns
        As for :func:`bayes_scaling.read_evaluations`.

    Returns
    -------
    DataFrame
        As of :func:`bayes_scaling.read_evaluations`, but cells and columns of `FILLABLE` may be missing.

    Raises
    ------
    EvaluationsError
        Anything else is wrong with the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text(
    ...     "system,paper,published,benchmark,perplexity,architecture\n"
    ...     "GPT-2,Unsupervised multitask learners,,wt103,17.48,transformer\n"
    ... )
    >>> read_with_gaps(path)["published"].isna().tolist()
    [True]
    """
    return read_table(path, EVALUATIONS, Reading(columns or {}), gaps=FILLABLE).faultless(path)


def evaluations_csv(evaluations: pd.DataFrame) -> bytes:
    r"""A table of evaluations as a CSV file that :func:`bayes_scaling.read_evaluations` reads back the same."""
    table = evaluations.reset_index()
    if "published" in table:
        table["published"] = table["published"].dt.strftime("%Y-%m-%d")
    flags = table.select_dtypes("bool").columns
    return table.astype(dict.fromkeys(flags, "int64")).to_csv(index=False, lineterminator="\n").encode()


def csv_faults(evaluations: pd.DataFrame) -> tuple[Fault, ...]:
    """What keeps a table of evaluations from being used as it is, by its row once it is written."""
    faults = read_table(evaluations, EVALUATIONS).faults
    return tuple(fault if fault.row is None else replace(fault, row=fault.row + 2) for fault in faults)


def _cells(which: pd.DataFrame) -> Iterator[tuple[int, str]]:
    return ((int(at), str(which.columns[column])) for at, column in np.argwhere(which.to_numpy(bool)))


def _differ(kept: pd.Series, found: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(found):
        return kept.notna() & found.notna() & (kept != found)
    return (kept - found).abs() > DIFFERENT * np.maximum(kept.abs(), found.abs())


def _keys(table: pd.DataFrame, by: str) -> pd.Series:
    """What is to agree, missing where a part of it is."""
    parts = [table[name].map(_plain).replace("", None) for name in JOINS[by]]
    return reduce(lambda name, paper: name + "\n" + paper, parts)


def _plain(text: Any) -> str:
    """A name without case, accents, blanks and punctuation; 1.3B is not 13B, and a plus may tell two models apart."""
    if pd.isna(text):
        return ""
    plain = unicodedata.normalize("NFKD", str(text)).casefold()
    return _BETWEEN.sub("", "".join(each for each in plain if not unicodedata.combining(each)))
