"""From text cells to typed values."""

import numpy as np
import pandas as pd

from bayes_scaling.evaluations.benchmarks import named
from bayes_scaling.evaluations.columns import FLAGS, NUMBERS
from bayes_scaling.tables.reading import with_ids

DATE = "%Y-%m-%d"
FLAG_WORDS = {"0": False, "false": False, "1": True, "true": True}


def typed_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Give every canonical column its type.

    Returns numbers as float64, dates as datetime64, flags as bool (object if some are missing), the rest as text, known
    benchmarks under their names.

    Parameters
    ----------
    cells : DataFrame
        Well-written text cells, missing where empty.

    Examples
    --------
    >>> typed_values(pd.DataFrame({"parameters": ["1e9"], "zero_shot": ["1"]}, dtype="str")).iloc[0].to_dict()
    {'parameters': 1000000000.0, 'zero_shot': True}
    """
    values = cells.copy()
    for column in cells.columns.intersection(list(NUMBERS)):
        values[column] = cells[column].astype("float64")
    for column in cells.columns.intersection(list(FLAGS)):
        values[column] = flags(cells[column])
    if "benchmark" in cells:
        values["benchmark"] = cells["benchmark"].map(named, na_action="ignore")
    if "published" in cells:
        values["published"] = pd.to_datetime(cells["published"], format=DATE)
    return values


def finished_table(cells: pd.DataFrame, name: str) -> pd.DataFrame:
    """Make a faultless table of text cells into a table of evaluations.

    Returns DataFrame: indexed by `id`, with `perplexity` in place of `log_perplexity`; its name and an empty list of
    selections are in `attrs`.

    Parameters
    ----------
    cells : DataFrame
        Text cells in which no fault was found, indexed by the file's row numbers.
    name : str
        The table's name.

    Examples
    --------
    >>> cells = pd.DataFrame({"log_perplexity": ["3.5"]}, index=[2], dtype="str")
    >>> finished_table(cells, "mine").round(3).to_dict("index")
    {'row-0002': {'perplexity': 33.115}}
    """
    values = typed_values(cells)
    if "log_perplexity" in values:
        values["log_perplexity"] = np.exp(values["log_perplexity"])
        values = values.rename(columns={"log_perplexity": "perplexity"})
    return with_ids(values, name)


def flags(cells: pd.Series) -> pd.Series:
    """Read flags: 0 and false, 1 and true, in any case; anything else is missing.

    Returns Series: bool, or object where some are missing.

    Parameters
    ----------
    cells : Series
        Text.

    Examples
    --------
    >>> flags(pd.Series(["0", "True"])).tolist()
    [False, True]
    """
    return cells.str.lower().map(FLAG_WORDS)


def decimal_year(published: pd.Series) -> pd.Series:
    """Turn dates into decimal years as Ho et al. (2024) define them.

    The year plus (day of the year - 1) / 365, in leap years too: the last day of a leap year is the next
    year's first. Published coefficients depend on this definition.

    Parameters
    ----------
    published : Series of datetime64
        Dates.

    Returns
    -------
    Series of float
        Years, with the same index.

    Examples
    --------
    >>> decimal_year(pd.Series(pd.to_datetime(["2021-01-01", "2020-12-31"]))).tolist()
    [2021.0, 2021.0]
    """
    years: pd.Series[float] = published.dt.year + (published.dt.day_of_year - 1) / 365
    return years
