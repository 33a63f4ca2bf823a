"""What the data decided and what the prior did, of one fit: a table, the ridge, and a few plain sentences."""

import weakref
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bayes_scaling.identifiability.influence import NEEDED, influence
from bayes_scaling.identifiability.prior_quantities import REPORTED
from bayes_scaling.identifiability.ridge import Ridge, ridge
from bayes_scaling.identifiability.words import plain, sentences
from bayes_scaling.inference.result import Fit, require_fit


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
