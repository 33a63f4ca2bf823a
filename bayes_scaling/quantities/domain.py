r"""How far a prediction lies from what was fitted: the one definition for all that is predicted.

.. math:: \frac{C}{C_{\max}}, \qquad d = \sqrt{(x - \bar x)^\top (S + r^2 I)^{-1} (x - \bar x)}, \qquad
    x = (\ln N, \ln D \;[, Y])

with mean and covariance S of the rows fitted, the date only of laws with progress, and :math:`r` = .1, sizes being
known to 10%, so that rows on one line have a distance too. Leverage is :math:`1/n + d^2/(n-1)` but for r, and the
largest of the rows the usual bound of extrapolation (Montgomery, Peck and Vining, Introduction to Linear Regression
Analysis, section 3.8).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.law.formula import training_compute

if TYPE_CHECKING:
    from bayes_scaling.quantities.laws import Laws

WITHIN = 0.1  # relative difference up to which sizes and budgets count as one
EDGE_COMPUTE = 3.0  # times the largest compute fitted: as one budget of a ladder is above the one before
EDGE_DISTANCE = 1.0  # beyond the largest distance of a row, units of the design's spread
UNDECIDED = 10.0  # factor from median to an end of the interval, beyond which data do not decide an allocation
DOMAINS = ("inside", "edge", "beyond")
DOMAIN = ("compute_ratio", "distance", "domain")
"""Columns, and coordinates of draws: times the largest compute fitted, units of the design's spread, and the word."""


def domain_of(design: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Where points are by the rows of a design: inside, at its edge or beyond.

    Inside: neither compute nor distance is above the largest of the design by more than a tenth. At the edge: compute
    is at most three times that, and the distance at most one above it. Points that are no numbers are nowhere.

    Parameters
    ----------
    design, points
        Columns ``parameters`` and ``tokens``, and for a law with progress ``year`` in both.

    Returns
    -------
    DataFrame
        Indexed as ``points``: ``compute_ratio`` (times), ``distance`` (units of the design's spread), ``domain``.

    Examples
    --------
    >>> design = pd.DataFrame({"parameters": [1e8, 1e9, 1e8, 1e9], "tokens": [2e9, 2e9, 2e10, 2e10]})
    >>> points = pd.DataFrame({"parameters": [3e8, 1e9, 1e10], "tokens": [6e9, 5e10, 2e11]})
    >>> domain_of(design, points).round(2).to_numpy().tolist()
    [[0.09, 0.06, 'inside'], [2.5, 1.78, 'edge'], [100.0, 3.66, 'beyond']]
    """
    compute, given = (training_compute(each["parameters"], each["tokens"]) for each in (design, points))
    here, there = _coordinates(design), _coordinates(points)[[*_coordinates(design)]]
    spread = np.atleast_2d(np.cov(here.T)) if len(here) > 1 else np.zeros((here.shape[1],) * 2)
    precision = np.linalg.inv(spread + WITHIN**2 * np.eye(len(spread)))

    def distance(each: pd.DataFrame) -> Any:
        apart = (each - here.mean()).to_numpy(float)
        return np.sqrt(np.einsum("ij,jk,ik->i", apart, precision, apart))

    with np.errstate(invalid="ignore"):  # sizes beyond any number
        ratio, far, most = (given / compute.max()).to_numpy(float), distance(there), distance(here).max()
    inside = (ratio <= 1 + WITHIN) & (far <= most + WITHIN)
    edge = (ratio <= EDGE_COMPUTE) & (far <= most + EDGE_DISTANCE)
    words = np.select([~np.isfinite(far), inside, edge], ["", *DOMAINS[:2]], DOMAINS[2])
    return pd.DataFrame(dict(zip(DOMAIN, (ratio, far, words), strict=True)), index=points.index)


def _coordinates(table: pd.DataFrame) -> pd.DataFrame:
    with np.errstate(divide="ignore"):
        logs = table[["parameters", "tokens"]].astype(float).apply(np.log)
    return logs.assign(year=table["year"]) if "year" in table else logs


def with_domain[D: (xr.DataArray, xr.Dataset)](
    draws: D, laws: "Laws", parameters: Any, tokens: Any, year: Any = None
) -> D:
    """Draws with the coordinates :data:`DOMAIN` of their points; of published constants as they are."""
    if laws.systems.empty:
        return draws
    dims = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    shape = tuple(draws.sizes[dim] for dim in dims)
    names = ["parameters", "tokens", *(["year"] if laws.specification.progresses else [])]
    points = [np.broadcast_to(each, shape).ravel() for each in (parameters, tokens, year)][: len(names)]
    table = domain_of(laws.systems[names], pd.DataFrame(dict(zip(names, points, strict=True))))
    return draws.assign_coords({name: (dims, table[name].to_numpy().reshape(shape)) for name in DOMAIN})


def undecided(row: Any) -> bool:
    """Whether an interval goes further than ten times from its median either way; NaN decides nothing more."""
    return bool(row["upper"] > UNDECIDED * row["median"] or row["median"] > UNDECIDED * row["lower"])
