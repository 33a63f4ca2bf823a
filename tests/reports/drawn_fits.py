"""Whole fits of evaluations without sampling: draws near the medians of the priors, and all that follows from them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from made_fits import GOOD, fit_of_posterior
from xarray import DataArray, Dataset

import bayes_scaling as bs
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.posterior import reported_draws
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.simulation import prior_draw
from bayes_scaling.model.rows import make_rows

BAD = replace(GOOD, rhat_max=1.2, failures=("R-hat up to 1.200 (g_N; 1 quantities above 1.01)",))
CHAINS, DRAWS = 2, 100


def drawn_fit(
    specification: str, table: pd.DataFrame, *, width: float = 0.2, diagnostics: Diagnostics = GOOD, **moved: float
) -> Fit:
    """A fit whose draws are the priors' made narrower by a factor; ``moved`` shifts parameters."""
    chosen = bs.load_specification(specification)
    rows = make_rows(chosen, table)
    values = prior_draw(chosen, rows, np.random.default_rng(0), (CHAINS * DRAWS,))
    for name, drawn in values.items():
        middle = np.median(drawn, axis=0)
        values[name] = middle + width * (drawn - middle) + moved.get(name, 0.0)
    found = {
        name: _named(drawn.T if chosen.index_of(name) else drawn[:, 0], chosen.index_of(name), rows.levels)
        for name, drawn in values.items()
    }
    for name, each in reported_draws(chosen, rows, values).items():
        found[name] = _named(each.value, each.dims[0] if each.dims else None, rows.levels)
    return replace(fit_of_posterior(chosen, table, Dataset(found)), diagnostics=diagnostics)


def _named(values: np.ndarray, group: str | None, levels: dict) -> DataArray:
    """Draws, on the last axis, as a posterior has them."""
    shape = (len(levels[group]),) if group else ()
    values = np.broadcast_to(values, (*shape, CHAINS * DRAWS)).reshape(*shape, CHAINS, DRAWS)
    dims = (*((group,) if group else ()), "chain", "draw")
    coords = {"chain": range(CHAINS), "draw": range(DRAWS)} | ({group: list(levels[group])} if group else {})
    return DataArray(values, dims=dims, coords=coords).transpose("chain", "draw", ...)
