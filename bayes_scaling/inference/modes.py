"""Chains that sit apart: how much of the posterior each one's surroundings hold, and where to start again."""

import math

import numpy as np
from numpy.typing import NDArray
from xarray import Dataset

Floats = NDArray[np.float64]

NEGLIGIBLE = 12.0
"""Nats by which the mass around a chain must be below the largest to be left out: a share of six millionths."""


def log_masses(stats: Dataset) -> Floats:
    r"""Estimate how much posterior mass lies around each chain, from where it went.

    .. math:: \ln Z_k = \mathrm{E}_k[\ln p] + H_k
        \approx \overline{\ln p}_k + \tfrac{1}{2} \ln \det(2 \pi e\, \Sigma_k)

    Logarithms, comparable between chains, of ``logp`` (in the sampler's unconstrained coordinates) and
    ``unconstrained_draw`` over ``chain`` and ``draw``. Exact where a mode is normal; the second half of each chain is
    used, so that one that was still on its way counts as little as where it had got to.

    Notes
    -----
    The entropy of the distribution around a chain is taken to be that of a normal one with the same covariance, which
    is the largest that it can be.

    Examples
    --------
    Two modes of equal height, one ten times as wide:

    >>> rng = np.random.default_rng(0)
    >>> z = rng.standard_normal((2, 4000, 1))
    >>> x = np.array([1.0, 10.0])[:, None, None] * z
    >>> stats = Dataset({"logp": (("chain", "draw"), -(z**2).sum(2) / 2),
    ...                  "unconstrained_draw": (("chain", "draw", "u"), x)})
    >>> round(float(np.diff(log_masses(stats))[0] / np.log(10)), 1)
    1.0
    """
    logp, draws = stats["logp"].to_numpy(), stats["unconstrained_draw"].to_numpy()
    late = slice(logp.shape[1] // 2, None)
    entropies = []
    for chain in draws:
        covariance = np.atleast_2d(np.cov(chain[late].T))
        with np.errstate(divide="ignore"):  # a chain that never moved has no volume
            entropies.append(np.linalg.slogdet(2 * math.pi * math.e * covariance)[1] / 2)
    return np.asarray(logp[:, late].mean(axis=1) + entropies)


def negligible(masses: Floats) -> NDArray[np.bool_]:
    """Which chains sit where next to nothing of the posterior is.

    Examples
    --------
    >>> negligible(np.array([-100.0, -101.0, -160.0])).tolist()
    [False, False, True]
    """
    return np.asarray(~(masses >= np.nanmax(masses) - NEGLIGIBLE))


def starts_elsewhere(stats: Dataset, left: NDArray[np.bool_]) -> Floats:
    """Points to start from again: the later draws of the chains that are not left, shape ``(points, dimensions)``."""
    draws = stats["unconstrained_draw"].to_numpy()[~left]
    return np.asarray(draws[:, draws.shape[1] // 2 :].reshape(-1, draws.shape[-1]))
