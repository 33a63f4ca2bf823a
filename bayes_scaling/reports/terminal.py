"""What is written to the terminal."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from bayes_scaling.common.formatting import counted
from bayes_scaling.reports.describe import SET_HERE, Description
from bayes_scaling.reports.document import Table

NARROW: dict[str, Any] = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0)}  # style of tables of many columns


def console(*, stderr: bool = False, widest: int = 100) -> Console:
    """A console that wraps words but never crops them; elsewhere than on a terminal as wide as COLUMNS says."""
    made = Console(stderr=stderr, highlight=False)
    told = made.is_terminal or "COLUMNS" in os.environ
    made.width = (min(made.width, widest) or widest) if told else widest
    return made


def rich_table(
    title: str, columns: Iterable[str | Column], rows: Iterable[Iterable[str | Text]], **style: Any
) -> RichTable:
    """A table for the terminal whose texts are shown as they are, whatever brackets they hold."""
    heads = (escape(column) if isinstance(column, str) else column for column in columns)
    made = RichTable(*heads, title=escape(title) or None, title_justify="left", **style)
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return made


def specification_page(description: Description) -> RenderableType:
    """Equation, notes, priors and reference of one specification."""
    priors: list[RenderableType] = []
    for line in description.priors:
        name = f"{line.name}[{line.by}]" if line.by else line.name
        said, own = f"{line.meaning}, {line.unit}" if line.unit else line.meaning, line.reason == SET_HERE
        priors.append(Text(f"{name} ~ {line.prior}{' *' if own else ''}"))
        priors.append(Padding(Text(said if own else f"{said} ({line.reason})"), (0, 0, 0, 4)))
    return Group(
        Text(description.title, style="bold"),
        Text(description.reference),
        Text(),
        *(Text(f"  {equation}") for equation in description.equations),
        Text(),
        *(Text(f"- {note}") for note in description.notes),
        Text(),
        Text(f"Priors (*: {SET_HERE})", style="italic"),
        *priors,
    )


_LEAST_NAME = 24  # characters of a table's first column, from which on its words are wrapped


@dataclass(frozen=True)
class Compact:
    """Columns of a table under headings for the terminal, the first ones where not all fit, and where the others are.

    Figures are on the right and never cut; names in the first column are wrapped.
    """

    title: str
    table: Table
    shown: Mapping[str, str]
    file: str

    def __rich_console__(self, out: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        places = [self.table.columns.index(column) for column in self.shown]
        heads, rows = list(self.shown.values()), [[row[place] for place in places] for row in self.table.rows]
        widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
        drawn = accumulate((width + 2 for width in (min(widths[0], _LEAST_NAME), *widths[1:])), initial=1)
        fit = max(2, sum(total <= options.max_width for total in drawn) - 1)
        columns = [Column(head, overflow="fold") for head in heads[:fit]]
        for column, width in zip(columns[1:], widths[1:], strict=False):
            column.justify, column.width = "right", width
        yield rich_table(self.title, columns, (row[:fit] for row in rows), **NARROW)
        if heads[fit:]:
            yield Text(f"Too wide for this terminal: {', '.join(heads[fit:])}; see {self.file}.")


def left_out(result: Any) -> list[Text]:
    """What a study skipped, and files of its store that could not be read."""
    skipped = [Text(f"Skipped {name}: {reason}") for name, reason in getattr(result, "skipped", {}).items()]
    return skipped + [Text(f"Set aside: {file} ({reason})") for file, reason in result.set_aside]


def what_failed(fit: Any) -> list[Text]:
    """What failed in a fit that has not converged, and what to try."""
    from bayes_scaling.reports.fit_words import next_step  # which waits for the sampler

    failures = (f"- {failure}" for failure in fit.diagnostics.failures)
    return [Text(note, style="red") for note in (*failures, next_step(fit))]


def say_written(out: Console, files: Iterable[Path]) -> None:
    """Name the files and folders that a command has written, of several their directory once."""
    paths = list(files)
    directory = os.path.commonpath([path.parent for path in paths]) if len(paths) > 1 else ""
    names = (f"{path.relative_to(directory) if directory else path}{'/' * path.is_dir()}" for path in paths)
    out.print(Text(f"\nWritten{f' to {directory}' if directory else ''}: {', '.join(names)}"))


class SweepProgress:
    """A bar with time left on a terminal; elsewhere a line a tenth of the way, or nothing if ``quiet``."""

    def __init__(
        self, console: Console, total: int, *, quiet: bool = False, noun: str = "variant", doing: str = "fit and score"
    ) -> None:
        self._console, self._total, self._done = console, total, 0
        self._what = f"{counted(total, noun)} to {doing}"
        self._plain = not quiet and not console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}", table_column=Column(overflow="fold")),  # wrapped before times are cut
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task(self._what, total=total)

    def __enter__(self) -> Self:
        if self._plain:
            self._console.print(f"{self._what} ...")
        self._bar.start()
        return self

    def advance(self, name: str, *, reused: bool) -> None:
        """Count a variant that has ended."""
        self._bar.update(self._task, description=f"{name} {'kept from before' if reused else 'done'}")
        self.reach(self._done + 1)

    def reach(self, done: int) -> None:
        """Move on to so many that are done."""
        before, self._done = self._done, done
        self._bar.update(self._task, completed=done)
        tenth = max(1, self._total // 10)
        if self._plain and done // tenth > before // tenth:
            self._console.print(f"{done} of {self._total} done")

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
