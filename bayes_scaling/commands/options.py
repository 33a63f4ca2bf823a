"""Options that several commands share, how their values are read, and what the shell offers for them."""

import os
import tomllib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayes_scaling.errors import BayesScalingError, RunsWarning
from bayes_scaling.files import plain_name
from bayes_scaling.specifications.catalogue import list_specifications

if TYPE_CHECKING:
    import pandas as pd


def specification_names(incomplete: str) -> list[str]:
    """Names in the catalogue that begin so.

    Examples
    --------
    >>> specification_names("ho2024/0")[:2]
    ['ho2024/01', 'ho2024/02']
    """
    return [name for name in list_specifications() if name.startswith(incomplete)]


def table_names(incomplete: str) -> list[str]:
    """Packaged tables whose name begins so.

    Examples
    --------
    >>> table_names("c")
    ['collected']
    """
    from bayes_scaling.evaluations import PACKAGED  # pandas takes a second to import

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


LARGEST_FILE = 2**16
_LINE = 'parameters = "Model Size"'
_EXAMPLE = f"[columns], and below it lines such as {_LINE}"


def columns_of_file(name: str) -> dict[str, str]:
    r"""Our name of each column to the table's, from a TOML file; whether they exist, the table's reader says.

    Raises BayesScalingError if it can't be read, is not TOML, gives a name twice, or holds anything but names and texts
    in ``[columns]``.

    Parameters
    ----------
    name
        Path of the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "columns.toml"
    >>> _ = path.write_text('[columns]\nparameters = "Model Size"\n')
    >>> columns_of_file(str(path))
    {'parameters': 'Model Size'}
    """
    document = _document(name)
    columns = document.get("columns")
    others = [key for key in document if key != "columns"]
    if not isinstance(columns, dict) or others:
        what = f"holds {others[0]!r} outside [columns]" if others else "has no table [columns]"
        raise BayesScalingError(f"--columns {name}: {what}; it must hold {_EXAMPLE}, and nothing else")
    if not columns:
        raise BayesScalingError(f"--columns {name}: [columns] is empty; write lines such as {_LINE}")
    for ours, theirs in columns.items():
        if not isinstance(theirs, str) or not theirs:
            raise BayesScalingError(
                f"--columns {name}: {ours} must be the column's name in the table, in quotes, and is {_kind(theirs)}"
            )
    return columns


def _document(name: str) -> dict[str, Any]:
    path = Path(name)
    try:
        if not name:
            raise BayesScalingError(f"--columns is empty; give a TOML file with {_EXAMPLE}")
        if not path.exists():
            raise BayesScalingError(f"--columns {name}: no such file; give a TOML file with {_EXAMPLE}")
        if not path.is_file():
            raise BayesScalingError(f"--columns {name}: is not a regular file; give a TOML file with {_EXAMPLE}")
        if path.stat().st_size > LARGEST_FILE:
            raise BayesScalingError(f"--columns {name}: longer than {LARGEST_FILE:,} bytes; it must hold {_EXAMPLE}")
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise BayesScalingError(f"--columns {name}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise BayesScalingError(f"--columns {name}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        # What Python's reader says of a name that is there twice.
        twice = "a name is given twice: " if str(error).startswith("Cannot overwrite a value") else "not valid TOML: "
        raise BayesScalingError(f"--columns {name}: {twice}{error}; it must hold {_EXAMPLE}") from None
    except BayesScalingError:
        raise
    except (ValueError, RecursionError):  # also a path with a NUL character
        raise BayesScalingError(f"--columns {name!r}: can't be read as TOML; it must hold {_EXAMPLE}") from None


def _kind(value: object) -> str:
    if value == "":
        return "empty"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else f"{str(value)[:40]}, which is no text"
