r"""How far the vertices of parabolas lie from the optimum of a law, at the models that a table has."""

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.approaches.grouping import FOUND_MODELS, WITHIN
from bayes_scaling.approaches.least_squares import parabolas
from bayes_scaling.approaches.rows import Floats, ProfileRows, Size, make_profile_rows
from bayes_scaling.quantities.allocation import YEAR, allocation_exponents, split_laws
from bayes_scaling.quantities.laws import Laws, Source

EXPONENT = {"parameters": "a", "tokens": "b"}


def quadratic_bias(
    source: Source,
    runs: pd.DataFrame,
    *,
    size: Size = "parameters",
    within: float = WITHIN,
    least_models: int = FOUND_MODELS,
) -> xr.DataArray:
    r"""What the quadratics of approach 2 would make of a law's own losses, less the truth.

    .. math:: \hat a\left(\ln L(N_i, D_i)\right) - a, \qquad a = \frac{\beta}{\alpha + \beta}

    Losses without noise at the sizes of the table's models and the compute of their budget, parabolas by least squares
    (:func:`bayes_scaling.approaches.least_squares.parabolas`), and the slope of their vertices.

    Parameters
    ----------
    source
        A fit of approach 3 (``models/chinchilla.toml``), published constants
        (:data:`bayes_scaling.static_laws.BESIROGLU`), or draws of a law.
    runs
        The table whose design is judged, as for :func:`bayes_scaling.isoflop_profiles`.
    size
        Of parameters, the bias of ``a``; of tokens, that of ``b``. Where C = k N D one is the other with its sign
        turned.
    within, least_models
        As for :func:`bayes_scaling.isoflop_profiles`.

    Returns
    -------
    DataArray
        ``bias``, no unit; dimensions ``chain``, ``draw`` of the source. NaN where an exponent of the law is not above
        0.

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
    >>> from bayes_scaling.static_laws import BESIROGLU, HOFFMANN_ROUNDED
    >>> runs = load_runs("simulated")
    >>> [round(quadratic_bias(law, runs).item(), 5) for law in (BESIROGLU, HOFFMANN_ROUNDED)]
    [-8e-05, -0.00102]
    """
    rows = make_profile_rows(runs, within=within, least_models=least_models).by(size)
    laws = split_laws(source, YEAR)
    log_loss = np.log(noiseless(laws, rows))
    slope = parabolas(_log_size(rows), log_loss, rows.budget, rows.log_budget).slope
    own = allocation_exponents(laws)[EXPONENT[size]]
    return laws.drawn(slope, "bias", "no unit") - own


def noiseless(laws: Laws, rows: ProfileRows) -> Floats:
    """Expected losses of the table's models at the compute of their budget, nats per token, ``(samples, n)``."""
    return laws.loss(*_sizes(rows), YEAR)


def _sizes(rows: ProfileRows) -> tuple[Floats, Floats]:
    """Each run as large as it is, and trained for as long as takes it to its budget's mean compute."""
    return rows.parameters, rows.tokens * np.exp(-rows.beside_budget)


def _log_size(rows: ProfileRows) -> Floats:
    parameters, tokens = _sizes(rows)
    return np.log(parameters if rows.size == "parameters" else tokens)
