"""Single cells: harmless ways of writing made plain, the rules that cells keep, and their typed values."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.tables.benchmarks import named
from bayes_scaling.tables.columns import ARCHITECTURES, EMPTY_UNLESS_COMPARABLE, Column, TableKind
from bayes_scaling.tables.faults import Fault
from bayes_scaling.words import counted

DATE = "%Y-%m-%d"
FLAG_WORDS = {"0": False, "false": False, "1": True, "true": True}
EMPTY = "must not be empty"
UNITS: Mapping[str, Callable[[Any], Any]] = {
    "nats": lambda loss: loss,
    "bits": lambda loss: loss * np.log(2),
    "log10": lambda loss: loss * np.log(10),
    "perplexity": np.log,
}
"""What a loss may be given in, and how it becomes nats."""
ARCHITECTURE_WORDS = {
    "transformer": ("transformer",),
    "recurrent": ("rnn", "lstm", "gru", "recurren"),
    "convolutional": ("cnn", "convolution"),
    "feedforward": ("feedforward", "feed-forward", "mlp"),
    "state-space": ("state space", "state-space", "ssm", "mamba"),
    "ngram": ("n-gram", "ngram"),
}
"""Common words for kinds of architectures; our reading of them."""

_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_GROUPED = r"[0-9.]+(?:[, _'][0-9.]+)+"
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?P<by>[, _'])[0-9]{3}(?:(?P=by)[0-9]{3})*(?:\.[0-9]+)?")
_SHORT = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)) ?(k|m|b|t|thousand|million|billion|trillion)", re.IGNORECASE)
POWERS = {"k": 3, "m": 6, "b": 9, "t": 12, "th": 3, "mi": 6, "bi": 9, "tr": 12}
_PART_OF_DATE = re.compile(r"([0-9]{4})(?:[-/]([0-9]{2}))?")

Rule = tuple[str, Callable[[pd.Series], pd.Series]]
"""What a cell must be, and which of a column's cells are."""


def architecture_of(cell: str) -> str:
    """The kind of architecture that a word stands for; the word itself where none or several are meant.

    Examples
    --------
    >>> architecture_of("Transformer"), architecture_of("AWD-LSTM"), architecture_of("RNN/Transformer")
    ('transformer', 'recurrent', 'RNN/Transformer')
    """
    plain = " ".join(cell.lower().split())
    if plain in ARCHITECTURES:
        return plain
    meant = [ours for ours, words in ARCHITECTURE_WORDS.items() if any(re.search(rf"\b{w}", plain) for w in words)]
    return meant[0] if len(meant) == 1 else cell


def plainly_written(cells: pd.DataFrame, kind: TableKind) -> tuple[pd.DataFrame, list[str]]:
    """Cells with harmless ways of writing made plain, and what has to be said of it.

    Counts such as 7B, 1.5 T and 1,000,000; words in capitals and common ones for architectures; dates without day or
    month, for which their middle is taken.

    Examples
    --------
    >>> from bayes_scaling.tables.columns import EVALUATIONS
    >>> cells = pd.DataFrame({"parameters": ["7B"], "published": ["2021-09"]}, dtype="str")
    >>> plain, said = plainly_written(cells, EVALUATIONS)
    >>> plain.iloc[0].to_dict(), said
    ({'parameters': '7e9', 'published': '2021-09-16'}, ['published: the middle of 1 year or month'])
    """
    plain, said = cells.copy(), []
    for column in _present(cells, kind):
        if column.kind in _WRITINGS:
            there = cells[column.name].dropna()
            written = there.map(partial(_WRITINGS[column.kind], column))
            plain[column.name] = written.reindex(cells.index).astype(cells[column.name].dtype)
            middles = int((written != there).sum()) if column.kind == "date" else 0
            if middles:
                said.append(f"{column.name}: the middle of {counted(middles, 'year')} or month{'s' * (middles > 1)}")
    return plain, said


def typed_values(
    cells: pd.DataFrame, kind: TableKind, scale: Mapping[str, float | str] | None = None, loss_unit: str | None = None
) -> pd.DataFrame:
    """Plainly written text cells with the type of each canonical column.

    Numbers are float64, dates datetime64, flags bool (object if some are missing), the rest text, known benchmarks
    under their names. ``scale`` has for a column what its numbers are to be multiplied by, or ``"log10"`` where they
    are logarithms; ``loss_unit`` is what losses or perplexities are given in, one of :data:`UNITS`.

    Examples
    --------
    >>> from bayes_scaling.tables.columns import EVALUATIONS
    >>> cells = pd.DataFrame({"parameters": ["1e9"], "zero_shot": ["1"]}, dtype="str")
    >>> typed_values(cells, EVALUATIONS).iloc[0].to_dict()
    {'parameters': 1000000000.0, 'zero_shot': True}
    """
    values = cells.copy()
    for column in _present(cells, kind):
        name = column.name
        if column.kind in ("count", "number"):
            numbers = cells[name].astype("float64")
            factor = (scale or {}).get(name, 1.0)
            with np.errstate(over="ignore"):
                values[name] = 10.0**numbers if factor == "log10" else numbers * float(factor)
            if loss_unit is not None and column.kind == "number":
                with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                    nats = UNITS[loss_unit](values[name])
                    values[name] = np.exp(nats) if name == "perplexity" else nats
        elif column.kind == "flag":
            values[name] = cells[name].str.lower().map(FLAG_WORDS)
        elif column.kind == "benchmark":
            values[name] = cells[name].map(named, na_action="ignore")
        elif column.kind == "date":
            values[name] = pd.to_datetime(cells[name], format=DATE)
    return values


def cell_faults(
    cells: pd.DataFrame, kind: TableKind, scale: Mapping[str, float | str] | None = None, loss_unit: str | None = None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Typed values, missing where a cell is badly written, and the faults of single cells: no cell twice."""
    well_written, faults = cells.copy(), []
    for column in _present(cells, kind):
        broken = _broken(cells[column.name], column, written_rules(column))
        well_written.loc[[fault.row for fault in broken], column.name] = None
        faults += broken
    values = typed_values(well_written, kind, scale, loss_unit)
    for column in _present(cells, kind):
        faults += _broken(values[column.name], column, value_rules(column))
    return values, [*faults, *_empty_cells(cells, values, kind)]


def written_rules(column: Column) -> list[Rule]:
    """How the cells of a column are written."""
    if column.kind == "flag":
        return [("must be 0 or 1 (or: false, true)", lambda cells: cells.str.lower().isin(list(FLAG_WORDS)))]
    if column.kind == "word":
        return [(f"must be one of {', '.join(column.choices)}", lambda cells: cells.isin(column.choices))]
    if column.kind == "date":
        return [("must be a date of the calendar, written YYYY-MM-DD", _is_date)]
    if column.kind not in ("count", "number"):
        return []
    written = "117000000 or 1.17e8, without a unit" if column.kind == "number" else "117000000, 1.17e8 or 117M"
    return [
        ("must be a finite number", lambda cells: ~cells.str.fullmatch(_NOT_FINITE)),
        (
            "must be a number without separators of thousands; write 1000 or 1e3, not 1,000",
            lambda cells: ~cells.str.fullmatch(_GROUPED) | (column.kind == "count"),
        ),
        (f"must be a number, such as {written}", lambda cells: cells.str.fullmatch(_NUMBER)),
    ]


def value_rules(column: Column) -> list[Rule]:
    """What the values of a column may be."""
    if column.kind == "date":
        return [
            ("must not be before 1950", lambda days: days >= pd.Timestamp(1950, 1, 1)),
            ("must not be in the future", lambda days: days <= pd.Timestamp.today()),
        ]
    unit = "" if column.below is None else ", in nats per token"
    hint = f" ({column.hint})" if column.hint else ""
    rules: list[Rule] = []
    if column.above is not None:
        said = f"must be greater than {round(column.above)}{unit or hint}"
        rules.append((said, partial(operator.lt, column.above)))
    if column.least is not None:
        rules.append((f"must be at least {column.least:g}", partial(operator.le, column.least)))
    if column.kind in ("count", "number"):
        rules.append(("must be a finite number", np.isfinite))
    if column.below is not None:
        rules.append((f"must be less than {column.below:g}{unit}{hint}", partial(operator.gt, column.below)))
    return rules


def repeated_ids(cells: pd.DataFrame) -> Iterator[Fault]:
    """Rows whose id an earlier row has."""
    if "id" in cells:
        ids = cells["id"].dropna()
        first = ids.index.to_series().groupby(ids).transform("first")
        for row in first.index[first != first.index]:
            yield Fault(row, "id", str(ids[row]), f"stands in row {first[row]} already; every row needs its own")


def in_file_order(faults: Sequence[Fault], cells: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    """Faults in the order in which a reader of the file meets them, with columns and cells as the file has them."""
    position = {column: number for number, column in enumerate(cells)}

    def place(fault: Fault) -> tuple[int, int]:
        return -1 if fault.row is None else fault.row, position.get(fault.column or "", len(position))

    return [_as_in_file(fault, cells, columns) for fault in sorted(faults, key=place)]


def _as_in_file(fault: Fault, cells: pd.DataFrame, columns: Mapping[str, str]) -> Fault:
    if fault.row is None or fault.column is None or fault.column not in cells:
        return fault
    value: Any = cells.loc[fault.row, fault.column]
    theirs = columns.get(fault.column, fault.column)
    return replace(fault, column=theirs, value="" if pd.isna(value) else str(value))


def _present(cells: pd.DataFrame, kind: TableKind) -> list[Column]:
    return [column for column in kind.columns if column.name in cells]


def _empty_cells(cells: pd.DataFrame, values: pd.DataFrame, kind: TableKind) -> Iterator[Fault]:
    set_aside = values["comparable"].eq(False) if "comparable" in values else pd.Series(False, cells.index)
    for column in _present(cells, kind):
        if column.need != "gaps":
            conditional = kind.plural == "evaluations" and column.name in EMPTY_UNLESS_COMPARABLE
            empty = cells[column.name].isna() & ~(set_aside & conditional)
            rule = f"{EMPTY}, unless the row has comparable = 0" if conditional else EMPTY
            yield from (Fault(int(row), column.name, "", rule) for row in cells.index[empty])
    given = [name for name in kind.sizes if name in cells]
    if given:
        rule = EMPTY + (f" where {given[1]} is" if len(given) > 1 else "")
        yield from (Fault(int(row), given[0], "", rule) for row in cells.index[cells[given].isna().all(axis=1)])


def _broken(cells: pd.Series, column: Column, rules: Sequence[Rule]) -> list[Fault]:
    """The first rule that each cell breaks, without cells that break none or are empty."""
    there, found = cells.dropna(), list[Fault]()
    for rule, keeps in rules:
        wrong = there.index[~keeps(there).astype(bool)]
        found += [Fault(int(row), column.name, "", rule) for row in wrong]
        there = there.drop(wrong)
    return found


def _plain_count(_: Column, cell: str) -> str:
    if _THOUSANDS.fullmatch(cell):
        return re.sub(r"[, _']", "", cell)
    short = _SHORT.fullmatch(cell)
    return f"{short[1]}e{POWERS[short[2].lower()[:2]]}" if short else cell


def _plain_word(column: Column, cell: str) -> str:
    if column.name == "architecture":
        return architecture_of(cell)
    return cell.lower() if cell.lower() in column.choices else cell


def _middle(_: Column, cell: str) -> str:
    """The middle of a year or month that a cell says, and any other cell as it is."""
    part = _PART_OF_DATE.fullmatch(cell)
    if not part or (part[2] and not 1 <= int(part[2]) <= 12):
        return cell
    middle = f"{part[1]}-{part[2]}-16" if part[2] else f"{part[1]}-07-02"
    today = f"{pd.Timestamp.today():{DATE}}"
    return min(middle, today) if middle[:7] <= today[:7] or (not part[2] and part[1] == today[:4]) else middle


_WRITINGS: Mapping[str, Callable[[Column, str], str]] = {"count": _plain_count, "word": _plain_word, "date": _middle}
"""By the kind of a column: from a harmless way of writing a cell to the plain one."""


def _is_date(cells: "pd.Series[Any]") -> "pd.Series[bool]":
    on_calendar = pd.to_datetime(cells, format=DATE, errors="coerce").notna()
    return cells.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}") & on_calendar
