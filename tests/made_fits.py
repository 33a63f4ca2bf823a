"""Fits made of given draws, for tests of what is read off a fit."""

import numpy as np
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import Settings

GOOD = Diagnostics(1.001, 2000.0, 2000.0, 0, 0, 0.9, 4000, False, "g_N", ())


def made_fit(specification: str = "ho2024/07", benchmarks=("wt103", "ptb"), **rates) -> Fit:
    """A fit with given draws of rates: shape (draws,) or (draws, benchmark)."""
    variables = {}
    for name, draws in rates.items():
        array = np.asarray(draws, dtype=float)[None]
        variables[name] = (("chain", "draw", "benchmark")[: array.ndim], array)
    posterior = Dataset(variables, coords={"benchmark": ["wt103", "ptb"]})
    constant = Dataset({"benchmark": ("evaluation", np.array(benchmarks, dtype=object))})
    return Fit(
        data=DataTree.from_dict({"posterior": posterior, "constant_data": constant}),
        specification=bs.load_specification(specification),
        evaluations=EvaluationsSummary("made", len(benchmarks), 1, ()),
        diagnostics=GOOD,
        settings=Settings(100, 100, 2, 0.9),
        seed=0,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={},
        fingerprint="",
    )
