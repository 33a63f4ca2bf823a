"""Training curves that a law would give, to try estimators on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.errors import RunsError
from bayes_scaling.law import training_compute
from bayes_scaling.static_laws import ChinchillaLaw

CURVE_PARAMETERS = tuple(float(size) for size in np.geomspace(5e7, 1.6e10, 12))
"""Twelve models from 50 million to 16 billion parameters."""
CURVE_TOKENS = (1e9, 4e11)
"""First and last tokens of each curve."""


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
    >>> from bayes_scaling.static_laws import BESIROGLU
    >>> curves = simulate_curves(BESIROGLU, parameters=[1e8, 1e9], tokens=(1e9, 1e11), points=3)
    >>> curves["loss"].round(2).tolist()
    [3.68, 3.07, 2.81, 3.24, 2.63, 2.37]
    """
    _check(law, parameters, tokens, points, noise, wander, correlation, seed)
    sizes, seen = np.asarray(parameters, float), np.geomspace(*tokens, points)
    size, token = (grid.ravel() for grid in np.meshgrid(sizes, seen, indexing="ij"))
    rng = np.random.default_rng(seed)
    shared = noise * rng.standard_normal((len(sizes), 1))
    steps = rng.standard_normal((len(sizes), points))
    along = np.empty_like(steps)
    along[:, 0] = steps[:, 0]
    for point in range(1, points):
        along[:, point] = correlation * along[:, point - 1] + np.sqrt(1 - correlation**2) * steps[:, point]
    curves = pd.DataFrame(
        {
            "series": pd.Series([f"{each:.6g}" for each in size], dtype="str"),
            "parameters": size,
            "tokens": token,
            "flop": training_compute(size, token),
            "loss": law.loss(size, token) * np.exp((shared + wander * along).ravel()),
        }
    )
    curves.index = pd.Index([f"point-{number:04d}" for number in range(1, len(curves) + 1)], name="id", dtype="str")
    curves.attrs = {"name": "simulated curves", "selections": [], "kind": "runs"}
    return curves


def _check(
    law: Any, parameters: Any, tokens: Any, points: Any, noise: Any, wander: Any, correlation: Any, seed: Any
) -> None:
    if not isinstance(law, ChinchillaLaw):
        raise RunsError(f"simulate_curves: law must be a ChinchillaLaw (such as bs.BESIROGLU), not {law!r}")
    for name, values in (("parameters", parameters), ("tokens", tokens)):
        try:
            array = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            array = np.empty(0)
        if array.ndim != 1 or not array.size or not (np.isfinite(array) & (array > 0)).all():
            raise RunsError(f"simulate_curves: {name} must be numbers above 0, at least one, not {values!r}")
    if len({f"{float(size):.6g}" for size in parameters}) < len(parameters):  # they name the series
        raise RunsError(f"simulate_curves: a size stands twice in parameters={parameters!r}; each needs to be another")
    if len(tokens) != 2 or not tokens[0] < tokens[1]:
        raise RunsError(f"simulate_curves: tokens must be two numbers, the first below the second, not {tokens!r}")
    for name, whole, least in (("points", points, 2), ("seed", seed, 0)):
        if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < least:
            raise RunsError(f"simulate_curves: {name} must be a whole number of at least {least}, not {whole!r}")
    for name, number, most in (("noise", noise, np.inf), ("wander", wander, np.inf), ("correlation", correlation, 1)):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < most:
            raise RunsError(f"simulate_curves: {name} must be at least 0 and below {most:g}, not {number!r}")
