"""Standardised residuals under each draw, of what was observed and of what the model would have had observed."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bayes_scaling.calibration.simulation import simulated_rows
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.noise import log_residual
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.prediction import with_noise

Floats = NDArray[np.float64]


def standardised(fit: Fit, rows: Rows, replicates: int, seed: int) -> tuple[Floats, Floats]:
    r"""Residuals of the rows and of replicated ones, in units of the noise under the same draw.

    .. math:: r_i^{(s)} = \frac{y_i - \mu_i(\theta_s)}{\sqrt{\sigma_s^2 + \tau_s^2}}, \qquad
        \tilde r_i^{(s)} = \frac{\tilde y_i^{(s)} - \mu_i(\theta_s)}{\sqrt{\sigma_s^2 + \tau_s^2}}

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
    """
    specification, rng = fit.specification, np.random.default_rng(seed)
    values = draws_of(specification, fit.data)
    expected = expected_losses(specification, rows, values)
    count = len(expected)
    chosen = np.unique(np.linspace(0, count - 1, min(replicates, count)).astype(int))
    if specification.noise.cluster == "none":
        replicated = with_noise(fit, expected, rng)[chosen]
    else:
        replicated = np.array(
            [
                simulated_rows(specification, rows, {name: each[draw] for name, each in values.items()}, rng).response
                for draw in chosen
            ]
        )
    scale = _scale({name: each[chosen] for name, each in values.items()})
    expected = expected[chosen]
    log = specification.noise.scale == "log_loss"
    return _residual(rows.response, expected, log) / scale, _residual(replicated, expected, log) / scale


def _residual(loss: Floats, expected: Floats, log: bool) -> Floats:
    return np.asarray(log_residual(loss - expected, loss) if log else loss - expected)


def _scale(values: Mapping[str, Floats]) -> Floats:
    return np.hypot(values["sigma"], values["tau"]) if "tau" in values else values["sigma"]
