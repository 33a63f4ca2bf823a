"""One small fit to simulated runs, drawn in several ways."""

import numpy as np
import pytest
from made_fits import GOOD
from made_runs import TRUTH, made_runs
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import make_rows

CHAINS, DRAWS = 2, 200


@pytest.fixture(scope="package")
def runs_fit() -> bs.Fit:
    """Made of draws around the truth, in the coordinates that are sampled: nothing has to be compiled."""
    runs, specification, rng = made_runs(), bs.load_specification("chinchilla-normal"), np.random.default_rng(0)
    E, alpha, beta, first, second = (
        value * (1 + scatter * rng.standard_normal((CHAINS, DRAWS)))
        for value, scatter in (
            (TRUTH["E"], 0.02),
            (TRUTH["alpha"], 0.04),
            (TRUTH["beta"], 0.04),
            (0.34, 0.03),
            (0.32, 0.03),
        )
    )
    level = E + first + second  # at a billion parameters and 20 billion tokens, of which the terms are part
    drawn = {
        "level": level,
        "irreducible_share": E / level,
        "share": first / (first + second),
        "alpha": alpha,
        "beta": beta,
        "sigma": 0.01 * np.exp(0.15 * rng.standard_normal((CHAINS, DRAWS))),
        "E": E,
        "A": first * 1e9**alpha,
        "B": second * 2e10**beta,
        "a": beta / (alpha + beta),
    }
    posterior = Dataset(
        {name: (("chain", "draw"), values) for name, values in drawn.items()},
        coords={"chain": range(CHAINS), "draw": range(DRAWS)},
    )
    stats = Dataset({"diverging": (("chain", "draw"), np.zeros((CHAINS, DRAWS), dtype=bool))})
    sampled = DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return bs.Fit(
        data=assemble(specification, make_rows(specification, runs), runs, sampled),
        specification=specification,
        evaluations=summary_of(runs),
        diagnostics=GOOD,
        settings=Settings(DRAWS, 100, CHAINS, 0.9),
        seed=0,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={},
        fingerprint="",
    )
