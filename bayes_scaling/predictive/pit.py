"""Leave-one-out probability integral transforms: where each loss lies among what the others predict of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from bayes_scaling.calibration.uniformity import Curve, uniform_curve
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.leaving_out import left_out
from bayes_scaling.inference.likelihood import draws_of, expected_losses, of_units
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.noise import effect_given_rest, normal_given_rest
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.prediction import with_noise
from bayes_scaling.specifications.specification import Specification

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
    unit, specification, rng = left_out_unit(fit), fit.specification, np.random.default_rng(seed)
    values = draws_of(specification, fit.data)
    table = pd.DataFrame(np.nan, index=pd.Index(rows.ids, name="id"), columns=["pit", "pareto_k"])
    for left in left_out(fit, unit):
        for at, units in left.of_rows(rows):
            weights = left.log_weights[:, units]
            expected = expected_losses(specification, rows.take(at), values)
            if unit == UNITS[1] and specification.noise.family == "normal":
                given = (specification, rows, values, UNITS[0], at)
                weights = weights + of_units(_density_before, *given)
                scale = _scale_given_before(rows, values, at)
                drawn = expected + of_units(_mean_given_before, *given) + scale * rng.standard_normal(expected.shape)
            else:
                drawn = with_noise(specification, values, expected, rng)
            observed = rows.response[at]
            below = array_stats.loo_pit(drawn.T, observed, weights.T, chain_axis=None, random_state=seed)
            table.iloc[at, 0], table.iloc[at, 1] = np.asarray(below), np.asarray(left.loo.pareto_k)[units]
    return table, float(left.loo.good_k)


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


def _mean_given_before(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> Floats:
    """Expected paper effect given the rows before, shape ``(samples, n)``."""
    return np.asarray(effect_given_rest(*_with_those_before(rows, residual), values["sigma"], values["tau"]))


def _density_before(specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats) -> Floats:
    """Log density of the rows before, shape ``(samples, n)``."""
    density = normal_given_rest(*_with_those_before(rows, residual), values["sigma"], values["tau"])
    return np.asarray(_cumulative(rows, density) - density)


def _with_those_before(rows: Rows, residual: Floats) -> tuple[Floats, Floats, NDArray[Any]]:
    """Residuals, and sum and number of those of a paper up to each, itself included."""
    return residual, _cumulative(rows, residual), _before(rows) + 1.0


def _cumulative(rows: Rows, values: Floats) -> Floats:
    return np.asarray(pd.DataFrame(values.T).groupby(rows.index["paper"]).cumsum().to_numpy().T)


def _scale_given_before(rows: Rows, values: Mapping[str, Floats], at: NDArray[np.int64]) -> Floats:
    r"""Standard deviation that goes with :func:`bayes_scaling.model.noise.normal_given_rest`, of the rows before."""
    variance, effect = values["sigma"] ** 2, values["tau"] ** 2
    return np.asarray(np.sqrt(variance + effect * variance / (variance + _before(rows)[at] * effect)))
