"""Dates as decimal years."""

import pandas as pd


def decimal_year(published: pd.Series) -> pd.Series:
    """Turn dates into decimal years as Ho et al. (2024) define them.

    The year plus (day of the year - 1) / 365, in leap years too: the last day of a leap year is the next
    year's first. Published coefficients depend on this definition.

    Examples
    --------
    >>> decimal_year(pd.Series(pd.to_datetime(["2021-01-01", "2020-12-31"]))).tolist()
    [2021.0, 2021.0]
    """
    years: pd.Series[float] = published.dt.year + (published.dt.day_of_year - 1) / 365
    return years
