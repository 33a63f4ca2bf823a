"""Leave-one-out probability integral transforms: where each loss lies among what the others predict of it."""

import warnings
from collections.abc import Mapping

import arviz as az
import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from xarray import DataTree

from bayes_scaling.calibration.uniformity import Curve, uniform_curve
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.noise import effect_given_rest, normal_given_rest
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.prediction import with_noise

Floats = NDArray[np.float64]


def left_out_unit(fit: Fit) -> str:
    """What is left out: an evaluation, or where evaluations of a paper share an effect the paper."""
    evaluation, paper = UNITS
    return evaluation if fit.specification.noise.cluster == "none" else paper


def loo_pit(fit: Fit, rows: Rows, seed: int) -> tuple[pd.DataFrame, float]:
    r"""Share of the predictive distribution of each loss that lies below it, given all others.

    .. math:: \mathrm{PIT}_i = \Pr(\tilde y_i \le y_i \mid y_{-i})

    by Pareto-smoothed importance sampling. Where evaluations of a paper share an effect with normal noise, the whole
    paper is left out and its evaluations are predicted one after the other, each given those before it: values that
    are independent and uniform if the model is right (Rosenblatt 1952), as no others of correlated losses are.

    Parameters
    ----------
    fit
        The posterior.
    rows
        Its rows.
    seed
        Of the replicated noise.

    Returns
    -------
    values : DataFrame
        Indexed by row id: ``pit`` and ``pareto_k`` of what was left out.
    good_k : float
        Pareto k above which a value is not to be trusted.
    """
    unit = left_out_unit(fit)
    names = [parameter.name for parameter in fit.specification.parameters()]
    tree = DataTree.from_dict(
        {"posterior": fit.data["posterior"].to_dataset()[names], "log_likelihood": fit.log_likelihood(unit)}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about Pareto k, which the result has
        loo = az.loo(tree, pointwise=True, var_name=fit.specification.response)
    weights = np.asarray(loo.log_weights.transpose("chain", "draw", ...))
    weights = weights.reshape(-1, weights.shape[-1])
    values, rng = draws_of(fit.specification, fit.data), np.random.default_rng(seed)
    expected, pareto_k = expected_losses(fit.specification, rows, values), np.asarray(loo.pareto_k, dtype=float)
    if unit == UNITS[1]:
        paper = rows.index["paper"]
        weights, pareto_k = weights[:, paper], pareto_k[paper]
    if unit == UNITS[1] and fit.specification.noise.family == "normal":
        mean, known = _given_before(rows, values, rows.response - expected)
        weights = weights + known
        drawn = expected + mean + _scale_given_before(rows, values) * rng.standard_normal(expected.shape)
    else:
        drawn = with_noise(fit, expected, rng)
    below = array_stats.loo_pit(drawn.T, rows.response, weights.T, chain_axis=None, random_state=seed)
    table = pd.DataFrame({"pit": np.asarray(below), "pareto_k": pareto_k}, index=pd.Index(rows.ids, name="id"))
    return table, float(loo.good_k)


def pit_curve(values: Floats) -> Curve:
    """Empirical distribution of PIT values less the uniform one, with a simultaneous 95% band for independent ones.

    Notes
    -----
    Säilynoja, Bürkner and Vehtari 2022.

    Examples
    --------
    >>> pit_curve((np.arange(100) + 0.5) / 100).inside
    True
    >>> pit_curve(np.full(100, 0.5)).inside
    False
    """
    return uniform_curve(values)


def _before(rows: Rows) -> NDArray[np.int64]:
    """How many rows of its paper stand before each row."""
    return np.asarray(pd.Series(rows.index["paper"]).groupby(rows.index["paper"]).cumcount(), dtype=np.int64)


def _given_before(rows: Rows, values: Mapping[str, Floats], residual: Floats) -> tuple[Floats, Floats]:
    """Expected paper effect given the rows before, and log density of those rows, each of shape ``(samples, n)``."""
    before, paper = _before(rows), pd.Series(rows.index["paper"])
    total = pd.DataFrame(residual.T).groupby(paper.to_numpy()).cumsum().to_numpy().T
    sigma, tau = values["sigma"], values["tau"]
    mean = effect_given_rest(residual, total, before + 1.0, sigma, tau)
    density = normal_given_rest(residual, total, before + 1.0, sigma, tau)
    until = pd.DataFrame(density.T).groupby(paper.to_numpy()).cumsum().to_numpy().T
    return np.asarray(mean), np.asarray(until - density)


def _scale_given_before(rows: Rows, values: Mapping[str, Floats]) -> Floats:
    r"""Standard deviation that goes with :func:`bayes_scaling.model.noise.normal_given_rest`, of the rows before."""
    variance, effect = values["sigma"] ** 2, values["tau"] ** 2
    return np.asarray(np.sqrt(variance + effect * variance / (variance + _before(rows) * effect)))
