"""From text to values: harmless ways of writing made plain, the rules that cells and rows keep, their types."""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.law.formula import training_compute
from bayes_scaling.tables.benchmarks import named
from bayes_scaling.tables.columns import ARCHITECTURES, EMPTY_UNLESS_COMPARABLE, EVALUATIONS, RUNS, Column, TableKind
from bayes_scaling.tables.faults import Fault, printable
from bayes_scaling.tables.formats import WORDS_FOR_GAPS, days

DATE = "%Y-%m-%d"
FLAG_WORDS = {"0": False, "false": False, "1": True, "true": True}
EMPTY = "must not be empty"
EMPTY_FLAG = "is empty; write 1 for yes and 0 for no in every row, or remove the column"
"""Not :data:`EMPTY`, of which the advice is to leave rows out: what is empty for all of a benchmark is a no."""
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
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?P<by>[, _'])[0-9]{3}(?:(?P=by)[0-9]{3})*(?:\.[0-9]+)?")
POWERS = {
    **{"k": 3, "m": 6, "b": 9, "t": 12, "thousand": 3, "million": 6, "billion": 9, "trillion": 12},
    **{"mn": 6, "mio": 6, "bn": 9, "mrd": 9, "tn": 12},
}
"""Words for powers of ten, in cells and in names of columns."""
_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,|[0-9]+,(?![0-9]{3}$))[0-9]+")
_SHORT = re.compile(rf"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)) ?({'|'.join(POWERS)})\.?", re.IGNORECASE)
_MONTHS = tuple(pd.Timestamp(2000, month, 1).month_name().lower() for month in range(1, 13))
_PART_OF_DATE = re.compile(r"(?:([a-z]{3,9})\.? )?([0-9]{4})(?:[-/]([0-9]{2}))?", re.IGNORECASE | re.ASCII)

Rule = tuple[str, Callable[[pd.Series], pd.Series]]
"""What a cell must be, and which of a column's cells are."""


def architecture_of(cell: str) -> str:
    """The kind of architecture that a word stands for; the word itself where none or several are meant."""
    plain = " ".join(cell.lower().split())
    if plain in ARCHITECTURES:
        return plain
    meant = [ours for ours, words in ARCHITECTURE_WORDS.items() if any(re.search(rf"\b{w}", plain) for w in words)]
    return meant[0] if len(meant) == 1 else cell


def without_words_for_gaps(cells: pd.DataFrame, kind: TableKind) -> pd.DataFrame:
    """Cells of numbers and dates with nothing where N/A and such stand, or inf, of a run that diverged."""
    names = [name for name in kind.named("count", "number", "date") if name in cells]
    return cells.assign(
        **{name: cells[name].mask(cells[name].str.fullmatch(WORDS_FOR_GAPS).eq(True)) for name in names}
    )


def plainly_written(
    cells: pd.DataFrame, kind: TableKind, scaled: Collection[str] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """Cells with harmless ways of writing made plain (7B, 1,000,000, LSTM, 2021-09), and what has to be said of it."""
    plain, said = cells.copy(), []
    for column in _present(cells, kind):
        if column.kind in _WRITINGS:
            there = cells[column.name].dropna()
            written = there.map(partial(_WRITINGS[column.kind], column))
            if column.name in scaled:  # a unit stays, to be refused
                bare = there.str.lstrip("~ ")
                written = written.mask(bare.str.fullmatch(_SHORT), bare)
            plain[column.name] = written.reindex(cells.index).astype(cells[column.name].dtype)
            many = int((written != there.str[:10]).sum() if column.kind == "date" else there.str.startswith("~").sum())
            middles = f"{counted(many, 'date')} without a day, taken as the middle of the month or year"
            what = middles if column.kind == "date" else counted(many, "approximate number")
            said += [f"{column.name}: {what}"] if many else []
    return plain, said


def percentages(cells: pd.DataFrame, kind: TableKind) -> Iterator[str]:
    """A line on each other column of numbers with signs of percent, which formulas take as levels."""
    for name in cells.columns.difference(list(kind.canonical), sort=False):
        there = cells[name][~cells[name].str.fullmatch(WORDS_FOR_GAPS).eq(True)].dropna()
        signed = there[there.str.endswith("%")]
        if len(signed) and there.str.removesuffix("%").str.strip().str.fullmatch(_NUMBER).all():
            levels = f"of text such as {signed.iloc[0]!r}, in formulas a level each"
            yield f"column {printable(name)} is {levels}; where numbers are meant, write them without %"


def typed_values(
    cells: pd.DataFrame, kind: TableKind, scale: Mapping[str, float | str] | None = None, loss_unit: str | None = None
) -> pd.DataFrame:
    """Plainly written cells with the type of each canonical column, scaled and converted as :class:`Reading` says."""
    values = cells.copy()
    for column in _present(cells, kind):
        name = column.name
        if column.kind in ("count", "number"):
            numbers = cells[name].astype("float64")
            factor = (scale or {}).get(name, 1.0)
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                values[name] = 10.0**numbers if factor == "log10" else numbers * float(factor)
                if loss_unit is not None and column.kind == "number":
                    nats = UNITS[loss_unit](values[name])
                    values[name] = np.exp(nats) if name == "perplexity" else nats
        elif column.kind == "flag":
            values[name] = cells[name].str.lower().map(FLAG_WORDS)
        elif column.kind == "benchmark":
            values[name] = cells[name].map(named, na_action="ignore")
        elif column.kind == "date":
            values[name] = pd.to_datetime(cells[name], format=DATE)
    return values


def with_both_sizes(values: pd.DataFrame) -> pd.DataFrame:
    """Fill in tokens from compute, and compute from tokens, by C = 6 N D (Kaplan et al. 2020, section 2.1); epochs."""
    tokens, flop = (values.get(name, pd.Series(np.nan, values.index)) for name in ("tokens", "flop"))
    values = values.assign(
        tokens=tokens.fillna(flop / training_compute(values["parameters"], 1.0)),
        flop=flop.fillna(training_compute(values["parameters"], tokens)),
    )
    if "unique_tokens" not in values:
        return values
    epochs = values["tokens"] / values["unique_tokens"]
    return values.assign(epochs=values["epochs"].fillna(epochs) if "epochs" in values else epochs)


def finished_table(values: pd.DataFrame, kind: TableKind, name: str) -> pd.DataFrame:
    """Faultless typed values as a table, indexed by `id`, with perplexities, both sizes of runs, and `attrs`."""
    if "log_perplexity" in values and kind is EVALUATIONS:
        values = values.assign(log_perplexity=np.exp(values["log_perplexity"]))
        values = values.rename(columns={"log_perplexity": "perplexity"})  # in its place
    if kind is RUNS:
        values = with_both_sizes(values)
    table = values if "id" in values else values.assign(id=[f"row-{row:04d}" for row in values.index])
    table = table.set_index("id")
    table.attrs = {"name": name, "selections": [], **({"kind": "runs"} if kind is RUNS else {})}
    return table


def checked_values(
    cells: pd.DataFrame, kind: TableKind, scale: Mapping[str, float | str], loss_unit: str | None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Typed values of plainly written cells, missing where one is badly written, and every fault: no cell twice."""
    well_written, faults = cells.copy(), []
    for column in _present(cells, kind):
        broken = _broken(cells[column.name], column, written_rules(column, scaled=column.name in scale))
        well_written.loc[[fault.row for fault in broken], column.name] = None
        faults += broken
    values = typed_values(well_written, kind, scale, loss_unit)
    for column in _present(cells, kind):
        faults += _broken(values[column.name], column, value_rules(column))
    faults += empty_cells(cells, kind)
    sound = values.drop(index=[fault.row for fault in faults])
    if {"perplexity", "log_perplexity"} <= set(cells) and kind is EVALUATIONS:
        faults.append(Fault(None, "log_perplexity", "", "perplexity is given as well; keep one of the two"))
    if kind is RUNS and "parameters" in values and set(kind.sizes) & set(values):
        sized = with_both_sizes(sound)[list(kind.sizes)]  # too large or too small for a number where one follows
        impossible = (sized.notna() & ~((sized > 0) & np.isfinite(sized))).any(axis=1)
        rule = "gives no number of tokens by C = 6 N D"
        faults += [Fault(int(row), "parameters", "", rule) for row in sound.index[impossible]]
    if "id" in cells:
        ids = cells["id"].dropna()
        first = ids.index.to_series().groupby(ids).transform("first")
        rule = "stands in row {} already; every row needs its own"
        faults += [Fault(row, "id", "", rule.format(first[row])) for row in first.index[first != first.index]]
    return values, faults


def written_rules(column: Column, *, scaled: bool = False) -> Iterator[Rule]:
    """How the cells of a column are written."""
    if column.kind == "flag":
        yield "must be 0 or 1 (or: false, true)", lambda cells: cells.str.lower().isin(list(FLAG_WORDS))
    elif column.kind == "word":
        yield f"must be one of {', '.join(column.choices)}", lambda cells: cells.isin(column.choices)
    elif column.kind == "date":
        form = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
        rule = "must be a date of the calendar, written YYYY-MM-DD (2019, 2019-02 and Feb 2019 are taken too)"
        yield rule, lambda cells: cells.str.fullmatch(form) & days(cells, DATE).notna()
    elif column.kind in ("count", "number"):
        yield "must be a finite number", lambda cells: ~cells.str.fullmatch(_NOT_FINITE)
        empty = "; where there is none, leave the cell empty" if column.need == "gaps" else ""
        yield f"must be a number{empty}", lambda cells: ~cells.str.fullmatch(WORDS_FOR_GAPS)
        if scaled:
            rule = f"has its unit already; leave out --scale {column.name}, or the unit"
            yield rule, lambda cells: ~cells.str.fullmatch(_SHORT)
        yield "must have a decimal point, not a comma: 2.5, not 2,5", lambda cells: ~cells.str.fullmatch(_DECIMAL_COMMA)
        if column.kind == "number":
            rule = "must have a decimal point and no separators of thousands; for 3,125 write 3.125 or 3125"
            yield rule, lambda cells: ~cells.str.fullmatch(_GROUPED)
        written = "3.12, without a unit" if column.kind == "number" else "117000000, 1.17e8 or 117M"
        yield f"must be a number, such as {written}", lambda cells: cells.str.fullmatch(_NUMBER)


def value_rules(column: Column) -> Iterator[Rule]:
    """What the values of a column may be."""
    if column.kind == "date":
        yield "must not be before 1950", lambda days: days >= pd.Timestamp(1950, 1, 1)
        yield "must not be in the future", lambda days: days <= pd.Timestamp.today()
    unit = "" if column.below is None else ", in nats per token"
    hint = f" ({column.hint})" if column.hint else ""
    if column.above is not None:
        yield f"must be greater than {round(column.above)}{unit or hint}", partial(operator.lt, column.above)
    if column.least is not None:
        yield f"must be at least {column.least:g}", partial(operator.le, column.least)
    if column.kind in ("count", "number"):
        yield "must be a finite number", np.isfinite
    if column.below is not None:
        yield f"must be less than {column.below:g}{unit}{hint}", partial(operator.gt, column.below)


def in_file_order(
    shape: Sequence[Fault], faults: Sequence[Fault], cells: pd.DataFrame, columns: Mapping[str, str]
) -> list[Fault]:
    """Faults of a file's shape and of its cells, no cell twice, as a reader meets them and with the file's words."""
    order, found = {name: at for at, name in enumerate(cells)}, list(shape)
    told = {(fault.row, fault.column) for fault in shape}
    for fault in sorted(faults, key=lambda each: order.get(each.column or "", -1)):
        ours = fault.column or ""
        if fault.row is not None and ours in order:
            value: Any = cells.loc[fault.row, ours]
            fault = replace(fault, column=columns.get(ours, ours), value="" if pd.isna(value) else str(value))
        if (fault.row, fault.column) not in told:
            found.append(fault)
    return sorted(found, key=lambda fault: -1 if fault.row is None else fault.row)


def _present(cells: pd.DataFrame, kind: TableKind) -> list[Column]:
    return [column for column in kind.columns if column.name in cells]


def empty_cells(cells: pd.DataFrame, kind: TableKind) -> Iterator[Fault]:
    """Cells that must not be empty and are."""
    flags = cells["comparable"] if "comparable" in cells else pd.Series(None, cells.index, dtype="str")
    set_aside = flags.str.lower().map(FLAG_WORDS).eq(False)
    for column in _present(cells, kind):
        if column.need != "gaps":
            conditional = kind is EVALUATIONS and column.name in EMPTY_UNLESS_COMPARABLE
            empty = cells[column.name].isna() & ~(set_aside & conditional)
            rule = f"{EMPTY}, unless the row has comparable = 0" if conditional else EMPTY
            rule = EMPTY_FLAG if column.kind == "flag" else rule
            yield from (Fault(int(row), column.name, "", rule) for row in cells.index[empty])
    given = [name for name in kind.sizes if name in cells]
    if given:
        rule = EMPTY + (f" where {given[1]} is" if len(given) > 1 else "")
        yield from (Fault(int(row), given[0], "", rule) for row in cells.index[cells[given].isna().all(axis=1)])


def _broken(cells: pd.Series, column: Column, rules: Iterable[Rule]) -> list[Fault]:
    """The first rule that each cell breaks, without cells that break none or are empty."""
    there, found = cells.dropna(), list[Fault]()
    for rule, keeps in rules:
        kept = keeps(there).to_numpy(bool)
        found += [Fault(int(row), column.name, "", rule) for row in there.index[~kept]]
        there = there[kept]
    return found


def _plain_count(_: Column, cell: str) -> str:
    cell = cell.removeprefix("~").lstrip()
    if _THOUSANDS.fullmatch(cell):
        return re.sub(r"[, _']", "", cell)
    short = _SHORT.fullmatch(cell)
    return f"{short[1]}e{POWERS[short[2].lower()]}" if short else cell


def plain_word(column: Column, cell: str) -> str:
    """The choice of a column that a word stands for, and any other word as it is."""
    if column.name == "architecture":
        return architecture_of(cell)
    return cell.lower() if cell.lower() in column.choices else cell


def _middle(_: Column, cell: str) -> str:
    """The middle of a year or month that a cell says, and any other cell as it is."""
    cell = re.sub("[T ]00:00(:00([.]0+)?)?Z?$", "", cell)
    part = _PART_OF_DATE.fullmatch(cell)
    word, year, month = part.groups() if part else ("", "", "")
    if word:
        meant = [at for at, name in enumerate(_MONTHS, 1) if name.startswith(word.lower())]
        month = f"{meant[0]:02d}" if meant and not month else "no month"
    if not part or (month and not re.fullmatch("0[1-9]|1[0-2]", month)):
        return cell
    middle = f"{year}-{month}-16" if month else f"{year}-07-02"
    today = f"{pd.Timestamp.today():{DATE}}"
    return min(middle, today) if today.startswith(f"{year}-{month}" if month else year) else middle


_WRITINGS: Mapping[str, Callable[[Column, str], str]] = {"count": _plain_count, "word": plain_word, "date": _middle}
"""By the kind of a column: from a harmless way of writing a cell to the plain one."""
