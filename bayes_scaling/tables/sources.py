"""Where others publish their tables."""

from dataclasses import dataclass

from bayes_scaling.errors import BayesScalingError


@dataclass(frozen=True)
class Source:
    """A published table: what a user calls it, what it is and whose, and where it is served as CSV."""

    name: str
    title: str
    url: str


SOURCES = {
    source.name: source
    for source in (
        Source(
            "ho2024-sheet",
            "the spreadsheet of Ho et al. 2024",
            "https://docs.google.com/spreadsheets/d/11m8O_mU0cUkOB_5wluPne4PNsuvsKNbbVAzbYNy-NXY/export"
            "?gid=2087221150&format=csv",
        ),
        Source("ai-models", "the AI models database of Epoch AI", "https://epoch.ai/data/all_ai_models.csv"),
    )
}
"""By name. Neither has a known hash: both may change at any time, so what came is recorded instead.

The address of the sheet stands in the authors' notebook for section 3 (repository
epoch-research/lm-algorithmic-progress); that of the database in its documentation's demo and many public scripts. That
either answers today was not verified here.
"""


def source_named(name: str) -> Source:
    """A source by its name, or a BayesScalingError that names the choices."""
    if name not in SOURCES:
        raise BayesScalingError(
            f"no published table is called {name!r}; choose from {', '.join(SOURCES)}, or give the path of a CSV file"
        )
    return SOURCES[name]
