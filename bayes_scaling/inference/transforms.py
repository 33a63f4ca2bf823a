"""Transforms between a parameter's support and the real numbers, on which the sampler moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from bayes_scaling.common.arrays import Floats
from bayes_scaling.specifications.priors import Support


@dataclass(frozen=True)
class Transform:
    """From a parameter's support to all real numbers and back, with ``ln |d value / d unconstrained|`` of a value."""

    forward: Callable[[Floats], Floats]
    backward: Callable[[Floats], Floats]
    log_jacobian: Callable[[Floats], Floats]


TRANSFORMS: Mapping[Support, Transform] = {
    "real": Transform(lambda x: x, lambda x: x, np.zeros_like),
    "positive": Transform(np.log, np.exp, np.log),
    "unit": Transform(special.logit, special.expit, lambda x: np.log(x) + np.log1p(-x)),
}
"""Those that PyMC takes by default, by support."""
