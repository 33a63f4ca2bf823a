"""Numbers as words for people, the same in every message, table and report."""

import math
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


NOT_CONVERGED = "NOT CONVERGED"
NOT_DEFINED = "not defined"
DO_NOT_USE = f"{NOT_CONVERGED}, do not use"


def counted(number: int, noun: str) -> str:
    """A count with its noun."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


_SIZES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def amount(value: float, error: float = 0.0) -> str:
    """A large count in words, to three digits or as far as its Monte Carlo error allows: 9.6 billion, 51,200, 3e+15."""
    if error > 0 and 0 < value < math.inf:
        value = float(f"{value:.{int(min(3, max(1, math.floor(math.log10(value)) + 1 + decimals(error))))}g}")
    for size, name in _SIZES:
        if size <= value < 1000 * size:
            return f"{value / size:.3g} {name}"
    return f"{float(f'{value:.3g}'):,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"


def month_of(year: float) -> str:
    """A decimal year as a month."""
    whole = math.floor(year)
    start = date(whole, 1, 1)
    days = (date(whole + 1, 1, 1) - start).days
    # To the nearest day: fractions of a year are rarely exact.
    return f"{start + timedelta(days=round((year - whole) * days)):%B %Y}"


def months(value: float, error: float = 0.0) -> str:
    """A doubling time: one decimal, or as far as its Monte Carlo error allows; words where there is none."""
    if math.isnan(value):
        return NOT_DEFINED
    return _rounded(value, min(1, decimals(error))) if math.isfinite(value) else "no bound"


def decimals(error: float) -> float:
    """Decimals that a Monte Carlo standard error allows, as ArviZ counts them: all where it is 0 or unknown."""
    if error == math.inf:
        return -math.inf
    return -math.floor(math.log10(2 * error)) if error > 0 else math.inf


def _rounded(value: float, places: float) -> str:
    if value:  # one digit at least, however wide the error
        places = max(places, -math.floor(math.log10(abs(value))))
    return f"{round(value, int(places)):,.{max(int(places), 0)}f}"


def in_digits(row: "Mapping[Any, Any] | pd.Series[Any]", shown: Callable[[float, float], str]) -> tuple[str, str, str]:
    """Median, lower and upper end of a row of a table, each with the digits that its Monte Carlo error allows."""
    median, lower, upper = (shown(row[name], row.get(f"mcse_{name}", 0.0)) for name in ("median", "lower", "upper"))
    return median, lower, upper


def estimate(row: "Mapping[Any, Any] | pd.Series[Any]", shown: Callable[[float, float], str]) -> str:
    """Median and interval of a row of a table, in words for its quantity, or the one of them that is defined."""
    median, lower, upper = in_digits(row, shown)
    if lower == upper == NOT_DEFINED:
        return median
    return between(lower, upper) if median == NOT_DEFINED else f"{median} ({between(lower, upper)})"


def between(lower: str, upper: str) -> str:
    """An interval in words, of which there is one word where neither end is defined."""
    return lower if lower == upper == NOT_DEFINED else f"{lower} to {upper}"


def plus_minus(value: float, error: float, form: str = ".3f") -> str:
    """A value with its standard error, which is left out where it can't be estimated."""
    return f"{value:{form}}" + ("" if math.isnan(error) else f" ± {error:{form.removeprefix('+')}}")


def probability(value: float) -> str:
    """A probability: three decimals, and never a certainty that finitely many draws can't give."""
    text = f"{value:.3f}"
    return {"1.000": "above 0.999", "0.000": "below 0.001"}.get(text, text)


def number(value: float, error: float = 0.0) -> str:
    """A coefficient: four significant digits (fewer if its error allows no more), a power of ten from a million on."""
    if math.isnan(value):
        return NOT_DEFINED
    if value == 0 or not math.isfinite(value):
        return f"{value:#.4g}"
    size, allowed = math.floor(math.log10(abs(value))), decimals(error)
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{int(min(3, max(1, size + allowed + 1)))}g}"
    return _rounded(value, min(allowed, max(3 - size, 0)))
