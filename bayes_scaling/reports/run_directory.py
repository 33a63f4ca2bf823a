"""A fit's directory: `fit.nc`, `summary.json`, pictures; each file whole or absent."""

import contextlib
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_scaling.common.files import FIT_FILE, SUMMARY_FILE, remove_abandoned, write_together
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.tables.faults import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_scaling.inference.result import Fit

_TRIES = 10
UNWRITABLE = "results can't be written there ({}); choose another --output"
PICTURE_FILE = "doubling_times.png"
RUNS_PICTURES = ("isoflop.png", "laws.png")
"""Of a law of parameters and tokens fitted to runs: IsoFLOP curves, and the posterior beside published laws."""


def prepare(directory: Path) -> None:
    """Check that files can be written to a directory, made with the first result, before anything long starts."""
    try:
        if directory.is_file():
            raise BayesScalingError(f"{directory}: is a file, and results need a directory; choose another --output")
        for tried in range(_TRIES):
            try:
                _try_writing(directory)
                break
            except (FileNotFoundError, FileExistsError):  # another run, trying the same, has just removed or made it
                if tried == _TRIES - 1:
                    raise
        remove_abandoned(directory)
    except OSError as error:
        raise BayesScalingError(f"{directory}: {UNWRITABLE.format(error.strerror)}") from None
    except BayesScalingError:
        raise
    except (ValueError, RuntimeError):  # a path with a NUL character, or of links that lead in a circle
        raise BayesScalingError(f"{str(directory)!r} is not a valid path; choose another --output") from None


def _try_writing(directory: Path) -> None:
    made = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    finally:
        for path in made:
            with contextlib.suppress(OSError):  # it was not made after all, or another run uses it by now
                path.rmdir()


@contextlib.contextmanager
def only_run(directory: Path) -> Iterator[None]:
    """Refuse a directory to which another process is fitting; the system forgets a process that has been killed."""
    name = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()
    try:
        import fcntl

        place = Path(tempfile.gettempdir(), f"bayes-scaling-{os.getuid()}")
        place.mkdir(mode=0o700, exist_ok=True)
        file = (place / f"{name}.lock").open("a")
    except (ImportError, OSError):  # there is no lock without files, nor on Windows
        yield
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BayesScalingError(
                f"{directory}: another run is writing there; wait for its end, or choose another --output"
            ) from None
        yield


def earlier_run(directory: Path, fingerprint: str) -> tuple[str, tuple[Path, ...]]:
    """What a new fit replaces in a directory: the earlier fit in words, and reports that are of it and no longer true.

    Nothing where there was none, or one of the same fingerprint.
    """
    from bayes_scaling.reports.write import reports_in

    try:
        summary = json.loads((directory / SUMMARY_FILE).read_bytes())
        if summary["fingerprint"] == fingerprint:
            return "", ()
        name = f"the fit of '{printable(summary['specification'])}' to {printable(summary['evaluations']['name'])}"
    except (OSError, ValueError, KeyError, TypeError):
        name = "an earlier fit"
    return (name if (directory / FIT_FILE).is_file() else ""), reports_in(directory)


def write_run(fit: "Fit", directory: Path, outdated: Collection[Path] = ()) -> tuple[Path, ...]:
    """Write a fit's files, the fit first and the summary last; an earlier run's stay until all of these are ready.

    ``outdated``: what else of the earlier run is removed.
    """
    contents = {directory / FIT_FILE: fit.to_bytes()}
    # Nothing of the earlier run must stand beside the new fit.
    stale = (*(directory / name for name in (SUMMARY_FILE, PICTURE_FILE, *RUNS_PICTURES)), *outdated)
    try:
        contents |= _read_off(fit, directory)
    except Exception as error:  # whatever fails here, the fit took minutes and is kept
        write_results(contents, directory, stale=stale)
        raise BayesScalingError(
            f"{directory / FIT_FILE}: the fit is written there, but its summary and pictures can't be made: {error}"
        ) from error
    return write_results(contents, directory, stale=stale)


def _read_off(fit: "Fit", directory: Path) -> dict[Path, bytes]:
    from bayes_scaling.plots import budgets, laws, progress
    from bayes_scaling.reports.fit_quantities import summary_json

    plots: dict[str, Callable[[Fit], Figure]] = {PICTURE_FILE: progress.plot_doubling_times}
    if fit.evaluations.kind == "runs":
        plots = dict(zip(RUNS_PICTURES, (budgets.plot_isoflop, laws.plot_laws), strict=True))
    contents: dict[Path, bytes] = {}
    for name, plot in plots.items():
        with contextlib.suppress(BayesScalingError):  # no progress, no split, or no five runs that share a budget
            contents[directory / name] = picture(plot(fit))
    return contents | {directory / SUMMARY_FILE: summary_json(fit)}


def write_results(
    contents: Mapping[Path, bytes], where: Path, stale: Collection[Path] = (), failure: str = UNWRITABLE
) -> tuple[Path, ...]:
    """Write files together; ``where`` and ``failure`` are what a reader is told if they can't be."""
    try:
        write_together(contents, stale=stale)
    except OSError as error:
        raise BayesScalingError(f"{where}: {failure.format(error.strerror)}") from None
    return tuple(contents)


def write_beside_fits(contents: Mapping[str, bytes], directory: Path, stale: Collection[str] = ()) -> tuple[Path, ...]:
    """Write files by name, in order, into a study's directory, and remove ``stale`` ones; fits there stay anyway."""
    files = {directory / name: content for name, content in contents.items()}
    failure = (
        "the table can't be written there ({}); fits and scores that are there are kept: put that right and run the "
        "same command again"
    )
    return write_results(files, directory, [directory / name for name in {*stale, *contents}], failure)


def picture(figure: "Figure", kind: str = "png") -> bytes:
    """A figure as the bytes of a PNG file, or of another kind."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    return buffer.getvalue()
