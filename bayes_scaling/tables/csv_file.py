"""From a file's bytes to a table of text cells, before any meaning is given to them."""

import csv
import io
import os
import re
import select
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.faults import Fault

LARGEST_FILE = 256 * 2**20
"""Bytes; a file without end, such as a device, would fill the memory."""
MOST_COLUMNS = 1000
PATIENCE = 8
"""Seconds without anything from a pipe after which it is given up."""

_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that steer a terminal, and that no table has to hold."""


@dataclass(frozen=True)
class CsvFile:
    """The cells of a CSV file and the faults of its shape.

    Parameters
    ----------
    cells : DataFrame
        Stripped text, missing where a cell is empty; the index holds the file's row numbers (header = 1).
        Blank rows and rows of the wrong length are left out.
    faults : tuple of Fault
        Rows of the wrong length, columns without a name or with one that stands twice, and control characters.
    """

    cells: pd.DataFrame
    faults: tuple[Fault, ...]


def read_csv_file(path: str | PathLike[str], noun: str) -> CsvFile:
    r"""Read a comma-separated UTF-8 file as text.

    Python's `csv` rather than `pandas.read_csv`, which silently pads rows that are too short.

    Raises TableError: the file can't be read as a table at all.

    Parameters
    ----------
    path : path
        The file to read; a byte-order mark is allowed.
    noun : str
        What a row is, for messages.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("system,perplexity\nGPT-2,17.48\n")
    >>> read_csv_file(path, "evaluation").cells.loc[2, "perplexity"]
    '17.48'
    """
    header, *rows = _records(_text(path), path, noun)
    filled = {number: row for number, row in enumerate(rows, start=2) if any(row)}
    _require_table(header, filled, path, noun)
    wrong_names = tuple(_wrong_names(header))
    if wrong_names:
        return CsvFile(pd.DataFrame(), wrong_names)
    whole = {number: row for number, row in filled.items() if len(row) == len(header)}
    index = pd.Index(list(whole), dtype="int64", name="row")
    cells = pd.DataFrame(list(whole.values()), index=index, columns=header, dtype="str")
    return CsvFile(cells.mask(cells == ""), (*_ragged_rows(filled, len(header)), *_control_characters(header, whole)))


def _text(path: str | PathLike[str]) -> str:
    try:
        content = _content(Path(path))
    except FileNotFoundError:
        raise TableError(f"{path}: no such file; give the path of a CSV file") from None
    except IsADirectoryError:
        raise TableError(f"{path} is a directory; give the path of a CSV file in it") from None
    except OSError as error:
        raise TableError(f"{path} can't be read: {error.strerror}") from None
    except TableError:
        raise
    except ValueError:  # a path with a NUL character
        raise TableError(f"{str(path)!r} is no path; give the path of a CSV file") from None
    if len(content) > LARGEST_FILE:
        raise TableError(f"{path} is larger than {LARGEST_FILE // 2**20} MB; leave rows or columns out")
    if b"\0" in content:
        raise TableError(f"{path} is not a CSV text file (it holds NUL bytes); save it as CSV UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` and not `content`: the decoder counts from behind a byte-order mark.
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise TableError(
            f"{path}: line {line} holds the byte 0x{byte:02x}, which is not UTF-8; save the file as CSV UTF-8"
        ) from None


def _content(path: Path) -> bytes:
    """At most one byte more than a table may have; of a pipe, such as `<(zcat mine.csv.gz)`, what comes in time."""
    with open(path, "rb", opener=_open_at_once) as file:
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


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for whoever might write to a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _records(text: str, path: str | PathLike[str], noun: str) -> list[list[str]]:
    if not text.strip():
        raise TableError(f"{path} is empty; it needs a header and a row for each {noun}")
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True):
            # Some control characters count as blanks: they stay, to be refused.
            records.append([cell if _CONTROL.search(cell) else cell.strip() for cell in record])
    except csv.Error as error:
        raise TableError(
            f"{path} is not a valid CSV file: {error} in row {len(records) + 1}; look for an unpaired quote there"
        ) from None
    return records


def _require_table(header: list[str], filled: dict[int, list[str]], path: str | PathLike[str], noun: str) -> None:
    if not any(header):
        raise TableError(f"{path}: row 1 is blank; it must name the columns")
    if len(header) == 1:
        raise TableError(
            f"{path} has a single column, {header[0][:60]!r}; separate the cells with commas,"
            " not with semicolons or tabs"
        )
    if len(header) > MOST_COLUMNS:
        raise TableError(f"{path} has {len(header)} columns and may have {MOST_COLUMNS}; leave columns out")
    if not filled:
        raise TableError(f"{path} has a header but no rows; add a row for each {noun}")


def _wrong_names(header: list[str]) -> Iterator[Fault]:
    for position, name in enumerate(header, start=1):
        if not name:
            yield Fault(1, None, "", f"column {position} has no name; name it or remove it")
        elif _CONTROL.search(name):
            yield Fault(1, name, "", "the name holds a control character; remove it")
    for name, times in Counter(name for name in header if name).items():
        if times > 1:
            yield Fault(1, name, "", f"the name stands {times} times; each column needs its own")


def _ragged_rows(filled: dict[int, list[str]], width: int) -> Iterator[Fault]:
    for number, row in filled.items():
        if len(row) != width:
            rule = f"has {len(row)} cells and the header {width}; put quotes around a cell that holds a comma"
            yield Fault(number, None, "", rule)


def _control_characters(header: list[str], whole: dict[int, list[str]]) -> Iterator[Fault]:
    for number, row in whole.items():
        for name, cell in zip(header, row, strict=True):
            if _CONTROL.search(cell):
                yield Fault(number, name, cell, "must not hold a control character")
