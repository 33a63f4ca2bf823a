"""Fit a specification to a table: sample, diagnose, try again if need be, and keep everything a reader may ask for."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.inference.attempts import attempt, require_sampler_for
from bayes_scaling.inference.data import assemble, thinned
from bayes_scaling.inference.result import Fit, summary_of
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_cores, checked_seed, whole_number
from bayes_scaling.model.rows import central_anchor, make_rows
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.columns import FLAGS
from bayes_scaling.tables.plausibility import require_plausible
from bayes_scaling.tables.soundness import as_table

KEPT_DRAWS = 4000  # draws of all chains: more cost memory and time wherever a posterior is read, and add nothing
_PACKAGES = ("bayes-scaling", "pymc", "pytensor", "nutpie", "arviz", "numpy", "pandas", "xarray", "scipy")


def fit(
    specification: Specification | str | Path,
    evaluations: pd.DataFrame,
    *,
    draws: int | None = None,
    tune: int = DEFAULT.tune,
    chains: int = DEFAULT.chains,
    seed: int = SEED,
    target_accept: float = DEFAULT.target_accept,
    attempts: int = DEFAULT.attempts,
    progress: bool = False,
    cores: int | None = None,
    keep: int | None = KEPT_DRAWS,
    sampler: str = DEFAULT.sampler,
    effective_draws: int = DEFAULT.effective_draws,
) -> Fit:
    """Sample the posterior of a specification on a table of evaluations, or of a static law on training runs.

    Parameters
    ----------
    specification
        A specification, a name in the catalogue, or the path of a ``.toml`` file.
    evaluations
        See :func:`bayes_scaling.load_evaluations`; or training runs: a table with columns ``parameters``, ``tokens``
        and ``loss`` (nats per token), and optionally ``series``, for laws without progress such as ``"chinchilla"``.
        A DataFrame of pandas or Polars that was not read by this package is read as a file is.
    draws
        Kept draws of each chain. By default as many as needed: a run goes on until every rate of progress, every
        exponent and ``E`` has ``effective_draws`` in bulk and tails, all else has 400, and every criterion holds.
    tune, chains
        Adaptation draws of each chain, and chains.
    seed
        Reproduces the fit on the same machine with the same versions.
    target_accept
        NUTS step size target, between 0 and 1.
    attempts
        How often at most. An attempt that misses a criterion is replaced by one with longer adaptation and smaller
        steps (and, where ``draws`` was given, two to four times as long).
    progress
        Show how far sampling has got, on one line of standard error.
    cores
        Processors to use at most, where the system lets a process choose (Linux); by default all. Results don't depend
        on it.
    keep
        Draws to keep of all chains together at most, as many of each chain and evenly spaced; None for all.
        Diagnostics are of all.
    sampler
        ``"nuts"``; or ``"smc"``, a second opinion where chains disagree: ``chains`` independent runs of sequential
        Monte Carlo with ``draws`` particles each (see :mod:`bayes_scaling.inference.smc`), slower by far.
    effective_draws
        Wanted of the quantities that people quote: the Monte Carlo error of a mean is its posterior standard deviation
        over the square root of this.

    Returns
    -------
    Fit
        Converged or not: read ``fit.diagnostics``.

    Raises
    ------
    BayesScalingError
        Settings out of range, a table that lacks what the specification needs, or one with an error among its findings
        (:mod:`bayes_scaling.tables.plausibility`) that ``attrs["allowed"]`` does not name; before anything is sampled.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.fit("ho2024/07", bs.load_evaluations())  # doctest: +SKIP
    >>> fit.diagnostics.converged  # doctest: +SKIP
    True
    """
    settings = Settings(
        draws, tune, chains, target_accept, attempts=attempts, sampler=sampler, effective_draws=effective_draws
    )
    return fit_with(specification, evaluations, settings, seed, progress=progress, cores=cores, keep=keep)


def fit_with(
    specification: Specification | str | Path,
    evaluations: pd.DataFrame,
    settings: Settings,
    seed: int,
    *,
    progress: bool = False,
    cores: int | None = None,
    keep: int | None = KEPT_DRAWS,
) -> Fit:
    """As :func:`fit`, with the settings as one object."""
    start, specification = time.perf_counter(), resolve(specification)
    settings, seed, cores = checked(settings), checked_seed(seed), checked_cores(cores)
    # Fewer than 4 draws of each chain tell ArviZ nothing.
    keep = None if keep is None else whole_number("keep", keep, 4 * settings.chains)
    require_sampler_for(specification, settings.sampler)
    evaluations = as_table(evaluations)
    warnings = require_plausible(evaluations, specification.used_columns)
    rows = make_rows(specification, evaluations)
    fingerprint = fit_fingerprint(specification, evaluations, settings, seed)
    found = attempt(specification, rows, settings, seed, progress=progress, cores=cores)
    kept = found.data if keep is None else thinned(found.data, keep).copy(deep=True)  # else all stay in memory
    data = assemble(specification, rows, evaluations, kept)
    data["sample_stats"] = data["sample_stats"].to_dataset().assign(found.of_chains)
    return Fit(
        data=data,
        specification=specification,
        evaluations=summary_of(evaluations, warnings),
        diagnostics=found.diagnostics,
        settings=found.settings,
        seed=seed,
        seconds={
            "compile": found.compile_seconds,
            "sample": found.sample_seconds,
            "total": time.perf_counter() - start,
        },
        versions=package_versions(),
        fingerprint=fingerprint,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def package_versions() -> dict[str, str]:
    """Packages on which a posterior's digits depend, with their versions."""
    return {package: version(package) for package in _PACKAGES}


def posterior_document(specification: Specification, evaluations: pd.DataFrame) -> dict[str, Any]:
    """Everything that decides a posterior, whatever samples it: data, specification, priors; ready for JSON."""
    return {
        "evaluations": table_digest(evaluations, specification),
        "specification": {"name": specification.name} | specification.to_dict(),
        "priors": {p.name: str(specification.prior_of(p.name)) for p in specification.parameters()},
    }


def table_digest(evaluations: pd.DataFrame, *specifications: Specification) -> str:
    """SHA-256 of a table without flags that no specification names and without notes, which no fit reads."""
    used = (column for each in specifications for column in each.used_columns)
    unread = {*FLAGS, "note"}.difference(used)
    table = evaluations.drop(columns=[*unread], errors="ignore").to_csv(float_format="%.17g")
    return hashlib.sha256(table.encode()).hexdigest()


def document_fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 of plain data, the same whatever the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def fit_fingerprint(specification: Specification, evaluations: pd.DataFrame, settings: Settings, seed: int) -> str:
    """SHA-256 of everything that decides a fit: data, specification, priors, settings asked for, seed, versions."""
    asked, centre = asdict(settings), asdict(central_anchor(specification, evaluations))
    # So that fits made before there were samplers to choose, or steps (which follow from the table), keep theirs.
    if settings.sampler == DEFAULT.sampler:
        del asked["sampler"]
    centre.pop("steps", None)
    document = {"settings": asked, "seed": seed, "versions": package_versions(), "centre": centre}
    return document_fingerprint(posterior_document(specification, evaluations) | document)
