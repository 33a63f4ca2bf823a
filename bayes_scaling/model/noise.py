r"""How evaluations scatter around the law: densities written once, for NumPy arrays and PyTensor variables.

Evaluations of one paper share an effect :math:`u_p \sim N(0, \tau^2)`. With normal noise it is integrated out: a
paper's block of ``m`` residuals has covariance :math:`\sigma^2 I + \tau^2 1 1^\top`, whose inverse
(Sherman-Morrison) and determinant are closed forms (Ho et al. 2024, appendix I, with
:math:`\rho = \tau^2 / (\sigma^2 + \tau^2)`).
"""

from types import ModuleType
from typing import Any

import numpy as np
from scipy.special import poch

LOG_2PI = float(np.log(2 * np.pi))


def normal(residual: Any, sigma: Any, xp: ModuleType = np) -> Any:
    """Log density of independent normal noise, one term per evaluation.

    Examples
    --------
    >>> round(float(normal(0.0, 1.0)), 4)
    -0.9189
    """
    return -0.5 * (residual / sigma) ** 2 - xp.log(sigma) - 0.5 * LOG_2PI


def student_t(residual: Any, nu: Any, sigma: Any) -> Any:
    """Log density of independent Student-t noise: SciPy's, but with the constant worked out once for each draw."""
    constant = np.log(poch(0.5 * nu, 0.5)) - 0.5 * np.log(np.pi * nu) - np.log(sigma)
    return constant - 0.5 * (nu + 1) * np.log1p((residual / sigma) ** 2 / nu)


def log_residual(residual: Any, loss: Any, xp: ModuleType = np) -> Any:
    """Residual of the logarithm of a loss, from the residual of the loss itself (observed less expected, nats).

    Examples
    --------
    >>> round(float(log_residual(residual=0.5, loss=2.5)), 4)  # ln(2.5 / 2)
    0.2231
    """
    return -xp.log1p(-residual / loss)


def log_jacobian(loss: Any, xp: ModuleType = np) -> Any:
    r"""What makes a density of the logarithm of a loss one of the loss: :math:`\ln |d \ln L / d L| = -\ln L`.

    Examples
    --------
    >>> float(log_jacobian(1.0))
    -0.0
    """
    return -xp.log(loss)


def paper_correction(total: Any, size: Any, sigma: Any, tau: Any, xp: ModuleType = np) -> Any:
    r"""What a shared paper effect adds to a paper's summed independent log density.

    .. math:: \frac{\tau^2 S^2}{2 \sigma^2 (\sigma^2 + m \tau^2)} - \frac{1}{2} \ln\left(1 + m \tau^2 / \sigma^2\right)

    Parameters
    ----------
    total
        Sum of a paper's residuals, nats.
    size
        Number of a paper's evaluations.
    sigma, tau
        Standard deviations of an evaluation and of a paper effect, nats.

    Returns
    -------
    array or tensor
        One value per paper.
    """
    ratio = (tau / sigma) ** 2
    return 0.5 * (total / sigma) ** 2 * ratio / (1 + size * ratio) - 0.5 * xp.log1p(size * ratio)


def normal_given_rest(residual: Any, total: Any, size: Any, sigma: Any, tau: Any) -> Any:
    r"""Log density of each evaluation given the others of its paper: what leave-one-evaluation-out needs.

    With block covariance :math:`\sigma^2 I + \tau^2 1 1^\top`, one residual given the other ``m - 1`` is normal with
    mean :math:`\tau^2 S_{-i} / (\sigma^2 + (m-1) \tau^2)` and variance
    :math:`\sigma^2 + \tau^2 \sigma^2 / (\sigma^2 + (m-1) \tau^2)`
    (leave-one-out in non-factorised models: Bürkner, Gabry and Vehtari 2021).

    Parameters
    ----------
    residual
        Residual of each evaluation, shape ``(..., n)``.
    total, size
        Sum and number of the residuals of the evaluation's paper, itself included, spread over evaluations.
    """
    rest = sigma**2 + (size - 1) * tau**2
    mean = effect_given_rest(residual, total, size, sigma, tau)
    return normal(residual - mean, np.sqrt(sigma**2 + tau**2 * sigma**2 / rest))


def effect_given_rest(residual: Any, total: Any, size: Any, sigma: Any, tau: Any) -> Any:
    """Expected paper effect given a paper's other evaluations; arguments as for :func:`normal_given_rest`."""
    return tau**2 * (total - residual) / (sigma**2 + (size - 1) * tau**2)
