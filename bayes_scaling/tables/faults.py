"""What is wrong with one place of a user's table, what looks wrong with all of it, and both as messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bayes_scaling.common.formatting import counted

Severity = Literal["error", "warning"]

LONGEST_VALUE = 60
SHOWN = 20
_NAMED = 5  # rows that a line names


def printable(text: str) -> str:
    """Text as a terminal shows it: control characters and marks of direction escaped. Line breaks stay."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode("ascii") for each in text
    )


def on_one_line(text: str) -> str:
    """Printable text without line breaks, of bounded length."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}..."


@dataclass(frozen=True)
class Fault:
    """One broken rule, at one place of a file.

    ``row`` is the file's as a spreadsheet counts it (the header is row 1; of a DataFrame, from 0), None for the whole
    table; ``column`` as the file names it, None for the whole row; ``value`` as written; ``rule``, what should stand.
    """

    row: int | None
    column: str | None
    value: str
    rule: str

    def __str__(self) -> str:
        return _line(self, () if self.row is None else (self.row,))


@dataclass(frozen=True)
class Finding:
    """What looks wrong with a table, or with a fit of it.

    ``code`` is stable: what scripts and ``--allow`` name. An ``"error"`` keeps a table from being fitted, unless it is
    allowed by its code. The message says what it is, in which rows, what it probably is, and what to type.
    """

    code: str
    severity: Severity
    message: str
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.severity} {self.code}: {self.message}"


def named_rows(rows: Sequence[object]) -> str:
    """A count of rows, and the first of them."""
    first = ", ".join(str(row) for row in rows[:_NAMED]) + (", ..." if len(rows) > _NAMED else "")
    return f"{counted(len(rows), 'row')} ({first})"


def fault_lines(faults: Sequence[Fault]) -> list[str]:
    """A line for each kind of fault: the same rule, in the same column."""
    kinds: dict[tuple[str | None, str], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault((fault.column, fault.rule), []).append(fault)
    return [str(same[0]) if len(same) == 1 else _line(same[0], [each.row for each in same]) for same in kinds.values()]


def fault_message(source: str, faults: Sequence[Fault], more: str) -> str:
    """The first faults, a line for each kind, and how to see the others."""
    count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = fault_lines(faults)
    rest = [f"  and {len(lines) - SHOWN} more lines; {more}"] if len(lines) > SHOWN else []
    return "\n".join([f"{source} has {count}:", *(f"  {line}" for line in lines[:SHOWN]), *rest])


def _line(fault: Fault, rows: Sequence[int | None]) -> str:
    where = named_rows(rows) if len(rows) > 1 else "".join(f"row {row}" for row in rows)
    column = "" if fault.column is None else f"column {on_one_line(fault.column)}"
    value = on_one_line(fault.value)
    such = f"values such as {value!r}" if len(rows) > 1 else f"value {value}"
    place = ", ".join(part for part in (where, column, such if fault.value else "") if part)
    return f"{place}: {fault.rule}" if place else fault.rule
