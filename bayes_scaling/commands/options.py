"""Options that several commands share, how their values are read, and what the shell offers for them."""

import functools
import inspect
import os
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.models import ArgumentInfo

from bayes_scaling.common.files import plain_name
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import SEED
from bayes_scaling.specifications.catalogue import list_specifications

if TYPE_CHECKING:
    import pandas as pd

    from bayes_scaling.tables.reading import Reading


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
Guess = Annotated[
    bool, typer.Option("--guess-columns", help="Take usual names of columns, such as N, params, val_loss; it is said.")
]
Scale = Annotated[
    list[str] | None,
    typer.Option(help="NAME=FACTOR: multiply a column, such as parameters=1e9; log10: it holds logarithms. Repeat."),
]
LossUnit = Annotated[
    str | None, typer.Option(help="What the loss or perplexity is given in: nats, bits, log10 or perplexity.")
]
DropIncomplete = Annotated[
    bool, typer.Option("--drop-incomplete", help="Leave rows out in which a required cell is empty.")
]
_TABLE: dict[str, tuple[Any, Any]] = {
    "evaluations": (
        Annotated[
            str,
            typer.Option(
                help="A packaged table (ho2024, collected) or the path of a file.", autocompletion=table_names
            ),
        ],
        "ho2024",
    ),
    "runs": (
        Annotated[
            str | None,
            typer.Option(help="A file of training runs (parameters, tokens or flop, loss), in place of evaluations."),
        ],
        None,
    ),
    "column": (Columns, None),
    "columns": (ColumnsFile, None),
    "guess_columns": (Guess, False),
    "scale": (Scale, None),
    "loss_unit": (LossUnit, None),
    "drop_incomplete": (DropIncomplete, False),
    "drop_duplicates": (
        Annotated[bool, typer.Option("--drop-duplicates", help="Leave rows out that repeat others in every column.")],
        False,
    ),
    "where": (
        Annotated[list[str] | None, typer.Option(help="Rows to keep, such as \"dataset == 'c4'\"; repeat as needed.")],
        None,
    ),
    "last_of": (
        Annotated[str | None, typer.Option(help="COLUMN,...: the last row of each, such as of each training curve.")],
        None,
    ),
    "best_of": (
        Annotated[str | None, typer.Option(help="COLUMN,...: the best row of each, such as parameters,tokens.")],
        None,
    ),
    "allow": (
        Annotated[list[str] | None, typer.Option(help="CODE: a finding that is no error here; repeat as needed.")],
        None,
    ),
}
"""Options of every command that reads a table, with their defaults."""
Workers = Annotated[int | None, typer.Option(help="Processes; by default one a core.")]
Scheduler = Annotated[
    str | None, typer.Option(help="A running dask.distributed scheduler to use, such as tcp://host:8786.")
]
Seed = Annotated[int, typer.Option(help="Reproduces the fits.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, in place of tables and words.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")]


def _study_options(name: str, *, here: bool) -> dict[str, tuple[Any, Any]]:
    """Options of every command that runs a study, with their defaults; ``here``: on this computer alone."""
    output = typer.Option(help=f"Directory for results; the same command resumes there. Default runs/{name}-...")
    options: dict[str, tuple[Any, Any]] = {"output": (Annotated[str | None, output], None), "workers": (Workers, None)}
    options |= {} if here else {"scheduler": (Scheduler, None)}
    return options | {"seed": (Seed, SEED), "quiet": (Quiet, False), "as_json": (Json, False)}


def check_workers(workers: int | None) -> None:
    """Refuse a number of processes that can't be."""
    if workers is not None and workers < 1:
        raise BayesScalingError(f"--workers must be at least 1, not {workers}")


@dataclass(frozen=True)
class TableOptions:
    """What a command was told of its table."""

    evaluations: str = "ho2024"
    runs: str | None = None
    column: list[str] | None = None
    columns: str | None = None
    guess_columns: bool = False
    scale: list[str] | None = None
    loss_unit: str | None = None
    drop_incomplete: bool = False
    drop_duplicates: bool = False
    where: list[str] | None = None
    last_of: str | None = None
    best_of: str | None = None
    allow: list[str] | None = None
    told: frozenset[str] = frozenset()
    """Which of these were given, rather than their defaults taken."""

    def read(self, used: Collection[str] = ()) -> "pd.DataFrame":
        """The table, selected as told; what looks wrong, unless the columns used mend it, is said or refused."""
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
        if not name and self.runs is None:
            raise BayesScalingError(f"--evaluations is empty; choose from {', '.join(PACKAGED)}, or give a CSV file")
        if not name:
            raise BayesScalingError(
                "--runs is empty; give a CSV file with columns parameters, tokens or flop, and loss"
            )
        if self.runs is None and (name in PACKAGED or not (Path(name).suffix or os.path.lexists(name))):
            if reading != Reading():
                option = (
                    "--column" if self.column else "--columns" if self.columns else "--guess-columns, --scale and such"
                )
                raise BayesScalingError(f"{option} maps the columns of a file; packaged tables need no mapping")
            return load_evaluations(name)  # refuses an unknown name, naming the packaged tables
        read = read_table(name, EVALUATIONS if self.runs is None else RUNS, reading)
        table = read.faultless(name)
        for said in (read.left_alone, *table.attrs["selections"]):
            if said:
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


def takes_table(
    *, runs: bool, evaluations: bool = True, study: str | None = None, here: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a table, which it takes as one argument ``options``, and those of a study.

    Parameters
    ----------
    runs, evaluations
        With or without ``--runs`` and ``--evaluations``.
    study
        How directories of the command's results begin, if it runs a study; it then takes an argument ``study``, a
        :class:`bayes_scaling.commands.study.StudyOptions`.
    here
        Whether the study runs on this computer alone.
    """
    left_out = {name for name, has in {"runs": runs, "evaluations": evaluations}.items() if not has}
    names = [name for name in _TABLE if name not in left_out]
    of_study = {} if study is None else _study_options(study, here=here)
    shared = {name: _TABLE[name] for name in names} | of_study

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(context: typer.Context, **asked: Any) -> None:
            told = frozenset(name for name in names if given(context, name))
            if {"runs", "evaluations"} <= told:
                raise BayesScalingError(
                    "--runs and --evaluations are both given; a command is of one table, so leave one out"
                )
            if study is not None:
                from bayes_scaling.commands.study import StudyOptions

                check_workers(asked["workers"])
                asked["study"] = StudyOptions(study, **{name: asked.pop(name) for name in of_study})
            command(options=TableOptions(**{name: asked.pop(name) for name in names}, told=told), **asked)

        own = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, each in inspect.signature(command, eval_str=True).parameters.items()
            if name not in ("options", "study")
        ]
        arguments = [each for each in own if _is_argument(each)]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (annotation, default) in shared.items()
        ]
        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        others = [each for each in own if each not in arguments]
        parameters = [context, *arguments, *added[: len(names)], *others, *added[len(names) :]]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate


def _is_argument(parameter: inspect.Parameter) -> bool:
    return any(isinstance(each, ArgumentInfo) for each in getattr(parameter.annotation, "__metadata__", ()))


def given(context: typer.Context, option: str) -> bool:
    """Whether an option was given, rather than its default taken."""
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


def say(message: str) -> None:
    """A line on standard error that a reader should see, whatever is printed on standard output."""
    from bayes_scaling.tables.faults import printable

    typer.echo(f"bayes-scaling: {printable(message)}", err=True)


def pairs(option: str, given: list[str] | None, form: str) -> dict[str, str]:
    """``NAME=VALUE`` of a repeated option, no name twice."""
    found: dict[str, str] = {}
    for pair in given or []:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise BayesScalingError(f"{option} {pair!r} must read {form}")
        if name in found:
            raise BayesScalingError(f"{option} gives {name!r} twice")
        found[name] = value
    return found


def column_mapping(columns: list[str] | None, file: str | None = None) -> dict[str, str]:
    """``NAME=COLUMN`` pairs, and those of a file where no pair has the name, as a mapping."""
    from_file = {} if file is None else columns_of_file(file)
    return from_file | pairs("--column", columns, "NAME=COLUMN, such as parameters='Model Size'")


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
