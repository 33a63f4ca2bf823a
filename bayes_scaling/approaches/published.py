"""Published exponents of compute-optimal parameters and tokens."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedExponents:
    """One approach's published exponents, ``N* ~ C^a`` and ``D* ~ C^b``, with their intervals.

    Parameters
    ----------
    a, b
        No unit.
    a_interval, b_interval
        Lower and upper end.
    kind
        Of the intervals.
    source
        Paper, section and table.
    """

    a: float
    a_interval: tuple[float, float]
    b: float
    b_interval: tuple[float, float]
    kind: str
    source: str


_KIND = "10th to 90th percentile of 100 subsamples of 80%"
_SOURCE = "Hoffmann et al. 2022 (arXiv 2203.15556), section 3.{} and table 2"

HOFFMANN_EXPONENTS: Mapping[int, PublishedExponents] = {
    1: PublishedExponents(0.50, (0.488, 0.502), 0.50, (0.501, 0.512), _KIND, _SOURCE.format(1)),
    2: PublishedExponents(0.49, (0.462, 0.534), 0.51, (0.483, 0.529), _KIND, _SOURCE.format(2)),
    3: PublishedExponents(0.46, (0.454, 0.455), 0.54, (0.542, 0.543), _KIND, _SOURCE.format(3)),
}
"""By approach, as printed: intervals need not hold their points."""
