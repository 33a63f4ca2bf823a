"""Published figures beside a posterior's: inside or not, and widths compared as rates, never as doubling times."""

import math
from dataclasses import dataclass

import numpy as np

from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import PublishedDoubling
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.rates import interval_points, signed_months_to_double


@dataclass(frozen=True)
class AgainstPublished:
    """Where a published point lies, and how wide its interval is, against an interval found."""

    inside: bool
    width_ratio: float  # found over published; NaN where that has no length, infinite where what is found has no end

    @classmethod
    def of(
        cls, point: float, published: tuple[float | None, float | None], found: tuple[float, float], *, signed: bool
    ) -> "AgainstPublished":
        """Compare a published point and interval with one found; ``signed``: the quantity can be negative."""
        # An interval that starts below 0 of a quantity whose sign changes has no length.
        lower, upper = (math.nan if end is None else end for end in published)
        length = upper - lower if signed or lower > 0 else math.nan
        return cls(found[0] <= point <= found[1], (found[1] - found[0]) / length)

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        text = f"the published point lies {'inside' if self.inside else 'outside'} the interval found"
        if math.isinf(self.width_ratio):
            return f"{text}, which has no upper bound"
        if math.isnan(self.width_ratio):
            return text
        return f"{text}, which is {self.width_ratio:.1f} times as wide as the published one"


_RATE = "g_C"
Ends = tuple[float, float]  # lower and upper end of an interval


def rate_interval(fit: Fit, era: str | None = None) -> Ends:
    """The 95% equal-tailed interval of the rate of effective compute (of an era), log units per year."""
    draws = pooled_rate(fit, _RATE) if era is None else fit.data["posterior"][_RATE].sel(era=era).to_numpy().ravel()
    _, lower, upper = np.quantile(np.asarray(draws, dtype=float), interval_points())
    return float(lower), float(upper)


def published_rates(published: PublishedDoubling) -> tuple[float | None, float | None]:
    """A published interval of a doubling time as one of its rate, ``12 ln 2 / T``; None where none is above 0."""
    lower, upper = published.lower, published.upper
    if lower is None or upper is None or lower <= 0:
        return None, None
    # 12 ln 2 / x is its own inverse: it turns months into a rate as well.
    return float(signed_months_to_double(upper)), float(signed_months_to_double(lower))


def rates_against_published(published: PublishedDoubling, found: Ends) -> AgainstPublished:
    """A published doubling time against an interval of the rate, log units per year (Ho et al. 2024, eq. 6)."""
    # In months an interval is longer where progress is slow, and has no end where no progress is not ruled out.
    point = float(signed_months_to_double(published.months))
    return AgainstPublished.of(point, published_rates(published), found, signed=True)
