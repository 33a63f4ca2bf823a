"""Progress in all its forms: what ``[progress]`` may say, what it does to a law's terms, and over which years.

A rate is constant, differs between two eras, or takes a step each year; or both terms decline together; or exponents
drift.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.specifications.checks import choice
from bayes_scaling.specifications.laws import SIZES

Floats = NDArray[np.float64]

RATE_OF: Mapping[str, str] = {size.factor: size.rate for size in SIZES.values() if size.rate}
"""What doubles, and the name of its rate in priors, posterior and tables."""


@dataclass(frozen=True)
class Form:
    """How progress takes something off the terms of a law.

    ``suffix``: of rates among what is sampled; ``both``: what is sampled instead, where the decline of both terms is
    one, or nearly, and ``relation``: what that makes of rates; ``further``: what is sampled besides. ``decline``: of a
    term a year, in equations, by its letter, where that is not what its effective size says.
    """

    suffix: str = ""
    both: tuple[str, ...] = ()
    relation: str = ""
    further: tuple[str, ...] = ()
    decline: str = ""

    @property
    def is_common(self) -> bool:
        """Whether one decline is that of all terms."""
        return self.decline == "d"


_DRIFT = Form("_constant", further=("alpha_drift", "beta_drift"))
_FORMS: Mapping[str, Form] = {
    "effective_size": Form(),
    "loss_term": Form("_central", decline="d_{letter}"),
    "reducible_loss": Form(both=("g_C",), relation="d = alpha g_N = beta g_D, g_N + g_D = g_C", decline="d"),
    "nearly_reducible_loss": Form(
        both=("g_C", "hicks_gap"), relation="alpha g_N - beta g_D = hicks_gap, g_N + g_D = g_C"
    ),
}
"""By the word of ``acts_on``."""


@dataclass(frozen=True)
class Shape:
    """How a rate adds up over the years: ``growth``, in equations, and what is ``said`` of it there."""

    growth: str = "{rate} (Y - Y0)"
    said: str = ""


_ERA = "era: before or after {cut:.7g}"
SHAPES: Mapping[str, Shape] = {
    "constant_rate": Shape(),
    "walk": Shape(
        "{rate}_base (Y - Y0) + sum of {rate}_walk_sd {rate}_walk_standardised[step] years[step]",
        "step: 1 January of a year; years[step]: years between a step and Y, if it is between Y0 and Y",
    ),
    "bend": Shape("sum of {rate} years[era]", f"years[era]: years of each era between Y0 and Y; {_ERA}"),
    "jump": Shape(said=f"{_ERA}, that of Y; its rate counts from Y0 on, so effective size jumps at the cut"),
}
"""By the word of what grows, and where its rate varies by era by that of ``at_cut``."""
ERA_LEVELS = ("before", "after")
YEARS_OF_ERAS = tuple(f"years_{era}" for era in ERA_LEVELS)
"""Covariates: the years that each era's rate has counted."""
YEARS_OF: Mapping[str | None, tuple[str, ...]] = {"era": YEARS_OF_ERAS}
"""Of a rate that varies by a group of dates: the years over which each of its levels grows."""
_GROWTH = ("none", "constant_rate", "walk")


@dataclass(frozen=True)
class Progress:
    """What gets better with time, and in which shape.

    Parameters
    ----------
    parameters, data, compute
        ``"none"``, ``"constant_rate"`` or ``"walk"``: growth of effective parameters, data (law ``chinchilla``) or
        compute (law ``compute``). Under ``"walk"`` the rate takes a random step on each 1 January between the first and
        the last date of the table, of one standard deviation; before and after, it stays what it is there.
    acts_on
        ``"effective_size"``: rates ``g_N``, ``g_D`` multiply sizes. ``"loss_term"``: one rate of decline of each
        loss term, shared where exponents are not (Ho et al. 2024, model 13). ``"reducible_loss"``: one common
        rate of decline of the whole reducible loss (model 12, Hicks-neutral). ``"nearly_reducible_loss"``: the same up
        to ``hicks_gap = alpha g_N - beta g_D``, which the prior keeps near 0.
    exponents
        ``"none"`` or ``"drift"``: exponents move with the logarithm of the calendar year (models 14, 15).
    cut_year
        Decimal year between two eras, ``before`` and ``after``, where a rate varies by ``"era"``.
    at_cut
        ``"bend"``: effective size is continuous, and grows at each era's rate in its years. ``"jump"``: each era's
        rate holds from Y0 on, so that effective size jumps at the cut, as coded by Ho et al. 2024.
    """

    parameters: str = choice(*_GROWTH)
    data: str = choice(*_GROWTH)
    compute: str = choice(*_GROWTH)
    acts_on: str = choice(*_FORMS)
    exponents: str = choice("none", "drift")
    cut_year: float | None = None
    at_cut: str = choice("bend", "jump")

    @property
    def growing(self) -> tuple[str, ...]:
        """Which of parameters, data, compute grow at a rate of their own, constant or a walk."""
        return tuple(key for key in RATE_OF if getattr(self, key) != "none")

    @property
    def walks(self) -> tuple[str, ...]:
        """Which of ``g_N``, ``g_D``, ``g_C`` take a random step each year."""
        return tuple(rate for key, rate in RATE_OF.items() if getattr(self, key) == "walk")

    @property
    def drifts(self) -> bool:
        """Whether exponents move with time."""
        return self.exponents == "drift"

    @property
    def form(self) -> Form:
        """What it does to the terms of the law."""
        return _DRIFT if self.drifts else _FORMS[self.acts_on]

    @property
    def multiplies_sizes(self) -> bool:
        """Whether it is rates of effective sizes that are sampled, as they are reported."""
        return self.form == Form()

    @property
    def sampled(self) -> tuple[str, ...]:
        """Parameters that say how fast things progress."""
        rates = tuple(RATE_OF[key] + self.form.suffix for key in self.growing)
        return (self.form.both or rates) + self.form.further


# ---------------------------------------------------------------------- over the years


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


def years_of_rates(
    progress: Progress, by_era: Collection[str], steps: Sequence[int], start: float, year: Any
) -> dict[str, Any]:
    """Years for which rates have counted between a start and a date: all of them, and those of each step or era."""
    shared = any(RATE_OF[key] not in by_era for key in progress.growing)
    years = ({"years": year - start} if shared else {}) | walk_covariates(steps, start, year)
    return years | (dict(zip(YEARS_OF_ERAS, years_by_era(progress, start, year), strict=True)) if by_era else {})
