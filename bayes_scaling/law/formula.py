r"""The loss law, written once, for NumPy arrays and for PyTensor variables alike.

.. math::

    L = E + \frac{A}{N_\mathrm{eff}^{\alpha}} + \frac{B}{D_\mathrm{eff}^{\beta}},
    \qquad N_\mathrm{eff} = N e^{g_N (Y - Y_0)}, \quad D_\mathrm{eff} = D e^{g_D (Y - Y_0)}

Each power-law term is handled by its logarithm, :func:`log_term`; :func:`loss` adds the terms up. Every other part of
the package (PyMC models, predictions, the published estimator) calls these two; the penalised density alone
(:mod:`bayes_scaling.model.penalised_density`) is written out for numba, and a test holds it to them. In Kaplan's joint
law the terms are joined by a power, which :func:`loss` takes as an argument.
"""

from functools import reduce
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.law.published import constants

SECONDS_PER_DAY = 24 * 60 * 60
PETAFLOP_DAY = 1e15 * SECONDS_PER_DAY
"""FLOP in one petaflop/s-day, the unit of compute in Kaplan et al. 2020 (8.64e19)."""
REPETITION_SCALE: float = constants("muennighoff")["R_D"]


def log_term(log_coefficient: Any, exponent: Any, log_size: Any, log_gain: Any = 0.0) -> Any:
    """Logarithm of a power-law term, ``ln A - alpha ln N - log_gain``, log nats per token (Ho et al. 2024, eq. 1-3, 8).

    ``log_gain`` is ``alpha g_N (Y - Y0)``: a gain and no rate, since the published coefficients start from ``alpha =
    0``, where ``g_N = alpha_year / alpha`` does not exist.
    """
    return log_coefficient - log_gain - exponent * log_size


def loss(irreducible: Any, *log_terms: Any, power: Any = None, xp: ModuleType = np) -> Any:
    """Loss in nats per token, ``E + (sum_i t_i^(1/p))^p``: irreducible part plus terms (:func:`log_term`).

    Power ``p`` 1, the default: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 2. With ``p = beta`` and the terms ``(N_c /
    N)^alpha``, ``(D_c / D)^beta``: Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.5. Each term is what is left of the
    loss where the other is 0, whatever ``p`` is. ``xp``: ``numpy`` or ``pytensor.tensor``.
    """
    if power is not None:  # in logarithms: a term to the power of 1 / 0.1 and less is soon beyond any number
        return irreducible + xp.exp(log_reducible(*log_terms, power=power, xp=xp))
    total = irreducible
    for term in log_terms:
        total = total + xp.exp(term)
    return total


def log_reducible(*log_terms: Any, power: Any = None, xp: ModuleType = np) -> Any:
    """Logarithm of the loss above its irreducible part, as :func:`loss` has it, without leaving logarithms."""
    power = 1.0 if power is None else power
    return power * reduce(xp.logaddexp, [term / power for term in log_terms])


def effective_epochs(
    epochs: Any, repetition_scale: Any = REPETITION_SCALE, *, as_published_2024: bool = False, xp: ModuleType = np
) -> Any:
    """Worth of a corpus seen several times, in fresh passes: ``1 + R (1 - exp(-(epochs - 1) / R))``.

    ``repetition_scale`` ``R``: by default that of Muennighoff et al. 2023 (appendix, joint fit); 2.9157 in their fit
    where only data decays, which Ho et al. use. ``as_published_2024`` puts ``epochs`` where the formula has ``epochs -
    1``, as the code of Ho et al. 2024 (model 20) does: one epoch then counts 1.85 times. Only to repeat their figures.
    """
    repetitions = epochs if as_published_2024 else epochs - 1
    return 1 + repetition_scale * -xp.expm1(-repetitions / repetition_scale)


def training_compute(parameters: Any, tokens: Any) -> Any:
    """Training compute in FLOP, ``C = 6 N D`` (Kaplan et al. 2020, section 2.1)."""
    return 6.0 * parameters * tokens  # not 6: whole numbers of 64 bits end at 9.2e18
