"""How often intervals hold the truth, and how surely that is known."""

import pandas as pd
from scipy import stats

SURE = 0.95
"""Probability of the interval of a share of intervals (Clopper and Pearson, exact)."""


def coverage_table(intervals: pd.DataFrame, probability: float) -> pd.DataFrame:
    """Share of intervals that hold the truth, by quantity.

    Returns DataFrame: indexed by quantity: ``intervals`` (how many), ``covered`` (share), ``lower`` and ``upper`` (its
    own 95% interval), ``expected`` (the probability), ``unconverged`` (fits that had not converged).

    Parameters
    ----------
    intervals
        One row an interval, indexed by quantity: ``lower``, ``upper``, ``truth``, ``converged``.
    probability
        Of the intervals.

    Examples
    --------
    >>> table = pd.DataFrame({"lower": [0, 2], "upper": [2, 4], "truth": 1, "converged": True}, index=["g_C", "g_C"])
    >>> coverage_table(table, 0.9)[["intervals", "covered"]].to_dict("index")
    {'g_C': {'intervals': 2, 'covered': 0.5}}
    """
    rows = {}
    for name, group in intervals.groupby(level=0, sort=False):
        held = int(group["truth"].between(group["lower"], group["upper"], inclusive="neither").sum())
        own = stats.binomtest(held, len(group)).proportion_ci(SURE, method="exact")
        rows[name] = {
            "intervals": len(group),
            "covered": held / len(group),
            "lower": own.low,
            "upper": own.high,
            "expected": probability,
            "unconverged": int((~group["converged"].astype(bool)).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
