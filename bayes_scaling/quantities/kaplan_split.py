"""From Kaplan's split of compute to Chinchilla's: what each recommends, and what the change was worth."""

from typing import Any

import numpy as np
import xarray as xr

from bayes_scaling.law.chinchilla import HOFFMANN_ROUNDED
from bayes_scaling.law.formula import training_compute
from bayes_scaling.law.kaplan import KAPLAN_ALLOCATION, KAPLAN_JOINT, KaplanJointLaw
from bayes_scaling.quantities.allocation import YEAR, cost_of_split
from bayes_scaling.quantities.laws import Source, laws_of
from bayes_scaling.quantities.optimal_split import optimal_split
from bayes_scaling.quantities.points import axis_of


def kaplan_allocation(compute: Any) -> xr.Dataset:
    r"""How Kaplan's rule spends compute.

    .. math:: N = 1.3 \cdot 10^9\, C^{0.73}, \quad B = 2.0 \cdot 10^6\, C^{0.24}, \quad
        S_\min = 5.4 \cdot 10^3\, C^{0.03}, \quad D = \frac{C}{6 N}

    with compute in PF-days in the first three.

    Returns Dataset: ``parameters`` (without embeddings), ``batch`` (tokens), ``steps``, ``tokens`` and
    ``tokens_per_parameter``: dimension ``compute`` where several budgets were given. ``tokens`` are those that the
    budget pays for, ``tokens_as_published`` those of the rule :math:`D = 2 \cdot 10^{10}\, C^{0.27}`, some 1.8 times as
    many, since a run at the critical batch size costs twice the least compute. Raises BayesScalingError for compute
    that is not positive.

    Parameters
    ----------
    compute
        Training FLOP: one budget, or several.

    Notes
    -----
    Source: Kaplan et al. 2020 (arXiv 2001.08361), section 6.1 and table 6
    (:data:`bayes_scaling.law.kaplan.KAPLAN_ALLOCATION`).

    Examples
    --------
    >>> found = kaplan_allocation(3e23)
    >>> f"{found['parameters'].item():.2g}", f"{found['tokens'].item():.2g}"
    ('5e+11', '1e+11')
    """
    budgets = axis_of(compute, "compute (FLOP)")
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
    """What Kaplan's rule for the number of parameters costs, according to a law: times the compute needed.

    Returns DataArray: Times: dimensions ``chain``, ``draw``, and ``compute`` where several budgets were given. Raises
    BayesScalingError as :func:`bayes_scaling.quantities.allocation.cost_of_split`.

    Parameters
    ----------
    compute
        Training FLOP: one budget, or several.
    source
        The law that judges: a fit, published constants, or draws of a law.
    year, **setting
        As for :func:`bayes_scaling.quantities.allocation.cost_of_split`.

    Notes
    -----
    Source: Gundlach et al. 2025 (arXiv 2511.21622), who call it the gain of rebalancing.

    Examples
    --------
    >>> round(kaplan_rule_cost(1.34e22).item(), 3)
    3.711
    """
    budgets = axis_of(compute, "compute (FLOP)")
    return cost_of_split(source, budgets, parameters=KAPLAN_ALLOCATION.parameters(budgets), year=year, **setting)


def kaplan_tokens(compute: Any, law: KaplanJointLaw = KAPLAN_JOINT) -> Any:
    """Tokens that are best for a budget according to Kaplan's joint law of parameters and tokens.

    Returns array: Tokens, in the shape of ``compute``. Raises BayesScalingError for compute that is not positive.

    Parameters
    ----------
    compute
        Training FLOP: a number or an array of shape ``(points,)``.
    law
        Kaplan's.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), appendix B.

    Examples
    --------
    >>> f"{kaplan_tokens(1e25):.4g}"
    '1.335e+12'
    """
    budgets = axis_of(compute, "compute (FLOP)")
    return optimal_split(laws_of(law.bracket), budgets, YEAR).tokens.reshape(budgets.shape)


def kaplan_to_chinchilla_gain(
    compute: Any, source: Source = HOFFMANN_ROUNDED, *, year: float = YEAR, **setting: str
) -> xr.DataArray:
    r"""Compute-equivalent gain of splitting compute as Chinchilla's law has it and not as Kaplan's.

    .. math:: \frac{C}{C'}, \qquad \min_{6 N' D' = C'} L(N', D') = L\left(\frac{C}{6 D_K}, D_K\right), \qquad
        D_K = \arg\min_D L_\mathrm{Kaplan}\left(\frac{C}{6 D}, D\right)

    Returns DataArray: Times: dimensions ``chain``, ``draw``, and ``compute`` where several budgets were given. Raises
    BayesScalingError as :func:`bayes_scaling.quantities.allocation.cost_of_split`.

    Parameters
    ----------
    compute, source, year, **setting
        As for :func:`kaplan_rule_cost`.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), appendix B, who find 1.75 (GPT-2) to 4 (PaLM) with a coarse optimiser;
    here the optimum and the root are exact. GPT-3 and PaLM as they were trained: :func:`cost_of_split` with ``tokens``.

    Examples
    --------
    >>> kaplan_to_chinchilla_gain([1e19, 1e21, 1e23, 1e25]).round(3).squeeze().values.tolist()
    [1.141, 1.563, 2.519, 4.653]
    """
    budgets = axis_of(compute, "compute (FLOP)")
    return cost_of_split(source, budgets, tokens=np.asarray(kaplan_tokens(budgets)), year=year, **setting)
