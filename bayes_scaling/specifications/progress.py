"""Progress in all its forms: what ``[progress]`` may say, what it does to a law's terms, and over which years.

A rate is constant, differs between two eras, or takes a step each year; or both terms decline together; or exponents
drift.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.specifications.laws import SIZES
from bayes_scaling.specifications.parameters import A_YEAR, PARAMETERS, Parameter
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.values import choice

Levels = Mapping[str, tuple[str, ...]]

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


# ---------------------------------------------------------------------- over the years

ERA_LEVELS = ("before", "after")
YEARS_OF_ERAS = tuple(f"years_{era}" for era in ERA_LEVELS)  # covariates: the years that each era's rate has counted


def era_codes(progress: "Progress", year: Any) -> Integers:
    """Position in :data:`ERA_LEVELS` of each date; the cut itself is still before."""
    return (np.asarray(year, dtype=float) > progress.cut_year).astype(np.int64)


def years_by_era(progress: "Progress", start: float, year: Any) -> tuple[Floats, Floats]:
    """Years that each era's rate has counted from a start to a date; before it negative, under a jump all of one."""
    year = np.asarray(year, dtype=float)
    if progress.at_cut == "jump":
        after = era_codes(progress, year)
        return (year - start) * (1 - after), (year - start) * after
    cut = np.float64(progress.cut_year)
    return np.minimum(year, cut) - np.minimum(start, cut), np.maximum(year, cut) - np.maximum(start, cut)


def _years_of_eras(progress: "Progress", levels: Levels, start: float, year: Any) -> dict[str, Any]:
    return dict(zip(YEARS_OF_ERAS, years_by_era(progress, start, year), strict=True))


def _steps(first: float, last: float) -> tuple[str, ...]:
    """Years on whose first day a rate takes a step: after the first date, and not after the last."""
    return tuple(map(str, range(int(np.floor(first)) + 1, int(np.floor(last)) + 1)))


def _years_of_walk(progress: "Progress", levels: Levels, start: float, year: Any) -> dict[str, Any]:
    """All years, and those for which each step has counted; before the start, with the steps undone."""
    away = {step: np.asarray(year, dtype=float) - float(step) for step in levels.get("step", ())}
    counted = {f"walk_{step}": np.maximum(each if float(step) > start else -each, 0.0) for step, each in away.items()}
    return {"years": year - start} | counted


@dataclass(frozen=True)
class Shape:
    """How a rate adds up over the years: all that the package asks of it.

    ``growth``: in equations, and what is ``said`` of it there. ``years``: of each part of the rate, in order, the years
    for which it has counted between a start and a date, by the name of a covariate. ``levels``: of dimensions, between
    the first and the last date of a table. ``group``: dimension with a rate for each level, and ``codes``, the level of
    each date. ``further``: what is sampled beside a base, with the dimension of each, and ``parts``, what of a rate it
    makes; the rate is then reported as its mean over the table. ``from_start``: whether the year that it counts from is
    part of the law. ``cut``: key of ``[progress]`` with the date at which the group's levels meet. ``unseen``: what to
    say of a level in which a table has no date.
    """

    growth: str = "{rate} (Y - Y0)"
    said: str = ""
    years: Callable[["Progress", Levels, float, Any], dict[str, Any]] = lambda _, levels, start, year: {
        "years": year - start
    }
    levels: Callable[[float, float], Levels] = lambda first, last: {}
    group: str = ""
    codes: Callable[["Progress", Any], Integers] = era_codes
    further: tuple[tuple[Parameter, str | None], ...] = ()
    parts: Callable[..., Any] = lambda *further: further[0]
    from_start: bool = False
    cut: str = ""
    unseen: str = "rates by {group}, but no evaluation was published in {group} {level!r}; choose more rows"

    def parameters(self, rate: str) -> dict[str, tuple[Parameter, str | None]]:
        """What is sampled of a rate that has further parts, and the dimension of each."""
        base = replace(PARAMETERS[rate], name=f"{rate}_base", meaning=f"{PARAMETERS[rate].meaning} in 2018")
        named = ((replace(each, name=f"{rate}_{each.name}"), dimension) for each, dimension in self.further)
        return {each.name: (each, dimension) for each, dimension in ((base, None), *named)}

    def names(self, progress: "Progress", levels: Levels) -> tuple[str, ...]:
        """Covariates of its parts, in order."""
        return tuple(self.years(progress, levels, 0.0, 0.0))


_ERA = "era: before or after {cut:.7g}"
_eras = partial(Shape, years=_years_of_eras, levels=lambda first, last: {"era": ERA_LEVELS}, group="era",
    cut="cut_year",
    unseen="rates before and after {cut:.7g}, but no evaluation was published {level} it; choose a [progress] cut_year "
    "between {first:.7g} and {last:.7g}, or more rows",
)  # fmt: skip
_STEP = Parameter("walk_sd", "standard deviation of the step that a rate takes each year", A_YEAR, "positive",
    Prior("half_normal", sigma=0.3),
    "95% below 0.6: within a year a rate may go from no progress to a doubling in 14 months, or stay the same",
)  # fmt: skip
_STEPS = Parameter("walk_standardised", "yearly steps of a rate, in standard deviations", "", "real",
    Prior("normal", mu=0, sigma=1), "standard normal, so that the standard deviation is that of the steps",
)  # fmt: skip
SHAPES: Mapping[str, Shape] = {
    "constant_rate": Shape(),
    "walk": Shape(
        "{rate}_base (Y - Y0) + sum of {rate}_walk_sd {rate}_walk_standardised[step] years[step]",
        "step: 1 January of a year; years[step]: years between a step and Y, if it is between Y0 and Y",
        years=_years_of_walk,
        levels=lambda first, last: {"step": _steps(first, last)},
        further=((_STEP, None), (_STEPS, "step")),
        parts=lambda walk_sd, walk_standardised: walk_sd * walk_standardised,
    ),
    "bend": _eras("sum of {rate} years[era]", f"years[era]: years of each era between Y0 and Y; {_ERA}"),
    "jump": _eras(
        said=f"{_ERA}, that of Y; its rate counts from Y0 on, so effective size jumps at the cut", from_start=True
    ),
}
"""By the word of what grows, and where its rate varies by era by that of ``at_cut``."""
GROUPS_OF_DATES = tuple({shape.group: None for shape in SHAPES.values() if shape.group})
"""What rates may vary by that is no column of a table."""


def _grows() -> Any:
    return choice("none", *(word for word, shape in SHAPES.items() if not shape.group))


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

    parameters: str = _grows()
    data: str = _grows()
    compute: str = _grows()
    acts_on: str = choice(*_FORMS)
    exponents: str = choice("none", "drift")
    cut_year: float | None = field(
        default=None, metadata={"about": "a decimal year such as 2017.444, where a rate varies by era"}
    )
    at_cut: str = choice(*(word for word, shape in SHAPES.items() if shape.group))

    @property
    def growing(self) -> tuple[str, ...]:
        """Which of parameters, data, compute grow at a rate of their own, constant or a walk."""
        return tuple(key for key in RATE_OF if getattr(self, key) != "none")

    def shape(self, factor: str, group: str | None) -> Shape:
        """How the rate of what grows adds up, where it varies by a group."""
        own = SHAPES[getattr(self, factor)]
        return SHAPES[self.at_cut] if group in GROUPS_OF_DATES and not own.further else own

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
