"""Fits made of draws that were not sampled, with the groups that identification needs; nothing is compiled."""

from dataclasses import replace

import numpy as np
import pytest
from made_fits import fit_of_posterior
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.influence import REPORTED

CHAINS, DRAWS = 2, 500
NARROW = 0.02
"""Spread of exponents, levels and shares in the made posterior, as a part of their value."""


def made(name: str, table, drawn, **changes) -> bs.Fit:
    """A fit of given draws: name to (dims after chain and draw, array)."""
    specification = bs.load_specification(name)
    rows = make_rows(specification, table)
    variables = {key: (("chain", "draw", *dims), value) for key, (dims, value) in drawn.items()}
    coords = {"chain": range(CHAINS), "draw": range(DRAWS), **{g: list(v) for g, v in rows.levels.items()}}
    known = {dim for dims, _ in drawn.values() for dim in dims} | {"chain", "draw"}
    posterior = Dataset(variables, coords={dim: coords[dim] for dim in known})
    return replace(fit_of_posterior(specification, table, posterior), **changes)


def model_7_draws(rng) -> dict:
    """A ridge: the rates trade off so that 0.6 g_N + 0.4 g_D is known to a hundredth."""
    shape = (CHAINS, DRAWS)
    along, across = rng.standard_normal((2, *shape))
    g_n = 0.4 + 0.4 * along
    g_d = (0.4 + 0.01 * across - 0.6 * g_n) / 0.4

    def near(value):
        return value * (1 + NARROW * rng.standard_normal((*shape, *np.shape(value))))

    benchmark = ("benchmark",)
    return {
        "g_N": ((), g_n),
        "g_D": ((), g_d),
        "g_C": ((), g_n + g_d),
        "sigma": ((), near(0.21)),
        "level": (benchmark, near(np.array([3.5, 4.06, 4.15]))),
        "share": (benchmark, near(np.array([0.52, 0.65, 0.40]))),
        "alpha": ((), near(0.074)),
        "beta": ((), near(0.034)),
    }


@pytest.fixture(scope="session")
def ridge_fit(ho2024) -> bs.Fit:
    return made("ho2024/07", ho2024, model_7_draws(np.random.default_rng(0)))


@pytest.fixture(scope="session")
def prior_fit(ho2024) -> bs.Fit:
    """A posterior that is the prior: the data said nothing."""
    from bayes_scaling.quantities.influence import prior_quantities

    specification = bs.load_specification("ho2024/07")
    drawn = prior_quantities(specification, make_rows(specification, ho2024), samples=CHAINS * DRAWS, seed=5)
    values = {
        name: (drawn[name].dims[2:], drawn[name].to_numpy().reshape(CHAINS, DRAWS, *drawn[name].shape[2:]))
        for name in REPORTED
        if name in drawn
    }
    sigma = specification.prior_of("sigma").frozen().rvs((CHAINS, DRAWS), random_state=6)
    return made("ho2024/07", ho2024, values | {"sigma": ((), sigma)})
