"""Laws of Kaplan et al. 2020 (arXiv 2001.08361). N counts parameters without embeddings; compute is in FLOP here."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import PETAFLOP_DAY, log_term, loss
from bayes_scaling.law.published import constants


@dataclass(frozen=True)
class KaplanPowerLaw:
    """Loss by one factor, where nothing else is scarce: ``(scale / size)^exponent``, sizes in ``unit``."""

    exponent: float
    scale: float
    unit: str
    source: str

    def loss(self, size: Any) -> Any:
        """Expected loss, nats per token."""
        return loss(0.0, log_term(self.exponent * np.log(self.scale), self.exponent, np.log(size)))


def _of_compute(name: str) -> KaplanPowerLaw:
    found = constants("kaplan", name)
    return KaplanPowerLaw(found["exponent"], found["pf_days"] * PETAFLOP_DAY, "FLOP", found["source"])


KAPLAN_PARAMETERS = KaplanPowerLaw(**constants("kaplan", "parameters"))
KAPLAN_TOKENS = KaplanPowerLaw(**constants("kaplan", "tokens"))
KAPLAN_COMPUTE, KAPLAN_NAIVE_COMPUTE = _of_compute("compute"), _of_compute("naive_compute")


@dataclass(frozen=True)
class KaplanJointLaw:
    """Loss by parameters and tokens, ``((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D`` (eq. 1.5)."""

    alpha_N: float
    alpha_D: float
    N_c: float
    D_c: float
    source: str

    @property
    def bracket(self) -> ChinchillaLaw:
        """``L^(1 / alpha_D)``, which has Chinchilla's form: so the split that is best for it is best for L."""
        ratio = self.alpha_N / self.alpha_D
        name = "Kaplan et al. 2020, L(N, D) to the power 1 / alpha_D"
        return ChinchillaLaw(0.0, float(self.N_c**ratio), self.D_c, ratio, 1.0, name=name, source=self.source)

    def loss(self, parameters: Any, tokens: Any) -> Any:
        """Expected loss, nats per token."""
        return loss(
            0.0,
            log_term(self.alpha_N * np.log(self.N_c), self.alpha_N, np.log(parameters)),
            log_term(self.alpha_D * np.log(self.D_c), self.alpha_D, np.log(tokens)),
            power=self.alpha_D,
        )


KAPLAN_JOINT = KaplanJointLaw(**constants("kaplan", "joint"))


@dataclass(frozen=True)
class KaplanTrainingLaw:
    """Loss by parameters and steps at large batches, ``(N_c / N)^alpha_N + (S_c / S)^alpha_S`` (1.6)."""

    alpha_N: float
    alpha_S: float
    N_c: float
    S_c: float
    source: str

    def loss(self, parameters: Any, least_steps: Any) -> Any:
        """Expected loss, nats per token."""
        return loss(
            0.0,
            log_term(self.alpha_N * np.log(self.N_c), self.alpha_N, np.log(parameters)),
            log_term(self.alpha_S * np.log(self.S_c), self.alpha_S, np.log(least_steps)),
        )

    @property
    def efficient_excess(self) -> float:
        """Loss of a compute-efficient run over that of the same model at convergence: ``1 + alpha_N / alpha_S``."""
        return 1 + self.alpha_N / self.alpha_S

    def misallocation(self, size_ratio: Any) -> Any:
        r"""Times the least compute that a loss costs with a model ``N / N*`` as large as the efficient one (B.4).

        .. math::

            \frac{C}{C^*} = \frac{N}{N^*}
            \left[1 + \frac{\alpha_S}{\alpha_N} \left(1 - (N^* / N)^{\alpha_N}\right)\right]^{-1 / \alpha_S}

        Infinite where a model is too small to reach the loss at all.
        """
        ratio = np.asarray(size_ratio, dtype=float)
        with np.errstate(divide="ignore", over="ignore"):
            steps_power = 1 - self.alpha_S / self.alpha_N * np.expm1(-self.alpha_N * np.log(ratio))
            return ratio * np.maximum(steps_power, 0.0) ** (-1 / self.alpha_S)


KAPLAN_TRAINING = KaplanTrainingLaw(**constants("kaplan", "training"))


@dataclass(frozen=True)
class KaplanBatch:
    """The critical batch size, ``scale / L^(1 / alpha_B)`` tokens, and what training needs far from it (1.4, 5.4-5)."""

    scale: float
    alpha_B: float
    source: str

    def critical(self, loss: Any) -> Any:
        """Critical batch size, tokens, at a loss in nats per token."""
        return self.scale / np.asarray(loss, dtype=float) ** (1 / self.alpha_B)

    def least_steps(self, steps: Any, batch: Any, loss: Any) -> Any:
        """Steps that a far larger batch than one of so many tokens would have needed to reach the loss."""
        return steps / (1 + self.critical(loss) / batch)

    def least_compute(self, compute: Any, batch: Any, loss: Any) -> Any:
        """FLOP that a far smaller batch would have needed to reach the loss."""
        return compute / (1 + batch / self.critical(loss))


KAPLAN_BATCH = KaplanBatch(**constants("kaplan", "batch"))


def kaplan_compute_exponent(
    alpha_N: float = KAPLAN_PARAMETERS.exponent,
    alpha_S: float = KAPLAN_TRAINING.alpha_S,
    alpha_B: float = KAPLAN_BATCH.alpha_B,
) -> float:
    """Exponent of the loss in least compute that follows from others (eq. 1.7); fitted directly it is 0.050."""
    return 1 / (1 / alpha_S + 1 / alpha_B + 1 / alpha_N)


@dataclass(frozen=True)
class KaplanRule:
    """A quantity as a power of least compute; ``scale`` is its value at one PF-day."""

    scale: float
    exponent: float

    def __call__(self, compute: Any) -> Any:
        """The quantity at a budget in FLOP."""
        return self.scale * (np.asarray(compute, dtype=float) / PETAFLOP_DAY) ** self.exponent


@dataclass(frozen=True)
class KaplanAllocation:
    """Kaplan's rule for spending compute: parameters, tokens in a batch, steps and tokens.

    ``tokens`` are those at the critical batch size, which costs twice the least compute, so that ``6 N D`` is not the
    least compute but some 1.8 times it.
    """

    parameters: KaplanRule
    batch: KaplanRule
    steps: KaplanRule
    tokens: KaplanRule
    source: str


_RULES = constants("kaplan", "allocation")
KAPLAN_ALLOCATION = KaplanAllocation(
    **{name: KaplanRule(**_RULES[name]) for name in ("parameters", "batch", "steps", "tokens")}, source=_RULES["source"]
)
