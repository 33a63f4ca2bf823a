"""Fits made of given draws, for tests of what is read off a fit."""

import numpy as np
from made_runs import TRUTH, made_runs
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import central_anchor, make_rows

GOOD = Diagnostics(1.001, 2000.0, 2000.0, 0, 0, 0.9, 4000, False, "g_N", ())


def made_fit(specification: str = "ho2024/07", benchmarks=("wt103", "ptb"), **rates) -> Fit:
    """A fit with given draws of rates: shape (draws,) or (draws, benchmark)."""
    variables = {}
    for name, draws in rates.items():
        array = np.asarray(draws, dtype=float)[None]
        variables[name] = (("chain", "draw", "benchmark")[: array.ndim], array)
    posterior = Dataset(variables, coords={"benchmark": ["wt103", "ptb"]})
    constant = Dataset({"benchmark": ("evaluation", np.array(benchmarks, dtype=object))})
    return _fit(
        DataTree.from_dict({"posterior": posterior, "constant_data": constant}),
        bs.load_specification(specification),
        EvaluationsSummary("made", len(benchmarks), 1, ()),
    )


def made_fit_of_runs(runs, **sampled) -> Fit:
    """A fit of `chinchilla-normal` to runs, with given draws of what is sampled: each of shape (chains, draws)."""
    specification = bs.load_specification("chinchilla-normal")
    centre, shape = central_anchor(specification), sampled["level"].shape
    reducible = sampled["level"] * (1 - sampled["irreducible_share"])
    values = sampled | {
        "E": sampled["level"] * sampled["irreducible_share"],
        "A": reducible * sampled["share"] * centre.parameters ** sampled["alpha"],
        "B": reducible * (1 - sampled["share"]) * centre.common_tokens ** sampled["beta"],
        "a": sampled["beta"] / (sampled["alpha"] + sampled["beta"]),
    }
    posterior = Dataset(
        {name: (("chain", "draw"), array) for name, array in values.items()},
        coords={"chain": range(shape[0]), "draw": range(shape[1])},
    )
    return fit_of_posterior(specification, runs, posterior)


def fit_around_made_runs(*, open_alpha: bool = False, chains: int = 2, draws: int = 500) -> Fit:
    """Draws around the constants of made runs; alpha open: as wide as its prior."""
    rng = np.random.default_rng(0)
    shape, specification = (chains, draws), bs.load_specification("chinchilla-normal")
    centre = central_anchor(specification)
    width = dict(specification.prior_of("alpha").arguments)["sigma"] if open_alpha else 0.02
    alpha = TRUTH["alpha"] * np.exp(width * rng.normal(size=shape))
    beta = TRUTH["beta"] * np.exp(0.02 * rng.normal(size=shape))
    by_parameters = TRUTH["A"] * centre.parameters ** -TRUTH["alpha"] * np.exp(0.01 * rng.normal(size=shape))
    by_tokens = TRUTH["B"] * centre.common_tokens ** -TRUTH["beta"] * np.exp(0.01 * rng.normal(size=shape))
    irreducible = TRUTH["E"] + 0.01 * rng.normal(size=shape)
    level = irreducible + by_parameters + by_tokens
    values = {
        "level": level,
        "irreducible_share": irreducible / level,
        "share": by_parameters / (by_parameters + by_tokens),
        "sigma": np.full(shape, 0.01),
        "alpha": alpha,
        "beta": beta,
    }
    return made_fit_of_runs(made_runs(), **values)


def fit_of_posterior(specification: bs.Specification, table, posterior: Dataset) -> Fit:
    """A fit to a table with given draws of all that is sampled and reported, as if nothing had diverged."""
    shape = tuple(posterior.sizes[dim] for dim in ("chain", "draw"))
    stats = Dataset({"diverging": (("chain", "draw"), np.zeros(shape, dtype=bool))})
    drawn = DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    data = assemble(specification, make_rows(specification, table), table, drawn)
    return _fit(data, specification, summary_of(table))


def _fit(data: DataTree, specification: bs.Specification, evaluations: EvaluationsSummary) -> Fit:
    return Fit(
        data=data,
        specification=specification,
        evaluations=evaluations,
        diagnostics=GOOD,
        settings=Settings(100, 100, 2, 0.9),
        seed=0,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={},
        fingerprint="",
    )
