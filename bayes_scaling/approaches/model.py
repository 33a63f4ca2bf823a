r"""One hierarchical quadratic for all budgets of compute.

.. math::

    \ln L_i &= \ell_k + \left(\lambda_1 q_i + \lambda_2 q_i^2\right)
        + c_k \left(x_i - m_k - a q_i\right)^2 + u_j + \varepsilon_i,
        \qquad \varepsilon_i \sim t_\nu(0, \sigma) \\
    \ell_k &= \ell + \sigma_\ell \, e_k, \qquad
    \ln c_k = \ln c + \kappa q_k + \sigma_c \, v_k, \qquad
    m_k = m + \tau z_k, \qquad e_k, v_k, z_k \sim N(0, 1)

with :math:`x_i = \ln N_i` and :math:`q_i = \ln C_i` less their means over rows, :math:`q_k` the mean of a budget, and
:math:`u_j = \sigma_u w_j` the effect of a training curve where several rows are of one. The vertex of budget `k` is
:math:`\ln N^*_k = m_k + a q_k`, so that :math:`N^* \propto C^a`.

The logarithm of the loss, and not the loss, is quadratic. Its noise is then in proportion to the loss, as in
``models/chinchilla.toml``, and a parabola fits further out: the fourth derivative of :math:`\ln L` at the vertex is
that of :math:`L`, over :math:`L`, less three times the square of the second one, so the wings are flatter.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayes_scaling.approaches.rows import ProfileRows
from bayes_scaling.specifications.priors import DISTRIBUTIONS, Prior

OBSERVED = "log_loss"

PRIORS: Mapping[str, Prior] = {
    # Of the rows' mean log loss: a factor of 2.7 either way.
    "level": Prior.of("normal", mu=0, sigma=0.5),
    # By e-fold of compute: published laws have -.05 to -.07, and a bend of .003 to .005.
    "level_slope": Prior.of("normal", mu=0, sigma=0.1),
    "level_bend": Prior.of("normal", mu=0, sigma=0.01),
    "level_scatter": Prior.of("half_normal", sigma=0.05),
    # Median .02, 95% in .003 to .14 by squared e-fold of size; published laws have .012 to .02.
    "log_curvature": Prior.of("normal", mu=float(np.log(0.02)), sigma=1),
    "curvature_slope": Prior.of("normal", mu=0, sigma=0.2),
    "curvature_scatter": Prior.of("half_normal", sigma=0.3),
    # Of the rows' mean log size: a factor of 50 either way.
    "vertex": Prior.of("normal", mu=0, sigma=2),
    # 95% in -.1 to 1.1: nothing to everything of more compute goes into size. Published: .45 to .73.
    "a": Prior.of("normal", mu=0.5, sigma=0.3),
    # Of a budget's best size around the power law: 95% below a factor of 1.8.
    "vertex_scatter": Prior.of("half_normal", sigma=0.3),
    # As in models/chinchilla.toml.
    "sigma": Prior.of("half_normal", sigma=0.05),
    "nu": Prior.of("lognormal", mu=1.609, sigma=0.75),
}
"""Priors of what all budgets share; log losses and e-folds (factors of 2.718) of size and compute."""
CURVE_PRIOR = ("curve_scatter", Prior.of("half_normal", sigma=0.05))
"""Of training curves around the quadratics, log nats per token."""
EFFECTS = ("level_effect", "curvature_effect", "vertex_effect")
"""Of budgets, in units of their scatter."""


def free_dims(rows: ProfileRows) -> dict[str, tuple[str, ...]]:
    """Names of what is sampled, with the dimension of each."""
    dims: dict[str, tuple[str, ...]] = {name: () for name in PRIORS} | {name: ("budget",) for name in EFFECTS}
    return dims if rows.curve is None else dims | {CURVE_PRIOR[0]: (), "curve_effect": ("curve",)}


def start_of(rows: ProfileRows, rng: np.random.Generator) -> dict[str, Any]:
    """A random start for a chain: from the central half of each prior."""
    priors, standard = dict([*PRIORS.items(), CURVE_PRIOR]), Prior.of("normal", mu=0, sigma=1)
    sizes = {"budget": len(rows.budgets), "curve": len(rows.curves)}
    start = {}
    for name, dims in free_dims(rows).items():
        low, high = priors.get(name, standard).frozen().ppf([0.25, 0.75])
        start[name] = rng.uniform(low, high, tuple(sizes[dim] for dim in dims))
    return start


def centres(rows: ProfileRows) -> dict[str, float]:
    """Where the coordinates stand: means over rows of log size, log compute and log loss."""
    return {name: float(np.mean(getattr(rows, name))) for name in ("log_size", "log_flop", "log_loss")}


def model_data(rows: ProfileRows) -> dict[str, Any]:
    """Everything that a compiled model takes as data."""
    centre = centres(rows)
    data = {
        "x": rows.log_size - centre["log_size"],
        "q": rows.log_flop - centre["log_flop"],
        "q_budget": rows.log_budget - centre["log_flop"],
        "budget_index": rows.budget,
        "y": rows.log_loss - centre["log_loss"],
    }
    return data if rows.curve is None else data | {"curve_index": rows.curve}


def build_profile_model(rows: ProfileRows) -> pm.Model:
    """State the log density of :mod:`bayes_scaling.approaches.model`.

    Returns pymc.Model: observed variable ``log_loss`` (log nats per token, less the rows' mean); free variables over
    ``budget``, and ``curve`` where rows are of training curves. Effects are standardised (non-centred).

    Parameters
    ----------
    rows
        Runs by budget.

    Examples
    --------
    >>> from bayes_scaling.approaches.rows import make_profile_rows
    >>> from bayes_scaling.tables import load_runs
    >>> model = build_profile_model(make_profile_rows(load_runs("simulated")))
    >>> [variable.name for variable in model.free_RVs][:3]
    ['level', 'level_slope', 'level_bend']
    """
    coords: dict[str, Any] = {"budget": list(rows.budgets)}
    if rows.curve is not None:
        coords["curve"] = list(rows.curves)
    with pm.Model(coords=coords) as model:
        data = {name: pm.Data(name, value) for name, value in model_data(rows).items()}
        value = {name: _sampled(name, prior) for name, prior in PRIORS.items()}
        value |= {name: pm.Normal(name, 0, 1, dims="budget") for name in EFFECTS}
        x, q, q_budget, budget = data["x"], data["q"], data["q_budget"], data["budget_index"]
        log_curvature = (
            value["log_curvature"]
            + value["curvature_slope"] * q_budget
            + value["curvature_scatter"] * value["curvature_effect"]
        )
        vertex = value["vertex"] + value["vertex_scatter"] * value["vertex_effect"]
        mu = (
            value["level"]
            + value["level_slope"] * q
            + value["level_bend"] * q**2
            + (value["level_scatter"] * value["level_effect"])[budget]
            + pt.exp(log_curvature)[budget] * (x - vertex[budget] - value["a"] * q) ** 2
        )
        if rows.curve is not None:
            effect = _sampled(*CURVE_PRIOR) * pm.Normal("curve_effect", 0, 1, dims="curve")
            mu = mu + effect[data["curve_index"]]
        pm.StudentT(OBSERVED, nu=value["nu"], mu=mu, sigma=value["sigma"], observed=data["y"])
    return model


def _sampled(name: str, prior: Prior) -> Any:
    return getattr(pm, DISTRIBUTIONS[prior.distribution].pymc)(name, **dict(prior.arguments))
