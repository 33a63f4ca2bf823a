"""A backtest's directory: `backtest.png`, `.md`, `.csv`, `.json` and `scores.csv`, and the forecasts beside them."""

from pathlib import Path
from typing import TYPE_CHECKING

from bayes_scaling.report.run_directory import picture, write_beside_fits

if TYPE_CHECKING:
    from bayes_scaling.predictive.result import Backtest

FILES = ("backtest.png", "backtest.md", "backtest.csv", "scores.csv", "backtest.json")


def write_backtest(result: "Backtest", directory: Path) -> tuple[Path, ...]:
    """Write everything about a backtest but its forecasts, which are written as they end.

    Returns
    -------
    tuple of pathlib.Path
        The files, in the order written.

    Raises
    ------
    BayesScalingError
        If the files can't be written.
    """
    from bayes_scaling.plots.predictive import plot_backtest
    from bayes_scaling.report.backtest_page import backtest_page
    from bayes_scaling.report.backtest_text import backtest_csv, backtest_json, scores_csv

    contents = (
        picture(plot_backtest(result)),
        backtest_page(result).encode(),
        backtest_csv(result),
        scores_csv(result),
        backtest_json(result),
    )
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
