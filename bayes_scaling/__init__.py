"""Bayesian scaling laws with algorithmic progress: posteriors of doubling times, with diagnostics.

The path of a number through the package: a table (:func:`load_evaluations`) and a specification
(:func:`load_specification`) make a PyMC model (:func:`build_model`), NUTS makes a posterior (:func:`fit`), and
functions of a posterior make answers (:func:`doubling_times`). Many specifications are compared by leave-one-out
cross-validation (:func:`compare`).
"""

import lazy_loader

__version__ = "0.1.0"
# Importing PyMC takes many seconds and pandas one: who reads a table or asks for help should wait for neither.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
