"""Fits whose draws lie next to known parameters, with losses simulated at these: nothing is sampled."""

from dataclasses import replace

import numpy as np
import pandas as pd
from made_fits import fit_of_posterior
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.simulation import simulated_rows
from bayes_scaling.model.rows import make_rows

CHAINS, DRAWS = 2, 300
TRUTH = {
    "level": np.array([3.4, 4.2, 4.4]),
    "irreducible_share": np.array([0.2, 0.2, 0.2]),
    "share": np.array([0.5, 0.5, 0.5]),
    "alpha": np.array([0.1]),
    "beta": np.array([0.1]),
    "g_N": np.array([0.4]),
    "g_D": np.array([0.4]),
    "sigma": np.array([0.15]),
    "tau": np.array([0.2]),
    "nu": np.array([4.0]),
}


def truth_of(specification: bs.Specification) -> dict[str, np.ndarray]:
    return {parameter.name: TRUTH[parameter.name] for parameter in specification.parameters()}


def made_table(specification: bs.Specification, table: pd.DataFrame, seed: int = 0, **truth) -> pd.DataFrame:
    """The same systems with perplexities that the specification gives at the truth."""
    rows = make_rows(specification, table)
    losses = simulated_rows(specification, rows, truth_of(specification) | truth, np.random.default_rng(seed)).response
    made = table.assign(perplexity=np.exp(losses))
    made.attrs = {"name": "made", "selections": []}
    return made


def fit_at_truth(specification: bs.Specification, table: pd.DataFrame, jitter: float = 1e-4, **changes) -> bs.Fit:
    """Draws that hardly differ from the truth; groups have a coordinate each."""
    rows, rng = make_rows(specification, table), np.random.default_rng(1)
    drawn = {}
    for name, value in truth_of(specification).items():
        group = specification.index_of(name)
        size = (CHAINS, DRAWS) if group is None else (CHAINS, DRAWS, len(rows.levels[group]))
        values = value[0] if group is None else value[: size[2]]
        dims = ("chain", "draw") if group is None else ("chain", "draw", group)
        drawn[name] = (dims, values * (1 + jitter * rng.standard_normal(size)))
    posterior = Dataset(drawn, coords={"chain": range(CHAINS), "draw": range(DRAWS)})
    return replace(fit_of_posterior(specification, table, posterior), **changes)
