"""Directories of sweeps as the commands leave them, without sampling: fits drawn from priors, scores made."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from drawn_fits import BAD, drawn_fit
from studies.comparison.made_scores import made_score

import bayes_scaling as bs
from bayes_scaling.inference.settings import DEFAULT
from bayes_scaling.reports.comparison_document import write_comparison
from bayes_scaling.reports.robustness_document import write_robustness
from bayes_scaling.studies.comparison.elpd import Elpd, Record
from bayes_scaling.studies.comparison.result import Comparison
from bayes_scaling.studies.comparison.sweep import Sweep, Task
from bayes_scaling.studies.comparison.variants import expand
from bayes_scaling.studies.robustness.result import Robustness
from bayes_scaling.studies.robustness.run import planned

MODELS = ("ho2024/07", "ho2024/12", "ho2024/16", "ho2024/03")
"""The third has no progress, the last has not converged."""
CASES = ("papers", "student-t")


def score_of(position: int, rows: pd.DataFrame, unit: str = "evaluation") -> Elpd:
    """Terms alike for all models, a little lower for later ones; one unit of the second was mended, one is left."""
    rng = np.random.default_rng(len(rows))
    common = rng.normal(0, 0.4, len(rows))
    own = np.random.default_rng(position).normal(0, 0.03, len(rows))
    observed = np.log(rows["perplexity"].to_numpy(float))
    changes = {"predictions": observed + 0.1 * (1 + position)}
    if position == 1:
        found, after = np.full(len(rows), 0.2), np.full(len(rows), 0.2)
        found[:2], after[1] = 0.9, 0.9
        changes |= {"pareto_k_found": found, "pareto_k": after, "how": ("moment_matching", *["psis"] * (len(rows) - 1))}
    return made_score(common + own - 0.002 * position, unit=unit, labels=list(rows.index), observed=observed, **changes)


def keep(directory: Path, tasks: Iterable[Task], stuck: tuple[str, ...] = ()) -> None:
    """Write what a sweep would have found, so that it finds everything done."""
    sweep = Sweep(directory)
    for position, task in enumerate(tasks):
        variant, table = task.variant, task.evaluations
        rates = {"g_N": 0.4 + 0.1 * position, "g_D": 0.3}
        chosen = {
            name: rate for name, rate in rates.items() if name in {p.name for p in variant.specification.parameters()}
        }
        fit = replace(drawn_fit(variant.model, table, **chosen), fingerprint=task.fingerprint)
        if variant.model in stuck:
            fit = replace(fit, diagnostics=BAD)
        record = Record.of(variant.model, variant.label, fit, score_of(position, table, task.unit), 12.5)
        sweep.keep(task, (fit.to_bytes(), record.to_bytes()))


def kept_comparison(table: pd.DataFrame, directory: Path, models=MODELS, stuck=MODELS[-1:]) -> Comparison:
    """A comparison that found all its work done, and its directory."""
    keep(directory, (Task(each, table, "evaluation", DEFAULT, 0, "bad") for each in expand(list(models))), tuple(stuck))
    found = bs.compare(list(models), table, directory=directory, workers=1)
    write_comparison(found, directory)
    return found


def kept_robustness(table: pd.DataFrame, directory: Path, cases=CASES) -> Robustness:
    """A robustness run that found all its work done, and its directory."""
    keep(directory, planned(table, list(cases)).tasks.values(), ("robustness/student-t",))
    found = bs.robustness(table, cases=list(cases), directory=directory, workers=1)
    write_robustness(found, directory)
    return found
