"""Numbers as words for people, the same in every message, table and report."""

import math


def counted(number: int, noun: str) -> str:
    """A count with its noun.

    Examples
    --------
    >>> counted(1, "fault"), counted(1200, "evaluation")
    ('1 fault', '1,200 evaluations')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def months(value: float) -> str:
    """A doubling time: one decimal, or words where there is none.

    Examples
    --------
    >>> months(8.44), months(math.inf), months(math.nan)
    ('8.4', 'no bound', 'not defined')
    """
    if math.isnan(value):
        return "not defined"
    return f"{value:.1f}" if math.isfinite(value) else "no bound"


def probability(value: float) -> str:
    """A probability: three decimals, and never a certainty that finitely many draws can't give.

    Examples
    --------
    >>> probability(0.5), probability(0.9995), probability(0.0)
    ('0.500', 'above 0.999', 'below 0.001')
    """
    text = f"{value:.3f}"
    return {"1.000": "above 0.999", "0.000": "below 0.001"}.get(text, text)


def number(value: float) -> str:
    """A coefficient of any size: four significant digits up to a million, a power of ten beyond.

    Examples
    --------
    >>> number(0.34192), number(1963.12), number(2.5e9), number(math.nan)
    ('0.3419', '1,963', '2.5e+09', 'not defined')
    """
    if math.isnan(value):
        return "not defined"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:#.4g}"
