"""From a file of any usual format, or a DataFrame, to a table of text cells, before any meaning is given to them."""

import codecs
import contextlib
import csv
import gzip
import io
import json
import os
import re
import select
import stat
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.faults import Fault, printable

LARGEST_FILE = 256 * 2**20  # bytes; a file without end, such as a device, would fill the memory
MOST_COLUMNS = 1000
PATIENCE = 8  # seconds without anything from a pipe after which it is given up

Source = str | PathLike[str] | Any
"""A file's path, or a DataFrame of pandas or Polars."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that steer a terminal, and that no table has to hold."""
_DEEPEST = 4  # levels of nested records that become columns
_SAVE = "save it as CSV UTF-8"
WORDS_FOR_GAPS = re.compile("n/?a|nan|null|none|unknown|-|[+-]?inf(?:inity)?|diverged", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?[0-9]+(?:,[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SURE_COMMA = re.compile(r"[+-]?(?:0,|[0-9]+,(?![0-9]{3}$))[0-9]+(?:[eE][+-]?[0-9]+)?")  # not of thousands


@dataclass(frozen=True)
class TextTable:
    """The cells of a file or DataFrame, and the faults of its shape.

    ``cells`` are stripped text, missing where empty, by row numbers as a :class:`Fault` counts them; blank rows and
    rows of the wrong length are left out. ``typed`` has them with their own types, where the format has any.
    """

    cells: pd.DataFrame
    faults: tuple[Fault, ...] = ()
    typed: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_text_table(source: Source, noun: str) -> TextTable:
    """Read any file, or a DataFrame, as text; ``noun`` is what messages call a row. Raises TableError."""
    if not isinstance(source, str | PathLike):
        return _of_frame(_as_pandas(source, noun), "the table", noun, first_row=0)
    content, suffix = _checked_content(source), _unpacked_name(source).suffix.lower()
    if suffix in _READERS:
        extra, first_row, read = _READERS[suffix]
        return _of_frame(_read_binary(content, source, extra, read), str(source), noun, first_row=first_row)
    text = _decoded(content, source)
    if not text.strip():
        raise TableError(f"{source} is empty; it needs a header and a row for each {noun}")
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _of_frame(_json_lines(text, source), str(source), noun)
    # Python's `csv` rather than `pandas.read_csv`, which silently pads rows that are too short.
    header, *rows = _records(text, source, tabs=suffix in (".tsv", ".tab"))
    return _of_rows(header, dict(enumerate(rows, start=2)), str(source), noun)


def table_name(source: Source) -> str:
    """What a table is called: its file's name, or that which a DataFrame has."""
    if isinstance(source, str | PathLike):
        return printable(_unpacked_name(source).stem)  # bytes that are no text would spoil pictures and JSON
    return str(getattr(source, "attrs", {}).get("name", "table"))


def source_name(source: Source) -> str:
    """What messages call a source."""
    return str(source) if isinstance(source, str | PathLike) else "the table"


def finite_numbers(cells: pd.Series) -> pd.Series:
    """Cells as numbers, missing where they are none."""
    return pd.to_numeric(cells, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)


def days(cells: pd.Series, form: str) -> pd.Series:
    """Cells as days, missing where they are none that is written so."""
    return pd.to_datetime(cells, format=form, errors="coerce")


def unread(cells: pd.Series, read: Callable[[pd.Series], pd.Series], rule: str) -> Iterator[Fault]:
    """Cells that hold something of which reading makes nothing, as faults of a rule."""
    written = cells.dropna()
    for row in written.index[read(written).isna()]:
        yield Fault(int(row), str(cells.name), str(written[row]), rule)


def _of_rows(header: list[str], rows: dict[int, list[str]], source: str, noun: str) -> TextTable:
    filled = {number: row for number, row in rows.items() if any(row)}
    if header and not header[0] and all(row[0].isdigit() for row in filled.values()):  # the index of a DataFrame
        header, filled = header[1:], {number: row[1:] for number, row in filled.items()}
    _require_table(header, filled, source, noun)
    wrong_names = tuple(_wrong_names(header))
    if wrong_names:
        return TextTable(pd.DataFrame(), wrong_names)
    whole = {number: row for number, row in filled.items() if len(row) == len(header)}
    index = pd.Index(list(whole), dtype="int64", name="row")
    cells = pd.DataFrame(list(whole.values()), index=index, columns=header, dtype="str")
    return TextTable(cells.mask(cells == ""), tuple(_wrong_rows(header, filled)))


def _of_frame(frame: pd.DataFrame, source: str, noun: str, *, first_row: int | None = None) -> TextTable:
    """A table of values as text that reads back the same, and the values beside it."""
    if first_row is not None:  # else the index counts rows
        named = [name for name in frame.index.names if name is not None and name not in frame]
        frame = frame.reset_index(named) if named else frame
        frame = frame.set_axis(pd.RangeIndex(first_row, first_row + len(frame)))
    header = [str(name).strip() for name in frame]
    values = [frame.iloc[:, at].tolist() for at in range(frame.shape[1])]
    columns = [[_written(value) for value in column] for column in values]
    rows = {int(number): list(row) for number, row in zip(frame.index, zip(*columns, strict=True), strict=True)}
    text = _of_rows(header, rows, source, noun)
    if text.cells.empty:
        return text
    typed = frame.set_axis(header, axis=1).loc[text.cells.index]
    return replace(text, typed=typed.loc[:, [not any(isinstance(each, bytes) for each in column) for column in values]])


def _stripped(cell: str) -> str:
    """Some control characters count as blanks: they stay, to be refused."""
    return cell if _CONTROL.search(cell) else cell.strip()


def _written(value: Any) -> str:
    """A value as a cell: numbers in digits that read back the same, days as YYYY-MM-DD."""
    if isinstance(value, bytes):  # text of files that do not mark it as such
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return _stripped(value)
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, list | dict | set | tuple | np.ndarray):
        return str(value)
    if value is None or pd.isna(value):
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    number = repr(float(value)) if isinstance(value, float | np.floating) else str(value)
    return number.removesuffix(".0")


def _as_pandas(source: Any, noun: str) -> pd.DataFrame:
    if hasattr(source, "collect_schema") and hasattr(source, "get_columns"):  # a DataFrame of Polars
        source = pd.DataFrame({name: source[name].to_list() for name in source.columns})
    if not isinstance(source, pd.DataFrame):
        raise TableError(
            f"a table is needed (a path, or a DataFrame of pandas or Polars, a row for each {noun}), "
            f"not {type(source).__name__}"
        )
    if isinstance(source.columns, pd.MultiIndex):
        raise TableError("the table has columns of several levels; give each a name of its own (df.columns = [...])")
    return source


_READERS: dict[str, tuple[str, int, Callable[[io.BytesIO], pd.DataFrame]]] = {
    ".parquet": ("parquet", 1, pd.read_parquet),
    **dict.fromkeys((".xlsx", ".xlsm"), ("excel", 2, lambda file: _first_sheet(file))),
}
"""Extra that reads a format, the first row's number, and how."""


def _first_sheet(file: io.BytesIO) -> pd.DataFrame:
    """A sheet as it is: no name made up for a column without one or with another's, no text taken for a gap."""
    sheet = pd.read_excel(file, header=None, dtype=object, keep_default_na=False, na_values=[""])
    return sheet.iloc[1:].set_axis([_written(name) for name in sheet.head(1).to_numpy().ravel()], axis=1)


def _read_binary(content: bytes, source: Source, extra: str, read: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
    try:
        return read(io.BytesIO(content))
    except ImportError:
        raise TableError(
            f"{source}: to read it needs another library; type pip install 'bayes-scaling[{extra}]', or {_SAVE}"
        ) from None
    except Exception as error:  # whatever a reader raises on what is no such file
        raise TableError(f"{source} can't be read as {extra} ({type(error).__name__}); {_SAVE}") from None


def _json_lines(text: str, source: Source) -> pd.DataFrame:
    """Records of a line each, with numbers as they are written; what is nested, under names such as config.params."""
    records = {}
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(
                line, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_each_name_once
            )
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise TableError(
                f"{source}: line {number} is no JSON object, or has a name twice; write one a line, such as "
                '{"loss": 2.5}'
            )
        records[number] = record
    return pd.json_normalize(list(records.values()), max_level=_DEEPEST).set_axis(list(records)).astype(object)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError
    return record


def _checked_content(source: str | PathLike[str]) -> bytes:
    try:
        content = _content(Path(source))
    except FileNotFoundError:
        raise TableError(f"{source}: no such file; give the path of a CSV file") from None
    except IsADirectoryError:
        raise TableError(f"{source} is a directory; give the path of a CSV file in it") from None
    except OSError as error:
        raise TableError(f"{source} can't be read: {error.strerror}") from None
    except TableError:
        raise
    except ValueError:  # a path with a NUL character
        raise TableError(f"{str(source)!r} is no path; give the path of a CSV file") from None
    if _unpacked_name(source) != Path(source):
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(LARGEST_FILE + 1)
        except (OSError, EOFError, zlib.error):
            raise TableError(f"{source} is not packed by gzip, as its name says; unpack it, or {_SAVE}") from None
    if len(content) > LARGEST_FILE:
        raise TableError(f"{source} is larger than {LARGEST_FILE // 2**20} MB; leave rows or columns out")
    return content


def _unpacked_name(source: str | PathLike[str]) -> Path:
    path = Path(source)
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _decoded(content: bytes, source: str | PathLike[str]) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode("utf-16")
    if b"\0" in content:
        raise TableError(f"{source} is not a CSV text file (it holds NUL bytes); {_SAVE}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` and not `content`: the decoder counts from behind a byte-order mark.
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise TableError(f"{source}: line {line} holds the byte 0x{byte:02x}, which is not UTF-8; {_SAVE}") from None


def _content(path: Path) -> bytes:
    """At most one byte more than a table may have; of a pipe, such as `<(zcat mine.csv.gz)`, what comes in time."""
    # Without waiting for whoever might write to a pipe.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if not stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            os.set_blocking(file.fileno(), True)
            return file.read(LARGEST_FILE + 1)
        content = b""
        while len(content) <= LARGEST_FILE:
            if not select.select([file], [], [], PATIENCE)[0]:
                raise TableError(f"{path}: nothing has come out of this pipe for {PATIENCE} s; give a file instead")
            piece = os.read(file.fileno(), 2**16)
            if not piece:
                break
            content += piece
        return content


def _records(text: str, source: Source, *, tabs: bool) -> list[list[str]]:
    first = text.split("\n", 1)[0]
    others = [each for each in "\t;" if each in first and "," not in first]
    delimiter = "\t" if tabs else (*others, ",")[0]
    records: list[list[str]] = []
    lines = io.StringIO(text, newline="")
    try:
        for record in csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True):
            records.append([_stripped(cell) for cell in record])
    except csv.Error as error:
        raise TableError(
            f"{source} is not a valid CSV file: {error} in row {len(records) + 1}; look for an unpaired quote there"
        ) from None
    return _with_decimal_points(records) if delimiter == ";" else records


def _with_decimal_points(records: list[list[str]]) -> list[list[str]]:
    """Where numbers surely have decimal commas, as they often have beside semicolons, points in their place."""
    columns = [
        [cell for cell in column if cell and not WORDS_FOR_GAPS.fullmatch(cell)]
        for column in zip_longest(*records[1:], fillvalue="")
    ]
    sure = any(_SURE_COMMA.fullmatch(cell) for column in columns for cell in column)
    commas = [sure and all(_COMMA.fullmatch(cell) for cell in column) for column in columns]
    rows = [
        [cell.replace(",", ".") if comma else cell for cell, comma in zip(row, commas, strict=False)]
        for row in records[1:]
    ]
    return [records[0], *rows]


def _require_table(header: list[str], filled: dict[int, list[str]], source: str, noun: str) -> None:
    if not any(header):
        raise TableError(f"{source}: row 1 is blank; it must name the columns")
    if len(header) == 1:
        raise TableError(
            f"{source} has a single column, {header[0][:60]!r}; row 1 must name the columns; separate the cells with "
            "commas, tabs or semicolons"
        )
    if len(header) > MOST_COLUMNS:
        raise TableError(f"{source} has {len(header)} columns and may have {MOST_COLUMNS}; leave columns out")
    if not filled:
        raise TableError(f"{source} has a header but no rows; add a row for each {noun}")


def _wrong_names(header: list[str]) -> Iterator[Fault]:
    for position, name in enumerate(header, start=1):
        if not name:
            yield Fault(1, None, "", f"column {position} has no name; name it or remove it")
        elif _CONTROL.search(name):
            yield Fault(1, name, "", "the name holds a control character; remove it")
    for name, times in Counter(name for name in header if name).items():
        if times > 1:
            yield Fault(1, name, "", f"the name stands {times} times; each column needs its own")


def _wrong_rows(header: list[str], filled: dict[int, list[str]]) -> Iterator[Fault]:
    for number, row in filled.items():
        if len(row) != len(header):
            rule = f"has {len(row)} cells and the header {len(header)}; put quotes around a cell that holds a comma"
            yield Fault(number, None, "", rule)
            continue
        for name, cell in zip(header, row, strict=True):
            if _CONTROL.search(cell):
                yield Fault(number, name, cell, "must not hold a control character")
