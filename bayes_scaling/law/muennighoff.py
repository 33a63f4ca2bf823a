"""Data-constrained scaling of Muennighoff et al. 2023: what repeated tokens and excess parameters are worth."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import effective_epochs, log_term
from bayes_scaling.law.published import constants


@dataclass(frozen=True)
class DataConstrainedLaw:
    r"""Loss of a model trained for several epochs on ``U_D`` unique tokens (arXiv 2305.16264, eq. 5-7, appendix A).

    .. math::

        L = E + A / N'^\alpha + B / D'^\beta, \quad
        D' = U_D \left[1 + R^*_D (1 - e^{-R_D / R^*_D})\right], \quad
        N' = U_N \left[1 + R^*_N (1 - e^{-R_N / R^*_N})\right]

    with :math:`R_D = D / U_D - 1` repetitions, :math:`R_N = N / U_N - 1` and :math:`U_N` the parameters that are best
    for the unique tokens, or ``N`` if there are fewer. ``R_D``, ``R_N`` are the starred ones, after which most of the
    worth is gone. Functions of a law's draws take ``base``, the law of fresh tokens.
    """

    base: ChinchillaLaw
    R_D: float
    R_N: float
    name: str
    source: str = ""

    def effective_tokens(self, tokens: Any, unique_tokens: Any) -> Any:
        """``D'``: fresh tokens that training tokens (repeats counted) are worth."""
        unique = np.minimum(unique_tokens, tokens)
        return unique * effective_epochs(tokens / unique, self.R_D)

    def best_parameters(self, unique_tokens: Any) -> Any:
        r"""Parameters for which fresh tokens are the best number, where ``alpha A / N^alpha = beta B / D^beta``."""
        base = self.base
        data = log_term(np.log(base.B), base.beta, np.log(unique_tokens))
        return np.exp((np.log(base.alpha / base.beta) + np.log(base.A) - data) / base.alpha)

    def effective_parameters(self, parameters: Any, unique_tokens: Any) -> Any:
        """``N'``: parameters without those in excess of what the unique tokens can use."""
        used = np.minimum(parameters, self.best_parameters(unique_tokens))
        return used * effective_epochs(parameters / used, self.R_N)

    def loss(self, parameters: Any, tokens: Any, unique_tokens: Any) -> Any:
        """Expected loss, nats per token; of the unique tokens no more than ``tokens`` are seen."""
        unique = np.minimum(unique_tokens, tokens)
        return self.base.loss(self.effective_parameters(parameters, unique), self.effective_tokens(tokens, unique))


MUENNIGHOFF = DataConstrainedLaw(
    **constants("muennighoff") | {"base": ChinchillaLaw(**constants("muennighoff", "base"))}
)
