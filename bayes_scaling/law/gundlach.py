"""Laws of compute, as of Gundlach et al. 2025: what an architecture is worth grows with the compute of training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, loss


@dataclass(frozen=True)
class ComputeLaw:
    r"""Loss by training compute alone.

    .. math:: L = E + k / C^\gamma

    Parameters
    ----------
    E
        Irreducible loss, nats per token.
    k
        Reducible loss at one FLOP, nats per token, above 0.
    gamma
        Exponent, no unit, above 0.
    name
        Short name, as in tables and legends.
    source
        Where the numbers come from.

    Examples
    --------
    >>> round(float(ComputeLaw(E=1.9, k=81.7, gamma=0.091, name="made").loss(1e20)), 3)
    3.137
    """

    E: float
    k: float
    gamma: float
    name: str
    source: str = ""

    def loss(self, compute: Any) -> Any:
        """Expected loss, nats per token, at a budget in FLOP."""
        return loss(self.E, log_term(np.log(self.k), self.gamma, np.log(compute)))

    def compute_for(self, reducible_loss: Any) -> Any:
        r"""FLOP at which the loss is so much above ``E``, nats per token.

        .. math:: C = \left(k / (L - E)\right)^{1 / \gamma}

        Examples
        --------
        >>> law = ComputeLaw(E=1.9, k=81.7, gamma=0.091, name="made")
        >>> f"{law.compute_for(law.loss(1e20) - 1.9):.4g}"
        '1e+20'
        """
        return np.exp((np.log(self.k) - np.log(reducible_loss)) / self.gamma)


_SOURCE = "Gundlach et al. 2025 (arXiv 2511.21622), fits to optimally scaled runs; reducible loss above 1.9 nats"

GUNDLACH_LSTM = ComputeLaw(E=1.9, k=36.3, gamma=0.065, name="LSTM (Gundlach et al. 2025)", source=_SOURCE)
GUNDLACH_TRANSFORMER = ComputeLaw(
    E=1.9, k=81.7, gamma=0.091, name="Transformer of 2017 (Gundlach et al. 2025)", source=_SOURCE
)
GUNDLACH_MODERN = ComputeLaw(
    E=1.9, k=88.0, gamma=0.094, name="Modern transformer (Gundlach et al. 2025)", source=_SOURCE
)

GUNDLACH_SCALE_INVARIANT_GAIN = 2.57
"""Product of the gains of 2012 to 2023 that do not depend on scale, times (Gundlach et al. 2025)."""


def gain_between(baseline: ComputeLaw, better: ComputeLaw, compute: Any) -> Any:
    r"""How many times the compute a baseline needs to reach the loss of another law.

    .. math:: \mathrm{gain} = C' / C, \qquad L_\mathrm{baseline}(C') = L_\mathrm{better}(C)

    Parameters
    ----------
    baseline, better
        Laws with the same irreducible loss.
    compute
        Budget of the better one, FLOP.

    Returns
    -------
    array
        Times; a power of compute with exponent ``better.gamma / baseline.gamma - 1``.

    Raises
    ------
    BayesScalingError
        If the irreducible losses differ.

    Notes
    -----
    Source: Gundlach et al. 2025 (arXiv 2511.21622). The rebalancing from Kaplan's split of compute to Chinchilla's is
    part of this gain where the baseline's runs were split as Kaplan would have;
    :func:`bayes_scaling.quantities.kaplan_split.kaplan_rule_cost` has it alone.

    Examples
    --------
    >>> round(float(gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, 1e22)), -2)
    2400.0
    """
    if baseline.E != better.E:
        raise BayesScalingError(
            f"'{baseline.name}' and '{better.name}' have different irreducible losses ({baseline.E:g} and {better.E:g} "
            "nats per token), and this gain compares reducible losses; choose two laws with the same"
        )
    return baseline.compute_for(better.loss(compute) - better.E) / np.asarray(compute, dtype=float)
