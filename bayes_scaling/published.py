"""Published figures that results are shown beside."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedDoubling:
    """A published doubling time in months, with its interval if it has one."""

    label: str
    months: float
    lower: float | None
    upper: float | None
    source: str


HO2024_COMPUTE = PublishedDoubling(
    "Ho et al. 2024", 8.4, 4.5, 14.3, "Ho et al. 2024 (arXiv 2403.05812), abstract; 95% bootstrap interval"
)
MOORE = PublishedDoubling("Moore's law", 24.0, None, None, "Moore 1975: transistors per chip double every two years")
