"""Ranks of true values among posterior draws: uniform if intervals hold what they say."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from xarray import Dataset

Floats = NDArray[np.float64]

KEPT = 100
"""Draws of a posterior among which a true value is ranked, evenly spaced, so that they are nearly independent."""


def ranks_of(truth: Mapping[str, Floats], posterior: Dataset, kept: int = KEPT) -> dict[str, int]:
    """How many of some evenly spaced posterior draws lie below each true value.

    Returns dict of str to int: from 0 to ``kept``; an element of a vector is named by its labels, such as
    ``level[ptb]``.

    Parameters
    ----------
    truth
        Name to value, of the shape that the posterior's variable has beside ``chain`` and ``draw``.
    posterior
        Draws.
    kept
        How many draws are used.

    Examples
    --------
    >>> import xarray as xr
    >>> posterior = Dataset({"g": (("chain", "draw"), [[0.0, 1.0], [2.0, 3.0]])})
    >>> ranks_of({"g": np.array(1.5)}, posterior, kept=4)
    {'g': 2}
    """
    found = {}
    for name, value in truth.items():
        draws = posterior[name].stack(sample=("chain", "draw")).transpose("sample", ...)
        spaced = np.linspace(0, draws.sizes["sample"] - 1, kept).round().astype(int)
        below = (draws.to_numpy()[spaced] < value).sum(axis=0)
        for position, rank in np.ndenumerate(below):
            labels = [str(draws[dim].to_numpy()[i]) for dim, i in zip(draws.dims[1:], position, strict=True)]
            found[f"{name}[{', '.join(labels)}]" if labels else name] = int(rank)
    return found
