"""How the command line prints: consoles, and specifications as tables."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bayes_scaling.specifications.describe import Description


def console(*, stderr: bool = False) -> Console:
    """A console that wraps words but never crops them, coloured only on a terminal."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, width=100, no_color=True)
    return made


def specification_list(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and titles of the catalogue."""
    table = Table("name", "title")
    for name, title in rows:
        table.add_row(escape(name), escape(title))
    return table


def specification_page(description: Description) -> RenderableType:
    """Equation, notes, priors and reference of one specification."""
    priors = Table(title="Priors", title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0))
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


def say_written(out: Console, files: Iterable[Path], also: str = "") -> None:
    """Name the files that a command has written, brackets in their names as they are."""
    out.print(f"\nWritten: {', '.join(map(str, files))}{also}", soft_wrap=True, markup=False)
