"""The published bootstrap, and one that resamples whole papers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.classical.estimates import published_search
from bayes_scaling.classical.objective import PUBLISHED_DELTA, Objective
from bayes_scaling.classical.progress import FACTOR_OF, progress_rates
from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import require_choice
from bayes_scaling.inference.settings import checked_seed, whole_number
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.intervals import check_probability
from bayes_scaling.quantities.rates import (
    INTERVAL_PROBABILITY,
    interval_attrs,
    interval_points,
    months_to_double,
    signed_months_to_double,
)
from bayes_scaling.specifications.specification import Specification

BOOTSTRAP_UNITS = ("row", "paper")
"""What a bootstrap draws with replacement."""

PERCENTILES_OF = ("rate", "doubling_time")  # what a bootstrap's percentiles are taken of


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Published estimates on resamples of one table.

    Parameters
    ----------
    specification
        Name of the specification.
    delta
        Penalty strength.
    by
        ``"row"`` or ``"paper"``.
    seed
        Of the resampling.
    coefficients
        One row for each draw, one column for each of the paper's coefficients.
    rates
        One row for each draw; columns (rate, level): ``g_N``, ``g_D``, ``g_C``, log units per year, with zeros and
        NaN as in :class:`PointEstimate`.
    failed
        Draws in which SLSQP reported no success. They are kept, as they were in the paper.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 2.

    Examples
    --------
    >>> from bayes_scaling import load_evaluations, load_specification
    >>> found = bootstrap(load_specification("ho2024/07"), load_evaluations(), draws=100)  # doctest: +SKIP
    >>> found.doubling_times().loc["compute"], found.failed  # doctest: +SKIP
    """

    specification: str
    delta: float
    by: str
    seed: int
    coefficients: pd.DataFrame
    rates: pd.DataFrame
    failed: int

    def doubling_times(
        self, *, probability: float = INTERVAL_PROBABILITY, percentiles_of: str = "rate"
    ) -> pd.DataFrame:
        r"""Medians and equal-tailed intervals of doubling times, in months.

        Parameters
        ----------
        probability
            Of the interval.
        percentiles_of
            ``"rate"``: percentiles of rates, each then turned into a doubling time, infinite where the rate is not
            positive. ``"doubling_time"``: percentiles of :math:`12 \ln 2 / g` itself, as published. A draw with a
            small negative rate then counts as a large negative time, at the opposite end from the draw with a small
            positive rate that it all but equals; so unless every rate has one sign, these intervals mean nothing
            (the paper's for parameters is [-77, 30] years). That is why rates are the default. With rates of one
            sign the two agree but for interpolation between draws.

        Returns
        -------
        DataFrame
            Index ``parameters``, ``data``, ``compute`` (with levels if a rate varies by a group); columns
            ``median``, ``lower``, ``upper`` (months) and ``probability_of_progress``, the share of draws with a
            positive rate. NaN where a rate does not exist.

        Raises
        ------
        BayesScalingError
            If the probability is not between 0 and 1 or ``percentiles_of`` is unknown.
        """
        check_probability(probability)
        require_choice("percentiles_of", percentiles_of, PERCENTILES_OF)
        rows: dict[Any, Any] = {}
        levels: Any = self.rates.columns
        for (rate, level), draws in zip(levels, self.rates.to_numpy().T, strict=True):
            if percentiles_of == "rate":
                median, upper, lower = months_to_double(_quantiles(draws, interval_points(probability)))
            else:
                median, lower, upper = _quantiles(signed_months_to_double(draws), interval_points(probability))
            progress = np.mean(draws > 0) if not np.isnan(draws).any() else np.nan
            rows[FACTOR_OF[rate], level] = [median, lower, upper, progress]
        index = pd.MultiIndex.from_tuples(list(rows), names=["factor", "level"])
        columns = ["median", "lower", "upper", "probability_of_progress"]
        table = pd.DataFrame(list(rows.values()), index, columns, dtype=float)
        if len(self.rates.columns) == len(FACTOR_OF):
            table = table.droplevel("level")
        interval = interval_attrs(probability)
        table.attrs = {"unit": "months", "percentiles_of": percentiles_of, "interval": interval}
        return table


def bootstrap(
    specification: Specification | str | Path,
    evaluations: pd.DataFrame,
    delta: float = PUBLISHED_DELTA,
    draws: int = 100,
    seed: int = 0,
    by: str = "row",
) -> Bootstrap:
    r"""Published estimates on resamples, for their scatter.

    .. math:: \hat\theta_b = \arg\min_\theta\; \frac1n \sum_{i \in S_b}
        \left(\ln \mathrm{ppl}_i - L_i(\theta)\right)^2 + \delta \sum_j |\theta_j|

    Parameters
    ----------
    specification, evaluations, delta
        As for :func:`published_estimate`. N0, D0 and Y0 stay those of the whole table.
    draws
        Number of resamples, at least 1.
    seed
        Of the resampling: 0 to 2**32 - 1.
    by
        ``"row"``: rows with replacement, with the generator of the authors' code, whose draws it repeats.
        ``"paper"``: papers with replacement, each with all its rows; results of one paper are alike, and treating
        them as independent makes intervals too narrow.

    Returns
    -------
    Bootstrap
        Coefficients of every draw (constants in log nats per token, exponents without unit, year terms per
        year) and, from them, doubling times in months.

    Raises
    ------
    BayesScalingError
        If an argument is out of its range, the specification carries a delta, or the table lacks something.

    Notes
    -----
    Each resample is searched by the published estimator, which stops early, and on some resamples rounding
    decides where: adding up the law's terms in another order, with the same 100 draws on model 7, moves the upper
    end of the interval between 13.4 and 14.3 months (published: 14.27) and the median by 2e-6. Source: Ho et al. 2024
    (arXiv 2403.05812), section 3 and the authors' notebooks (100 draws).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> sample = bootstrap(bs.load_specification("ho2024/07"), bs.load_evaluations("ho2024"), draws=10)
    >>> sample.coefficients.shape
    (10, 10)
    """
    draws, seed = whole_number("draws", draws, 1), checked_seed(seed)
    require_choice("by", by, BOOTSTRAP_UNITS)
    objective = Objective.of(specification, evaluations, delta)
    with one_thread():
        found = [published_search(objective.on(rows)) for rows in resamples(objective.rows, draws, seed, by)]
    values = np.array([search.x for search in found])
    labels, rates = progress_rates(objective.coefficients(values), objective.rows.levels)
    draw = pd.RangeIndex(draws, name="draw")
    return Bootstrap(
        specification=objective.specification.name,
        delta=objective.delta,
        by=by,
        seed=seed,
        coefficients=pd.DataFrame(values, index=draw, columns=list(objective.names)),
        rates=pd.DataFrame(
            np.concatenate([rates[name] for name in FACTOR_OF], axis=1),
            index=draw,
            columns=pd.MultiIndex.from_product([list(FACTOR_OF), labels], names=["rate", "level"]),
        ),
        failed=sum(not search.success for search in found),
    )


def resamples(rows: Rows, draws: int, seed: int, by: str) -> Iterator[Integers]:
    """Positions of rows in each resample: of rows as ``np.random.choice`` draws them, or of whole papers."""
    generator = np.random.RandomState(seed)  # the authors' own generator, to repeat their draws
    paper = rows.index["paper"]
    rows_of = [np.flatnonzero(paper == code) for code in range(len(rows.levels["paper"]))]
    for _ in range(draws):
        if by == "row":
            yield generator.choice(len(paper), size=len(paper), replace=True)
        else:
            drawn = generator.choice(len(rows_of), size=len(rows_of), replace=True)
            yield np.concatenate([rows_of[code] for code in drawn])


def _quantiles(values: Floats, probabilities: list[float]) -> Floats:
    """Quantiles of values that may be infinite (interpolating between two equal infinities gives NaN)."""
    with np.errstate(invalid="ignore"):
        middle = np.quantile(values, probabilities)
        below = np.quantile(values, probabilities, method="lower")
        above = np.quantile(values, probabilities, method="higher")
    return np.where(below == above, below, middle)
