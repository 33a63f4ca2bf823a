"""A specification in words and symbols, before anything is fitted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_scaling.common.formatting import counted, estimate, months, number, probability
from bayes_scaling.inference.units import noun_of
from bayes_scaling.model.coordinates import levels_agree, published_coefficients, published_names
from bayes_scaling.model.rows import anchor_of, central_anchor
from bayes_scaling.quantities.coefficients import unit_of
from bayes_scaling.quantities.prior_predictive import HELD, PLAUSIBLE, PriorPredictiveSummary
from bayes_scaling.quantities.rates import INTERVAL, INTERVAL_KIND
from bayes_scaling.specifications.formulas import LOSS_FACTORS, is_smooth
from bayes_scaling.specifications.laws import DEFINITIONS, RESPONSE_UNITS, SYMBOLS, Term
from bayes_scaling.specifications.progress import GROUPS_OF_DATES, SHAPES
from bayes_scaling.specifications.sections import CENTRE_YEAR
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.tuning import BEST, CURVATURE, by_size
from bayes_scaling.specifications.values import holding

if TYPE_CHECKING:
    import pandas as pd

_TOKENS = {"unique": "D", "effective_epochs": "D x worth of its epochs", "seen": "D x epochs", "repeated": "D W"}
"""Tokens as a specification counts them."""
_EXCESS = "U (1 + excess_scale (1 - exp(-(N / U - 1) / excess_scale))) for N over U, N for others"
SET_HERE = "set by this specification"  # in place of the reason of a default prior


@dataclass(frozen=True)
class PriorLine:
    """One row of the table of priors."""

    name: str
    by: str
    prior: str
    unit: str
    meaning: str
    reason: str


@dataclass(frozen=True)
class Description:
    """What `bayes-scaling models NAME` shows."""

    title: str
    reference: str
    equations: tuple[str, ...]
    notes: tuple[str, ...]
    priors: tuple[PriorLine, ...]


def describe(specification: Specification, table: "pd.DataFrame | None" = None) -> Description:
    """Equation, notes and priors of a specification, for a table if there is one."""
    s, meanings = specification, specification.form.meanings
    priors = []
    for p in s.parameters():
        by = s.index_of(p.name) or ""
        prior, reason = str(s.prior_of(p.name)), SET_HERE if s.prior_name(p.name) in s.priors else p.reason
        by = "column" if by == f"{p.name}_level" else by
        priors.append(PriorLine(p.name, by, prior, unit_of(s, p), meanings.get(p.name, p.meaning), reason))
    return Description(s.title, s.reference, _equations(s), _notes(s, table), tuple(priors))


def varying(specification: Specification) -> str:
    """What varies by which group, and formulas; empty if nothing does."""
    groups: dict[str, list[str]] = {}
    for name, group in specification.varies_by.items():
        groups.setdefault(group, []).append(name)
    told = [f"{', '.join(names)} by {group}" for group, names in groups.items()]
    return "; ".join((*told, *(f"{name} = {text}" for name, text in specification.coefficients.items())))


def _indexed(s: Specification, name: str) -> str:
    columns = _columns(s, name)
    name = _FACTORS.get(name, name)
    return f"{name}[{', '.join(columns)}]" if columns else name


def _columns(s: Specification, name: str) -> tuple[str, ...]:
    """Columns of the table that a coefficient differs with."""
    if name in ("A", "B", "E") and not levels_agree(s):
        parts = ("level", "irreducible_share", *(["share"] if name != "E" else []))
        return tuple(dict.fromkeys(column for part in parts if part in s.names for column in _columns(s, part)))
    group, formula = s.index_of(name), s.formulas.get(name)
    return formula.columns if formula and formula.columns else (group,) if group else ()


def _formula_lines(s: Specification) -> list[str]:
    """For each formula that adds something, what it adds to what."""
    lines = []
    for name, formula in s.predicted.items():
        if name in s.tied:
            continue
        link = {"identity": "{}", "log": "ln({})", "logit": "logit({})"}[formula.link]
        base = f"{formula.base_name}[{formula.base}]" if formula.base else formula.base_name
        added = [] if name in LOSS_FACTORS else [link.format(base)]
        lines.append(f"{link.format(_indexed(s, name))} = {' + '.join((*added, *formula.said))}")
    return [*lines, *(f"{_indexed(s, name)} = {_indexed(s, other)}" for name, other in s.tied.items())]


_FACTORS = dict(zip(LOSS_FACTORS, "RW", strict=True))


def _equations(s: Specification) -> tuple[str, ...]:
    law, form, drift = s.form, s.progress.form, ""
    parts, decline = [], f" exp(-{form.decline} (Y - Y0))" if form.decline else ""
    for term in law.terms:
        if s.progress.drifts:
            drift = f" / ({term.symbol} / {getattr(s.pivot, term.size):g})^({term.exponent}_drift h(Y))"
        own = "" if form.is_common else decline.format(letter=term.coefficient)
        size, exponent = _size(s, term), _indexed(s, term.exponent)
        parts.append(f"{_indexed(s, term.coefficient)} / {size}^{exponent}{own}{drift}")
    if law.power:
        parts = [f"({' + '.join(f'({part})^(1 / {law.power})' for part in parts)})^{law.power}"]
    known = {"T": s.tuned, "F": s.transformer_factor != "none", _indexed(s, "reducible"): "reducible" in s.coefficients}
    factors = list(holding(known))
    if factors or form.is_common:
        parts = [_product(factors, parts) + decline * form.is_common]
    parts = [_indexed(s, "E")] * s.has_irreducible + parts + ["gamma ln(vocabulary)"] * (s.data.vocabulary == "log")
    if s.data.overfitting == "penalty":
        parts.append("overfitting (epochs - 1)^overfitting_by_repetitions (N / D)^overfitting_by_size")
    if "loss" in s.coefficients:
        parts = [_product([_indexed(s, "loss")], parts)]
    whole = " + ".join((*parts, *(f"u[{cluster}]" for cluster in s.noise.clusters)))
    lines = [f"{SYMBOLS[s.response]} = {f'({whole}) exp(noise)' if s.noise.on_log else f'{whole} + noise'}"]
    lines += [*([] if law.for_runs else _size_lines(s)), *_formula_lines(s), *_tuning_lines(s)]
    further = {
        "F = 1 / (1 + exp(-gamma_T)) for transformers, 1 for others": s.transformer_factor != "none",
        f"h(Y) = {CENTRE_YEAR:g} ln(Y / {CENTRE_YEAR:g}), about Y - {CENTRE_YEAR:g}": s.progress.drifts,
    }
    effects = zip(s.noise.clusters, s.noise.effects, strict=True)
    noise = [f"noise ~ {s.noise.kind.symbol.format(_indexed(s, 'sigma'))}"]
    noise += [f"u[{cluster}] ~ Normal(0, {tau})" for cluster, (_, tau) in effects]
    if s.noise.kind.by_cluster:
        scale = f"s[{s.noise.clusters[0]}]"
        noise = [*(each.replace("~", f"~ {scale}") for each in noise), f"{scale}^2 ~ nu / ChiSquared(nu)"]
    return (*lines, *holding(further), *_kaplans_symbols(s), ", ".join(noise))


def _tuning_lines(s: Specification) -> list[str]:
    if not s.tuned:
        return []
    lost = " + ".join(f"{CURVATURE.format(x)} ln({x} / {x}_opt)^2" for x in s.tuned)
    anchor, best = central_anchor(s), []
    for x in s.tuned:
        sizes = ((term, anchor.size(term.size, anchor.common_tokens)) for term in s.form.terms)
        powers = (f"({term.symbol} / {size:g})^{by_size(x, term.size)}" for term, size in sizes)
        best.append(f"{x}_opt = {' '.join((BEST.format(x), *powers))}")
    return [f"T = exp({lost})", *best]


def _product(factors: list[str], parts: list[str]) -> str:
    """Factors on the sum of some parts."""
    return " ".join((*factors, f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]))


def _kaplans_symbols(s: Specification) -> list[str]:
    if not s.form.for_runs:
        return []
    if s.response == "critical_batch":
        return ["A = B_star, alpha = 1 / alpha_B"]
    own = ", ".join(f"{term.coefficient} = {term.scale}^{term.exponent}" for term in s.form.terms)
    return [f"{own}: L = ((N_c / N)^(alpha / beta) + D_c / D)^beta where E = 0" if s.form.power else own]


def _size(s: Specification, term: Term) -> str:
    """A size over the one at which the coefficients stand: the paper's minimum, or a pivot where groups' lines meet."""
    size = term.symbol if s.form.for_runs or s.progress.form.decline else f"{term.symbol}_eff"
    if s.delta is not None:
        return f"({size} / {term.symbol}0)"
    pivot = None if s.pivot is None or s.progress.drifts else getattr(s.pivot, term.size, None)
    return size if pivot is None else f"({size} / {pivot:g})"


def _size_lines(s: Specification) -> list[str]:
    form, shapes = s.progress.form, s.shapes
    if form.is_common:
        return [form.relation]
    lines = []
    if form.decline:
        for term in s.form.terms:
            own, formula = _indexed(s, term.exponent), s.predicted.get(term.exponent)
            base = f"{formula.base_name} {term.rate}{form.suffix} = " if formula else ""
            decline = form.decline.format(letter=term.coefficient)
            lines.append(f"{decline} = {base}{own} {own.replace(term.exponent, term.rate, 1)}")
        return [", ".join(lines)]
    tokens, parameters = _TOKENS[s.data.tokens], _EXCESS if s.data.excess_parameters == "decay" else "N"
    sizes = {"N": parameters, "D": tokens, "C": f"6 N {tokens}"}
    for term in s.form.terms:
        growth, size = "", sizes[term.symbol]
        if term.rate in shapes:
            rate = f"{_indexed(s, term.rate)}{form.suffix}"
            growth = f" exp({shapes[term.rate].growth.format(rate=rate)})"
        lines.append(f"{term.symbol}_eff = {size}{growth}")
    further = {
        form.relation: form.both,
        "W = 1 + repetition_scale (1 - exp(-(epochs - 1) / repetition_scale))": s.data.tokens == "repeated",
        "U = (alpha A D^beta / (beta B))^(1 / alpha)": s.data.excess_parameters == "decay",
        **{each.said.format(cut=s.progress.cut_year): each.said for each in SHAPES.values() if each in shapes.values()},
    }
    return [*lines, *holding(further)]


def _notes(s: Specification, table: "pd.DataFrame | None") -> tuple[str, ...]:
    law, symbol = s.form, SYMBOLS[s.response]
    if law.for_runs:
        definitions = "; ".join(DEFINITIONS[name] for name in (law.response, *law.sizes))
    else:
        definitions = (
            "L: log perplexity, nats per token; N: parameters; D: unique training tokens; Y: publication date, years"
        )
    if s.delta is not None:
        return (
            definitions,
            f"paper's coefficients ({', '.join(published_names(s))}), each with prior "
            f"Laplace(0, 2 sigma^2 / (n {s.delta:g})): the mode is the paper's penalised estimate",
            f"in the symbols above: {'; '.join(_published_meanings(s))}",
            f"{', '.join(f'{term.symbol}0' for term in law.terms)}, Y0: the sample's minima, as in the paper",
        )
    loss, share = (symbol, "it") if law.for_runs else ("the loss", "the loss")
    tokens, epochs = s.data.tokens, s.data.missing_epochs
    apart = any(s.index_of(name) not in (None, s.index_of("A"), *GROUPS_OF_DATES) for name in s.varies_by)
    notes = {
        definitions: True,
        f"noise on the logarithm of {loss}: sigma is a share of {share}, and {symbol} without noise "
        f"{s.noise.kind.law}": s.noise.on_log,
        f"central point: {_central_point(s, table)}": True,
        "of training runs C is their column flop, which need not be 6 N D": s.form.of_compute and s.centre is not None,
        f"{' and '.join(s.noise.clusters)} effects u are integrated out in closed form": (
            s.noise.clusters and s.noise.kind.in_closed_form
        ),
        "the smooth change of all losses is integrated out in closed form": s.integrated,
        "a missing vocabulary is taken to be its benchmark's median in the table": s.data.vocabulary == "log",
        "worth of epochs as coded by Ho et al. 2024; missing epochs count as one pass": tokens == "effective_epochs",
        "missing epochs count as one pass": tokens in ("seen", "repeated") and epochs == "one",
        "of training runs D is their tokens over their epochs": tokens == "repeated",
        "missing epochs are its benchmark's median in the table": tokens in ("seen", "repeated") and epochs != "one",
        "level, share, A and B are those of architectures other than transformers": s.transformer_factor != "none",
        "level and share are those of the groups' middle at the central point": apart and s.pivot is not None,
        "rates g_N, g_D, g_C hold for one size and date only and are reported at the central point": s.progress.drifts,
        **dict.fromkeys(_formula_notes(s), True),
        "for training runs, without progress: doubling times are infinite by assumption": law.for_runs,
        "no progress: doubling times are infinite by assumption": not s.progresses and not law.for_runs,
    }
    return tuple(holding(notes))


def _central_point(s: Specification, table: "pd.DataFrame | None") -> str:
    anchor = central_anchor(s, table)
    found = anchor.tokens if table is None or "benchmark" not in table else table["benchmark"].unique()
    if s.form.for_runs:
        return ", ".join(f"{term.symbol} = {anchor.size(term.size, anchor.common_tokens):g}" for term in s.form.terms)
    tokens = ", ".join(f"{benchmark} {anchor.tokens[benchmark]:,.0f}" for benchmark in found)
    if len(set(anchor.tokens.values())) == 1:
        tokens = f"{anchor.common_tokens:,.0f}"
    year, start = f"year {anchor.year:g}, ", f"; Y0 = {anchor_of(s).year:.7g}"
    if not s.progresses and s.index_of("level") != "benchmark":  # for a table that may have no dates
        year = start = ""
        if s.centre is None or s.centre.tokens is None:
            start = " (the middle of the packaged benchmarks; for training runs state [centre] tokens)"
    return f"{anchor.parameters:,.0f} parameters, {year}tokens {tokens}{start}"


def _formula_notes(s: Specification) -> list[str]:
    notes = []
    if not levels_agree(s):
        split = "share of the rest A's term" if len(s.form.terms) > 1 else "the rest A's term"
        irreducible = "irreducible_share of it is E, and " if s.has_irreducible else ""
        notes.append(f"level is the loss at the central point: {irreducible}{split}")
    terms = [term for formula in s.predicted.values() for term in formula.terms]
    pooled = [each for formula in s.predicted.values() for each in formula.pooled]
    notes += [
        f"gp: {term}, a smooth function of standard deviation 1, nearly the same at points closer than its length, of "
        "which nothing is known far from all rows that were fitted"
        for term in filter(is_smooth, terms)
    ]
    if any(each.column for each in pooled) or not all(map(is_smooth, terms)):
        notes.append(
            "X: columns that formulas make of the table: of text one for each level but the first, 0 or 1; of flags 0 "
            "or 1; of numbers what they are less their mean, over their standard deviation"
        )
    if groups := dict.fromkeys(each.group for each in pooled):
        notes.append(f"levels of {', '.join(groups)} that were not fitted are drawn from the same distribution")
    return notes


def _published_meanings(s: Specification) -> list[str]:
    """Each of the paper's coefficients in terms of A, alpha, g_N and their like."""
    named = {coefficient: name for name, (coefficient, _) in published_coefficients(s).items()}
    form, meanings = s.progress.form, []
    for term in s.form.terms:
        own = term.exponent
        decline = form.decline.format(letter=term.coefficient) or f"{own} {term.rate}{form.suffix}"
        meanings.append(f"{own}_const = ln {term.coefficient}")
        if f"{own}_year" in named:
            meanings.append(f"{own}_year = {decline}")
        drift = f" + {own}_rate ln(Y) = {own} + {own}_drift h(Y)" if s.progress.drifts else f" = {own}"
        meanings.append(f"{named[own]}{drift}")
    groups = {group for _, group in published_coefficients(s).values()}
    further = {
        "E_const = E": "E" in named,
        "_ptb, _wt2: what the benchmark adds to WikiText-103's value": "benchmark" in groups,
        "_t: the transformers' own value": "architecture" in groups,
        "_before, _after: the value of each era": "era" in groups,
        "gamma_T: log odds of the factor F on transformers' reducible loss": "gamma_T" in named,
    }
    return [*meanings, *holding(further)]


def prior_sentences(found: PriorPredictiveSummary) -> Iterator[str]:
    """What priors expect of a table's losses, and of progress."""
    about, (low, high) = found.evaluations, PLAUSIBLE
    size = counted(about.rows, noun_of("evaluation", about.kind))
    what = f"{RESPONSE_UNITS[found.response]}, median and {HELD:.0%} {INTERVAL_KIND} interval"
    said = f"Before any data, by {found.draws:,} draws of the priors on the {size} of {about.name}: "
    if found.plausible is not None:
        said += f"{found.plausible:.1%} of losses lie between {low:g} and {high:g} nats per token; "
    yield f"{said}{found.response.replace('_', ' ')} {estimate(found.loss, number)} {what}."
    if (times := found.doubling_time_months) is not None:
        yield (
            f"Doubling time of effective compute before any data: {estimate(times, months)} months, median and "
            f"{INTERVAL}; probability of progress {probability(times['probability_of_progress'])}."
        )
