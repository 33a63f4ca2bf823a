"""What a fit found: doubling times, effective compute, attribution; or coefficients and the best split of a budget."""

import contextlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import amount, estimate
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE, PLAYERS, published_shapley
from bayes_scaling.plots.budgets import plot_isoflop
from bayes_scaling.plots.laws import plot_laws
from bayes_scaling.plots.progress import has_ridge, plot_attribution, plot_ridge
from bayes_scaling.quantities.against_published import rate_interval, rates_against_published
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.allocation_table import TRAINING, Question, allocations, label_of
from bayes_scaling.quantities.attribution import HO2024_PAIRS, shapley_attribution
from bayes_scaling.quantities.coefficients import coefficients, posterior_table, unidentified
from bayes_scaling.quantities.curves import largest_run
from bayes_scaling.quantities.domain import UNDECIDED, undecided
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import prior_doubling_times
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import BENCHMARK, laws_of, setting_of
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports import fit_words as words
from bayes_scaling.reports.allocation import second_opinion
from bayes_scaling.reports.document import Blocks, Equation, Table, section
from bayes_scaling.reports.fit_charts import NEXT, growth_chart, reach_chart
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.studies.approaches.beside import has_budgets, profiles_beside
from bayes_scaling.studies.store import Store
from bayes_scaling.tables.benchmarks import title

_LARGEST_SHARE = 10.0  # a share beyond says only that there was hardly anything to share


@section("doubling-times", "Doubling times")
def doubling_section(fit: Fit) -> Blocks:
    """Doubling times of parameters, data and compute, with the prior's and published ones."""
    groups = sorted({group for rate in RATE_OF.values() if (group := fit.specification.index_of(rate))})
    yield from Prose(
        "fit_results",
        **{"words": words, "fit": fit, "paper": HO2024_COMPUTE, "moore": MOORE},
        times={"": doubling_times(fit).rename_axis("factor")}
        | {group: doubling_times(fit, by=group).reset_index() for group in groups},
        prior=prior_doubling_times(fit),
        # As rates: lengths of intervals in months depend on how slow progress is.
        compared=rates_against_published(HO2024_COMPUTE, rate_interval(fit)).sentence,
    ).blocks("doubling_times")


@section("ridge", "The ridge")
def ridge_section(fit: Fit) -> Blocks:
    """What the data know of the two rates together; nothing where there are not two."""
    if has_ridge(fit):
        found = identification(fit) if can_identify(fit) else None
        values = {"words": words, "Table": Table, "found": found, "drawn": plot_ridge(fit)}
        yield from Prose("fit_results", **values).blocks("ridge")


@section("effective-compute", "Effective compute over time", refusable=True)
def effective_compute_section(fit: Fit) -> Blocks:
    """What better algorithms multiplied compute by, over the years of the data."""
    yield growth_chart(fit)


@section("reach", "What a budget reaches", refusable=True)
def reach_section(fit: Fit) -> Blocks:
    """Loss of a budget in a year, for a reader to choose; nothing of laws that are not of loss."""
    if fit.specification.response == "loss":
        yield reach_chart(fit)


@section("attribution", "What made the loss fall", refusable=True)
def attribution_section(fit: Fit) -> Blocks:
    """To what the fall in loss between two systems is due, with the paper's shares."""
    table = credible_intervals(shapley_attribution(fit))
    widest = table[["lower", "upper"]].abs().max(axis=1).groupby(level="pair", sort=False).max()
    pairs = list(widest.index[widest <= _LARGEST_SHARE])
    if not pairs:
        raise BayesScalingError("every share has an interval beyond 1000%: the loss hardly changed in any pair")

    write = partial(estimate, shown=lambda share, _: words.in_whole_percent(share))
    shares = pd.DataFrame({player: table.xs(player, level="player").apply(write, axis=1) for player in PLAYERS})
    found, published = (
        texts.loc[pairs].rename(columns=lambda player: player.replace("_", " ")).rename_axis("from, to")
        for texts in (shares, published_shapley().map(words.in_whole_percent, digits=1))
    )
    yield from Prose(
        "fit_results",
        **{"words": words, "Table": Table, "found": found, "published": published},
        out=widest.index.difference(pairs, sort=False),
        drawn=plot_attribution(fit, [pair for pair in HO2024_PAIRS if " to ".join(map(str, pair)) in pairs]),
        where=title(laws_of(fit).benchmark_of()),
        theirs=title(BENCHMARK),
        setting=setting_of(fit) if fit.setting else "",
        largest=_LARGEST_SHARE,
    ).blocks("attribution")


_QUANTITIES = ("parameters", "tokens", "tokens_per_parameter", "loss")
_DECADES_BEYOND = 3  # powers of ten beyond the largest run in a table of budgets
_WHERE = {"inside": "", "edge": " (at the edge of the runs)", "beyond": " (beyond the runs)", "": ""}


@section("coefficients", "Coefficients")
def coefficients_section(fit: Fit) -> Blocks:
    """Coefficients of a law and every parameter, how much narrower intervals are than priors', and published laws."""
    parameters, drawn = posterior_table(fit), None
    with contextlib.suppress(BayesScalingError):  # of evaluations, or of a law without a split
        drawn = plot_laws(fit)
    identified = pd.Series(~parameters.index.isin(unidentified(fit)), parameters.index)
    values = {"parameters": parameters, "identified": identified, "found": coefficients(fit), "drawn": drawn}
    yield from Prose("fit_results", words=words, **values).blocks("coefficients")


def splits_budgets(fit: Fit) -> bool:
    """Whether law and table say how a budget is best split."""
    return fit.evaluations.kind == "runs" and fit.specification.form.splits


def budget_sentence(fit: Fit, asked: float | None = None) -> str | None:
    """What a budget (FLOP; ten times the largest run's) is best spent on; None where law or runs don't say."""
    if not splits_budgets(fit) or unidentified(fit):
        return None
    budget, times = (NEXT * largest_run(fit), "ten") if asked is None else (asked, amount(asked / largest_run(fit)))
    found = optimal_allocation(fit, [budget])
    rows = {name: credible_intervals(found[name]).iloc[0] for name in _QUANTITIES}
    if not all(np.isfinite(row[list(words.PARTS)].astype(float)).all() for row in rows.values()):
        return None
    sizes = {name: estimate(rows[name], amount) for name in _QUANTITIES[:2]}
    what = f"{budget:.2g} FLOP{f' ({setting})' if (setting := setting_of(fit)) else ''}, {times} times the largest of"
    begin = f"With {what} these runs"
    if any(undecided(rows[name]) for name in sizes):
        begin = (
            f"These runs do not decide the best split of {what} them: an interval goes further than {UNDECIDED:g} "
            "times from its median. By the medians"
        )
    return (
        f"{words.warning(fit)}{begin}, the loss is lowest with {sizes['parameters']} parameters and {sizes['tokens']} "
        f"training tokens, about {rows['tokens_per_parameter']['median']:.3g} tokens per parameter (in brackets: "
        f"{INTERVAL})."
    )


@section("allocation", "The best split of a budget", refusable=True)
def allocation_section(fit: Fit, asked: Sequence[float] = (), kept: Store | None = None) -> Blocks:
    """The best split of budgets (FLOP): those asked for, and from those of the runs on; nothing without a split."""
    if not splits_budgets(fit):
        return
    largest, unknown = largest_run(fit), unidentified(fit)
    first = float(np.floor(np.log10(largest)))
    budgets = np.unique([*asked, *10 ** np.arange(first, first + _DECADES_BEYOND + 1)])
    found = optimal_allocation(fit, budgets)
    tables = [credible_intervals(found[name]) for name in _QUANTITIES]
    rows = tuple(
        (
            f"{budget:{'.3g' if budget in asked else '.0e'}} FLOP{_WHERE[found['domain'].to_numpy()[place]]}",
            *(words.in_numbers(table.iloc[place]) for table in tables),
        )
        for place, budget in enumerate(budgets)
    )
    yield Equation(r"\min_{N, D} L(N, D) \quad \text{such that} \quad 6 N D = C")
    where = f"Of {setting}. " if (setting := setting_of(fit)) else ""
    said = f"{where}The largest run had {largest:.2g} FLOP; what lies beyond is extrapolated by the law alone."
    lost = f" Not to be used: {', '.join(unknown)} not identified by these runs." if unknown else ""
    yield f"{words.warning(fit)}{said}{lost}"
    yield Table(
        "best-split",
        f"The best split of a budget: median with {INTERVAL}; loss in nats per token",
        ("budget", *(name.replace("_", " ") for name in _QUANTITIES)),
        rows,
        frozenset(range(len(rows))) if unknown else frozenset(),
    )
    if len(asked) and has_budgets(fit):
        other = profiles_beside(fit, tuple(asked), kept)
        answer = allocations(Question(tuple(asked)), fit, other)
        yield tuple(
            f"At {words.number(at)} FLOP: {' '.join(second_opinion(other, answer.rows(at, TRAINING), label_of(fit)))}"
            for at in asked
        )
    try:
        figure = plot_isoflop(fit)
    except BayesScalingError as error:  # such as runs of which no five share a budget
        yield f"IsoFLOP curves are not drawn: {error}."
        return
    yield picture_of(
        figure,
        "isoflop",
        "IsoFLOP curves",
        f"Expected loss against parameters at fixed budgets, with {INTERVAL}, the runs, and the best size of each "
        f"budget. At {rows[0][0]} the best number of parameters is {rows[0][1]}.",
    )
