r"""Bootstrap and likelihood of Besiroglu et al. 2024; the latter has log losses around the law with Huber's density.

.. math:: p(r) = \frac{1}{\sigma Z_\delta} \exp\left(-\mathrm{Huber}_\delta(r / \sigma)\right), \qquad
    Z_\delta = \sqrt{2\pi}\left(1 - 2 \Phi(-\delta)\right) + \frac{2}{\delta} e^{-\delta^2 / 2}

The scale sigma is fitted, and delta = .001 counts in units of it: only residuals below .001 sigma are squared. So this
density is Laplace's but for a tip of no consequence, and its maximum that of least absolute residuals.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import huber
from scipy.stats import chi2, norm

from bayes_scaling.classical.chinchilla import ChinchillaEstimate, besiroglu_estimate, converged_search
from bayes_scaling.classical.chinchilla_objective import (
    CONSTANTS,
    HOFFMANN_DELTA,
    HuberObjective,
    check_delta,
    law_of,
    theta_of,
)
from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import checked_seed, whole_number
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.quantities.intervals import check_probability
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_attrs, interval_points

_STEPS = 8  # steps from a smooth objective to one that is all but least absolute residuals


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """Given constants against those of the highest likelihood.

    Parameters
    ----------
    law
        Constants of the highest likelihood.
    null
        The given constants.
    log_likelihood, null_log_likelihood
        Of both, each with its own best scale, nats.
    statistic
        Twice their difference.
    degrees_of_freedom
        Constants that the null does not fit: 5.
    p_value
        Probability of a larger statistic under the null (chi-squared).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> likelihood_ratio_test(bs.load_runs(), bs.HOFFMANN_ROUNDED).p_value  # doctest: +SKIP
    """

    law: ChinchillaLaw
    null: ChinchillaLaw
    log_likelihood: float
    null_log_likelihood: float
    statistic: float
    degrees_of_freedom: int
    p_value: float


def huber_log_likelihood(
    runs: pd.DataFrame, law: ChinchillaLaw | ArrayLike, *, delta: float = HOFFMANN_DELTA
) -> tuple[float, float]:
    r"""Log-likelihood of runs under given constants, at the best scale.

    .. math:: \max_\sigma \sum_i \left[-\mathrm{Huber}_\delta(r_i / \sigma) - \ln \sigma - \ln Z_\delta\right],
        \qquad r_i = \ln L_i - \ln L(N_i, D_i)

    Parameters
    ----------
    runs
        Training runs.
    law
        Constants, or values (a, b, e, alpha, beta).
    delta
        Where squares turn into absolute values, in units of sigma.

    Returns
    -------
    log_likelihood : float
        Nats.
    scale : float
        sigma, log nats per token (its units are those of delta: the mean absolute residual is near sigma / delta).

    Raises
    ------
    BayesScalingError
        If the table lacks something or an argument is not valid.

    Notes
    -----
    Source: Besiroglu et al. 2024 (arXiv 2404.10102), section 4 and their notebook.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_TEX
    >>> runs = load_runs("simulated")
    >>> huber_log_likelihood(runs, BESIROGLU)[0] > huber_log_likelihood(runs, HOFFMANN_TEX)[0]
    True
    """
    check_delta(delta)
    return _profile(HuberObjective.of(runs), theta_of(law), delta)


def likelihood_ratio_test(
    runs: pd.DataFrame, null: ChinchillaLaw, *, delta: float = HOFFMANN_DELTA
) -> LikelihoodRatioTest:
    r"""Test given constants against those of the highest likelihood.

    .. math:: \lambda = 2 \left[\max_{\theta, \sigma} \ell(\theta, \sigma) - \max_\sigma \ell(\theta_0, \sigma)\right]

    which under the null is chi-squared with five degrees of freedom (Wilks).

    Parameters
    ----------
    runs
        Training runs that the given constants were not fitted to.
    null
        The given constants.
    delta
        Where squares turn into absolute values, in units of sigma.

    Returns
    -------
    LikelihoodRatioTest

    Raises
    ------
    BayesScalingError
        If the table lacks something or an argument is not valid.

    Notes
    -----
    The maximum is approached from :func:`besiroglu_estimate` through Huber objectives ever closer to absolute
    residuals. Source: Besiroglu et al. 2024 (arXiv 2404.10102), section 4: 84.0 for the constants of Hoffmann et al.
    on 240 digitised runs. Their printed constants are those of this maximum, to all eight decimals of their notebook.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_TEX
    >>> runs = load_runs("simulated")  # made with the constants of Besiroglu et al.
    >>> likelihood_ratio_test(runs, BESIROGLU).p_value > 0.05, likelihood_ratio_test(runs, HOFFMANN_TEX).p_value < 1e-5
    (True, True)
    """
    check_delta(delta)
    objective = HuberObjective.of(runs)
    given = theta_of(null)
    theta = _most_likely(objective, theta_of(besiroglu_estimate(runs).law), delta)
    highest, _ = _profile(objective, theta, delta)
    at_null, _ = _profile(objective, given, delta)
    statistic = 2 * (highest - at_null)
    return LikelihoodRatioTest(
        law=law_of(theta, "highest likelihood", f"found on {len(runs)} runs"),
        null=null,
        log_likelihood=highest,
        null_log_likelihood=at_null,
        statistic=statistic,
        degrees_of_freedom=len(CONSTANTS),
        p_value=float(chi2.sf(statistic, len(CONSTANTS))),
    )


def _most_likely(objective: HuberObjective, start: Floats, delta: float) -> Floats:
    """Constants of the highest likelihood, by steps towards a Huber objective whose kink is too sharp from afar."""
    sharpest = delta * _profile(objective, start, delta)[1]
    found = [start]
    with one_thread():
        for threshold in np.geomspace(max(HOFFMANN_DELTA, sharpest), sharpest, _STEPS):
            found.append(converged_search(objective, found[-1], threshold).x)
    return max(found, key=lambda theta: _profile(objective, theta, delta)[0])


def _profile(objective: HuberObjective, theta: Floats, delta: float) -> tuple[float, float]:
    residuals = objective.residuals(theta)
    log_normaliser = np.log(np.sqrt(2 * np.pi) * (1 - 2 * norm.sf(delta)) + 2 * np.exp(-(delta**2) / 2) / delta)
    # For absolute residuals the best scale is delta times their mean; for squares their root mean square.
    centre = np.log(min(delta, 1.0) * np.mean(np.abs(residuals)))

    def loss_at(log_scale: float) -> float:
        return float(np.sum(huber(delta, residuals / np.exp(log_scale)) + log_scale + log_normaliser))

    found = minimize_scalar(loss_at, bounds=(centre - 3, centre + 3), method="bounded", options={"xatol": 1e-10})
    return -float(found.fun), float(np.exp(found.x))


BESIROGLU_SEED = 42  # seed of the published notebook's resamples

_OPTIMAL = 1e-6  # a resample's search has failed if a derivative is larger than this where it ends


@dataclass(frozen=True, eq=False)
class ChinchillaBootstrap:
    """Converged estimates on resamples of one table of runs.

    Parameters
    ----------
    estimate
        On the table itself.
    draws
        One row for each resample; columns ``E, A, B, alpha, beta`` and ``a``, the exponent of optimal parameters in
        compute, beta / (alpha + beta).
    seed
        Of the resampling.
    failed
        Resamples whose search ended short of a minimum. They are kept.

    Notes
    -----
    Source: Besiroglu et al. 2024 (arXiv 2404.10102).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = besiroglu_bootstrap(bs.load_runs(), draws=200)  # doctest: +SKIP
    >>> found.standard_errors, found.intervals()  # doctest: +SKIP
    >>> found.wald_test(bs.HOFFMANN_ROUNDED)  # doctest: +SKIP
    """

    estimate: ChinchillaEstimate
    draws: pd.DataFrame
    seed: int
    failed: int

    @property
    def standard_errors(self) -> pd.Series:
        """Standard deviation of each column of ``draws``."""
        return self.draws.std()

    def intervals(self, *, probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
        """Medians and equal-tailed percentile intervals.

        Parameters
        ----------
        probability
            Of the interval.

        Returns
        -------
        DataFrame
            Index: columns of ``draws``; columns ``median``, ``lower``, ``upper``.

        Raises
        ------
        BayesScalingError
            If the probability is not between 0 and 1.
        """
        check_probability(probability)
        table = self.draws.quantile(interval_points(probability)).T.set_axis(["median", "lower", "upper"], axis=1)
        table.attrs = {"interval": interval_attrs(probability)}
        return table

    def wald_test(self, law: ChinchillaLaw) -> tuple[float, float]:
        r"""Distance of given constants from the estimate, and its p-value (chi-squared, five degrees of freedom).

        .. math:: (\theta_0 - \hat\theta)^\top \Sigma^{-1} (\theta_0 - \hat\theta)

        with theta = (ln A, ln B, ln E, alpha, beta) and their covariance over resamples.

        Parameters
        ----------
        law
            The given constants.

        Returns
        -------
        statistic, p_value : float
            No unit.

        Raises
        ------
        BayesScalingError
            If there are too few resamples for a covariance of five constants.
        """
        if len(self.draws) <= len(CONSTANTS):
            raise BayesScalingError(
                f"{len(self.draws)} resamples give no covariance of {len(CONSTANTS)} constants; take more draws"
            )
        theta = np.column_stack([np.log(self.draws[["A", "B", "E"]]), self.draws[["alpha", "beta"]]])
        difference = theta_of(law) - theta_of(self.estimate.law)
        statistic = float(difference @ np.linalg.solve(np.cov(theta.T), difference))
        return statistic, float(chi2.sf(statistic, len(CONSTANTS)))


def besiroglu_bootstrap(
    runs: pd.DataFrame, draws: int = 1000, seed: int = BESIROGLU_SEED, *, delta: float = HOFFMANN_DELTA
) -> ChinchillaBootstrap:
    r"""Converged estimates on resamples of the runs, for their scatter.

    .. math:: \hat\theta_b = \arg\min_\theta \sum_{i \in S_b} \mathrm{Huber}_\delta\left(
        \ln L(N_i, D_i; \theta) - \ln L_i\right)

    Parameters
    ----------
    runs, delta
        As for :func:`besiroglu_estimate`.
    draws
        Number of resamples, at least 1 (published: 4,000).
    seed
        Of the resampling, 0 to 2**32 - 1; with 42 and the runs in the order of the file, the published resamples.

    Returns
    -------
    ChinchillaBootstrap

    Raises
    ------
    BayesScalingError
        If an argument is out of its range or the table lacks something.

    Notes
    -----
    Each search starts at the estimate on the whole table (of 100 resamples of the digitised runs, searched from six
    other points as well, none ended lower). On those 240 runs 4,000 draws give the published standard errors and
    intervals. Source: Besiroglu et al. 2024 (arXiv 2404.10102), section 3
    and their notebook.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> sample = besiroglu_bootstrap(load_runs("simulated"), draws=20)
    >>> sample.draws.shape, sample.failed
    ((20, 6), 0)
    """
    draws, seed = whole_number("draws", draws, 1), checked_seed(seed)
    estimate = besiroglu_estimate(runs, delta=delta)
    objective, start, n = HuberObjective.of(runs), theta_of(estimate.law), len(runs)
    generator = np.random.RandomState(seed)  # the authors' own generator, to repeat their draws
    resamples = [np.bincount(generator.choice(n, size=n, replace=True), minlength=n) for _ in range(draws)]
    with one_thread():
        found = [converged_search(objective.weighted(counts.astype(float)), start, delta) for counts in resamples]
    theta = np.array([search.x for search in found])
    table = pd.DataFrame(
        np.column_stack([np.exp(theta[:, [2, 0, 1]]), theta[:, 3:]]),
        index=pd.RangeIndex(draws, name="draw"),
        columns=["E", "A", "B", "alpha", "beta"],
    )
    table["a"] = table["beta"] / (table["alpha"] + table["beta"])
    failed = sum(not np.max(np.abs(search.jac)) < _OPTIMAL for search in found)
    return ChinchillaBootstrap(estimate=estimate, draws=table, seed=seed, failed=failed)
