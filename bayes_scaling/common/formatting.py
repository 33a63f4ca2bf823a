"""Numbers as words for people, the same in every message, table and report."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def counted(number: int, noun: str) -> str:
    """A count with its noun.

    Examples
    --------
    >>> counted(1, "fault"), counted(1200, "evaluation")
    ('1 fault', '1,200 evaluations')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def months(value: float, error: float = 0.0) -> str:
    """A doubling time: one decimal, or as far as its Monte Carlo error allows; words where there is none.

    Examples
    --------
    >>> months(8.44), months(math.inf), months(math.nan)
    ('8.4', 'no bound', 'not defined')
    >>> months(16.83, error=0.7), months(118.0, error=9.0)
    ('17', '120')
    """
    if math.isnan(value):
        return "not defined"
    return _rounded(value, min(1, decimals(error))) if math.isfinite(value) else "no bound"


def decimals(error: float) -> float:
    """Decimals that a Monte Carlo standard error allows, as ArviZ counts them: all where it is 0 or unknown.

    Examples
    --------
    >>> decimals(0.04), decimals(0.7), decimals(9.0), decimals(0.0)
    (2, 0, -1, inf)
    """
    return -math.floor(math.log10(2 * error)) if 0 < error < math.inf else math.inf


def _rounded(value: float, places: float) -> str:
    if value:  # one digit at least, however wide the error
        places = max(places, -math.floor(math.log10(abs(value))))
    return f"{round(value, int(places)):,.{max(int(places), 0)}f}"


def in_digits(row: "Mapping[Any, Any] | pd.Series[Any]", shown: Callable[[float, float], str]) -> tuple[str, str, str]:
    """Median, lower and upper end of a row of a table, each with the digits that its Monte Carlo error allows.

    Examples
    --------
    >>> in_digits({"median": 9.02, "lower": 5.52, "upper": 16.8, "mcse_upper": 0.7}, months)
    ('9.0', '5.5', '17')
    """
    median, lower, upper = (shown(row[name], row.get(f"mcse_{name}", 0.0)) for name in ("median", "lower", "upper"))
    return median, lower, upper


def estimate(row: "Mapping[Any, Any] | pd.Series[Any]", shown: Callable[[float, float], str]) -> str:
    """Median and interval of a row of a table, in words for its quantity.

    Examples
    --------
    >>> estimate({"median": 8.44, "lower": 4.5, "upper": math.inf}, months)
    '8.4 (4.5 to no bound)'
    """
    median, lower, upper = in_digits(row, shown)
    return f"{median} ({lower} to {upper})"


def probability(value: float) -> str:
    """A probability: three decimals, and never a certainty that finitely many draws can't give.

    Examples
    --------
    >>> probability(0.5), probability(0.9995), probability(0.0)
    ('0.500', 'above 0.999', 'below 0.001')
    """
    text = f"{value:.3f}"
    return {"1.000": "above 0.999", "0.000": "below 0.001"}.get(text, text)


def number(value: float, error: float = 0.0) -> str:
    """A coefficient of any size: four significant digits up to a million, a power of ten beyond.

    Fewer where its Monte Carlo error allows no more.

    Examples
    --------
    >>> number(0.34192), number(1963.12), number(2.5e9), number(math.nan)
    ('0.3419', '1,963', '2.5e+09', 'not defined')
    >>> number(0.34192, error=0.02), number(1963.12, error=60), number(2.53e9, error=8e8)
    ('0.34', '2,000', '3e+09')
    """
    if math.isnan(value):
        return "not defined"
    if value == 0 or not math.isfinite(value):
        return f"{value:#.4g}"
    size, allowed = math.floor(math.log10(abs(value))), decimals(error)
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{int(min(3, max(1, size + allowed + 1)))}g}"
    return _rounded(value, min(allowed, max(3 - size, 0)))
