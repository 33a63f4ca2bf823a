"""Whole fits of evaluations without sampling: draws near the medians of the priors, and all that follows from them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from made_fits import GOOD, fit_of_posterior

import bayes_scaling as bs
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.posterior import posterior_of
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
    free = {
        name: drawn.reshape(CHAINS, DRAWS, *(drawn.shape[1:] if chosen.index_of(name) else ()))
        for name, drawn in values.items()
    }
    return replace(fit_of_posterior(chosen, table, posterior_of(chosen, rows, free)), diagnostics=diagnostics)
