"""From what is sampled to the coefficients of the law: two coordinate systems for one law.

*Level and share*: the loss at a central point and how it splits, on which weak priors can be stated.
*Published*: the coefficients of Ho et al. 2024 (their Table 10), on which their penalty stands.
"""

from dataclasses import replace
from functools import cache, reduce
from operator import add
from types import ModuleType
from typing import Any

import numpy as np

from bayes_scaling.errors import SpecificationError
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS, years_of
from bayes_scaling.model.rows import anchor_of, central_anchor
from bayes_scaling.model.structure import Added, Arrays, Coefficient, Coefficients, grown, log_parts, middle
from bayes_scaling.specifications.formulas import LOSS_FACTORS, is_smooth
from bayes_scaling.specifications.progress import ERA_LEVELS, Levels
from bayes_scaling.specifications.sections import CENTRE_YEAR, GROUPS_OF_RATES
from bayes_scaling.specifications.specification import Specification

# ---------------------------------------------------------------------- level and share


def coefficients_of(s: Specification, values: Arrays, levels: Levels, xp: ModuleType = np) -> Coefficients:
    """Coefficients of the law from what is sampled: the paper's under ``delta``, and else level and share."""
    return (from_level_and_share if s.delta is None else from_published)(s, values, levels, xp)


def from_level_and_share(s: Specification, values: Arrays, levels: Levels, xp: ModuleType = np) -> Coefficients:
    """Coefficients of the law, at :func:`bayes_scaling.model.rows.anchor_of`, from the parameters of a specification.

    Away from the central point, at a pivot, level and share are those of the middle of groups: the geometric mean of
    exponents, the mean of rates.
    """
    names = (name for name in s.names if name in values or name in s.predicted or name in s.shapes)
    found = {name: _coefficient(s, name, values, levels, xp) for name in names}
    found |= {name: found[other] for name, other in s.tied.items()}
    if levels_agree(s):
        found |= _from_level(s, found, xp)
    if (form := s.progress.form).both:
        found |= _from_both(found)
    for term in s.form.terms:
        if (rate := found.pop(f"{term.rate}{form.suffix}", None)) is None:
            continue
        if form.decline:
            found[f"{term.exponent}_year"] = Coefficient(rate.value * middle(found[term.exponent], xp))
        else:
            found[term.rate] = rate
    if "gamma_T" in found:
        found["log_factor"] = _log_factor(found.pop("gamma_T").value, xp)
    if s.pivot is not None and not s.progress.drifts:
        _move_to_pivot(s, found, levels, xp)
    noise = {"sigma", *s.noise.kind.extra, *(tau for _, tau in s.noise.effects)} - set(s.coefficients)
    return {name: each for name, each in found.items() if name not in noise}


def levels_agree(s: Specification) -> bool:
    """Whether level, share and irreducible loss have the same levels, so that each level has an E, an A and a B."""
    names = ["level"] + ["share"] * (len(s.form.terms) > 1)
    group = s.index_of("level")
    alike = s.irreducible_loss != "none" or not s.has_irreducible or s.index_of("irreducible_share") == group
    return alike and not {*names, "irreducible_share"} & set(s.predicted) and {s.index_of(n) for n in names} == {group}


def _coefficient(s: Specification, name: str, values: Arrays, levels: Levels, xp: ModuleType) -> Coefficient:
    """What is sampled under a coefficient's name, with what a formula adds, or the parts of a rate over the years."""
    shape = s.shapes.get(name)
    if shape and shape.further:
        further = shape.parts(*(values[f"{name}_{each.name}"] for each, _ in shape.further))
        parts = xp.concatenate([xp.atleast_1d(values[f"{name}_base"]), xp.atleast_1d(further)], axis=-1)
        return Coefficient(parts, years=shape.names(s.progress, levels))
    if name not in s.predicted:
        group = s.index_of(name)
        return Coefficient(values[name], group, years=_years(s, group, levels))
    formula, added = s.predicted[name], []
    for term in formula.terms:
        slopes = formula.term_name(term)
        if slopes == s.integrated and f"{slopes}_standardised" not in values:
            continue
        if is_smooth(term):
            parts = [values[f"{part}_standardised"] for part in (slopes, f"{slopes}_rest")]
            smooth = values[f"{slopes}_sd"] * xp.concatenate(parts, axis=-1)
            added.append(Added(smooth, matrix=slopes, departs=formula.departs(term)))
            continue
        columns = tuple(f"{slopes}_{at}" for at in range(len(levels[f"{slopes}_level"])))
        added.append(Added(values[slopes], covariates=columns, columns=f"{slopes}_columns"))
    for each in formula.pooled:
        stem = formula.stem(each)
        standard = values[f"{stem}_standardised"]
        if xp is np:
            # Levels that were not fitted are further draws of the group, for each draw of the posterior and each
            # coefficient; there is one more than are named, for a system of which it is not said.
            rng, fitted = np.random.default_rng(list(stem.encode())), standard.shape[-1]
            new = rng.standard_normal((len(levels[each.group]) + 1 - fitted, *standard.shape[:-1]))
            standard = np.concatenate([standard, np.moveaxis(new, 0, -1)], axis=-1)
        added.append(Added(values[f"{stem}_sd"] * standard, each.group, (stem,) if each.column else ()))
    if name in LOSS_FACTORS:  # on the logarithm, without a base
        return Coefficient(0.0, added=tuple(added))
    return Coefficient(values[formula.base_name], formula.base or None, formula.link, tuple(added))


def _years(s: Specification, group: str | None, levels: Levels) -> tuple[str, ...]:
    """Of a rate that varies by a group of dates: the years over which each of its levels grows."""
    return next((each.names(s.progress, levels) for each in s.shapes.values() if each.group == group), ())


def _from_level(s: Specification, found: dict[str, Coefficient], xp: ModuleType) -> dict[str, Coefficient]:
    """E, and the logarithm of each term at the central point, which these take the place of."""
    level, share, part = (found.pop(name, None) for name in ("level", "share", "irreducible_share"))
    assert level is not None
    coefficients: dict[str, Coefficient] = {}
    if part is not None:
        base = level.value
        if part.group != level.group:
            base = xp.min(base, axis=-1, keepdims=True)  # E must lie below every level
        coefficients["E"] = Coefficient(part.value * base, part.group)
    if s.form.power:
        coefficients["power"] = found[s.form.power]
    power = coefficients["power"].value if s.form.power else 1.0
    irreducible = coefficients["E"].value if part is not None else 0.0
    logs = log_parts(level.value, irreducible, None if share is None else share.value, power, xp)
    named = zip(s.form.terms, logs, strict=True)
    return coefficients | {f"log_{term.coefficient}": Coefficient(log, level.group) for term, log in named}


def _from_both(found: dict[str, Coefficient]) -> dict[str, Coefficient]:
    """The one decline of both terms, up to a gap: g_N + g_D = g_C, and alpha g_N - beta g_D is the gap, or 0."""
    alpha, beta, total = found["alpha"].value, found["beta"].value, found.pop("g_C").value
    gap = found.pop("hicks_gap", Coefficient(0.0)).value
    years = {"alpha_year": total * alpha * beta + gap * alpha, "beta_year": total * alpha * beta - gap * beta}
    return {name: Coefficient(each / (alpha + beta)) for name, each in years.items()}


def _log_factor(log_odds: Any, xp: ModuleType) -> Coefficient:
    """Logarithm of what the reducible loss is multiplied by: sigmoid(gamma_T) for transformers, 1 for others."""
    transformer = np.array([float(name == "transformer") for name in ARCHITECTURE_LEVELS])
    # Not logaddexp, which has no complex form: the published estimator differentiates by complex steps.
    return Coefficient(-xp.log1p(xp.exp(-log_odds)) * transformer, "architecture")


def _move_to_pivot(s: Specification, coefficients: dict[str, Coefficient], levels: Levels, xp: ModuleType) -> None:
    """Restate log coefficients, given at the central point for the groups' middle, at the pivot."""
    centre, pivot = central_anchor(s), anchor_of(s)
    years = years_of(s, {}, pivot.year, centre.year)
    for term in s.form.terms:
        given, power = coefficients[f"log_{term.coefficient}"], coefficients[term.exponent]
        here, there = (point.log_size(term.size, given.group, levels).value for point in (centre, pivot))
        moved = here - there
        if term.rate in coefficients:
            rate = coefficients[term.rate]
            if rate.group not in (None, given.group) and not rate.years:
                rate = Coefficient(xp.mean(rate.value, axis=-1, keepdims=True))
            moved = moved + grown(replace(rate, group=None), years, {}, xp)
        exponent = power.value if power.group == given.group else middle(power, xp)
        coefficients[f"log_{term.coefficient}"] = replace(given, value=given.value + exponent * moved)


# ---------------------------------------------------------------------- the paper's own coefficients

PUBLISHED_BASE = "wt103"  # benchmark whose coefficients the paper's are; the others add their dummies' to them
_BENCHMARK_DUMMIES = ("ptb", "wt2")


def published_names(specification: Specification) -> tuple[str, ...]:
    """Names of the paper's coefficients in the order of its Table 10; SpecificationError for what its form lacks."""
    coefficients = published_coefficients(specification).items()
    return tuple(own for name, (_, group) in coefficients for own in _dummies(name, group))


def from_published(s: Specification, values: Arrays, levels: Levels, xp: ModuleType = np) -> Coefficients:
    """Coefficients of the law, at the sample minima N0, D0, Y0, from values of each of :func:`published_names`."""
    found, benchmarks = {}, levels.get("benchmark", ())
    for name, (coefficient, group) in published_coefficients(s).items():
        total = reduce(add, (values[own] * part for own, part in _dummies(name, group, benchmarks).items()))
        found[coefficient] = Coefficient(total, group, years=_years(s, group, levels))
    for exponent in ("alpha", "beta"):
        if f"{exponent}_drift" in found:
            # alpha + alpha_rate ln(Y) = (alpha + alpha_rate ln(Yc)) + alpha_rate ln(Y / Yc)
            own, rate = found[exponent], found[f"{exponent}_drift"].value
            found[exponent] = replace(own, value=own.value + rate * float(np.log(CENTRE_YEAR)))
            found[f"{exponent}_drift"] = Coefficient(rate / CENTRE_YEAR)
    if s.progress.form.is_common:
        found["beta_year"] = found["alpha_year"]
    if "gamma_T" in found:
        found["log_factor"] = _log_factor(found.pop("gamma_T").value, xp)
    return found


def penalty_scale(sigma: Any, rows: Any, delta: Any) -> Any:
    """Scale of the Laplace prior whose mode is the paper's estimate, mean squared residual plus delta sum|theta|."""
    return 2 * sigma**2 / (rows * delta)


_PUBLISHED_EXPONENTS = {"parameters": "alpha_param", "tokens": "beta_data", "compute": "alpha_C"}


def published_coefficients(s: Specification) -> dict[str, tuple[str, str | None]]:
    """The paper's coefficients, in its order: what each is in the law, and the group that it has dummies of."""
    if s.data.tokens == "repeated":
        raise SpecificationError(
            f"'{s.name}' has tokens = 'repeated', whose repetition_scale the paper's form lacks; "
            "set [data] tokens = 'unique', 'effective_epochs' or 'seen'"
        )
    by_columns = (name for name, group in s.varies_by.items() if group not in GROUPS_OF_RATES)
    foreign = [*s.coefficients, *(rate for rate, shape in s.shapes.items() if shape.further), *by_columns]
    if foreign:
        raise SpecificationError(
            f"'{s.name}' has a formula, form of progress or column for {foreign[0]}, which the paper's form lacks; "
            "point estimates are of that form: remove [coefficients], set 'constant_rate' in [progress], choose from "
            f"{', '.join(GROUPS_OF_RATES)} in [varies_by]; or fit it with bs.fit"
        )
    found: dict[str, tuple[str, str | None]] = {}
    if s.data.vocabulary == "log":
        found["gamma"] = "gamma", None
    if s.has_irreducible:
        found["E_const"] = "E", s.index_of("E")
    for term in s.form.terms:
        exponent = term.exponent
        found[f"{exponent}_const"] = f"log_{term.coefficient}", s.index_of("A")
        if term.factor in s.progress.growing and not (s.progress.form.is_common and term is not s.form.terms[0]):
            found[f"{exponent}_year"] = f"{exponent}_year", s.index_of(term.rate)
        found[_PUBLISHED_EXPONENTS[term.size]] = exponent, s.index_of(exponent)
        if s.progress.drifts:
            found[f"{exponent}_rate"] = f"{exponent}_drift", None
    if s.transformer_factor != "none":
        found["gamma_T"] = "gamma_T", None
    return found


@cache
def _dummies(name: str, group: str | None, benchmarks: tuple[str, ...] = ()) -> dict[str, Any]:
    """Names under which the paper has a coefficient, with what each is multiplied by at each level of its group."""
    if group == "benchmark":  # others add to the base
        dummies = {f"{name}_{own}": np.array([float(each == own) for each in benchmarks]) for own in _BENCHMARK_DUMMIES}
        return {name: np.ones(len(benchmarks)), **dummies}
    # One value for each architecture or era, and no base.
    apart = {"architecture": (name, f"{name}_t"), "era": tuple(f"{name}_{era}" for era in ERA_LEVELS)}
    return dict(zip(apart[group], np.eye(len(apart[group])), strict=True)) if group in apart else {name: 1.0}
