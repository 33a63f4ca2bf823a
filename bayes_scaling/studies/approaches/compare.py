"""Chinchilla's three approaches side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.classical.chinchilla import besiroglu_estimate
from bayes_scaling.inference.fitting import fit as fit_law
from bayes_scaling.inference.result import AnyFit, Fit, require_fit
from bayes_scaling.inference.sampling import joint_seed
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_seed
from bayes_scaling.law.published import HOFFMANN_EXPONENTS
from bayes_scaling.quantities.allocation import allocation_exponents
from bayes_scaling.quantities.domain import WITHIN
from bayes_scaling.quantities.intervals import check_probability, credible_intervals
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.approaches.curves import SPACING, curve_slices, envelope
from bayes_scaling.studies.approaches.isoflop import isoflop_profiles
from bayes_scaling.studies.approaches.least_squares import classical_parabolas, quadratic_bias, reliability
from bayes_scaling.studies.approaches.profiles import Profiles
from bayes_scaling.studies.approaches.rows import FOUND_MODELS, REACH, Size, make_profile_rows

APPROACHES = ("1 training curves", "2 IsoFLOP profiles", "3 parametric law")
_SIZES: Mapping[str, Size] = {"a": "parameters", "b": "tokens"}


def compare_approaches(
    runs: pd.DataFrame,
    fit: AnyFit | None = None,
    curves: pd.DataFrame | None = None,
    *,
    within: float = WITHIN,
    least_models: int = FOUND_MODELS,
    reach: float = REACH,
    spacing: float = SPACING,
    probability: float = INTERVAL_PROBABILITY,
    draws: int | None = None,
    tune: int = DEFAULT.tune,
    chains: int = DEFAULT.chains,
    seed: int = SEED,
    attempts: int = DEFAULT.attempts,
    cores: int | None = None,
) -> pd.DataFrame:
    r"""Exponents of compute-optimal parameters and tokens by each of Chinchilla's approaches.

    .. math:: N^* \propto C^a, \qquad D^* \propto C^b

    Parameters
    ----------
    runs
        Training runs at several budgets (`read_runs`, `load_runs`).
    fit
        Approach 3 on the same runs; fitted here (``models/chinchilla.toml``) if None.
    curves
        Losses along training for approach 1, as for :func:`bayes_scaling.training_curves`; no such row if
        None.
    within, least_models, reach
        Where budgets are found from the rows, and how far from their lowest loss runs count: see
        :func:`bayes_scaling.isoflop_profiles`.
    spacing
        Of the slices of training curves.
    probability
        Of the intervals.
    draws, tune, chains, seed, attempts, cores
        As for :func:`bayes_scaling.fit`; each approach has a seed of its own made from this one.

    Returns
    -------
    DataFrame
        A row for each approach. ``rows``: of the table, that were used. For ``a``, and likewise ``b``: the posterior's
        median ``a`` with ``a_lower``, ``a_upper``; ``a_bias``, how far least-squares parabolas of a law's own losses
        lie from the law's ``a`` (posterior of approach 3, :func:`bayes_scaling.quadratic_bias`), and ``a_corrected``,
        the posterior less that bias, both with interval; ``a_coverage``, the share of
        tables in which such an interval would hold the law's ``a`` in spite of the bias, and ``a_refused``, why ``a``
        is not to be used (its bias is above half its standard deviation, or can't be found), or empty;
        ``a_classical``, a point estimate (envelope; parabolas by least squares; the Huber objective at its minimum);
        ``a_published`` by Hoffmann et al. 2022 with its interval.
        ``converged`` and ``rhat_max`` are of the row's own posterior, ``bias_converged`` of approach 3, from which its
        bias comes; ``seconds`` of its sampling, NaN for a fit that was given. ``attrs`` name the intervals, and rows
        left out with their reasons (``unused``), and ``findings``: budgets whose minimum is at the edge of their grid.

    Raises
    ------
    BayesScalingError
        A table can't be used, ``fit`` is not a fit of a law of parameters and tokens, or a setting is out of its range;
        before anything is sampled.

    Notes
    -----
    Approaches 2 and 3 see the same runs, so that their errors go together, and intervals that overlap say little about
    whether they agree. The correction takes draws of bias and of ``a`` as independent; the bias hardly varies between
    draws. Published intervals are of 80% of another kind (``attrs``).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> table = bs.compare_approaches(bs.load_runs())  # doctest: +SKIP
    >>> table[["a", "a_lower", "a_upper", "converged"]]  # doctest: +SKIP
    """
    check_probability(probability)
    checked(Settings(draws, tune, chains, attempts=attempts))
    seed = checked_seed(seed)
    fit = None if fit is None else require_fit(fit)
    grouping: dict[str, Any] = {"within": within, "least_models": least_models, "reach": reach}
    found = make_profile_rows(runs, **grouping)
    if fit is not None:
        allocation_exponents(fit)
    slices = None if curves is None else curve_slices(curves, spacing=spacing)
    sampler: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains, "attempts": attempts, "cores": cores}
    law = fit or fit_law(load_specification("chinchilla"), runs, seed=joint_seed(seed, 3), **sampler)
    rows: dict[int, dict[str, Any]] = {}
    if curves is not None and slices is not None:
        profiles = isoflop_profiles(slices, reach=reach, seed=joint_seed(seed, 1), **sampler)
        lowest = envelope(curves)
        rows[1] = _quadratic_row(profiles, law, slices, {"reach": reach}, probability) | {
            "a_classical": lowest.a,
            "b_classical": lowest.b,
        }
    profiles = isoflop_profiles(runs, seed=joint_seed(seed, 2), **grouping, **sampler)
    rows[2] = _quadratic_row(profiles, law, runs, grouping, probability) | _least_squares(profiles)
    exponents, least = (allocation_exponents(each) for each in (law, besiroglu_estimate(runs).law))
    rows[3] = {
        **_interval("a", exponents["a"], probability),
        **_interval("b", exponents["b"], probability),
        "converged": law.diagnostics.converged,
        "rhat_max": law.diagnostics.rhat_max,
        "rows": law.evaluations.rows,
        "seconds": law.seconds["total"] if fit is None else np.nan,
        "a_classical": least["a"].item(),
        "b_classical": least["b"].item(),
    }
    table = pd.DataFrame([rows[number] | _published(number) for number in rows])
    table.index = pd.Index([APPROACHES[number - 1] for number in rows], name="approach")
    table.attrs = {
        "interval": {"probability": probability, "kind": INTERVAL_KIND},
        "published_interval": HOFFMANN_EXPONENTS[2].kind,
        "published": {APPROACHES[number - 1]: HOFFMANN_EXPONENTS[number].source for number in rows},
        "unused": found.unused.to_dict(),
        "findings": list(profiles.findings),
        "seed": seed,
    }
    return table


def _quadratic_row(
    profiles: Profiles, law: Fit, runs: pd.DataFrame, grouping: dict[str, Any], probability: float
) -> dict[str, Any]:
    exponents = profiles.exponents()
    row: dict[str, Any] = {}
    for name in _SIZES:
        row |= _interval(name, exponents[name], probability)
    row |= {
        "converged": profiles.converged,
        "rhat_max": profiles.rhat_max,
        "rows": len(profiles.rows.ids),
        "seconds": profiles.seconds["total"] + (profiles.by_tokens.seconds["total"] if profiles.by_tokens else 0.0),
    }
    for name, size in _SIZES.items():
        bias = quadratic_bias(law, runs, size=size, **grouping)
        # Draws of two posteriors, matched at random.
        shifts = np.random.default_rng(0).choice(bias.to_numpy().ravel(), exponents[name].shape)
        row |= _interval(f"{name}_bias", bias, probability)
        row |= _interval(f"{name}_corrected", exponents[name] - shifts, probability)
        judged = reliability(exponents[name], law, runs, size=size, probability=probability, **grouping)
        row |= {f"{name}_coverage": judged.coverage, f"{name}_refused": judged.refused}
    return row | {"bias_converged": law.diagnostics.converged}


def _interval(name: str, draws: xr.DataArray, probability: float) -> dict[str, float]:
    found = credible_intervals(draws.rename(name), probability=probability)
    return _ends(name, found.iloc[0][["median", "lower", "upper"]].tolist())


def _ends(name: str, values: Sequence[float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_lower", f"{name}_upper"), values, strict=True))


def _least_squares(profiles: Profiles) -> dict[str, float]:
    a = float(classical_parabolas(profiles.rows).slope)
    b = 1 - a if profiles.by_tokens is None else float(classical_parabolas(profiles.by_tokens.rows).slope)
    return {"a_classical": a, "b_classical": b}


def _published(number: int) -> dict[str, float]:
    found = HOFFMANN_EXPONENTS[number]
    return _ends("a_published", (found.a, *found.a_interval)) | _ends("b_published", (found.b, *found.b_interval))
