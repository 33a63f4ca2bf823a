"""Approach 1: training curves, by the same hierarchical quadratic."""

from collections.abc import Sequence

import pandas as pd

from bayes_scaling.approaches.curves import LEAST_CURVES, SPACING, curve_slices
from bayes_scaling.approaches.isoflop import isoflop_profiles
from bayes_scaling.approaches.result import Profiles
from bayes_scaling.inference.settings import ATTEMPTS, CHAINS, SEED, TARGET_ACCEPT, TUNE


def training_curves(
    table: pd.DataFrame,
    *,
    spacing: float = SPACING,
    compute: Sequence[float] | None = None,
    least_curves: int = LEAST_CURVES,
    draws: int | None = None,
    tune: int = TUNE,
    chains: int = CHAINS,
    seed: int = SEED,
    target_accept: float = TARGET_ACCEPT,
    attempts: int = ATTEMPTS,
    progress: bool = False,
    cores: int | None = None,
) -> Profiles:
    r"""Sample how the best model grows with compute, from losses along training.

    The curves are cut at a few values of compute (:func:`bayes_scaling.approaches.curves.curve_slices`), and each cut
    is a profile of :func:`bayes_scaling.isoflop_profiles`, with an effect of each curve:

    .. math:: \ln L_{kj} = \ell_k + c_k (\ln N_j - \ln N^*_k)^2 + u_j + \varepsilon_{kj}, \qquad u_j \sim N(0, \sigma_u)

    Parameters
    ----------
    table
        Training runs with several rows each: ``series`` names the curve, ``flop`` and ``tokens`` are what was spent and
        seen so far, ``loss`` is in nats per token.
    spacing, compute, least_curves
        Where to cut; see :func:`bayes_scaling.approaches.curves.curve_slices`.
    draws, tune, chains, seed, target_accept, attempts, progress, cores
        As for :func:`bayes_scaling.fit`.

    Returns
    -------
    Profiles
        Converged or not: read ``profiles.converged``.

    Raises
    ------
    BayesScalingError
        Settings out of range, or curves that can't be cut into three profiles; before anything is sampled.

    Notes
    -----
    Points of a curve before its last are worse than a run that ends there, as the learning rate has not come down yet;
    by how much differs with the share of the schedule that is done, and no quadratic can tell. Hoffmann et al. 2022
    (arXiv 2203.15556, section 3.1) train with four schedules each, and take the lower envelope:
    :func:`bayes_scaling.approaches.envelope.envelope`.

    Examples
    --------
    >>> from bayes_scaling.tables.simulated_curves import simulate_curves
    >>> from bayes_scaling.static_laws import BESIROGLU
    >>> profiles = training_curves(simulate_curves(BESIROGLU, noise=0.005))  # doctest: +SKIP
    >>> profiles.exponents()["a"].median().round(1).item()  # doctest: +SKIP
    0.5
    """
    return isoflop_profiles(
        curve_slices(table, spacing=spacing, compute=compute, least_curves=least_curves),
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        target_accept=target_accept,
        attempts=attempts,
        progress=progress,
        cores=cores,
    )
