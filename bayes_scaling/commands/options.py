"""Options that several commands share, and how their values are read."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_scaling.commands.columns_file import columns_of_file
from bayes_scaling.commands.completion import table_names
from bayes_scaling.errors import BayesScalingError, RunsWarning
from bayes_scaling.files import plain_name

if TYPE_CHECKING:
    import pandas as pd

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
Evaluations = Annotated[
    str,
    typer.Option(help="A packaged table (ho2024, collected) or the path of a CSV file.", autocompletion=table_names),
]
Runs = Annotated[
    str | None,
    typer.Option(help="A CSV file of training runs (parameters, tokens or flop, loss), in place of evaluations."),
]
Workers = Annotated[int | None, typer.Option(help="Processes; by default one a core.")]
Scheduler = Annotated[
    str | None, typer.Option(help="A running dask.distributed scheduler to use, such as tcp://host:8786.")
]
Seed = Annotated[int, typer.Option(help="Reproduces the fits.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, in place of tables and words.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")]


def check_workers(workers: int | None) -> None:
    """Refuse a number of processes that can't be."""
    if workers is not None and workers < 1:
        raise BayesScalingError(f"--workers must be at least 1, not {workers}")


def read_table(name: str, column: list[str] | None, columns: str | None = None) -> "pd.DataFrame":
    """A packaged table by name, or a file by path, its columns mapped as asked."""
    from bayes_scaling.evaluations import PACKAGED, load_evaluations, read_evaluations

    mapping = column_mapping(column, columns)
    if not name:
        raise BayesScalingError(f"--evaluations is empty; choose from {', '.join(PACKAGED)}, or give a CSV file")
    if name in PACKAGED or not (Path(name).suffix or os.path.lexists(name)):
        if mapping:
            option = "--column" if column else "--columns"
            raise BayesScalingError(f"{option} maps the columns of a file; packaged tables need no mapping")
        return load_evaluations(name)  # refuses an unknown name, naming the packaged tables
    return read_evaluations(name, mapping)


def refuse_two_tables(context: typer.Context, runs: str | None) -> None:
    """Refuse --runs beside --evaluations."""
    if runs is not None and given(context, "evaluations"):
        raise BayesScalingError("--runs and --evaluations are both given; a fit is of one table, so leave one out")


def given(context: typer.Context, option: str) -> bool:
    """Whether an option was given, rather than its default taken."""
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


def read_runs_table(name: str, column: list[str] | None, columns: str | None = None) -> "pd.DataFrame":
    """Training runs from a file by path, its columns mapped as asked."""
    from bayes_scaling.runs import read_runs

    mapping = column_mapping(column, columns)
    if not name:
        raise BayesScalingError("--runs is empty; give a CSV file with columns parameters, tokens or flop, and loss")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", RunsWarning)
        table = read_runs(name, mapping)
    for each in found:
        if issubclass(each.category, RunsWarning):
            typer.echo(f"bayes-scaling: warning: {each.message}", err=True)
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return table


def column_mapping(pairs: list[str] | None, file: str | None = None) -> dict[str, str]:
    """``NAME=COLUMN`` pairs, and those of a file where no pair has the name, as a mapping."""
    from_file = {} if file is None else columns_of_file(file)
    mapping: dict[str, str] = {}
    for pair in pairs or []:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours or not theirs:
            raise BayesScalingError(f"--column {pair!r} must read NAME=COLUMN, such as parameters='Model Size'")
        if ours in mapping:
            raise BayesScalingError(f"--column gives {ours!r} twice")
        mapping[ours] = theirs
    return from_file | mapping


def output_directory(output: str | None, name: str) -> Path:
    """The directory asked for, or ``runs/`` and a name made safe for every file system."""
    if output is None:
        return Path("runs") / plain_name(name)
    if not output:
        raise BayesScalingError("--output is empty; give a directory, or leave it out")
    return Path(output)
