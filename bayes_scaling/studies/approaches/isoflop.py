"""Approaches 2 and 1: IsoFLOP profiles, or slices of training curves, as one hierarchical Bayesian quadratic."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from xarray import Dataset, DataTree

from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.attempts import Attempted, attempts_of
from bayes_scaling.inference.compilation import compiled
from bayes_scaling.inference.progress import Progress
from bayes_scaling.inference.sampling import Judge, Sampled, joint_seed, one_of, run_nuts
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_cores, checked_seed
from bayes_scaling.quantities.domain import WITHIN
from bayes_scaling.studies.approaches.curves import LEAST_CURVES, SPACING, curve_slices
from bayes_scaling.studies.approaches.profiles import (
    Profiles,
    assembled,
    build_profile_model,
    free_dims,
    model_data,
    start_of,
)
from bayes_scaling.studies.approaches.rows import FOUND_MODELS, REACH, SIZES, ProfileRows, make_profile_rows


def sample_profiles(
    rows: ProfileRows, settings: Settings, seed: int, *, progress: bool = False, cores: int | None = None
) -> Attempted:
    """Sample and diagnose; where a criterion is missed, again and more carefully."""
    # Structures differ by their numbers of budgets and of training curves.
    key = json.dumps(["quadratic profiles", len(rows.budgets), len(rows.curves)])
    program = compiled(key, lambda: build_profile_model(rows), model_data(rows))

    def start(seed: Any) -> Floats:
        return program.point(start_of(rows, np.random.default_rng(seed)))

    def read(values: Mapping[str, Floats], stats: Dataset) -> tuple[DataTree, Dataset]:
        variables = {name: (("chain", "draw", *dims), values[name]) for name, dims in free_dims(rows).items()}
        labels: dict[str, Any] = {"budget": list(rows.budgets)} | ({"curve": list(rows.curves)} if rows.curves else {})
        return DataTree.from_dict({"posterior": Dataset(variables, coords=labels), "sample_stats": stats}), stats

    with Progress(progress) as shown:

        def draw(settings: Settings, seed: int, starts: Floats | None, judge: Judge) -> Sampled:
            chosen = start if starts is None else one_of(starts)
            return run_nuts(program, chosen, read, settings, seed, judge=judge, progress=shown, cores=cores)

        return attempts_of(draw, settings, seed)


_TOKENS_STAGE = 1000  # of seeds: beyond any number of attempts


def isoflop_profiles(
    runs: pd.DataFrame,
    *,
    within: float = WITHIN,
    least_models: int = FOUND_MODELS,
    reach: float = REACH,
    draws: int | None = None,
    tune: int = DEFAULT.tune,
    chains: int = DEFAULT.chains,
    seed: int = SEED,
    target_accept: float = DEFAULT.target_accept,
    attempts: int = DEFAULT.attempts,
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
        of each run; without it budgets are found (:func:`bayes_scaling.studies.approaches.rows.budgets_of`). A column
        ``curve`` says which rows are of one training curve, and gives each curve an effect.
    within, least_models
        Where budgets are found: relative width of one, and different sizes of model that make one.
    reach
        Runs count whose loss is at most this share above the lowest of their budget: further out a law's curve is no
        parabola.
    draws, tune, chains, seed, target_accept, attempts, progress, cores
        As for :func:`bayes_scaling.fit`.

    Returns
    -------
    Profiles
        Converged or not: read ``profiles.converged``.

    Raises
    ------
    BayesScalingError
        Settings out of range, a budget with fewer than three sizes of model, or fewer than three budgets whose lowest
        loss is inside their grid; before anything is sampled.

    Notes
    -----
    Each run counts at its own compute; a budget is only a name for runs that share effects. A parabola is no more than
    the second-order approximation of a law of two powers, and a wide or off-centre design with alpha other than beta
    shifts its vertices: :func:`bayes_scaling.quadratic_bias` says by how much. A budget whose lowest loss is at the
    edge of its grid has no vertex to fit and is censored: known to lie beyond a size (``profiles.findings``). Priors
    and the choice of the log loss: :mod:`bayes_scaling.studies.approaches.profiles`. Source: Hoffmann et al. 2022
    (arXiv 2203.15556), section 3.2, where each budget has a parabola of its own.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> profiles = isoflop_profiles(load_runs("simulated"))  # doctest: +SKIP
    >>> profiles.converged  # doctest: +SKIP
    True
    """
    settings = checked(Settings(draws, tune, chains, target_accept, attempts=attempts))
    seed, cores = checked_seed(seed), checked_cores(cores)
    rows, by_tokens = (
        make_profile_rows(runs, within=within, least_models=least_models, reach=reach, size=size) for size in SIZES
    )
    name = str(runs.attrs.get("name", "unnamed"))

    def sampled(rows: ProfileRows, seed: int, by_tokens: Profiles | None = None) -> Profiles:
        start = time.perf_counter()
        found = sample_profiles(rows, settings, seed, progress=progress, cores=cores)
        data, sampling = assembled(rows, found.data), {"compile": found.compile_seconds, "sample": found.sample_seconds}
        seconds = sampling | {"total": time.perf_counter() - start}
        return Profiles(data, rows, found.diagnostics, found.settings, seed, seconds, by_tokens, name)

    other = None if rows.one_product else sampled(by_tokens, joint_seed(seed, _TOKENS_STAGE))
    return sampled(rows, seed, other)


def training_curves(
    table: pd.DataFrame,
    *,
    spacing: float = SPACING,
    compute: Sequence[float] | None = None,
    least_curves: int = LEAST_CURVES,
    draws: int | None = None,
    tune: int = DEFAULT.tune,
    chains: int = DEFAULT.chains,
    seed: int = SEED,
    target_accept: float = DEFAULT.target_accept,
    attempts: int = DEFAULT.attempts,
    progress: bool = False,
    cores: int | None = None,
) -> Profiles:
    r"""Sample how the best model grows with compute, from losses along training.

    The curves are cut at a few compute values (:func:`bayes_scaling.studies.approaches.curves.curve_slices`), each of
    them a profile of :func:`bayes_scaling.isoflop_profiles`, with an effect of each curve:

    .. math:: \ln L_{kj} = \ell_k + c_k (\ln N_j - \ln N^*_k)^2 + u_j + \varepsilon_{kj}, \qquad u_j \sim N(0, \sigma_u)

    Parameters
    ----------
    table
        Training runs with several rows each: ``series`` names the curve, ``flop`` and ``tokens`` are what was spent and
        seen so far, ``loss`` is in nats per token.
    spacing, compute, least_curves
        Where to cut; see :func:`bayes_scaling.studies.approaches.curves.curve_slices`.
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
    :func:`bayes_scaling.studies.approaches.curves.envelope`.

    Examples
    --------
    >>> from bayes_scaling.tables.simulated import simulate_curves
    >>> from bayes_scaling.law.chinchilla import BESIROGLU
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
