"""What a fit found: doubling times, effective compute, attribution; or coefficients and the best split of a budget."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from xarray import DataTree

from bayes_scaling.common.formatting import amount, estimate, months
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE, PLAYERS, published_shapley
from bayes_scaling.plots.budgets import plot_isoflop
from bayes_scaling.plots.laws import plot_laws
from bayes_scaling.plots.progress import has_ridge, plot_attribution, plot_ridge
from bayes_scaling.quantities.against_published import rate_interval, rates_against_published
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.allocation_table import TRAINING, Question, allocations, label_of
from bayes_scaling.quantities.attribution import HO2024_PAIRS, shapley_attribution
from bayes_scaling.quantities.coefficients import coefficients, posterior_table, unidentified
from bayes_scaling.quantities.domain import UNDECIDED, undecided
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import prior_quantities
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import BENCHMARK, laws_of, setting_of
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports.allocation import second_opinion
from bayes_scaling.reports.document import Blocks, Equation, Paragraph, Table, section
from bayes_scaling.reports.fit_charts import NEXT, growth_chart, reach_chart, rows_of_report
from bayes_scaling.reports.fit_words import PARTS, in_numbers, in_whole_percent, number, span, times_cells, warning
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.studies.approaches.beside import has_budgets, profiles_beside
from bayes_scaling.studies.store import Store
from bayes_scaling.tables.benchmarks import title

_LARGEST_SHARE = 10.0  # a share beyond says only that there was hardly anything to share


@section("doubling-times", "Doubling times")
def doubling_section(fit: Fit) -> Blocks:
    """Doubling times of parameters, data and compute, with the prior's and published ones."""
    prior = prior_doubling_times(fit)
    table = _times_table("doubling-times-table", "Doubling times in months", "what doubles", doubling_times(fit))
    if prior is not None:
        # Not its median: a prior centred on no progress has a rate of 0 there, and months without sense.
        write, known = span("lower", "upper", months), prior[prior["probability_of_progress"].notna()]
        cells = {name: write(row) for name, row in known.to_dict("index").items()}
        rows = tuple((*row, cells.get(row[0], "")) for row in table.rows)
        table = replace(table, columns=(*table.columns, "the prior's interval"), rows=rows)
    yield Equation(
        r"T_N = \frac{12 \ln 2}{g_N}, \quad T_D = \frac{12 \ln 2}{g_D}, \quad T_C = \frac{12 \ln 2}{g_N + g_D}"
    )
    yield (
        "A doubling time (T, months; g in log units a year) is the time in which better algorithms halve what a "
        "given loss takes: effective compute doubles as the compute needed for the same loss halves. Rates are "
        "summarised and then turned into months: a rate that is not positive reads 'no bound', and an interval that "
        "ends in 'no bound' does not exclude that there was no progress."
    )
    yield table
    # As rates: lengths of intervals in months depend on how slow progress is.
    paper = HO2024_COMPUTE
    compared = rates_against_published(paper, rate_interval(fit)).sentence
    yield Paragraph(
        f"Published: {paper.months:g} months ({paper.lower:g} to {paper.upper:g}; {paper.source}). Compared as rates "
        f"of progress (log units a year), {compared}. "
        f"For scale, {MOORE.label}: {MOORE.months:g} months ({MOORE.source}).",
        finding=True,
    )
    for group in sorted({group for rate in RATE_OF.values() if (group := fit.specification.index_of(rate))}):
        times = doubling_times(fit, by=group)
        caption = f"Doubling times in months by {group}"
        yield _times_table(f"doubling-times-by-{group}", caption, f"what doubles, {group}", times)


def prior_doubling_times(fit: Fit) -> pd.DataFrame | None:
    """Doubling times as the prior alone has them; None under the paper's penalty and where exponents drift."""
    own = fit.specification.delta is None and fit.specification.progress.exponents == "none"
    if not own or "observed_data" not in fit.data:
        return None
    groups = {
        "posterior": prior_quantities(fit.specification, rows_of(fit.data, fit.specification)),
        "constant_data": fit.data["constant_data"].to_dataset(),
    }
    return doubling_times(replace(fit, data=DataTree.from_dict(groups)))


def _times_table(name: str, caption: str, what: str, times: pd.DataFrame) -> Table:
    names = (key if isinstance(key, str) else ", ".join(map(str, key)) for key in times.index)
    rows = tuple((name, *times_cells(row)) for name, (_, row) in zip(names, times.iterrows(), strict=True))
    columns = (what, "median (months)", INTERVAL, "probability of progress")
    return Table(name, f"{caption}; {INTERVAL}", columns, rows)


@section("ridge", "The ridge")
def ridge_section(fit: Fit) -> Blocks:
    """What the data know of the two rates together; nothing where there are not two."""
    if not has_ridge(fit):
        return
    yield (
        "Where parameters and data grew together, data can tell a mix of the two rates better than each alone: "
        "draws then lie along a ridge."
    )
    found = identification(fit) if can_identify(fit) else None
    ridge = None if found is None else found.ridge
    said = "Draws of the rate of parameters g_N against the rate of data g_D, log units per year"
    if ridge is not None:
        said += f"; correlation {ridge.rates.correlation:.2f}"
    drawn = picture_of(plot_ridge(fit), "ridge-draws", "The ridge between the two rates", f"{said}.")
    if found is None or ridge is None:
        yield drawn
        return
    yield found.sentences[1:]
    yield drawn
    mix, phi = ridge.rates, ridge.phi
    rows = (
        ("correlation of g_N and g_D", f"{mix.correlation:.2f}", ""),
        ("weight w of the best-known mix w g_N + (1 - w) g_D", f"{mix.weight:.2f}", ""),
        ("best-known mix", number(mix.value.median), f"{number(mix.value.lower)} to {number(mix.value.upper)}"),
        ("g_N / g_C, where effective compute grows", number(phi.median), f"{number(phi.lower)} to {number(phi.upper)}"),
        ("standard deviation along the ridge", number(ridge.along), ""),
        ("standard deviation across the ridge", number(ridge.across), ""),
    )
    caption = f"The ridge (rates in log units per year; {INTERVAL})"
    yield Table("ridge-figures", caption, ("quantity", "median or value", INTERVAL), rows)


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
    table, published = credible_intervals(shapley_attribution(fit)), published_shapley()
    widest = table[["lower", "upper"]].abs().max(axis=1).groupby(level="pair", sort=False).max()
    pairs = list(widest.index[widest <= _LARGEST_SHARE])
    if not pairs:
        raise BayesScalingError("every share has an interval beyond 1000%: the loss hardly changed in any pair")
    left = ""
    if out := [str(pair) for pair in widest.index if pair not in pairs]:
        left = (
            f" Left out, since the loss hardly changed and a share's interval goes beyond {_LARGEST_SHARE:.0%} either "
            f"way: {', '.join(out)}."
        )
    shown = [pair for pair in HO2024_PAIRS if " to ".join(map(str, pair)) in pairs]
    names = tuple(player.replace("_", " ") for player in PLAYERS)
    rows = tuple(
        (pair, *(estimate(table.loc[(pair, player)], lambda share, _: in_whole_percent(share)) for player in PLAYERS))
        for pair in pairs
    )
    papers = tuple((pair, *(in_whole_percent(published.loc[pair, player], 1) for player in PLAYERS)) for pair in pairs)
    first = "; ".join(f"{name} {share}" for name, share in zip(names, rows[0][1:], strict=True))
    where, theirs = title(laws_of(fit).benchmark_of()), title(BENCHMARK)
    on_theirs = "" if where == theirs else f", on {theirs}"
    setting = f", {setting_of(fit)}" if fit.setting else ""
    columns = ("from, to", *names)
    yield (
        f"Shapley shares of the change in expected loss between two systems ({where}{setting}): of more parameters, "
        "of more data, and of the better use of each. Shares add up to 100%; negative ones moved the loss the "
        f"other way, and where the loss hardly changed shares beyond 100% are usual.{left}"
    )
    yield picture_of(
        plot_attribution(fit, shown),
        "attribution-shares",
        "What made the loss fall between two systems",
        f"One panel for each of {', '.join(names)}; a line for each of {len(pairs)} pairs of systems with median, "
        f"{INTERVAL} and the published share. {rows[0][0]}: {first}.",
    )
    yield Table("shares", f"Shares of the fall in loss: median with {INTERVAL}", columns, rows)
    yield Table("published-shares", f"Published shares (Ho et al. 2024, Table 1{on_theirs})", columns, papers)


_QUANTITIES = ("parameters", "tokens", "tokens_per_parameter", "loss")
_DECADES_BEYOND = 3  # powers of ten beyond the largest run in a table of budgets
_WHERE = {"inside": "", "edge": " (at the edge of the runs)", "beyond": " (beyond the runs)", "": ""}


@section("coefficients", "Coefficients")
def coefficients_section(fit: Fit) -> Blocks:
    """Coefficients of a law and every parameter, how much narrower intervals are than priors', and published laws."""
    unknown, found = unidentified(fit), coefficients(fit)
    yield Table.of(
        "coefficients-table",
        f"Coefficients and all that was sampled; {INTERVAL}; by how much an exponent's interval is narrower than its "
        "prior's",
        posterior_table(fit).rename_axis("name"),
        {
            "coefficient": "{name}",
            "median": lambda row: "not identified" if row["name"] in unknown else number(row["median"]),
            INTERVAL: span("lower", "upper"),
            "unit": "{unit}",
            "narrower than the prior": lambda row: in_whole_percent(row["contraction"]),
        },
        marked=lambda row: row["name"] in unknown,
    )
    said = [f"{name} {'not identified' if name in unknown else in_numbers(row)}" for name, row in found.iterrows()]
    try:
        figure = plot_laws(fit)
    except BayesScalingError:  # of evaluations, or of a law without a split
        return
    yield picture_of(
        figure,
        "laws",
        "The posterior and published laws",
        "One panel for each coefficient and for the best split of a budget: posterior density, with published laws "
        f"below it. Median with {INTERVAL}: {'; '.join(said)}.",
    )


def splits_budgets(fit: Fit) -> bool:
    """Whether law and table say how a budget is best split."""
    return fit.evaluations.kind == "runs" and fit.specification.form.splits


def budget_sentence(fit: Fit, asked: float | None = None) -> str | None:
    """What a budget (FLOP; ten times the largest run's) is best spent on; None where law or runs don't say."""
    if not splits_budgets(fit) or unidentified(fit):
        return None
    budget, times = (NEXT * _largest(fit), "ten") if asked is None else (asked, amount(asked / _largest(fit)))
    found = optimal_allocation(fit, [budget])
    rows = {name: credible_intervals(found[name]).iloc[0] for name in _QUANTITIES}
    if not all(np.isfinite(row[list(PARTS)].astype(float)).all() for row in rows.values()):
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
        f"{warning(fit)}{begin}, the loss is lowest with {sizes['parameters']} parameters and {sizes['tokens']} "
        f"training tokens, about {rows['tokens_per_parameter']['median']:.3g} tokens per parameter (in brackets: "
        f"{INTERVAL})."
    )


def _largest(fit: Fit) -> float:
    """Compute of the largest run, FLOP."""
    runs = rows_of_report(fit)
    return float(training_compute(runs["parameters"], runs["tokens"]).max())


@section("allocation", "The best split of a budget", refusable=True)
def allocation_section(fit: Fit, asked: Sequence[float] = (), kept: Store | None = None) -> Blocks:
    """The best split of budgets (FLOP): those asked for, and from those of the runs on; nothing without a split."""
    if not splits_budgets(fit):
        return
    largest, unknown = _largest(fit), unidentified(fit)
    first = float(np.floor(np.log10(largest)))
    budgets = np.unique([*asked, *10 ** np.arange(first, first + _DECADES_BEYOND + 1)])
    found = optimal_allocation(fit, budgets)
    tables = [credible_intervals(found[name]) for name in _QUANTITIES]
    rows = tuple(
        (
            f"{budget:{'.3g' if budget in asked else '.0e'}} FLOP{_WHERE[found['domain'].to_numpy()[place]]}",
            *(in_numbers(table.iloc[place]) for table in tables),
        )
        for place, budget in enumerate(budgets)
    )
    where = f"Of {setting}. " if (setting := setting_of(fit)) else ""
    yield Equation(r"\min_{N, D} L(N, D) \quad \text{such that} \quad 6 N D = C")
    yield Paragraph(
        f"{where}The largest run had {largest:.2g} FLOP; what lies beyond is extrapolated by the law alone."
        + (f" Not to be used: {', '.join(unknown)} not identified by these runs." if unknown else ""),
        finding=True,
    )
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
        said = (second_opinion(other, answer.rows(budget, TRAINING), label_of(fit)) for budget in asked)
        yield tuple(f"At {number(budget)} FLOP: {' '.join(each)}" for budget, each in zip(asked, said, strict=True))
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
