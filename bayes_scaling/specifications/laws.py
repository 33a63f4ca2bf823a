r"""The laws that a specification may name: of which sizes, in which order, and what they are laws of.

.. math:: y = E + \Bigl(\sum_i t_i^{1/p}\Bigr)^p, \qquad t_1 = A / x_1^{\alpha}, \quad t_2 = B / x_2^{\beta}

with ``p = 1`` in all laws but Kaplan's joint one. What follows from a law's terms loops over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class Term:
    """One power-law term of a law, by what it is a power law of.

    ``size``: its name, in columns and covariates; ``symbol``: in equations; ``noun``: in sentences; ``unit``: one of
    them. ``scale``, ``scale_unit``: Kaplan's name of the size at which a term alone would be 1 nat
    per token. ``rate``, ``factor``: rate of progress that makes the size effective, if it has one, and the key of it in
    ``[progress]``. ``column``: of a table of runs that has it, where it is neither ``parameters`` nor ``tokens``.
    """

    size: str
    coefficient: str
    exponent: str
    symbol: str
    noun: str
    unit: str
    scale: str
    scale_unit: str
    rate: str = ""
    factor: str = ""
    column: str = ""


_ALL = (
    Term("parameters", "A", "alpha", "N", "parameters", "parameter", "N_c", "parameters", "g_N", "parameters"),
    Term("tokens", "B", "beta", "D", "tokens", "token", "D_c", "tokens", "g_D", "data"),
    Term("compute", "A", "alpha", "C", "compute", "FLOP", "C_c", "FLOP", "g_C", "compute", column="flop"),
    Term("least_steps", "B", "beta", "S_min", "least steps", "step", "S_c", "steps", column="least_steps"),
    # B_* is the critical batch size itself at a loss of 1, so it stands in the place of A.
    Term("loss", "A", "alpha", "L", "loss", "nat per token", "B_star", "tokens", column="loss"),
)
SIZES: Mapping[str, Term] = {term.size: term for term in _ALL}
"""Terms by the size that they are of, in the order in which they stand in laws of two of them."""


@dataclass(frozen=True)
class Law:
    """A law's form.

    ``sizes``: keys of :data:`SIZES`. ``response``: what it is a law of, ``"loss"`` (nats per token) or
    ``"critical_batch"`` (tokens). ``power``: exponent that is also the outer power ``p`` over the sum of the terms to
    the power ``1 / p``; empty for 1. ``for_runs``: whether it is for training runs alone, without date, groups and
    what else evaluations have.
    """

    sizes: tuple[str, ...]
    response: str = "loss"
    power: str = ""
    for_runs: bool = True

    @property
    def terms(self) -> tuple[Term, ...]:
        """Its terms, in order."""
        return tuple(SIZES[size] for size in self.sizes)

    @property
    def may_vary(self) -> tuple[str, ...]:
        """Coefficients that may vary by a group."""
        if self.for_runs:
            return ()
        names = ([term.coefficient, term.exponent, term.rate] for term in self.terms)
        return tuple(chain.from_iterable(zip(*names, strict=True)))

    @property
    def factors(self) -> tuple[str, ...]:
        """Keys of ``[progress]`` that it may have."""
        return () if self.for_runs else tuple(term.factor for term in self.terms)

    @property
    def splits(self) -> bool:
        """Whether a budget of compute can be split by it, between parameters and tokens."""
        return self.sizes == ("parameters", "tokens")

    @property
    def of_compute(self) -> bool:
        """Whether it is of compute as a whole, whatever its split."""
        return self.sizes == ("compute",)

    @property
    def meanings(self) -> Mapping[str, str]:
        """What parameters mean in laws for runs, whose exponents are of sizes as they stand, where that is another."""
        if not self.for_runs:
            return {}
        found = {term.exponent: f"exponent of {term.noun}" for term in self.terms}
        if self.power:
            part = f"share of the sum to the power {self.power}, at the central point, that is the parameter term's"
            found["share"] = part
        return found | ({} if self.response == "loss" else {"level": "critical batch size at the central point"})

    @property
    def of(self) -> str:
        """Its sizes in words."""
        return " and ".join(term.noun for term in self.terms)


LAWS: Mapping[str, Law] = {
    "chinchilla": Law(("parameters", "tokens"), for_runs=False),
    "compute": Law(("compute",), for_runs=False),
    "parameters": Law(("parameters",)),
    "tokens": Law(("tokens",)),
    "steps": Law(("parameters", "least_steps")),
    "kaplan": Law(("parameters", "tokens"), power="beta"),
    "critical_batch": Law(("loss",), response="critical_batch"),
}
"""Laws by the name that a specification gives them."""

RESPONSE_UNITS: Mapping[str, str] = {"loss": "nats per token", "critical_batch": "tokens"}  # unit of what a law is of
SYMBOLS: Mapping[str, str] = {"loss": "L", "critical_batch": "B_crit"}  # of what a law is of, in equations
DEFINITIONS: Mapping[str, str] = {
    "parameters": "N: parameters",
    "tokens": "D: training tokens",
    "compute": "C: compute, FLOP",
    "least_steps": "S_min: steps that a far larger batch would have needed",
    "loss": "L: log perplexity, nats per token",
    "critical_batch": "B_crit: critical batch size, tokens",
}
"""What the symbols of laws for runs stand for."""
