"""One small fit to simulated runs, drawn in several ways."""

import numpy as np
import pytest
from made_fits import made_fit_of_runs
from made_runs import TRUTH, made_runs

import bayes_scaling as bs

CHAINS, DRAWS = 2, 200


@pytest.fixture(scope="package")
def runs_fit() -> bs.Fit:
    """Made of draws around the truth, in the coordinates that are sampled: nothing has to be compiled."""
    rng = np.random.default_rng(0)
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
    }
    return made_fit_of_runs(made_runs(), **drawn)
