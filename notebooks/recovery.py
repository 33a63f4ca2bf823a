"""Recovery of known constants from simulated IsoFLOP designs: how often intervals of a fit to runs hold the truth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.inference.fitting import fit
from bayes_scaling.inference.settings import SEED
from bayes_scaling.law.chinchilla import BESIROGLU, ChinchillaLaw
from bayes_scaling.quantities.allocation import allocation_exponents, optimal_allocation
from bayes_scaling.quantities.coefficients import coefficients
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.calibration.result import coverage_table
from bayes_scaling.studies.calibration.settings import PROBABILITY
from bayes_scaling.studies.executors import run_tasks
from bayes_scaling.tables.simulated import ISOFLOP_BUDGETS, simulate_isoflop

SPECIFICATION = "chinchilla"
BUDGET = 1e24
"""FLOP at which the best number of parameters is predicted: 300 times the largest simulated budget."""
DRAWS, TUNE, CHAINS = 1000, 700, 4
LOG_PARAMETERS = "ln N* at 1e24 FLOP"


@dataclass(frozen=True)
class Design:
    """What varies between simulated designs, drawn at random.

    Parameters
    ----------
    budgets
        Of those of Hoffmann et al. 2022, in increasing order.
    models_per_budget
        Models of each.
    noise, nu
        Scale and degrees of freedom of Student-t noise on the logarithm of the loss.
    """

    budgets: tuple[float, ...]
    models_per_budget: int
    noise: float
    nu: float


def random_design(rng: np.random.Generator) -> Design:
    """Five to nine budgets, six to fifteen models each, noise of 0.3% to 2% of the loss, tails of 3 to 30 degrees."""
    count = int(rng.integers(5, len(ISOFLOP_BUDGETS) + 1))
    chosen = np.sort(rng.choice(ISOFLOP_BUDGETS, count, replace=False))
    return Design(
        budgets=tuple(map(float, chosen)),
        models_per_budget=int(rng.integers(6, 16)),
        noise=float(np.exp(rng.uniform(np.log(0.003), np.log(0.02)))),
        nu=float(np.exp(rng.uniform(np.log(3), np.log(30)))),
    )


def recovery(
    simulations: int = 200,
    *,
    law: ChinchillaLaw = BESIROGLU,
    seed: int = SEED,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> pd.DataFrame:
    r"""How often 90% intervals hold the constants that runs were simulated with.

    .. math:: \ln L_i = \ln(E + A / N_i^\alpha + B / D_i^\beta) + \sigma t_\nu, \qquad 6 N_i D_i = C

    Returns one row for each of ``E``, ``alpha``, ``beta``, ``a`` and the logarithm of the best number of parameters at
    1e24 FLOP: ``covered`` (share of intervals that hold the truth), its own 95% interval, and fits ``unconverged``,
    which count as they are. Intervals of fits are 90% equal-tailed.

    Parameters
    ----------
    simulations
        Designs, each drawn at random (:func:`random_design`).
    law
        The constants.
    seed
        Of designs, noise and sampling.
    workers
        Processes; by default one a core.
    on_done
        Called with the number of designs that are done.

    Examples
    --------
    >>> recovery(200, workers=2)  # doctest: +SKIP
    """
    found: dict[str, pd.DataFrame] = {}

    def keep(name: str, result: pd.DataFrame) -> None:
        found[name] = result
        on_done(len(found))

    tasks = {f"{number:04d}": (law, seed, number) for number in range(simulations)}
    run_tasks(recover_once, tasks, on_done=keep, workers=workers)
    return coverage_table(pd.concat([found[name] for name in sorted(found)]), PROBABILITY)


def recover_once(task: tuple[ChinchillaLaw, int, int]) -> pd.DataFrame:
    """Simulate one design, fit it, and put each interval beside the truth."""
    law, seed, number = task
    rng = np.random.default_rng([seed, number])
    design = random_design(rng)
    runs = simulate_isoflop(
        law,
        budgets=design.budgets,
        models_per_budget=design.models_per_budget,
        noise=design.noise,
        nu=design.nu,
        seed=int(rng.integers(2**32)),
    )
    one = fit(
        load_specification(SPECIFICATION), runs, draws=DRAWS, tune=TUNE, chains=CHAINS, seed=number, attempts=3, cores=1
    )
    table = coefficients(one, probability=PROBABILITY).loc[["E", "alpha", "beta", "a"], ["lower", "upper"]]
    best = xr.apply_ufunc(np.log, optimal_allocation(one, BUDGET)["parameters"])
    table.loc[LOG_PARAMETERS] = credible_intervals(best, probability=PROBABILITY).iloc[0][["lower", "upper"]]
    exponents = allocation_exponents(law)
    truth = {
        "E": law.E,
        "alpha": law.alpha,
        "beta": law.beta,
        "a": exponents["a"].item(),
        LOG_PARAMETERS: float(np.log(optimal_allocation(law, BUDGET)["parameters"].item())),
    }
    table["truth"] = pd.Series(truth)
    table["converged"] = one.diagnostics.converged
    return table
