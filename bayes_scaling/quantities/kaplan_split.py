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
    """How Kaplan's rule spends compute, FLOP (Kaplan et al. 2020, arXiv 2001.08361, section 6.1 and table 6).

    ``tokens`` are those that the budget pays for, ``tokens_as_published`` those of the rule ``D = 2e10 C^0.27``, some
    1.8 times as many, since a run at the critical batch size costs twice the least compute.
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
    """Times the compute that Kaplan's rule needs, by a law: the gain of rebalancing of Gundlach et al. 2025."""
    budgets = axis_of(compute, "compute (FLOP)")
    return cost_of_split(source, budgets, parameters=KAPLAN_ALLOCATION.parameters(budgets), year=year, **setting)


def kaplan_tokens(compute: Any, law: KaplanJointLaw = KAPLAN_JOINT) -> Any:
    """Tokens that are best for a budget according to Kaplan's joint law (Ho et al. 2024, appendix B)."""
    budgets = axis_of(compute, "compute (FLOP)")
    return optimal_split(laws_of(law.bracket), budgets, YEAR).tokens.reshape(budgets.shape)


def kaplan_to_chinchilla_gain(
    compute: Any, source: Source = HOFFMANN_ROUNDED, *, year: float = YEAR, **setting: str
) -> xr.DataArray:
    """Compute-equivalent gain, times, of splitting compute as a law has it and not as Kaplan's joint law.

    Source: Ho et al. 2024 (arXiv 2403.05812), appendix B, who find 1.75 (GPT-2) to 4 (PaLM) with a coarse optimiser;
    here the optimum and the root are exact. GPT-3 and PaLM as they were trained: :func:`cost_of_split` with ``tokens``.
    """
    budgets = axis_of(compute, "compute (FLOP)")
    return cost_of_split(source, budgets, tokens=np.asarray(kaplan_tokens(budgets)), year=year, **setting)
