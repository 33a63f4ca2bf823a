"""Fit a specification to a table: sample, diagnose, escalate once, and keep everything a reader may ask for."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version

import pandas as pd

from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.diagnostics import diagnose
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.sampling import joint_seed, sample
from bayes_scaling.inference.settings import (
    CHAINS,
    DRAWS,
    SEED,
    TARGET_ACCEPT,
    TUNE,
    Settings,
    check_settings,
    escalated,
)
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.specification import Specification

_PACKAGES = ("bayes-scaling", "pymc", "pytensor", "nutpie", "arviz", "numpy", "pandas", "xarray", "scipy")


def fit(
    specification: Specification,
    evaluations: pd.DataFrame,
    *,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
    seed: int = SEED,
    target_accept: float = TARGET_ACCEPT,
    progress: bool = False,
) -> Fit:
    """Sample the posterior of a specification on a table of evaluations.

    Parameters
    ----------
    specification
        See :func:`bayes_scaling.load_specification`.
    evaluations
        See :func:`bayes_scaling.load_evaluations`.
    draws, tune, chains
        Kept and adaptation draws of each chain, and chains. These posteriors are ridges: short runs understate
        their width, and the defaults take seconds.
    seed
        Reproduces the fit on the same machine with the same versions.
    target_accept
        NUTS step size target, between 0 and 1.
    progress
        Show nutpie's progress bar.

    Returns
    -------
    Fit
        Converged or not: read ``fit.diagnostics``. If the first attempt misses a criterion, a second one runs
        with twice the draws and a higher target acceptance, and replaces it.

    Raises
    ------
    BayesScalingError
        Settings out of range, or a table that lacks what the specification needs; before anything is sampled.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.fit(bs.load_specification("ho2024/07"), bs.load_evaluations())  # doctest: +SKIP
    >>> fit.diagnostics.converged  # doctest: +SKIP
    True
    """
    start = time.perf_counter()
    settings = Settings(draws, tune, chains, target_accept)
    check_settings(settings, seed)
    rows = make_rows(specification, evaluations)
    versions = {package: version(package) for package in _PACKAGES}
    fingerprint = _fingerprint(specification, evaluations, settings, seed, versions)
    sampled = sample(specification, rows, settings, seed, progress=progress)
    compile_seconds, sample_seconds = sampled.compile_seconds, sampled.sample_seconds
    diagnostics = diagnose(sampled.data)
    if not diagnostics.converged:
        settings = escalated(settings)
        sampled = sample(specification, rows, settings, joint_seed(seed, 1), progress=progress)
        sample_seconds += sampled.sample_seconds
        diagnostics = diagnose(sampled.data, escalated=True)
    data = assemble(specification, rows, evaluations, sampled.data)
    return Fit(
        data=data,
        specification=specification,
        evaluations=EvaluationsSummary(
            name=str(evaluations.attrs.get("name", "unnamed")),
            rows=len(evaluations),
            papers=int(evaluations["paper"].nunique()),
            selections=tuple(evaluations.attrs.get("selections", ())),
        ),
        diagnostics=diagnostics,
        settings=settings,
        seed=seed,
        seconds={"compile": compile_seconds, "sample": sample_seconds, "total": time.perf_counter() - start},
        versions=versions,
        fingerprint=fingerprint,
    )


def _fingerprint(
    specification: Specification,
    evaluations: pd.DataFrame,
    settings: Settings,
    seed: int,
    versions: Mapping[str, str],
) -> str:
    table = evaluations.to_csv(float_format="%.17g")
    document = {
        "evaluations": hashlib.sha256(table.encode()).hexdigest(),
        "specification": {"name": specification.name} | specification.to_dict(),
        "priors": {p.name: str(specification.prior_of(p.name)) for p in specification.parameters()},
        "settings": asdict(settings),
        "seed": seed,
        "versions": dict(versions),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
