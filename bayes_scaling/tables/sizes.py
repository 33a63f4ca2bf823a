"""Tokens and training compute of runs, each from the other by C = 6 N D where one is missing."""

import numpy as np
import pandas as pd

from bayes_scaling.law import training_compute

CONTRADICTION = 2.0
"""Factor beyond which given tokens and given compute contradict each other."""
ONE_BUDGET = 1.25
"""Factor within which runs have one compute budget."""


def with_both_sizes(values: pd.DataFrame) -> pd.DataFrame:
    r"""Fill in tokens where compute is given, and compute where tokens are.

    .. math:: D = C / (6 N), \qquad C = 6 N D

    Returns DataFrame: with both; what was given stays as it was.

    Parameters
    ----------
    values : DataFrame
        With `parameters` and `tokens` or `flop` or both, missing where empty.

    Notes
    -----
    Source: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1; so Besiroglu et al. 2024 find the tokens of the runs
    that they digitised.

    Examples
    --------
    >>> runs = pd.DataFrame({"parameters": [1e9], "flop": [1.2e20]})
    >>> with_both_sizes(runs)["tokens"].tolist()
    [20000000000.0]
    """
    sized = values.copy()
    tokens, flop = (values.get(name, pd.Series(np.nan, values.index)) for name in ("tokens", "flop"))
    sized["tokens"] = tokens.fillna(flop / training_compute(values["parameters"], 1.0))
    sized["flop"] = flop.fillna(training_compute(values["parameters"], tokens))
    return sized


def contradictions(values: pd.DataFrame) -> "pd.Series[float]":
    """Given compute over 6 N D, in the rows where the two differ by more than `CONTRADICTION`.

    Examples
    --------
    >>> runs = pd.DataFrame({"parameters": [1e9, 1e9], "tokens": [2e10, 2e10], "flop": [1.2e20, 6e20]})
    >>> contradictions(runs).tolist()
    [5.0]
    """
    if not {"tokens", "flop"} <= set(values):
        return pd.Series(dtype="float64")
    ratio: pd.Series[float] = values["flop"] / training_compute(values["parameters"], values["tokens"])
    beyond: pd.Series[float] = ratio[np.abs(np.log(ratio)) > np.log(CONTRADICTION)]
    return beyond


def common_budget(sized: pd.DataFrame) -> float | None:
    """Compute, 6 N D, of three runs or more that all have the same within `ONE_BUDGET`; None if they have not.

    Examples
    --------
    >>> common_budget(pd.DataFrame({"parameters": [1e9, 2e9, 5e9], "tokens": [2e10, 1e10, 4e9]}))
    1.2e+20
    """
    compute = training_compute(sized["parameters"], sized["tokens"])
    one = len(compute) > 2 and compute.max() <= ONE_BUDGET * compute.min()
    return float(compute.median()) if one else None
