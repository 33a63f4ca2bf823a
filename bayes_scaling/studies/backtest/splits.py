"""What is fitted and predicted at a cut year, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from bayes_scaling.errors import BayesScalingError, EvaluationsError
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification
from bayes_scaling.specifications.noise import CLOSED_FORMS
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.variants import expand
from bayes_scaling.tables import on_benchmarks, published_between

FIRST, LAST = 2016, 2021  # cut years unless others are asked for
LEAST_BEFORE = 10  # evaluations that must be known before a cut, in order to fit anything
HORIZONS = {"later": "all published from the cut on", "year": "published in the year after the cut"}
"""What is predicted, by name."""


@dataclass(frozen=True, eq=False)
class Split:
    """One cut of a table by date: what was published ``before`` 1 January of the year ``cut`` is fitted.

    ``later`` ones are predicted: those on a benchmark that was fitted (of others a posterior knows its prior, a point
    estimate nothing) and of a paper that was not. ``unseen`` counts the rest.
    """

    cut: int
    before: pd.DataFrame
    later: pd.DataFrame
    unseen: int

    @property
    def both(self) -> pd.DataFrame:
        """Rows that are fitted, then those that are predicted."""
        return pd.concat([self.before, self.later])


def cut_at(evaluations: pd.DataFrame, cut: int) -> Split:
    """Cut a table of evaluations at 1 January of a year."""
    span = f"the table runs from {evaluations['published'].min():%Y-%m-%d} to {evaluations['published'].max():%Y-%m-%d}"
    known = int((evaluations["published"] < pd.Timestamp(cut, 1, 1)).sum())
    if known < LEAST_BEFORE:
        raise EvaluationsError(
            f"cut {cut}: {known} evaluation(s) published before it, and a fit needs at least {LEAST_BEFORE}; {span}"
        )
    before = published_between(evaluations, end=f"{cut - 1}-12-31")
    if known == len(evaluations):
        raise EvaluationsError(f"cut {cut}: nothing was published from then on to predict; {span}")
    after = published_between(evaluations, start=f"{cut}-01-01")
    benchmarks = [name for name in dict.fromkeys(before["benchmark"]) if name in set(after["benchmark"])]
    if not benchmarks:
        raise EvaluationsError(f"cut {cut}: no later evaluation is on a benchmark known before it; choose a later year")
    later = on_benchmarks(after, *benchmarks)
    later = later[~later["paper"].isin(before["paper"])]
    if later.empty:
        raise EvaluationsError(f"cut {cut}: every later evaluation is of a paper known before it; choose another year")
    return Split(cut, before, later, len(after) - len(later))


def check_cuts(cuts: Sequence[int]) -> None:
    """Refuse an empty list of cut years, years that are no whole numbers, and repeated ones."""
    if not cuts:
        raise BayesScalingError(
            f"no cut year is given; the first must not be after the last, such as {FIRST} to {LAST}"
        )
    for cut in cuts:
        if isinstance(cut, bool) or not isinstance(cut, int) or not 1900 < cut < 2200:
            raise BayesScalingError(f"cut year {cut!r} is not a whole year between 1900 and 2200, such as {FIRST}")
    if len(set(cuts)) < len(cuts):
        raise BayesScalingError(f"a cut year stands twice in {', '.join(map(str, cuts))}; give each once")


Method = Literal["posterior", "estimate", "bootstrap"]

PUBLISHED = "ho2024/07"  # the paper's preferred model, which every backtest makes in the paper's way as well
SPECIFICATIONS = (DEFAULT_SPECIFICATION, PUBLISHED)
"""What a backtest fits by default."""


@dataclass(frozen=True)
class Forecaster:
    """One way to predict evaluations that are not published yet: posterior, the paper's estimate or its bootstrap."""

    name: str
    specification: Specification
    method: Method


def forecasters(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path = SPECIFICATIONS,
) -> tuple[Forecaster, ...]:
    """Posteriors, the first without progress, and the paper's two ways; all are compared with the first."""
    variants = expand(specifications)
    for each in variants:
        noise = each.specification.noise
        if noise.samples_effects and noise.cluster != "paper":
            raise BayesScalingError(
                f"'{each.specification.name}' has [noise] cluster = '{noise.cluster}' with family = '{noise.family}', "
                f"and what is known of its effects before a cut has no closed form; set family = {CLOSED_FORMS}, or "
                "cluster = 'paper' or 'none'"
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
    """The same specification with a law that does not change with the date."""
    document = specification.to_dict()
    rates = set(RATE_OF) | set(RATE_OF.values())
    varies_by = {name: group for name, group in document.get("varies_by", {}).items() if name not in rates}
    coefficients = {name: text for name, text in document.get("coefficients", {}).items() if name not in rates}
    scatter = ("sigma", *dict(specification.noise.effects).values())
    noise = {name: prior for name, prior in document["priors"].items() if name in scatter}
    # A pivot is the date at which coefficients that move with it are stated.
    kept = {name: value for name, value in document.items() if name not in ("progress", "pivot")}
    name = f"{specification.name} without progress"
    changed = {"varies_by": varies_by, "coefficients": coefficients, "priors": noise}
    still = Specification.from_dict(name, kept | changed)
    left = {parameter.name.removesuffix("_base") for parameter in still.parameters()}
    return replace(still, priors={key: prior for key, prior in specification.priors.items() if key in left})
