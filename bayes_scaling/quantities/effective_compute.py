"""By how much better algorithms multiply compute between two dates, at the same physical compute."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import physical_compute_growth
from bayes_scaling.model.predictors import architecture_levels
from bayes_scaling.model.rows import central_anchor
from bayes_scaling.quantities.arguments import positive
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.intervals import SAMPLE_DIMS
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of, with_fit
from bayes_scaling.quantities.optimal_split import local_terms
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR
from bayes_scaling.specifications.formulas import LOSS_FACTORS
from bayes_scaling.specifications.sections import GROUPS
from bayes_scaling.tables import decimal_year

FACTORS = ("physical", "algorithmic")  # what effective compute grows by

_LEVELS = ("log_A", "log_B", "E", "gamma", "log_factor", "level", "share", "irreducible_share", *LOSS_FACTORS, "sigma")
"""Coefficients that shift the loss and leave rates alone."""


def growth_factor(years: Any, doubling_months: Any) -> Any:
    r"""Factor of growth over some years, from a doubling time.

    .. math:: 2^{12\, t / T}

    Parameters
    ----------
    years
        Length of the period, years.
    doubling_months
        Doubling time, months; infinite for what does not grow.

    Returns
    -------
    float or array
        Broadcast of the arguments.

    Raises
    ------
    BayesScalingError
        If a doubling time is not above 0.

    Notes
    -----
    The published statement that nine years of algorithmic progress are worth 22,000 times the compute (Ho et al. 2024,
    arXiv 2403.05812, figure 4) is this function at 7.5 months. No reported median is 7.5 months: 8.4 (their abstract)
    gives 7,420 times, and 7.8 (their average over models) 14,727 times.

    Examples
    --------
    >>> [round(float(growth_factor(9, months))) for months in (7.5, 7.8, 8.4)]
    [21619, 14727, 7420]
    >>> growth_factor(1, [14.3, 8.4, 4.5]).round(3).tolist()
    [1.789, 2.692, 6.35]
    """
    months = np.asarray(doubling_months, dtype=float)
    if not np.all(months > 0):
        raise BayesScalingError(f"a doubling time must be above 0 months (or infinite), not {doubling_months!r}")
    with np.errstate(over="ignore"):
        return np.exp2(MONTHS_PER_YEAR * np.asarray(years, dtype=float) / months)


def log_share(part: Any, total: Any) -> Any:
    """Share of one factor in a product, on a logarithmic scale: ``ln(part) / ln(total)``."""
    return np.log(positive(part, "a factor")) / np.log(positive(total, "the product of all factors"))


def rate_draws(source: Source, *, by: str | None = None) -> xr.DataArray:
    """Draws of the growth rate of effective compute, log units per year (Ho et al. 2024, eq. 4-6).

    Averaged over the systems fitted, unless ``by`` names a group; where rates change with size and date, at the centre.
    """
    source = with_fit(source)
    if isinstance(source, Fit) and not source.setting:
        posterior = source.posterior
        if by is not None:
            rates = _by_group(posterior["g_C"] if "g_C" in posterior else xr.DataArray(), by, source.specification.name)
        else:
            pooled = np.asarray(pooled_rate(source, "g_C"), dtype=float)
            rates = xr.DataArray(pooled.reshape(posterior.sizes["chain"], -1), dims=SAMPLE_DIMS)
    else:
        laws = laws_of(source)
        if by_dates := laws.specification.rates_by_era:
            raise BayesScalingError(
                f"rates of '{laws.specification.name}' vary by {laws.specification.index_of(by_dates[0])}, and draws "
                "of a law have none for all dates; use effective_compute between two dates, or the fit"
            )
        year = central_anchor(laws.specification).year
        rates = _over_groups(laws, _log_growth(laws, year - 0.5, year + 0.5), by)
    return rates.rename("g_C").assign_attrs(unit="log units per year")


def effective_compute(source: Source, start: Any, end: Any, *, by: str | None = None) -> xr.DataArray:
    r"""What better algorithms multiply compute by between two dates, at the same physical compute.

    .. math:: e^{g_C (Y_\mathrm{end} - Y_\mathrm{start})}

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    start
        Date: a decimal year, a ``date``, or text such as ``"2014-01-01"``.
    end
        Date, or several.
    by
        ``"benchmark"`` or ``"architecture"``: see :func:`rate_draws`.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, the group, and ``end`` (decimal years) where several were given; a factor,
        below 1 in draws without progress. The rate is taken as constant over the period, inside the dates of the
        data or not; where it differs before and after a cut, each era counts with its own.

    Raises
    ------
    BayesScalingError
        For what is not a date, or a group that the rate does not vary by.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 2 and figure 4. On their 22,000 see :func:`growth_factor`.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> effective_compute(HO2024_MODEL_7, 2014, [2014, 2015, 2023]).round(1).squeeze().to_series().to_dict()
    {2014.0: 1.0, 2015.0: 2.6, 2023.0: 5538.4}
    """
    with np.errstate(over="ignore"):
        multiplier: xr.DataArray = xr.ufuncs.exp(_log_multiplier(source, start, end, by))
    return multiplier.rename("effective_compute").assign_attrs(unit="times")


def effective_compute_shares(source: Source, start: Any, end: Any, *, physical: Any = None) -> xr.DataArray:
    r"""How much of the growth of effective compute is physical compute, and how much algorithms.

    .. math:: \frac{\ln F}{\ln F + g_C (Y_\mathrm{end} - Y_\mathrm{start})} \quad \text{and the rest}

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    start, end
        Dates, as for :func:`effective_compute`; the end is the later.
    physical
        Factor ``F`` that physical compute grew by in the same time (one for each end); by default as Ho et al. 2024
        draw it (:func:`bayes_scaling.law.published.physical_compute_growth`). With a trend of your choice:
        ``growth_factor(9, TRENDS["moore"].months)``.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, ``end`` (where several were given) and ``factor``: ``physical``,
        ``algorithmic``; shares of the logarithm, which add up to 1. NaN in draws in which effective compute did not
        grow.

    Raises
    ------
    BayesScalingError
        For what is not a date, an end that is not after the start, or a factor that is not above 0.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 3.3 and figure 4: "one million" times 22,000, .58 physical.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> shares = effective_compute_shares(HO2024_MODEL_7, 2014, 2023)
    >>> shares.squeeze().round(3).to_series().to_dict()
    {'physical': 0.659, 'algorithmic': 0.341}
    """
    period = _period(start, end)
    if not (period > 0).all():
        raise BayesScalingError(f"the end must be after the start; start {start!r}, end {end!r}")
    if physical is None:
        begins = _decimal_years(start)[0]
        factor = physical_compute_growth(begins, begins + period.to_numpy())
    else:
        factor = positive(physical, "growth of physical compute (a factor)")
    log_physical = xr.zeros_like(period) + np.log(factor)
    log_algorithmic = _log_multiplier(source, start, end, None)
    total = log_physical + log_algorithmic
    parts = [log_physical.broadcast_like(total), log_algorithmic]
    shares: xr.DataArray = xr.concat(parts, dim=pd.Index(FACTORS, name="factor")) / total.where(total > 0)
    shares = shares.transpose(*SAMPLE_DIMS, ..., "factor").rename("effective_compute_shares")
    return shares.assign_attrs(unit="share of the logarithm")


def _period(start: Any, end: Any) -> xr.DataArray:
    """Years from start to end; dimension ``end`` if there are several."""
    begins, ends = _decimal_years(start), _decimal_years(end)
    if np.ndim(start) or np.ndim(end) > 1 or not ends.size:
        raise BayesScalingError("start must be one date, and end one date or a non-empty list of dates")
    if np.ndim(end) == 0:
        return xr.DataArray(float(ends[0] - begins[0]))
    return xr.DataArray(ends - begins[0], dims="end", coords={"end": ends})


def _decimal_years(dates: Any) -> Floats:
    given = pd.Series(np.atleast_1d(dates).ravel())
    try:
        numbers = pd.api.types.is_numeric_dtype(given)
        years = (given if numbers else decimal_year(pd.to_datetime(given))).to_numpy(float)
    except (TypeError, ValueError):
        years = np.full(1, np.nan)
    if not np.isfinite(years).all():
        raise BayesScalingError(
            f'{dates!r} is not a date; give decimal years (2020.5), dates, or text like "2020-05-28"'
        )
    return years


def _log_multiplier(source: Source, start: Any, end: Any, by: str | None) -> xr.DataArray:
    source = with_fit(source)
    specification = source.specification if isinstance(source, Fit) else laws_of(source).specification
    period = _period(start, end)
    if not specification.rates_change:
        return rate_draws(source, by=by) * period
    laws = laws_of(source)
    begins = _decimal_years(start)[0]
    each = [_over_groups(laws, _log_growth(laws, begins, begins + float(years)), by) for years in np.atleast_1d(period)]
    if period.ndim == 0:
        return each[0]
    together: xr.DataArray = xr.concat(each, dim=period["end"])
    return together.transpose(..., "end")


def _log_growth(laws: Laws, start: float, end: float) -> xr.DataArray:
    """Log of what effective compute grows by, with the groups it varies by; at the central size."""
    groups = _groups(laws)
    growth = [
        _log_growth_of(laws, start, end, dict(zip(groups, levels, strict=True)))
        for levels in product(*(each.values() for each in groups.values()))
    ]
    return laws.drawn(np.array(growth).T, "growth", "log", **{name: list(levels) for name, levels in groups.items()})


def _groups(laws: Laws) -> dict[str, Mapping[str, Any]]:
    """Groups between which rates may differ and that are not set: each level with what its column holds."""
    used: set[str | None] = {each.group for name, each in laws.coefficients.items() if name not in _LEVELS}
    if laws.specification.progress.drifts and laws.specification.index_of("A") == "benchmark":
        used.add("benchmark")  # by the size of its training text
    if laws.predictors is None:
        return {group: {level: level for level in laws.levels[group]} for group in GROUPS if group in used}
    used = used.union(*(cells.columns for name, cells in laws.predictors.cells.items() if name not in _LEVELS))
    names = (*GROUPS, *(name for name in laws.specification.columns if name not in GROUPS))
    return {name: laws.predictors.choices(name) for name in names if name in used and name not in laws.setting}


def _log_growth_of(laws: Laws, start: float, end: float, levels: Mapping[str, Any]) -> Floats:
    """Fall of each term's logarithm with time, over its fall with a log unit of size; summed, shape ``(samples,)``."""
    benchmark = levels.get("benchmark", laws.benchmark_of())
    setting = {"benchmark": benchmark, "architecture": levels.get("architecture", ARCHITECTURE)}
    laws = laws.at(**{name: level for name, level in levels.items() if name not in GROUPS})
    centre = central_anchor(laws.specification)
    size = centre.parameters, {**laws.anchor.tokens, **centre.tokens}[benchmark]
    _, before = laws.parts(*size, start, **setting)
    _, after = laws.parts(*size, end, **setting)
    exponents = [exponent for _, exponent in local_terms(laws, centre.year, **setting)]
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = [(x - y) / exponent for x, y, exponent in zip(before, after, exponents, strict=True)]
    return np.asarray(sum(growth))[:, 0]


def _by_group(values: xr.DataArray, by: str, name: str) -> xr.DataArray:
    groups = [str(dim) for dim in values.dims if dim not in SAMPLE_DIMS]
    if by not in groups:
        raise BayesScalingError(
            f"the rate of effective compute of '{name}' does not vary by {by!r}; "
            f"valid choices: {', '.join(groups) or 'none (leave by out)'}"
        )
    return values.mean([group for group in groups if group != by])


def _over_groups(laws: Laws, values: xr.DataArray, by: str | None) -> xr.DataArray:
    """One group's levels, or the mean over all groups, weighted by the systems that were fitted."""
    if by is not None:
        return _by_group(values, by, laws.specification.name)
    for group in [str(dim) for dim in values.dims if dim not in SAMPLE_DIMS]:
        weights = xr.ones_like(values[group], dtype=float)
        if not laws.systems.empty:
            labels = laws.systems.get(group)
            if labels is None:
                assert laws.predictors is not None  # of a fit
                labels = pd.Series(laws.predictors.labels(group))
            if group == "architecture":
                labels = architecture_levels(labels)
            weights = weights * labels.value_counts().reindex(values[group].to_numpy(), fill_value=0).to_numpy()
        values = values.weighted(weights).mean(group)
    return values
