"""The bootstrap of Besiroglu et al. 2024: the converged estimate on resamples of the runs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from bayes_scaling.classical.chinchilla import ChinchillaEstimate, besiroglu_estimate, converged_search
from bayes_scaling.classical.chinchilla_objective import (
    CONSTANTS,
    HOFFMANN_DELTA,
    HuberObjective,
    theta_of,
)
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.static_laws import ChinchillaLaw
from bayes_scaling.threads import one_thread

Floats = NDArray[np.float64]

BESIROGLU_SEED = 42
"""Of the resamples of the published notebook."""

_LARGEST_SEED = 2**32 - 1
_OPTIMAL = 1e-6
"""A resample's search has failed if a derivative is larger than this where it ends."""


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
        if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 < probability < 1:
            raise BayesScalingError(f"probability must be between 0 and 1, not {probability!r}")
        tail = (1 - probability) / 2
        table = self.draws.quantile([0.5, tail, 1 - tail]).T.set_axis(["median", "lower", "upper"], axis=1)
        table.attrs = {"interval": {"probability": probability, "kind": INTERVAL_KIND}}
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
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise BayesScalingError(f"draws must be a whole number of at least 1, not {draws!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _LARGEST_SEED:
        raise BayesScalingError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}")
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
