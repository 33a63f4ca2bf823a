"""Progress in all its forms: what time does to the terms of a law, as covariates and as coefficients.

A rate is constant, differs between two eras, or takes a step each year; or both terms decline together; or exponents
drift. :mod:`bayes_scaling.specifications.sections` has the words for these, and this file what they mean.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.model.structure import Added, Coefficient, middle
from bayes_scaling.specifications.sections import CENTRE_YEAR, RATE_OF, Progress
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]

ERA_LEVELS = ("before", "after")


def era_codes(progress: Progress, year: Any) -> NDArray[np.int64]:
    """Position in :data:`ERA_LEVELS` of each date; the cut itself is still before.

    Examples
    --------
    >>> era_codes(Progress(cut_year=2017.444), [2016.0, 2017.444, 2020.0]).tolist()
    [0, 0, 1]
    """
    return (np.asarray(year, dtype=float) > progress.cut_year).astype(np.int64)


def years_by_era(progress: Progress, start: float, year: Any) -> tuple[Floats, Floats]:
    r"""Years for which each era's rate has counted between a start and a date.

    .. math:: \ln(N_\mathrm{eff} / N) = g_\mathrm{before}\, t_\mathrm{before} + g_\mathrm{after}\, t_\mathrm{after}

    Parameters
    ----------
    progress
        With ``cut_year``, and ``at_cut``: under ``"bend"`` the years of each era between the start and the date, which
        add up to all of them; under ``"jump"`` all years since the start for the date's own era and none for the
        other (as Ho et al. 2024 code it: a dummy times ``Y - Y0``).
    start, year
        Decimal years; years before the start are negative.

    Returns
    -------
    before, after : arrays
        Shape of ``year``.

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

    Examples
    --------
    >>> steps_of(pd.Series([2014.5, 2017.2]))
    (2015, 2016, 2017)
    """
    return tuple(range(int(np.floor(year.min())) + 1, int(np.floor(year.max())) + 1))


def walk_covariates(steps: Sequence[int], start: float, year: Any) -> dict[str, Any]:
    """Years for which each step has counted between a start and a date; before the start, with the steps undone.

    Examples
    --------
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
        covariates |= dict(zip(("years_before", "years_after"), years_by_era(s.progress, start, year), strict=True))
    if s.progress.drifts and s.pivot is not None:
        # The paper's drift is linear in the logarithm of the calendar year; this scale makes its unit a year.
        drift = CENTRE_YEAR * np.log(year / CENTRE_YEAR)
        covariates["drift_parameters"] = drift * np.log(parameters / np.float64(s.pivot.parameters))
        covariates["drift_tokens"] = drift * np.log(tokens / np.float64(s.pivot.tokens))
    return covariates


def progress_coefficients(
    specification: Specification,
    values: Mapping[str, Any],
    exponents: Mapping[str, Coefficient],
    levels: Mapping[str, tuple[str, ...]],
    xp: ModuleType = np,
) -> dict[str, Coefficient]:
    """Coefficients of :data:`bayes_scaling.model.structure.Coefficients` that say how the law progresses.

    Rates with a formula are not among them. ``values`` are those of :attr:`Progress.sampled`, of exponents, and of
    walks.
    """
    s, found = specification, {}
    if s.progress.acts_on in ("reducible_loss", "nearly_reducible_loss"):
        # g_N + g_D = g_C and alpha g_N = beta g_D: the one decline of both terms.
        total = values["alpha"] + values["beta"]
        decline = values["g_C"] * values["alpha"] * values["beta"] / total
        gap = values.get("hicks_gap", 0.0)  # alpha g_N - beta g_D, at the same g_C
        found["alpha_year"] = Coefficient(decline + gap * values["alpha"] / total)
        found["beta_year"] = Coefficient(decline - gap * values["beta"] / total)
    for term in s.form.terms:
        exponent, rate = term.exponent, term.rate
        if f"{rate}_central" in values:
            found[f"{exponent}_year"] = Coefficient(values[f"{rate}_central"] * middle(exponents[exponent], xp))
        elif f"{rate}_constant" in values:
            found[rate] = Coefficient(values[f"{rate}_constant"])
        elif rate in s.progress.walks:
            steps = values[f"{rate}_walk_sd"] * values[f"{rate}_walk_standardised"]
            walk = Added(steps, covariates=tuple(f"walk_{step}" for step in levels["step"]))
            found |= {rate: Coefficient(values[f"{rate}_base"]), f"{rate}_walk": Coefficient(0.0, added=(walk,))}
        elif rate in values:
            found[rate] = Coefficient(values[rate], s.index_of(rate))
        if f"{exponent}_drift" in values:
            found[f"{exponent}_drift"] = Coefficient(values[f"{exponent}_drift"])
    return found
