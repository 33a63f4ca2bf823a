"""Published constants and figures, each with its source, as published.toml holds them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("published.toml").read_text(encoding="utf-8"))


def constants(*keys: str) -> dict[str, Any]:
    """A table of published.toml; where the logarithm ``ln_A`` of a constant is published, with ``A`` itself."""
    table: dict[str, Any] = reduce(getitem, keys, _file())
    return {
        name.removeprefix("ln_"): float(np.exp(value)) if name.startswith("ln_") else value
        for name, value in table.items()
    }


@dataclass(frozen=True)
class PublishedDoubling:
    """A published doubling time in months, with its interval if it has one."""

    label: str
    months: float
    lower: float | None
    upper: float | None
    source: str


def months_of_growth(times_a_year: float) -> float:
    """Doubling time in months of what grows by a factor a year: ``12 ln 2 / ln f``."""
    return float(12 * np.log(2) / np.log(times_a_year))


def _doubling(entry: Mapping[str, Any]) -> PublishedDoubling:
    months = 1 if "months" in entry else 12
    if "times_a_year" in entry:
        middle = months_of_growth(entry["times_a_year"])
    else:
        middle = months * entry["months" if months == 1 else "years"]
    lower, upper = (months * end for end in entry["interval"]) if "interval" in entry else (None, None)
    return PublishedDoubling(entry.get("label", "Ho et al. 2024"), middle, lower, upper, entry["source"])


HO2024_ROBUSTNESS: Mapping[str, PublishedDoubling] = {
    name: _doubling(entry) for name, entry in constants("robustness").items()
}
"""Months, by name of the robustness case (:data:`bayes_scaling.studies.robustness.cases.CASES`)."""
HO2024_COMPUTE = HO2024_ROBUSTNESS["baseline"]
TRENDS: Mapping[str, PublishedDoubling] = {name: _doubling(entry) for name, entry in constants("trends").items()}
"""Published doubling (or halving) times in months, by name."""
MOORE = TRENDS["moore"]

_ACCELERATION = constants("acceleration")
HO2024_ACCELERATION = (_ACCELERATION["start"], _ACCELERATION["end"])
"""When training compute grows faster in the figure of Ho et al. 2024, decimal years."""
_USUAL_MONTHS = TRENDS["training_compute"].months


def physical_compute_growth(start: Any, end: Any, acceleration: tuple[float, float] = HO2024_ACCELERATION) -> Any:
    """Growth of the compute of large training runs between two decimal years, times (Ho et al. 2024, figure 4).

    A doubling every 6 months, and every 1.5 within ``acceleration``: from 2014 to 2023 24 doublings, 1.678e7. The
    authors' notebook `section3` prints 1.749e7, since on its grid of 500 dates the year of acceleration is 1.010 years
    long.
    """
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    fast = np.clip(end, *acceleration) - np.clip(start, *acceleration)
    usual = end - start - fast
    return 2 ** (12 * (usual / _USUAL_MONTHS + fast / _ACCELERATION["months"]))


@dataclass(frozen=True)
class PublishedFigure:
    """A published median with its 95% bootstrap interval."""

    label: str
    median: float
    lower: float
    upper: float
    source: str


def _figure(name: str) -> PublishedFigure:
    found = constants("gains", name)
    lower, upper = found["interval"]
    return PublishedFigure(found["label"], found["median"], lower, upper, constants("gains")["source"])


HO2024_TRANSFORMER_GAINS: Mapping[float, PublishedFigure] = {float(flop): _figure(flop) for flop in ("1e22", "1e25")}
"""Compute (FLOP) to the published compute-equivalent gain of the transformer."""
HO2024_TRANSFORMER_LOSS_REDUCTION = _figure("loss_reduction")
"""The published fall in loss with the transformer, percent."""


@dataclass(frozen=True)
class PublishedExponents:
    """One approach's published exponents, ``N* ~ C^a`` and ``D* ~ C^b``, with their intervals."""

    a: float
    a_interval: tuple[float, float]
    b: float
    b_interval: tuple[float, float]
    kind: str
    source: str


def _exponents(approach: int) -> PublishedExponents:
    found, of_all = constants("hoffmann_exponents", str(approach)), constants("hoffmann_exponents")
    return PublishedExponents(
        a=found["a"],
        a_interval=tuple(found["a_interval"]),
        b=found["b"],
        b_interval=tuple(found["b_interval"]),
        kind=of_all["kind"],
        source=of_all["source"].format(approach),
    )


HOFFMANN_EXPONENTS: Mapping[int, PublishedExponents] = {approach: _exponents(approach) for approach in (1, 2, 3)}
"""By approach, as printed: intervals need not hold their points."""

PLAYERS: tuple[str, ...] = tuple(constants("shapley")["players"])
"""To what a fall in loss is attributed: parameters, tokens, and the date in the parameter and in the data term."""
HO2024_SHAPLEY: Mapping[tuple[str, str], tuple[float, ...]] = {
    (start, end): tuple(shares) for start, end, *shares in constants("shapley")["pairs"]
}
"""Pair of systems to the percentages of :data:`PLAYERS`."""


def pair_label(start: str, end: str) -> str:
    """Name of a pair of systems in tables and coordinates."""
    return f"{start} to {end}"


def published_shapley() -> "pd.DataFrame":
    """Shares of 1 of the fall in loss (:data:`HO2024_SHAPLEY`), to 0.001: a row a pair, a column a player."""
    import pandas as pd  # which constants of laws do without

    rows = {pair_label(*pair): shares for pair, shares in HO2024_SHAPLEY.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(PLAYERS)) / 100
    return table.rename_axis(index="pair", columns="player")


HO2024_DELTAS: tuple[float, ...] = tuple(constants("cross_validation")["deltas"])
"""The paper's penalty strengths, squared nats per token for each unit of a coefficient."""
HO2024_CROSS_VALIDATION: Mapping[str, tuple[float, ...]] = {
    name: tuple(errors) for name, errors in constants("cross_validation", "mse").items()
}
"""Specification to mean squared errors of leave-one-out predictions on 184 rows, squared nats per token: one for each
of :data:`HO2024_DELTAS`, rounded to five decimals."""
