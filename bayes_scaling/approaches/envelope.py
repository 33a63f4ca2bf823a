"""The classical approach 1: the lower envelope of training curves, and lines through it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayes_scaling.approaches.curves import curves_of
from bayes_scaling.errors import RunsError

POINTS = 1500
"""Values of compute in Hoffmann et al. 2022."""


@dataclass(frozen=True, eq=False)
class Envelope:
    r"""Which curve is lowest at each compute, and how its size and tokens scale: a point estimate.

    .. math:: N^* \propto C^a, \qquad D^* \propto C^b

    Parameters
    ----------
    a, b
        Slopes by least squares of log size and log tokens on log compute, no unit.
    table
        ``compute`` (FLOP), ``parameters``, ``tokens``, ``loss`` (nats per token), ``series`` of the lowest curve.
    """

    a: float
    b: float
    table: pd.DataFrame


def envelope(table: pd.DataFrame, *, points: int = POINTS) -> Envelope:
    """Take the lowest curve at log-spaced compute values.

    Returns Envelope: of those values at which the lowest curve is neither that of the smallest nor that of the largest
    model there: at the ends the best size is one that was not trained. Raises RunsError, EvaluationsError: the table
    has no usable curves, or the lowest curve is everywhere that of the smallest or of the largest model, or only one
    model.

    Parameters
    ----------
    table
        Several rows a run; see :func:`bayes_scaling.approaches.curves.curves_of`.
    points
        Values of compute, at least 2, from the first point of any curve to the last.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), section 3.1, who do not say what they do at the ends. The points
    are not independent, and a step of the envelope is as long as the models are apart: an interval by their scatter
    would be of no use, so there is none. :func:`bayes_scaling.training_curves` has one.

    Examples
    --------
    >>> from bayes_scaling.tables.simulated_curves import simulate_curves
    >>> from bayes_scaling.static_laws import BESIROGLU
    >>> round(envelope(simulate_curves(BESIROGLU)).a, 2)
    0.51
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise RunsError(f"points must be a whole number of at least 2, not {points!r}")
    curves = curves_of(table)
    low, high = min(curve.log_flop[0] for curve in curves), max(curve.log_flop[-1] for curve in curves)
    where = np.linspace(low, high, points)
    losses, tokens = np.moveaxis(np.array([curve.at(where) for curve in curves]), 1, 0)  # by size, ascending
    there = np.isfinite(losses)
    best = np.argmin(np.where(there, losses, np.inf), axis=0)
    smallest, largest = np.argmax(there, axis=0), len(curves) - 1 - np.argmax(there[::-1], axis=0)
    inner = there.any(axis=0) & (best > smallest) & (best < largest)
    if len(np.unique(best[inner])) < 2:
        raise RunsError(
            "the lowest curve is that of the smallest or the largest model nearly everywhere, so these curves have no "
            "envelope; add models of other sizes, or longer curves"
        )
    column = np.arange(points)[inner]
    found = pd.DataFrame(
        {
            "compute": np.exp(where[inner]),
            "parameters": np.array([curve.parameters for curve in curves])[best[inner]],
            "tokens": np.exp(tokens[best[inner], column]),
            "loss": np.exp(losses[best[inner], column]),
            "series": np.array([curve.name for curve in curves], dtype=object)[best[inner]],
        }
    )
    a, b = (float(np.polyfit(where[inner], np.log(found[size]), 1)[0]) for size in ("parameters", "tokens"))
    return Envelope(a, b, found)
