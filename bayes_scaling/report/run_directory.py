"""A fit's directory: `fit.nc`, `summary.json`, pictures; each file whole or absent."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.files import write_whole
from bayes_scaling.inference.result import FIT_FILE, Fit
from bayes_scaling.report.summary import summary_json

SUMMARY_FILE = "summary.json"
PICTURE_FILE = "doubling_times.png"


def prepare(directory: Path) -> None:
    """Make the directory and see that it takes files, before anything long starts.

    Raises
    ------
    BayesScalingError
        If it can't be made or written to; the message says what to choose instead.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".bayes-scaling-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BayesScalingError(
            f"{directory}: results can't be written there ({error.strerror}); choose another --output"
        ) from None


def write_run(fit: Fit, directory: Path) -> tuple[Path, ...]:
    """Write everything about a fit, the fit itself first and the summary last.

    Returns
    -------
    tuple of pathlib.Path
        The files, in the order written.
    """
    # A summary or picture of an earlier run must not stand beside a new fit.
    for stale in (SUMMARY_FILE, PICTURE_FILE):
        (directory / stale).unlink(missing_ok=True)
    written = [fit.save(directory / FIT_FILE)]
    if fit.specification.progresses:
        from bayes_scaling.plots.doubling import plot_doubling_times

        write_whole(directory / PICTURE_FILE, picture(plot_doubling_times(fit)))
        written.append(directory / PICTURE_FILE)
    write_whole(directory / SUMMARY_FILE, summary_json(fit))
    return (*written, directory / SUMMARY_FILE)


def picture(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
