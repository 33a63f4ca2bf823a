"""Compile a structure once, sample it as often as needed, and again where a criterion was missed."""

import time
import warnings
from typing import Any

import nutpie
from xarray import DataTree

from bayes_scaling.approaches.model import build_profile_model, free_variables, model_data
from bayes_scaling.approaches.rows import ProfileRows
from bayes_scaling.inference.attempts import Attempted
from bayes_scaling.inference.diagnostics import diagnose
from bayes_scaling.inference.sampling import joint_seed
from bayes_scaling.inference.settings import Settings, escalated

_COMPILED: dict[tuple[int, int], Any] = {}


def compiled_profiles(rows: ProfileRows) -> tuple[Any, float]:
    """Compiled model with these data, and the seconds that compiling took (0 when reused).

    Structures differ by their numbers of budgets and of training curves.
    """
    key, seconds = (len(rows.budgets), len(rows.curves)), 0.0
    if key not in _COMPILED:
        start = time.perf_counter()
        with warnings.catch_warnings():
            # PyTensor looks for a C compiler's BLAS that the numba backend does not use.
            warnings.filterwarnings("ignore", message=".*BLAS.*")
            model = build_profile_model(rows)
            _COMPILED[key] = nutpie.compile_pymc_model(model, var_names=list(free_variables(rows)))
        seconds = time.perf_counter() - start
    return _COMPILED[key].with_data(**model_data(rows)), seconds


def sample_profiles(
    rows: ProfileRows, settings: Settings, seed: int, *, progress: bool = False, cores: int | None = None
) -> Attempted:
    """Sample and diagnose; where a criterion is missed, again and longer or more carefully.

    ``settings.attempts`` times at most, and not where a further attempt would be like the last.
    """
    compiled, compile_seconds = compiled_profiles(rows)
    start = time.perf_counter()
    data = _sample(compiled, rows, settings, seed, progress=progress, cores=cores)
    diagnostics = diagnose(data)
    for number in range(1, settings.attempts):
        if diagnostics.converged:
            break
        further = escalated(
            settings,
            shortfall=diagnostics.shortfall,
            unsteady=diagnostics.unsteady,
            apart=diagnostics.apart,
            uneven=False,
        )
        if further == settings:
            break
        settings = further
        data = _sample(compiled, rows, settings, joint_seed(seed, number), progress=progress, cores=cores)
        diagnostics = diagnose(data, escalated=True)
    return Attempted(data, diagnostics, settings, compile_seconds, time.perf_counter() - start)


def _sample(
    compiled: Any, rows: ProfileRows, settings: Settings, seed: int, *, progress: bool, cores: int | None
) -> DataTree:
    sampler = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        target_accept=settings.target_accept,
        maxdepth=settings.maxdepth,
        seed=seed,
        cores=cores,
        adaptation="low_rank",
        save_warmup=False,
        progress_bar=progress,
        blocking=False,
    )
    try:
        data: DataTree = sampler.wait()
    except BaseException:
        sampler.cancel()
        raise
    # A compiled model keeps the labels of the table that it was first built for.
    labels: dict[str, Any] = {"budget": list(rows.budgets)} | ({"curve": list(rows.curves)} if rows.curves else {})
    data["posterior"] = data["posterior"].to_dataset().assign_coords(labels)
    return data
