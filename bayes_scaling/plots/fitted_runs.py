"""What pictures of static laws have in common: the runs of a fit, its budgets, and expected losses with intervals."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law import training_compute
from bayes_scaling.plots.marks import title_of
from bayes_scaling.quantities.allocation import YEAR, split_laws
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Floats, Laws, laws_of
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY

INTERVAL = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
SAME_BUDGET = 1.25
"""Runs count as of one budget if the compute of each is within this factor of it."""
FEWEST_RUNS = 5
"""Runs that make a budget one of an IsoFLOP curve."""
MOST_BUDGETS = 10


def fitted_runs(fit: Fit) -> pd.DataFrame:
    """Runs to which a law was fitted.

    Parameters
    ----------
    fit
        Of a static law of parameters and tokens.

    Returns
    -------
    DataFrame
        Indexed by row id: ``parameters``, ``tokens``, ``compute`` (6 N D, FLOP), ``loss`` (nats per token).

    Raises
    ------
    BayesScalingError
        If it is no fit, one to evaluations, or one of a law of compute alone.
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
    return runs.assign(compute=training_compute(runs["parameters"], runs["tokens"]), loss=loss)


def isoflop_budgets(compute: Any) -> Floats:
    """Budgets at which at least :data:`FEWEST_RUNS` runs were made, the ten with the most runs, in rising order.

    Again and again the runs within a factor of :data:`SAME_BUDGET` of each other that are the most are taken as one
    budget, their geometric mean.

    Parameters
    ----------
    compute
        FLOP of each run, shape ``(runs,)``.

    Examples
    --------
    >>> isoflop_budgets([1e19] * 6 + [1e20] * 5 + [3e20] * 2).round(-10).tolist()
    [1e+19, 1e+20]
    """
    left = np.sort(np.log(np.asarray(compute, dtype=float)))
    found: list[float] = []
    while len(left) and len(found) < MOST_BUDGETS:
        ends = np.searchsorted(left, left + np.log(SAME_BUDGET), side="right")
        start = int(np.argmax(ends - np.arange(len(left))))
        if ends[start] - start < FEWEST_RUNS:
            break
        found.append(float(np.exp(left[start : ends[start]].mean())))
        left = np.delete(left, slice(start, ends[start]))
    return np.sort(np.array(found))


def nearest_budget(compute: Any, budgets: Floats) -> NDArray[np.int64]:
    """Position of each run's budget, -1 for a run that is at none of them.

    Examples
    --------
    >>> nearest_budget([1.1e19, 5e19], np.array([1e19, 1e20])).tolist()
    [0, -1]
    """
    apart = np.abs(np.subtract.outer(np.log(np.asarray(compute, dtype=float)), np.log(budgets)))
    nearest = apart.argmin(axis=1)
    return np.where(apart.min(axis=1) <= np.log(SAME_BUDGET), nearest, -1)


def loss_band(laws: Laws, parameters: Floats, tokens: Floats) -> pd.DataFrame:
    """Expected loss at points, nats per token: columns ``median``, ``lower``, ``upper``.

    Parameters
    ----------
    laws
        Draws of a law.
    parameters, tokens
        Counts, shape ``(points,)``.
    """
    draws = laws.loss(parameters, tokens, YEAR)
    return credible_intervals(laws.drawn(draws, "loss", "nats per token", point=range(len(parameters))))


def runs_title(fit: Fit) -> str:
    """Title of a picture of a fit to runs; names exponents about which the runs say next to nothing."""
    unknown = unidentified(fit)
    return title_of(fit) + (f"; not identified by these runs: {', '.join(unknown)}" if unknown else "")


def name_of(source: Any) -> str:
    """Name of a law, for legends."""
    return laws_of(source).specification.name


def scientific(value: float, digits: int = 2) -> str:
    r"""A large number for labels, in TeX.

    Examples
    --------
    >>> scientific(5.76e23), scientific(1e21)
    ('$5.76 \\times 10^{23}$', '$10^{21}$')
    """
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    front = "" if float(mantissa) == 1 else rf"{float(mantissa):g} \times "
    return f"${front}10^{{{int(exponent)}}}$"
