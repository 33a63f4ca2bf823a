"""Options that several commands share, how their values are read, and what the shell offers for them."""

import functools
import inspect
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.models import ArgumentInfo

from bayes_scaling.commands.columns import column_mapping, pairs
from bayes_scaling.common.files import plain_name
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import SEED
from bayes_scaling.specifications.catalogue import list_specifications

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from bayes_scaling.inference.result import Fit
    from bayes_scaling.tables.reading import Reading


def specification_names(incomplete: str) -> list[str]:
    """Names in the catalogue that begin with what was typed."""
    return [name for name in list_specifications() if name.startswith(incomplete)]


def table_names(incomplete: str) -> list[str]:
    """Packaged tables whose name begins with what was typed."""
    from bayes_scaling.tables import PACKAGED  # pandas takes a second to import

    return [name for name in PACKAGED if name.startswith(incomplete)]


EXIT_UNCONVERGED = 1

Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="NAME=COLUMN: the file's own name of one of our columns; repeat as needed."),
]
ColumnsFile = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help='The same from a TOML file: [columns], then NAME = "COLUMN" on a line each. --column wins over it.',
    ),
]
Workers = Annotated[int | None, typer.Option(help="Processes; by default one a core.")]
Seed = Annotated[int, typer.Option(help="Reproduces the fits.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, in place of tables and words.")]
COMPUTE = "Training FLOP, such as 1e24; several as 1e22,1e24, or repeat"
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, nor remarks on reading, on standard error.")]


def flops(values: Iterable[str]) -> tuple[float, ...]:
    """Budgets of one or several --compute, each a number or several between commas."""
    try:
        return tuple(dict.fromkeys(float(each) for value in values for each in value.split(",")))
    except ValueError as error:
        raise typer.BadParameter(f"{error}; give numbers such as 1e22,1e24", param_hint="'--compute'") from None


@dataclass(frozen=True)
class TableOptions:
    """What a command was told of its table: the options of all that read one, with their defaults."""

    evaluations: Annotated[
        str,
        typer.Option(help="A packaged table (ho2024, collected) or the path of a file.", autocompletion=table_names),
    ] = "ho2024"
    runs: Annotated[
        str | None,
        typer.Option(help="A file of training runs (parameters, tokens or flop, loss), in place of evaluations."),
    ] = None
    column: Columns = None
    columns: ColumnsFile = None
    guess_columns: Annotated[
        bool,
        typer.Option(
            "--guess-columns", help="Recognise usual names of columns, such as N, params or val_loss, and say which."
        ),
    ] = False
    scale: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FACTOR: multiply a column, such as parameters=1e9; log10: it holds logarithms. Repeat."
        ),
    ] = None
    loss_unit: Annotated[
        str | None,
        typer.Option(
            help="Unit of the loss or perplexity: nats, bits, log10 or perplexity. Per byte: --scale loss=4.3 too."
        ),
    ] = None
    drop_incomplete: Annotated[
        bool, typer.Option("--drop-incomplete", help="Leave out rows in which a required cell is empty.")
    ] = False
    drop_duplicates: Annotated[
        bool, typer.Option("--drop-duplicates", help="Leave out rows that repeat others in every column.")
    ] = False
    where: Annotated[
        list[str] | None, typer.Option(help="Rows to keep, such as \"dataset == 'c4'\"; repeat as needed.")
    ] = None
    last_of: Annotated[
        str | None, typer.Option(help="COLUMN,...: the last row of each, such as of each training curve.")
    ] = None
    best_of: Annotated[
        str | None, typer.Option(help="COLUMN,...: the best row of each, such as parameters,tokens.")
    ] = None
    allow: Annotated[
        list[str] | None, typer.Option(help="CODE: a finding that is no error here; repeat as needed.")
    ] = None
    told: frozenset[str] = frozenset()
    """Which of these, and whether ``quiet``, were given, rather than their defaults taken."""

    def read(self, used: Collection[str] = ()) -> "pd.DataFrame":
        """The table, selected as asked; what looks wrong and no column used tells apart is said or refused."""
        from bayes_scaling.tables.plausibility import require_plausible

        table = self.selected(self._read())
        for finding in require_plausible(table, used):
            say(str(finding))
        return table

    def reading(self) -> "Reading":
        """How columns and cells of a file are to be read."""
        from bayes_scaling.tables.reading import Reading

        scale: dict[str, float | str] = {}
        for name, text in pairs("--scale", self.scale, "NAME=FACTOR, such as parameters=1e9").items():
            try:
                scale[name] = text if text == "log10" else float(text)
            except ValueError:
                raise BayesScalingError(f"--scale {name}={text}: {text!r} is no number; write 1e9, or log10") from None
        return Reading(
            column_mapping(self.column, self.columns), self.guess_columns, scale, self.loss_unit, self.drop_incomplete
        )

    def _read(self) -> "pd.DataFrame":
        from bayes_scaling.tables.columns import EVALUATIONS, RUNS
        from bayes_scaling.tables.packaged import PACKAGED, load_evaluations
        from bayes_scaling.tables.reading import Reading, read_table

        reading, name = self.reading(), self.evaluations if self.runs is None else self.runs
        if not name:
            choices = f"--evaluations is empty; choose from {', '.join(PACKAGED)}, or give a CSV file"
            runs = "--runs is empty; give a CSV file with columns parameters, tokens or flop, and loss"
            raise BayesScalingError(choices if self.runs is None else runs)
        if self.runs is None and (name in PACKAGED or not (Path(name).suffix or os.path.lexists(name))):
            if reading != Reading():
                option = (
                    "--column" if self.column else "--columns" if self.columns else "--guess-columns, --scale and such"
                )
                raise BayesScalingError(f"{option} maps the columns of a file; packaged tables need no mapping")
            return load_evaluations(name)  # refuses an unknown name, naming the packaged tables
        read = read_table(name, EVALUATIONS if self.runs is None else RUNS, reading)
        table = read.faultless(name)
        for said in (*read.remarks, *table.attrs["selections"]) if "quiet" not in self.told else ():
            say(said)
        return table

    def selected(self, table: "pd.DataFrame") -> "pd.DataFrame":
        """The rows of a table that were told, with what is allowed of them."""
        from bayes_scaling.tables.plausibility import check_codes
        from bayes_scaling.tables.rows import best_of, last_of, rows_where, without_duplicates

        check_codes(self.allow or ())
        table.attrs |= {"allowed": list(self.allow)} if self.allow else {}
        table = without_duplicates(table) if self.drop_duplicates else table
        for expression in self.where or []:
            table = rows_where(table, expression)
        if self.last_of is not None:
            table = last_of(table, self.last_of.split(","))
        return table if self.best_of is None else best_of(table, self.best_of.split(","))


@dataclass(frozen=True)
class StudyOptions:
    """What a command was told of its study; ``name`` is how directories of its results begin."""

    name: str
    output: str | None = None
    workers: Workers = None
    scheduler: Annotated[
        str | None, typer.Option(help="A running dask.distributed scheduler to use, such as tcp://host:8786.")
    ] = None
    seed: Seed = SEED
    quiet: Quiet = False
    as_json: Json = False

    def directory(self, of: str) -> Path:
        """The directory of results, once it is known that it can be written."""
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
            say_written(out, files)
        if not all(converged):
            raise typer.Exit(EXIT_UNCONVERGED)


def takes_table(
    *, runs: bool, evaluations: bool = True, study: str | None = None, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a table, which it takes as one argument ``options``, and those of a study.

    ``study``: how directories of its results begin, if it runs a study; it then takes an argument ``study``, a
    :class:`StudyOptions`. ``without``: options of a study that this one lacks, such as ``scheduler``.
    """
    left_out = {name for name, has in {"runs": runs, "evaluations": evaluations}.items() if not has}
    of_table = _declared(TableOptions, left_out)
    output = typer.Option(help=f"Directory for results; the same command resumes there. Default runs/{study}-...")
    of_study = [_option("output", Annotated[str | None, output], None), *_declared(StudyOptions, without)]
    of_study = of_study if study else []

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(context: typer.Context, **asked: Any) -> None:
            names = (*(each.name for each in of_table), "quiet")
            told = frozenset(name for name in names if given(context, name))
            if {"runs", "evaluations"} <= told:
                raise BayesScalingError(
                    "--runs and --evaluations are both given; a command reads one table, so leave one out"
                )
            if study is not None:
                check_workers(asked.get("workers"))
                asked["study"] = StudyOptions(study, **{each.name: asked.pop(each.name) for each in of_study})
            command(options=TableOptions(**{each.name: asked.pop(each.name) for each in of_table}, told=told), **asked)

        own = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, each in inspect.signature(command, eval_str=True).parameters.items()
            if name not in ("options", "study")
        ]
        arguments = [each for each in own if any(isinstance(of, ArgumentInfo) for of in _metadata(each.annotation))]
        context = _option("context", typer.Context, inspect.Parameter.empty)
        others = [each for each in own if each not in arguments]
        parameters = [context, *arguments, *of_table, *others, *of_study]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate


def _metadata(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__metadata__", ())


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _declared(options: Any, left_out: Collection[str]) -> list[inspect.Parameter]:
    """The options that the fields of a class declare."""
    declared = [each for each in fields(options) if _metadata(each.type) and each.name not in left_out]
    return [_option(each.name, each.type, each.default) for each in declared]


def check_workers(workers: int | None) -> None:
    """Refuse a number of processes that can't be."""
    if workers is not None and workers < 1:
        raise BayesScalingError(f"--workers must be at least 1, not {workers}")


def given(context: typer.Context, option: str) -> bool:
    """Whether an option was given, rather than its default taken."""
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


def say(message: str) -> None:
    """A line on standard error that a reader should see, whatever is printed on standard output."""
    from bayes_scaling.tables.faults import printable

    typer.echo(f"bayes-scaling: {printable(message)}", err=True)


def output_directory(output: str | None, name: str) -> Path:
    """The directory asked for, or ``runs/`` and a name made safe for every file system."""
    if output is None:
        return Path("runs") / plain_name(name)
    if not output:
        raise BayesScalingError("--output is empty; give a directory, or leave it out")
    return Path(output)


def at_columns(fit: "Fit | None", settings: list[str]) -> "Fit":
    """A fit where columns have given values."""
    from bayes_scaling.inference.result import require_fit
    from bayes_scaling.quantities.laws import at

    parts = [each.partition("=") for each in settings]
    if fit is None or not all(name and value for name, _, value in parts):
        raise BayesScalingError(f"--at {settings[0]} needs a fit and COLUMN=VALUE; type --fit DIR --at dataset=c4")
    return require_fit(at(fit, **{name: _value(text) for name, _, text in parts}))


def _value(text: str) -> str | float:
    """A number where it is one."""
    try:
        return float(text) if isfinite(float(text)) else text
    except ValueError:
        return text
