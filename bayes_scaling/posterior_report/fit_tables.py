"""Tables about a fit: numbers as texts, and marked throughout where the fit has not converged."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.document import Table
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.words import in_digits, months
from bayes_scaling.words import number as precise

Row = Mapping[Any, Any] | pd.Series
"""A row of a table of intervals."""
INTERVAL = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
"""Name of every interval in a report."""


def result_table(
    fit: Fit,
    name: str,
    caption: str,
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    open_rows: frozenset[int] = frozenset(),
) -> Table:
    """A table of what was found.

    Parameters
    ----------
    fit
        Where it comes from; of one that has not converged every row is marked, and the caption says so.
    name, caption, columns, rows
        See :class:`bayes_scaling.posterior_report.document.Table`.
    open_rows
        Numbers of rows that the data leave open.
    """
    if fit.diagnostics.converged:
        return Table(name, caption, columns, rows, open_rows)
    return Table(name, f"{NOT_CONVERGED}, do not use: {caption}", columns, rows, frozenset(range(len(rows))))


def warning(fit: Fit) -> str:
    """What begins the alternative of each picture of a fit that has not converged; else nothing."""
    return "" if fit.diagnostics.converged else f"{NOT_CONVERGED}, do not use. "


def in_months(row: Row) -> str:
    """Median and interval of a doubling time.

    Examples
    --------
    >>> in_months({"median": 8.44, "lower": 4.5, "upper": float("inf")})
    '8.4 (4.5 to no bound)'
    """
    median, lower, upper = in_digits(row, months)
    return f"{median} ({lower} to {upper})"


def in_numbers(row: Row) -> str:
    """Median and interval of any quantity.

    Examples
    --------
    >>> in_numbers({"median": 0.342, "lower": 0.3, "upper": 0.4})
    '0.342 (0.300 to 0.400)'
    """
    median, lower, upper = in_digits(row, number)
    return f"{median} ({lower} to {upper})"


def in_percent(row: Row) -> str:
    """Median and interval of a share.

    Examples
    --------
    >>> in_percent({"median": 0.49, "lower": -0.1, "upper": 1.2})
    '49% (-10% to 120%)'
    """
    median, lower, upper = (in_whole_percent(row[part]) for part in ("median", "lower", "upper"))
    return f"{median} ({lower} to {upper})"


def in_whole_percent(share: float, digits: int = 0) -> str:
    """A share of 1 in percent, without a sign before nothing.

    Examples
    --------
    >>> in_whole_percent(-0.001), in_whole_percent(0.4648, 1)
    ('0%', '46.5%')
    """
    return f"{round(share, digits + 2) + 0.0:.{digits}%}"


def number(value: float, error: float = 0.0) -> str:
    """A quantity for a reader: three significant digits, or as many as its Monte Carlo error allows.

    Examples
    --------
    >>> number(0.34192), number(1963.12), number(2.5e9), number(math.nan)
    ('0.342', '1,960', '2.5e+09', 'not defined')
    """
    size = abs(value)
    if not 1e-3 <= size < 1e6:
        return precise(value, error)
    third = 10.0 ** (math.floor(math.log10(size)) - 2)  # an error of which size leaves three digits
    return precise(value, max(error, 0.51 * third))


def month_of(year: float) -> str:
    """A decimal year as a month.

    Examples
    --------
    >>> month_of(2012.5), month_of(2017.0)
    ('July 2012', 'January 2017')
    """
    whole = math.floor(year)
    start = date(whole, 1, 1)
    days = (date(whole + 1, 1, 1) - start).days
    # To the nearest day: fractions of a year are rarely exact.
    return f"{start + timedelta(days=round((year - whole) * days)):%B %Y}"


def variant_in_words(name: str) -> str:
    """A variant's name as it is said in a sentence.

    Examples
    --------
    >>> variant_in_words("reference | stated priors")
    'reference, stated priors'
    """
    return name.replace(" | ", ", ")
