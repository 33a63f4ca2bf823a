"""One progress display for a whole sweep."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bayes_scaling.words import counted


class SweepProgress:
    """A bar with time left on a terminal; elsewhere a line a tenth of the way.

    Parameters
    ----------
    console
        Where to show it.
    total
        Variants.
    quiet
        Show nothing.
    noun, doing
        What is counted, and what is done with it.
    """

    def __init__(
        self,
        console: Console,
        total: int,
        *,
        quiet: bool = False,
        noun: str = "variant",
        doing: str = "fit and score",
    ) -> None:
        self._console = console
        self._what = f"{counted(total, noun)} to {doing}"
        self._total = total
        self._done = 0
        self._quiet = quiet
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
        if not self._quiet and not self._console.is_terminal:
            self._console.print(f"{self._what} ...")
        self._bar.start()
        return self

    def advance(self, name: str, *, reused: bool) -> None:
        """Count a variant that has ended."""
        self._done += 1
        self._bar.update(self._task, advance=1, description=f"{name} {'kept from before' if reused else 'done'}")
        tenth = max(1, self._total // 10)
        if not self._quiet and not self._console.is_terminal and self._done % tenth == 0:
            self._console.print(f"{self._done} of {self._total} done")

    def reach(self, done: int) -> None:
        """Move on to so many that are done."""
        before, self._done = self._done, done
        self._bar.update(self._task, completed=done)
        tenth = max(1, self._total // 10)
        if not self._quiet and not self._console.is_terminal and done // tenth > before // tenth:
            self._console.print(f"{done} of {self._total} done")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
