"""Published figures beside a posterior's: inside or not, and widths compared as rates, never as doubling times."""

import math
from dataclasses import dataclass

import numpy as np

from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import PublishedDoubling
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, signed_months_to_double


@dataclass(frozen=True)
class AgainstPublished:
    """Where a published point lies, and how wide its interval is, against an interval found.

    Parameters
    ----------
    inside
        Whether the published point lies inside the interval found.
    width_ratio
        Length of the interval found over that of the published one; NaN where nothing is published that has a length
        (no interval, or one of a quantity whose sign changes, which starts below 0), infinite where the interval
        found has no end.
    """

    inside: bool
    width_ratio: float

    @classmethod
    def of(
        cls, point: float, published: tuple[float | None, float | None], found: tuple[float, float], *, signed: bool
    ) -> "AgainstPublished":
        """Compare a published point and interval with an interval found.

        Parameters
        ----------
        point
            Published.
        published
            Its ends, None or NaN where there are none.
        found
            Ends of the interval found.
        signed
            Whether the quantity can be negative, so that an interval that starts below 0 has a length.

        Examples
        --------
        >>> AgainstPublished.of(8.4, (4.5, 14.5), (4.0, 24.0), signed=False)
        AgainstPublished(inside=True, width_ratio=2.0)
        """
        lower, upper = (math.nan if end is None else end for end in published)
        length = upper - lower if signed or lower > 0 else math.nan
        return cls(found[0] <= point <= found[1], (found[1] - found[0]) / length)

    @property
    def sentence(self) -> str:
        """What of it a reader should know.

        Examples
        --------
        >>> print(AgainstPublished.of(8.4, (4.5, 14.3), (4.2, 24.5), signed=False).sentence)
        the published point lies inside the interval found, which is 2.1 times as wide as the published one
        """
        text = f"the published point lies {'inside' if self.inside else 'outside'} the interval found"
        if math.isinf(self.width_ratio):
            return f"{text}, which has no upper bound"
        if math.isnan(self.width_ratio):
            return text
        return f"{text}, which is {self.width_ratio:.1f} times as wide as the published one"


_RATE = "g_C"
Ends = tuple[float, float]
"""Lower and upper end of an interval."""


def rate_interval(fit: Fit, era: str | None = None) -> Ends:
    r"""The 95% equal-tailed interval of the rate of effective compute.

    .. math:: g_C = 12 \ln 2 / T_C

    Returns tuple of float: Lower and upper end, log units per year. A lower end of 0 or less is a doubling time without
    an upper bound.

    Parameters
    ----------
    fit
        With progress.
    era
        Level of the era whose rate is asked for; None: averaged over the rows.
    """
    tail = (1 - INTERVAL_PROBABILITY) / 2
    draws = pooled_rate(fit, _RATE) if era is None else fit.data["posterior"][_RATE].sel(era=era).to_numpy().ravel()
    lower, upper = np.quantile(np.asarray(draws, dtype=float), [tail, 1 - tail])
    return float(lower), float(upper)


def published_rates(published: PublishedDoubling) -> tuple[float | None, float | None]:
    r"""A published interval of a doubling time as one of its rate, end by end.

    .. math:: g = 12 \ln 2 / T

    Returns tuple: Lower and upper end, log units per year; None twice where no interval is published, or one that
    starts below 0: percentiles of a doubling time whose sign changes are no interval of rates.

    Parameters
    ----------
    published
        Months.

    Examples
    --------
    >>> from bayes_scaling.law.published import HO2024_COMPUTE, MOORE
    >>> [round(end, 3) for end in published_rates(HO2024_COMPUTE)]
    [0.582, 1.848]
    >>> published_rates(MOORE)
    (None, None)
    """
    lower, upper = published.lower, published.upper
    if lower is None or upper is None or lower <= 0:
        return None, None
    # A rate is to a doubling time as a doubling time is to a rate.
    return float(signed_months_to_double(upper)), float(signed_months_to_double(lower))


def rates_against_published(published: PublishedDoubling, found: Ends) -> AgainstPublished:
    r"""A published doubling time beside an interval found, both as rates.

    .. math:: \frac{g_\text{upper} - g_\text{lower}}{g^*_\text{upper} - g^*_\text{lower}}, \qquad g = 12 \ln 2 / T

    The length of an interval in months depends on how slow progress is, and has no end where no progress is not ruled
    out; that of the rate (log units per year) always has one.

    Returns whether the point lies inside, and the ratio of the widths of the rates' intervals; NaN without a published
    interval of rates (:func:`published_rates`).

    Parameters
    ----------
    published
        Its point and, if it has one, its interval; months.
    found
        Ends of the rate's interval, of :func:`rate_interval`; log units per year.

    Notes
    -----
    Source of the rate: Ho et al. 2024 (arXiv 2403.05812), eq. 6.

    Examples
    --------
    >>> from bayes_scaling.law.published import HO2024_COMPUTE
    >>> found = rates_against_published(HO2024_COMPUTE, (-0.1, 1.166))
    >>> found.inside, round(found.width_ratio, 2)
    (True, 1.0)
    """
    return AgainstPublished.of(
        float(signed_months_to_double(published.months)), published_rates(published), found, signed=True
    )
