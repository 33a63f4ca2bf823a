r"""What an architecture or a recipe is worth in compute: how much more another one needs to reach the same loss."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import elementwise

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, training_compute
from bayes_scaling.model.predictors import architecture_levels
from bayes_scaling.quantities.arguments import budgets_of, check_years, positive
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of, level_of
from bayes_scaling.quantities.optimal_split import optimal_term
from bayes_scaling.specifications.catalogue import list_specifications, load_specification

BASELINE = "other"  # architectures that are not transformers

Split = Literal["equal", "optimal"] | float
"""``"equal"``: as many tokens as parameters. A number: tokens per parameter. ``"optimal"``: of least loss."""

_SPLITS = ("equal", "optimal")
_LARGEST_LOG_SCALE = 300.0  # of both sizes; the gain is its square, and beyond exp(600) counts as infinite


def compute_equivalent_gain(
    source: Source,
    compute: Any,
    *,
    year: float = 2023.0,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
    baseline: str | Source = BASELINE,
    split: Split = "equal",
) -> xr.DataArray:
    r"""How many times the compute a baseline needs to reach the loss of an architecture, or of another recipe.

    With ``split="equal"`` (or a number of tokens per parameter) the baseline scales both sizes alike:

    .. math:: \mathrm{gain} = a^2, \qquad L_\mathrm{baseline}(aN, aD, Y) = L_\mathrm{architecture}(N, D, Y),
        \qquad N = D = \sqrt{C / 6}

    With ``split="optimal"`` each splits its own budget as is best for it:

    .. math:: \mathrm{gain} = C' / C, \qquad
        \min_{6ND = C'} L_\mathrm{baseline} = \min_{6ND = C} L_\mathrm{architecture}

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law, with something that differs by architecture.
    compute
        Budget of the architecture, FLOP: a number or several.
    year
        Date of both, decimal year.
    benchmark
        Where the loss is compared; by default WikiText-103, or the first that was fitted.
    architecture, baseline
        ``"transformer"`` and ``"other"``, or the other way round. The baseline can also be a fit or law of its own: of
        one posterior at another level of a column, ``bs.at(fit, dataset="a")``, or another fit of losses on the same
        text, whose draws are independent.
    split
        How the budget is split between parameters and tokens: see above.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, ``compute``; a factor. Infinite where the baseline never reaches that loss; NaN
        where its loss does not fall with both sizes (an exponent that is not above 0). If the systems that were fitted
        are known, the coordinate ``extrapolated`` says of each budget whether it is outside the range of compute of the
        fitted systems of the baseline's architecture; a large gain can take the baseline itself further still.

    Raises
    ------
    BayesScalingError
        If nothing in the law differs by architecture, for compute that is not positive, an unknown split, benchmark or
        architecture, or a date long before the data.

    Notes
    -----
    Source, equal split: Ho et al. 2024 (arXiv 2403.05812), section 3.2 and eq. 7, and their notebook `section3`;
    :data:`bayes_scaling.classical.published_law.HO2024_TRANSFORMER_GAINS` has their results. Optimal split: Gundlach
    et al. 2025 (arXiv 2511.21622). Where exponents differ by architecture the gain is a power of compute, and far from
    the data it says more about the exponents than about any system.

    Examples
    --------
    >>> from bayes_scaling.classical.published_law import HO2024_TRANSFORMER_GAIN
    >>> compute_equivalent_gain(HO2024_TRANSFORMER_GAIN, [1e22, 1e25]).round(2).squeeze().values.tolist()
    [6.79, 7.38]
    """
    ours, theirs, budgets = _checked(source, compute, year, split, benchmark, architecture, baseline)
    target = _log_over(ours, theirs, _log_reducible(ours, budgets, year, split), year)
    if split == "optimal":
        log_k, gamma = optimal_term(theirs.laws, year, **theirs.setting)
        with np.errstate(over="ignore"):
            gain = np.exp((log_k - target) / gamma - np.log(budgets))
    else:
        gain = _scaled_gain(theirs, budgets, year, split, target)
    return _labelled(ours, theirs, gain, budgets, "compute_equivalent_gain", "times")


def loss_reduction(
    source: Source,
    compute: Any,
    *,
    year: float = 2023.0,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
    baseline: str | Source = BASELINE,
    split: Split = "equal",
) -> xr.DataArray:
    r"""By how many percent the loss of an architecture is below that of a baseline at the same budget.

    .. math:: 100 \left(1 - \frac{L_\mathrm{architecture}}{L_\mathrm{baseline}}\right)

    Parameters
    ----------
    source, compute, year, benchmark, architecture, baseline, split
        As for :func:`compute_equivalent_gain`.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, ``compute``, with ``extrapolated`` as there; percent, negative where the
        baseline is better.

    Raises
    ------
    BayesScalingError
        As :func:`compute_equivalent_gain`.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 3.2, where it is :math:`100\,(1 - \sigma(\gamma_T))` at any
    budget.

    Examples
    --------
    >>> from bayes_scaling.classical.published_law import HO2024_TRANSFORMER_GAIN
    >>> loss_reduction(HO2024_TRANSFORMER_GAIN, 1e25).round(2).squeeze().item()
    4.87
    """
    ours, theirs, budgets = _checked(source, compute, year, split, benchmark, architecture, baseline)
    mine, others = (
        _irreducible(each, year) + np.exp(_log_reducible(each, budgets, year, split)) for each in (ours, theirs)
    )
    return _labelled(ours, theirs, 100 * (1 - mine / others), budgets, "loss_reduction", "percent")


class _Side(NamedTuple):
    """A law, its benchmark and architecture, and compute of the systems that it was fitted to."""

    laws: Laws
    setting: dict[str, str]
    fitted: pd.Series


def _checked(
    source: Source,
    compute: Any,
    year: float,
    split: Split,
    benchmark: str | None,
    architecture: str,
    baseline: str | Source,
) -> tuple[_Side, _Side, Floats]:
    """Both sides and the budgets; refuse what has no answer before computing anything."""
    budgets = np.atleast_1d(budgets_of(compute))
    positive(year, "year")
    if split not in _SPLITS:
        if isinstance(split, (str, bool)):
            raise BayesScalingError(
                f"split {split!r} is unknown; valid choices: {', '.join(_SPLITS)}, or a number of tokens per parameter"
            )
        positive(split, "split (tokens per parameter)")
    laws = laws_of(source)
    if not isinstance(baseline, str):
        pair = _paired(laws, laws_of(baseline))
        for each in pair:
            (each.at_best_split() if split == "optimal" else each).require_power_laws()
            check_years(each, year)
        ours, theirs = (_side(each, benchmark, architecture, every=True) for each in pair)
        return ours, theirs, budgets
    if "architecture" not in laws.columns:
        catalogue = map(load_specification, list_specifications())
        having = [s.name for s in catalogue if "architecture" in s.varies_by.values() or s.transformer_factor != "none"]
        raise BayesScalingError(
            f"nothing in '{laws.specification.name}' differs by architecture, so no architecture has a gain; "
            f"fit a specification that has it: {', '.join(having)}; or give as baseline what to compare with, such as "
            'bs.at(fit, dataset="a")'
        )
    laws.require_power_laws()
    check_years(laws, year)
    ours, theirs = (_side(laws, benchmark, each) for each in (architecture, baseline))
    return ours, theirs, budgets


def _paired(ours: Laws, theirs: Laws) -> tuple[Laws, Laws]:
    """Laws with as many draws: those of one posterior belong together, those of two are independent in any order."""
    counts = [each.shape[0] * each.shape[1] for each in (ours, theirs)]
    if ours.shape == theirs.shape or 1 in counts:
        return ours, theirs
    few = min(counts)
    first, second = (
        each.take(np.arange(few) * count // few) for each, count in zip((ours, theirs), counts, strict=True)
    )
    return first, second


def _side(laws: Laws, benchmark: str | None, architecture: str, *, every: bool = False) -> _Side:
    systems, architecture = laws.systems_at(), level_of(architecture)
    if not (every or systems.empty):
        systems = systems[architecture_levels(systems["architecture"]) == architecture]
    flop = pd.Series(dtype=float) if laws.systems.empty else training_compute(systems["parameters"], systems["tokens"])
    return _Side(laws, {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}, flop)


def _sizes(budgets: Floats, split: Split) -> tuple[Floats, Floats]:
    """Parameters and tokens at a fixed ratio."""
    tokens_per_parameter = 1.0 if split == "equal" else float(split)
    parameters = np.sqrt(budgets / training_compute(1.0, tokens_per_parameter))
    return parameters, tokens_per_parameter * parameters


def _irreducible(side: _Side, year: float) -> Floats:
    return side.laws.parts(1.0, 1.0, year, **side.setting)[0]


def _log_reducible(side: _Side, budgets: Floats, year: float, split: Split) -> Floats:
    """Log of the loss above the irreducible, shape ``(samples, budgets)``."""
    if split == "optimal":
        log_k, gamma = optimal_term(side.laws, year, **side.setting)
        return np.asarray(log_term(log_k, gamma, np.log(budgets)))
    _, terms = side.laws.parts(*_sizes(budgets, split), year, **side.setting)
    return np.asarray(np.logaddexp.reduce(terms))


def _log_over(ours: _Side, theirs: _Side, reached: Floats, year: float) -> Floats:
    """Log of what our loss is above their irreducible loss; -inf if below."""
    gap = _irreducible(ours, year) - _irreducible(theirs, year)
    if not gap.any():
        return reached
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(np.exp(reached) + gap, 0.0))


def _scaled_gain(theirs: _Side, budgets: Floats, year: float, split: Split, target: Floats) -> Floats:
    """Square of the factor by which both sizes must grow to reach a log reducible loss."""
    parameters, tokens = _sizes(budgets, split)
    _, here = theirs.laws.parts(parameters, tokens, year, **theirs.setting)
    _, there = theirs.laws.parts(math.e * parameters, math.e * tokens, year, **theirs.setting)
    # At one date every term is a power law of this factor, whatever the specification.
    terms = np.stack(np.broadcast_arrays(*here, target)[:-1])
    powers = terms - np.stack(np.broadcast_arrays(*there, target)[:-1])

    def excess(log_scale: Floats, goal: Floats, *lines: Floats) -> Floats:
        count = len(lines) // 2
        scaled = [log_term(line, power, log_scale) for line, power in zip(lines[:count], lines[count:], strict=True)]
        return np.asarray(np.logaddexp.reduce(scaled) - goal)

    args = (np.broadcast_to(target, terms.shape[1:]), *terms, *powers)
    shape = terms.shape[1:]
    least, most = (excess(np.full(shape, end), *args) for end in (-_LARGEST_LOG_SCALE, _LARGEST_LOG_SCALE))
    log_scale = np.where(most > 0, np.inf, np.where(least < 0, -np.inf, np.nan))
    between = (least >= 0) & (most <= 0)
    if between.any():
        bracket = -_LARGEST_LOG_SCALE, _LARGEST_LOG_SCALE
        log_scale[between] = elementwise.find_root(excess, bracket, args=tuple(x[between] for x in args)).x
    return np.exp(2 * np.where((powers > 0).all(axis=0), log_scale, np.nan))


def _labelled(ours: _Side, theirs: _Side, values: Floats, budgets: Floats, name: str, unit: str) -> xr.DataArray:
    drawn = ours.laws if len(values) == math.prod(ours.laws.shape) else theirs.laws
    array = drawn.drawn(values, name, unit, compute=budgets)
    if theirs.laws.systems.empty:
        return array
    flop = theirs.fitted
    outside = (budgets < flop.min()) | (budgets > flop.max()) | flop.empty
    return array.assign_coords(extrapolated=("compute", np.asarray(outside)))
