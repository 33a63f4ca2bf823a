"""From what is sampled to the coefficients of the law: two coordinate systems for one law.

*Level and share*: the loss at a central point and how it splits, on which weak priors can be stated.
*Published*: the coefficients of Ho et al. 2024 (their Table 10), on which their penalty stands.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.errors import SpecificationError
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS
from bayes_scaling.model.progress import ERA_LEVELS, progress_coefficients, years_by_era
from bayes_scaling.model.rows import anchor_of, central_anchor
from bayes_scaling.model.structure import Added, Coefficient, Coefficients, middle
from bayes_scaling.specifications.formulas import LINKS, REDUCIBLE, Formula
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.sections import CENTRE_YEAR, GROUPS_OF_RATES
from bayes_scaling.specifications.specification import Specification

# ---------------------------------------------------------------------- level and share


def from_level_and_share(
    specification: Specification,
    values: Mapping[str, Any],
    levels: Mapping[str, tuple[str, ...]],
    xp: ModuleType = np,
) -> dict[str, Coefficient]:
    """Coefficients of the law from the parameters of a specification without ``delta``.

    Parameters
    ----------
    values
        Parameter name (see :meth:`Specification.parameters`) to value; shared ones of shape ``(..., 1)`` or PyTensor
        scalars, grouped ones with the group's levels on the last axis.
    levels
        Group to level names, as in :class:`bayes_scaling.model.rows.Rows`.

    Notes
    -----
    Coefficients come out at :func:`bayes_scaling.model.rows.anchor_of`. Where that is a pivot away from the central
    point, ``level`` and ``share`` are those of the groups' middle: the geometric mean of exponents, the mean of rates.
    """
    s = specification

    def coefficient(name: str) -> Coefficient:
        return (
            _with_formula(s.predicted[name], values, levels, xp)
            if name in s.predicted
            else Coefficient(values[name], s.index_of(name))
        )

    law = s.form
    coefficients = (
        _from_level(s, values, xp)
        if levels_agree(s)
        else {
            name: coefficient(name)
            for name in ("level", "share", "irreducible_share")
            if name in values or name in s.predicted
        }
    )
    for term in law.terms:
        coefficients[term.exponent] = coefficient(term.exponent)
    for name in (REDUCIBLE, "sigma"):
        if name in s.coefficients:
            coefficients[name] = coefficient(name)
    coefficients |= progress_coefficients(s, values, coefficients, levels, xp)
    coefficients |= {term.rate: coefficient(term.rate) for term in law.terms if term.rate in s.predicted}
    for name in ("gamma", "repetition_scale"):
        if name in values:
            coefficients[name] = Coefficient(values[name])
    if "gamma_T" in values:
        coefficients["log_factor"] = _log_factor(values["gamma_T"], xp)
    if s.pivot is not None and not s.progress.drifts:
        _move_to_pivot(s, coefficients, levels, xp)
    return coefficients


def levels_agree(s: Specification) -> bool:
    """Whether level, share and irreducible loss have the same levels, so that each level has an E, an A and a B."""
    names = ["level"] + ["share"] * (len(s.form.terms) > 1)
    group = s.index_of("level")
    alike = s.irreducible_loss != "none" or not s.has_irreducible or s.index_of("irreducible_share") == group
    return alike and not {*names, "irreducible_share"} & set(s.predicted) and {s.index_of(n) for n in names} == {group}


def _from_level(s: Specification, values: Mapping[str, Any], xp: ModuleType) -> dict[str, Coefficient]:
    """E, and the logarithm of each term at the central point."""
    law, group = s.form, s.index_of("level")
    coefficients: dict[str, Coefficient] = {}
    reducible = values["level"]
    if s.has_irreducible:
        base = values["level"]
        if s.irreducible_loss == "shared" and group is not None:
            base = xp.min(base, axis=-1, keepdims=True)  # E must lie below every level
        irreducible = values["irreducible_share"] * base
        reducible = values["level"] - irreducible
        coefficients["E"] = Coefficient(irreducible, s.index_of("E"))
    if law.power:
        coefficients["power"] = Coefficient(values[law.power], s.index_of(law.power))
    shares = (values["share"], 1 - values["share"]) if len(law.terms) > 1 else (1.0,)
    for term, share in zip(law.terms, shares, strict=True):
        # The share is the term's of what stands under the power.
        part = share ** values[law.power] if law.power else share
        coefficients[f"log_{term.coefficient}"] = Coefficient(xp.log(reducible * part), group)
    return coefficients


def _with_formula(
    formula: Formula, values: Mapping[str, Any], levels: Mapping[str, tuple[str, ...]], xp: ModuleType
) -> Coefficient:
    """A coefficient's base, and what its formula adds."""
    name = formula.coefficient
    added = []
    for term in formula.terms:
        slopes = formula.term_name(term)
        columns = tuple(f"{slopes}_{at}" for at in range(len(levels[f"{slopes}_level"])))
        added.append(Added(values[slopes], covariates=columns))
    for each in formula.pooled:
        stem = f"{name}_{each.name}"
        standard = values[f"{stem}_standardised"]
        if xp is np:
            # Levels that were not fitted are further draws of the group, for each draw of the posterior and each
            # coefficient; there is one more than are named, for a system of which it is not said.
            rng, fitted = np.random.default_rng(list(stem.encode())), standard.shape[-1]
            new = rng.standard_normal((len(levels[each.group]) + 1 - fitted, *standard.shape[:-1]))
            standard = np.concatenate([standard, np.moveaxis(new, 0, -1)], axis=-1)
        columns = (stem,) if each.column else ()
        added.append(Added(values[f"{stem}_sd"] * standard, each.group, columns))
    link = "identity" if name == REDUCIBLE else LINKS[PARAMETERS[name].support]
    base = 0.0 if name == REDUCIBLE else values[formula.base_name]
    return Coefficient(base, formula.base or None, link, tuple(added))


def _log_factor(log_odds: Any, xp: ModuleType) -> Coefficient:
    """Logarithm of what the reducible loss is multiplied by: sigmoid(gamma_T) for transformers, 1 for others."""
    transformer = np.array([float(name == "transformer") for name in ARCHITECTURE_LEVELS])
    # Not logaddexp, which has no complex form: the published estimator differentiates by complex steps.
    return Coefficient(-xp.log1p(xp.exp(-log_odds)) * transformer, "architecture")


def _move_to_pivot(
    s: Specification, coefficients: dict[str, Coefficient], levels: Mapping[str, tuple[str, ...]], xp: ModuleType
) -> None:
    """Restate log coefficients, given at the central point for the groups' middle, at the pivot."""
    centre, pivot = central_anchor(s), anchor_of(s)
    here, there = centre.log_sizes(levels["benchmark"]), pivot.log_sizes(levels["benchmark"])
    log_n, by_benchmark = here[0] - there[0], here[1] - there[1]
    # Where A does not vary by benchmark, one central point serves all.
    log_d: Any = by_benchmark if s.index_of("A") == "benchmark" else by_benchmark[0]
    distances = {"parameters": log_n, "tokens": log_d, "compute": log_n + log_d}
    for term in s.form.terms:
        rate, distance = term.rate, distances[term.size]
        given = coefficients[f"log_{term.coefficient}"]
        power = coefficients[term.exponent]
        exponent = power.value if power.group == given.group else middle(power, xp)
        shift = exponent * distance
        if rate in coefficients:
            shift = shift + exponent * _gain_to_centre(s, coefficients[rate], given.group, centre.year, pivot.year, xp)
        coefficients[f"log_{term.coefficient}"] = Coefficient(given.value + shift, given.group)


def _gain_to_centre(
    s: Specification, rate: Coefficient, group: str | None, centre: float, pivot: float, xp: ModuleType
) -> Any:
    """Log growth of effective size from the pivot's year to the central one, for the groups' middle."""
    if rate.group == "era":
        before, after = years_by_era(s.progress, pivot, centre)
        return xp.sum(rate.value * np.array([before, after]), axis=-1, keepdims=True)
    mean = rate.value if rate.group in (None, group) else xp.mean(rate.value, axis=-1, keepdims=True)
    return mean * (centre - pivot)


# ---------------------------------------------------------------------- the paper's own coefficients

PUBLISHED_BASE = "wt103"
"""Benchmark whose coefficients the paper's are; the others add their dummies' to them."""
_BENCHMARK_DUMMIES = ("ptb", "wt2")
_TRANSFORMER_SUFFIX = "_t"


def published_names(specification: Specification) -> tuple[str, ...]:
    """Names of the paper's coefficients for a structure, in the order of its Table 10.

    Raises
    ------
    SpecificationError
        If the paper's form has no coefficient for something in the specification.

    Examples
    --------
    >>> from bayes_scaling.specifications.catalogue import load_specification
    >>> published_names(load_specification("ho2024/01"))
    ('alpha_const', 'alpha_year', 'alpha_param', 'beta_const', 'beta_year', 'beta_data')
    """
    return tuple(name for group in _published_groups(specification) for name in _expanded(*group))


def from_published(
    specification: Specification,
    values: Mapping[str, Any],
    levels: Mapping[str, tuple[str, ...]],
    xp: ModuleType = np,
) -> Coefficients:
    """Coefficients of the law from the paper's, stated at the sample minima N0, D0, Y0.

    Parameters
    ----------
    values
        Each name of :func:`published_names` to a value of shape ``(..., 1)``, a plain number or a PyTensor scalar.
    levels
        Group to level names, as in :class:`bayes_scaling.model.rows.Rows`.
    xp
        ``numpy`` or ``pytensor.tensor``.

    Raises
    ------
    SpecificationError
        If the paper's form has no coefficient for something in the specification.
    """
    whole = {
        name: Coefficient(_assembled(name, group, values, levels), group)
        for name, group in _published_groups(specification)
    }
    exponent_names = {
        "alpha": "alpha_C" if specification.form.of_compute else "alpha_param",
        "beta": "beta_data",
    }
    coefficients: dict[str, Coefficient] = {}
    for term, letter in (("alpha", "A"), ("beta", "B")):
        if f"{term}_const" not in whole:
            continue
        coefficients[f"log_{letter}"] = whole[f"{term}_const"]
        exponent = whole[exponent_names[term]]
        if f"{term}_rate" in whole:
            # alpha + alpha_rate ln(Y) = (alpha + alpha_rate ln(Yc)) + alpha_rate ln(Y / Yc)
            rate = whole[f"{term}_rate"].value
            exponent = Coefficient(exponent.value + rate * float(np.log(CENTRE_YEAR)), exponent.group)
            coefficients[f"{term}_drift"] = Coefficient(rate / CENTRE_YEAR)
        coefficients[term] = exponent
        if f"{term}_year" in whole:
            coefficients[f"{term}_year"] = whole[f"{term}_year"]
    if specification.progress.acts_on == "reducible_loss":
        coefficients["beta_year"] = coefficients["alpha_year"]
    if "E_const" in whole:
        coefficients["E"] = whole["E_const"]
    if "gamma" in whole:
        coefficients["gamma"] = whole["gamma"]
    if "gamma_T" in whole:
        coefficients["log_factor"] = _log_factor(whole["gamma_T"].value, xp)
    return coefficients


def penalty_scale(sigma: Any, rows: Any, delta: Any) -> Any:
    """Scale of the Laplace prior whose mode is the paper's penalised estimate: ``2 sigma^2 / (n delta)``.

    With it, ``-2 sigma^2 / n`` times the log posterior is the paper's objective, mean squared residual plus
    ``delta * sum|theta|``, up to terms without theta.
    """
    return 2 * sigma**2 / (rows * delta)


def _published_groups(s: Specification) -> list[tuple[str, str | None]]:
    if s.data.tokens == "repeated":
        raise SpecificationError(
            f"'{s.name}' has tokens = 'repeated', whose repetition_scale the paper's form lacks; "
            "set [data] tokens = 'unique', 'effective_epochs' or 'seen'"
        )
    by_columns = (name for name, group in s.varies_by.items() if group not in GROUPS_OF_RATES)
    foreign = [*s.coefficients, *s.progress.walks, *by_columns]
    if foreign:
        raise SpecificationError(
            f"'{s.name}' has a formula, walk or column for {foreign[0]}, which the paper's form lacks; point estimates "
            "are of that form: remove [coefficients], set 'constant_rate' in the place of 'walk', and choose from "
            f"{', '.join(GROUPS_OF_RATES)} in [varies_by]; or fit it with bs.fit"
        )
    groups: list[tuple[str, str | None]] = []
    if s.data.vocabulary == "log":
        groups.append(("gamma", None))
    if s.irreducible_loss != "none":
        groups.append(("E_const", s.index_of("E")))
    terms = (
        (("alpha", "compute", "alpha_C", "g_C"),)
        if s.form.of_compute
        else (
            ("alpha", "parameters", "alpha_param", "g_N"),
            ("beta", "data", "beta_data", "g_D"),
        )
    )
    for term, progress, exponent, rate in terms:
        groups.append((f"{term}_const", s.index_of("A")))
        neutral = s.progress.acts_on == "reducible_loss" and term == "beta"
        if progress in s.progress.growing and not neutral:
            groups.append((f"{term}_year", s.index_of(rate)))
        groups.append((exponent, s.index_of(term)))
        if s.progress.drifts:
            groups.append((f"{term}_rate", None))
    if s.transformer_factor != "none":
        groups.append(("gamma_T", None))
    return groups


def _expanded(name: str, group: str | None) -> tuple[str, ...]:
    if group == "benchmark":
        return (name, *(f"{name}_{dummy}" for dummy in _BENCHMARK_DUMMIES))
    if group == "architecture":
        return (name, f"{name}{_TRANSFORMER_SUFFIX}")
    if group == "era":
        return tuple(f"{name}_{era}" for era in ERA_LEVELS)
    return (name,)


def _assembled(name: str, group: str | None, values: Mapping[str, Any], levels: Mapping[str, tuple[str, ...]]) -> Any:
    if group == "benchmark":
        total = values[name]
        for dummy in _BENCHMARK_DUMMIES:
            total = total + values[f"{name}_{dummy}"] * np.array([float(b == dummy) for b in levels["benchmark"]])
        return total
    if group == "architecture":  # one value for each architecture, no base
        transformer = np.array([float(a == "transformer") for a in ARCHITECTURE_LEVELS])
        return values[name] * (1 - transformer) + values[f"{name}{_TRANSFORMER_SUFFIX}"] * transformer
    if group == "era":
        return sum(values[f"{name}_{era}"] * np.eye(len(ERA_LEVELS))[code] for code, era in enumerate(ERA_LEVELS))
    return values[name]
