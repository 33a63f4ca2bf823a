"""Laws of Chinchilla's form, without progress, as constants."""

from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, loss
from bayes_scaling.law.published import constants


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


HOFFMANN_ROUNDED = ChinchillaLaw(**constants("chinchilla", "hoffmann_rounded"))
HOFFMANN_TEX = ChinchillaLaw(**constants("chinchilla", "hoffmann_tex"))
BESIROGLU = ChinchillaLaw(**constants("chinchilla", "besiroglu"))
STATIC_LAWS = (HOFFMANN_ROUNDED, HOFFMANN_TEX, BESIROGLU)
"""The published laws of this form."""
