"""A small fit file made of given draws, for tests that damage it."""

import numpy as np
from made_fits import GOOD
from made_runs import TRUTH, made_runs
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import make_rows

CENTRE = {"parameters": 1e9, "tokens": 2e10}


def small_fit(draws: int = 20, seed: int = 0) -> Fit:
    """Draws around the constants of made runs."""
    specification, runs = bs.load_specification("chinchilla-normal"), made_runs(models=3)
    rng = np.random.default_rng(seed)
    alpha, beta = (TRUTH[name] * np.exp(0.02 * rng.normal(size=(2, draws))) for name in ("alpha", "beta"))
    by_parameters = TRUTH["A"] * CENTRE["parameters"] ** -TRUTH["alpha"] * np.exp(0.01 * rng.normal(size=(2, draws)))
    by_tokens = TRUTH["B"] * CENTRE["tokens"] ** -TRUTH["beta"] * np.exp(0.01 * rng.normal(size=(2, draws)))
    irreducible, sigma = (
        TRUTH["E"] + 0.01 * rng.normal(size=(2, draws)),
        0.01 * np.exp(0.1 * rng.normal(size=(2, draws))),
    )
    level = irreducible + by_parameters + by_tokens
    values = {
        "level": level,
        "irreducible_share": irreducible / level,
        "share": by_parameters / (by_parameters + by_tokens),
        "sigma": sigma,
        "alpha": alpha,
        "beta": beta,
        "E": irreducible,
        "A": by_parameters * CENTRE["parameters"] ** alpha,
        "B": by_tokens * CENTRE["tokens"] ** beta,
        "a": beta / (alpha + beta),
    }
    drawn = Dataset(
        {name: (("chain", "draw"), array) for name, array in values.items()},
        coords={"chain": [0, 1], "draw": range(draws)},
    )
    stats = Dataset({"diverging": (("chain", "draw"), np.zeros((2, draws), dtype=bool))})
    sampled = DataTree.from_dict({"posterior": drawn, "sample_stats": stats})
    return Fit(
        data=assemble(specification, make_rows(specification, runs), runs, sampled),
        specification=specification,
        evaluations=summary_of(runs),
        diagnostics=GOOD,
        settings=Settings(draws, 100, 2, 0.9),
        seed=seed,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={"bayes-scaling": "0"},
        fingerprint=f"{seed:064d}",
    )
