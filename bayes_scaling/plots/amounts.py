"""Large counts in words."""

_SIZES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def amount(value: float) -> str:
    """A large count in words, to three digits.

    Examples
    --------
    >>> amount(9.6e9), amount(1.74e11), amount(70_000_000), amount(51_234.0), amount(3e15)
    ('9.6 billion', '174 billion', '70 million', '51,200', '3e+15')
    """
    for size, name in _SIZES:
        if size <= value < 1000 * size:
            return f"{value / size:.3g} {name}"
    return f"{float(f'{value:.3g}'):,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"
