"""The one rule by which a quantity is called decided by the data, shared, or by the prior."""

import math
from dataclasses import dataclass
from typing import Literal

from bayes_scaling.quantities.coefficients import CONTRACTION_MIN

Verdict = Literal["by the data", "shared", "by the prior"]
VERDICTS: tuple[Verdict, ...] = ("by the data", "shared", "by the prior")
"""In the order of tables and sentences."""
BY_THE_PRIOR = VERDICTS[-1]

CONTRACTION_OF_DATA = 0.5
"""Interval half as wide as the prior's: were both normal, the data would have 3 times the prior's precision, and the
posterior mean would be three quarters theirs."""
CONTRACTION_OF_PRIOR = 1 - math.sqrt(0.5)
"""Interval 29% narrower than the prior's: were both normal, data and prior would have the same precision."""
SENSITIVITY = 0.05
"""Threshold of Kallioinen et al. 2024 (doi 10.1007/s11222-023-10366-5, section 3.1): near what a shift of the posterior
mean by 0.3 standard deviations for each doubling of the power gives."""
PRIOR_TO_LIKELIHOOD = 0.5
"""A prior that moves a posterior half as much as the data do has a say. On ``ho2024/07``, where they are 0.045 and
0.047 of ``g_C``, its 95% interval by profile likelihood, without priors, is 1.8 times as wide as the posterior's."""


@dataclass(frozen=True)
class Rule:
    """Thresholds of a verdict.

    Parameters
    ----------
    nothing, little, enough
        Contraction below which the interval is the prior's; below which it is narrower, but the prior has the greater
        weight; and from which the data may be said to decide.
    sensitivity
        Power-scaling sensitivity from which a posterior moves with what is scaled.
    ratio
        Part of the sensitivity to the likelihood from which a prior has a say, too.

    Examples
    --------
    >>> rule = Rule()
    >>> rule.verdict(0.9, prior=0.01, likelihood=0.1), rule.verdict(0.9, prior=0.06, likelihood=0.1)
    ('by the data', 'shared')
    >>> rule.verdict(0.05, prior=0.01, likelihood=0.1), rule.verdict(0.2, prior=0.2, likelihood=0.01)
    ('by the prior', 'by the prior')
    """

    nothing: float = CONTRACTION_MIN
    little: float = CONTRACTION_OF_PRIOR
    enough: float = CONTRACTION_OF_DATA
    sensitivity: float = SENSITIVITY
    ratio: float = PRIOR_TO_LIKELIHOOD

    def verdict(self, contraction: float, *, prior: float, likelihood: float) -> Verdict:
        """Verdict on one quantity.

        Returns str: ``"by the prior"`` if the interval is nearly the prior's, or little narrower where the posterior
        moves with the prior and not with the likelihood; ``"by the data"`` if the interval is at most half the prior's
        and the posterior moves neither much nor half as much with the prior as with the likelihood; else ``"shared"``.

        Parameters
        ----------
        contraction
            By how much its interval is narrower than its prior's; NaN where the prior has no width of its own, and
            then only sensitivities count.
        prior, likelihood
            Power-scaling sensitivities: to the prior of any one parameter or of all together, and to the likelihood.
        """
        moves = prior >= self.sensitivity
        unknown = math.isnan(contraction)
        wide = unknown or contraction < self.little
        if contraction < self.nothing or (wide and moves and likelihood < self.sensitivity):
            return BY_THE_PRIOR
        narrow = unknown or contraction >= self.enough
        return "by the data" if narrow and not moves and prior < self.ratio * likelihood else "shared"

    @property
    def words(self) -> str:
        """The rule as a sentence.

        Examples
        --------
        >>> print(Rule().words)
        by the data: interval at least 50% narrower than the prior's, and sensitivity to any prior below 0.05 and below
        50% of that to the data; by the prior: interval less than 10% narrower, or less than 29% and sensitive to a
        prior but not to the data; shared: the rest
        """
        return (
            f"by the data: interval at least {self.enough:.0%} narrower than the prior's, and sensitivity to any prior "
            f"below {self.sensitivity:g} and below {self.ratio:.0%} of that to the data; by the prior: interval less "
            f"than {self.nothing:.0%} narrower, or less than {self.little:.0%} and sensitive to a prior but not to the "
            "data; shared: the rest"
        )
