"""Published estimates of progress, each with what it measures, as data/published_estimates.toml holds them."""

import math
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bayes_scaling.law.published import constants, months_of_growth

if TYPE_CHECKING:
    import pandas as pd

_FILE = "published_estimates.toml"
_NO_INTERVAL = (math.nan, math.nan)


def published_estimates() -> "pd.DataFrame":
    r"""What others have published on how fast algorithms improve: doubling times and what each of them measures.

    .. math:: T = 12 \ln 2 / \ln f

    Returns
    -------
    DataFrame
        One row an estimate, indexed by a short ``name``. ``source`` and ``year`` of its publication; ``estimand``:
        what is counted and what is held fixed; ``period`` of its data, empty where it is not stated; ``times_a_year``:
        the factor ``f`` a year, NaN where none is stated; ``months``: the doubling time ``T``, NaN where only a range
        is; ``lower``, ``upper`` (months) with their ``probability`` and ``kind``, NaN and empty without an interval (of
        a range of several figures the probability alone is NaN); ``converted``: whether ``T`` is worked out here from
        ``f`` and not stated by the source; ``seen``: where the figures were read.

    Notes
    -----
    What is measured matters more than the digits: figures that include post-training, data or hardware are not those of
    algorithms at a fixed loss, and some hold at one scale only. Sources are named row by row.

    Examples
    --------
    >>> found = published_estimates()
    >>> found.loc["ho2024", ["months", "lower", "upper"]].tolist()
    [8.4, 4.5, 14.3]
    >>> f"{found.loc['nanochat', 'times_a_year']} times a year: {found.loc['nanochat', 'months']:.1f} months"
    '2.5 times a year: 9.1 months'
    """
    import pandas as pd  # which constants of laws do without

    entries = tomllib.loads((files("bayes_scaling") / "data" / _FILE).read_text(encoding="utf-8"))
    rows = {name: _row(constants(*entry["as"]) | entry if "as" in entry else entry) for name, entry in entries.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    factor, converted = entry.get("times_a_year", math.nan), "months" not in entry
    if converted:
        middle = months_of_growth(factor)
        upper, lower = map(months_of_growth, entry.get("times_a_year_interval", _NO_INTERVAL))
    else:
        middle, (lower, upper) = entry["months"], entry.get("interval", _NO_INTERVAL)
    return {
        **{name: entry[name] for name in ("source", "year", "estimand", "period")},
        **{"times_a_year": factor, "months": middle, "lower": lower, "upper": upper},
        "probability": entry.get("probability", math.nan),
        "kind": entry.get("kind", ""),
        "converted": converted,
        "seen": entry["seen"],
    }
