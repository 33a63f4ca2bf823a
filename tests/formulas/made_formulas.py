"""Fits of specifications with formulas, made of draws near the middle of their priors: nothing is compiled."""

from dataclasses import replace

import numpy as np
import pandas as pd
from made_fits import fit_of_posterior

import bayes_scaling as bs
from bayes_scaling.inference.posterior import posterior_of
from bayes_scaling.model.rows import make_rows, prior_middle
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.sections import Noise, Progress
from bayes_scaling.specifications.specification import Specification

FORMULAS = {
    "level": "0 + benchmark",
    "alpha": "1 + architecture",
    "reducible": "0 + test_time_adaptation",
    "sigma": "1 + test_time_adaptation + (1 | benchmark)",
}
PRIORS = {
    "level": Prior.of("lognormal", mu=1.5, sigma=0.1),
    "sigma": Prior.of("lognormal", mu=-1.5, sigma=0.2),
}
OF_EFFECTS = Prior.of("lognormal", mu=-1.2, sigma=0.2)


def made_specification(
    cluster: str | tuple[str, ...] = "lab", scale: str = "loss", family: str = "normal", **changes
) -> Specification:
    noise = Noise(family=family, cluster=cluster, scale=scale)
    settings = {
        "coefficients": FORMULAS,
        "progress": Progress(parameters="constant_rate", data="walk"),
        "noise": noise,
        "priors": PRIORS | {tau: OF_EFFECTS for _, tau in noise.effects},
    }
    return Specification(name="made", **settings | changes)


def made_evaluations(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Systems of the collected table, with labs that have several of them each."""
    table = bs.load_evaluations("collected")
    rng = np.random.default_rng(seed)
    table = table.iloc[np.sort(rng.choice(len(table), rows, replace=False))]
    return table.assign(lab=rng.choice(["a", "b", "c", "d", "e", "f", "g", "h"], rows))


def made_draws(specification: Specification, rows, chains: int = 2, draws: int = 5, jitter: float = 1.0, seed: int = 1):
    """Draws of what is sampled: of the middle half of each prior, or with ``jitter`` 0 one and the same."""
    rng = np.random.default_rng(seed)
    first, *others = (prior_middle(specification, rows, rng) for _ in range(min(chains * draws, 12)))
    away = [0.0, *(jitter * rng.uniform(0.5, 1.0, chains * draws - 1))]
    ends = [first, *(others[at % len(others)] for at in range(len(away) - 1))]
    near = [
        {name: first[name] + far * (end[name] - first[name]) for name in first}
        for far, end in zip(away, ends, strict=True)
    ]
    return {
        name: np.reshape([np.asarray(each[name]) for each in near], (chains, draws, *np.shape(first[name])))
        for name in first
    }


def made_fit(specification: Specification, table: pd.DataFrame, **options) -> bs.Fit:
    rows = make_rows(specification, table)
    free = made_draws(specification, rows, **options)
    fit = fit_of_posterior(specification, table, posterior_of(specification, rows, free))
    return replace(fit, specification=specification)
