"""The published point estimator of Ho et al. 2024 and what it should have found, with SciPy and without PyMC.

:func:`published_estimate` stops where theirs stopped, :func:`converged_estimate` minimises the same objective to the
end, :func:`unpenalised_estimate` drops its penalty, and :func:`bootstrap` repeats the first on resamples.
:func:`leave_one_out` is the paper's cross-validation, as published or converged. The law itself is the package's own
(:mod:`bayes_scaling.law`), with the paper's coefficients (:func:`bayes_scaling.model.coordinates.from_published`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
