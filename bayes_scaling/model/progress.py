"""Progress in all its forms: what a law needs of the date of each row.

A rate is constant, differs between two eras, or takes a step each year; or both terms decline together; or exponents
drift. :mod:`bayes_scaling.specifications.sections` has the words for these, and this file what they mean.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.specifications.sections import CENTRE_YEAR, RATE_OF, Progress
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]

ERA_LEVELS = ("before", "after")
YEARS_OF_ERAS = tuple(f"years_{era}" for era in ERA_LEVELS)
"""Covariates: the years that each era's rate has counted."""
YEARS_OF: Mapping[str | None, tuple[str, ...]] = {"era": YEARS_OF_ERAS}
"""Of a rate that varies by a group of dates: the years over which each of its levels grows."""


def era_codes(progress: Progress, year: Any) -> NDArray[np.int64]:
    """Position in :data:`ERA_LEVELS` of each date; the cut itself is still before."""
    return (np.asarray(year, dtype=float) > progress.cut_year).astype(np.int64)


def years_by_era(progress: Progress, start: float, year: Any) -> tuple[Floats, Floats]:
    r"""Years for which each era's rate has counted between a start and a date.

    Decimal years; before the start they are negative.

    .. math:: \ln(N_\mathrm{eff} / N) = g_\mathrm{before}\, t_\mathrm{before} + g_\mathrm{after}\, t_\mathrm{after}

    Under ``at_cut = "bend"`` the years of each era between both, which add up to all of them; under ``"jump"`` all
    years since the start for the date's own era and none for the other (as Ho et al. 2024 code it: a dummy times ``Y -
    Y0``).

    Examples
    --------
    >>> bend, jump = (Progress(cut_year=2017.0, at_cut=shape) for shape in ("bend", "jump"))
    >>> [years.tolist() for years in years_by_era(bend, 2012.0, [2015.0, 2020.0])]
    [[3.0, 5.0], [0.0, 3.0]]
    >>> [years.tolist() for years in years_by_era(jump, 2012.0, [2015.0, 2020.0])]
    [[3.0, 0.0], [0.0, 8.0]]
    """
    year = np.asarray(year, dtype=float)
    if progress.at_cut == "jump":
        after = era_codes(progress, year)
        return (year - start) * (1 - after), (year - start) * after
    cut = np.float64(progress.cut_year)
    return np.minimum(year, cut) - np.minimum(start, cut), np.maximum(year, cut) - np.maximum(start, cut)


def steps_of(year: pd.Series) -> tuple[int, ...]:
    """Years on whose first day a rate takes a step: after the first date, and not after the last.

    >>> steps_of(pd.Series([2014.5, 2017.2]))
    (2015, 2016, 2017)
    """
    return tuple(range(int(np.floor(year.min())) + 1, int(np.floor(year.max())) + 1))


def walk_covariates(steps: Sequence[int], start: float, year: Any) -> dict[str, Any]:
    """Years for which each step has counted between a start and a date; before the start, with the steps undone.

    >>> {name: float(years) for name, years in walk_covariates([2017, 2019], 2018.0, 2020.5).items()}
    {'walk_2017': 0.0, 'walk_2019': 1.5}
    """
    year = np.asarray(year, dtype=float)
    return {
        f"walk_{step}": np.maximum(year - step, 0.0) if step > start else np.maximum(step - year, 0.0) for step in steps
    }


def time_covariates(
    specification: Specification, start: float, steps: Sequence[int], *, parameters: Any, tokens: Any, year: Any
) -> dict[str, Any]:
    """What a law needs of the date of points: years since ``start``, of each era or step; how far exponents drift."""
    s = specification
    covariates: dict[str, Any] = {}
    if set(s.progress.growing) - {key for key, rate in RATE_OF.items() if rate in s.rates_by_era}:
        covariates["years"] = year - start
    covariates |= walk_covariates(steps, start, year)
    if s.rates_by_era:
        covariates |= dict(zip(YEARS_OF_ERAS, years_by_era(s.progress, start, year), strict=True))
    if s.progress.drifts and s.pivot is not None:
        # The paper's drift is linear in the logarithm of the calendar year; this scale makes its unit a year.
        drift = CENTRE_YEAR * np.log(year / CENTRE_YEAR)
        covariates["drift_parameters"] = drift * np.log(parameters / np.float64(s.pivot.parameters))
        covariates["drift_tokens"] = drift * np.log(tokens / np.float64(s.pivot.tokens))
    return covariates
