"""What is wrong with one place of a user's table."""

from dataclasses import dataclass

LONGEST_VALUE = 60


def printable(text: str) -> str:
    r"""Text that a terminal shows as it is: control characters and marks of direction as their escapes.

    Line breaks stay.

    Examples
    --------
    >>> printable("GPT\x1b[31m-2")
    'GPT\\x1b[31m-2'
    """
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode("ascii") for each in text
    )


@dataclass(frozen=True)
class Fault:
    """One broken rule, at one place of a file.

    Parameters
    ----------
    row : int or None
        The file's row as a spreadsheet counts it (the header is row 1); None for the whole table or a
        column that it lacks.
    column : str or None
        The column as the file names it; None for the whole row.
    value : str
        What the file says there, as written; empty if nothing.
    rule : str
        What should stand there instead.

    Examples
    --------
    >>> print(Fault(12, "perplexity", "0.7", "must be greater than 1"))
    row 12, column perplexity, value 0.7: must be greater than 1
    """

    row: int | None
    column: str | None
    value: str
    rule: str

    def __str__(self) -> str:
        parts = (
            "" if self.row is None else f"row {self.row}",
            "" if self.column is None else f"column {_on_one_line(self.column)}",
            f"value {_on_one_line(self.value)}" if self.value else "",
        )
        place = ", ".join(part for part in parts if part)
        return f"{place}: {self.rule}" if place else self.rule


def _on_one_line(value: str) -> str:
    line = printable(" ".join(value.split()))
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}..."
