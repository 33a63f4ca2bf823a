"""Finished fits in a directory and in those beside it, found by fingerprint."""

import json
from collections.abc import Iterator
from pathlib import Path

from bayes_scaling.common.files import FIT_FILE, FITS, SUMMARY_FILE, plain_name
from bayes_scaling.errors import FitFileError
from bayes_scaling.inference.result import Fit, read_fit


def sweep_file(specification: str, fingerprint: str) -> str:
    """Name of a fit's file among those of a comparison."""
    return f"{plain_name(specification)}-{fingerprint[:16]}.nc"


def sweep_files(directory: Path, fingerprint: str) -> list[Path]:
    """Files of a fit in a comparison's directory; a specification may have been renamed."""
    return sorted((directory / FITS).glob(f"*-{fingerprint[:16]}.nc"))


def finished_fit(fingerprint: str, directory: Path) -> tuple[Fit, bytes, Path] | None:
    """A readable fit of this fingerprint with its file's content and place, from a run's directory or those beside."""
    for path in _candidates(fingerprint, directory):
        try:
            content = path.read_bytes()
            fit = read_fit(content, str(path))
        except (OSError, FitFileError):  # whatever is wrong with it, a new fit serves
            continue
        if fit.fingerprint == fingerprint:
            return fit, content, path
    return None


def _candidates(fingerprint: str, directory: Path) -> Iterator[Path]:
    beside = sorted(each for each in directory.parent.glob("*") if each.is_dir() and each != directory)
    for place in (directory, *beside):
        try:
            summary = json.loads((place / SUMMARY_FILE).read_bytes())
        except (OSError, ValueError):
            summary = None
        if isinstance(summary, dict) and summary.get("fingerprint") == fingerprint:
            yield place / FIT_FILE
        yield from sweep_files(place, fingerprint)
    yield from sorted(directory.glob("*.nc"))  # of the run itself, whatever they are called
