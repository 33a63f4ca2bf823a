"""A robustness run made of given numbers, for tests of what is read off it."""

import numpy as np
import pandas as pd
from studies.comparison.made_scores import CONVERGED, STUCK, made_score

from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.settings import Settings
from bayes_scaling.studies.comparison.elpd import Record
from bayes_scaling.studies.robustness.cases import BASELINE, chosen
from bayes_scaling.studies.robustness.result import Robustness, robustness_table
from bayes_scaling.studies.robustness.run import planned

STUCK_CASE, UNBOUNDED_CASE = "student-t", "wt2"


def terms_of(position: int, rows: pd.DataFrame) -> np.ndarray:
    """Terms of the case at a position: alike on the same rows, and all others a little apart."""
    return np.random.default_rng(len(rows)).normal(0, 0.4, len(rows)) + 0.001 * position


def made_run(evaluations: pd.DataFrame | None = None, cases=None) -> Robustness:
    """All cases, with medians from 6 months on; one has not converged and one has no upper bound."""
    plan = planned(evaluations, cases)
    asked = [case for case in chosen(cases, evaluations) if case.name in plan.tasks]
    records, times, rates = {}, {}, {}
    for position, case in enumerate(asked):
        task = plan.tasks[case.name]
        rows = task.evaluations
        score = made_score(
            terms_of(position, rows), labels=list(rows.index), observed=np.log(rows["perplexity"].to_numpy(float))
        )
        median = 6.0 + position / 3
        upper = np.inf if case.name == UNBOUNDED_CASE else 2 * median
        doubling = {
            "median": median,
            "lower": median / 2,
            "upper": upper,
            "probability_of_progress": 0.97 if np.isinf(upper) else 0.999,
        }
        rates[case.name] = (-0.1 if np.isinf(upper) else 12 * np.log(2) / upper, 12 * np.log(2) / (median / 2))
        diagnostics = STUCK if case.name == STUCK_CASE else CONVERGED
        times[case.name] = doubling
        records[case.name] = Record(task.variant.model, task.variant.label, diagnostics, doubling, 12.5, score)
    return Robustness(
        table=robustness_table(asked, plan.tasks, records, times, rates),
        skipped=plan.skipped,
        evaluations=summary_of(plan.tasks[BASELINE].evaluations),
        settings=Settings(600, 500, 4, 0.95),
        seed=0,
        fingerprints={case.name: "0" * 64 for case in asked},
    )
