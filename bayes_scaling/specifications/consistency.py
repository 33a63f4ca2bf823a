"""Which settings of a specification go together: rules that name the offender, the choices and what to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.noise import CLOSED_FORMS
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.priors import Prior, choices_for
from bayes_scaling.specifications.progress import GROUPS_OF_DATES, RATE_OF, Progress
from bayes_scaling.specifications.sections import CHOICES, TEXT_CHOICES, Data, Noise, given, groups_of, require_positive
from bayes_scaling.specifications.values import holding, is_number, shown

if TYPE_CHECKING:
    from bayes_scaling.specifications.specification import Specification


def check(specification: "Specification") -> None:
    """Raise SpecificationError by the first rule that is broken; each rule may rely on those before it."""
    rules = (_choices, _for_runs, _varies_by, _irreducible, _clusters, _coefficients, _progress, _rates, _shapes, _eras)
    for rule in (*rules, _tuned, _data, _sizes, _delta, _priors, _scale):
        for problem in rule(specification):
            raise SpecificationError(problem)


def _choices(s: "Specification") -> Iterator[str]:
    settings = {key: (getattr(s, key), valid) for key, valid in TEXT_CHOICES.items()}
    for section, choices in CHOICES.items():
        settings |= {f"[{section}] {key}": (getattr(getattr(s, section), key), choices[key]) for key in choices}
    for where, (value, valid) in settings.items():
        if value not in valid:
            yield f"{where} = {shown(value)} is not valid; choose one of: {', '.join(valid)}"


def _for_runs(s: "Specification") -> Iterator[str]:
    """Refuse what only evaluations have, in a law for training runs."""
    if not s.form.for_runs:
        return
    settings = {"[varies_by]": s.varies_by, "[progress]": s.progress != Progress()}
    settings |= {"transformer_factor": s.transformer_factor != "none", "[data]": s.data != Data()}
    for where in holding(settings | {"[pivot]": s.pivot is not None, "delta": s.delta is not None}):
        yield (
            f"{where} does not go with law '{s.law}', which is for training runs, without dates and groups; "
            f"remove {where}, or choose law 'chinchilla' or 'compute'"
        )
    valid = ("none", "shared") if s.response == "loss" else ("none",)
    if s.irreducible_loss not in valid:
        where = f"irreducible_loss = '{s.irreducible_loss}'"
        yield f"{where} does not go with law '{s.law}'; choose one of: {', '.join(valid)}"


def _varies_by(s: "Specification") -> Iterator[str]:
    for coefficient, group in s.varies_by.items():
        extra, choices = "; use irreducible_loss for E" if coefficient == "E" else "", groups_of(coefficient)
        named = isinstance(group, str) and group.isidentifier() and group not in {*GROUPS_OF_DATES} - {*choices}
        yield from holding(
            {
                f"[varies_by] {coefficient} is no coefficient of law '{s.law}'; "
                f"valid coefficients: {', '.join(s.form.may_vary)}{extra}": coefficient not in s.form.may_vary,
                f"[varies_by] {coefficient} = {shown(group)} is not valid; choose one of: {', '.join(choices)}, or "
                "another column of the table (letters, digits and _)": not named,
            }
        )
    if s.transformer_factor != "none" and s.varies_by.get("A") == "architecture":
        yield (
            f"transformer_factor = '{s.transformer_factor}' says what A = 'architecture' in [varies_by] says already; "
            "set transformer_factor = 'none', or let A and B vary by benchmark or not at all"
        )


def _irreducible(s: "Specification") -> Iterator[str]:
    levels, where = [term.coefficient for term in s.form.terms], f"irreducible_loss = '{s.irreducible_loss}'"
    by_formula, by_benchmark = "irreducible_share" in s.coefficients, s.irreducible_loss == "benchmark"
    problems = {
        f"{where} does not go with [coefficients] level; remove it, and set [coefficients] "
        'irreducible_share = "0 + benchmark"': by_benchmark and "level" in s.coefficients,
        f"{where} needs {' and '.join(levels)} = 'benchmark' in [varies_by]: E is a share of each benchmark's own "
        "level": by_benchmark and any(s.varies_by.get(letter) != "benchmark" for letter in levels),
        "[varies_by] A and B must vary by the same group (or both be shared): their priors stand on their sum (level) "
        "and their share of it": len(levels) > 1 and s.varies_by.get("A") != s.varies_by.get("B"),
    }
    twice = f"{where} and [coefficients] irreducible_share say one thing twice; remove one of them"
    return holding({twice: s.irreducible_loss != "none"} if by_formula else problems)


def _clusters(s: "Specification") -> Iterator[str]:
    clusters = (s.noise.cluster,) if isinstance(s.noise.cluster, str) else s.noise.clusters
    named = isinstance(clusters, tuple) and all(isinstance(each, str) and each.isidentifier() for each in clusters)
    if not named or not clusters or len(set(clusters)) < len(clusters) or (len(clusters) > 1 and "none" in clusters):
        yield (
            f"[noise] cluster = {shown(s.noise.cluster)} is not valid; choose one of: none, paper, or another column "
            'of the table; or several of these, from the outermost, such as ["lab", "paper"]'
        )
    if s.noise.kind.by_cluster and not s.noise.clusters:
        yield (
            f"[noise] family = {shown(s.noise.family)} needs a cluster whose rows have a scale in common; set "
            "cluster = 'paper', or family = 'student_t'"
        )
    if len(clusters) > 1 and not s.noise.kind.in_closed_form:
        yield (
            f"[noise] cluster = {shown(list(clusters))} needs family = {CLOSED_FORMS}, whose effects are integrated "
            "out; or choose one column"
        )


def _coefficients(s: "Specification") -> Iterator[str]:
    for name in s.coefficients:
        short = {"level": ("A", "B"), "share": ("A", "B")}.get(name, (name,))
        twice = f"[coefficients] {name} and [varies_by] {short[0]} say one thing twice; remove one of them"
        yield from holding(
            {
                f"[coefficients] {name} is no coefficient of this specification that can have a formula; valid: "
                f"{', '.join(s.may_have_formulas)}": name not in s.may_have_formulas,
                twice: any(each in s.varies_by for each in short),
                f"[coefficients] {name} = {shown(s.tied.get(name))} is not valid: a coefficient can be another one of "
                f"its kind that is none itself; valid for {name}: {', '.join(s.may_be_tied.get(name, ())) or 'none'}": (
                    name in s.tied and (s.tied[name] not in s.may_be_tied.get(name, ()) or s.tied[name] in s.tied)
                ),
            }
        )
    if "paper" in s.groups and s.noise.clusters and s.noise.clusters[0] != "paper":  # reads formulas
        yield (
            f"[noise] cluster = '{s.noise.clusters[0]}' is what paper means here, by which a coefficient varies too; "
            "set cluster = 'paper', or rename the column"
        )
    if not s.coefficients:
        return
    apart = len(s.form.terms) > 1 and ("share" in s.predicted or s.index_of("share") != s.index_of("level"))
    differs = s.irreducible_loss == "shared" and ("level" in s.predicted or (apart and s.index_of("level")))
    foreign = "[coefficients] do not go with {0}, which is stated for the paper's form: use [varies_by], or remove {0}"
    yield from holding(
        {
            "irreducible_loss = 'shared' is one E of all rows, and level or share has a formula by which E would "
            'differ; remove irreducible_loss, and set [coefficients] irreducible_share = "1"': differs,
            foreign.format("delta"): s.delta is not None,
            foreign.format("[pivot]"): s.pivot is not None,
            "[coefficients] with more than 1 or 0 + group need a law whose terms add up; choose law 'chinchilla' or "
            "'compute'": s.predicted and s.form.power,
        }
    )


def _tuned(s: "Specification") -> Iterator[str]:
    for column, best in s.tuned.items():
        if not column.isidentifier() or column in (*PARAMETERS, *s.form.sizes):
            yield f"[tuned] {shown(column)} is no column that can be tuned; name one with letters, digits and _"
        require_positive(f"[tuned] {column}", best)
    if s.tuned and s.delta is not None:
        yield "[tuned] does not go with delta, which is stated for the paper's form; remove one of them"


def _progress(s: "Specification") -> Iterator[str]:
    p, growing = s.progress, s.progress.growing
    for key in (key for key in growing if key not in s.form.factors):
        yield f"[progress] {key} does not go with law '{s.law}'; use: {', '.join(s.form.factors)}"
    foreign = s.law != "chinchilla" or p.acts_on != "effective_size"
    yield from holding(
        {
            "[progress] exponents = 'drift' needs law 'chinchilla' and acts_on 'effective_size'": p.drifts and foreign,
            "[progress] with exponents = 'drift', parameters and data must be set alike: both 'none' or both "
            "'constant_rate'": p.drifts and len(growing) == 1,
        }
    )
    if p.acts_on == "effective_size":
        return
    exponents = {name: s.formulas[name] for name in ("alpha", "beta") if name in s.formulas}
    varying = [name for name, formula in exponents.items() if formula.base or not formula.is_plain]
    where = "[varies_by]" if set(varying) & set(s.varies_by) else "[coefficients]"
    needs = {
        "law 'chinchilla';": s.law != "chinchilla",
        "parameters and data at 'constant_rate';": len(growing) < 2,
        f"shared alpha and beta: remove {', '.join(varying)} from {where}": p.acts_on != "loss_term" and varying,
    }
    for need in holding(needs):
        yield f"[progress] acts_on = '{p.acts_on}' needs {need} or set acts_on = 'effective_size'"


def _rates(s: "Specification") -> Iterator[str]:
    p, rates = s.progress, [rate for rate in RATE_OF.values() if rate in s.varies_by]
    if p.drifts and rates:
        yield (
            f"[varies_by] {rates[0]} does not go with [progress] exponents = 'drift', where rates are shared; "
            f"remove {', '.join(rates)} from [varies_by] or set exponents = 'none'"
        )
    for key, rate in RATE_OF.items():
        if rate in rates and (key not in p.growing or not p.multiplies_sizes):
            why = f"not free with acts_on = '{p.acts_on}'" if key in p.growing else "fixed at 0"
            yield (
                f"[varies_by] {rate} = '{s.varies_by[rate]}' contradicts [progress]: {rate} is {why}; "
                f"remove it or set [progress] {key} = 'constant_rate', acts_on = 'effective_size'"
            )


def _shapes(s: "Specification") -> Iterator[str]:
    for key, (rate, shape) in zip(s.progress.growing, s.shapes.items(), strict=True):
        needs = {
            "needs acts_on = 'effective_size', exponents = 'none' and no delta; set these,": (
                not s.progress.multiplies_sizes or s.delta is not None
            ),
            f"is shared by all rows: remove {rate} from [varies_by] and [coefficients],": (
                rate in s.varies_by or rate in s.coefficients
            ),
            "does not go with [pivot]; remove it,": s.pivot is not None,
        }
        word = getattr(s.progress, key)
        for need in holding(needs) if shape.further else ():
            yield f"[progress] a {word} of {rate} {need} or set 'constant_rate' in the place of '{word}'"


def _eras(s: "Specification") -> Iterator[str]:
    cut, at_cut, rates = s.progress.cut_year, s.progress.at_cut, s.rates_by_era
    by_era = [f"{rate} = 'era'" for rate in s.form.may_vary if rate in RATE_OF.values()]
    return holding(
        {
            f"[progress] cut_year must be a decimal year such as 2017.444, not {shown(cut)}": (
                cut is not None and not is_number(cut)
            ),
            f"[varies_by] {''.join(rates[:1])} = 'era' needs the year between the eras: set [progress] cut_year, such "
            "as 2017.444": cut is None and rates,
            f"[progress] cut_year has no effect while no rate varies by era; set {' or '.join(by_era)} in [varies_by], "
            "or remove cut_year": cut is not None and not rates,
            f"[progress] at_cut = '{at_cut}' has no effect without a cut; set [progress] cut_year, or remove at_cut": (
                cut is None and at_cut != "bend"
            ),
        }
    )


def _data(s: "Specification") -> Iterator[str]:
    tokens, missing = s.data.tokens, s.data.missing_epochs
    unused = "epochs are not used" if tokens == "unique" else "missing epochs count as one pass, as in the paper"
    return holding(
        {
            f"[data] missing_epochs = '{missing}' needs tokens = 'seen' or 'repeated'; with tokens = '{tokens}' "
            f"{unused}: remove missing_epochs": missing != "one" and tokens not in ("seen", "repeated"),
            "[data] tokens = 'repeated' needs law 'chinchilla': repetition makes data worth less, not compute; "
            "or set tokens = 'seen'": tokens == "repeated" and s.law != "chinchilla",
            "[data] excess_parameters and overfitting need tokens = 'repeated', whose repetitions they are about": (
                tokens != "repeated" and (s.data.excess_parameters, s.data.overfitting) != ("kept", "none")
            ),
            "[data] excess_parameters = 'decay' does not go with [progress], by which the best number of parameters "
            "changes with the date; remove [progress], or set excess_parameters = 'kept'": (
                s.data.excess_parameters == "decay" and s.progresses
            ),
        }
    )


def _sizes(s: "Specification") -> Iterator[str]:
    """Sizes of a pivot and of the central point that are none, or have no effect."""
    lacking = ", ".join(sorted({"parameters", "tokens"} - set(given(s.pivot))))
    sizes = ("parameters", "tokens") if s.form.of_compute else s.form.sizes
    why = (
        ": sizes count where exponents drift, or vary by a group that A does not; "
        "the year where a rate varies by a group that A does not, or jumps at a cut"
    )
    for where, each, valid, place, hint in (
        ("[pivot]", s.pivot, s.pivots, "here", why),
        ("[centre]", s.centre, sizes, f"in law '{s.law}'", ""),
    ):
        effective = f"remove it (keys with an effect: {', '.join(valid) or 'none'})"
        for key, value in sorted(given(each).items()):
            require_positive(f"{where} {key}", value)
        if where == "[pivot]" and s.progress.drifts and lacking:
            yield (
                f"[progress] exponents = 'drift' needs a [pivot] with parameters and tokens (lacks {lacking}): "
                "the sizes at which a change of exponent leaves the loss unchanged"
            )
        if each is not None and not given(each):
            yield f"{where} is empty; {effective}"
        for key in sorted(set(given(each)) - set(valid)):
            yield f"{where} {key} has no effect {place}; {effective}{hint}"
    if s.centre is not None and s.delta is not None:
        yield "[centre] has no effect with delta, whose coefficients stand at the sample's minima; remove one of them"


def _scale(s: "Specification") -> Iterator[str]:
    if not s.noise.on_log:
        return
    where = f"[noise] scale = '{s.noise.scale}'"
    for name, extra in (*((tau, " with a cluster") for _, tau in s.noise.effects), ("sigma", "")):
        if name not in s.priors:
            yield (
                f"{where}{extra} needs a prior of {name}, whose default is in nats per token; add [priors.{name}], "
                "such as distribution = 'half_normal', sigma = 0.1 (a tenth of the loss)"
            )
    if s.data.vocabulary != "ignored":
        yield (
            f"{where} does not go with [data] vocabulary = '{s.data.vocabulary}', a term "
            "that can take the loss below 0, where it has no logarithm; set scale = 'loss' or vocabulary = 'ignored'"
        )


def _priors(s: "Specification") -> Iterator[str]:
    names = {s.prior_name(name): each.support for name, (each, _) in s._sampled.items()}
    for name, prior in s.priors.items():
        if name not in names or name.endswith("_standardised"):
            known = "is not used by this specification" if name in PARAMETERS else "is unknown"
            valid = ", ".join(each for each in names if not each.endswith("_standardised"))
            yield f"[priors.{name}] {known}; parameters with a prior here: {valid}"
        if not isinstance(prior, Prior):
            raise SpecificationError(
                f'[priors.{name}] is {shown(prior)}; give a prior, such as bs.Prior("normal", mu=0, sigma=1)'
            )
        support = names[name]
        if not prior.fits(support):
            yield (
                f"[priors.{name}] {prior} reaches values that {name} can't take ({support}); "
                f"valid distributions: {choices_for(support)}"
            )


def require_delta(delta: Any) -> None:
    """Refuse what is no strength of the paper's penalty."""
    flat = ": with delta = 0 the prior is flat and the posterior improper; use bayes_scaling.classical for the "
    if not is_number(delta) or delta <= 0:
        zero = is_number(delta) and delta == 0
        hint = f"{flat}unpenalised estimate" if zero else "; the paper's grid: 0.001, 0.0025, 0.005, 0.01, 0.02"
        raise SpecificationError(f"delta must be a number above 0, not {shown(delta)}{hint}")


def _delta(s: "Specification") -> Iterator[str]:
    if s.delta is None:
        return
    require_delta(s.delta)
    for name in (name for name in s.priors if name != "sigma"):
        yield f"[priors.{name}] contradicts delta, which sets the prior of every coefficient; remove one of them"
    for term in s.form.terms if s.progress.multiplies_sizes else ():
        group = s.index_of(term.exponent)
        if term.factor in s.progress.growing and group not in (None, s.index_of(term.rate)):
            yield (
                f"delta needs {term.rate} to vary by {group} like {term.exponent}, or "
                "[progress] acts_on = 'loss_term': the paper's year coefficient is their product"
            )
    yield from holding(
        {
            "delta does not go with [progress] acts_on = 'nearly_reducible_loss', whose gap needs a prior of its own; "
            "set acts_on = 'effective_size' or 'reducible_loss', or remove delta": (
                s.progress.acts_on == "nearly_reducible_loss"
            ),
            "delta does not go with [data] tokens = 'repeated': the paper's form has no coefficient for the worth of "
            "repetition; set tokens = 'unique', 'effective_epochs' or 'seen', or remove delta": (
                s.data.tokens == "repeated"
            ),
            "delta needs [noise] family = 'normal', cluster = 'none', scale = 'loss', as in the paper's objective": (
                s.noise != Noise()
            ),
        }
    )
