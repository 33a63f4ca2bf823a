"""Approach 2: IsoFLOP profiles as one hierarchical Bayesian quadratic."""

import time

import pandas as pd

from bayes_scaling.approaches.grouping import FOUND_MODELS, WITHIN
from bayes_scaling.approaches.result import Profiles, assembled
from bayes_scaling.approaches.rows import ProfileRows, make_profile_rows
from bayes_scaling.approaches.sampling import sample_profiles
from bayes_scaling.inference.sampling import joint_seed
from bayes_scaling.inference.settings import (
    ATTEMPTS,
    CHAINS,
    SEED,
    TARGET_ACCEPT,
    TUNE,
    Settings,
    checked,
    checked_cores,
    checked_seed,
)

_TOKENS_STAGE = 1000
"""Of seeds: beyond any number of attempts."""


def isoflop_profiles(
    runs: pd.DataFrame,
    *,
    within: float = WITHIN,
    least_models: int = FOUND_MODELS,
    draws: int | None = None,
    tune: int = TUNE,
    chains: int = CHAINS,
    seed: int = SEED,
    target_accept: float = TARGET_ACCEPT,
    attempts: int = ATTEMPTS,
    progress: bool = False,
    cores: int | None = None,
) -> Profiles:
    r"""Sample how the best model grows with compute, from runs at several budgets, without a law of the loss.

    .. math:: \ln L_{ki} = \ell_k + c_k (\ln N_{ki} - \ln N^*_k)^2 + \varepsilon_{ki}, \qquad
        \ln N^*_k = m + a \ln C_k + \tau z_k, \qquad \varepsilon \sim t_\nu(0, \sigma)

    with :math:`\ell_k` around a quadratic and :math:`\ln c_k` around a line of :math:`\ln C_k`. So
    :math:`N^* \propto C^a`, and :math:`D^* \propto C^b` with b = 1 - a where the table has C = k N D; where it has not,
    a second quadratic is fitted to :math:`\ln D`.

    Parameters
    ----------
    runs
        Training runs with ``parameters``, ``tokens``, ``flop``, ``loss`` (nats per token). ``series`` names the budget
        of each run; without it budgets are found (:func:`bayes_scaling.approaches.grouping.budgets_of`). A column
        ``curve`` says which rows are of one training curve, and gives each curve an effect.
    within, least_models
        Where budgets are found: relative width of one, and different sizes of model that make one.
    draws, tune, chains, seed, target_accept, attempts, progress, cores
        As for :func:`bayes_scaling.fit`.

    Returns
    -------
    Profiles
        Converged or not: read ``profiles.converged``.

    Raises
    ------
    BayesScalingError
        Settings out of range, fewer than three budgets, or a budget with fewer than three sizes of model; before
        anything is sampled.

    Notes
    -----
    Priors and the choice of the log loss: :mod:`bayes_scaling.approaches.model`. Each run counts at its own compute; a
    budget is only a name for runs that share effects. A parabola is no more than the second-order approximation of a
    law of two powers, and a wide or off-centre design with alpha other than beta shifts its vertices:
    :func:`bayes_scaling.approaches.bias.quadratic_bias` says by how much. Source: Hoffmann et al. 2022 (arXiv
    2203.15556), section 3.2, where each budget has a parabola of its own.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> profiles = isoflop_profiles(load_runs("simulated"))  # doctest: +SKIP
    >>> profiles.converged  # doctest: +SKIP
    True
    """
    settings = checked(Settings(draws, tune, chains, target_accept, attempts=attempts))
    seed, cores = checked_seed(seed), checked_cores(cores)
    rows = make_profile_rows(runs, within=within, least_models=least_models)
    name = str(runs.attrs.get("name", "unnamed"))
    by_tokens = None
    if not rows.one_product:
        other = joint_seed(seed, _TOKENS_STAGE)
        by_tokens = _sampled(rows.by("tokens"), settings, other, None, name, progress=progress, cores=cores)
    return _sampled(rows, settings, seed, by_tokens, name, progress=progress, cores=cores)


def _sampled(
    rows: ProfileRows,
    settings: Settings,
    seed: int,
    by_tokens: Profiles | None,
    name: str,
    *,
    progress: bool,
    cores: int | None,
) -> Profiles:
    start = time.perf_counter()
    found = sample_profiles(rows, settings, seed, progress=progress, cores=cores)
    return Profiles(
        data=assembled(rows, found.data),
        rows=rows,
        diagnostics=found.diagnostics,
        settings=found.settings,
        seed=seed,
        seconds={
            "compile": found.compile_seconds,
            "sample": found.sample_seconds,
            "total": time.perf_counter() - start,
        },
        by_tokens=by_tokens,
        name=name,
    )
