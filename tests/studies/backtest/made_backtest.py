"""A backtest made of given scores, for tests of what is read off it."""

import numpy as np
import pandas as pd

from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.inference.settings import Settings
from bayes_scaling.studies.backtest.forecasts import PROBABILITIES, Record
from bayes_scaling.studies.backtest.result import Backtest

FIRST, SECOND, STUCK = "reference", "other", "stuck"
CUTS = (2018, 2019)
HALF_WIDTH = {0.5: 0.1, 0.9: 0.3, 0.95: 0.4}


def made_scores(cut: int, errors, papers, log_score) -> pd.DataFrame:
    """Losses of 3 nats but for given errors, predicted as 3 nats with fixed widths."""
    errors = np.asarray(errors, dtype=float)
    n = len(errors)
    ends = {
        f"{end}_{100 * p:.0f}": 3.0 + sign * HALF_WIDTH[p]
        for p in PROBABILITIES
        for end, sign in (("lower", -1), ("upper", 1))
    }
    return pd.DataFrame(
        {
            "paper": list(papers),
            "year": cut + 0.5 + np.arange(n) % 2,
            "benchmark": "wt2",
            "known": 5 + 10 * (np.arange(n) % 2),
            "reach": np.where(np.arange(n) % 2, "later", "year"),
            "loss": 3.0 + errors,
            "median": 3.0,
            **ends,
            "log_score": log_score,
            "log_score_joint": log_score,
            "crps": np.abs(errors),
            "pit": 0.5,
        },
        index=pd.Index([f"row-{i}" for i in range(n)], name="id"),
    )


def made_records() -> list[Record]:
    errors = {2018: [0.0, 0.2, 0.35, 0.5], 2019: [0.05, -0.2, 0.0, 0.0]}
    records = []
    for place, name in enumerate((FIRST, SECOND, STUCK)):
        for cut in CUTS:
            scores = made_scores(cut, errors[cut], ["a", "b", "c", "d"], 0.5 - 0.25 * place - np.array(errors[cut]))
            good = not (name == STUCK and cut == 2019)
            note = "" if good else "R-hat up to 1.300 (g_N)"
            records.append(Record(name, cut, scores, good, note, cut - 2000, 7, 1.5))
    return records


def made_backtest(records=None, skipped=None) -> Backtest:
    return Backtest.of(
        made_records() if records is None else records,
        skipped=skipped or {},
        evaluations=EvaluationsSummary("made", 40, 30, ()),
        settings=Settings(100, 100, 2, 0.9),
        seed=3,
    )
