"""How far ranks, or probability integral transforms, are from uniform."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from arviz_stats.ecdf_utils import ecdf_pit

from bayes_scaling.common.arrays import Floats

BAND = 0.95  # probability that the whole curve of a calibrated quantity stays inside the band
_BAND_SIMULATIONS = 2000
SEED_OF_BANDS = 214
"""Of the band, and of the noise that spreads ranks over their cells; fixed, so that a table is the same each time."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Empirical distribution of ranks less the uniform one, and its band, at points from 0 to 1."""

    points: Floats
    difference: Floats
    lower: Floats
    upper: Floats

    @property
    def inside(self) -> bool:
        """Whether the curve stays in its band."""
        return bool(((self.lower <= self.difference) & (self.difference <= self.upper)).all())

    @property
    def largest(self) -> float:
        """The largest difference, with its sign: positive where true values lie too often in the lower draws."""
        return float(self.difference[np.abs(self.difference).argmax()])


def uniform_curve(values: Floats) -> Curve:
    """Empirical distribution of values from 0 to 1 less the uniform one, with its simultaneous 95% band."""
    points, lower, upper = uniform_band(len(values))
    below = np.searchsorted(np.sort(values), points[1:-1], side="right") / len(values)
    return Curve(points, np.array([0.0, *below, 1.0]) - points, lower - points, upper - points)


@cache
def uniform_band(count: int) -> tuple[Floats, Floats, Floats]:
    """Points and band for a number of values, simulated once for each."""
    rng = np.random.default_rng(SEED_OF_BANDS)
    points, _, lower, upper = ecdf_pit(np.arange(count) / count, BAND, _BAND_SIMULATIONS, rng=rng)
    return points, lower, upper
