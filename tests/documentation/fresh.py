"""Fits made again, to be put beside printed figures of earlier ones."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from quoted import ENDS, MOST_ERRORS, agrees
from scipy import stats
from xarray import DataTree

import bayes_scaling as bs
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.rates import months_to_double
from bayes_scaling.studies.comparison.elpd import Elpd

SEED = 1
"""Pages were made with 0: a fit that is made again must not repeat the same draws."""


def check_doubling_time(fit: bs.Fit, printed: tuple[str, str, str], era: str | None = None) -> None:
    """Months of doubling of effective compute as printed against a fresh fit's."""
    times = months_to_double(rate_of(fit, era))
    assert [agrees(each, times, end) for each, end in zip(printed, ENDS, strict=True)] == [True] * 3, printed


def rate_of(fit: bs.Fit, era: str | None = None) -> np.ndarray:
    """Draws of the rate of effective compute, shape ``(chain, draw)``; of an era, or of all dates."""
    posterior = fit.data["posterior"]
    if era is not None:
        return posterior["g_C"].sel(era=era).to_numpy()
    return pooled_rate(fit, "g_C").reshape(posterior.sizes["chain"], posterior.sizes["draw"])


def difference_errors(one: Elpd, other: Elpd) -> tuple[float, float]:
    """Monte Carlo standard errors of a difference of two elpds, and of that difference's own standard error.

    The latter is the length of the centred differences of terms: to first order an error moves it along them, and to
    second order, which counts where they are short, errors make it longer.
    """
    apart = one.terms - other.terms
    centred = apart - apart.mean()
    length = math.sqrt((centred**2).sum())
    errors = one.errors**2 + other.errors**2
    along = math.sqrt((centred**2 * errors).sum()) / length
    return math.hypot(one.mcse, other.mcse), along + errors.sum() / (2 * length)


def batches(fit: bs.Fit, segments: int = 5) -> tuple[bs.Fit, ...]:
    """The same fit as if it had consecutive draws of one chain alone: each chain in so many parts of one length."""
    draws, chains = fit.data["posterior"].sizes["draw"], fit.data["posterior"].sizes["chain"]
    length = draws // segments
    chosen = [
        {"chain": [chain], "draw": slice(start * length, (start + 1) * length)}
        for chain in range(chains)
        for start in range(segments)
    ]
    groups = {name: group.to_dataset() for name, group in fit.data.children.items()}
    return tuple(
        replace(
            fit,
            data=DataTree.from_dict({name: one.isel(part, missing_dims="ignore") for name, one in groups.items()}),
        )
        for part in chosen
    )


def batch_errors(values: pd.DataFrame) -> "pd.Series[float]":
    """Standard errors of what batches found, one a row, as if all their draws had been in one.

    Wider by what so few batches leave unknown of their own scatter.
    """
    count = len(values)
    known = stats.t.isf(stats.norm.sf(MOST_ERRORS), count - 1) / MOST_ERRORS
    return values.std(ddof=1) * known / math.sqrt(count)
