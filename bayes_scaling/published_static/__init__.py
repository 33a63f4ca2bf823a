"""Published laws without progress whose form is not Chinchilla's: Kaplan 2020, Muennighoff 2023, Gundlach 2025.

Constants and formulas only. Those of Chinchilla's form are in :mod:`bayes_scaling.static_laws`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
