"""Files are written whole or not at all; names of the files that results are kept in."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

FIT_FILE, SUMMARY_FILE = "fit.nc", "summary.json"
FITS, SCORES = "fits", "scores"  # folders of a comparison's directory
COMPARISON_TABLE, COMPARISON_SETTINGS = "comparison.csv", "comparison.json"
ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS = "robustness.csv", "robustness.json"
BACKTEST_TABLE, BACKTEST_SCORES, BACKTEST_SETTINGS = "backtest.csv", "scores.csv", "backtest.json"
CALIBRATION_FILE = "calibration.json"
REPLICATION_TABLE = "replication.csv"

_STAGE = ".bayes-scaling-{}.partial"
_ABANDONED_SECONDS = 3600


LARGEST_TOML = 2**14
"""Bytes: eight times the largest of the catalogue. Nested names in a longer file can take minutes to read."""


def read_toml(path: Path) -> dict[str, Any]:
    """A user's small TOML file; ValueError says what is wrong with it."""
    try:
        if path.stat().st_size <= LARGEST_TOML:
            # Ends of lines as they are: not every kind is TOML.
            return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        problem = f"longer than {LARGEST_TOML:,} bytes; shorten it"
    except OSError as error:
        problem = f"can't be read ({error.strerror})"
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 text (byte {error.start}); save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        # What Python's reader says of a name that is there twice.
        twice = "a name is given twice" if str(error).startswith("Cannot overwrite a value") else "not valid TOML"
        problem = f"{twice}: {error}"
    except (ValueError, RecursionError):  # also a path with a NUL character
        problem = "can't be read as TOML: a number of thousands of digits, or brackets nested too deeply"
    raise ValueError(problem)


def plain_name(name: str) -> str:
    """A name made safe for every file system."""
    return re.sub(r"^\.+", "-", re.sub(r"[^A-Za-z0-9._@=-]+", "-", name))  # no .. and nothing hidden


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a run killed half-way, never finds half of it."""
    write_together({Path(path): content})


def write_together(contents: Mapping[Path, bytes], stale: Collection[Path] = ()) -> None:
    """Write files that belong together: all are ready on the disk before the first is moved into place.

    ``stale``: files of an earlier run, removed before. A symbolic link stays; the file that it points to is written.
    """
    stages: dict[Path, Path] = {}
    for path in (*contents, *stale):  # before anything is removed
        if path.is_dir() and not (path.is_symlink() and path in stale):
            raise IsADirectoryError(errno.EISDIR, f"{path.name} is a directory", str(path))
    try:
        for path, content in contents.items():
            target = _resolved(path)
            stages[target] = _stage_of(target)
            _write_stage(target, stages[target], content)
        _move(stages, stale)
    finally:
        for stage in stages.values():
            stage.unlink(missing_ok=True)


def remove_abandoned(directory: Path) -> None:
    """Remove what killed runs left half-written, hours ago, in a directory or beside it."""
    for place in (directory, directory.resolve().parent):
        for stage in place.glob(_STAGE.format("*")):
            with contextlib.suppress(OSError):
                if time.time() - stage.stat().st_mtime > _ABANDONED_SECONDS:
                    stage.unlink()


def _move(stages: Mapping[Path, Path], stale: Collection[Path]) -> None:
    """Put files in place of stale ones; if the first can't be, the stale ones come back."""
    aside = {path: _stage_of(path) for path in stale if os.path.lexists(path)}
    moved = False
    try:
        for path, place in aside.items():
            path.replace(place)
        for target, stage in stages.items():
            stage.replace(target)
            moved = True
    finally:
        for path, place in aside.items():
            if moved:
                place.unlink(missing_ok=True)
            elif os.path.lexists(place):
                place.replace(path)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError:  # what Python 3.12 raises for links that lead in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


def _stage_of(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    directory = path.parent.parent if os.access(path.parent.parent, os.W_OK) else path.parent
    if directory.stat().st_dev != path.parent.stat().st_dev:
        directory = path.parent
    return directory / _STAGE.format(secrets.token_hex(8))


def _write_stage(path: Path, stage: Path, content: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    # The system takes the umask off a new file's permissions; an older file's are then set as they were.
    descriptor = os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        stage.chmod(mode)
