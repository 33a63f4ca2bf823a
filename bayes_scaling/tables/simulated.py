"""Runs and training curves that a law would give, with known constants, to try estimators on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.errors import RunsError
from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import training_compute

ISOFLOP_BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
"""The nine budgets of Hoffmann et al. 2022 (section 3.2), FLOP."""

TOKENS_PER_PARAMETER = (1.0, 400.0)
"""From the largest to the smallest model of each budget: a factor of 20 either way of 20 tokens per parameter."""
CURVE_PARAMETERS = tuple(float(size) for size in np.geomspace(5e7, 1.6e10, 12))
"""Twelve models from 50 million to 16 billion parameters."""
CURVE_TOKENS = (1e9, 4e11)  # first and last tokens of each curve


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
    >>> from bayes_scaling.law.chinchilla import BESIROGLU
    >>> runs = simulate_isoflop(BESIROGLU, budgets=[1e21], models_per_budget=3)
    >>> runs[["parameters", "tokens", "loss"]].map("{:.3g}".format).to_numpy().tolist()
    [['1.29e+10', '1.29e+10', '2.38'], ['2.89e+09', '5.77e+10', '2.31'], ['6.45e+08', '2.58e+11', '2.37']]
    """
    two = _are_positive(tokens_per_parameter) and len(tokens_per_parameter) == 2
    check = _Check("simulate_isoflop", law, seed)
    check("budgets", budgets, _are_positive(budgets), "numbers of FLOP above 0, at least one")
    check.differ(budgets, f"a budget stands twice in {budgets!r}")
    check.whole("models_per_budget", models_per_budget, 1)
    check("tokens_per_parameter", tokens_per_parameter, two, "two numbers above 0")
    check("noise", noise, _is_number(noise) and 0 <= noise < np.inf, "a number of at least 0")
    check("nu", nu, nu is None or (_is_number(nu) and 0 < nu < np.inf), "a number above 0, or None for normal noise")
    ratios = np.geomspace(*tokens_per_parameter, models_per_budget)
    compute, ratio = (grid.ravel() for grid in np.meshgrid(np.asarray(budgets, float), ratios, indexing="ij"))
    parameters = np.sqrt(compute / training_compute(1.0, ratio))  # since D = ratio N
    rng = np.random.default_rng(seed)
    residual = rng.standard_normal(len(compute)) if nu is None else rng.standard_t(nu, len(compute))
    runs = {"series": compute, "parameters": parameters, "tokens": ratio * parameters, "flop": compute}
    return _with_losses(runs, law, noise * residual, "run", "simulated")


def simulate_curves(
    law: ChinchillaLaw,
    *,
    parameters: Sequence[float] = CURVE_PARAMETERS,
    tokens: tuple[float, float] = CURVE_TOKENS,
    points: int = 40,
    noise: float = 0.0,
    wander: float = 0.0,
    correlation: float = 0.8,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Simulate the loss of models while they are trained.

    .. math:: \ln L_{jt} = \ln\left(E + A / N_j^\alpha + B / D_t^\beta\right) + u_j + w_{jt}, \qquad
        w_{jt} = \rho\, w_{j,t-1} + \sqrt{1 - \rho^2}\, \sigma_w \epsilon_{jt}, \qquad u_j \sim N(0, \sigma_u)

    Parameters
    ----------
    law
        The constants.
    parameters
        Of each model, at least one, each another.
    tokens
        First and last of each curve; its points are at equal ratios.
    points
        Of each curve, at least 2.
    noise
        Standard deviation of what all points of a curve share, log nats per token.
    wander
        Standard deviation of what changes along a curve, log nats per token.
    correlation
        Of that from one point to the next, at least 0 and below 1.
    seed
        Of the noise.

    Returns
    -------
    DataFrame
        As from `read_runs`: `series` (the model, such as "5e+07"), `parameters`, `tokens` seen so far, `flop` spent so
        far, `loss` in nats per token.

    Raises
    ------
    RunsError
        If an argument is out of its range.

    Notes
    -----
    Each point has the loss of a finished run of its size and tokens. A real curve's points before the last are worse:
    its learning rate has not come down yet, since its schedule was set for more tokens. Hoffmann et al. 2022 (arXiv
    2203.15556, section 3.1) therefore train each model with four schedules.

    Examples
    --------
    >>> from bayes_scaling.law.chinchilla import BESIROGLU
    >>> curves = simulate_curves(BESIROGLU, parameters=[1e8, 1e9], tokens=(1e9, 1e11), points=3)
    >>> curves["loss"].round(2).tolist()
    [3.68, 3.07, 2.81, 3.24, 2.63, 2.37]
    """
    check = _Check("simulate_curves", law, seed)
    check("parameters", parameters, _are_positive(parameters), "numbers above 0, at least one")
    check.differ(parameters, f"a size stands twice in parameters={parameters!r}")
    check("tokens", tokens, _are_positive(tokens), "numbers above 0, at least one")
    check("tokens", tokens, len(tokens) == 2 and tokens[0] < tokens[1], "two numbers, the first below the second")
    check.whole("points", points, 2)
    for name, number, most in (("noise", noise, np.inf), ("wander", wander, np.inf), ("correlation", correlation, 1)):
        check(name, number, _is_number(number) and 0 <= number < most, f"at least 0 and below {most:g}")
    sizes, seen = np.asarray(parameters, float), np.geomspace(*tokens, points)
    size, token = (grid.ravel() for grid in np.meshgrid(sizes, seen, indexing="ij"))
    rng = np.random.default_rng(seed)
    shared = noise * rng.standard_normal((len(sizes), 1))
    along = rng.standard_normal((len(sizes), points))
    along[:, 1:] *= np.sqrt(1 - correlation**2)
    for point in range(1, points):
        along[:, point] += correlation * along[:, point - 1]
    curves = {"series": size, "parameters": size, "tokens": token, "flop": training_compute(size, token)}
    return _with_losses(curves, law, (shared + wander * along).ravel(), "point", "simulated curves")


def _with_losses(runs: dict[str, Any], law: ChinchillaLaw, residual: Any, row: str, name: str) -> pd.DataFrame:
    """A table as it is read: losses are the law's, but for a residual of their logarithms.

    Of 12 digits, since the last ones of a logarithm differ between processors, and with them a table's fingerprint.
    """
    index = pd.Index([f"{row}-{number:04d}" for number in range(1, len(residual) + 1)], name="id", dtype="str")
    table = pd.DataFrame(runs, index).assign(loss=law.loss(runs["parameters"], runs["tokens"]) * np.exp(residual))
    numbers = table.columns.difference(["series"])
    table[numbers] = table[numbers].map(lambda number: float(f"{number:.12g}"))
    table["series"] = table["series"].map("{:g}".format).astype("str")
    table.attrs = {"name": name, "selections": [], "kind": "runs"}
    return table


class _Check:
    """Refuses arguments of a function that are out of their range; law and seed at once."""

    def __init__(self, function: str, law: Any, seed: Any) -> None:
        self.function = function
        self("law", law, isinstance(law, ChinchillaLaw), "a ChinchillaLaw (such as bs.BESIROGLU)")
        self.whole("seed", seed, 0)

    def __call__(self, name: str, value: Any, right: bool | np.bool, range_: str) -> None:
        if not right:
            raise RunsError(f"{self.function}: {name} must be {range_}, not {value!r}")

    def differ(self, names: Sequence[float], said: str) -> None:
        if len({f"{each:g}" for each in names}) < len(names):  # they name the series
            raise RunsError(f"{self.function}: {said}; each needs to be another")

    def whole(self, name: str, value: Any, least: int) -> None:
        right = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least
        self(name, value, right, f"a whole number of at least {least}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer) and not isinstance(value, bool)


def _are_positive(values: Any) -> bool:
    """Whether a sequence holds numbers above 0, at least one."""
    several = isinstance(values, list | tuple | np.ndarray) and np.ndim(values) == 1 and len(values) > 0
    return several and all(_is_number(each) and 0 < each < np.inf for each in values)
