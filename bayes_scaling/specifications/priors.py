"""Priors as data: a distribution's name and its parameters, for PyMC and SciPy; defaults are in `parameters.py`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.values import is_number, shown

Support = Literal["real", "positive", "unit"]

_WIDEST_FIRST: tuple[Support, ...] = ("real", "positive", "unit")  # each holds those after it


@dataclass(frozen=True)
class Distribution:
    """What a prior's family is called elsewhere, and what it may be used for."""

    pymc: str
    arguments: tuple[str, ...]
    support: Support
    scipy: str
    scipy_arguments: Callable[..., tuple[float, ...]] = lambda *given: given


DISTRIBUTIONS: Mapping[str, Distribution] = {
    "normal": Distribution("Normal", ("mu", "sigma"), "real", "norm"),
    "laplace": Distribution("Laplace", ("mu", "b"), "real", "laplace"),
    "student_t": Distribution("StudentT", ("nu", "mu", "sigma"), "real", "t"),
    "half_normal": Distribution("HalfNormal", ("sigma",), "positive", "halfnorm", lambda sigma: (0, sigma)),
    "lognormal": Distribution(
        "LogNormal", ("mu", "sigma"), "positive", "lognorm", lambda mu, sigma: (sigma, 0, math.exp(mu))
    ),
    "gamma": Distribution("Gamma", ("alpha", "beta"), "positive", "gamma", lambda alpha, beta: (alpha, 0, 1 / beta)),
    "beta": Distribution("Beta", ("alpha", "beta"), "unit", "beta"),
}
"""Families a specification may name."""

_LOGNORMAL_MU_MAX = 700  # exp(710) is beyond the range of a float, and exp(-746) is 0


@dataclass(frozen=True, init=False, repr=False)
class Prior:
    """A prior distribution of one coefficient.

    Parameters
    ----------
    distribution
        ``"normal"``, ``"laplace"``, ``"student_t"``, ``"half_normal"``, ``"lognormal"``, ``"gamma"`` or ``"beta"``.
    **arguments
        The distribution's own, such as ``mu`` and ``sigma``; of a lognormal those of the logarithm.

    Raises
    ------
    SpecificationError
        If the family, an argument's name or its value is not valid.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> from dataclasses import replace
    >>> print(bs.Prior("normal", mu=0, sigma=1))
    Normal(mu=0, sigma=1)
    >>> own = {"alpha": bs.Prior("lognormal", mu=-1.2, sigma=0.5)}
    >>> print(replace(bs.load_specification("ho2024/07"), name="mine", priors=own).prior_of("alpha"))
    LogNormal(mu=-1.2, sigma=0.5)
    """

    distribution: str
    arguments: tuple[tuple[str, float], ...]
    of: ClassVar[type["Prior"]]
    """The class itself: ``Prior.of("normal", mu=0, sigma=1)``, as it was written at first."""

    def __init__(self, distribution: str, /, **arguments: float) -> None:
        if not isinstance(distribution, str) or distribution not in DISTRIBUTIONS:
            raise SpecificationError(
                f"unknown distribution {shown(distribution)}; valid choices: {', '.join(sorted(DISTRIBUTIONS))}"
            )
        family = DISTRIBUTIONS[distribution]
        if set(arguments) != set(family.arguments):
            raise SpecificationError(
                f"distribution '{distribution}' takes {', '.join(family.arguments)}; "
                f"given: {', '.join(sorted(arguments)) or 'nothing'}"
            )
        for name, value in arguments.items():
            if not is_number(value):
                raise SpecificationError(f"'{name}' of '{distribution}' must be a finite number, not {shown(value)}")
            if name != "mu" and value <= 0:
                raise SpecificationError(f"'{name}' of '{distribution}' must be above 0, not {value}")
        if distribution == "lognormal" and abs(arguments["mu"]) > _LOGNORMAL_MU_MAX:
            raise SpecificationError(
                f"'mu' of 'lognormal' must lie within {_LOGNORMAL_MU_MAX} either side of 0, not {arguments['mu']}: "
                "it is the logarithm of the median"
            )
        object.__setattr__(self, "distribution", distribution)
        object.__setattr__(self, "arguments", tuple((name, float(arguments[name])) for name in family.arguments))

    def __repr__(self) -> str:
        return f"Prior({', '.join([repr(self.distribution), *(f'{name}={each!r}' for name, each in self.arguments)])})"

    def fits(self, support: Support) -> bool:
        """Whether every value of this prior lies in the support that a coefficient needs.

        Parameters
        ----------
        support
            ``"real"``, ``"positive"`` or ``"unit"`` (from 0 to 1).

        Returns
        -------
        bool

        Examples
        --------
        >>> Prior("gamma", alpha=2, beta=1).fits("unit")
        False
        """
        return self.distribution in choices_for(support).split(", ")

    def frozen(self) -> Any:
        """SciPy's frozen distribution, for densities and quantiles.

        Returns
        -------
        scipy.stats frozen distribution

        Examples
        --------
        >>> float(Prior("normal", mu=2, sigma=1).frozen().median())
        2.0
        """
        return _frozen(self)

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value:g}" for name, value in self.arguments)
        return f"{DISTRIBUTIONS[self.distribution].pymc}({inside})"


Prior.of = Prior


@cache
def _frozen(prior: Prior) -> Any:
    """Made once, since SciPy takes a millisecond for it."""
    from scipy import stats  # takes a second to import, and few callers need it

    family = DISTRIBUTIONS[prior.distribution]
    return getattr(stats, family.scipy)(*family.scipy_arguments(*dict(prior.arguments).values()))


def choices_for(support: Support) -> str:
    """Names of the families whose values all lie in ``support``, for messages."""
    valid = _WIDEST_FIRST[_WIDEST_FIRST.index(support) :]
    return ", ".join(sorted(name for name, each in DISTRIBUTIONS.items() if each.support in valid))
