r"""How evaluations scatter around the law: densities written once, for NumPy arrays and PyTensor variables.

Evaluations of one paper share an effect :math:`u_p \sim N(0, \tau^2)`. With normal noise it is integrated out: a
paper's block of ``m`` residuals has covariance :math:`\sigma^2 I + \tau^2 1 1^\top`, whose inverse
(Sherman-Morrison) and determinant are closed forms (Ho et al. 2024, appendix I, with
:math:`\rho = \tau^2 / (\sigma^2 + \tau^2)`). So are those of papers within labs that share effects of their own, and
the density where a paper's noise and effects have a scale :math:`s_p` in common, :math:`\nu / s_p^2 \sim
\chi^2_\nu`, by which its residuals are jointly Student-t (Lange, Little and Taylor 1989).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from scipy.special import gammaln, log_ndtr, poch

LOG_2PI = float(np.log(2 * np.pi))


def normal(residual: Any, sigma: Any, xp: ModuleType = np) -> Any:
    """Log density of independent normal noise, one term per evaluation."""
    return -0.5 * (residual / sigma) ** 2 - xp.log(sigma) - 0.5 * LOG_2PI


def student_t(residual: Any, nu: Any, sigma: Any) -> Any:
    """Log density of independent Student-t noise: SciPy's, but with the constant worked out once for each draw."""
    constant = np.log(poch(0.5 * nu, 0.5)) - 0.5 * np.log(np.pi * nu) - np.log(sigma)
    return constant - 0.5 * (nu + 1) * np.log1p(np.square(residual / (sigma * np.sqrt(nu))))


def one_sided(residual: Any, untuned: Any, sigma: Any) -> Any:
    """Log density of normal noise plus a positive part that is exponential, of mean ``untuned * sigma``.

    As stochastic frontiers have it: Meeusen and van den Broeck 1977.
    """
    rate, z = 1 / untuned, residual / sigma
    return np.log(rate) + 0.5 * rate**2 - rate * z + log_ndtr(z - rate) - np.log(sigma)


def _one_sided_information(untuned: Any) -> Any:
    """The mean square of the slope of the log density, which is between those of a normal and of an exponential."""
    rate = 1 / np.asarray(untuned, dtype=float)[..., None]
    z = -8 + (16 + 30 / rate) * np.linspace(0, 1, 2000)
    density = np.exp(one_sided(z, 1 / rate, 1.0))
    slope = np.exp(normal(z - rate, 1.0) - log_ndtr(z - rate)) - rate
    return np.trapezoid(density * slope**2, z, axis=-1)


@dataclass(frozen=True)
class Family:
    """A family of noise, with all that the package asks of it.

    ``symbol``, ``words``: in equations, with the scale to fill in, and in sentences. ``pymc``, ``scipy``: names of its
    distribution there, or in :mod:`bayes_scaling.model.distributions`; SciPy's in units of its scale, and ``scale``,
    what PyMC calls it. ``extra``: parameters beside ``sigma``, and SciPy's arguments for them. ``in_closed_form``:
    whether effects that rows share can be integrated out without quadrature. ``log_density``: of residuals, given the
    values of ``extra`` and the scale. ``information``: Fisher's, of one residual on its location, in units of the
    scale, given the values of ``extra``. ``law``: what of such noise the law is. ``by_cluster``: whether noise and
    effects of each outermost cluster have a random scale in common; all else is given that scale.
    """

    symbol: str
    words: str
    pymc: str
    scipy: str
    extra: Mapping[str, str]
    in_closed_form: bool
    log_density: Callable[..., Any]
    information: Callable[..., Any]
    scale: str = "sigma"
    law: str = "its median"
    by_cluster: bool = False

    def standard(self, values: Mapping[str, Any]) -> Any:
        """The distribution in units of its scale, frozen at the values of ``extra``."""
        from scipy import stats

        return getattr(stats, self.scipy)(**{theirs: values[ours] for ours, theirs in self.extra.items() if theirs})

    def of(self, residual: Any, sigma: Any, values: Mapping[str, Any]) -> Any:
        """Log density of independent residuals, NumPy arrays."""
        return np.asarray(self.log_density(residual, *(values[name] for name in self.extra), sigma))

    def heavier(self, square: Any, rows: Any, values: Mapping[str, Any], xp: ModuleType = np) -> Any:
        """Log density of a cluster's rows, at a squared distance in units of their covariance, over the normal one."""
        if not self.by_cluster:
            return 0.0
        nu, log_gamma = values["nu"], gammaln if xp is np else xp.gammaln
        constant = log_gamma(0.5 * (nu + rows)) - log_gamma(0.5 * nu) + 0.5 * rows * xp.log(2 / nu)
        return constant + 0.5 * square - 0.5 * (nu + rows) * xp.log1p(square / nu)

    def stretch(
        self, values: Mapping[str, Any], rng: np.random.Generator, shape: tuple[int, ...], known: Sequence[Any] = (0, 0)
    ) -> Any:
        """Draws of the scale in common, given the squared distance and the number of ``known`` rows of its cluster."""
        if not self.by_cluster:
            return 1.0
        square, rows = known
        return np.sqrt((values["nu"] + square) / rng.chisquare(values["nu"] + rows, shape))


FAMILIES: Mapping[str, Family] = {
    "normal": Family("Normal(0, {})", "normal noise", "Normal", "norm", {}, True, normal, lambda: 1.0),
    "student_t": Family(
        *("StudentT(nu, 0, {})", "Student-t noise", "StudentT", "t", {"nu": "df"}, False, student_t),
        lambda nu: (nu + 1) / (nu + 3),
    ),
    "multivariate_t": Family(
        *("Normal(0, {})", "Student-t noise of whole clusters", "Normal", "norm", {"nu": ""}, True),
        *(lambda residual, _, sigma: normal(residual, sigma), lambda nu: (nu + 1) / (nu + 3)),
        by_cluster=True,
    ),
    "one_sided": Family(
        *("ExGaussian(0, {0}, untuned {0})", "one-sided noise", "OneSided", "exponnorm"),
        *({"untuned": "K"}, False, one_sided, _one_sided_information),
        law="the loss of a run as well tuned as the best",
    ),
}
"""By the name that ``[noise] family`` has."""
CLOSED_FORMS = " or ".join(repr(name) for name, family in FAMILIES.items() if family.in_closed_form)


def log_residual(residual: Any, loss: Any, xp: ModuleType = np) -> Any:
    """Residual of the logarithm of a loss, from the residual of the loss itself (observed less expected, nats)."""
    return -xp.log1p(-residual / loss)


def log_jacobian(loss: Any, xp: ModuleType = np) -> Any:
    r"""What makes a density of the logarithm of a loss one of the loss: :math:`\ln |d \ln L / d L| = -\ln L`."""
    return -xp.log(loss)


Effects = Sequence[tuple[Callable[[Any], Any], Any]]
"""Of nested clusters, the innermost first: what sums over the rows of each row's cluster, and the deviation tau."""


def shared_effects(residual: Any, sigma: Any, effects: Effects, xp: ModuleType = np) -> tuple[Any, Any, Any, Any]:
    """What effects that rows share add to their log density; mean and variance of each row's given all rows; squares.

    Of each cluster: tau^2 S^2 / (2 (1 + W tau^2)) - ln(1 + W tau^2) / 2, with S and W the sums of r / sigma^2 and of
    1 / sigma^2, spread evenly over its rows. To the cluster around it it is a row with S and W over (1 + W tau^2).
    Squares of a cluster's rows add up to their squared distance in units of their covariance.
    """
    zeros = xp.zeros_like(residual)
    total, weight, added = residual * sigma**-2.0, zeros + sigma**-2.0, zeros
    squares = residual * total
    passes: list[tuple[Any, Any, Any]] = []
    for sums, tau in effects:
        rows, total, weight = sums(zeros + 1), sums(total), sums(weight)
        shrunk = 1 + weight * tau**2
        explained = (tau * total) ** 2 / shrunk / rows
        added, squares = added + 0.5 * explained - 0.5 * xp.log(shrunk) / rows, squares - explained
        passes.append((tau**2, total, shrunk))
        total, weight = total / (shrunk * rows), weight / (shrunk * rows)
    return added, *effects_given(passes), squares


def smooth_change(residual: Any, sigma: Any, spread: Any, columns: Any, xp: ModuleType = np) -> tuple[Any, Any, Any]:
    r"""What a smooth change of all rows adds to their log density; mean and variance of its coefficients given them.

    Residuals are :math:`r = s C z + \varepsilon`, with standard normal :math:`z`. Where columns of ``C`` are orthogonal
    (:func:`bayes_scaling.model.gaussian_process.orthogonal`), the coefficients are independent given the residuals too.
    Of each, with column :math:`c`, :math:`w = 1 + s^2 |c|^2 / \sigma^2` and :math:`p = s\, c^\top r / \sigma^2`, the
    mean is :math:`p / w`, the variance :math:`1 / w`, and the log density has :math:`p^2 / 2 w - \ln(w) / 2` more.
    """
    weight = 1 + (spread / sigma) ** 2 * (columns**2).sum(axis=0)
    along = residual @ columns if xp is np else (columns * residual[:, None]).sum(axis=0)  # compiled in half the time
    pull = spread * sigma**-2.0 * along
    return 0.5 * (pull**2 / weight - xp.log(weight)).sum(axis=-1), pull / weight, 1 / weight


def effects_given(passes: Sequence[tuple[Any, Any, Any]]) -> tuple[Any, Any]:
    """Mean and variance of the sum of effects, given of each cluster, innermost first, tau^2, S and 1 + W tau^2."""
    mean: Any = 0.0
    variance: Any = 0.0
    for square, total, shrunk in reversed(passes):
        mean, variance = (mean + square * total) / shrunk, (square + variance / shrunk) / shrunk
    return mean, variance


def given_rest(residual: Any, sigma: Any, effects: Effects) -> tuple[Any, Any, Any]:
    """Mean and deviation of each residual given the others, which leave-one-evaluation-out needs; and squares.

    Leave-one-out in non-factorised models: Bürkner, Gabry and Vehtari 2021.
    """
    _, mean, variance, squares = shared_effects(residual, sigma, effects)
    alone = 1 - variance * sigma**-2.0
    return residual - (residual - mean) / alone, sigma / np.sqrt(alone), squares
