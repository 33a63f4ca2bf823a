"""Tables about a fit: numbers as texts, and marked throughout where the fit has not converged."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from bayes_scaling.common.formatting import estimate, in_digits, months, probability
from bayes_scaling.common.formatting import number as precise
from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.drawing import NOT_CONVERGED
from bayes_scaling.quantities.intervals import MCSE
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports.document import Banner, Block, Bullets, Paragraph, Picture, Section, Table
from bayes_scaling.studies.comparison.elpd import DOUBLING

Row = Mapping[Any, Any] | pd.Series  # a row of a table of intervals
_WARNING = f"{NOT_CONVERGED}, do not use. "
PARTS = ("median", "lower", "upper")
TIMES = tuple(DOUBLING[part] for part in PARTS)
"""Columns of a study's table that hold the doubling time of effective compute."""


def warning(fit: Fit) -> str:
    """What begins a finding of a fit that has not converged; else nothing."""
    return "" if fit.diagnostics.converged else _WARNING


def unusable(section: Section) -> Section:
    """A section of a fit that has not converged: its findings, pictures and tables say so, and all rows are marked."""
    return replace(section, blocks=tuple(map(_unusable, section.blocks)))


def _unusable(block: Block) -> Block:
    match block:
        case Paragraph(text, finding=True):
            return replace(block, text=_marked(text))
        case Bullets(items):
            return Bullets(tuple(map(_marked, items)))
        case Picture():
            return replace(block, alternative=_marked(block.alternative))
        case Table() if not block.name.startswith("published"):  # others' figures, which this fit can't spoil
            caption = f"{NOT_CONVERGED}, do not use: {block.caption}"
            return replace(block, caption=caption, marked=frozenset(range(len(block.rows))))
    return block


def _marked(text: str) -> str:
    return text if text.startswith(NOT_CONVERGED) else _WARNING + text


def no_upper_bound(of: str, row: Row) -> Iterator[Banner]:
    """The banner of a doubling time, if its interval has no upper end."""
    if math.isinf(row["upper"]):
        yield Banner(
            "NO UPPER BOUND",
            f"The {INTERVAL} of {of} has no upper end (probability of progress "
            f"{probability(row['probability_of_progress'])}): these data do not exclude that there was none.",
        )


def times_cells(row: pd.Series) -> tuple[str, str, str]:
    """Median, interval and probability of progress of a doubling time, months."""
    if pd.isna(row["median"]):
        return ("not defined by this law", "", "")
    if pd.isna(row["probability_of_progress"]):
        return ("held constant", "", "")
    median, lower, upper = in_digits(row, months)
    return (median, f"{lower} to {upper}", probability(row["probability_of_progress"]))


def times_of(row: Row) -> dict[str, float]:
    """Doubling time of effective compute in a row of a study's table."""
    return {name: float(row[column]) for name, column in DOUBLING.items() if name in (*PARTS, *MCSE) and column in row}


def in_brackets(row: Row) -> str:
    """The same as a study's tables show it, months."""
    return "{} [{}, {}]".format(*in_digits(times_of(row), months))


def in_months(row: Row) -> str:
    """Median and interval of a doubling time."""
    return estimate(row, months)


def in_numbers(row: Row) -> str:
    """Median and interval of any quantity."""
    return estimate(row, number)


def in_whole_percent(share: float, digits: int = 0) -> str:
    """A share of 1 in percent, without a sign before nothing; empty where there is none."""
    return f"{round(share, digits + 2) + 0.0:.{digits}%}" if math.isfinite(share) else ""


def number(value: float, error: float = 0.0) -> str:
    """A quantity for a reader: three significant digits, or as many as its Monte Carlo error allows."""
    size = abs(value)
    if not 1e-3 <= size < 1e6:
        return precise(value, error)
    third = 10.0 ** (math.floor(math.log10(size)) - 2)  # an error of which size leaves three digits
    return precise(value, max(error, 0.51 * third))


def span(lower: str, upper: str, write: Callable[[float], str] = number) -> Callable[[Row], str]:
    """What writes an interval between two columns of a row."""
    return lambda row: f"{write(row[lower])} to {write(row[upper])}"


def month_of(year: float) -> str:
    """A decimal year as a month."""
    whole = math.floor(year)
    start = date(whole, 1, 1)
    days = (date(whole + 1, 1, 1) - start).days
    # To the nearest day: fractions of a year are rarely exact.
    return f"{start + timedelta(days=round((year - whole) * days)):%B %Y}"


def variant_in_words(name: str) -> str:
    """A variant's name as it is said in a sentence."""
    return name.replace(" | ", ", ")
