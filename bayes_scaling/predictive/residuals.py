"""Standardised residuals under each draw, of what was observed and of what the model would have had observed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_scaling.calibration.simulation import simulated_rows
from bayes_scaling.inference.likelihood import blocks, draws_of, expected_losses, on_scale, scales
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.prediction import with_noise
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]


def chosen_draws(fit: Fit, replicates: int) -> NDArray[np.int64]:
    """Positions of at most so many draws of all chains, evenly spaced."""
    count = fit.data["posterior"].sizes["chain"] * fit.data["posterior"].sizes["draw"]
    return np.unique(np.linspace(0, count - 1, min(replicates, count)).astype(np.int64))


def observed_residuals(fit: Fit, rows: Rows, replicates: int) -> Iterator[Floats]:
    """Residuals as :func:`standardised` has them of what was observed: of all its draws, a block of rows at a time."""
    values, chosen = draws_of(fit.specification, fit.data), chosen_draws(fit, replicates)
    values = {name: each[chosen] for name, each in values.items()}
    for some in blocks(len(rows.ids), len(chosen)):
        part = rows.take(np.arange(some.start, some.stop))
        yield _residual(fit.specification, part, values, expected_losses(fit.specification, part, values))


def standardised(fit: Fit, rows: Rows, replicates: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    r"""Residuals of the rows and of replicated ones, in units of the noise under the same draw.

    .. math:: r_i^{(s)} = \frac{y_i - \mu_i(\theta_s)}{\sqrt{\sigma_{i,s}^2 + \tau_s^2}}, \qquad
        \tilde r_i^{(s)} = \frac{\tilde y_i^{(s)} - \mu_i(\theta_s)}{\sqrt{\sigma_{i,s}^2 + \tau_s^2}}

    with logarithms of losses where the noise is on these, and without :math:`\tau` where there is none.

    Parameters
    ----------
    fit
        The posterior.
    rows
        Its rows. Replicated evaluations have the same papers, each with one new effect for all that it has.
    replicates
        Draws to use at most, evenly spaced.
    seed
        Of the noise.

    Yields
    ------
    observed, replicated : arrays, shape (draws, n)
        Of a block of draws at a time.
    """
    specification, rng = fit.specification, np.random.default_rng(seed)
    drawn, chosen = draws_of(specification, fit.data), chosen_draws(fit, replicates)
    count = len(next(iter(drawn.values())))
    for some in blocks(count, len(rows.ids)):
        values, own = {name: each[some] for name, each in drawn.items()}, chosen - some.start
        own = own[(own >= 0) & (own < min(some.stop, count) - some.start)]
        expected = expected_losses(specification, rows, values)
        if specification.noise.cluster == "none":
            replicated = with_noise(specification, values, expected, scales(specification, rows, values), rng)[own]
        else:
            each_draw = ({name: each[draw] for name, each in values.items()} for draw in own)
            simulated = [simulated_rows(specification, rows, draw, rng).response for draw in each_draw]
            replicated = np.reshape(simulated, (len(own), len(rows.ids)))
        values, expected = {name: each[own] for name, each in values.items()}, expected[own]
        observed, replicated = (
            _residual(specification, replace(rows, response=loss), values, expected)
            for loss in (rows.response, replicated)
        )
        yield observed, replicated


def _residual(specification: Specification, rows: Rows, values: Mapping[str, Floats], expected: Floats) -> Floats:
    residual, _ = on_scale(specification, rows, rows.response - expected)
    shared = sum(values[tau] ** 2 for _, tau in specification.noise.effects)
    return np.asarray(residual / np.sqrt(scales(specification, rows, values) ** 2 + shared))
