"""Published figures that results are shown beside: doubling times, trends, attribution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class PublishedDoubling:
    """A published doubling time in months, with its interval if it has one."""

    label: str
    months: float
    lower: float | None
    upper: float | None
    source: str


HO2024_COMPUTE = PublishedDoubling(
    "Ho et al. 2024", 8.4, 4.5, 14.3, "Ho et al. 2024 (arXiv 2403.05812), abstract; 95% bootstrap interval"
)
MOORE = PublishedDoubling("Moore's law", 24.0, None, None, "Moore 1975: transistors per chip double every two years")


_LABEL = HO2024_COMPUTE.label
_PAPER = "Ho et al. 2024 (arXiv 2403.05812)"
_BOOTSTRAP = "95% bootstrap interval"
_FIGURE = (
    f"{_PAPER}, read off the figure of the notebook section3, cell 91, to .02 years; its cut is 2017.0, and effective "
    "sizes jump there"
)


def _reported(months: float, lower: float, upper: float, where: str) -> PublishedDoubling:
    return PublishedDoubling(_LABEL, months, lower, upper, f"{_PAPER}, {where}; {_BOOTSTRAP}")


HO2024_ROBUSTNESS: Mapping[str, PublishedDoubling] = {
    "baseline": HO2024_COMPUTE,
    "published-penalty": _reported(8.44, 4.52, 14.27, "model 7 at delta .0025, notebook section3, cell 35"),
    "irreducible": _reported(8.8, 4.2, 18.7, "appendix H"),
    "papers": _reported(8.1, 2.9, 13.8, "appendix I, over all its models rather than model 7 alone"),
    "vocabulary": _reported(8.0, 4.0, 17.1, "appendix E.2.2"),
    "vocabulary-known": _reported(4.11, 1.83, 10.92, "notebook appendices, cell 74, 185 rows"),
    "tokens-seen": _reported(3.5, 1.4, 20.9, "Table 5, tokens seen"),
    "tokens-seen-imputed": _reported(9.1, 4.8, 16.9, "Table 5, tokens seen with imputed epochs"),
    "repetition": _reported(
        9.2, 4.8, 18.1, "Table 5, diminishing returns with imputed epochs, whose scale is fixed at 2.9157"
    ),
    "repetition-known": _reported(5.7, 1.7, 28.0, "Table 5, diminishing returns, whose scale is fixed at 2.9157"),
    "bend-2017-before": PublishedDoubling(_LABEL, 12 * 1.04, None, None, _FIGURE),
    "bend-2017-after": PublishedDoubling(_LABEL, 12 * 0.54, None, None, _FIGURE),
    "jump-2017-before": PublishedDoubling(_LABEL, 12 * 1.04, None, None, _FIGURE),
    "jump-2017-after": PublishedDoubling(_LABEL, 12 * 0.54, None, None, _FIGURE),
    "other-architectures": _reported(
        8.8, -30.6, 34.8, "footnote 9; percentiles of the doubling time itself, whose sign changes where progress stops"
    ),
    "hicks-neutral": PublishedDoubling(
        _LABEL,
        12.0,
        None,
        None,
        f"{_PAPER}, model 12 at its best penalty (.02), read off the figure of the notebook section3, cell 82, "
        "to 1 month",
    ),
}
"""Months, by name of the robustness case (:data:`bayes_scaling.studies.robustness.cases.CASES`)."""


_GPU_SURVEY = 'Hobbhahn and Besiroglu 2022, "Trends in GPU price-performance"; 95% interval'

TRENDS: Mapping[str, PublishedDoubling] = {
    "moore": MOORE,
    "gpu_price_performance": PublishedDoubling(
        "FLOP/s per dollar, all GPUs", 12 * 2.46, 12 * 2.24, 12 * 2.72, _GPU_SURVEY
    ),
    "ml_gpu_price_performance": PublishedDoubling(
        "FLOP/s per dollar, GPUs used in machine learning", 12 * 2.07, 12 * 1.54, 12 * 3.13, _GPU_SURVEY
    ),
    "top_gpu_price_performance": PublishedDoubling(
        "FLOP/s per dollar, top GPUs", 12 * 2.95, 12 * 2.54, 12 * 3.52, _GPU_SURVEY
    ),
    "huang": PublishedDoubling(
        "Huang's law",
        12 * 1.08,
        None,
        None,
        'as quoted in Hobbhahn and Besiroglu 2022, "Trends in GPU price-performance"',
    ),
    "training_compute": PublishedDoubling(
        "Training compute", 6.0, None, None, "Sevilla et al. 2022, as used by Ho et al. 2024 (arXiv 2403.05812)"
    ),
    "training_compute_since_2010": PublishedDoubling(
        "Training compute since 2010", 12 * float(np.log(2) / np.log(4.6)), None, None, "epoch.ai: 4.6 times a year"
    ),
    "vision_algorithms": PublishedDoubling(
        "Algorithms for image classification",
        9.0,
        4.0,
        25.0,
        "Erdil and Besiroglu 2022, as quoted by Ho et al. 2024 (arXiv 2403.05812); 95% interval",
    ),
    "alexnet_efficiency": PublishedDoubling(
        "Compute to reach AlexNet's accuracy", 16.0, None, None, "Hernandez and Brown 2020: 44 times in seven years"
    ),
}
"""Published doubling (or halving) times in months, by name. Those given in years are stated here times 12."""

HO2024_ACCELERATION = (2018.0, 2019.0)
"""When training compute grows faster in the figure of Ho et al. 2024, decimal years."""
_USUAL_MONTHS = TRENDS["training_compute"].months
_ACCELERATED_MONTHS = 1.5


def physical_compute_growth(start: Any, end: Any, acceleration: tuple[float, float] = HO2024_ACCELERATION) -> Any:
    r"""By what factor the compute of large training runs grew between two dates, as Ho et al. 2024 draw it.

    .. math:: 2^{12 (t_\mathrm{usual} / 6 + t_\mathrm{fast} / 1.5)}

    with the years :math:`t` inside and outside 2018, when the largest language models caught up with other domains:
    a doubling every 1.5 months in place of 6.

    Returns float or array: Factor, below 1 where the end is before the start.

    Parameters
    ----------
    start, end
        Decimal years: numbers or arrays that broadcast.
    acceleration
        First and last date of the faster growth.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), figure 4, from 2014 to 2023: 24 doublings, 1.678e7. The authors' notebook
    `section3` prints 1.749e7 instead: it steps through 500 dates and switches at the last one before each new year, so
    its year of acceleration is 1.010 years long (2017.986 to 2018.996). The text says "one million".

    Examples
    --------
    >>> float(physical_compute_growth(2014, 2023)) == 2.0**24
    True
    >>> dates = np.linspace(2014, 2023, 500)
    >>> first, last = dates[dates < 2018][-1], dates[dates < 2019][-1]
    >>> f"{physical_compute_growth(2014, 2023, (first, last)):.3e}"
    '1.749e+07'
    """
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    fast = np.clip(end, *acceleration) - np.clip(start, *acceleration)
    usual = end - start - fast
    return 2 ** (12 * (usual / _USUAL_MONTHS + fast / _ACCELERATED_MONTHS))


PLAYERS = ("parameters", "data", "parameter_efficiency", "data_efficiency")
"""To what a fall in loss is attributed: parameters, tokens, and the date in the parameter and in the data term."""

_ADAPTIVE = "Transformer (adaptive input)"

HO2024_SHAPLEY: Mapping[tuple[str, str], tuple[float, float, float, float]] = {
    ("RNN", "LSTM"): (12.7, 46.5, 4.9, 35.9),
    ("RNN", _ADAPTIVE): (40.8, 26.3, 3.7, 29.2),
    ("RNN", "GPT-2"): (42.9, 32.5, 2.8, 21.8),
    ("RNN", "GPT-3"): (48.6, 32.4, 2.1, 16.8),
    ("RNN", "Gopher"): (48.4, 29.8, 2.5, 19.3),
    ("LSTM", _ADAPTIVE): (79.3, 0.0, 2.7, 18.1),
    ("LSTM", "GPT-2"): (65.8, 21.2, 1.7, 11.3),
    ("LSTM", "GPT-3"): (64.1, 25.2, 1.4, 9.3),
    ("LSTM", "Gopher"): (63.2, 22.3, 1.9, 12.6),
    (_ADAPTIVE, "GPT-2"): (48.7, 46.3, 0.6, 4.3),
    (_ADAPTIVE, "GPT-3"): (56.8, 35.9, 0.8, 6.4),
    (_ADAPTIVE, "Gopher"): (56.1, 31.1, 1.5, 11.3),
    ("GPT-3", "Gopher"): (47.1, -25.8, 8.9, 69.8),
    ("Gopher", "Chinchilla"): (265.4, -137.6, -3.4, -24.4),
}
"""Pair of systems to the percentages of :data:`PLAYERS`, with one decimal. Source: Ho et al. 2024 (arXiv 2403.05812),
Table 1, and the authors' notebook `section3` (the last two pairs are in the notebook only)."""


def pair_label(start: str, end: str) -> str:
    """Name of a pair of systems in tables and coordinates.

    Examples
    --------
    >>> pair_label("RNN", "GPT-3")
    'RNN to GPT-3'
    """
    return f"{start} to {end}"


def published_shapley() -> pd.DataFrame:
    """Shares of the fall in loss as printed in :data:`HO2024_SHAPLEY`.

    Returns one row a pair, one column a player; shares of 1, rounded to 0.001.

    Examples
    --------
    >>> published_shapley().loc["RNN to GPT-3"].round(3).to_dict()
    {'parameters': 0.486, 'data': 0.324, 'parameter_efficiency': 0.021, 'data_efficiency': 0.168}
    """
    rows = {pair_label(*pair): shares for pair, shares in HO2024_SHAPLEY.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(PLAYERS)) / 100
    return table.rename_axis(index="pair", columns="player")
