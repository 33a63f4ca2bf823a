"""Data-constrained scaling of Muennighoff et al. 2023: what repeated tokens and excess parameters are worth."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import effective_epochs, log_term


@dataclass(frozen=True)
class DataConstrainedLaw:
    r"""Loss of a model trained for several epochs on a limited number of unique tokens.

    .. math::

        L = E + A / N'^\alpha + B / D'^\beta, \quad
        D' = U_D \left[1 + R^*_D (1 - e^{-R_D / R^*_D})\right], \quad
        N' = U_N \left[1 + R^*_N (1 - e^{-R_N / R^*_N})\right]

    with :math:`R_D = D / U_D - 1` repetitions of :math:`U_D` unique tokens, :math:`R_N = N / U_N - 1` and
    :math:`U_N` the parameters that are best for the unique tokens, or ``N`` if there are fewer.

    Parameters
    ----------
    base
        The law of fresh tokens.
    R_D, R_N
        ``R*_D`` and ``R*_N``: repetitions, and excess of parameters, after which most of the worth is gone; no unit.
    name
        Short name, as in tables and legends.
    source
        Where the numbers come from.

    Notes
    -----
    Functions of a law's draws take ``base``; they count tokens as fresh. Source: Muennighoff et al. 2023 (arXiv
    2305.16264), eq. 5-7 and appendix A. The worth of repetition is :func:`bayes_scaling.law.formula.effective_epochs`.
    """

    base: ChinchillaLaw
    R_D: float
    R_N: float
    name: str
    source: str = ""

    def effective_tokens(self, tokens: Any, unique_tokens: Any) -> Any:
        """``D'``: fresh tokens that training tokens are worth.

        Parameters
        ----------
        tokens
            Seen in training, repeats counted.
        unique_tokens
            In the corpus; of these no more than ``tokens`` are seen.

        Examples
        --------
        >>> round(float(MUENNIGHOFF.effective_tokens(tokens=4e9, unique_tokens=1e9)) / 1e9, 3)
        3.726
        """
        unique = np.minimum(unique_tokens, tokens)
        return unique * effective_epochs(tokens / unique, self.R_D)

    def best_parameters(self, unique_tokens: Any) -> Any:
        r"""Parameters for which fresh tokens are the best number of tokens.

        .. math:: N = G (G D)^{\beta / \alpha}, \quad \text{where} \quad \alpha A / N^\alpha = \beta B / D^\beta

        Examples
        --------
        >>> f"{MUENNIGHOFF.best_parameters(1e11):.2g}"
        '5.1e+09'
        """
        base = self.base
        data = log_term(np.log(base.B), base.beta, np.log(unique_tokens))
        return np.exp((np.log(base.alpha / base.beta) + np.log(base.A) - data) / base.alpha)

    def effective_parameters(self, parameters: Any, unique_tokens: Any) -> Any:
        """``N'``: parameters without those in excess of what the unique tokens can use.

        Examples
        --------
        >>> float(MUENNIGHOFF.effective_parameters(parameters=1e9, unique_tokens=1e11))
        1000000000.0
        """
        used = np.minimum(parameters, self.best_parameters(unique_tokens))
        return used * effective_epochs(parameters / used, self.R_N)

    def loss(self, parameters: Any, tokens: Any, unique_tokens: Any) -> Any:
        """Expected loss, nats per token.

        Parameters
        ----------
        parameters
            Count.
        tokens
            Seen in training, repeats counted.
        unique_tokens
            In the corpus; of these no more than ``tokens`` are seen.

        Examples
        --------
        Four epochs of 25 billion tokens, and 100 billion fresh ones:

        >>> [round(float(MUENNIGHOFF.loss(4e9, 1e11, unique)), 3) for unique in (2.5e10, 1e11)]
        [2.295, 2.28]
        """
        unique = np.minimum(unique_tokens, tokens)
        return self.base.loss(self.effective_parameters(parameters, unique), self.effective_tokens(tokens, unique))


_SOURCE = "Muennighoff et al. 2023 (arXiv 2305.16264), appendix A: 182 runs, at the published code's full precision"

MUENNIGHOFF = DataConstrainedLaw(
    base=ChinchillaLaw(
        E=float(np.exp(0.6254804)),
        A=float(np.exp(6.255414)),
        B=float(np.exp(7.3049974)),
        alpha=0.3526596,
        beta=0.3526596,
        name="Muennighoff et al. 2023, fresh tokens",
        source=_SOURCE,
    ),
    R_D=15.387756,
    R_N=5.309743,
    name="Muennighoff et al. 2023",
    source=_SOURCE,
)
