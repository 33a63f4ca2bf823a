"""Language models as points of the law: parameters, unique training tokens, date; and the nine of the paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bayes_scaling.law.published import constants

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


HO2024_SYSTEMS: Mapping[str, System] = {row["name"]: System(**row) for row in constants("systems")["rows"]}
"""The nine systems of the Shapley analysis of Ho et al. 2024 (section 3 and its notebook), in order of date."""
