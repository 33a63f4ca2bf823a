"""What the data decided and what the prior did, of one fit: a table, the ridge, and a few plain sentences."""

import math
import weakref
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from bayes_scaling import plain_json
from bayes_scaling.identifiability.influence import ALL_PRIORS, NEEDED, REPORTED, influence
from bayes_scaling.identifiability.ridge import Ridge, ridge
from bayes_scaling.identifiability.rule import VERDICTS
from bayes_scaling.inference.result import Fit, require_fit
from bayes_scaling.words import months

STRONG = 0.7
"""Correlation beyond which less than half of either rate's variance is left once the other is known (1 - 0.7**2)."""
_WORDS = {
    "by the data": "Decided by the data",
    "shared": "shared between data and prior",
    "by the prior": "decided by the prior",
}


def sentences(table: pd.DataFrame, ridge: Ridge | None, *, converged: bool = True) -> tuple[str, ...]:
    """Plain sentences about a table of influence and a ridge.

    Parameters
    ----------
    table
        From :func:`bayes_scaling.identifiability.influence.influence`.
    ridge
        From :func:`bayes_scaling.identifiability.ridge.ridge`.
    converged
        Whether the fit has; each sentence of one that has not says so.

    Returns
    -------
    tuple of str
        At most three.
    """
    said = [_verdicts(table["verdict"]) + _headline(table)]
    if ridge is not None:
        mix, w = ridge.rates, ridge.rates.weight
        second = f"{w:.2f} g_N {'+' if w <= 1 else '-'} {abs(1 - w):.2f} g_D"
        value = f"{mix.value.median:.2f} a year, 95% equal-tailed {mix.value.lower:.2f} to {mix.value.upper:.2f}"
        said.append(f"{_told_apart(table['verdict'], mix.correlation)}; best known is {second} ({value}).")
        low, middle, high = map(months, ridge.months)
        said.append(
            f"Where g_N has the smallest part of the growth, the median doubling time of effective compute is {low} "
            f"months; in the middle {middle}; where it has the largest, {high} (g_N/g_C has the 95% equal-tailed "
            f"interval {ridge.phi.lower:.2f} to {ridge.phi.upper:.2f})."
        )
    return tuple(said) if converged else tuple(f"NOT CONVERGED, do not use: {each}" for each in said)


def _told_apart(verdicts: pd.Series, correlation: float) -> str:
    """Whether the data tell the two rates apart: weakly correlated rates may both be unknown."""
    shown = f"(correlation {correlation:.2f})"
    if abs(correlation) > STRONG:
        return f"The data hardly tell g_N from g_D {shown}"
    of_rates = verdicts[verdicts.index.str.partition("[").get_level_values(0).isin(["g_N", "g_D"])]
    if (of_rates == "by the data").all():
        return f"The data tell g_N from g_D {shown}"
    return f"g_N and g_D hang together weakly {shown}, but the data alone decide at most one of them"


def plain(table: pd.DataFrame, ridge: Ridge | None, said: tuple[str, ...]) -> dict[str, Any]:
    """Identification as JSON takes it: null for what is not defined or without bound."""
    found: dict[str, Any] = plain_json.plain(
        {
            "quantities": table.to_dict("index"),
            "ridge": None if ridge is None else asdict(ridge),
            "rule": table.attrs["rule"],
            "sentences": said,
        }
    )
    return found


def _verdicts(verdicts: pd.Series) -> str:
    """Which quantities the data decided, which are shared, which the prior's."""
    stems = verdicts.index.str.partition("[").get_level_values(0)
    parts = []
    for verdict in VERDICTS:
        names: list[str] = []
        for stem in dict.fromkeys(stems):
            of_stem = verdicts[stems == stem]
            chosen = of_stem[of_stem == verdict]
            names += [stem] if len(chosen) == len(of_stem) else [str(name) for name in chosen.index]
        if names:
            parts.append(f"{_WORDS[verdict]}: {', '.join(names)}")
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


_HEADLINES = ("g_C", "a", "alpha")
"""What a fit's answer is about: the first of them that it has."""


def _headline(table: pd.DataFrame) -> str:
    """How much narrower the answer's interval is than its prior's, and which prior moves it."""
    name = next((each for each in _HEADLINES if each in table.index), None)
    row = {} if name is None else table.loc[name].to_dict()
    if not math.isfinite(row.get("contraction", math.nan)):
        return ""
    prior = "scaling all priors together" if row["moved_by"] == ALL_PRIORS else f"the prior on {row['moved_by']}"
    narrower = row["contraction"]
    width = f"{narrower:.0%} narrower than" if narrower >= 0 else f"{-narrower:.0%} wider than"
    return (
        f" The interval of {name} is {width} its prior's; {prior} moves it most (sensitivity "
        f"{row['sensitivity_prior']:.2f}, to the data {row['sensitivity_likelihood']:.2f})."
    )


@dataclass(frozen=True, eq=False)
class Identification:
    """What the data decided of a fit's quantities, and what the prior did.

    Parameters
    ----------
    table
        One row for each quantity; see :func:`bayes_scaling.identifiability.influence.influence`.
    ridge
        How far the two rates can be told apart; None where the specification has not both.
    sentences
        The same in plain words, at most three; each begins with ``NOT CONVERGED`` if the fit has not.
    """

    table: pd.DataFrame
    ridge: Ridge | None
    sentences: tuple[str, ...]


_last: tuple[Any, Identification] | None = None
"""The fit seen last, weakly, with its result: a report and its summary ask for the same."""


def identification(fit: Fit) -> Identification:
    r"""Say of each reported quantity whether data or prior decided it, and how far the two rates can be told apart.

    .. math:: \mathrm{contraction} = 1 - \frac{\mathrm{width\ of\ posterior\ interval}}
        {\mathrm{width\ of\ prior\ interval}}

    Parameters
    ----------
    fit
        A posterior with its log prior and log likelihood, as :func:`bayes_scaling.fit` gives.

    Returns
    -------
    Identification
        ``table`` (one row a quantity: posterior and prior medians and 95% equal-tailed intervals, contraction,
        power-scaling sensitivities, verdict), ``ridge`` and ``sentences``. ``table.attrs["rule"]`` states the rule.

    Raises
    ------
    BayesScalingError
        If the fit lacks its log prior or log likelihood.

    Notes
    -----
    A sensitivity says how a posterior moves when a prior or the likelihood is raised to a power near 1 (Kallioinen et
    al. 2024, doi 10.1007/s11222-023-10366-5). It is local: another family of prior may matter more.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.identification(bs.load_fit("runs/reference-ho2024"))  # doctest: +SKIP
    >>> found.table["verdict"], found.sentences  # doctest: +SKIP
    """
    fit = require_fit(fit)
    global _last
    if _last is None or _last[0]() is not fit:
        table, across = influence(fit), ridge(fit)
        found = Identification(table, across, sentences(table, across, converged=fit.diagnostics.converged))
        _last = (weakref.ref(fit), found)
    return _last[1]


def can_identify(fit: Fit) -> bool:
    """Whether a fit has the groups that :func:`identification` needs, and a quantity to report."""
    return all(name in fit.data for name in NEEDED) and any(name in fit.data["posterior"] for name in REPORTED)


def as_plain(found: Identification) -> dict[str, Any]:
    """Identification as JSON takes it: null for what is not defined or without bound."""
    return plain(found.table, found.ridge, found.sentences)
