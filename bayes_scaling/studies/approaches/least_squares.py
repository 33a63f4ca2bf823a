r"""The classical way: a parabola for each budget by least squares, a line through their vertices, and its bias."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.quantities.allocation import YEAR, allocation_exponents, split_laws
from bayes_scaling.quantities.domain import WITHIN
from bayes_scaling.quantities.laws import Source
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY
from bayes_scaling.studies.approaches.rows import (
    FOUND_MODELS,
    REACH,
    ProfileRows,
    Size,
    make_profile_rows,
    near_minimum,
)

_TURNS = 10
"""Each leaves a small part of the error of the one before: differences in compute are a small part of those in size."""
_SAME_COMPUTE = 1e-9


REFUSED_BIAS = 0.5
"""Of the posterior's standard deviation: were errors normal, 90% intervals would hold the truth in 86% of tables with
this bias, and in 74% with twice as much."""


@dataclass(frozen=True, eq=False)
class Parabolas:
    """Slope of log vertices on log compute, and log vertices of budgets; NaN where a parabola opens downwards."""

    slope: Floats
    log_vertex: Floats


def parabolas(log_size: Floats, log_loss: Floats, budget: Integers, log_budget: Floats, near: Any = True) -> Parabolas:
    """Fit a parabola to each budget, ``ln L = p_k + r_k x + c_k x^2``, and a line to the vertices ``-r_k / 2 c_k``.

    ``log_loss`` may have leading axes, for several tables; ``near`` says which runs of each count. The line weighs
    vertices by the inverse of their variance under equal noise (by the delta method), so that budgets with few or
    far-off models count less. Source: Hoffmann et al. 2022 (arXiv 2203.15556), section 3.2, who fit parabolas to the
    loss.
    """
    near = np.broadcast_to(near, log_loss.shape)
    vertices, weights = [], []
    for k in range(len(log_budget)):
        rows = budget == k
        centre = log_size[rows].mean()
        design = np.vander(log_size[rows] - centre, 3, increasing=True)
        counts = near[..., rows]
        square = np.einsum("...m,mi,mj->...ij", counts.astype(float), design, design)
        inverse = np.linalg.inv(np.where(counts.any(axis=-1)[..., None, None], square, np.eye(3)))
        _, r, c = np.moveaxis(np.einsum("...m,mj,...ij->...i", counts * log_loss[..., rows], design, inverse), -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            gradient = np.stack([-1 / (2 * c), r / (2 * c**2)], axis=-1)
            vertices.append(np.where(c > 0, centre - r / (2 * c), np.nan))
            variance = np.einsum("...i,...ij,...j->...", gradient, inverse[..., 1:, 1:], gradient)
            weights.append(np.where(c > 0, 1 / variance, 0.0))
    log_vertex, weight = np.stack(vertices, axis=-1), np.stack(weights, axis=-1)
    return Parabolas(_line(log_budget, np.nan_to_num(log_vertex), weight), log_vertex)


def _line(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Slope by weighted least squares along the last axis; NaN with fewer than two weights above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = weight / weight.sum(axis=-1, keepdims=True)
        x = x - (weight * x).sum(axis=-1, keepdims=True)
        slope: Floats = (weight * x * y).sum(axis=-1) / (weight * x**2).sum(axis=-1)
    return np.where((weight > 0).sum(axis=-1) > 1, slope, np.nan)


def classical_parabolas(rows: ProfileRows) -> Parabolas:
    """Parabolas of a table of runs: a point estimate, without the pull of one budget on another.

    Where runs of a budget differ in compute, each is moved to the budget's mean along the line of vertices: its log
    size by ``a`` times the difference in log compute, its log loss along a slope that changes evenly from budget to
    budget. Both are fitted with the parabolas, in turns.
    """
    beside = rows.beside_budget
    found = parabolas(rows.log_size, rows.log_loss, rows.budget, rows.log_budget)
    for _ in range(_TURNS if np.ptp(beside) > _SAME_COMPUTE else 0):
        log_size = rows.log_size - np.nan_to_num(found.slope, nan=0.5) * beside
        log_loss = rows.log_loss - _due_to_compute(log_size, rows)
        found = parabolas(log_size, log_loss, rows.budget, rows.log_budget)
    return found


def _due_to_compute(log_size: Floats, rows: ProfileRows) -> Floats:
    """Part of log loss that is due to compute beside the budget's, fitted beside a parabola for each budget."""
    trend = rows.log_budget[rows.budget] - rows.log_budget.mean()
    columns = np.stack([rows.beside_budget, rows.beside_budget * trend], axis=-1)
    own = rows.budget[:, None] == np.arange(len(rows.log_budget))
    x = np.where(own, log_size[:, None] - (log_size @ own) / own.sum(axis=0), 0.0)
    explained: Floats = columns @ np.linalg.lstsq(np.hstack([columns, own, x, x**2]), rows.log_loss)[0][:2]
    return explained


def quadratic_bias(
    source: Source,
    runs: pd.DataFrame,
    *,
    size: Size = "parameters",
    within: float = WITHIN,
    least_models: int = FOUND_MODELS,
    reach: float = REACH,
) -> xr.DataArray:
    r"""What the quadratics of approach 2 would make of a law's own losses, less the truth.

    .. math:: \hat a\left(\ln L(N_i, D_i)\right) - a, \qquad a = \frac{\beta}{\alpha + \beta}

    Losses without noise at the sizes of the table's models and the compute of their budget, parabolas by least squares
    (:func:`bayes_scaling.studies.approaches.least_squares.parabolas`) of those near the lowest, and the slope of their
    vertices.

    Parameters
    ----------
    source
        A fit of approach 3 (``models/chinchilla.toml``), published constants
        (:data:`bayes_scaling.BESIROGLU`), or draws of a law.
    runs
        The table whose design is judged, as for :func:`bayes_scaling.isoflop_profiles`.
    size
        Of parameters, the bias of ``a``; of tokens, that of ``b``. Where C = k N D one is the other with its sign
        turned.
    within, least_models, reach
        As for :func:`bayes_scaling.isoflop_profiles`.

    Returns
    -------
    DataArray
        ``bias``, no unit; dimensions ``chain``, ``draw`` of the source. NaN where an exponent of the law is not above
        0, or the law's lowest losses are at the edge of all budgets' grids but one.

    Raises
    ------
    BayesScalingError
        The source is not a law of parameters and tokens, or the table has no budgets.

    Notes
    -----
    A parabola leaves out the third derivative, in proportion to :math:`\beta^2 - \alpha^2` at the optimum, and what it
    leaves out shifts the vertex. So the bias is 0 with alpha = beta and designs centred on the optimum. Of other laws,
    designs centred on it have vertices that are all off by the same, in proportion to the square of the width; their
    slope is off only in proportion to its fourth power. A design that drifts away from the optimum from budget to
    budget keeps its bias however narrow it is.
    The bias is that of least squares: heavy-tailed noise gives far-off models less weight, and then there is less bias.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_ROUNDED
    >>> runs = load_runs("simulated")
    >>> [round(quadratic_bias(law, runs).item(), 5) for law in (BESIROGLU, HOFFMANN_ROUNDED)]
    [-8e-05, -0.00102]
    """
    rows = make_profile_rows(runs, within=within, least_models=least_models, size=size, reach=None)
    laws = split_laws(source, YEAR)
    tokens = rows.tokens * np.exp(-rows.beside_budget)  # that take each run to its budget's mean compute
    log_loss = np.log(laws.loss(rows.parameters, tokens, YEAR))
    log_size = np.log(rows.parameters if size == "parameters" else tokens)
    near, _ = near_minimum(log_size, log_loss, rows.budget, reach)
    slope = parabolas(log_size, log_loss, rows.budget, rows.log_budget, near).slope
    return laws.drawn(slope, "bias", "no unit") - allocation_exponents(laws)["a" if size == "parameters" else "b"]


@dataclass(frozen=True)
class Reliability:
    """Of an exponent by approach 2, on its own design: median ``bias`` and why it is ``refused``, or "".

    ``coverage`` is the share of tables whose intervals hold the truth, were errors normal and right but for the bias.
    """

    bias: float
    coverage: float
    refused: str


def reliability(
    exponent: xr.DataArray,
    source: Source,
    runs: pd.DataFrame,
    *,
    probability: float = INTERVAL_PROBABILITY,
    **design: Any,
) -> Reliability:
    """Judge draws of an exponent by what approach 2 finds in a law's own losses at the same sizes.

    ``source`` and ``design`` are those of :func:`quadratic_bias`, ``probability`` that of the interval. Refused is an
    exponent whose bias is above :data:`REFUSED_BIAS` of its standard deviation, and one whose bias can't be found since
    in most draws of the law too few budgets have their minimum inside their grid.
    """
    biases = quadratic_bias(source, runs, **design).to_numpy()
    biases, found = biases[np.isfinite(biases)], np.isfinite(biases).mean()
    if found < 0.5:
        reason = "by the law of approach 3 the minimum of nearly every budget lies at the edge of its grid"
        return Reliability(np.nan, np.nan, reason)
    bias, spread, end = float(np.median(biases)), exponent.std().item(), norm.ppf((1 + probability) / 2)
    coverage = float(np.mean(norm.cdf(end - biases / spread) - norm.cdf(-end - biases / spread)))
    refused = (
        f"on this design parabolas of a law's own losses are off by {bias:+.2g}, more than {REFUSED_BIAS:g} of the "
        f"posterior's standard deviation ({spread:.2g})"
    )
    return Reliability(bias, coverage, refused if abs(bias) > REFUSED_BIAS * spread else "")
