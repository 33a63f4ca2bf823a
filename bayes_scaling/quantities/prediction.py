"""What a law expects of a system, and when or with how much compute it expects a loss to be reached."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import elementwise

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.inference.simulation import with_noise
from bayes_scaling.law.formula import log_term, training_compute
from bayes_scaling.law.systems import System
from bayes_scaling.quantities.arguments import axis_of, budgets_of, check_years, positive, resolve_systems
from bayes_scaling.quantities.domain import with_domain
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of
from bayes_scaling.quantities.optimal_split import optimal_split, optimal_term
from bayes_scaling.specifications.sections import CENTRE_YEAR

Kind = Literal["mean", "new_evaluation"]
Unit = Literal["loss", "perplexity"]

FIRST_YEAR, LAST_YEAR = 1950.0, 2150.0  # dates between which :func:`reachable_date` looks
_SEARCHED = np.linspace(FIRST_YEAR, LAST_YEAR, 41)
"""Progress that varies can take a loss out of reach and back; changes within five years are not looked for."""


def predicted_loss(
    source: Source,
    systems: System | str | Iterable[System | str] | None = None,
    *,
    parameters: Any = None,
    tokens: Any = None,
    year: float | None = None,
    kind: Kind = "mean",
    unit: Unit = "loss",
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
    seed: int = 0,
) -> xr.DataArray:
    r"""Loss that a law expects of systems, or that a new evaluation of them would show.

    .. math:: L = E + A / N_\mathrm{eff}^\alpha + B / D_\mathrm{eff}^\beta \; (+ \; u_\mathrm{paper} + \varepsilon)

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    systems
        A :class:`bayes_scaling.System`, a name in :data:`bayes_scaling.HO2024_SYSTEMS`, or several.
    parameters, tokens
        Sizes in place of systems: one number each, or several.
    year
        Date of these, decimal year, of which a law without progress has no need.
    kind
        ``"mean"``: the law alone. ``"new_evaluation"``: of a new evaluation or run, with the fit's noise, each draw
        with its own ``sigma`` (and ``nu``), and, where rows of a paper or another cluster share an effect, that of a
        new one for each, ``tau``.
    unit
        ``"loss"``: nats per token. ``"perplexity"``: ``exp(loss)``.
    benchmark, architecture
        Of all systems; by default WikiText-103, or the first that was fitted, and transformers.
    seed
        Of the noise.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, and ``system``, or ``run`` where several sizes are given; ``attrs`` say the
        kind, and what the law tells apart of benchmark and architecture. Of a fit with coordinates that say how far
        each is from what was fitted (:mod:`bayes_scaling.quantities.domain`): ``compute_ratio``, times the largest
        compute; ``distance``, units of the design's spread; ``domain``, inside, edge or beyond.

    Raises
    ------
    BayesScalingError
        For an unknown system, kind, unit, benchmark or architecture; unless either systems or both sizes are given, as
        numbers above 0, and with a law with progress their date; for noise of published constants, of which none is
        known; for a date more than five years before the first fitted system.

    Notes
    -----
    Source of the law: Ho et al. 2024 (arXiv 2403.05812), eq. 1-3; of the shared effect: their appendix I.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> predicted_loss(HO2024_MODEL_7, ["GPT-3", "Chinchilla"]).round(2).squeeze().to_series().to_dict()
    {'GPT-3': 2.08, 'Chinchilla': 2.05}

    A run of 70 billion parameters on 1.4 trillion tokens:

    >>> from bayes_scaling.law.chinchilla import BESIROGLU
    >>> round(predicted_loss(BESIROGLU, parameters=7e10, tokens=1.4e12).item(), 3)
    1.974
    """
    require_choice("kind", kind, get_args(Kind))
    require_choice("unit", unit, get_args(Unit))
    laws = laws_of(source)
    if kind == "new_evaluation" and not laws.noise:
        raise BayesScalingError(
            'kind="new_evaluation" needs a fit (bs.fit, bs.load_fit), since no noise is known of published constants; '
            'choose kind="mean"'
        )
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    points, axis = _points(laws, systems, parameters, tokens, year)
    check_years(laws, points["year"])
    draws = laws.loss(**points, **setting)
    if kind == "new_evaluation":
        sigma = laws.sigma(points, **setting)
        draws = with_noise(laws.specification, laws.noise, draws, sigma, np.random.default_rng(seed))
    if unit == "perplexity":
        with np.errstate(over="ignore"):
            draws = np.exp(draws)
    found = laws.drawn(draws, unit, "perplexity" if unit == "perplexity" else "nats per token", **axis)
    columns = {*laws.specification.groups, *laws.specification.columns}
    told = {name: level for name, level in setting.items() if name in columns}
    return with_domain(found, laws, **points).assign_attrs(kind=kind, **told)


def _points(
    laws: Laws, systems: Any, parameters: Any, tokens: Any, year: float | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sizes and dates of systems or of sizes alone, and the axis of their draws."""
    sizes = {"parameters": parameters, "tokens": tokens}
    given = [name for name, value in {"systems": systems, **sizes, "year": year}.items() if value is not None]
    if given != ["systems"] and ("systems" in given or not {*sizes} <= {*given}):
        raise BayesScalingError(
            "a loss is predicted of systems, or of sizes: type predicted_loss(fit, parameters=7e10, tokens=1.4e12), or "
            f"predicted_loss(fit, 'Chinchilla'); given: {', '.join(given) or 'none'}"
        )
    if systems is not None:
        found = resolve_systems(systems)
        columns: dict[str, Any] = {name: [getattr(each, name) for each in found] for name in (*sizes, "year")}
        return columns, {"system": [system.name for system in found]}
    if year is None and laws.specification.progresses:
        raise BayesScalingError(
            f"'{laws.specification.name}' has progress, so that a loss depends on the date; give year=, such as 2023.5"
        )
    lengths = {name: axis_of(value, name) for name, value in sizes.items()}
    if len({each.size for each in lengths.values() if each.ndim}) > 1:
        raise BayesScalingError(
            f"{lengths['parameters'].size} parameters do not go with {lengths['tokens'].size} tokens; give one number, "
            "or as many of each"
        )
    date = CENTRE_YEAR if year is None else positive(year, "year")
    shape = np.broadcast_shapes(*(each.shape for each in lengths.values()), np.shape(date))
    columns = {name: np.broadcast_to(each, shape) for name, each in {**lengths, "year": date}.items()}
    return columns, {"run": np.arange(shape[0]) if shape else 0}


def reachable_date(
    source: Source, loss: Any, compute: Any, *, benchmark: str | None = None, architecture: str = ARCHITECTURE
) -> xr.DataArray:
    r"""Date at which progress brings a loss within reach of a compute budget, split in the best way at that date.

    .. math:: \min_{6 N D = C} L(N, D, Y) = L_\mathrm{target}

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    loss
        Target, nats per token: one, or several.
    compute
        FLOP: one budget, or several.
    benchmark, architecture
        Where the loss is reached; by default WikiText-103, or the first that was fitted, and transformers.

    Returns
    -------
    DataArray
        Decimal years: dimensions ``chain``, ``draw``, then ``loss`` and ``compute`` where several are given. ``inf``
        in draws in which the loss does not come within reach by 2150, because progress is too slow or goes backwards
        or the loss is not above the irreducible loss; ``-inf`` in those in which it has been within reach ever since
        1950; NaN where no split is best at any date, an exponent not being above 0. (A loss that was within reach and
        that negative progress has taken away does not come within reach; of several dates the first counts; where
        the law jumps past the loss the date is that of the jump; and exponents that drift may be positive over a part
        of these years only, which is then the part that counts.) Of a fit with the coordinates ``compute_ratio``,
        ``distance`` and ``domain`` of :func:`predicted_loss`, at the best split of the budget at the median date.

    Raises
    ------
    BayesScalingError
        If a loss is not above the irreducible loss in any draw, a loss or compute is not positive, or the law has no
        such benchmark or architecture.

    Notes
    -----
    Dates are those at which the law expects the loss, without the noise of an evaluation, and extrapolate beyond the
    systems that were fitted. Source of the split: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> reachable_date(HO2024_MODEL_7, 2.0, [1e22, 1e23]).round(1).squeeze().to_series().to_dict()
    {1e+22: 2023.8, 1e+23: 2021.4}
    """
    laws = laws_of(source)
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    losses, budgets = axis_of(loss, "loss (nats per token)"), budgets_of(compute)
    target, log_compute = log_above(laws, losses, laws.anchor.year, **setting), np.atleast_1d(np.log(budgets))
    log_k, gamma = (line[:, None, None] for line in optimal_term(laws, _SEARCHED, **setting))
    excess = log_term(log_k, gamma, log_compute[:, None]) - target[:, :, None, None]
    dates, bracket = _bracketed(excess)
    sample, row, column = np.nonzero(bracket >= 0)
    if sample.size:
        begin = bracket[sample, row, column]
        goals = target[sample, row], log_compute[column]
        dates[sample, row, column] = _crossings(laws, _SEARCHED[begin], _SEARCHED[begin + 1], sample, goals, setting)
    found = laws.drawn(dates, "reachable_date", "decimal year", loss=losses, compute=budgets)
    middle = np.quantile(dates, 0.5, axis=0, method="inverted_cdf")
    year, flop = np.where(np.isfinite(middle), middle, laws.anchor.year), np.broadcast_to(budgets, middle.shape)
    best = pd.DataFrame(optimal_split(laws, flop.ravel(), year.ravel(), **setting).parameters).median().to_numpy()
    best = np.where(np.isfinite(middle), best.reshape(middle.shape), np.nan)
    points = [each.reshape(found.shape[2:]) for each in (best, flop / training_compute(best, 1.0), year)]
    return with_domain(found, laws, *points)


def compute_needed(
    source: Source, loss: Any, year: Any, *, benchmark: str | None = None, architecture: str = ARCHITECTURE
) -> xr.DataArray:
    r"""Training compute with which a loss is reached at a date, split in the best way.

    .. math:: \ln C = \frac{\ln k(Y) - \ln(L_\mathrm{target} - E)}{\gamma}, \qquad
        \min_{6 N D = C} L(N, D, Y) = E + k(Y) \, C^{-\gamma}

    Parameters
    ----------
    source, loss, benchmark, architecture
        As for :func:`reachable_date`.
    year
        Decimal year: one, or several.

    Returns
    -------
    DataArray
        FLOP: dimensions ``chain``, ``draw``, then ``loss`` and ``year`` where several are given. ``inf`` in draws in
        which the loss is not above the irreducible loss (or needs more than 1e308 FLOP); NaN where no split is best,
        an exponent not being above 0.

    Raises
    ------
    BayesScalingError
        If a loss is not above the irreducible loss in any draw, a loss is not positive, a date is more than five
        years before the first fitted system, or the law has no such benchmark or architecture.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> needed = compute_needed(HO2024_MODEL_7, 2.0, [2022, 2024]).squeeze().to_series()
    >>> {year: f"{flop:.1e}" for year, flop in needed.items()}
    {2022.0: '5.7e+22', 2024.0: '8.4e+21'}
    """
    laws = laws_of(source)
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    losses, years = axis_of(loss, "loss (nats per token)"), axis_of(year, "year")
    check_years(laws, years)
    target = log_above(laws, losses, laws.anchor.year, **setting)[:, :, None]
    log_k, gamma = (line[:, None] for line in optimal_term(laws, years, **setting))
    with np.errstate(over="ignore"):
        flop = np.exp((log_k - target) / gamma)
    return laws.drawn(flop, "compute", "FLOP", loss=losses, year=years)


def log_above(laws: Laws, losses: Floats, year: float, what: str = "compute and no date", **setting: str) -> Floats:
    """Log of what is left of each loss above E, ``(samples, losses)``, -inf where nothing; ``what`` can't reach it."""
    irreducible, _ = laws.parts(1.0, 1.0, year, **setting)  # E changes neither with size nor with the date
    above = np.atleast_1d(losses) - irreducible
    never = np.flatnonzero((above <= 0).all(axis=0))
    if never.size:
        raise BayesScalingError(
            f"loss {np.atleast_1d(losses)[never[0]]:g} is not above the irreducible loss in any draw, so no {what} "
            f"reaches it; choose a loss above {irreducible.min():.3g} nats per token"
        )
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(above, 0.0))


def _bracketed(excess: Floats) -> tuple[Floats, Any]:
    """Infinite dates, NaN for all others, and where the excess (dates last) first falls to 0 (-1 if nowhere)."""
    out, within = excess > 0, excess <= 0  # where no split is best, neither
    falls = out[..., :-1] & within[..., 1:]
    dates = np.full(excess.shape[:-1], np.nan)
    dates[within.any(axis=-1) & ~out.any(axis=-1)] = -np.inf
    dates[out.any(axis=-1) & ~falls.any(axis=-1)] = np.inf
    return dates, np.where(falls.any(axis=-1), np.argmax(falls, axis=-1), -1)


def _crossings(
    laws: Laws, begin: Floats, end: Floats, sample: Any, goals: tuple[Floats, Floats], setting: dict[str, str]
) -> Floats:
    """Dates between ``begin`` and ``end`` at which the law of each sample has the log reducible loss of its goal."""

    def excess(year: Floats, draw: Any, target: Floats, log_compute: Floats) -> Floats:
        chosen = laws.take(draw.astype(int))
        log_k, gamma = (line[:, 0] for line in optimal_term(chosen, year[:, None], **setting))
        return np.asarray(log_term(log_k, gamma, log_compute) - target)

    return np.asarray(elementwise.find_root(excess, (begin, end), args=(sample, *goals)).x)
