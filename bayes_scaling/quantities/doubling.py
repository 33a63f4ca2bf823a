r"""Doubling times of effective parameters, data and compute.

A rate's posterior can reach below zero, where a doubling time has no meaning. So rates
are summarised, and their quantiles mapped: a quantile that is not positive is an infinite doubling time.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import elementwise
from xarray import DataTree

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.result import AnyFit, Fit, require_fit
from bayes_scaling.inference.simulation import prior_draw, prior_of
from bayes_scaling.law.formula import training_compute
from bayes_scaling.model.predictors import architecture_levels, label_of
from bayes_scaling.quantities import rates
from bayes_scaling.quantities.arguments import budgets_of, check_years, positive
from bayes_scaling.quantities.intervals import MCSE, check_probability, quantile_errors
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of
from bayes_scaling.quantities.optimal_split import optimal_split, optimal_term
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.specification import Specification


def doubling_times(
    fit: AnyFit, *, probability: float = rates.INTERVAL_PROBABILITY, by: str | None = None
) -> pd.DataFrame:
    r"""Doubling times in months with equal-tailed credible intervals.

    .. math:: T_N = \ln 2 / g_N, \qquad T_D = \ln 2 / g_D, \qquad T_C = \ln 2 / (g_N + g_D)

    Parameters
    ----------
    fit
        A posterior; read ``fit.diagnostics.converged`` first.
    probability
        Of the interval.
    by
        ``"benchmark"``, ``"architecture"`` or ``"era"``: one row for each level of a group that a rate varies by. By
        default rates that differ between groups are averaged over the evaluations of the table, draw by draw (rates,
        not doubling times).

    Returns
    -------
    DataFrame
        Index ``parameters``, ``data``, ``compute`` (with ``by``: and the group's levels); columns ``median``,
        ``lower``, ``upper`` (months), ``probability_of_progress``, and the Monte Carlo standard errors ``mcse_median``,
        ``mcse_lower``, ``mcse_upper`` (months; NaN where there is no bound). A doubling time of a factor that the
        specification holds constant is infinite, with NaN for the probability, which is then assumed and not found;
        one that its law does not define is NaN.

    Raises
    ------
    BayesScalingError
        For training runs, which have no dates; if the probability is not between 0 and 1 or no rate varies by the
        group.

    Notes
    -----
    With exponents that drift, rates change with size and date: reported are those at the central point
    (30 million parameters, the benchmark's own training text, 2018). ``attrs`` name the interval and the unit. Source
    of the definition: Ho et al. 2024 (arXiv 2403.05812), section 2, eq. 4-6.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.doubling_times(bs.load_fit("runs/reference-ho2024")).loc["compute"]  # doctest: +SKIP
    """
    fit = require_fit(fit)
    check_probability(probability)
    if fit.evaluations.kind == "runs":
        raise BayesScalingError(
            f"'{fit.specification.name}' is fitted to training runs, which have no dates and say nothing of progress; "
            "fit dated evaluations (bs.fit(), bs.load_evaluations()), or ask what compute one fit of runs is worth "
            "over another (bs.compute_equivalent_gain)"
        )
    if by is None:
        return doubling_table(fit, probability)
    levels = {
        (name, level): _summarised(draws, probability)
        for name, rate in RATE_OF.items()
        for level, draws in _by_level(fit, rate, by).items()
    }
    if not levels:
        varying = sorted({str(dim) for rate in RATE_OF.values() for dim in _dims(fit, rate)})
        raise BayesScalingError(
            f"no rate of '{fit.specification.name}' varies by '{by}'; valid choices: {', '.join(varying) or 'none'}"
        )
    index = pd.MultiIndex.from_tuples(list(levels), names=["factor", by])
    return _table(pd.DataFrame(list(levels.values()), index=index), probability)


def doubling_table(fit: Fit, probability: float = rates.INTERVAL_PROBABILITY) -> pd.DataFrame:
    """As :func:`doubling_times`, for tables that hold fits of runs too: infinite, as of any law without progress."""
    rows = {name: _summary(fit, rate, probability) for name, rate in RATE_OF.items()}
    return _table(pd.DataFrame.from_dict(rows, orient="index"), probability)


def _table(rows: pd.DataFrame, probability: float) -> pd.DataFrame:
    rows.attrs = {"unit": "months", "interval": rates.interval_attrs(probability)}
    return rows


def pooled_rate(fit: Fit, rate: str) -> Floats | None:
    """Draws of a rate, averaged over the table's rows; zeros if held constant, None if the law does not define it."""
    specification = fit.specification
    moving = {column for name in (rate, "g_N", "g_D") for column in _columns(specification, name)} & {*fit.setting}
    if moving:
        raise BayesScalingError(
            f"rates of '{specification.name}' are averaged over its rows, and {', '.join(sorted(moving))} is set; give "
            "the fit as it is, with by= for each level, or ask for bs.effective_compute"
        )
    posterior = fit.data["posterior"]
    samples = posterior.sizes["chain"] * posterior.sizes["draw"]
    if rate not in posterior:
        defined = rate == "g_C" or not specification.form.of_compute
        return np.zeros(samples) if defined else None
    return averaged(specification, fit.data, fit.posterior[rate]).reshape(samples)


def averaged(specification: Specification, data: DataTree, draws: xr.DataArray) -> Floats:
    """Draws of a rate averaged over the rows that ``data`` keeps, shape ``(chains, draws)``."""
    for dim in map(str, draws.dims[2:]):
        levels = draws[dim].to_numpy()
        shares = _labels(specification, data, dim, levels).value_counts(normalize=True).reindex(levels, fill_value=0.0)
        draws = (draws * shares.to_xarray().rename({shares.index.name or "index": dim})).sum(dim)
    return np.asarray(draws, dtype=float)


def _columns(specification: Specification, rate: str) -> set[str]:
    """Columns that a rate depends on."""
    formula, group = specification.formulas.get(rate), specification.varies_by.get(rate)
    return {*(formula.columns if formula else ()), *([group] if group else ())}


def _labels(specification: Specification, data: DataTree, dim: str, levels: NDArray[Any]) -> pd.Series:
    """Level of each evaluation in a group that rates vary by."""
    constant = data["constant_data"].to_dataset()
    for shape in specification.shapes.values():
        if shape.group == dim:
            codes = shape.codes(specification.progress, constant["year"])
            return pd.Series(levels[codes], index=constant["evaluation"].to_index())
    if dim in constant:
        column = constant[dim].to_series()
        return architecture_levels(column) if dim == "architecture" else column.map(label_of)
    rows = rows_of(data, specification)
    assert rows.predictors is not None
    columns = next((each.columns for each in rows.predictors.cells.values() if each.group == dim), (dim,))
    labels = [", ".join(each) for each in zip(*map(rows.predictors.labels, columns), strict=True)]
    return pd.Series(labels, index=list(rows.ids))


def prior_rates(fit: Fit, samples: int = 20_000, seed: int = 0) -> Floats | None:
    """Draws of g_C from the prior alone, averaged as the posterior's are; None where the prior is on something else."""
    s, rng = fit.specification, np.random.default_rng(seed)
    if s.delta is not None or s.progress.exponents != "none" or not s.progresses:
        return None
    shared = [rate for rate in RATE_OF.values() if rate in s.names and s.index_of(rate) is None]
    if shared and len(shared) == len(s.shapes) and not {*shared} & {*s.predicted} and not s.rates_change:
        return np.asarray(sum(s.prior_of(rate).frozen().rvs(samples, random_state=rng) for rate in shared), float)
    rows = rows_of(fit.data, s)
    return averaged(s, fit.data, prior_of(s, rows, prior_draw(s, rows, rng, (samples,)))["g_C"]).ravel()


def _summary(fit: Fit, rate: str, probability: float) -> dict[str, float]:
    draws = pooled_rate(fit, rate)
    if draws is None:
        return dict.fromkeys(("median", "lower", "upper", "probability_of_progress", *MCSE), float("nan"))
    summary = _summarised(draws.reshape(fit.data["posterior"].sizes["chain"], -1), probability)
    assumed = rate not in fit.data["posterior"]
    return summary | {"probability_of_progress": float("nan")} if assumed else summary


def _summarised(draws: Floats, probability: float) -> dict[str, float]:
    """Doubling time with Monte Carlo errors from those of the rate's quantiles: ``dT = T dg / g``."""
    summary, (middle, low, high) = rates.summarise_rate(draws.ravel(), probability), rates.interval_points(probability)
    found = quantile_errors(draws, [middle, high, low])
    months = np.array([summary[name] for name in ("median", "lower", "upper")])
    with np.errstate(invalid="ignore"):  # without bound
        errors = found * months**2 / rates.months_to_double(1.0)
    return summary | dict(zip(MCSE, np.where(np.isfinite(errors), errors, np.nan).tolist(), strict=True))


def _dims(fit: Fit, rate: str) -> tuple[str, ...]:
    return tuple(str(dim) for dim in fit.posterior[rate].dims[2:]) if rate in fit.posterior else ()


def _by_level(fit: Fit, rate: str, by: str) -> dict[str, Floats]:
    if by not in (dims := _dims(fit, rate)):
        return {}
    draws = fit.posterior[rate].mean([dim for dim in dims if dim != by])
    return {str(level): np.asarray(draws.sel({by: level})) for level in draws[by].to_numpy()}


HORIZON_YEARS = 1000.0  # doubling times beyond this are infinite

# From four days to the horizon in steps of 8%.
_WAITS = np.concatenate([[0.0], np.geomspace(1e-2, HORIZON_YEARS, 151)])


def numerical_doubling_time(
    source: Source,
    compute: Any = 1e25,
    year: float = 2023.0,
    *,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
) -> xr.DataArray:
    r"""How long better algorithms take to lower the loss of a model by as much as twice its compute would.

    .. math:: L(N^*, D^*, Y + T) = \min_{6 N D = 2 C} L(N, D, Y)

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    compute
        Budget of the model, FLOP: a number or several.
    year
        Its date, decimal year.
    benchmark, architecture
        Where the loss is compared; by default WikiText-103, or the first that was fitted, and transformers.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, and ``compute`` where several budgets were given; months. Infinite where the
        loss does not fall that far within :data:`HORIZON_YEARS` (no progress), NaN where an exponent is not above 0,
        so that no split of a budget is best (or so near 0 that the best one is no finite number).

    Raises
    ------
    BayesScalingError
        For compute that is not positive, a date long before the data, or a benchmark or architecture that the law
        does not have.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), appendix G, who report 8.57 [4.55, 14.46] months for model 7. With
    constant rates the answer does not depend on ``compute``, ``year``, the irreducible loss or the coefficients.

    It equals :math:`\ln 2 / g_C` where both terms fall equally fast, and comes close to it elsewhere.

    Where one term falls and the other rises, the loss can fall, pass the target, and rise again: reported is the first
    time that it is reached. Times are scanned in steps of 8% and the root is then found in the first bracket, so a dip
    below the target that is shorter than a step is missed.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> numerical_doubling_time(HO2024_MODEL_7).round(2).item()
    8.72
    """
    budgets = budgets_of(compute)
    positive(year, "year")
    laws = laws_of(source)
    check_years(laws, year)
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    years = [_years_to_double(laws, float(budget), year, setting) for budget in np.atleast_1d(budgets)]
    months = rates.MONTHS_PER_YEAR * np.stack(years, axis=-1)
    return laws.drawn(months, "numerical_doubling_time", "months", compute=budgets)


def _years_to_double(laws: Laws, compute: float, year: float, setting: dict[str, str]) -> Floats:
    """Years until the loss has fallen as far as by doubled compute, shape ``(samples,)``."""
    split = optimal_split(laws, compute, year, **setting)
    if laws.specification.form.of_compute:  # any split is as good
        size = np.sqrt(compute / training_compute(1.0, 1.0))
        split = replace(split, parameters=np.full_like(split.loss, size), tokens=np.full_like(split.loss, size))
    log_k, exponent = optimal_term(laws, year, **setting)
    # Without the irreducible loss, which is the same on both sides, nothing is lost to rounding.
    target = log_k - exponent * np.log(2 * compute)

    def excess(of: Laws, rows: Any, wait: Floats) -> Floats:
        _, terms = of.parts(split.parameters[rows], split.tokens[rows], year + wait, **setting)
        return np.asarray(np.logaddexp.reduce(terms) - target[rows])

    with np.errstate(divide="ignore", invalid="ignore"):  # an optimum beyond any number: the draw is NaN
        everywhere = excess(laws, slice(None), _WAITS)
    reached = everywhere <= 0
    found = np.where(np.isfinite(everywhere[:, 0]), np.inf, np.nan)
    samples = np.flatnonzero(reached.any(axis=1))
    if not samples.size:
        return found
    first = np.maximum(reached.argmax(axis=1)[samples], 1)

    def one_by_one(wait: Floats, sample: Integers) -> Floats:
        return excess(laws.take(sample), sample, wait[:, None])[:, 0]

    bracket = _WAITS[first - 1], _WAITS[first]
    # Far below any posterior's width, and reached in a third of the steps that full precision takes.
    found[samples] = elementwise.find_root(one_by_one, bracket, args=(samples,), tolerances={"xrtol": 1e-11}).x
    return found
