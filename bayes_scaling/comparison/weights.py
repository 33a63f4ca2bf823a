"""Ranks, differences and weights of models that were scored on the same units."""

import warnings
from collections.abc import Mapping

import arviz as az
import numpy as np
import pandas as pd

from bayes_scaling.comparison.elpd import Elpd
from bayes_scaling.errors import BayesScalingError

METHODS: Mapping[str, str] = {"stacking": "stacking", "pseudo_bma": "BB-pseudo-BMA"}
"""Kinds of weights, and what ArviZ calls them."""


def check_comparable(scores: Mapping[str, Elpd]) -> None:
    """Refuse scores of different tables, units or responses; ArviZ matches units by position.

    Raises BayesScalingError: the message names the models and what differs.
    """
    (first, reference), *others = scores.items()
    for name, score in others:
        what = None
        if score.unit != reference.unit:
            what = f"cross-validated by {score.unit}, the other by {reference.unit}"
        elif len(score.observed) != len(reference.observed):
            what = f"fitted to {len(score.observed)} evaluations, the other to {len(reference.observed)}"
        elif score.labels != reference.labels:
            odd = sorted(set(score.labels) ^ set(reference.labels))
            what = f"other {score.unit}s, such as {odd[0]!r}" if odd else f"its {score.unit}s in another order"
        elif not np.allclose(score.observed, reference.observed, rtol=0, atol=1e-12):
            what = "other observed losses for the same evaluations"
        if what:
            raise BayesScalingError(
                f"'{name}' can't be compared with '{first}': {what}; fit both to one and the same table"
            )


def ranked(scores: Mapping[str, Elpd]) -> pd.DataFrame:
    """Ranks, differences from the best and weights.

    Returns DataFrame: by name, best first: ``rank``, ``elpd_diff`` (this model less the best, nats: at most 0), ``dse``
    (its standard error over units), ``weight`` (stacking), ``weight_pseudo_bma``.

    Parameters
    ----------
    scores
        Of models whose fits have converged, by name.
    """
    check_comparable(scores)
    if len(scores) == 1:
        row = {"rank": 0, "elpd_diff": 0.0, "dse": 0.0, "weight": 1.0, "weight_pseudo_bma": 1.0}
        return pd.DataFrame([row], index=list(scores))
    containers = {name: score.as_arviz() for name, score in scores.items()}
    tables = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about Pareto k, which the comparison's own table counts
        for column, method in METHODS.items():
            tables[column] = az.compare(containers, method=method, round_to="none")
    table = tables["stacking"]
    return pd.DataFrame(
        {
            "rank": table["rank"].astype(int),
            "elpd_diff": 0.0 - table["elpd_diff"].abs(),
            "dse": table["dse"],
            "weight": table["weight"],
            "weight_pseudo_bma": tables["pseudo_bma"]["weight"].reindex(table.index),
        }
    )
