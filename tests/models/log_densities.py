"""Log densities of the specifications of the catalogue, as stated when they were stored, for test_every_specification.

Run as a script, this file stores them again: only where a change of a posterior is meant.
"""

from pathlib import Path

import numpy as np
import pymc as pm
from made_runs import FOR_RUNS, made_runs, with_all_columns
from pytensor.compile.mode import Mode

import bayes_scaling as bs
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.rows import Rows, make_rows, prior_middle

STORED = Path(__file__).with_name("log_densities.npz")
POINTS = 20
FAST = Mode(linker="py", optimizer=None)  # a few evaluations are not worth a compilation


def points(
    model: pm.Model, specification: bs.Specification, rows: Rows, count: int = POINTS
) -> list[dict[str, np.ndarray]]:
    """Random points where the sampler moves and starts, by the names of PyMC's value variables."""
    supports = {parameter.name: parameter.support for parameter in specification.parameters()}
    rng = np.random.default_rng(0)
    drawn = [prior_middle(specification, rows, rng) for _ in range(count)]
    return [
        {
            model.rvs_to_values[each].name: TRANSFORMS[supports.get(each.name, "real")].forward(
                np.asarray(values[each.name], float)
            )
            for each in model.free_RVs
        }
        for values in drawn
    ]


def log_densities(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Log density and gradient at these points, in the order of the model's free variables."""
    specification = bs.load_specification(name)
    table = with_all_columns(made_runs(noise=0.02)) if name in FOR_RUNS else bs.load_evaluations()
    rows = make_rows(specification, table)
    model = build_model_of_rows(specification, rows)
    function = model.logp_dlogp_function(mode=FAST, ravel_inputs=True)
    function.set_extra_values({})
    found = [
        function(np.concatenate([value.ravel() for value in point.values()]))
        for point in points(model, specification, rows)
    ]
    return np.array([float(density) for density, _ in found]), np.array([gradient for _, gradient in found])


if __name__ == "__main__":
    kept = {}
    for each in bs.list_specifications():
        kept[f"{each}:density"], kept[f"{each}:gradient"] = log_densities(each)
    np.savez_compressed(STORED, **kept)
