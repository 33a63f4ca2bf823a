"""Recovery of stated parameters by each law of `models/runs`; writes recovery-of-laws.md beside this file.

    python notebooks/recovery_of_laws.py --directory runs/recovery

Simulates losses of a design of runs with known parameters, fits the law that they follow, and counts how often
intervals hold what was put in. Finished simulations are kept in the directory. Takes an hour or two on one core.
"""

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from steps import table_of

import bayes_scaling as bs
from bayes_scaling.common.files import write_whole
from bayes_scaling.inference.simulation import simulated_rows
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.rates import interval_points
from bayes_scaling.studies.calibration.result import coverage_table
from bayes_scaling.studies.calibration.settings import PROBABILITY
from bayes_scaling.studies.executors import run_tasks

HERE = Path(__file__).parent
SETTINGS = {"draws": 500, "tune": 500, "chains": 2, "attempts": 3, "cores": 1}
SEED = 19
BASE = {"level": 2.6, "irreducible_share": 0.65, "share": 0.45, "alpha": 0.34, "beta": 0.36}
NOISE = {"sigma": 0.01, "nu": 6.0}


def design(**levels: list[float] | list[str]) -> pd.DataFrame:
    """Every combination of some levels of each column."""
    return pd.DataFrame(list(product(*levels.values())), columns=list(levels)).assign(loss=3.0)


def named(table: pd.DataFrame) -> pd.DataFrame:
    """A table of runs, as simulated ones are."""
    table.index = [f"run-{number:03d}" for number in range(len(table))]
    table.attrs = {"name": "simulated", "selections": [], "kind": "runs", "allowed": []}
    return table


REPEATED = design(parameters=[3e7, 1e8, 4e8, 1.5e9], unique_tokens=[4e8, 4e9, 2e10], epochs=[1, 3, 10, 30, 100])
REPEATED = named(REPEATED.assign(tokens=REPEATED["unique_tokens"] * REPEATED["epochs"]))
SPLITS = design(parameters=[3e7, 1e8, 4e8, 1.5e9], ratio=[5, 20, 80, 320, 640])
SPLITS = named(SPLITS.assign(tokens=SPLITS["ratio"] * SPLITS["parameters"]))
TUNED = named(
    SPLITS.merge(
        pd.DataFrame({"learning_rate": [3e-4, 1e-3, 4e-3] * 2, "batch_size": [64, 256, 1024, 1024, 64, 256]}), "cross"
    )
)
SPARSE = named(SPLITS.merge(pd.DataFrame({"sparsity": [1, 4, 16]}), "cross"))
RECIPES = named(SPLITS.merge(pd.DataFrame({"recipe": ["a", "b", "c"]}), "cross"))


@dataclass(frozen=True)
class Case:
    """The runs of a law, and its parameters as stated: one value each, or one a group."""

    runs: pd.DataFrame
    truth: dict[str, float | list[float]]


CASES = {
    "chinchilla": Case(SPLITS, BASE | NOISE),
    "runs/discrepancy": Case(SPLITS, BASE | {"sigma": 0.01, "loss_gp_sd": 0.02}),
    "runs/learning-rate": Case(
        TUNED,
        BASE
        | NOISE
        | {"learning_rate_best": 1e-3, "learning_rate_by_parameters": -0.7, "learning_rate_by_tokens": 0.3}
        | {"batch_size_best": 216.0, "batch_size_by_parameters": 0.0, "batch_size_by_tokens": 0.57}
        | {"learning_rate_curvature": 0.03, "batch_size_curvature": 0.02},
    ),
    "runs/mixture-of-experts": Case(
        SPARSE,
        {name: value for name, value in BASE.items() if name != "share"}
        | NOISE
        | {"share_base": 0.45, "reducible_log_sparsity": -0.15, "share_log_sparsity": -0.3},
    ),
    "runs/one-exponent": Case(SPLITS, {name: value for name, value in BASE.items() if name != "beta"} | NOISE),
    "runs/overfitting": Case(
        REPEATED,
        BASE
        | NOISE
        | {"repetition_scale": 15.4}
        | {"overfitting": 0.01, "overfitting_by_repetitions": 0.6, "overfitting_by_size": 0.9},
    ),
    "runs/recipes": Case(
        RECIPES, BASE | NOISE | {"level": [2.5, 2.6, 2.7], "alpha_recipe_sd": 0.1, "beta_recipe_sd": 0.1}
    ),
    "runs/repeated": Case(REPEATED, BASE | NOISE | {"repetition_scale": 15.4, "excess_scale": 5.3}),
    "runs/repeated-tokens": Case(REPEATED, BASE | NOISE | {"repetition_scale": 15.4}),
    "runs/untuned": Case(SPLITS, BASE | {"sigma": 0.005, "untuned": 4.0}),
}
"""Effects of groups and coefficients of smooth functions, which have no stated value, are new in each simulation."""


def recover_once(task: tuple[str, int]) -> pd.DataFrame:
    """Simulate the runs of a law's case once, fit it, and put the interval of each parameter beside what was put in."""
    name, number = task
    specification, case = bs.load_specification(name), CASES[name]
    rows, rng = make_rows(specification, case.runs), np.random.default_rng([SEED, number])
    values = {key: np.atleast_1d(value) for key, value in case.truth.items()}
    for parameter in specification.parameters():
        if parameter.name.endswith("_standardised"):
            index = specification.index_of(parameter.name)
            values[parameter.name] = rng.standard_normal(len(rows.levels[index]))
    runs = case.runs.assign(loss=simulated_rows(specification, rows, values, rng).response)
    fit = bs.fit(specification, runs, seed=number, **SETTINGS)
    _, lower, upper = interval_points(PROBABILITY)
    found = {}
    for key in case.truth:
        ends = np.quantile(fit.posterior[key], [lower, upper], axis=(0, 1)).reshape(2, -1)
        for place, truth in enumerate(values[key]):
            label = key if values[key].size == 1 else f"{key}[{place}]"
            found[label] = dict(zip(("truth", "lower", "upper"), (truth, *ends[:, place]), strict=True))
            found[label]["converged"] = fit.diagnostics.converged
    return pd.DataFrame.from_dict(found, orient="index")


SIMULATIONS = 200


def recovered(name: str, directory: Path, workers: int | None = None) -> pd.DataFrame:
    """Intervals of all simulations of a law, of which those in the directory are read and the others made."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {str(n): directory / f"{name.replace('/', '-')}-{n:04d}.csv" for n in range(SIMULATIONS)}
    tasks = {key: (name, int(key)) for key, file in files.items() if not file.exists()}

    def keep(key: str, table: pd.DataFrame) -> None:
        write_whole(files[key], table.to_csv().encode())

    run_tasks(recover_once, tasks, on_done=keep, workers=workers)
    return pd.concat([pd.read_csv(file, index_col=0) for file in files.values()])


def page(found: dict[str, pd.DataFrame]) -> str:
    """Markdown: what was done, and a line for each parameter of each law."""
    tables = {name: coverage_table(each, PROBABILITY) for name, each in found.items()}
    held = pd.concat({name: table["covered"] for name, table in tables.items()})
    out = [f"`{key}` of `{name}` ({share:.1%})" for (name, key), share in held.items() if not 0.85 <= share <= 0.95]
    lines = []
    for name, table in tables.items():
        for key, row in table.iterrows():
            own = f"{row['lower']:.0%} to {row['upper']:.0%}"
            truth = f"{found[name].loc[key, 'truth'].iloc[0]:.4g}"
            counts = f"{row['intervals']:.0f}", f"{row['unconverged']:.0f}"
            lines.append([f"`{name}`", f"`{key}`", truth, f"{row['covered']:.1%}", own, *counts])
    sections = [
        "# Do fits of laws for runs find what was put in?",
        "Each simulation: losses of a design of runs with the parameters stated, noise and effects of groups drawn "
        "anew, and a fit of the law that they follow. `python "
        "notebooks/recovery_of_laws.py` writes this page and has the designs. `covered`: share of 90% equal-tailed "
        "intervals that hold what was put in, with its own 95% interval. Parameters are stated, not drawn from the "
        "priors: an interval holds its probability on average over the prior, and may hold more near its middle, less "
        "in its tails, where the data say little. Fits that have not converged count as they are.",
        f"Of {len(held)} parameters, {len(held) - len(out)} are covered in 85 to 95% of simulations"
        + (f"; not {', '.join(out)}." if out else "."),
        table_of(["law", "parameter", "put in", "covered", "95% interval", "simulations", "unconverged"], lines),
    ]
    return "\n\n".join(sections) + "\n"


def main() -> None:
    """Simulate, fit, count, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=Path("runs/recovery"))
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    found = {name: recovered(name, asked.directory, asked.workers) for name in CASES}
    write_whole(HERE / "recovery-of-laws.md", page(found).encode())


if __name__ == "__main__":
    main()
