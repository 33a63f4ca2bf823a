"""Densities of posterior draws, for pictures."""

import arviz as az
import numpy as np

from bayes_scaling.quantities.laws import Floats

_SAME = 1e-9
"""Draws that differ by less than this, relative to their size, are one number: a density has no width to be drawn."""


def density_of(draws: Floats) -> tuple[Floats, Floats] | None:
    """Points and the kernel estimate of the density there, or None where all draws are the same but for rounding.

    ``draws``: Finite, shape ``(draws,)``.

    Examples
    --------
    >>> density_of(np.full(100, 1.8)), density_of(1.8 + 1e-16 * np.arange(100))
    (None, None)
    >>> points, density = density_of(np.linspace(0, 1, 1000))
    >>> bool(abs(density[points.searchsorted(0.5)] - 1) < 0.05)
    True
    """
    if np.ptp(draws) <= _SAME * np.abs(draws).max():
        return None
    points, density, _ = az.kde(draws, circular=False, bw="scott")
    return np.asarray(points), np.asarray(density)
