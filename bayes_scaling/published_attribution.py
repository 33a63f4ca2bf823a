"""The published attribution of falls in loss between pairs of systems, as printed."""

from collections.abc import Mapping

import pandas as pd

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
