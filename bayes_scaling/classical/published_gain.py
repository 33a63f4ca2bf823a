"""The published gain of the transformer: a law with a factor for it, and the figures that were printed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_expit

from bayes_scaling.classical.published_law import PublishedLaw
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS
from bayes_scaling.model.structure import Coefficient

if TYPE_CHECKING:
    from bayes_scaling.quantities.laws import Laws


@dataclass(frozen=True)
class PublishedTransformerLaw:
    r"""A published law whose terms are all multiplied by one factor for transformers.

    .. math:: L = [1 - x_T (1 - \sigma(\gamma_T))] \, L_0(N, D, Y)

    with :math:`x_T` 1 for transformers and 0 for other architectures, :math:`\sigma` the logistic function and
    :math:`L_0` a law without irreducible loss.

    Parameters
    ----------
    law
        Of other architectures.
    gamma_T
        Log odds of the factor, no unit.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), eq. 7.

    Examples
    --------
    >>> laws = HO2024_TRANSFORMER_GAIN.as_laws()
    >>> point = {"parameters": 1e9, "tokens": 1e10, "year": 2023}
    >>> transformer, other = (laws.loss(**point, architecture=name) for name in ("transformer", "other"))
    >>> (transformer / other).round(6).item()
    0.951292
    """

    law: PublishedLaw
    gamma_T: float

    @property
    def source(self) -> str:
        """Where the numbers come from."""
        return self.law.source

    def as_laws(self) -> "Laws":
        """This law as the one draw that functions of a posterior take (benchmark ``wt103``).

        Returns
        -------
        Laws
        """
        laws = self.law.as_laws()
        log_factors = {"other": 0.0, "transformer": float(log_expit(self.gamma_T))}
        factor = Coefficient(np.array([[log_factors[level] for level in ARCHITECTURE_LEVELS]]), "architecture")
        return replace(
            laws,
            coefficients=dict(laws.coefficients) | {"log_factor": factor},
            levels={"architecture": ARCHITECTURE_LEVELS},
        )


# Printed at the sample's minima N0 and D0 (`bayes_scaling.model.rows.sample_minima`); restated at sizes of 1.
_ALPHA, _BETA = 0.079008, 0.028882
HO2024_TRANSFORMER_GAIN = PublishedTransformerLaw(
    law=PublishedLaw(
        log_A=0.506028 + _ALPHA * float(np.log(2.0e6)),
        alpha=_ALPHA,
        alpha_year=-0.035037,
        log_B=1.102722 + _BETA * float(np.log(888_000)),
        beta=_BETA,
        beta_year=0.055229,
        base_year=2012.4876712,
        source=(
            "Ho et al. 2024 (arXiv 2403.05812), Table 3: point estimate printed in the authors' notebook `section3` "
            "(delta 0.0025, WikiText-103), with the sample's minima N0 = 2e6, D0 = 888,000, Y0 = 2012.4876712"
        ),
    ),
    gamma_T=2.971978,
)
"""The law with which Ho et al. 2024 found what the transformer was worth, on WikiText-103."""


@dataclass(frozen=True)
class PublishedFigure:
    """A published median with its 95% bootstrap interval."""

    label: str
    median: float
    lower: float
    upper: float
    source: str


_GAIN_SOURCE = "Ho et al. 2024 (arXiv 2403.05812), section 3.2: 95% interval of 100 bootstrap resamples"

HO2024_TRANSFORMER_GAINS: Mapping[float, PublishedFigure] = {
    1e22: PublishedFigure("Gain of the transformer at 1e22 FLOP, times", 6.64, 3.21, 28.19, _GAIN_SOURCE),
    1e25: PublishedFigure("Gain of the transformer at 1e25 FLOP, times", 7.16, 3.27, 45.66, _GAIN_SOURCE),
}
"""Compute (FLOP) to the published compute-equivalent gain of the transformer."""

HO2024_TRANSFORMER_LOSS_REDUCTION = PublishedFigure(
    "Fall in loss with the transformer, percent", 4.60, 2.95, 7.04, _GAIN_SOURCE
)
"""The published fall in loss with the transformer, percent."""
