"""Training runs with known constants, for tests of static laws."""

import numpy as np
import pandas as pd

from bayes_scaling.law.formula import log_term, loss, training_compute
from bayes_scaling.law.kaplan import KAPLAN_BATCH
from bayes_scaling.specifications.catalogue import list_specifications

TRUTH = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}
BUDGETS = (1e19, 1e20, 1e21)
OF_LOSS_AND_SIZES = ("chinchilla", "chinchilla-normal")
KAPLANS = tuple(f"kaplan/{name}" for name in ("parameters", "tokens", "compute", "joint", "steps", "critical-batch"))
FURTHER = tuple(name for name in list_specifications() if name.startswith("runs/"))
FOR_RUNS = (*OF_LOSS_AND_SIZES, *KAPLANS, *FURTHER)
"""Specifications of the catalogue whose priors stand in the middle of tables of runs."""


def made_runs(
    budgets=BUDGETS, models: int = 8, noise: float = 0.01, seed: int = 0, *, series: bool = False
) -> pd.DataFrame:
    """A table of runs at fixed budgets of compute, with normal noise on the logarithm of the loss."""
    ratios = np.geomspace(2, 200, models)  # tokens per parameter
    compute, ratio = (grid.ravel() for grid in np.meshgrid(budgets, ratios, indexing="ij"))
    parameters = np.sqrt(compute / 6 / ratio)
    table = runs_at(parameters, ratio * parameters, noise, seed)
    if series:
        table["series"] = [f"{each:g}" for each in compute]
    return table


def runs_at(parameters, tokens, noise: float = 0.01, seed: int = 0) -> pd.DataFrame:
    """A table of runs of given sizes, with normal noise on the logarithm of the loss."""
    exact = loss(
        TRUTH["E"],
        log_term(np.log(TRUTH["A"]), TRUTH["alpha"], np.log(parameters)),
        log_term(np.log(TRUTH["B"]), TRUTH["beta"], np.log(tokens)),
    )
    scatter = np.random.default_rng(seed).normal(0, noise, len(exact))
    table = pd.DataFrame(
        {
            "parameters": parameters,
            "tokens": tokens,
            "flop": training_compute(parameters, tokens),
            "loss": exact * np.exp(scatter),
        },
        index=[f"run-{number:03d}" for number in range(len(exact))],
    )
    table.attrs = {"name": "made", "selections": []}
    return table


def with_kaplans_columns(runs: pd.DataFrame, noise: float = 0.1, seed: int = 0) -> pd.DataFrame:
    """The same runs with least steps, of batches of half a million tokens, and with noisy critical batch sizes."""
    batch, rng = 5e5, np.random.default_rng(seed)
    critical = KAPLAN_BATCH.critical(runs["loss"])
    return runs.assign(
        least_steps=KAPLAN_BATCH.least_steps(runs["tokens"] / batch, batch, runs["loss"]),
        critical_batch=critical * np.exp(rng.normal(0, noise, len(runs))),
    )


def with_all_columns(runs: pd.DataFrame) -> pd.DataFrame:
    """The same runs with what any specification for runs needs."""
    cycles = {
        "epochs": [1.0, 2.0, 0.5, 40.0, 7.0],
        "learning_rate": [3e-4, 1e-3, 4e-3],
        "batch_size": [64.0, 1024.0, 256.0, 128.0, 512.0, 32.0, 256.0],
        "sparsity": [1.0, 8.0, 2.0, 32.0, 4.0],
        "recipe": ["old", "new"],
    }
    return with_kaplans_columns(runs).assign(**{name: np.resize(each, len(runs)) for name, each in cycles.items()})


def table_for(law, size: np.ndarray, second: np.ndarray | None = None, noise: float = 0.002) -> pd.DataFrame:
    """Runs that follow one of Kaplan's laws, with normal noise on the logarithm of what it is a law of.

    Parameters
    ----------
    law
        One of :mod:`bayes_scaling.law`.
    size, second
        What its ``loss`` takes, or losses, of which the law of the critical batch size is.
    """
    name = {"FLOP": "flop"}.get(getattr(law, "unit", ""), getattr(law, "unit", "parameters"))
    seconds = {"KaplanJointLaw": "tokens", "KaplanTrainingLaw": "least_steps"}
    count, rng = len(size), np.random.default_rng(0)
    columns = {"parameters": np.full(count, 1e9), "tokens": np.full(count, 2e10), "loss": np.full(count, 3.0)}
    scatter = np.exp(rng.normal(0, noise, count))
    if law is KAPLAN_BATCH:
        columns |= {"loss": size, "critical_batch": law.critical(size) * scatter}
    elif second is None:
        columns |= {name: size, "loss": law.loss(size) * scatter}
    else:
        columns |= {"parameters": size, seconds[type(law).__name__]: second, "loss": law.loss(size, second) * scatter}
    table = pd.DataFrame(columns, index=[f"run-{number:03d}" for number in range(count)])
    table.attrs = {"name": "kaplans", "selections": []}
    return table
