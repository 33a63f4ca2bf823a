"""What is fitted and predicted at a cut, of dates or of a ladder of runs, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError, EvaluationsError, RunsError
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.domain import WITHIN
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification
from bayes_scaling.specifications.noise import CLOSED_FORMS
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.variants import expand
from bayes_scaling.tables import on_benchmarks, published_between
from bayes_scaling.tables.rows import best_of as best_of_each
from bayes_scaling.tables.rows import condition

FIRST, LAST = 2016, 2021  # cut years unless others are asked for
LEAST_BEFORE = 10  # evaluations that must be known before a cut, in order to fit anything
HORIZONS = {"later": "all published from the cut on", "year": "published in the year after the cut"}
"""What is predicted of evaluations, by name."""
REACHES = {
    "all": "all held out",
    "within": "within the largest compute fitted",
    "near": "up to 10 times the largest compute fitted",
    "far": "more than 10 times the largest compute fitted",
}
"""The same of runs: all, and parts of them by :func:`reach_of`."""
_REACHES = (0.0, 1.0 + WITHIN, 10.0 * (1.0 + WITHIN), np.inf)  # times the largest compute fitted, between the parts


@dataclass(frozen=True, eq=False)
class Split:
    """One cut of a table in two: rows ``before`` it are fitted, ``later`` ones predicted.

    Of evaluations ``cut`` is a year, on whose 1 January the cut is. Predicted are those on a benchmark that was fitted
    (of others a posterior knows its prior, a point estimate nothing) and of a paper that was not; ``unseen`` counts the
    rest. Of runs ``cut`` says in words what is fitted or held out.
    """

    cut: int | str
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


def reach_of(compute_ratio: "pd.Series[float]") -> "pd.Series[str]":
    """How far beyond the largest compute fitted, by the names of :data:`REACHES`."""
    return pd.cut(compute_ratio, _REACHES, labels=list(REACHES)[1:]).astype(str)


LADDERS = ("largest", "largest:K", "each", "growing")
"""Ways to hold runs out, beside an expression in their columns."""
_MOST_CUTS = 6  # of a growing ladder


def held_out(runs: pd.DataFrame, hold_out: str, best_of: Sequence[str] = ()) -> list[Split]:
    """Cut a table of runs as words or an expression say; errors name what can be typed.

    ``largest``: the largest budget of compute. ``largest:5``: the five runs with most compute. ``each``: every budget
    in turn, from all others. ``growing``: all above a budget, from it and those below, for at most six of them. Runs of
    a budget are those whose compute is within 10% of the next. The best of a sweep (``best_of``) is chosen on each side
    by itself: what is held out decides nothing of what is fitted.
    """
    compute = runs["flop"] if "flop" in runs else training_compute(runs["parameters"], runs["tokens"])
    ordered = compute.sort_values(kind="stable")
    step = (np.log(ordered).diff() > np.log1p(WITHIN)).cumsum()
    budget, sizes = step.reindex(runs.index), ordered.groupby(step).max()
    what, _, count = hold_out.strip().partition(":")
    if what == "largest" and count:
        if not count.strip().isdecimal() or not 0 < int(count) < len(runs):
            raise RunsError(f"hold-out {hold_out!r}: K must be a whole number from 1 to {len(runs) - 1}: largest:5")
        cuts = {f"the {int(count)} largest": compute.rank(method="first") > len(runs) - int(count)}
    elif hold_out.strip() in ("largest", "each", "growing"):
        least = 2 if what == "largest" else 3
        if len(sizes) < least:
            raise RunsError(
                f"hold-out {what}: needs {least} budgets of compute, and these runs have {len(sizes)}; choose "
                'largest:K, or an expression such as "parameters > 1e9"'
            )
        if what == "growing":
            places = np.unique(np.linspace(1, len(sizes) - 2, _MOST_CUTS).round().astype(int))
            cuts = {f"up to {sizes[at]:.3g} FLOP": budget > at for at in places}
        else:
            cuts = {
                f"{sizes[at]:.3g} FLOP": budget == at for at in (sizes.index if what == "each" else sizes.index[-1:])
            }
    else:
        try:
            held, used = condition(runs, hold_out)
        except RunsError as error:
            reason = str(error).removeprefix("where: ")
            raise RunsError(f"hold-out: {reason}; or type one of {', '.join(LADDERS)}") from None
        if "loss" in used:
            raise RunsError(f"hold-out {hold_out!r}: the loss is what is predicted, and can't say of which runs")
        cuts = {hold_out.strip(): held}
    splits = []
    for name, held in cuts.items():
        if held.all() or not held.any():
            raise RunsError(
                f"hold-out {name!r} holds out {'all' if held.all() else 'none'} of {counted(len(runs), 'run')}, whose "
                f"compute is {compute.min():.3g} to {compute.max():.3g} FLOP; choose one that parts them"
            )
        before, later = (best_of_each(part, best_of) if best_of else part for part in (runs[~held], runs[held]))
        splits.append(Split(name, before, later, 0))
    return splits


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


Method = Literal["posterior", "estimate", "bootstrap", "line"]

PUBLISHED = "ho2024/07"  # the paper's preferred model, which every backtest makes in the paper's way as well
SPECIFICATIONS = (DEFAULT_SPECIFICATION, PUBLISHED)
"""What a backtest of evaluations fits by default."""
RUN_SPECIFICATIONS = ("chinchilla", "runs/discrepancy")
"""What a backtest of runs fits by default."""


@dataclass(frozen=True)
class Forecaster:
    """One way to predict rows that are not fitted: a posterior, a published estimate or its bootstrap, or a line."""

    name: str
    specification: Specification
    method: Method


def forecasters(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path | None = None,
    *,
    runs: bool = False,
) -> tuple[Forecaster, ...]:
    """Posteriors, the first without progress, and published point estimates; all are compared with the first."""
    variants = expand((RUN_SPECIFICATIONS if runs else SPECIFICATIONS) if specifications is None else specifications)
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
    published, whose = (RUN_SPECIFICATIONS[0], "Huber's") if runs else (PUBLISHED, "the paper's")
    for method in ("estimate", "bootstrap"):
        named.append(Forecaster(f"{published}, {whose} {method}", load_specification(published), method))
    if runs:
        named.append(Forecaster("power law of compute", load_specification("kaplan/compute"), "line"))
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
