"""Parameters put into simulated tables of runs come back, for each law of `models/runs`: coverage at stated truths."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.inference.simulation import simulated_rows
from bayes_scaling.model.rows import make_rows

SIMULATIONS = 20
PROBABILITY = 0.9
QUICK = {"draws": 500, "tune": 500, "chains": 2}
BASE = {"level": 2.6, "irreducible_share": 0.65, "share": 0.45, "alpha": 0.34, "beta": 0.36}
NOISE = {"sigma": 0.01, "nu": 6.0}


def table_of(**levels: list[float]) -> pd.DataFrame:
    """Every combination of some levels of each column."""
    table = pd.DataFrame(list(product(*levels.values())), columns=list(levels)).assign(loss=3.0)
    table.index = [f"run-{number:03d}" for number in range(len(table))]
    table.attrs = {"name": "simulated", "selections": [], "kind": "runs", "allowed": []}
    return table


REPEATED = table_of(parameters=[3e7, 1e8, 4e8, 1.5e9], unique_tokens=[4e8, 4e9, 2e10], epochs=[1, 3, 10, 30, 100])
REPEATED["tokens"] = REPEATED["unique_tokens"] * REPEATED["epochs"]
SPLITS = table_of(parameters=[3e7, 1e8, 4e8, 1.5e9], ratio=[5, 20, 80, 320, 640])
SPLITS["tokens"] = SPLITS["ratio"] * SPLITS["parameters"]
TUNED = SPLITS.merge(
    pd.DataFrame({"learning_rate": [3e-4, 1e-3, 4e-3] * 2, "batch_size": [64, 256, 1024, 1024, 64, 256]}), "cross"
)
SPARSE = SPLITS.merge(pd.DataFrame({"sparsity": [1, 4, 16]}), "cross")
for each in (TUNED, SPARSE):
    each.index = [f"run-{number:03d}" for number in range(len(each))]
    each.attrs = SPLITS.attrs
TUNING = {
    **{"learning_rate_best": 1e-3, "learning_rate_by_parameters": -0.7, "learning_rate_by_tokens": 0.3},
    **{"batch_size_best": 216.0, "batch_size_by_parameters": 0.0, "batch_size_by_tokens": 0.57},
    **{"learning_rate_curvature": 0.03, "batch_size_curvature": 0.02},
}
PENALTY = {"overfitting": 0.01, "overfitting_by_repetitions": 0.6, "overfitting_by_size": 0.9}
CASES = {
    "runs/learning-rate": (TUNED, BASE | NOISE | TUNING),
    "runs/mixture-of-experts": (
        SPARSE,
        {name: value for name, value in BASE.items() if name != "share"}
        | NOISE
        | {"share_base": 0.45, "reducible_log_sparsity": -0.15, "share_log_sparsity": -0.3},
    ),
    "runs/untuned": (SPLITS, BASE | {"sigma": 0.005, "untuned": 4.0}),
    "runs/one-exponent": (SPLITS, {name: value for name, value in BASE.items() if name != "beta"} | NOISE),
    "runs/repeated-tokens": (REPEATED, BASE | NOISE | {"repetition_scale": 15.4}),
    "runs/repeated": (REPEATED, BASE | NOISE | {"repetition_scale": 15.4, "excess_scale": 5.3}),
    "runs/overfitting": (REPEATED, BASE | NOISE | {"repetition_scale": 15.4} | PENALTY),
    "runs/discrepancy": (SPLITS, BASE | {"sigma": 0.01, "loss_gp_sd": 0.02}),
}


def covered(name: str, simulations: int = SIMULATIONS) -> Iterator[dict[str, bool]]:
    """Of each simulation, whether the interval of each parameter holds what was put in."""
    specification, (design, truth) = bs.load_specification(name), CASES[name]
    rows, rng = make_rows(specification, design), np.random.default_rng(19)
    values = {key: np.atleast_1d(value) for key, value in truth.items()}
    for seed in range(simulations):
        for each in specification.parameters():  # coefficients of a discrepancy, other ones in each simulation
            if each.name.endswith("_standardised"):
                values[each.name] = rng.standard_normal(len(rows.levels[specification.index_of(each.name)]))
        table = design.assign(loss=simulated_rows(specification, rows, values, rng).response)
        posterior = bs.fit(specification, table, seed=seed, **QUICK).posterior
        intervals = {key: np.quantile(posterior[key], [(1 - PROBABILITY) / 2, (1 + PROBABILITY) / 2]) for key in truth}
        yield {key: bool(low < truth[key] < high) for key, (low, high) in intervals.items()}


def test_every_law_for_runs_is_here() -> None:
    pooled = {"runs/recipes"}  # as are the groups of tests/formulas/test_fits_by_formulas.py
    assert set(CASES) | pooled == {name for name in bs.list_specifications() if name.startswith("runs/")}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_intervals_cover_what_was_put_in(name: str) -> None:
    found = pd.DataFrame(covered(name))
    # Of 20 intervals of 90%, 14 or fewer cover in 1.1% of the cases.
    assert (found.sum() >= 15).all(), found.mean().to_dict()
