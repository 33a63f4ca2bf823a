"""What is compared: specifications, each with its priors as stated or with others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bayes_scaling.errors import BayesScalingError, SpecificationError
from bayes_scaling.law.published import HO2024_DELTAS
from bayes_scaling.specifications.catalogue import list_specifications, resolve
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.values import is_number

STATED = "stated priors"
"""Label of a specification with the priors that it states. In the paper's grid it takes the place of delta = 0, whose
flat priors leave some posteriors without a finite mass."""


@dataclass(frozen=True)
class Variant:
    """A specification, its name in the catalogue, and its priors: ``label``, such as ``rates x0.5``."""

    model: str
    label: str
    specification: Specification

    @property
    def name(self) -> str:
        """Model and label, unique in a comparison."""
        return f"{self.model} | {self.label}"


def expand(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path,
    deltas: Sequence[float] = (0.0,),
    rate_scales: Sequence[float] = (1.0,),
) -> tuple[Variant, ...]:
    """All variants of specifications, priors varying fastest; delta 0 stands for the stated priors."""
    for delta in deltas:
        if not is_number(delta) or delta < 0:
            raise BayesScalingError(
                f"delta {delta!r} must be a number of at least 0; "
                f"the paper's grid: {', '.join(map(str, HO2024_DELTAS))}"
            )
    for scale in rate_scales:
        if not is_number(scale) or scale <= 0:
            raise BayesScalingError(f"rate scale {scale!r} must be a number above 0, such as 0.5 or 2")
    if isinstance(specifications, (Specification, str, Path)):
        specifications = [specifications]
    variants: list[Variant] = []
    for specification in (one for given in specifications for one in _resolved(given)):
        for delta in deltas:
            if delta == 0:
                variants += [_scaled(specification, scale) for scale in rate_scales]
            else:
                penalised = _penalised(specification, delta)
                variants.append(Variant(specification.name, f"delta={float(delta):g}", penalised))
    names = [variant.name for variant in variants]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BayesScalingError(f"compared twice: {', '.join(repeated)}; name each specification and scale once")
    if not variants:
        raise BayesScalingError("nothing to compare; name specifications (`bayes-scaling models` lists them)")
    return tuple(variants)


def used_by_all(variants: Sequence[Variant]) -> set[str]:
    """Columns by which every variant tells rows apart."""
    return set.intersection(*({*each.specification.used_columns} for each in variants))


def _resolved(given: Specification | str | Path) -> tuple[Specification, ...]:
    family = [name for name in list_specifications() if name.startswith(f"{str(given).rstrip('/')}/")]
    return (resolve(given),) if isinstance(given, Specification) or not family else tuple(map(resolve, family))


def _penalised(specification: Specification, delta: float) -> Specification:
    try:
        return specification.with_published_penalty(delta)
    except SpecificationError as error:
        raise SpecificationError(f"'{specification.name}' has no variant with delta = {delta:g}: {error}") from None


def _scaled(specification: Specification, scale: float) -> Variant:
    if scale == 1:
        return Variant(specification.name, STATED, specification)
    names = (p.name for p in specification.parameters() if not p.name.endswith("_standardised"))
    rates = [name for name in names if name.startswith(tuple(RATE_OF.values()))]
    if not rates:
        raise SpecificationError(
            f"'{specification.name}' has no prior on a rate of progress to scale; leave it out or use rate scale 1"
        )
    wider = {name.removesuffix("_base"): _wider(name, specification.prior_of(name), scale) for name in rates}
    priors = {**specification.priors, **wider}
    label = f"rates x{float(scale):g}"
    scaled = replace(specification, name=f"{specification.name}@{label.replace(' ', '-')}", priors=priors)
    return Variant(specification.name, label, scaled)


def _wider(name: str, prior: Prior, scale: float) -> Prior:
    widths = ("sigma", "b")
    arguments = dict(prior.arguments)
    width = next((key for key in widths if key in arguments), None)
    if width is None:
        raise SpecificationError(f"the prior of {name}, {prior}, has no width to scale; state it in a file of your own")
    return Prior.of(prior.distribution, **arguments | {width: scale * arguments[width]})
