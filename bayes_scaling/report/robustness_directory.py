"""A robustness run's directory: `robustness.csv`, `.json`, `.png`, `.md`, and the fits and scores beside them."""

from pathlib import Path
from typing import TYPE_CHECKING

from bayes_scaling.report.run_directory import picture, write_beside_fits
from bayes_scaling.result_files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE

if TYPE_CHECKING:
    from bayes_scaling.robustness_cases.result import Robustness

FILES = ("robustness.png", "robustness.md", ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS)


def write_robustness(result: "Robustness", directory: Path) -> tuple[Path, ...]:
    """Write everything about a robustness run but its fits, which the sweep has written.

    Returns
    -------
    tuple of pathlib.Path
        The files, in the order written.

    Raises
    ------
    BayesScalingError
        If the files can't be written.
    """
    from bayes_scaling.plots.robustness import plot_robustness
    from bayes_scaling.report.robustness_page import robustness_page
    from bayes_scaling.report.robustness_text import robustness_csv, robustness_json

    contents = (
        picture(plot_robustness(result)),
        robustness_page(result).encode(),
        robustness_csv(result),
        robustness_json(result),
    )
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
