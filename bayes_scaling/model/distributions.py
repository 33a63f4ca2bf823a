"""Distributions of noise that PyMC lacks, or whose gradient is not finite everywhere there."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.continuous import ExGaussianRV


class _OneSidedRV(ExGaussianRV):  # type: ignore[misc] # PyMC is not typed
    """As PyMC draws it."""


class OneSided(pm.ExGaussian):  # type: ignore[misc]
    """Normal noise plus a positive part that is exponential, of mean ``untuned * sigma``.

    PyMC's gradient is no number from 38 ``sigma`` above the law on, where untuned runs are.
    """

    rv_type = _OneSidedRV
    rv_op = _OneSidedRV.rv_op

    @classmethod
    def dist(cls, mu: Any, sigma: Any, untuned: Any, **options: Any) -> Any:
        """As a variable without a name."""
        return super().dist(mu=mu, sigma=sigma, nu=untuned * sigma, **options)

    def logp(value: Any, mu: Any, sigma: Any, nu: Any) -> Any:
        """See :func:`bayes_scaling.specifications.noise.one_sided`."""
        rate, z = sigma / nu, (value - mu) / sigma
        return pt.log(rate / sigma) + 0.5 * rate**2 - rate * z + log_ndtr(z - rate)


def log_ndtr(x: Any) -> Any:
    """Logarithm of the normal distribution function, each branch where it and its gradient are finite."""
    low, high = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
    below = pt.log(0.5 * pt.erfcx(-low / np.sqrt(2))) - 0.5 * low**2
    return pt.switch(x < -1, below, pt.log1p(-0.5 * pt.erfc(high / np.sqrt(2))))
