"""Laws of Kaplan et al. 2020. N counts parameters without embeddings; compute is in FLOP here, in PF-days there."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import PETAFLOP_DAY, log_term, loss

_SOURCE = "Kaplan et al. 2020 (arXiv 2001.08361)"


@dataclass(frozen=True)
class KaplanPowerLaw:
    r"""Loss by one factor, where nothing else is scarce.

    .. math:: L(X) = (X_c / X)^{\alpha_X}

    Parameters
    ----------
    exponent
        ``alpha_X``, no unit.
    scale
        ``X_c``, in the unit of the factor: the size at which the loss would be 1 nat per token.
    unit
        Of the factor: parameters, tokens or FLOP.
    source
        Where the numbers come from.
    """

    exponent: float
    scale: float
    unit: str
    source: str = _SOURCE

    def loss(self, size: Any) -> Any:
        """Expected loss, nats per token.

        Examples
        --------
        >>> round(float(KAPLAN_PARAMETERS.loss(1.5e9)), 2)
        2.3
        """
        return loss(0.0, log_term(self.exponent * np.log(self.scale), self.exponent, np.log(size)))


KAPLAN_PARAMETERS = KaplanPowerLaw(0.076, 8.8e13, "parameters", f"{_SOURCE}, eq. 1.1")
KAPLAN_TOKENS = KaplanPowerLaw(0.095, 5.4e13, "tokens", f"{_SOURCE}, eq. 1.2")
KAPLAN_COMPUTE = KaplanPowerLaw(0.050, 3.1e8 * PETAFLOP_DAY, "FLOP", f"{_SOURCE}, eq. 1.3: least compute, C_min")
KAPLAN_NAIVE_COMPUTE = KaplanPowerLaw(
    0.057, 1.6e7 * PETAFLOP_DAY, "FLOP", f"{_SOURCE}, appendix A: compute at one batch size"
)


@dataclass(frozen=True)
class KaplanJointLaw:
    r"""Loss by parameters and tokens.

    .. math:: L(N, D) = \left[\left(\frac{N_c}{N}\right)^{\alpha_N / \alpha_D} + \frac{D_c}{D}\right]^{\alpha_D}

    Parameters
    ----------
    alpha_N, alpha_D
        Exponents, no unit.
    N_c, D_c
        Parameters and tokens.
    source
        Where the numbers come from.

    Notes
    -----
    Source: Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.5 and table 2.
    """

    alpha_N: float
    alpha_D: float
    N_c: float
    D_c: float
    source: str = _SOURCE

    @property
    def bracket(self) -> ChinchillaLaw:
        r""":math:`L^{1 / \alpha_D}`, which has Chinchilla's form: so the split that is best for it is best for L.

        Examples
        --------
        >>> round(KAPLAN_JOINT.bracket.alpha, 4), KAPLAN_JOINT.bracket.beta
        (0.7379, 1.0)
        """
        ratio = self.alpha_N / self.alpha_D
        return ChinchillaLaw(
            E=0.0,
            A=float(self.N_c**ratio),
            B=self.D_c,
            alpha=ratio,
            beta=1.0,
            name="Kaplan et al. 2020, L(N, D) to the power 1 / alpha_D",
            source=self.source,
        )

    def loss(self, parameters: Any, tokens: Any) -> Any:
        """Expected loss, nats per token.

        Examples
        --------
        >>> round(float(KAPLAN_JOINT.loss(1.5e9, 1e10)), 2)
        2.37
        """
        return loss(
            0.0,
            log_term(self.alpha_N * np.log(self.N_c), self.alpha_N, np.log(parameters)),
            log_term(self.alpha_D * np.log(self.D_c), self.alpha_D, np.log(tokens)),
            power=self.alpha_D,
        )


KAPLAN_JOINT = KaplanJointLaw(0.076, 0.103, 6.4e13, 1.8e13, f"{_SOURCE}, table 2")


@dataclass(frozen=True)
class KaplanTrainingLaw:
    r"""Loss by parameters and steps of training at a batch far above the critical one.

    .. math:: L(N, S_\min) = (N_c / N)^{\alpha_N} + (S_c / S_\min)^{\alpha_S}

    Parameters
    ----------
    alpha_N, alpha_S
        Exponents, no unit.
    N_c, S_c
        Parameters and steps.
    source
        Where the numbers come from.

    Notes
    -----
    Source: Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.6 and table 3.
    """

    alpha_N: float
    alpha_S: float
    N_c: float
    S_c: float
    source: str = _SOURCE

    def loss(self, parameters: Any, least_steps: Any) -> Any:
        """Expected loss, nats per token.

        Examples
        --------
        >>> round(float(KAPLAN_TRAINING.loss(1.5e9, 1e5)), 2)
        2.33
        """
        return loss(
            0.0,
            log_term(self.alpha_N * np.log(self.N_c), self.alpha_N, np.log(parameters)),
            log_term(self.alpha_S * np.log(self.S_c), self.alpha_S, np.log(least_steps)),
        )

    @property
    def efficient_excess(self) -> float:
        r"""Loss of a compute-efficient run over that of the same model at convergence: :math:`1 + \alpha_N/\alpha_S`.

        Examples
        --------
        >>> round(KAPLAN_TRAINING.efficient_excess, 2)
        1.1
        """
        return 1 + self.alpha_N / self.alpha_S

    def misallocation(self, size_ratio: Any) -> Any:
        r"""Compute that a loss costs with another size of model than the efficient one, times the least compute.

        .. math::

            \frac{C}{C^*} = \frac{N}{N^*}
            \left[1 + \frac{\alpha_S}{\alpha_N} \left(1 - (N^* / N)^{\alpha_N}\right)\right]^{-1 / \alpha_S}

        Parameters
        ----------
        size_ratio
            ``N / N*``, above 0.

        Returns
        -------
        array
            Times, at least 1; infinite where a model is too small to reach the loss at all.

        Notes
        -----
        Source: Kaplan et al. 2020 (arXiv 2001.08361), appendix B.4.

        Examples
        --------
        Models of 0.6 to 2.2 times the best size cost at most a fifth more (figure 12 of the paper):

        >>> KAPLAN_TRAINING.misallocation([0.6, 1.0, 2.2]).round(2).tolist()
        [1.16, 1.0, 1.2]
        """
        ratio = np.asarray(size_ratio, dtype=float)
        with np.errstate(divide="ignore", over="ignore"):
            steps_power = 1 - self.alpha_S / self.alpha_N * np.expm1(-self.alpha_N * np.log(ratio))
            return ratio * np.maximum(steps_power, 0.0) ** (-1 / self.alpha_S)


KAPLAN_TRAINING = KaplanTrainingLaw(0.077, 0.76, 6.5e13, 2.1e3, f"{_SOURCE}, table 3")


@dataclass(frozen=True)
class KaplanBatch:
    r"""The critical batch size, and what training would have needed far above or far below it.

    .. math:: B_\mathrm{crit}(L) = B_* / L^{1 / \alpha_B}

    Parameters
    ----------
    scale
        ``B_*``, tokens.
    alpha_B
        Exponent, no unit.
    source
        Where the numbers come from.

    Notes
    -----
    Source: Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.4, 5.4 and 5.5.
    """

    scale: float
    alpha_B: float
    source: str = _SOURCE

    def critical(self, loss: Any) -> Any:
        """Critical batch size, tokens, at a loss in nats per token.

        Examples
        --------
        >>> f"{KAPLAN_BATCH.critical(3.0):.2g}"
        '1.1e+06'
        """
        return self.scale / np.asarray(loss, dtype=float) ** (1 / self.alpha_B)

    def least_steps(self, steps: Any, batch: Any, loss: Any) -> Any:
        r"""Steps that a far larger batch would have needed: :math:`S_\min = S / (1 + B_\mathrm{crit} / B)`.

        Parameters
        ----------
        steps
            Taken.
        batch
            Tokens in a batch.
        loss
            Reached, nats per token.

        Examples
        --------
        >>> float(KAPLAN_BATCH.least_steps(1e5, KAPLAN_BATCH.critical(3.0), 3.0))
        50000.0
        """
        return steps / (1 + self.critical(loss) / batch)

    def least_compute(self, compute: Any, batch: Any, loss: Any) -> Any:
        r"""Compute that a far smaller batch would have needed: :math:`C_\min = C / (1 + B / B_\mathrm{crit})`.

        Parameters
        ----------
        compute
            Spent, FLOP.
        batch, loss
            As for :meth:`least_steps`.

        Examples
        --------
        >>> float(KAPLAN_BATCH.least_compute(1e20, KAPLAN_BATCH.critical(3.0), 3.0))
        5e+19
        """
        return compute / (1 + batch / self.critical(loss))


KAPLAN_BATCH = KaplanBatch(2.1e8, 0.21, f"{_SOURCE}, eq. 1.4")


def kaplan_compute_exponent(alpha_N: float = 0.076, alpha_S: float = 0.76, alpha_B: float = 0.21) -> float:
    r"""Exponent of the loss in least compute that follows from those of size, steps and batch.

    .. math:: \alpha_C^\min = \frac{1}{1 / \alpha_S + 1 / \alpha_B + 1 / \alpha_N}

    Parameters
    ----------
    alpha_N, alpha_S, alpha_B
        Exponents; by default those of :data:`KAPLAN_PARAMETERS`, :data:`KAPLAN_TRAINING` and :data:`KAPLAN_BATCH`.

    Notes
    -----
    Source: Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.7. What they fit directly is 0.050 (:data:`KAPLAN_COMPUTE`).

    Examples
    --------
    >>> round(kaplan_compute_exponent(), 4)
    0.052
    """
    return 1 / (1 / alpha_S + 1 / alpha_B + 1 / alpha_N)


@dataclass(frozen=True)
class KaplanRule:
    """A quantity as a power of least compute.

    Parameters
    ----------
    scale
        Its value at one PF-day.
    exponent
        No unit.
    """

    scale: float
    exponent: float

    def __call__(self, compute: Any) -> Any:
        """The quantity at a budget in FLOP."""
        return self.scale * (np.asarray(compute, dtype=float) / PETAFLOP_DAY) ** self.exponent


@dataclass(frozen=True)
class KaplanAllocation:
    r"""Kaplan's rule for spending compute.

    .. math::

        N = 1.3 \cdot 10^9\, C_\min^{0.73}, \quad B = 2.0 \cdot 10^6\, C_\min^{0.24}, \quad
        S_\min = 5.4 \cdot 10^3\, C_\min^{0.03}, \quad D = 2 \cdot 10^{10}\, C_\min^{0.27}

    with compute in PF-days.

    Parameters
    ----------
    parameters, batch, steps, tokens
        Rules for parameters, tokens in a batch, steps, and tokens.
    source
        Where the numbers come from.

    Notes
    -----
    ``tokens`` are those at the critical batch size, which costs twice the least compute, so that
    :math:`6 N D` is not :math:`C_\min` but some 1.8 times it. Source: Kaplan et al. 2020 (arXiv 2001.08361),
    section 6.1 and table 6.

    Examples
    --------
    >>> f"{KAPLAN_ALLOCATION.parameters(PETAFLOP_DAY):.2g}", f"{KAPLAN_ALLOCATION.tokens(PETAFLOP_DAY):.2g}"
    ('1.3e+09', '2e+10')
    """

    parameters: KaplanRule
    batch: KaplanRule
    steps: KaplanRule
    tokens: KaplanRule
    source: str = _SOURCE


KAPLAN_ALLOCATION = KaplanAllocation(
    parameters=KaplanRule(1.3e9, 0.73),
    batch=KaplanRule(2.0e6, 0.24),
    steps=KaplanRule(5.4e3, 0.03),
    tokens=KaplanRule(2e10, 0.27),
    source=f"{_SOURCE}, section 6.1 and table 6",
)
