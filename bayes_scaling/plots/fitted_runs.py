"""What pictures of static laws have in common: the runs of a fit, its budgets, and expected losses with intervals."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.errors import BayesScalingError, RunsError
from bayes_scaling.inference.likelihood import blocks
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.model.predictors import label_of
from bayes_scaling.plots.drawing import title_of
from bayes_scaling.quantities.allocation import YEAR, split_laws
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Floats, Laws, laws_of
from bayes_scaling.studies.approaches.rows import WITHIN, budgets_of

MOST_BUDGETS = 10


def fitted_runs(fit: Fit) -> pd.DataFrame:
    """Runs of the levels that are set to which a static law of parameters and tokens was fitted, indexed by row id.

    Columns: ``parameters``, ``tokens``, ``compute`` (6 N D, FLOP), ``loss`` (nats per token).
    """
    if not isinstance(fit, Fit):
        raise BayesScalingError(
            f"a fit to training runs is needed (bs.fit, bs.load_fit), not {type(fit).__name__}; published laws go "
            "beside it, as laws="
        )
    if fit.evaluations.kind != "runs":
        raise BayesScalingError(
            f"'{fit.specification.name}' was fitted to evaluations, which have dates and benchmarks, and this is a "
            "picture of training runs; fit a static law such as 'chinchilla' to runs (bs.read_runs, bs.fit)"
        )
    runs = split_laws(fit, YEAR).systems[["parameters", "tokens"]].astype(float)
    loss = fit.data["observed_data"]["loss"].to_numpy()
    runs = runs.assign(compute=training_compute(runs["parameters"], runs["tokens"]), loss=loss)
    predictors, inside = laws_of(fit).predictors, np.full(len(runs), True)
    assert predictors is not None  # of a fit
    for name, value in fit.setting.items():
        mine = np.array(predictors.labels(name)) == label_of(value)
        inside &= mine | ~mine.any()  # all, where a level is new or a number is no group
    return runs[inside] if inside.any() else runs


def isoflop_budgets(runs: pd.DataFrame) -> Floats:
    """Budgets (FLOP) that the runs share, the ten with the most runs, in rising order: the geometric mean of each.

    Found as for the profiles of :func:`bayes_scaling.isoflop_profiles`; empty where there are fewer than these need.
    """
    try:
        label = budgets_of(runs.rename(columns={"compute": "flop"})).label
    except RunsError:
        return np.empty(0)
    shared = np.log(runs.loc[label.index, "compute"]).groupby(label)
    found = np.exp(shared.mean())[shared.size().nlargest(MOST_BUDGETS).index]
    return np.sort(found.to_numpy(float))


def nearest_budget(compute: Any, budgets: Floats) -> NDArray[np.int64]:
    """Position of each run's budget, -1 for a run that is at none of them."""
    apart = np.abs(np.subtract.outer(np.log(np.asarray(compute, dtype=float)), np.log(budgets)))
    nearest = apart.argmin(axis=1)
    return np.where(apart.min(axis=1) <= np.log1p(WITHIN), nearest, -1)


def loss_band(laws: Laws, parameters: Floats, tokens: Floats) -> pd.DataFrame:
    """Expected loss at points, nats per token: columns ``median``, ``lower``, ``upper``."""
    parts = []
    for some in blocks(len(parameters), laws.shape[0] * laws.shape[1]):
        draws, points = laws.loss(parameters[some], tokens[some], YEAR), range(some.start, some.stop)
        losses = laws.drawn(draws, "loss", "nats per token", point=points)
        parts.append(credible_intervals(losses, errors=False))
    return pd.concat(parts)


def runs_title(fit: Fit) -> str:
    """Title of a picture of a fit to runs; names exponents about which the runs say next to nothing."""
    unknown = unidentified(fit)
    return title_of(fit) + (f"; not identified by these runs: {', '.join(unknown)}" if unknown else "")


def name_of(source: Any) -> str:
    """Name of a law, for legends."""
    return laws_of(source).specification.name


def scientific(value: float, digits: int = 2) -> str:
    """A large number for labels, in TeX."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    front = "" if float(mantissa) == 1 else rf"{float(mantissa):g} \times "
    return f"${front}10^{{{int(exponent)}}}$"
