"""How `--column` and `--columns` map the columns of a file, and other options that read NAME=VALUE."""

from pathlib import Path
from typing import Any

from bayes_scaling.common.files import read_toml
from bayes_scaling.errors import BayesScalingError


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


_LINE = 'parameters = "Model Size"'
_EXAMPLE = f"[columns], and below it lines such as {_LINE}"


def columns_of_file(name: str) -> dict[str, str]:
    """Our name of each column to the table's, from a TOML file; whether they exist, the table's reader says.

    Raises BayesScalingError if it can't be read, is not TOML, gives a name twice, or holds anything but names and texts
    in ``[columns]``.
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
    if not name:
        raise BayesScalingError(f"--columns is empty; give a TOML file with {_EXAMPLE}")
    path = Path(name)
    try:
        if path.is_file():
            return read_toml(path)
        problem = "is not a regular file" if path.exists() else "no such file"
    except (OSError, ValueError) as error:
        problem = f"can't be read ({error.strerror})" if isinstance(error, OSError) else str(error)
    raise BayesScalingError(f"--columns {name}: {problem}; give a TOML file with {_EXAMPLE}")


def _kind(value: object) -> str:
    if value == "":
        return "empty"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else f"{str(value)[:40]}, which is no text"
