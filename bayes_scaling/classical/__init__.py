"""The published point estimator of Ho et al. 2024 and what it should have found, with SciPy and without PyMC.

:func:`published_estimate` stops where theirs stopped, :func:`converged_estimate` minimises the same objective to the
end, :func:`unpenalised_estimate` drops its penalty, and :func:`bootstrap` repeats the first on resamples. The law
itself is the package's own (:mod:`bayes_scaling.law`), with the paper's coefficients
(:func:`bayes_scaling.model.coordinates.from_published`).
"""

from bayes_scaling.classical.estimates import (
    PointEstimate,
    converged_estimate,
    published_estimate,
    unpenalised_estimate,
)
from bayes_scaling.classical.objective import PUBLISHED_DELTA, Objective
from bayes_scaling.classical.published_law import (
    HO2024_MODEL_7,
    HO2024_SYSTEMS,
    PublishedLaw,
    System,
    published_loss,
)
from bayes_scaling.classical.resampling import BOOTSTRAP_UNITS, Bootstrap, bootstrap

__all__ = [
    "BOOTSTRAP_UNITS",
    "HO2024_MODEL_7",
    "HO2024_SYSTEMS",
    "PUBLISHED_DELTA",
    "Bootstrap",
    "Objective",
    "PointEstimate",
    "PublishedLaw",
    "System",
    "bootstrap",
    "converged_estimate",
    "published_estimate",
    "published_loss",
    "unpenalised_estimate",
]
