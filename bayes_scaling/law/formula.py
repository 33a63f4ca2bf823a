r"""The loss law, written once, for NumPy arrays and for PyTensor variables alike.

.. math::

    L = E + \frac{A}{N_\mathrm{eff}^{\alpha}} + \frac{B}{D_\mathrm{eff}^{\beta}},
    \qquad N_\mathrm{eff} = N e^{g_N (Y - Y_0)}, \quad D_\mathrm{eff} = D e^{g_D (Y - Y_0)}

Each power-law term is handled by its logarithm, :func:`log_term`; :func:`loss` adds the terms up. Every other
part of the package (PyMC models, predictions, the published estimator) calls these two. In Kaplan's joint law the terms
are joined by a power, which :func:`loss` takes as an argument.
"""

from functools import reduce
from types import ModuleType
from typing import Any

import numpy as np

SECONDS_PER_DAY = 24 * 60 * 60
PETAFLOP_DAY = 1e15 * SECONDS_PER_DAY
"""FLOP in one petaflop/s-day, the unit of compute in Kaplan et al. 2020 (8.64e19)."""


def log_term(log_coefficient: Any, exponent: Any, log_size: Any, log_gain: Any = 0.0) -> Any:
    r"""Logarithm of one power-law term of the loss: ``ln(coefficient / size_eff**exponent)``.

    .. math:: \ln A - \alpha \ln N - \alpha\, g_N (Y - Y_0)

    Returns array or tensor: Broadcast of the arguments.

    Parameters
    ----------
    log_coefficient
        ``ln A`` (or ``ln B``), log nats per token, at the size and date where ``log_size`` and ``log_gain`` are 0.
    exponent
        ``alpha`` (or ``beta``), no unit.
    log_size
        Natural logarithm of parameters, tokens or FLOP (relative to a reference size, if ``ln A`` is).
    log_gain
        What progress has taken off the term's logarithm: ``alpha * g_N * (Y - Y0)``. The paper's year
        coefficient is ``alpha_year = alpha * g_N``, so this is also ``alpha_year * (Y - Y0)``.

    Notes
    -----
    Stated with the gain rather than with the rate, because the published coefficients start from
    ``alpha = 0``, where ``g_N = alpha_year / alpha`` does not exist. Source: Ho et al. 2024, eq. 1-3 and 8.

    Examples
    --------
    >>> float(log_term(log_coefficient=1.0, exponent=0.5, log_size=2.0))
    0.0
    """
    return log_coefficient - log_gain - exponent * log_size


def loss(irreducible: Any, *log_terms: Any, power: Any = None, xp: ModuleType = np) -> Any:
    r"""Loss in nats per token (log perplexity): irreducible part plus power-law terms.

    .. math:: E + \Bigl(\sum_i t_i^{1/p}\Bigr)^p

    Returns array or tensor: Broadcast of the arguments.

    Parameters
    ----------
    irreducible
        ``E``, nats per token (plus any additive correction, such as the paper's vocabulary term).
    *log_terms
        Results of :func:`log_term`.
    power
        ``p``, above 0; by default 1, a plain sum. With ``p = beta`` and terms ``(N_c / N)**alpha``, ``(D_c / D)**beta``
        this is Kaplan's joint law; each term is what is left of the loss where the other is 0, whatever ``p`` is.
    xp
        The namespace that does the arithmetic: ``numpy`` or ``pytensor.tensor``.

    Notes
    -----
    Sources: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 2; with a power, Kaplan et al. 2020 (arXiv 2001.08361),
    eq. 1.5.

    Examples
    --------
    The expected loss of a 1e9-parameter model on 2e10 tokens under Chinchilla's rounded constants
    (Hoffmann et al. 2022, eq. 10):

    >>> import numpy as np
    >>> parameter_term = log_term(np.log(406.4), 0.34, np.log(1e9))
    >>> data_term = log_term(np.log(410.7), 0.28, np.log(2e10))
    >>> round(float(loss(1.69, parameter_term, data_term)), 3)
    2.58

    Kaplan's joint law at 1.5e9 parameters and 1e10 tokens:

    >>> parameter_term = log_term(0.076 * np.log(6.4e13), 0.076, np.log(1.5e9))
    >>> data_term = log_term(0.103 * np.log(1.8e13), 0.103, np.log(1e10))
    >>> round(float(loss(0.0, parameter_term, data_term, power=0.103)), 2)
    2.37
    """
    if power is not None:  # in logarithms: a term to the power of 1 / 0.1 and less is soon beyond any number
        return irreducible + xp.exp(log_reducible(*log_terms, power=power, xp=xp))
    total = irreducible
    for term in log_terms:
        total = total + xp.exp(term)
    return total


def log_reducible(*log_terms: Any, power: Any = None, xp: ModuleType = np) -> Any:
    r"""Logarithm of the loss above its irreducible part, as :func:`loss` has it, without leaving logarithms.

    .. math:: p \ln \sum_i e^{\ln t_i / p}

    ``*log_terms``, ``power``, ``xp``: as for :func:`loss`.

    Examples
    --------
    >>> round(float(log_reducible(-1000.0, -1000.0)), 4)
    -999.3069
    """
    power = 1.0 if power is None else power
    return power * reduce(xp.logaddexp, [term / power for term in log_terms])


def effective_epochs(
    epochs: Any, repetition_scale: Any = 15.387756, *, as_published_2024: bool = False, xp: ModuleType = np
) -> Any:
    r"""Worth of a corpus seen several times, in units of one fresh pass (``D'/U``).

    .. math:: 1 + R^*_D\left(1 - e^{-R_D / R^*_D}\right), \qquad R_D = \mathrm{epochs} - 1

    Returns array or tensor: Broadcast of ``epochs`` and ``repetition_scale``.

    Parameters
    ----------
    epochs
        Passes over the unique tokens, at least 1 in the formula's own domain.
    repetition_scale
        ``R*_D``; 15.387756 in Muennighoff et al. 2023 (appendix, joint fit), 2.9157 in their fit where only
        data decays, which Ho et al. use.
    as_published_2024
        Put ``epochs`` where the formula has ``epochs - 1``, as the code of Ho et al. 2024 (model 20) does: one
        epoch then counts 1.85 times. Only to repeat their figures.
    xp
        The namespace that does the arithmetic: ``numpy`` or ``pytensor.tensor``.

    Examples
    --------
    >>> round(float(effective_epochs(4)), 3)
    3.726
    >>> float(effective_epochs(1))
    1.0
    """
    repetitions = epochs if as_published_2024 else epochs - 1
    return 1 + repetition_scale * -xp.expm1(-repetitions / repetition_scale)


def training_compute(parameters: Any, tokens: Any) -> Any:
    """Training compute in FLOP, ``C = 6 N D`` (Kaplan et al. 2020, section 2.1).

    Examples
    --------
    >>> float(training_compute(1e9, 2e10))
    1.2e+20
    """
    return 6 * parameters * tokens
