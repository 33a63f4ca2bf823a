"""What a split of compute wastes that is not the best one."""

from typing import Any

import numpy as np
import xarray as xr

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law import log_reducible, log_term, training_compute
from bayes_scaling.quantities.allocation import YEAR, split_laws
from bayes_scaling.quantities.laws import ARCHITECTURE, Floats, Source, labelled
from bayes_scaling.quantities.optimal_split import optimal_term
from bayes_scaling.quantities.points import axis_of

_CHOICES = ("parameters", "tokens", "tokens_per_parameter")


def cost_of_split(
    source: Source,
    compute: Any,
    *,
    parameters: Any = None,
    tokens: Any = None,
    tokens_per_parameter: Any = None,
    year: float = YEAR,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
) -> xr.DataArray:
    r"""How many times the compute a split spends that the best split would need for the same loss.

    .. math:: \frac{C}{C'}, \qquad \min_{6 N' D' = C'} L(N', D', Y) = L(N, D, Y), \qquad 6 N D = C

    Parameters
    ----------
    source
        A fit, published constants (:data:`bayes_scaling.static_laws.HOFFMANN_ROUNDED`), or draws of a law.
    compute
        Training FLOP: one budget, or several.
    parameters, tokens, tokens_per_parameter
        The split, by one of these; the rest follows from the budget. One number, or several: one for each budget, or
        all for the same budget.
    year
        Date of the algorithms, decimal year.
    benchmark, architecture
        Where the loss is reached; by default WikiText-103, or the first that was fitted, and transformers.

    Returns
    -------
    DataArray
        Times, at least 1 but for rounding: dimensions ``chain``, ``draw``, and ``compute`` where several budgets were
        given, or the name of the choice where there are several for one budget. NaN where no split is best, an
        exponent not being above 0.

    Raises
    ------
    BayesScalingError
        Unless exactly one of the three choices is given; for numbers that are not positive, several choices that are
        not one for each of several budgets, a law that is not of parameters and tokens, a date long before the data,
        or a benchmark or architecture that the law does not have.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), appendix B, who call it the compute-equivalent gain of the best split.

    Examples
    --------
    GPT-3's 300 billion tokens with 3e23 FLOP, and a choice of splits:

    >>> from bayes_scaling.static_laws import HOFFMANN_ROUNDED
    >>> round(cost_of_split(HOFFMANN_ROUNDED, 3e23, tokens=3e11).item(), 4)
    2.8961
    >>> cost_of_split(HOFFMANN_ROUNDED, 3e23, tokens_per_parameter=[2, 20, 80, 200]).round(2).squeeze().values.tolist()
    [2.75, 1.18, 1.0, 1.06]
    """
    given = {"parameters": parameters, "tokens": tokens, "tokens_per_parameter": tokens_per_parameter}
    choice, values = _only_choice({name: value for name, value in given.items() if value is not None})
    budgets = axis_of(compute, "compute (FLOP)")
    if budgets.ndim and values.ndim and budgets.shape != values.shape:
        raise BayesScalingError(
            f"{values.size} values of {choice} do not go with {budgets.size} budgets; give one, or one for each budget"
        )
    laws = split_laws(source, year)
    n, d = _sizes(budgets, choice, values)
    _, terms = laws.powered_parts(n, d, year, benchmark=benchmark, architecture=architecture)
    log_k, gamma = optimal_term(laws, year, benchmark=benchmark, architecture=architecture)
    # Without the irreducible loss, the same on both sides, nothing is lost to rounding.
    excess = log_reducible(*terms, power=laws.power) - log_term(log_k, gamma, np.log(budgets))
    with np.errstate(over="ignore"):
        cost = np.exp(excess / gamma)
    axis = {"compute": budgets} if budgets.ndim else {choice: values}
    return labelled(laws, np.asarray(cost), "cost_of_split", "times", **axis)


def _only_choice(given: dict[str, Any]) -> tuple[str, Floats]:
    if len(given) != 1:
        raise BayesScalingError(
            f"a split needs exactly one of {', '.join(_CHOICES)}; given: {', '.join(given) or 'none'}"
        )
    ((name, value),) = given.items()
    return name, axis_of(value, name)


def _sizes(budgets: Floats, choice: str, values: Floats) -> tuple[Floats, Floats]:
    """Parameters and tokens of a chosen split."""
    pairs = budgets / training_compute(1.0, 1.0)  # parameters times tokens
    if choice == "parameters":
        return values + 0 * pairs, pairs / values
    n = pairs / values if choice == "tokens" else np.sqrt(pairs / values)
    return n, pairs / n
