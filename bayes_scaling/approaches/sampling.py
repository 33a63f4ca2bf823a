"""Compile a structure once, sample it as often as needed, and again where a criterion was missed."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray import Dataset, DataTree

from bayes_scaling.approaches.model import build_profile_model, free_dims, model_data, start_of
from bayes_scaling.approaches.rows import ProfileRows
from bayes_scaling.inference.attempts import Attempted, attempts_of
from bayes_scaling.inference.compilation import Floats, compiled
from bayes_scaling.inference.progress import Progress
from bayes_scaling.inference.sampling import Judge, Sampled, one_of, run_nuts
from bayes_scaling.inference.settings import Settings


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

        def draw(settings: Settings, seed: int, starts: NDArray[np.float64] | None, judge: Judge) -> Sampled:
            chosen = start if starts is None else one_of(starts)
            return run_nuts(program, chosen, read, settings, seed, judge=judge, progress=shown, cores=cores)

        return attempts_of(draw, settings, seed)
