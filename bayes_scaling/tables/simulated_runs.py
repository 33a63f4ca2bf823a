"""Runs that a law would give: IsoFLOP designs with known constants, to try estimators on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.errors import RunsError
from bayes_scaling.law import training_compute
from bayes_scaling.static_laws import ChinchillaLaw

ISOFLOP_BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
"""The nine budgets of Hoffmann et al. 2022 (section 3.2), FLOP."""

TOKENS_PER_PARAMETER = (1.0, 400.0)
"""From the largest to the smallest model of each budget: a factor of 20 either way of 20 tokens per parameter."""

_SEVERAL = (list, tuple, np.ndarray)


def simulate_isoflop(
    law: ChinchillaLaw,
    *,
    budgets: Sequence[float] = ISOFLOP_BUDGETS,
    models_per_budget: int = 12,
    tokens_per_parameter: tuple[float, float] = TOKENS_PER_PARAMETER,
    noise: float = 0.0,
    nu: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Simulate training runs at fixed budgets of compute.

    .. math:: \ln L_i = \ln\left(E + \frac{A}{N_i^\alpha} + \frac{B}{D_i^\beta}\right) + \sigma \epsilon_i,
        \qquad 6 N_i D_i = C

    Parameters
    ----------
    law
        The constants.
    budgets
        Training compute C of each series, FLOP.
    models_per_budget
        Models of each budget, at equal ratios of tokens per parameter from one to the next.
    tokens_per_parameter
        D / N of the largest and of the smallest model of each budget.
    noise
        Standard deviation of log losses; with ``nu`` the scale of their Student t distribution, whose standard
        deviation is larger by sqrt(nu / (nu - 2)).
    nu
        Degrees of freedom of Student's t; None for normal noise.
    seed
        Of the noise.

    Returns
    -------
    DataFrame
        As from `read_runs`: `series` (the budget), `parameters`, `tokens`, `flop`, `loss` in nats per token.

    Raises
    ------
    RunsError
        If an argument is out of its range.

    Notes
    -----
    Design: Hoffmann et al. 2022 (arXiv 2203.15556), approach 2, with budgets as published and sizes of our own.

    Examples
    --------
    >>> from bayes_scaling.static_laws import BESIROGLU
    >>> runs = simulate_isoflop(BESIROGLU, budgets=[1e21], models_per_budget=3)
    >>> runs[["parameters", "tokens", "loss"]].map("{:.3g}".format).to_numpy().tolist()
    [['1.29e+10', '1.29e+10', '2.38'], ['2.89e+09', '5.77e+10', '2.31'], ['6.45e+08', '2.58e+11', '2.37']]
    """
    _check(law, budgets, models_per_budget, tokens_per_parameter, noise, nu, seed)
    ratios = np.geomspace(*tokens_per_parameter, models_per_budget)
    compute, ratio = (grid.ravel() for grid in np.meshgrid(np.asarray(budgets, float), ratios, indexing="ij"))
    parameters = np.sqrt(compute / training_compute(1.0, ratio))  # since D = ratio N
    tokens = ratio * parameters
    rng = np.random.default_rng(seed)
    residual = rng.standard_normal(len(compute)) if nu is None else rng.standard_t(nu, len(compute))
    runs = pd.DataFrame(
        {
            "series": pd.Series([f"{budget:g}" for budget in compute], dtype="str"),
            "parameters": parameters,
            "tokens": tokens,
            "flop": compute,
            "loss": law.loss(parameters, tokens) * np.exp(noise * residual),
        }
    )
    runs.index = pd.Index([f"run-{number:04d}" for number in range(1, len(runs) + 1)], name="id", dtype="str")
    runs.attrs = {"name": "simulated", "selections": [], "kind": "runs"}
    return runs


def _check(
    law: Any, budgets: Any, models_per_budget: Any, tokens_per_parameter: Any, noise: Any, nu: Any, seed: Any
) -> None:
    if not isinstance(law, ChinchillaLaw):
        raise RunsError(
            f"simulate_isoflop: law must be a ChinchillaLaw (such as bs.static_laws.BESIROGLU), not {law!r}"
        )
    if not isinstance(budgets, _SEVERAL) or not len(budgets) or not all(_is_positive(budget) for budget in budgets):
        raise RunsError(f"simulate_isoflop: budgets must be numbers of FLOP above 0, at least one, not {budgets!r}")
    if len({f"{budget:g}" for budget in budgets}) < len(budgets):  # they name the series
        raise RunsError(f"simulate_isoflop: a budget stands twice in {budgets!r}; each needs to be another")
    if not _is_whole(models_per_budget, 1):
        raise RunsError(
            f"simulate_isoflop: models_per_budget must be a whole number of at least 1, not {models_per_budget!r}"
        )
    if (
        not isinstance(tokens_per_parameter, _SEVERAL)
        or [_is_positive(ratio) for ratio in tokens_per_parameter] != [True] * 2
    ):
        raise RunsError(
            f"simulate_isoflop: tokens_per_parameter must be two numbers above 0, not {tokens_per_parameter!r}"
        )
    if not _is_positive(noise) and noise != 0:
        raise RunsError(f"simulate_isoflop: noise must be a number of at least 0, not {noise!r}")
    if nu is not None and not _is_positive(nu):
        raise RunsError(f"simulate_isoflop: nu must be a number above 0, or None for normal noise, not {nu!r}")
    if not _is_whole(seed, 0):
        raise RunsError(f"simulate_isoflop: seed must be a whole number of at least 0, not {seed!r}")


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float | np.integer) and not isinstance(value, bool) and 0 < float(value) < np.inf


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least
