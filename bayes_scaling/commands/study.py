"""What every command that runs a study does: a directory, progress, files, JSON or words, an exit code."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayes_scaling.commands.options import EXIT_UNCONVERGED, output_directory

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class StudyOptions:
    """What a command was told of its study; ``name`` is how directories of its results begin."""

    name: str
    output: str | None
    workers: int | None
    seed: int
    quiet: bool
    as_json: bool
    scheduler: str | None = None

    def directory(self, of: str) -> Path:
        """Where results go, and can."""
        from bayes_scaling.reports.run_directory import prepare

        directory = output_directory(self.output, f"{self.name}-{of}")
        prepare(directory)
        return directory

    def run[R](
        self,
        study: Callable[..., R],
        total: int,
        directory: Path,
        *,
        noun: str = "variant",
        doing: str = "fit and score",
        counting: bool = False,
        **asked: Any,
    ) -> R:
        """Run a study and show how far it is: ``total`` pieces, each told by name, or their number if ``counting``."""
        from bayes_scaling.reports.terminal import SweepProgress, console

        if self.scheduler is not None:
            asked["scheduler"] = self.scheduler
        with SweepProgress(console(stderr=True), total, quiet=self.quiet, noun=noun, doing=doing) as progress:

            def ended(which: Any, reused: bool) -> None:
                progress.advance(getattr(which, "name", which), reused=reused)

            on_done = progress.reach if counting else ended
            return study(directory=directory, seed=self.seed, workers=self.workers, on_done=on_done, **asked)

    def tell(
        self,
        files: Iterable[Path],
        json: Callable[[], bytes],
        words: Callable[[], "RenderableType"],
        also: str = "",
        *,
        converged: Iterable[bool] = (),
    ) -> None:
        """Print JSON, or words and the files that were written; exit with 1 if something has not converged."""
        from bayes_scaling.reports.terminal import console, say_written

        if self.as_json:
            typer.echo(json(), nl=False)
        else:
            out = console()
            out.print(words())
            say_written(out, files, also)
        if not all(converged):
            raise typer.Exit(EXIT_UNCONVERGED)
