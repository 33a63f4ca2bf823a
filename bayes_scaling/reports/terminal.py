"""What is written to the terminal."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from bayes_scaling.common.formatting import counted
from bayes_scaling.reports.describe import Description
from bayes_scaling.reports.document import Table

NARROW: dict[str, Any] = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0)}  # style of tables of many columns


def console(*, stderr: bool = False, widest: int = 100) -> Console:
    """A console that wraps words but never crops them, coloured only on a terminal."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=False)
    if not made.is_terminal:
        return Console(stderr=stderr, highlight=False, width=widest, no_color=True)
    made.width = min(made.width, widest)
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
    priors = RichTable(title="Priors", title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0))
    priors.add_column(no_wrap=True)
    priors.add_column()
    for line in description.priors:
        name = f"{line.name}[{line.by}]" if line.by else line.name
        unit = f", {line.unit}" if line.unit else ""
        priors.add_row(escape(f"{name} ~ {line.prior}"), escape(f"{line.meaning}{unit} ({line.reason})"))
    return Group(
        Text(description.title, style="bold"),
        Text(description.reference),
        Text(),
        *(Text(f"  {equation}") for equation in description.equations),
        Text(),
        *(Text(f"- {note}") for note in description.notes),
        Text(),
        priors,
    )


def compact(title: str, table: Table, shown: Mapping[str, str]) -> RichTable:
    """Columns of a table under headings for the terminal, figures on the right; no cell but the first is wrapped."""
    first, *others = shown.values()
    columns = (Column(first, no_wrap=True), *(Column(each, justify="right", no_wrap=True) for each in others))
    places = [table.columns.index(column) for column in shown]
    return rich_table(title, columns, ([row[place] for place in places] for row in table.rows), **NARROW)


def left_out(result: Any) -> list[Text]:
    """What a study skipped, and files of its store that could not be read."""
    skipped = [Text(f"Skipped {name}: {reason}") for name, reason in getattr(result, "skipped", {}).items()]
    return skipped + [Text(f"Set aside: {file} ({reason})") for file, reason in result.set_aside]


def say_written(out: Console, files: Iterable[Path], also: str = "") -> None:
    """Name the files that a command has written, brackets in their names as they are."""
    out.print(f"\nWritten: {', '.join(map(str, files))}{also}", soft_wrap=True, markup=False)


class SweepProgress:
    """A bar with time left on a terminal; elsewhere a line a tenth of the way, or nothing if ``quiet``."""

    def __init__(
        self, console: Console, total: int, *, quiet: bool = False, noun: str = "variant", doing: str = "fit and score"
    ) -> None:
        self._console, self._total, self._done = console, total, 0
        self._what = f"{counted(total, noun)} to {doing}"
        self._plain = not quiet and not console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
