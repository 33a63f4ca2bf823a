"""Language models as points of the law: parameters, unique training tokens, date; and the nine of the paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_DAYS_PER_YEAR = 365.242199
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class System:
    """A language model as a point of the law.

    Parameters
    ----------
    name
        As in tables and legends.
    parameters, tokens
        Counts; tokens are unique ones.
    published
        Date of publication.

    Examples
    --------
    >>> round(System("mine", 7e9, 2e12, date(2023, 7, 18)).year, 2)
    2023.54
    """

    name: str
    parameters: float
    tokens: float
    published: date

    @property
    def year(self) -> float:
        """Decimal year as in the paper's table of these systems: 1970 plus days / 365.242199.

        (Its fits use another: the year plus (day of the year - 1) / 365,
        :func:`bayes_scaling.tables.decimal_year`.)
        """
        return _EPOCH.year + (self.published - _EPOCH).days / _DAYS_PER_YEAR


HO2024_SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (
        System("RNN", 6e6, 9.29e5, date(2012, 12, 1)),
        System("LSTM", 1.1e7, 1.03e8, date(2016, 12, 13)),
        System("Transformer (adaptive input)", 2.47e8, 1.03e8, date(2018, 9, 28)),
        System("Transformer-XL", 2.57e8, 1.03e8, date(2019, 1, 9)),
        System("GPT-2", 1.5e9, 4e9, date(2019, 2, 14)),
        System("Megatron", 8.3e9, 4.64e10, date(2019, 9, 17)),
        System("GPT-3", 1.75e11, 4.99e11, date(2020, 5, 28)),
        System("Gopher", 2.8e11, 3e11, date(2021, 12, 8)),
        System("Chinchilla", 7e10, 1.4e12, date(2022, 3, 29)),
    )
}
"""The nine systems of the Shapley analysis of Ho et al. 2024 (section 3 and its notebook), in order of date."""
