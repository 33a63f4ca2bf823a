"""A comparison's directory: `comparison.csv`, `comparison.json`, pictures, and the fits and scores beside them."""

from pathlib import Path
from typing import TYPE_CHECKING

from bayes_scaling.report.run_directory import picture, write_beside_fits
from bayes_scaling.result_files import COMPARISON_SETTINGS, COMPARISON_TABLE

if TYPE_CHECKING:
    from bayes_scaling.comparison.result import Comparison

RANKING_FILE = "ranking.md"
_PICTURES = ("comparison.png", "doubling_times_by_variant.png", "pareto_k.png", "criteria.png")


def write_comparison(comparison: "Comparison", directory: Path) -> tuple[Path, ...]:
    """Write everything about a comparison but its fits, which the sweep has written.

    Returns
    -------
    tuple of pathlib.Path
        The files, in the order written.

    Raises
    ------
    BayesScalingError
        If the files can't be written.
    """
    from bayes_scaling.plots import comparison as plots
    from bayes_scaling.report.comparison_text import comparison_csv, comparison_json
    from bayes_scaling.report.ranking_page import ranking_page

    converged = int(comparison.table["converged"].sum())
    progress = bool(comparison.table["probability_of_progress"].notna().any())
    figures = {}
    if converged > 1:
        figures[_PICTURES[0]] = plots.plot_comparison(comparison).get_viz("figure")
    if progress:
        figures[_PICTURES[1]] = plots.plot_doubling_times_by_variant(comparison)
    figures[_PICTURES[2]] = plots.plot_pareto_k(comparison)
    if converged:
        figures[_PICTURES[3]] = plots.plot_criteria(comparison)
    contents = {name: picture(figure) for name, figure in figures.items()}
    page = ranking_page(comparison)
    if page is not None:
        contents[RANKING_FILE] = page.encode()
    contents[COMPARISON_TABLE] = comparison_csv(comparison)
    contents[COMPARISON_SETTINGS] = comparison_json(comparison)
    return write_beside_fits(contents, directory, stale=(RANKING_FILE, *_PICTURES))
