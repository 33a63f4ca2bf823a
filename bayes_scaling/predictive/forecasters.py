"""Who predicts in a backtest: posteriors, and point estimates made as Ho et al. 2024 made them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bayes_scaling.comparison.variants import expand
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification
from bayes_scaling.specifications.specification import RATE_OF, Specification

Method = Literal["posterior", "estimate", "bootstrap"]

PUBLISHED = "ho2024/07"
"""The paper's preferred model, which every backtest makes in the paper's way as well."""
SPECIFICATIONS = (DEFAULT_SPECIFICATION, PUBLISHED)
"""What a backtest is of unless something else is named."""


@dataclass(frozen=True)
class Forecaster:
    """One way to predict evaluations that are not published yet.

    Parameters
    ----------
    name
        Unique in a backtest; what its tables show.
    specification
        Law, noise and priors; an estimate has neither noise nor priors.
    method
        ``"posterior"``: draws of all parameters. ``"estimate"``: the paper's estimate, with normal noise of its
        residual variance. ``"bootstrap"``: the paper's bootstrap of it, each resample with the same noise.
    """

    name: str
    specification: Specification
    method: Method


def forecasters(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path = SPECIFICATIONS,
) -> tuple[Forecaster, ...]:
    """What a backtest compares: posteriors of specifications, the first without progress, and the paper's two ways.

    Raises BayesScalingError for an unknown name, one that stands twice, or Student-t noise with clusters other than
    papers.

    Parameters
    ----------
    specifications
        Specifications, names in the catalogue, paths of ``.toml`` files, or names of families. The first is what all
        others are compared with.

    Examples
    --------
    >>> for one in forecasters():
    ...     print(one.name)
    reference
    ho2024/07
    reference without progress
    ho2024/07, the paper's estimate
    ho2024/07, the paper's bootstrap
    """
    variants = expand(specifications)
    for each in variants:
        noise = each.specification.noise
        if noise.family == "student_t" and noise.cluster not in ("none", "paper"):
            raise BayesScalingError(
                f"'{each.specification.name}' has [noise] cluster = '{noise.cluster}' with family = 'student_t', and "
                "what is known of its effects before a cut has no closed form; set family = 'normal', or cluster = "
                "'paper' or 'none'"
            )
    named = [Forecaster(each.specification.name, each.specification, "posterior") for each in variants]
    first = named[0].specification
    if first.progresses:
        still = without_progress(first)
        named.append(Forecaster(still.name, still, "posterior"))
    published = load_specification(PUBLISHED)
    named.append(Forecaster(f"{PUBLISHED}, the paper's estimate", published, "estimate"))
    named.append(Forecaster(f"{PUBLISHED}, the paper's bootstrap", published, "bootstrap"))
    names = [each.name for each in named]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise BayesScalingError(
            f"'{repeated[0]}' would stand twice in a backtest; give each specification its own name"
        )
    return tuple(named)


def without_progress(specification: Specification) -> Specification:
    """The same specification with a law that does not change with the date.

    Examples
    --------
    >>> without_progress(load_specification("reference")).progresses
    False
    """
    document = specification.to_dict()
    rates = set(RATE_OF) | set(RATE_OF.values())
    varies_by = {name: group for name, group in document.get("varies_by", {}).items() if name not in rates}
    coefficients = {name: text for name, text in document.get("coefficients", {}).items() if name not in rates}
    scatter = ("sigma", *dict(specification.noise.effects).values())
    noise = {name: prior for name, prior in document["priors"].items() if name in scatter}
    # A pivot is where coefficients stand that move with the date.
    kept = {name: value for name, value in document.items() if name not in ("progress", "pivot")}
    name = f"{specification.name} without progress"
    changed = {"varies_by": varies_by, "coefficients": coefficients, "priors": noise}
    still = Specification.from_dict(name, kept | changed)
    left = {parameter.name.removesuffix("_base") for parameter in still.parameters()}
    return replace(still, priors={key: prior for key, prior in specification.priors.items() if key in left})
