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
from bayes_scaling.specifications.sections import Noise

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


def student_t_with_papers(table) -> bs.Fit:
    """The one case in which paper effects are sampled."""
    drawn = drawn_fit("steps/1-irreducible", table, width=0.02).data["posterior"].to_dataset()
    specification = replace(bs.load_specification("steps/1-irreducible"), noise=Noise("student_t", "paper"))
    papers = list(make_rows(specification, table).levels["paper"])
    effects = np.random.default_rng(0).standard_normal((CHAINS, DRAWS, len(papers)))
    drawn = drawn.assign(
        nu=(("chain", "draw"), np.full((CHAINS, DRAWS), 4.0)),
        paper_effect=(("chain", "draw", "paper"), 0.01 * effects),
        paper_effect_standardised=(("chain", "draw", "paper"), effects),
    )
    return fit_of_posterior(specification, table, drawn.assign_coords(paper=papers))
