"""How a compute budget is best split between parameters and tokens, what another split wastes, and Kaplan's rule.

The closed form is that of :mod:`bayes_scaling.quantities.optimal_split`; here are its answers as labelled draws.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.chinchilla import HOFFMANN_ROUNDED
from bayes_scaling.law.formula import log_reducible, log_term, training_compute
from bayes_scaling.law.kaplan import KAPLAN_ALLOCATION, KAPLAN_JOINT, KaplanJointLaw
from bayes_scaling.quantities.arguments import axis_of, budgets_of, check_years, positive
from bayes_scaling.quantities.domain import with_domain
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of
from bayes_scaling.quantities.optimal_split import optimal_split, optimal_term, summed_terms

YEAR = 2023.0  # date of an allocation unless one is given; laws without progress answer the same at any


def optimal_allocation(
    source: Source, compute: Any, *, year: float = YEAR, benchmark: str | None = None, architecture: str = ARCHITECTURE
) -> xr.Dataset:
    r"""Parameters and tokens that make the most of a compute budget, and the loss they reach.

    .. math:: \min_{N, D} L(N, D, Y) \quad \text{such that} \quad 6 N D = C

    Parameters
    ----------
    source
        A fit, published constants (:data:`bayes_scaling.HOFFMANN_ROUNDED`), or draws of a law.
    compute
        Training FLOP: one budget, or several.
    year
        Date of the algorithms, decimal year.
    benchmark, architecture
        Where the loss is reached; by default WikiText-103, or the first that was fitted, and transformers.

    Returns
    -------
    Dataset
        Draws of ``parameters``, ``tokens``, ``tokens_per_parameter`` and ``loss`` (nats per token): dimensions
        ``chain``, ``draw``, and ``compute`` where several budgets were given. NaN where no split is best, an exponent
        not being above 0. Of a fit with the coordinates ``compute_ratio``, ``distance`` and ``domain`` of
        :func:`bayes_scaling.predicted_loss`, at the median parameters and tokens.

    Raises
    ------
    BayesScalingError
        For compute that is not positive, a law that is not of parameters and tokens, a date long before the data, or a
        benchmark or architecture that the law does not have.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    Gopher's budget, according to three published laws:

    >>> from bayes_scaling.law.chinchilla import STATIC_LAWS
    >>> [round(optimal_allocation(law, 5.76e23)["tokens_per_parameter"].item(), 1) for law in STATIC_LAWS]
    [92.6, 58.9, 18.3]
    """
    budgets = budgets_of(compute)
    laws = split_laws(source, year)
    split = optimal_split(laws, budgets, year, benchmark=benchmark, architecture=architecture)
    with np.errstate(over="ignore", invalid="ignore"):  # near-zero exponents put the optimum beyond any number
        ratio = split.tokens / split.parameters
    drawn = {
        "parameters": (split.parameters, "parameters"),
        "tokens": (split.tokens, "tokens"),
        "tokens_per_parameter": (ratio, "tokens per parameter"),
        "loss": (split.loss, "nats per token"),
    }
    middle = pd.DataFrame(split.parameters).median().to_numpy()  # of draws in which a split is best, if any
    with np.errstate(divide="ignore"):
        tokens = budgets / training_compute(middle, 1.0)
    return with_domain(
        laws.drawn_all(drawn, compute=budgets), laws, middle.reshape(budgets.shape), tokens.reshape(budgets.shape), year
    )


def allocation_exponents(
    source: Source, *, year: float = YEAR, benchmark: str | None = None, architecture: str = ARCHITECTURE
) -> xr.Dataset:
    r"""How the best parameters and tokens, and the loss they reach, scale with compute.

    .. math::

        N^* = G (C/6)^a, \quad D^* = G^{-1} (C/6)^b, \quad L^* - E \propto C^{-\gamma}, \qquad
        a = \frac{\beta}{\alpha+\beta}, \quad b = 1 - a, \quad
        G = \left(\frac{\alpha A}{\beta B}\right)^{1/(\alpha+\beta)}, \quad \gamma = \frac{\alpha\beta}{\alpha+\beta}

    Parameters
    ----------
    source, year, benchmark, architecture
        As for :func:`optimal_allocation`.

    Returns
    -------
    Dataset
        Draws of ``a``, ``b``, ``gamma`` (no unit) and ``G`` (parameters at 6 FLOP): dimensions ``chain``, ``draw``.
        NaN where an exponent of the law is not above 0. In Kaplan's joint law ``a``, ``b`` and ``gamma`` are the same
        functions of ``alpha`` and ``beta``; ``G`` is that of what stands under the power.

    Raises
    ------
    BayesScalingError
        As :func:`optimal_allocation`.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4 and section 3.3.

    Examples
    --------
    >>> from bayes_scaling.law.chinchilla import HOFFMANN_ROUNDED
    >>> found = allocation_exponents(HOFFMANN_ROUNDED).squeeze()
    >>> {name: round(float(value), 4) for name, value in found.data_vars.items()}
    {'a': 0.4516, 'b': 0.5484, 'gamma': 0.1535, 'G': 1.3447}
    """
    laws = split_laws(source, year)
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    ((_, alpha), (_, beta)), power = summed_terms(laws, year, **setting)
    _, gamma = optimal_term(laws, year, **setting)
    at_one = optimal_split(laws, training_compute(1.0, 1.0), year, **setting)
    drawn = {
        "a": (gamma / (power * alpha), "no unit"),
        "b": (gamma / (power * beta), "no unit"),
        "gamma": (gamma, "no unit"),
        "G": (at_one.parameters, "parameters"),
    }
    return laws.drawn_all(drawn)


def split_laws(source: Source, year: float) -> Laws:
    """Draws of a law whose compute can be split at a date."""
    if positive(year, "year").ndim:
        raise BayesScalingError(f"year must be one number, not {year!r}; ask for one date at a time")
    laws = laws_of(source)
    law = laws.specification.form
    if not law.splits:
        raise BayesScalingError(
            f"'{laws.specification.name}' is a law of {law.of} alone and knows of no split between parameters and "
            'tokens; choose a law of both (law = "chinchilla")'
        )
    check_years(laws, year)
    return laws


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
    source, compute, year, benchmark, architecture
        As for :func:`optimal_allocation`.
    parameters, tokens, tokens_per_parameter
        The split, by one of these; the rest follows from the budget. One number, or several: one for each budget, or
        all for the same budget.

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

    >>> from bayes_scaling.law.chinchilla import HOFFMANN_ROUNDED
    >>> round(cost_of_split(HOFFMANN_ROUNDED, 3e23, tokens=3e11).item(), 4)
    2.8961
    >>> cost_of_split(HOFFMANN_ROUNDED, 3e23, tokens_per_parameter=[2, 20, 80, 200]).round(2).squeeze().values.tolist()
    [2.75, 1.18, 1.0, 1.06]
    """
    choices = {"parameters": parameters, "tokens": tokens, "tokens_per_parameter": tokens_per_parameter}
    given = {name: value for name, value in choices.items() if value is not None}
    if len(given) != 1:
        raise BayesScalingError(
            f"a split needs exactly one of {', '.join(choices)}; given: {', '.join(given) or 'none'}"
        )
    ((choice, value),) = given.items()
    values = axis_of(value, choice)
    budgets = budgets_of(compute)
    if budgets.ndim and values.ndim and budgets.shape != values.shape:
        raise BayesScalingError(
            f"{values.size} values of {choice} do not go with {budgets.size} budgets; give one, or one for each budget"
        )
    laws = split_laws(source, year)
    setting: Any = {"benchmark": benchmark, "architecture": architecture}
    _, terms = laws.powered_parts(*_sizes(budgets, choice, values), year, **setting)
    log_k, gamma = optimal_term(laws, year, **setting)
    # Without the irreducible loss, the same on both sides, nothing is lost to rounding.
    excess = log_reducible(*terms, power=laws.power) - log_term(log_k, gamma, np.log(budgets))
    with np.errstate(over="ignore"):
        cost = np.exp(excess / gamma)
    axis = {"compute": budgets} if budgets.ndim else {choice: values}
    return laws.drawn(np.asarray(cost), "cost_of_split", "times", **axis)


def _sizes(budgets: Floats, choice: str, values: Floats) -> tuple[Floats, Floats]:
    """Parameters and tokens of a chosen split."""
    pairs = budgets / training_compute(1.0, 1.0)  # parameters times tokens
    if choice == "parameters":
        return values + 0 * pairs, pairs / values
    n = pairs / values if choice == "tokens" else np.sqrt(pairs / values)
    return n, pairs / n


def kaplan_allocation(compute: Any) -> xr.Dataset:
    """How Kaplan's rule spends compute, FLOP (Kaplan et al. 2020, arXiv 2001.08361, section 6.1 and table 6).

    ``tokens`` are those that the budget pays for, ``tokens_as_published`` those of the rule ``D = 2e10 C^0.27``, some
    1.8 times as many, since a run at the critical batch size costs twice the least compute.
    """
    budgets = budgets_of(compute)
    rule = KAPLAN_ALLOCATION
    parameters = rule.parameters(budgets)
    tokens = budgets / training_compute(parameters, 1.0)
    values = {
        "parameters": (parameters, "parameters without embeddings"),
        "batch": (rule.batch(budgets), "tokens"),
        "steps": (rule.steps(budgets), "steps"),
        "tokens": (tokens, "tokens"),
        "tokens_as_published": (rule.tokens(budgets), "tokens"),
        "tokens_per_parameter": (tokens / parameters, "tokens per parameter"),
    }
    dims = ("compute",) if budgets.ndim else ()
    coords = {"compute": budgets} if budgets.ndim else {}
    return xr.Dataset({name: (dims, value, {"unit": unit}) for name, (value, unit) in values.items()}, coords=coords)


def kaplan_rule_cost(
    compute: Any, source: Source = HOFFMANN_ROUNDED, *, year: float = YEAR, **setting: str
) -> xr.DataArray:
    """Factor of compute that Kaplan's rule wastes, by a law: the gain of rebalancing of Gundlach et al. 2025."""
    budgets = budgets_of(compute)
    return cost_of_split(source, budgets, parameters=KAPLAN_ALLOCATION.parameters(budgets), year=year, **setting)


def kaplan_tokens(compute: Any, law: KaplanJointLaw = KAPLAN_JOINT) -> Any:
    """Tokens that are best for a budget according to Kaplan's joint law (Ho et al. 2024, appendix B)."""
    budgets = budgets_of(compute)
    return optimal_split(laws_of(law.bracket), budgets, YEAR).tokens.reshape(budgets.shape)


def kaplan_to_chinchilla_gain(
    compute: Any, source: Source = HOFFMANN_ROUNDED, *, year: float = YEAR, **setting: str
) -> xr.DataArray:
    """Compute-equivalent gain, times, of splitting compute as a law has it and not as Kaplan's joint law.

    Source: Ho et al. 2024 (arXiv 2403.05812), appendix B, who find 1.75 (GPT-2) to 4 (PaLM) with a coarse optimiser;
    here the optimum and the root are exact. GPT-3 and PaLM as they were trained: :func:`cost_of_split` with ``tokens``.
    """
    budgets = budgets_of(compute)
    return cost_of_split(source, budgets, tokens=np.asarray(kaplan_tokens(budgets)), year=year, **setting)
