r"""The published law as constants: what anyone can compute without a table of evaluations.

.. math:: L = e^{a - \alpha_\mathrm{year}(Y - Y_1) - \alpha \ln N} + e^{b - \beta_\mathrm{year}(Y - Y_1) - \beta \ln D}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.classical.progress import doubling_table, rate_table
from bayes_scaling.law import log_term, loss
from bayes_scaling.model.structure import Coefficient

_DAYS_PER_YEAR = 365.242199
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class PublishedLaw:
    """Published coefficients on one benchmark, at sizes of 1 and the date ``base_year``.

    Parameters
    ----------
    log_A, log_B
        Constants of the parameter and the data term, log nats per token.
    alpha, beta
        Exponents, no unit.
    alpha_year, beta_year
        What a year takes off each term's logarithm, per year.
    base_year
        Decimal year where year terms are 0.
    source
        Where the numbers come from.
    """

    log_A: float
    alpha: float
    alpha_year: float
    log_B: float
    beta: float
    beta_year: float
    base_year: float
    source: str

    @property
    def rates(self) -> Mapping[str, Mapping[str, float]]:
        """``g_N``, ``g_D``, ``g_C``, log units per year, at the level ``"all"``."""
        names = ("log_A", "alpha", "alpha_year", "log_B", "beta", "beta_year")
        return rate_table({name: Coefficient(getattr(self, name)) for name in names}, {})

    def doubling_times(self, unit: str = "months") -> pd.DataFrame:
        """Doubling times of parameters, data and compute; one column, ``"all"``.

        Examples
        --------
        >>> HO2024_MODEL_7.doubling_times("years").round(2)["all"].to_dict()
        {'parameters': 11.97, 'data': 0.77, 'compute': 0.72}
        """
        return doubling_table(self.rates, unit)


HO2024_MODEL_7 = PublishedLaw(
    log_A=1.900575,
    alpha=0.067982,
    alpha_year=0.003938,
    log_B=1.331447,
    beta=0.039587,
    beta_year=0.035620,
    base_year=2012.0,
    source=(
        "Ho et al. 2024 (arXiv 2403.05812), model 7, delta 0.0025, WikiText-103: slopes as printed in the authors' "
        "notebook `section3`, constants solved from the nine losses printed there (residuals up to 0.0004)"
    ),
)


@dataclass(frozen=True)
class System:
    """A language model as the paper's Shapley analysis has it: parameters, unique training tokens, date."""

    name: str
    parameters: float
    tokens: float
    published: date

    @property
    def year(self) -> float:
        """Decimal year as in the paper's table of these systems: 1970 plus days / 365.242199.

        (Its fits use another: the year plus (day of the year - 1) / 365,
        :func:`bayes_scaling.evaluations.decimal_year`.)
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
"""The nine systems of the paper's Shapley analysis (section 3 and its notebook), in order of date."""


def published_loss(parameters: Any, tokens: Any, year: Any, point: PublishedLaw = HO2024_MODEL_7) -> Any:
    r"""Loss that a published law expects, nats per token.

    .. math:: L = e^{a - \alpha_\mathrm{year}(Y - Y_1) - \alpha \ln N}
        + e^{b - \beta_\mathrm{year}(Y - Y_1) - \beta \ln D}

    Parameters
    ----------
    parameters, tokens
        Counts.
    year
        Decimal year of publication.
    point
        The law's constants.

    Returns
    -------
    array
        Broadcast of the arguments.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), eq. 8.

    Examples
    --------
    >>> gpt3 = HO2024_SYSTEMS["GPT-3"]
    >>> round(float(published_loss(gpt3.parameters, gpt3.tokens, gpt3.year)), 3)
    2.08
    """
    years = np.asarray(year) - point.base_year
    return loss(
        0.0,
        log_term(point.log_A, point.alpha, np.log(parameters), point.alpha_year * years),
        log_term(point.log_B, point.beta, np.log(tokens), point.beta_year * years),
    )
