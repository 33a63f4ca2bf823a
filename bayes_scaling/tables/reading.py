"""Read or check a user's own table: evaluations or training runs, from a file or a DataFrame."""

import shlex
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import RunsWarning, TableError, TableWarning
from bayes_scaling.tables.cells import (
    EMPTY,
    UNITS,
    checked_values,
    empty_cells,
    finished_table,
    in_file_order,
    percentages,
    plainly_written,
    without_words_for_gaps,
)
from bayes_scaling.tables.columns import EVALUATIONS, RUNS, TableKind, kind_of_names, taken_as
from bayes_scaling.tables.faults import Fault, fault_message
from bayes_scaling.tables.formats import WORDS_FOR_GAPS, Source, read_text_table, source_name, table_name
from bayes_scaling.tables.ho2024_sheet import REQUIRED as SHEET
from bayes_scaling.tables.names import (
    command_of,
    guessed_columns,
    in_python,
    missing_columns,
    similar_names,
    with_canonical_names,
)
from bayes_scaling.tables.plausibility import check_codes, findings


@dataclass(frozen=True)
class Reading:
    """How a file's columns and cells are to be read.

    Parameters
    ----------
    columns : mapping of str to str
        Canonical name to the file's name, for columns that the file names otherwise. A column of the file whose own
        name is so given to another one is left out.
    guess_columns : bool
        Take usual names of columns, such as ``N``, ``params`` and ``val_loss``, where one column alone may be meant.
    scale : mapping of str to float or str
        Canonical name to what the column's numbers are to be multiplied by, such as 1e9 for sizes in billions; or
        ``"log10"`` for logarithms.
    loss_unit : str, optional
        What the loss or perplexity is given in: ``"nats"``, ``"bits"``, ``"log10"`` or ``"perplexity"``. Bits per byte
        are made nats per token by ``scale={"loss": 4.3}``, the bytes of a token, besides.
    drop_incomplete : bool
        Leave rows out in which a required cell is empty.
    allow : sequence of str
        Codes of findings that are no errors here.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    guess_columns: bool = False
    scale: Mapping[str, float | str] = field(default_factory=dict)
    loss_unit: str | None = None
    drop_incomplete: bool = False
    allow: Sequence[str] = ()

    def check(self, kind: TableKind) -> None:
        """Refuse what is no mapping, and a unit, a column to scale or a code of a finding that there is none of."""
        check_codes(self.allow)
        mappings: dict[str, Any] = {"columns": self.columns, "scale": self.scale}
        for name, given in mappings.items():
            if not isinstance(given, Mapping):
                example = "{'parameters': 'Model Size'}" if name == "columns" else "{'parameters': 1e9}"
                raise kind.error(f"{name} must be a mapping such as {example}, not {type(given).__name__}")
        sizes = kind.named("count", "number")
        for name, factor in mappings["scale"].items():
            if name not in sizes:
                raise kind.error(f"scale: {name!r} is no column of numbers; choose from {', '.join(sizes)}")
            number = not isinstance(factor, bool) and isinstance(factor, Real) and 0 < float(factor) < np.inf
            if factor != "log10" and not number:
                raise kind.error(f"scale: {name} = {factor!r} is no number above 0, such as 1e9, and not 'log10'")
        if self.loss_unit not in (None, *UNITS):
            raise kind.error(f"loss unit {self.loss_unit!r} is unknown; choose from {', '.join(UNITS)}")

    def said(self, kind: TableKind) -> list[str]:
        """What was converted."""
        said = [f"{name} from log10" if by == "log10" else f"{name} times {by:g}" for name, by in self.scale.items()]
        return said + ([f"{kind.response} from {self.loss_unit}"] if self.loss_unit else [])


@dataclass(frozen=True)
class ReadTable:
    """What was read: a table, empty where there are faults; its kind; what to type; what a reader should know.

    ``sound``: where there are faults, the rows without any, for what can be said of them already.
    """

    table: pd.DataFrame
    faults: tuple[Fault, ...]
    kind: TableKind
    line: str = ""
    remarks: tuple[str, ...] = ()
    sound: pd.DataFrame = field(default_factory=pd.DataFrame)

    def faultless(self, source: Source) -> pd.DataFrame:
        """The table; where there are faults, all of them as one message of the kind's error."""
        if self.faults:
            name, runs = source_name(source), " --runs" * (self.kind is RUNS)
            said = fault_message(name, self.faults, f"run `bayes-scaling check {name}{runs}`")
            raise self.kind.error("\n".join(filter(None, (said, self.line, *self.remarks))))
        return self.table


def read_evaluations(
    path: Source, columns: Mapping[str, str] | None = None, name: str | None = None, **options: Any
) -> pd.DataFrame:
    r"""Read and validate a table of evaluations.

    Required columns: `system`, `paper`, `published` (YYYY-MM-DD; of 2021, 2021-09 or Sep 2021 the middle is taken),
    `benchmark` (any label; known ones, in `bayes_scaling.tables.benchmarks.KNOWN`, by any of their names), `perplexity`
    (per token; or `log_perplexity` in nats per token), `parameters` (count), `tokens` (unique training tokens) and
    `architecture` (see `ARCHITECTURES`; in capitals and by common words too).
    Optional: `id`, `url`, `epochs`, `vocabulary` (words), `zero_shot`, `test_time_adaptation`, `extra_data`,
    `ensemble`, `comparable` (0 or 1), `tokenization` (word, subword, byte), `training_compute` (FLOP),
    `reason`, `source`, `doubt`, `note`, `evidence`. Other columns are kept as they are.

    Parameters
    ----------
    path : path or DataFrame
        A file in UTF-8, comma- or tab-separated or of JSON lines; a Parquet or Excel file; or a DataFrame of pandas or
        Polars. Counts may be written 7B, 125 Mio., ~9 bn or 1,000,000.
    columns : mapping of str to str, optional
        Canonical name to the file's name, for columns that the file names otherwise.
    name : str, optional
        The table's name; the file's by default.
    **options
        `guess_columns`, `scale`, `loss_unit`, `drop_incomplete`, `allow`: see
        :class:`bayes_scaling.tables.reading.Reading`.

    Returns
    -------
    DataFrame
        Indexed by `id` (made from row numbers if the file has none), in the file's order, with the table's name in
        `attrs["name"]`, and in `attrs["selections"]` what was done in reading it beyond the file's own words.

    Raises
    ------
    EvaluationsError
        The file can't be read, the mapping does not fit it, or rules are broken: it lists the faults.

    Warns
    -----
    TableWarning
        What looks wrong, such as log perplexities as perplexities: see `bayes_scaling.tables.plausibility`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text(
    ...     "system,paper,published,benchmark,perplexity,Model Size,tokens,architecture\n"
    ...     "My model,My paper,2024-05-01,wt103,15.2,250M,1.03e8,Transformer\n"
    ... )
    >>> evaluations = read_evaluations(path, columns={"parameters": "Model Size"})
    >>> evaluations.loc["row-0002", "parameters"]
    np.float64(250000000.0)
    >>> evaluations.attrs
    {'name': 'mine', 'selections': []}
    """
    return _faultless(path, EVALUATIONS, _reading(EVALUATIONS, columns, options), name)


def check_evaluations(path: Source, columns: Mapping[str, str] | None = None, **options: Any) -> tuple[Fault, ...]:
    """Find every fault of a table of evaluations.

    Parameters
    ----------
    path, columns, **options
        As for `read_evaluations`.

    Returns
    -------
    tuple of Fault
        In row order; empty if `read_evaluations` takes the file.

    Raises
    ------
    EvaluationsError
        The file can't be read as a table at all, or the mapping does not fit it.

    Examples
    --------
    >>> table = pd.DataFrame({"system": ["A"], "paper": ["P"], "published": ["2024-05-01"], "benchmark": ["wt103"]})
    >>> table = table.assign(perplexity="0.7", parameters="2.5e8", tokens="1.03e8", architecture="transformer")
    >>> print(*check_evaluations(table))
    row 0, column perplexity, value 0.7: must be greater than 1 (perplexity, not log-perplexity or bits)
    """
    return read_table(path, EVALUATIONS, _reading(EVALUATIONS, columns, options)).faults


def read_runs(
    path: Source, columns: Mapping[str, str] | None = None, name: str | None = None, **options: Any
) -> pd.DataFrame:
    r"""Read and validate a table of training runs.

    Required columns: `parameters` (count), `loss` (nats per token) and `tokens` (seen in training) or `flop`
    (training compute) or both. What a row lacks of these two is filled in,

    .. math:: D = C / (6 N), \qquad C = 6 N D

    Optional: `id`, `series` (the name of a training curve or of an IsoFLOP budget), `steps`, `published`; for laws of
    repeated tokens `epochs`, or `unique_tokens`, by which `tokens` are divided where epochs are missing; and, for
    Kaplan's laws of them, `least_steps` (the steps S_min that a far larger batch would have needed) and
    `critical_batch` (tokens). Other columns are kept as they are.

    Parameters
    ----------
    path, columns, name, **options
        As for `read_evaluations`.

    Returns
    -------
    DataFrame
        Indexed by `id` (made from row numbers if the file has none), in the file's order, always with `tokens` and
        `flop`; `attrs` as of `read_evaluations`, and `attrs["kind"]`, which says that these are runs.

    Raises
    ------
    RunsError
        The file can't be read, the mapping does not fit it, or rules are broken: it lists the faults.

    Warns
    -----
    RunsWarning
        What looks wrong: sizes in billions, losses on two scales, several validation sets, a sweep of learning rates,
        tokens and compute that contradict C = 6 N D, one compute budget: see `bayes_scaling.tables.plausibility`.

    Notes
    -----
    C = 6 N D: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1.

    Examples
    --------
    >>> table = pd.DataFrame({"Model Size": ["1B"], "Training FLOP": [1.2e20], "loss": [2.58]})
    >>> runs = read_runs(table, columns={"parameters": "Model Size", "flop": "Training FLOP"}, name="mine")
    >>> runs.loc["row-0000"].to_dict()
    {'parameters': 1000000000.0, 'flop': 1.2e+20, 'loss': 2.58, 'tokens': 20000000000.0}
    >>> runs.attrs
    {'name': 'mine', 'selections': [], 'kind': 'runs'}
    """
    return _faultless(path, RUNS, _reading(RUNS, columns, options), name)


def check_runs(path: Source, columns: Mapping[str, str] | None = None, **options: Any) -> tuple[Fault, ...]:
    """Find every fault of a table of training runs.

    Parameters
    ----------
    path, columns, **options
        As for `read_evaluations`.

    Returns
    -------
    tuple of Fault
        In row order; empty if `read_runs` takes the file.

    Raises
    ------
    RunsError
        The file can't be read as a table at all, or the mapping does not fit it.

    Examples
    --------
    >>> print(*check_runs(pd.DataFrame({"parameters": ["1e9"], "tokens": ["-2e10"], "loss": ["2.58"]})))
    row 0, column tokens, value -2e10: must be greater than 0
    """
    return read_table(path, RUNS, _reading(RUNS, columns, options)).faults


def read_table(
    source: Source,
    kind: TableKind | None = None,
    reading: Reading | None = None,
    name: str | None = None,
    gaps: Collection[str] = (),
) -> ReadTable:
    """A table, or its faults; ``gaps`` may be missing or empty. Raises the kind's error: it is no table at all."""
    reading, where, error = reading or Reading(), source_name(source), (kind or EVALUATIONS).error
    try:
        file = read_text_table(source, kind.noun if kind else "row")
        names = list(file.cells.columns)
        asked, kind = kind, kind or kind_of_names({*names} - {*reading.columns.values()} | {*reading.columns})
        reading.check(kind)
        if set(SHEET) <= set(names) and not reading.columns:
            path = shlex.quote(where) if isinstance(source, str | PathLike) else "sheet.csv"
            raise TableError(
                f"{where} is the sheet of Ho et al. 2024, one row a system; type bayes-scaling import {path} "
                f"--output mine.csv, in Python bs.read_ho2024_sheet('{path}').table, of a CSV file"
            )
        if file.cells.empty:
            # The columns can't be told apart, or no row fits them: there is nothing to check further.
            return ReadTable(file.cells, file.faults, kind)
        cells = with_canonical_names(file.cells, reading.columns, where, kind)
    except TableError as refused:
        raise error(str(refused)) from None
    guessed = guessed_columns(list(cells.columns), kind) if reading.guess_columns else {}
    cells = cells.rename(columns={theirs: ours for ours, theirs in guessed.items()})
    pairs = ", ".join(f"{ours} from {theirs}" for ours, theirs in guessed.items())
    said = [f"columns guessed: {pairs}"] if guessed else []
    cells = without_words_for_gaps(cells, kind) if reading.drop_incomplete else cells
    empty = [each for each in empty_cells(cells, kind) if reading.drop_incomplete and each.rule.startswith(EMPTY)]
    incomplete = {each.row for each in empty}
    if 0 < len(incomplete) < len(cells):  # where none is left, the faults say why
        times = Counter(each.column for each in empty)
        cells = cells.drop(index=list(incomplete))
        where_empty = ", ".join(f"{column} in {count}" for column, count in times.items())
        said.append(f"without {counted(len(incomplete), 'incomplete row')} ({where_empty})")
    names = list(cells.columns)
    missing = tuple(missing_columns(names, kind))
    taken = (taken_as(names, kind),) if asked is None and (missing or guessed) else ()
    plain, notes = plainly_written(cells, kind, reading.scale)
    values, faults = checked_values(plain, kind, reading.scale, reading.loss_unit)
    columns = {**reading.columns, **guessed}
    lacking = [name for name in reading.scale if name not in cells]
    if lacking and not missing:
        there = ", ".join(name for name in kind.named("count", "number") if name in cells)
        raise error(f"scale: {where} has no column {lacking[0]!r}; of numbers it has {there}")
    found = (*missing, *in_file_order(file.faults, faults, cells, columns))
    may_lack = {columns.get(each, each) for each in gaps}
    all_faults = tuple(fault for fault in found if fault.value or fault.column not in may_lack)
    if all_faults:
        line = command_of(names, kind) if missing else ""
        gaps_left = any(fault.rule.startswith(EMPTY) or WORDS_FOR_GAPS.fullmatch(fault.value) for fault in found)
        if gaps_left and not reading.drop_incomplete:
            line = f"--drop-incomplete {line or 'to leave incomplete rows out'}"
        if missing and kind is EVALUATIONS and kind_of_names(names) is RUNS:
            runs = "--runs in place of --evaluations (bs.read_runs in Python) if these are training runs"
            line = f"{runs}, else {line}" if line else runs
        verb = "type" if reading == Reading() else "add"
        typed = in_python(f"{verb} {line}", "\n") if line else ""
        rows = [fault.row for fault in found]
        sound = values.iloc[:0] if None in rows else values.drop(index=rows, errors="ignore")
        sound = pd.DataFrame() if sound.empty else finished_table(sound, kind, table_name(source))
        return ReadTable(pd.DataFrame(), all_faults, kind, typed, taken, sound)
    others = [str(column) for column in file.typed if column in values and column not in kind.canonical]
    values = values.assign(**{column: file.typed[column].reindex(values.index) for column in others})
    table = finished_table(values, kind, table_name(source) if name is None else name)
    earlier = getattr(source, "attrs", {}).get("selections") or []
    table.attrs["selections"] = [*earlier, *said, *notes, *reading.said(kind)]
    table.attrs |= {"allowed": list(reading.allow)} if reading.allow else {}
    remarks = (similar_names(names, kind), *percentages(cells, kind), *taken)
    return ReadTable(table, (), kind, "", tuple(filter(None, remarks)))


def _faultless(source: Source, kind: TableKind, reading: Reading, name: str | None) -> pd.DataFrame:
    read = read_table(source, kind, reading, name)
    table, category = read.faultless(source), RunsWarning if kind is RUNS else TableWarning
    for message in (*read.remarks, *(in_python(str(each)) for each in findings(table))):
        warnings.warn(f"{source_name(source)}: {message}", category, stacklevel=3)
    return table


def _reading(kind: TableKind, columns: Mapping[str, str] | None, options: Mapping[str, Any]) -> Reading:
    choices = [each.name for each in fields(Reading)][1:]
    for name in options:
        if name not in choices:
            rows = "rows are selected of what is read, by .pipe(bs.rows_where, \"dataset == 'c4'\")"
            raise kind.error(f"there is no option {name!r}; choose from {', '.join(choices)}; {rows}")
    return Reading({} if columns is None else columns, **options)
