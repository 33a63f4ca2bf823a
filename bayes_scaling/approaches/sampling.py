"""Compile a structure once, sample it as often as needed, and again where a criterion was missed."""

import time
import warnings
from typing import Any

import numpy as np
import nutpie
from numpy.typing import NDArray

from bayes_scaling.approaches.model import build_profile_model, free_variables, model_data
from bayes_scaling.approaches.rows import ProfileRows
from bayes_scaling.inference.attempts import Attempted, attempts_of
from bayes_scaling.inference.sampling import Sampled, run_nuts
from bayes_scaling.inference.settings import Settings

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
    """Sample and diagnose; where a criterion is missed, again and longer or more carefully."""

    def draw(settings: Settings, seed: int, starts: NDArray[np.float64] | None) -> Sampled:
        compiled, compile_seconds = compiled_profiles(rows)
        start = time.perf_counter()
        data = run_nuts(compiled, settings, seed, progress=progress, cores=cores, starts=starts)
        # A compiled model keeps the labels of the table that it was first built for.
        labels: dict[str, Any] = {"budget": list(rows.budgets)} | ({"curve": list(rows.curves)} if rows.curves else {})
        data["posterior"] = data["posterior"].to_dataset().assign_coords(labels)
        stats = data["sample_stats"].to_dataset()
        return Sampled(data, stats, compile_seconds, time.perf_counter() - start)

    return attempts_of(draw, settings, seed)
