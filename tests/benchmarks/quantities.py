"""Seconds that each derived quantity takes on 4,000 draws: `.venv/bin/python tests/benchmarks/quantities.py`."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from penalised_fits import fit_around
from published_points import MODEL_7, WITH_FACTOR

import bayes_scaling as bs
from bayes_scaling.studies.replication import GAIN_MODEL, MODEL

BUDGETS = [10.0**power for power in range(16, 26)]


def main() -> None:
    evaluations = bs.load_evaluations()
    fit = fit_around(MODEL, MODEL_7, evaluations, scatter=0.01, draws=2000)
    factor = fit_around(GAIN_MODEL, WITH_FACTOR, evaluations, scatter=0.01, draws=2000)
    for name, question in {
        "doubling_times": lambda: bs.doubling_times(fit),
        "numerical_doubling_time": lambda: bs.numerical_doubling_time(fit),
        "effective_compute": lambda: bs.effective_compute(fit, 2014, list(range(2015, 2025))),
        "effective_compute_shares": lambda: bs.effective_compute_shares(fit, 2014, 2023),
        "shapley_attribution, 14 pairs": lambda: bs.shapley_attribution(fit),
        "predicted_loss, 9 systems": lambda: bs.predicted_loss(fit, bs.HO2024_SYSTEMS, kind="new_evaluation"),
        "reachable_date, 10 budgets": lambda: bs.reachable_date(fit, 2.5, BUDGETS),
        "compute_needed, 10 dates": lambda: bs.compute_needed(fit, 2.5, list(range(2014, 2024))),
        "compute_equivalent_gain, 10 budgets": lambda: bs.compute_equivalent_gain(factor, BUDGETS),
        "loss_reduction, 10 budgets": lambda: bs.loss_reduction(factor, BUDGETS),
    }.items():
        start = time.perf_counter()
        question()
        print(f"{name:<40}{time.perf_counter() - start:8.3f} s")


if __name__ == "__main__":
    main()
