"""Compile a model once for each structure and sample it with nutpie, as often as needed."""

import json
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import nutpie
from numpy.typing import NDArray
from xarray import Dataset, DataTree

from bayes_scaling.inference.penalised import reweighted
from bayes_scaling.inference.settings import BARRIER, Settings
from bayes_scaling.model.build import build_model_of_rows, model_data, starting_points
from bayes_scaling.model.penalised import build_penalised_model, design, penalised_starting_points
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification


@dataclass(frozen=True)
class Sampled:
    """Posterior draws, what the sampler said of them (``stats``: every draw that it made), and seconds taken."""

    data: DataTree
    stats: Dataset
    compile_seconds: float
    sample_seconds: float


_COMPILED: dict[str, Any] = {}


def structure_key(specification: Specification, rows: Rows) -> str:
    """What a compiled model depends on: everything but data, prior scales and names."""
    document = specification.to_dict()
    for text in ("title", "reference"):
        document.pop(text)
    if specification.pivot is None:  # the years of each era are data, unless coefficients are moved to a pivot
        document["progress"].pop("cut_year", None)
    document["priors"] = {p.name: specification.prior_of(p.name).distribution for p in specification.parameters()}
    sampled_effects = specification.noise.cluster == "paper" and specification.noise.family != "normal"
    document["levels"] = [
        rows.levels.get("benchmark"),
        rows.levels.get("architecture"),
        len(rows.levels["paper"]) if sampled_effects else None,
    ]
    return json.dumps(document, sort_keys=True)


def compiled_model(specification: Specification, rows: Rows, barrier: float = BARRIER) -> tuple[Any, float]:
    """Compiled model of a structure with this data, and the seconds that compiling took (0 when reused)."""
    penalised = specification.delta is not None
    values = design(specification, rows, barrier) if penalised else model_data(specification, rows)
    key = _program_key(specification, values) if penalised else structure_key(specification, rows)
    seconds = 0.0
    if key not in _COMPILED:
        start = time.perf_counter()
        with warnings.catch_warnings():
            # PyTensor looks for a C compiler's BLAS that the numba backend does not use.
            warnings.filterwarnings("ignore", message=".*BLAS.*")
            if penalised:
                model = build_penalised_model(specification, rows)
                starts = penalised_starting_points(model, specification)
            else:
                model, starts = build_model_of_rows(specification, rows), starting_points(specification, rows)
            _COMPILED[key] = nutpie.compile_pymc_model(model, initial_points=starts, jitter_rvs=set())
        seconds = time.perf_counter() - start
    compiled = _COMPILED[key]
    shared = {variable.name for variable in compiled.shared_var_keys}
    return compiled.with_data(**{name: value for name, value in values.items() if name in shared}), seconds


def _program_key(specification: Specification, values: Mapping[str, Any]) -> str:
    """What the one program for all penalised structures depends on: its width and the prior of sigma."""
    return f"penalised {values['penalised'].size} {specification.prior_of('sigma').distribution}"


def sample(
    specification: Specification,
    rows: Rows,
    settings: Settings,
    seed: int,
    *,
    progress: bool = False,
    cores: int | None = None,
    starts: NDArray[np.float64] | None = None,
) -> Sampled:
    """Draw from the posterior.

    Parameters
    ----------
    starts
        Points in the sampler's unconstrained coordinates, shape ``(points, dimensions)``, of which each chain takes one
        to start from; by default chains start far apart (:func:`bayes_scaling.model.build.starting_points`).

    Raises
    ------
    KeyboardInterrupt
        When interrupted: sampling is stopped and partial draws are thrown away.
    """
    compiled, compile_seconds = compiled_model(specification, rows, settings.barrier)
    start = time.perf_counter()
    data = run_nuts(compiled, settings, seed, progress=progress, cores=cores, starts=starts)
    stats = data["sample_stats"].to_dataset()
    if specification.delta is not None:
        stats = stats.assign(log_weight=data["posterior"]["log_weight"])
        data = reweighted(specification, rows, data, seed)
    return Sampled(data, stats, compile_seconds, time.perf_counter() - start)


def run_nuts(
    compiled: Any,
    settings: Settings,
    seed: int,
    *,
    progress: bool = False,
    cores: int | None = None,
    starts: NDArray[np.float64] | None = None,
) -> DataTree:
    """Draw from a compiled model with nutpie; arguments as for :func:`sample`.

    Returns
    -------
    DataTree
        Groups ``posterior`` and ``sample_stats``, the latter with ``unconstrained_draw``.

    Raises
    ------
    KeyboardInterrupt
        When interrupted: sampling is stopped and partial draws are thrown away.
    """
    if starts is not None:
        compiled = replace(compiled, initial_point_func=_one_of(starts))
    sampler = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        target_accept=settings.target_accept,
        maxdepth=settings.maxdepth,
        seed=seed,
        cores=cores,
        # A ridge between rates and exponents: low-rank adaptation follows it, a diagonal metric can't.
        adaptation="low_rank",
        save_warmup=False,
        store_unconstrained=True,
        progress_bar=progress,
        blocking=False,
    )
    try:
        data: DataTree = sampler.wait()
    except BaseException:
        sampler.cancel()
        raise
    return data


def _one_of(points: NDArray[np.float64]) -> Callable[[Any], NDArray[np.float64]]:
    return lambda seed: points[np.random.default_rng(seed).integers(len(points))]


def posterior_values(data: DataTree, names: Mapping[str, Any] | tuple[str, ...]) -> dict[str, Any]:
    """Posterior draws as arrays of shape ``(samples, 1)`` or ``(samples, levels)``, for the law on arrays."""
    posterior = data["posterior"].to_dataset()
    values = {}
    for name in names:
        array = posterior[name].to_numpy()
        values[name] = array.reshape(array.shape[0] * array.shape[1], -1).astype(float)
    return values


def joint_seed(seed: int, stage: int) -> int:
    """A seed of its own for a further stage of one run, reproducible from the run's seed."""
    return int(np.random.SeedSequence([seed, stage]).generate_state(1)[0])
