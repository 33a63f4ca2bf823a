"""From draws of a quantity to its median and interval."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_attrs, interval_points

SAMPLE_DIMS = ("chain", "draw")
MCSE = ("mcse_median", "mcse_lower", "mcse_upper")
"""Monte Carlo standard errors of ``median``, ``lower`` and ``upper``."""


def check_probability(probability: float) -> None:
    """Refuse a probability that is not between 0 and 1."""
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not 0 < probability < 1:
        raise BayesScalingError(f"probability must be between 0 and 1, not {probability!r}")


def quantile_errors(draws: np.ndarray, probabilities: Sequence[float]) -> np.ndarray:
    """Monte Carlo standard errors of quantiles (Vehtari et al. 2021, section 4); NaN where draws can't tell."""
    from arviz_stats.base import array_stats

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of what does not move
        found = [
            array_stats.mcse(np.asarray(draws, float), chain_axis=0, draw_axis=1, method="quantile", prob=each)
            for each in probabilities
        ]
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def credible_intervals(
    draws: xr.DataArray, *, probability: float = INTERVAL_PROBABILITY, errors: bool = True
) -> pd.DataFrame:
    """Median and equal-tailed credible interval of a quantity, from its draws.

    Parameters
    ----------
    draws
        What functions such as :func:`bayes_scaling.shapley_attribution` return: dimensions ``chain``, ``draw`` and
        others.
    probability
        Of the interval.
    errors
        Whether to estimate Monte Carlo errors, a few milliseconds for each element.

    Returns
    -------
    DataFrame
        One row for each element, columns ``median``, ``lower``, ``upper`` in the unit of the draws, their Monte Carlo
        standard errors ``mcse_median``, ``mcse_lower``, ``mcse_upper`` (if asked for), and ``defined``: the share of
        draws in which the quantity is defined (not NaN), over which the others are taken; ``attrs`` name unit and
        interval. Infinite draws (a date never reached) count as the largest values.

    Raises
    ------
    BayesScalingError
        If the probability is not between 0 and 1, several quantities are given at once, or what is given is no draws.

    Examples
    --------
    >>> import numpy as np
    >>> draws = xr.DataArray(np.arange(100.0).reshape(1, 100, 1), dims=("chain", "draw", "system"),
    ...                      coords={"system": ["GPT-3"]}, attrs={"unit": "nats"})
    >>> credible_intervals(draws, probability=0.9, errors=False).loc["GPT-3"].tolist()
    [49.0, 4.0, 94.0, 1.0]
    """
    check_probability(probability)
    if hasattr(draws, "data_vars"):  # a Dataset
        names = ", ".join(repr(str(name)) for name in draws.data_vars)
        raise BayesScalingError(f"intervals are of one quantity, and these are several; choose draws[...] of: {names}")
    if not {*SAMPLE_DIMS} <= {*getattr(draws, "dims", ())}:
        raise BayesScalingError(
            f"intervals are of draws over {' and '.join(SAMPLE_DIMS)}, such as fit.posterior['g_C'] or what "
            f"bs.shapley_attribution(fit) returns, not of a {type(draws).__name__}; tables such as "
            "bs.coefficients(fit) have their intervals already"
        )
    points = interval_points(probability)
    # The inverse of the empirical distribution function: interpolating would turn infinite draws into NaN.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN", category=RuntimeWarning)  # `defined` says so
        found = draws.quantile(points, dim=SAMPLE_DIMS, method="inverted_cdf").transpose(..., "quantile")
    defined = draws.notnull().mean(SAMPLE_DIMS)  # noqa: PD004 (xarray has this name only)
    dims = [str(dim) for dim in found.dims[:-1]]
    labels = [found[dim].to_numpy() for dim in dims]
    if len(dims) > 1:
        index: pd.Index = pd.MultiIndex.from_product(labels, names=dims)
    else:
        index = pd.Index(labels[0] if labels else [draws.name])
    table = pd.DataFrame(found.to_numpy().reshape(-1, 3), index=index, columns=["median", "lower", "upper"])
    if errors:
        values = draws.transpose(*SAMPLE_DIMS, *dims).to_numpy()
        table[list(MCSE)] = quantile_errors(values, points).reshape(-1, 3)
    table["defined"] = defined.to_numpy().reshape(-1)
    table.attrs = {"unit": draws.attrs.get("unit", ""), "interval": interval_attrs(probability)}
    return table
