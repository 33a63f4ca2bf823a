"""Fits under the paper's penalty made of given coefficients, for tests of what is read off them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from made_fits import GOOD
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.posterior import posterior_of
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.coordinates import published_names
from bayes_scaling.model.rows import make_rows


def fit_around(
    name: str, coefficients: Mapping[str, float], evaluations: pd.DataFrame, *, scatter: float = 1e-4, draws: int = 50
) -> Fit:
    """A fit whose draws scatter a little around given coefficients of the paper's."""
    specification = bs.load_specification(name).with_published_penalty(0.0025)
    rows = make_rows(specification, evaluations)
    point = np.array([coefficients[each] for each in published_names(specification)])
    theta = point * (1 + scatter * np.random.default_rng(0).normal(size=(2, draws, len(point))))
    free = {each: theta[..., i] for i, each in enumerate(published_names(specification))}
    posterior = posterior_of(specification, rows, free | {"sigma": np.full((2, draws), 0.2)})
    stats = Dataset({"diverging": (("chain", "draw"), np.zeros((2, draws), dtype=bool))})
    drawn = DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return Fit(
        data=assemble(specification, rows, evaluations, drawn),
        specification=specification,
        evaluations=summary_of(evaluations),
        diagnostics=GOOD,
        settings=Settings(draws, 100, 2, 0.9),
        seed=0,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={},
        fingerprint="",
    )
