"""Every specification of the catalogue states the log density that it stated when it was stored.

Run as a script, this file stores them again: only where a change of a posterior is meant.
"""

from pathlib import Path

import numpy as np
import pytest
from made_runs import FOR_RUNS, made_runs, with_kaplans_columns
from pytensor.compile.mode import Mode

import bayes_scaling as bs
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.rows import make_rows, prior_middle

STORED = Path(__file__).with_name("log_densities.npz")
POINTS = 20
FAST = Mode(linker="py", optimizer=None)  # a few evaluations are not worth a compilation


def log_densities(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Log density and gradient at random points, unconstrained, in the order of the model's free variables."""
    specification = bs.load_specification(name)
    table = with_kaplans_columns(made_runs(noise=0.02)) if name in FOR_RUNS else bs.load_evaluations()
    rows = make_rows(specification, table)
    model = build_model_of_rows(specification, rows)
    function = model.logp_dlogp_function(mode=FAST, ravel_inputs=True)
    function.set_extra_values({})
    rng = np.random.default_rng(0)
    found = []
    for _ in range(POINTS):
        values = prior_middle(specification, rows, rng)
        point = [
            np.ravel(TRANSFORMS[_support(specification, each.name)].forward(np.asarray(values[each.name], float)))
            for each in model.free_RVs
        ]
        density, gradient = function(np.concatenate(point))
        found.append((float(density), np.asarray(gradient)))
    return np.array([each[0] for each in found]), np.array([each[1] for each in found])


def _support(specification: bs.Specification, name: str) -> str:
    supports = {parameter.name: parameter.support for parameter in specification.parameters()}
    return supports.get(name, "real")


@pytest.mark.parametrize("name", bs.list_specifications())
def test_log_density_and_gradient_are_those_stored(name: str) -> None:
    with np.load(STORED) as stored:
        density, gradient = stored[f"{name}:density"], stored[f"{name}:gradient"]
    now, slope = log_densities(name)
    np.testing.assert_allclose(now, density, rtol=1e-10)
    np.testing.assert_allclose(slope, gradient, rtol=1e-10, atol=1e-10 * np.abs(gradient).max())


if __name__ == "__main__":
    kept = {}
    for each in bs.list_specifications():
        kept[f"{each}:density"], kept[f"{each}:gradient"] = log_densities(each)
    np.savez_compressed(STORED, **kept)
