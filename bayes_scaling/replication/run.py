"""Fit the paper's preferred model, with and without its factor for transformers, and read off its answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.classical.objective import PUBLISHED_DELTA
from bayes_scaling.classical.published_law import HO2024_TRANSFORMER_GAINS, HO2024_TRANSFORMER_LOSS_REDUCTION
from bayes_scaling.inference.fitting import fit
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SEED
from bayes_scaling.published import PublishedDoubling, published_shapley
from bayes_scaling.quantities.attribution import shapley_attribution
from bayes_scaling.quantities.doubling import doubling_times, numerical_doubling_time
from bayes_scaling.quantities.effective_compute import effective_compute, growth_factor, log_share
from bayes_scaling.quantities.gain import compute_equivalent_gain, loss_reduction
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.prediction import predicted_loss
from bayes_scaling.quantities.rate_widths import Beside, beside_rates
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR, signed_months_to_double
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.systems import HO2024_SYSTEMS, System
from bayes_scaling.tables import load_evaluations

COLUMNS = (
    *("part", "unit", "published", "published_lower", "published_upper"),
    *("median", "lower", "upper", "published_inside", "width_ratio", "source"),
)
"""Columns of a table of answers, in their order."""

_PAPER = "Ho et al. 2024 (arXiv 2403.05812)"
_TIMES = "doubling times"
_PERIOD = (2014.0, 2023.0)
_PERIOD_MONTHS = 7.5
"""Doubling time behind the published 22,000-fold growth; no reported median is 7.5 months."""


@dataclass(frozen=True)
class _Published:
    """A published figure; ``signed`` where it is a quantity that may be negative."""

    part: str
    quantity: str
    unit: str
    point: float
    lower: float = np.nan
    upper: float = np.nan
    source: str = ""
    signed: bool = False


def answers(fit: Fit, gain_fit: Fit) -> pd.DataFrame:
    """Published answers beside those of posteriors.

    Returns one row a quantity, columns :data:`COLUMNS`: the published point and 95% bootstrap interval (NaN where none
    is published), and the posterior's median and 95% equal-tailed credible interval. ``width_ratio`` compares the two
    intervals, those of doubling times as rates; see :func:`bayes_scaling.quantities.rate_widths.beside_rates`.

    Parameters
    ----------
    fit
        The paper's preferred model (``ho2024/07``, with its penalty).
    gain_fit
        The same with the factor for transformers (``robustness/transformer-factor``, with the penalty).

    Notes
    -----
    Source of each published figure: column ``source``.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> replication = bs.replicate()  # doctest: +SKIP
    >>> replication.table.loc["T_C"]  # doctest: +SKIP
    """
    rows = {
        published.quantity: _row(published, found)
        for published, found in (*_doubling(fit), *_growth(fit, gain_fit), *_gains(gain_fit), *_shares(fit))
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("quantity")


Found = tuple[float, ...]
"""Median, lower and upper end."""


def _row(published: _Published, found: Found) -> dict[str, object]:
    median, lower, upper = found
    ends = (published.lower, published.upper)
    if published.part == _TIMES and np.isfinite(upper):
        time = PublishedDoubling(published.quantity, published.point, *ends, published.source)
        rates = signed_months_to_double(np.array([upper, lower]))  # in any unit of time: only ratios are used
        beside = beside_rates(time, (float(rates[0]), float(rates[1])))
    else:
        beside = Beside.of(published.point, ends, (lower, upper), signed=published.signed)
    return {
        "part": published.part,
        "unit": published.unit,
        "published": published.point,
        "published_lower": published.lower,
        "published_upper": published.upper,
        "median": median,
        "lower": lower,
        "upper": upper,
        "published_inside": beside.inside,
        "width_ratio": beside.width_ratio,
        "source": published.source,
    }


def _interval(draws: xr.DataArray) -> Found:
    row = credible_intervals(draws).iloc[0]
    return float(row["median"]), float(row["lower"]), float(row["upper"])


def _doubling(fit: Fit) -> Iterator[tuple[_Published, Found]]:
    times = doubling_times(fit)[["median", "lower", "upper"]]
    part = _TIMES
    notebook = f"{_PAPER}, notebook section3, cell"
    for published, factor, scale in (
        (_Published(part, "T_N", "years", 0.983, -77.5, 29.5, f"{notebook} 35"), "parameters", MONTHS_PER_YEAR),
        (_Published(part, "T_D", "years", 0.668, -0.36, 2.24, f"{notebook} 35"), "data", MONTHS_PER_YEAR),
        (_Published(part, "T_C", "months", 8.44, 4.52, 14.27, f"{notebook} 35"), "compute", 1),
    ):
        yield published, tuple(float(times[end][factor]) / scale for end in ("median", "lower", "upper"))
    numerical = _Published(part, "T_C, numerical definition", "months", 8.5716, 4.547, 14.460, f"{notebook} 37")
    yield numerical, _interval(numerical_doubling_time(fit))


def _growth(fit: Fit, gain_fit: Fit) -> Iterator[tuple[_Published, Found]]:
    start, end = _PERIOD
    part = "what progress was worth"
    yield (
        _Published(
            part,
            f"effective compute, {start:.0f} to {end:.0f}",
            "times",
            float(growth_factor(end - start, _PERIOD_MONTHS)),
            source=f"{_PAPER}, figure 4: nine years at {_PERIOD_MONTHS} months",
        ),
        _interval(effective_compute(fit, start, end)),
    )
    later = HO2024_SYSTEMS["Chinchilla"]
    pair = [later, System("a year later", later.parameters, later.tokens, _year_later(later.published))]
    loss = predicted_loss(fit, pair)
    fall: xr.DataArray = 100 * (1 - xr.apply_ufunc(np.exp, loss.diff("system").isel(system=0, drop=True)))
    yield (
        _Published(
            part,
            "fall of perplexity in a year at Chinchilla's size",
            "percent",
            10.0,
            source=f"{_PAPER}: 'around 10%'",
            signed=True,
        ),
        _interval(fall),
    )
    gain = compute_equivalent_gain(gain_fit, 1e22).isel(compute=0, drop=True)
    share = log_share(gain, effective_compute(gain_fit, start, end).squeeze(drop=True))
    yield (
        _Published(
            part,
            "transformer's share of log algorithmic progress",
            "share",
            float(log_share(7.0, 2e4)),
            source=f"{_PAPER}: a gain of 7 in 20,000",
            signed=True,
        ),
        _interval(xr.DataArray(share, dims=gain.dims)),
    )


def _year_later(day: date) -> date:
    return day.replace(year=day.year + 1)


def _gains(fit: Fit) -> Iterator[tuple[_Published, Found]]:
    part = "the transformer"
    for compute, figure in HO2024_TRANSFORMER_GAINS.items():
        found = _interval(compute_equivalent_gain(fit, compute))
        name = f"compute-equivalent gain at {compute:.0e} FLOP".replace("e+", "e")
        yield _Published(part, name, "times", figure.median, figure.lower, figure.upper, figure.source), found
    figure = HO2024_TRANSFORMER_LOSS_REDUCTION
    reduction = _Published(part, "fall in loss", "percent", figure.median, figure.lower, figure.upper, figure.source)
    yield reduction, _interval(loss_reduction(fit, min(HO2024_TRANSFORMER_GAINS)))


def _shares(fit: Fit) -> Iterator[tuple[_Published, Found]]:
    draws, shares = shapley_attribution(fit), published_shapley()
    source = f"{_PAPER}, Table 1 and notebook section3"
    for pair in map(str, shares.index):
        for player in map(str, shares.columns):
            share = float(shares[player][pair])
            published = _Published("attribution", f"{pair}: {player}", "share", share, source=source, signed=True)
            yield published, _interval(draws.sel(pair=pair, player=player))


MODEL = "ho2024/07"
GAIN_MODEL = "robustness/transformer-factor"
"""Specifications that answer for the paper: its preferred model, and that with a factor for transformers."""


@dataclass(frozen=True, eq=False)
class Replication:
    """The paper's answers beside those of posteriors.

    Parameters
    ----------
    table
        One row a quantity; columns :data:`bayes_scaling.replication.run.COLUMNS`.
    fits
        By name of the specification: the model, and the model with a factor for transformers.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.replicate()  # doctest: +SKIP
    >>> found.unconverged, found.table  # doctest: +SKIP
    """

    table: pd.DataFrame
    fits: Mapping[str, Fit]

    @property
    def unconverged(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the fits that did not converge, with the reasons."""
        return {name: one.diagnostics.failures for name, one in self.fits.items() if not one.diagnostics.converged}


def replicated_specifications() -> tuple[Specification, Specification]:
    """The model and the model with a factor for transformers, both with the paper's penalty as their prior."""
    model, gain = (load_specification(name).with_published_penalty(PUBLISHED_DELTA) for name in (MODEL, GAIN_MODEL))
    return model, gain


def replicate(
    evaluations: pd.DataFrame | None = None, *, seed: int = SEED, progress: bool = False, cores: int | None = None
) -> Replication:
    """Give each answer of Ho et al. 2024 as a posterior: same model, same rows, the same penalty as a prior.

    Parameters
    ----------
    evaluations
        See :func:`bayes_scaling.load_evaluations`; by default the paper's own rows.
    seed
        Of the fits.
    progress
        Show nutpie's progress bar.
    cores
        Chains sampled at the same time.

    Returns
    -------
    Replication

    Raises
    ------
    BayesScalingError
        If the table lacks something, before anything is sampled.

    Notes
    -----
    What differs from the paper is the estimator alone: its point estimates come from an optimiser that stopped
    early, and its intervals from resampling rows; here all that the same objective and data allow is kept.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.replicate().table[["published", "median", "lower", "upper"]]  # doctest: +SKIP
    """
    table = load_evaluations() if evaluations is None else evaluations
    fits = {one.name: fit(one, table, seed=seed, progress=progress, cores=cores) for one in replicated_specifications()}
    return Replication(answers(*fits.values()), fits)
