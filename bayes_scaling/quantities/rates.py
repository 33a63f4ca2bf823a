"""Rates of progress as doubling times; the one place where a rate turns into months."""

from typing import Any

import numpy as np

from bayes_scaling.common.arrays import Floats

MONTHS_PER_YEAR = 12
INTERVAL_PROBABILITY = 0.95
INTERVAL_KIND = "equal-tailed"
INTERVAL = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
"""Name of every interval in a picture, a table or a report."""
CREDIBLE_INTERVAL = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} credible interval"
"""The same in a sentence that stands alone."""


def interval_points(probability: float = INTERVAL_PROBABILITY) -> list[float]:
    """Where quantiles are the median, the lower and the upper end of an equal-tailed interval, as tables have them."""
    tail = (1 - probability) / 2
    return [0.5, tail, 1 - tail]


def interval_attrs(probability: float = INTERVAL_PROBABILITY) -> dict[str, Any]:
    """What ``attrs`` of a table say of its intervals."""
    return {"probability": probability, "kind": INTERVAL_KIND}


def signed_months_to_double(rate: Any) -> Any:
    """``12 ln 2 / rate``, months, negative where the rate is: as published. Its quantiles need rates of one sign."""
    with np.errstate(divide="ignore", over="ignore"):
        return MONTHS_PER_YEAR * np.log(2) / np.abs(rate) * np.where(np.asarray(rate) < 0, -1.0, 1.0)


def months_to_double(rate: Any) -> Any:
    """Doubling time in months of a rate in log units per year; infinite where the rate is not positive."""
    rate = np.asarray(rate, dtype=float)
    return np.where(rate <= 0, np.inf, signed_months_to_double(rate))


def summarise_rate(rate: Floats, probability: float = INTERVAL_PROBABILITY) -> dict[str, float]:
    """Doubling time in months, mapped from quantiles of its rate, and the share of draws with a positive rate."""
    middle, low, high = np.quantile(rate, interval_points(probability))
    return {
        "median": float(months_to_double(middle)),
        "lower": float(months_to_double(high)),
        "upper": float(months_to_double(low)),
        "probability_of_progress": float(np.mean(rate > 0)),
    }
