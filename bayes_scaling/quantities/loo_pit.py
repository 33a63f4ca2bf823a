"""Leave-one-out probability integral transforms: where each loss lies among what the others predict of it."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.leaving_out import left_out
from bayes_scaling.inference.likelihood import draws_of, expected_losses, of_units, on_scale, scales
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.prediction import with_noise
from bayes_scaling.specifications.noise import effects_given, normal
from bayes_scaling.specifications.specification import Specification


def loo_pit(fit: Fit, rows: Rows, seed: int) -> tuple[pd.DataFrame, float]:
    """PIT of each loss given all others, by Pareto-smoothed importance sampling; ``pareto_k``, and its threshold.

    Where evaluations of a paper share an effect with normal noise, the whole paper is left out and its evaluations are
    predicted one after the other, each given those before it: values that are independent and uniform if the model is
    right (Rosenblatt 1952), as no others of correlated losses are.
    """
    specification, rng = fit.specification, np.random.default_rng(seed)
    unit = UNITS[specification.noise.cluster != "none"]
    values = draws_of(specification, fit.data)
    table = pd.DataFrame(np.nan, index=pd.Index(rows.ids, name="id"), columns=["pit", "pareto_k"])
    for left in left_out(fit, unit):
        for at, units in left.of_rows(rows):
            weights = left.log_weights[:, units]
            expected = expected_losses(specification, rows.take(at), values)
            if unit == UNITS[1] and specification.noise.kind.in_closed_form:
                given = (specification, rows, values, UNITS[0], at)
                mean, scale, density = (of_units(partial(_given_before, part), *given) for part in range(3))
                weights, noise = weights + density, mean + scale * rng.standard_normal(expected.shape)
                drawn = specification.noise.added(expected, noise)
            else:
                sigma = scales(specification, rows.take(at), values)
                drawn = with_noise(specification, values, expected, sigma, rng)
            observed = rows.response[at]
            below = array_stats.loo_pit(drawn.T, observed, weights.T, chain_axis=None, random_state=seed)
            table.iloc[at, 0], table.iloc[at, 1] = np.asarray(below), np.asarray(left.loo.pareto_k)[units]
    return table, float(left.loo.good_k)


def _given_before(
    part: int, specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> Floats:
    r"""Of the noise of each row given the rows of its paper before it: ``part`` 0 mean, 1 deviation, 2 log density.

    .. math:: \frac{\tau^2}{1 + W_i \tau^2} \sum_{j < i} \frac{r_j}{\sigma_j^2}, \qquad
        \sigma_i^2 + \frac{\tau^2}{1 + W_i \tau^2}, \qquad W_i = \sum_{j < i} \sigma_j^{-2}

    of one cluster, and so on outwards as in :func:`bayes_scaling.specifications.noise.shared_effects`.
    """
    residual, _ = on_scale(specification, rows, residual)
    sigma = np.broadcast_to(scales(specification, rows, values), residual.shape)
    own, passes = (residual / sigma**2, sigma**-2.0), []  # what each row adds to the sums of its cluster
    for group, tau in reversed(specification.noise.effects):
        square = values[tau] ** 2
        total, weight = (_before(rows.index[group], each) for each in own)
        shrunk, then = 1 + weight * square, 1 + (weight + own[1]) * square
        passes.append((square, total, shrunk))
        own = ((total + own[0]) / then - total / shrunk, (weight + own[1]) / then - weight / shrunk)
    mean, variance = effects_given(passes)
    scale = np.sqrt(sigma**2 + variance)
    return (mean, scale, _before(rows.index["paper"], np.asarray(normal(residual - mean, scale))))[part]


def _before(codes: Integers, values: Floats) -> Floats:
    """Sum over the rows of its cluster that stand before each row."""
    return np.asarray(pd.DataFrame(values.T).groupby(codes).cumsum().to_numpy().T - values)
