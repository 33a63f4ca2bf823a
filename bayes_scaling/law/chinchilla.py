r"""Laws without progress, as constants: what was published on compute-optimal training, by name.

.. math:: L = E + A / N^\alpha + B / D^\beta

The laws of Kaplan, Muennighoff and Gundlach, whose form differs, are in :mod:`bayes_scaling.published_static`.
"""

from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, loss


@dataclass(frozen=True)
class ChinchillaLaw:
    r"""Loss of a model by its parameters and training tokens, at any date and on the table it was fitted to.

    .. math:: L = E + A / N^\alpha + B / D^\beta

    Parameters
    ----------
    E
        Irreducible loss, nats per token, 0 or more.
    A, B
        Coefficients of parameters and of tokens, nats per token at a size of 1, above 0.
    alpha, beta
        Exponents, no unit.
    name
        Short name, as in tables and legends.
    source
        Where the numbers come from.

    Raises
    ------
    BayesScalingError
        If a constant is not a finite number, ``A`` or ``B`` not above 0, or ``E`` below 0.

    Notes
    -----
    Source of the form: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 2.

    Examples
    --------
    >>> mine = ChinchillaLaw(E=1.8, A=400.0, B=2000.0, alpha=0.34, beta=0.36, name="mine")
    >>> round(float(mine.loss(parameters=7e10, tokens=1.4e12)), 3)
    1.967
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    name: str = "static law"
    source: str = ""

    def __post_init__(self) -> None:
        for constant in ("E", "A", "B", "alpha", "beta"):
            value = getattr(self, constant)
            if not isinstance(value, Real) or not isfinite(value):
                raise BayesScalingError(f"{constant} of '{self.name}' must be a finite number, not {value!r}")
        for constant in ("A", "B"):
            if getattr(self, constant) <= 0:
                raise BayesScalingError(f"{constant} of '{self.name}' must be above 0, not {getattr(self, constant):g}")
        if self.E < 0:
            raise BayesScalingError(f"E of '{self.name}' must be 0 or more nats per token, not {self.E:g}")

    def loss(self, parameters: Any, tokens: Any) -> Any:
        """Expected loss, nats per token.

        Parameters
        ----------
        parameters, tokens
            Counts that broadcast; tokens are passed over once.

        Returns
        -------
        array
            Broadcast of the arguments.

        Examples
        --------
        GPT-3's parameters and tokens, as in appendix B of Ho et al. 2024 (3e23 FLOP, 300 billion tokens):

        >>> round(float(HOFFMANN_ROUNDED.loss(parameters=3e23 / 6 / 3e11, tokens=3e11)), 7)
        2.0033106
        """
        return loss(
            self.E,
            log_term(np.log(self.A), self.alpha, np.log(parameters)),
            log_term(np.log(self.B), self.beta, np.log(tokens)),
        )


HOFFMANN_ROUNDED = ChinchillaLaw(
    E=1.69,
    A=406.4,
    B=410.7,
    alpha=0.34,
    beta=0.28,
    name="Hoffmann et al. 2022, rounded",
    source="Hoffmann et al. 2022 (arXiv 2203.15556), approach 3, eq. 10: the rounded constants of the text",
)

HOFFMANN_TEX = ChinchillaLaw(
    E=float(np.exp(0.5267228)),
    A=float(np.exp(6.0073404)),
    B=float(np.exp(6.0179186)),
    alpha=0.33917084,
    beta=0.2849083,
    name="Hoffmann et al. 2022, from the TeX source",
    source=(
        "Hoffmann et al. 2022 (arXiv 2203.15556), approach 3: the digits in the paper's TeX source "
        "(ln A 6.0073404, ln B 6.0179186, ln E 0.5267228), as quoted in Besiroglu et al. 2024 (arXiv 2404.10102)"
    ),
)

BESIROGLU = ChinchillaLaw(
    E=1.8172,
    A=482.01,
    B=2085.43,
    alpha=0.34781,
    beta=0.36585,
    name="Besiroglu et al. 2024",
    source=(
        "Besiroglu et al. 2024 (arXiv 2404.10102): approach 3 fitted again to 240 points digitised from figure 4 of "
        "Hoffmann et al. 2022; E as in the text (their notebook has 1.8169)"
    ),
)

STATIC_LAWS = (HOFFMANN_ROUNDED, HOFFMANN_TEX, BESIROGLU)
"""The published laws of this form."""
