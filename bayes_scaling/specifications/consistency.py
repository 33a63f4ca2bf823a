"""Which settings of a specification go together: rules that name the offender, the choices and what to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.checks import is_number, shown
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.priors import Prior, choices_for
from bayes_scaling.specifications.sections import (
    CHOICES,
    GROUPS,
    GROUPS_OF_RATES,
    RATE_OF,
    TEXT_CHOICES,
    Data,
    Noise,
    Progress,
    given,
    require_positive,
)

if TYPE_CHECKING:
    from bayes_scaling.specifications.specification import Specification


def check(specification: "Specification") -> None:
    """Refuse unknown or contradictory settings.

    Raises SpecificationError, by the first rule that is broken; each rule may rely on those before it.
    """
    rules = (_choices, _for_runs, _varies_by, _coefficients, _progress, _walks, _eras, _factor, _data, _pivot, _centre)
    for rule in (*rules, _delta, _priors, _scale):
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
    law = s.form
    if not law.for_runs:
        return
    settings: tuple[tuple[str, object, object], ...] = (
        ("[varies_by]", s.varies_by, {}),
        ("[progress]", s.progress, Progress()),
        ("transformer_factor", s.transformer_factor, "none"),
        ("[data]", s.data, Data()),
        ("[pivot]", s.pivot, None),
        ("delta", s.delta, None),
    )
    for where, found, without in settings:
        if found != without:
            yield (
                f"{where} does not go with law '{s.law}', which is for training runs, without dates and groups; "
                f"remove {where}, or choose law 'chinchilla' or 'compute'"
            )
    valid = ("none", "shared") if law.response == "loss" else ("none",)
    if s.irreducible_loss not in valid:
        yield (
            f"irreducible_loss = '{s.irreducible_loss}' does not go with law '{s.law}'; choose one of: "
            f"{', '.join(valid)}"
        )


def _varies_by(s: "Specification") -> Iterator[str]:
    for coefficient, group in s.varies_by.items():
        if coefficient not in s.form.may_vary:
            extra = "; use irreducible_loss for E" if coefficient == "E" else ""
            yield (
                f"[varies_by] {coefficient} is no coefficient of law '{s.law}'; "
                f"valid coefficients: {', '.join(s.form.may_vary)}{extra}"
            )
        choices = GROUPS_OF_RATES if coefficient in RATE_OF.values() else GROUPS
        if not isinstance(group, str) or not group.isidentifier() or (group == "era" and group not in choices):
            yield (
                f"[varies_by] {coefficient} = {shown(group)} is not valid; choose one of: {', '.join(choices)}, or "
                "another column of the table (letters, digits and _)"
            )
    levels = [term.coefficient for term in s.form.terms]
    if "irreducible_share" in s.coefficients:
        if s.irreducible_loss != "none":
            yield (
                f"irreducible_loss = '{s.irreducible_loss}' and [coefficients] irreducible_share say one thing twice; "
                "remove one of them"
            )
        return
    if s.irreducible_loss == "benchmark" and "level" in s.coefficients:
        yield (
            "irreducible_loss = 'benchmark' does not go with [coefficients] level; remove it, and set [coefficients] "
            'irreducible_share = "0 + benchmark"'
        )
    if s.irreducible_loss == "benchmark" and any(s.varies_by.get(letter) != "benchmark" for letter in levels):
        yield (
            f"irreducible_loss = 'benchmark' needs {' and '.join(levels)} = 'benchmark' in [varies_by]: "
            "E is a share of each benchmark's own level"
        )
    if len(levels) > 1 and s.varies_by.get("A") != s.varies_by.get("B"):
        yield (
            "[varies_by] A and B must vary by the same group (or both be shared): "
            "their priors stand on their sum (level) and their share of it"
        )


def _coefficients(s: "Specification") -> Iterator[str]:
    clusters = (s.noise.cluster,) if isinstance(s.noise.cluster, str) else s.noise.clusters
    named = isinstance(clusters, tuple) and all(isinstance(each, str) and each.isidentifier() for each in clusters)
    if not named or not clusters or len(set(clusters)) < len(clusters) or (len(clusters) > 1 and "none" in clusters):
        yield (
            f"[noise] cluster = {shown(s.noise.cluster)} is not valid; choose one of: none, paper, or another column "
            'of the table; or several of these, from the outermost, such as ["lab", "paper"]'
        )
    if len(clusters) > 1 and not s.noise.kind.in_closed_form:
        yield (
            f"[noise] cluster = {shown(list(clusters))} needs family = 'normal', whose effects are integrated out; or "
            "choose one column"
        )
    law, valid = s.form, s.may_have_formulas
    for name in s.coefficients:
        if name not in valid:
            yield (
                f"[coefficients] {name} is no coefficient of this specification that can have a formula; valid: "
                f"{', '.join(valid)}"
            )
        short = {"level": ("A", "B"), "share": ("A", "B")}.get(name, (name,))
        if any(each in s.varies_by for each in short):
            yield f"[coefficients] {name} and [varies_by] {short[0]} say one thing twice; remove one of them"
    _ = s.formulas  # which refuses what can't be read
    if clusters[0] not in ("none", "paper") and "paper" in s.groups:
        yield (
            f"[noise] cluster = '{clusters[0]}' is what paper means here, by which a coefficient varies too; set "
            "cluster = 'paper', or rename the column"
        )
    if not s.coefficients:
        return
    apart = len(law.terms) > 1 and ("share" in s.predicted or s.index_of("share") != s.index_of("level"))
    if s.irreducible_loss == "shared" and ("level" in s.predicted or (apart and s.index_of("level"))):
        yield (
            "irreducible_loss = 'shared' is one E, and [coefficients] level and share differ by more than one group; "
            'remove it, and set [coefficients] irreducible_share = "1"'
        )
    if s.delta is not None or s.pivot is not None:
        what = "delta" if s.delta is not None else "[pivot]"
        yield (
            f"[coefficients] do not go with {what}, which is stated for the paper's form: use [varies_by], or remove "
            f"{what}"
        )
    if s.predicted and law.power:
        yield (
            "[coefficients] with more than 1 or 0 + group need a law whose terms add up; choose law 'chinchilla' or "
            "'compute'"
        )


def _progress(s: "Specification") -> Iterator[str]:
    p = s.progress
    allowed = ", ".join(s.form.factors)
    for key in RATE_OF:
        if key not in s.form.factors and getattr(p, key) != "none":
            yield f"[progress] {key} does not go with law '{s.law}'; use: {allowed}"
    if p.acts_on != "effective_size" and s.law != "chinchilla":
        yield f"[progress] acts_on = '{p.acts_on}' needs law 'chinchilla'; or set acts_on = 'effective_size'"
    if p.acts_on != "effective_size" and set(s.progress.growing) != {"parameters", "data"}:
        yield (
            f"[progress] acts_on = '{p.acts_on}' needs parameters and data at 'constant_rate'; "
            "or set acts_on = 'effective_size'"
        )
    if p.drifts:
        if s.law != "chinchilla" or p.acts_on != "effective_size":
            yield "[progress] exponents = 'drift' needs law 'chinchilla' and acts_on 'effective_size'"
        if set(s.progress.growing) not in (set(), {"parameters", "data"}):
            yield (
                "[progress] with exponents = 'drift', parameters and data must be set alike: "
                "both 'none' or both 'constant_rate'"
            )
        rates = [rate for rate in RATE_OF.values() if rate in s.varies_by]
        if rates:
            yield (
                f"[varies_by] {rates[0]} does not go with [progress] exponents = 'drift', where rates are shared; "
                f"remove {', '.join(rates)} from [varies_by] or set exponents = 'none'"
            )
    for key, rate in RATE_OF.items():
        if rate in s.varies_by and (getattr(p, key) == "none" or p.acts_on != "effective_size"):
            yield (
                f"[varies_by] {rate} = '{s.varies_by[rate]}' contradicts [progress]: {rate} is "
                f"{'fixed at 0' if getattr(p, key) == 'none' else 'not free with acts_on = ' + repr(p.acts_on)}; "
                f"remove it or set [progress] {key} = 'constant_rate', acts_on = 'effective_size'"
            )
    varying = [name for name in ("alpha", "beta") if name in s.predicted or s.index_of(name)]
    if p.acts_on in ("reducible_loss", "nearly_reducible_loss") and varying:
        where = "[varies_by]" if varying[0] in s.varies_by else "[coefficients]"
        yield (
            f"[progress] acts_on = '{p.acts_on}' needs shared alpha and beta: "
            f"remove {', '.join(varying)} from {where} or set acts_on = 'effective_size'"
        )


def _walks(s: "Specification") -> Iterator[str]:
    for rate in s.progress.walks:
        if s.progress.acts_on != "effective_size" or s.progress.drifts or s.delta is not None:
            yield (
                f"[progress] a walk of {rate} needs acts_on = 'effective_size', exponents = 'none' and no delta; "
                "set these, or 'constant_rate' in the place of 'walk'"
            )
        if rate in s.varies_by or rate in s.coefficients:
            yield (
                f"[progress] a walk of {rate} is shared by all rows: remove {rate} from [varies_by] and "
                "[coefficients], or set 'constant_rate' in the place of 'walk'"
            )
        if s.pivot is not None:
            yield f"[progress] a walk of {rate} does not go with [pivot]; remove one of them"


def _eras(s: "Specification") -> Iterator[str]:
    p = s.progress
    rates = [rate for rate in s.form.may_vary if rate in RATE_OF.values()]
    if p.cut_year is not None and not is_number(p.cut_year):
        yield f"[progress] cut_year must be a decimal year such as 2017.444, not {shown(p.cut_year)}"
    if p.cut_year is None and s.rates_by_era:
        yield (
            f"[varies_by] {s.rates_by_era[0]} = 'era' needs the year between the eras: set [progress] cut_year, such "
            "as 2017.444"
        )
    if p.cut_year is not None and not s.rates_by_era:
        yield (
            "[progress] cut_year has no effect while no rate varies by era; set "
            f"{' or '.join(f'{rate} = {shown("era")}' for rate in rates)} in [varies_by], or remove cut_year"
        )
    if p.cut_year is None and p.at_cut != "bend":
        yield (
            f"[progress] at_cut = '{p.at_cut}' has no effect without a cut; set [progress] cut_year, or remove at_cut"
        )


def _factor(s: "Specification") -> Iterator[str]:
    if s.transformer_factor != "none" and s.varies_by.get("A") == "architecture":
        yield (
            f"transformer_factor = '{s.transformer_factor}' says what A = 'architecture' in [varies_by] says already; "
            "set transformer_factor = 'none', or let A and B vary by benchmark or not at all"
        )


def _data(s: "Specification") -> Iterator[str]:
    d = s.data
    if d.missing_epochs != "one" and d.tokens not in ("seen", "repeated"):
        yield (
            f"[data] missing_epochs = '{d.missing_epochs}' needs tokens = 'seen' or 'repeated'; with tokens = "
            f"'{d.tokens}' "
            + ("epochs are not used" if d.tokens == "unique" else "missing epochs count as one pass, as in the paper")
            + ": remove missing_epochs"
        )
    if d.tokens == "repeated" and s.law != "chinchilla":
        yield (
            "[data] tokens = 'repeated' needs law 'chinchilla': repetition makes data worth less, not compute; "
            "or set tokens = 'seen'"
        )


def _pivot(s: "Specification") -> Iterator[str]:
    found = given(s.pivot)
    for key in sorted(found):
        require_positive(f"[pivot] {key}", found[key])
    lacking = ", ".join(sorted({"parameters", "tokens"} - set(found)))
    if s.progress.drifts and lacking:
        yield (
            f"[progress] exponents = 'drift' needs a [pivot] with parameters and tokens (lacks {lacking}): "
            "the sizes at which a change of exponent leaves the loss unchanged"
        )
    if s.pivot is not None and not found:
        yield f"[pivot] is empty; remove it (keys with an effect: {', '.join(s.pivots) or 'none'})"
    for key in sorted(found):
        if key not in s.pivots:
            yield (
                f"[pivot] {key} has no effect here; remove it (keys with an effect: {', '.join(s.pivots) or 'none'}): "
                "sizes count where exponents drift, or vary by a group that A does not; "
                "the year where a rate varies by a group that A does not, or jumps at a cut"
            )


def _centre(s: "Specification") -> Iterator[str]:
    if s.centre is None:
        return
    sizes = ("parameters", "tokens") if s.form.of_compute else s.form.sizes
    for key in given(s.centre):
        require_positive(f"[centre] {key}", getattr(s.centre, key))
        if key not in sizes:
            yield (
                f"[centre] {key} has no effect in law '{s.law}'; remove it (keys with an effect: {', '.join(sizes)})"
            )
    if not given(s.centre):
        choices = f"{', '.join(sizes)} or both" if len(sizes) > 1 else sizes[0]
        yield f"[centre] is empty; remove it, or set {choices}"
    if s.delta is not None:
        yield "[centre] has no effect with delta, whose coefficients stand at the sample's minima; remove one of them"


def _scale(s: "Specification") -> Iterator[str]:
    if not s.noise.on_log:
        return
    for _, tau in s.noise.effects:
        if tau not in s.priors:
            yield (
                f"[noise] scale = '{s.noise.scale}' with a cluster needs a prior of {tau}, whose default is in nats "
                f"per token; add [priors.{tau}], such as distribution = 'half_normal', sigma = 0.1 (a tenth of the "
                "loss)"
            )
    if s.data.vocabulary != "ignored":
        yield (
            f"[noise] scale = '{s.noise.scale}' does not go with [data] vocabulary = '{s.data.vocabulary}', a term "
            "that can take the loss below 0, where it has no logarithm; set scale = 'loss' or vocabulary = 'ignored'"
        )
    if "sigma" not in s.priors:
        yield (
            f"[noise] scale = '{s.noise.scale}' needs a prior of sigma, whose default is in nats per token; add "
            "[priors.sigma], such as distribution = 'half_normal', sigma = 0.1 (a tenth of the loss)"
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
    if is_number(delta) and delta == 0:
        raise SpecificationError(
            f"delta must be a number above 0, not {shown(delta)}: with delta = 0 the prior is flat and the posterior "
            "improper; use bayes_scaling.classical for the unpenalised estimate"
        )
    if not is_number(delta) or delta < 0:
        raise SpecificationError(
            f"delta must be a number above 0, not {shown(delta)}; the paper's grid: 0.001, 0.0025, 0.005, 0.01, 0.02"
        )


def _delta(s: "Specification") -> Iterator[str]:
    if s.delta is None:
        return
    require_delta(s.delta)
    for name in s.priors:
        if name != "sigma":
            yield f"[priors.{name}] contradicts delta, which sets the prior of every coefficient; remove one of them"
    if s.progress.acts_on == "effective_size":
        for exponent, rate in (("alpha", "g_N"), ("beta", "g_D"), ("alpha", "g_C")):
            rated = rate in (RATE_OF[key] for key in s.progress.growing)
            if rated and s.index_of(exponent) not in (None, s.index_of(rate)):
                yield (
                    f"delta needs {rate} to vary by {s.index_of(exponent)} like {exponent}, or "
                    "[progress] acts_on = 'loss_term': the paper's year coefficient is their product"
                )
    if s.progress.acts_on == "nearly_reducible_loss":
        yield (
            "delta does not go with [progress] acts_on = 'nearly_reducible_loss', whose gap needs a prior of its own; "
            "set acts_on = 'effective_size' or 'reducible_loss', or remove delta"
        )
    if s.data.tokens == "repeated":
        yield (
            "delta does not go with [data] tokens = 'repeated': the paper's form has no coefficient for the worth of "
            "repetition; set tokens = 'unique', 'effective_epochs' or 'seen', or remove delta"
        )
    if s.noise != Noise():
        yield "delta needs [noise] family = 'normal', cluster = 'none', scale = 'loss', as in the paper's objective"
