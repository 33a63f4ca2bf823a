"""Laws of compute, as of Gundlach et al. 2025: what an architecture is worth grows with the compute of training."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, loss
from bayes_scaling.law.published import constants


@dataclass(frozen=True)
class ComputeLaw:
    """Loss by training compute alone, ``E + k / C^gamma``: nats per token, ``k`` at one FLOP."""

    E: float
    k: float
    gamma: float
    name: str
    source: str = ""

    def loss(self, compute: Any) -> Any:
        """Expected loss, nats per token, at a budget in FLOP."""
        return loss(self.E, log_term(np.log(self.k), self.gamma, np.log(compute)))

    def compute_for(self, reducible_loss: Any) -> Any:
        """FLOP at which the loss is so much above ``E``, nats per token."""
        return np.exp((np.log(self.k) - np.log(reducible_loss)) / self.gamma)


GUNDLACH_LSTM = ComputeLaw(**constants("gundlach", "lstm"))
GUNDLACH_TRANSFORMER = ComputeLaw(**constants("gundlach", "transformer"))
GUNDLACH_MODERN = ComputeLaw(**constants("gundlach", "modern"))
GUNDLACH_SCALE_INVARIANT_GAIN: float = constants("gundlach")["scale_invariant_gain"]
"""Product of the gains of 2012 to 2023 that do not depend on scale, times."""


def gain_between(baseline: ComputeLaw, better: ComputeLaw, compute: Any) -> Any:
    """How many times the compute a baseline needs to reach another law's loss at a budget in FLOP (arXiv 2511.21622).

    :func:`bayes_scaling.quantities.allocation.kaplan_rule_cost` has the part of rebalancing from Kaplan's split
    alone.
    """
    if baseline.E != better.E:
        raise BayesScalingError(
            f"'{baseline.name}' and '{better.name}' have different irreducible losses ({baseline.E:g} and {better.E:g} "
            "nats per token), and this gain compares reducible losses; choose two laws with the same"
        )
    return baseline.compute_for(better.loss(compute) - better.E) / np.asarray(compute, dtype=float)
