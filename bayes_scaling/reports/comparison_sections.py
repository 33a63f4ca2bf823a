"""What a comparison found: ranking, doubling times, what would change the answer, and what is published."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import NOT_CONVERGED, counted, months, probability
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.units import noun_of, plural_of, size_of
from bayes_scaling.plots.comparison_by_model import (
    METHOD_WORDS,
    plot_differences_by_model,
    plot_doubling_times_by_model,
)
from bayes_scaling.plots.interactive import scatter_view
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL, INTERVAL
from bayes_scaling.reports.document import Blocks, Chart, Equation, Picture, Row, Section, Table, section
from bayes_scaling.reports.fit_basis import command_blocks
from bayes_scaling.reports.fit_words import in_brackets, in_months, number, times_of, variant_in_words
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.comparison.result import METHODS, MISCOMPUTED, TIE_NATS, Comparison, against_published

PROGRESS = "probability_of_progress"  # NaN of a model that assumes no progress
FEWEST_PUBLISHED = 3  # the paper's variants that a comparison with its ranking needs
_MEDIAN, _, _UPPER = TIMES
_, _SOURCE = UNITS
_MOST_NAMED = 8
_FEWEST_POINTS = 4  # of a scatter plot; a table shows fewer better


def named(names: Iterable[str]) -> str:
    """Names in a sentence, some of them where there are many."""
    words = [variant_in_words(str(name)) for name in names]
    rest = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def averaged(comparison: Comparison, weights: str = "stacking") -> dict[str, float] | None:
    """Doubling time of effective compute over all models; None if no model that converged has progress."""
    if _progressing(comparison).empty:
        return None
    row = comparison.averaged_doubling_times(weights).loc["compute"].to_dict()
    return {str(name): float(value) for name, value in row.items()}


def _progressing(comparison: Comparison) -> pd.DataFrame:
    return comparison.table[comparison.table["converged"] & comparison.table[PROGRESS].notna()]


def sentences(comparison: Comparison) -> Iterator[str]:
    """What the comparison says and what it can't say, each in a sentence."""
    table, about = comparison.table, comparison.evaluations
    good = table[table["converged"]]
    lost, tied = len(table) - len(good), len(comparison.tied)
    state = f"; {lost} did not converge: out of ranks and weights." if lost else "; all converged."
    if len(table) == 1:
        state = "; it did not converge, so it has no rank and no weight." if lost else "; it converged."
    elif good.empty:
        state = "; none converged, so there are no ranks and no weights."
    noun = noun_of(comparison.unit, about.kind)
    yield (
        f"{counted(len(table), 'variant')} on {about.name} ({size_of(about)}), leaving out one {noun} at a time{state}"
    )
    if good.empty:
        return
    best = good.index[0]
    if len(table) == 1:
        yield f"{best} is the only variant, so there is no other to rank it with."
    elif len(good) == 1:
        yield f"Only {best} converged, so there is no other to rank it with."
    elif tied > 1:
        yield (
            f"Best: {best}; but {counted(tied - 1, 'other')} can't be told from it (within 2 standard errors, or "
            f"{TIE_NATS:g} nats): a weight of 0 beside these is no verdict."
        )
    else:
        others = ("the other" if len(good) == 2 else "every other") + (" that converged" if lost else "")
        yield f"Best: {best}, beyond 2 standard errors and {TIE_NATS:g} nats of {others}."
    if bad := int(good["pareto_k_bad"].sum()):
        yield f"{counted(bad, 'unit')} could not be left out reliably: see pareto_k_bad."
    row = comparison.averaged_doubling_times().loc["compute"].to_dict()
    if math.isfinite(row["median"]):
        whose = "Over all models that converged, by stacking weight" if len(good) > 1 else f"By {best}"
        yield (
            f"{whose}, effective compute doubles every {months(row['median'])} months ({CREDIBLE_INTERVAL} "
            f"{months(row['lower'])} to {months(row['upper'])}; probability of progress {probability(row[PROGRESS])})."
        )


def ranking_section(comparison: Comparison) -> Section:
    """What the comparison says, the picture of differences, and all variants in a table."""
    several = int(comparison.table["converged"].sum()) > 1
    return Section.of(
        "ranking",
        "Which models predict best" if several else "How well the model predicts",
        tuple(each for each in sentences(comparison) if several or not each.startswith("Best: ")),
        None if averaged(comparison) is None else differences_picture(comparison),  # otherwise it is the lead
        "Differences are of the expected log predictive density (elpd), this variant less the best, in nats, with "
        f"their standard error. A variant is tied with the best within 2 standard errors, or {TIE_NATS:g} nats. "
        "Stacking weights make the best mixture of predictions: among near-ties one takes all the weight, so a weight "
        "of 0 is no verdict on a variant that is tied. Pseudo-BMA+ weights fall smoothly with the difference.",
        ranking_table(comparison),
    )


def differences_picture(comparison: Comparison) -> Picture | None:
    """How much worse than the best each variant predicts; None for fewer than two that converged."""
    good = comparison.table[comparison.table["converged"]]
    if len(good) < 2:
        return None
    worst = good.iloc[-1]
    first, last = (variant_in_words(str(good.index[place])) for place in (0, -1))
    return picture_of(
        plot_differences_by_model(comparison),
        "differences",
        "How much worse than the best each variant predicts",
        f"Differences in expected log predictive density from {first}, nats, bars of two standard errors, in "
        f"one band for each model. {counted(len(comparison.tied), 'variant')} can't be told from the best (within 2 "
        f"standard errors, or {TIE_NATS:g} nats); the last, {last}, is {-worst['elpd_diff']:.1f} nats below "
        f"(standard error {worst['dse']:.1f}).",
    )


def ranking_table(comparison: Comparison) -> Table:
    """One row a variant, best first, those that have not converged last and marked."""
    tied = set(comparison.tied)

    def found(shown: Callable[[Row], str]) -> Callable[[Row], str]:
        return lambda row: shown(row) if row["converged"] else ""

    noun = noun_of(comparison.unit, comparison.evaluations.kind)
    return Table.of(
        "ranking-table",
        f"Every variant, one {noun} left out at a time; tied: can't be told from the best; weights by stacking and by "
        "pseudo-BMA+; error: mean squared error of what is left out; doubling times of effective compute in months, "
        f"median and {INTERVAL}",
        comparison.table,
        {
            "variant": "{name}",
            "rank": lambda row: str(int(row["rank"]) + 1) if row["converged"] else NOT_CONVERGED,
            "elpd difference ± its error (nats)": found("{elpd_diff:.1f} ± {dse:.1f}".format_map),
            "tied": found(lambda row: "yes" if row["name"] in tied else "no"),
            "stacking": found("{weight:.3f}".format_map),
            "pseudo-BMA+": found("{weight_pseudo_bma:.3f}".format_map),
            "error (squared nats)": found("{loo_mse:.5f}".format_map),
            "doubling time (months)": found(
                lambda row: "no progress assumed" if math.isnan(row[PROGRESS]) else in_months(times_of(row))
            ),
            "probability of progress": found(
                lambda row: "" if math.isnan(row[PROGRESS]) else probability(row[PROGRESS])
            ),
        },
        marked=lambda row: not row["converged"],
    )


@section("doubling-times", "Doubling times")
def times_section(comparison: Comparison) -> Blocks:
    """Averages by both kinds of weights, and one picture of all variants; nothing without progress."""
    if averaged(comparison) is None:
        return
    yield (
        "Averaged over all models that converged, each with its weight. Rates are averaged, not doubling "
        "times; a model without progress counts as a rate of 0. T in months; g in log units a year."
    )
    yield Equation(r"p(g) = \sum_m w_m\, p_m(g \mid y), \qquad T = \frac{12 \ln 2}{g}")
    yield Table.of(
        "averaged-doubling-times",
        "Doubling times averaged over models; a law of compute alone has no rate of parameters or data, and the "
        "last column is the weight of the models that have",
        [
            {"factor": factor, "kind": METHOD_WORDS[kind], **row}
            for kind in METHODS
            for factor, row in comparison.averaged_doubling_times(kind).to_dict("index").items()
        ],
        {
            "effective": "{factor}, by {kind}",
            f"doubling time in months ({INTERVAL})": lambda row: (
                in_months(row) if row["weight_defined"] > 0 else "not defined"
            ),
            "probability of progress": lambda row: probability(row[PROGRESS]) if row["weight_defined"] > 0 else "",
            "weight that defines it": lambda row: number(row["weight_defined"]),
        },
    )
    medians, lost = _progressing(comparison)[_MEDIAN], int((~comparison.table["converged"]).sum())
    yield picture_of(
        plot_doubling_times_by_model(comparison),
        "doubling-times-by-model",
        "Doubling time of every variant",
        f"Doubling time of effective compute of every variant, months on a logarithmic axis, median and {INTERVAL}, "
        f"one band for each model, best predicting first, in it one line for each of its priors. Medians run from "
        f"{months(float(medians.min()))} ({medians.idxmin()}) to {months(float(medians.max()))} ({medians.idxmax()})."
        + (f" {counted(lost, 'variant')} that did not converge: red crosses." if lost else ""),
    )


@section("change", "What would change this answer")
def change_section(comparison: Comparison) -> Blocks:
    """What would change the answer: model, weights, what is left out, priors; nothing where nothing has converged."""
    if not comparison.table["converged"].any():
        return
    stacking, smooth = averaged(comparison), averaged(comparison, "pseudo_bma")
    said = [*_models(comparison)]
    if stacking is not None and smooth is not None:
        said.append(
            f"Which weights: {in_months(stacking)} months by stacking, {in_months(smooth)} by pseudo-BMA+ (median and "
            f"{INTERVAL})."
        )
    yield (*said, what_is_left_out(comparison))
    if stacking is not None:
        yield _priors(comparison)
        yield _times_and_predictions(comparison)
        lead = "To try other noise, selections of rows and tables:"
        yield from command_blocks(lead, ["robustness"], comparison.evaluations)


def _models(comparison: Comparison) -> Iterator[str]:
    table = _progressing(comparison)
    tied = table[table.index.isin(comparison.tied)]
    if len(tied) < 2:
        return
    low, high = (variant_in_words(str(name)) for name in (tied[_MEDIAN].idxmin(), tied[_MEDIAN].idxmax()))
    yield (
        f"Which model: over the {len(tied)} variants with progress that the data can't tell from the best, the median "
        f"doubling time of effective compute runs from {months(float(tied[_MEDIAN].min()))} months ({low}) to "
        f"{months(float(tied[_MEDIAN].max()))} ({high})."
    )
    unbounded = tied.index[np.isinf(tied[_UPPER].astype(float))]
    if len(unbounded):
        yield f"Of these, {named(unbounded)} can't rule out that there was no progress: no upper bound."
    none = [name for name in comparison.tied if name not in table.index]
    if none:
        yield f"Tied with the best although they assume no progress: {named(none)}."


def what_is_left_out(comparison: Comparison) -> str:
    """What the unit of cross-validation measures, and what the other one would."""
    about = comparison.evaluations
    row, source = (noun_of(unit, about.kind) for unit in UNITS)
    if comparison.unit == _SOURCE:
        return (
            f"What is left out: all {plural_of(row)} of a {source} together, which measures how well a new {source} is "
            f"predicted. {row.capitalize()} by {row} would reward models that know a {source} from its other results."
        )
    text = f"What is left out: one {row} at a time"
    if about.rows == about.papers:
        return f"{text}; each is of a {source} of its own, so leaving out {plural_of(source)} would be the same."
    how = f'unit="{_SOURCE}" in Python' if about.kind == "runs" else f"--unit {_SOURCE}"
    return (
        f"{text}, with others of the same {source} still in the data ({size_of(about)}); {how} measures how well a new "
        f"{source} is predicted, and can rank otherwise."
    )


def _priors(comparison: Comparison) -> Table | None:
    table = _progressing(comparison)
    groups = [
        {"label": label, "tied": int(group.index.isin(comparison.tied).sum()), "medians": group[_MEDIAN].astype(float)}
        for label, group in table.groupby("variant", sort=False)
    ]
    if len(groups) < 2:
        return None
    return Table.of(
        "by-priors",
        "Median doubling time of effective compute in months over the models that have converged, by their priors",
        sorted(groups, key=lambda group: -group["tied"]),
        {
            "priors": "{label}",
            "variants": lambda group: str(len(group["medians"])),
            "tied with the best": "{tied}",
            "shortest (months)": lambda group: months(group["medians"].min()),
            "middle (months)": lambda group: months(group["medians"].quantile(interpolation="higher")),
            "longest (months)": lambda group: months(group["medians"].max()),
        },
    )


def _points(
    comparison: Comparison,
    table: pd.DataFrame,
    axes: Mapping[str, str],
    details: Mapping[str, str | Callable[[Any], str]],
) -> pd.DataFrame:
    """A mark for each variant, by whether it is tied with the best; ``axes``: columns by their titles."""
    shown, tied = Table.of("details", "", table, {"name": "{name}", **details}), set(comparison.tied)
    points = pd.DataFrame(list(shown.rows), columns=list(shown.columns))
    points["group"] = ["can't be told from the best" if each in tied else "predicts worse" for each in points["name"]]
    return points.assign(**{title: table[column].to_numpy(float) for title, column in axes.items()})


def _times_and_predictions(comparison: Comparison) -> Chart | None:
    """Doubling time against how well a variant predicts; those without a finite median can't be placed."""
    table = _progressing(comparison)
    shown = table[table[_MEDIAN].map(math.isfinite)]
    if len(shown) < _FEWEST_POINTS:
        return None
    details: dict[str, str | Callable[[Any], str]] = {
        f"doubling time, months ({INTERVAL})": lambda row: in_months(times_of(row)),
        "elpd difference ± standard error (nats)": "{elpd_diff:.1f} ± {dse:.1f}",
        "stacking weight": "{weight:.3f}",
        "pseudo-BMA+ weight": "{weight_pseudo_bma:.3f}",
        "mean squared error, left out (squared nats)": "{loo_mse:.5f}",
    }
    left = len(table) - len(shown)
    # To one decimal, without a sign before nothing.
    low, high = (f"{round(float(end), 1) + 0.0:.1f}" for end in (shown["elpd_diff"].min(), shown["elpd_diff"].max()))
    x, y = "doubling time of effective compute (months, median)", "difference in elpd from the best (nats)"
    points = _points(comparison, shown, {x: _MEDIAN, y: "elpd_diff"}, details)
    return Chart(
        "time-and-prediction",
        "How long a doubling takes, and how well the model predicts",
        {"": scatter_view(points, x, y, log_x=True)},
        f"{counted(len(shown), 'variant')}: median doubling time of effective compute, "
        f"{months(float(shown[_MEDIAN].min()))} to {months(float(shown[_MEDIAN].max()))} months, against the "
        f"difference in expected log predictive density from the best, {low} to {high} nats."
        + (f" {left} more have no finite median." if left else ""),
        points,
    )


@section("published", "Compared with the published ranking")
def published_section(comparison: Comparison, said: tuple[str, ...] = ()) -> Blocks:
    """The published ranking and this one, after what is ``said``; nothing for fewer than three of its variants."""
    found = against_published(comparison)
    if len(found) < FEWEST_PUBLISHED:
        return
    spearman, sound = found.attrs, found[found["model"] != MISCOMPUTED]
    yield (
        *said,
        f"Spearman's rank correlation with the published order ({MISCOMPUTED} left out): "
        f"{spearman['spearman_elpd']:.2f} by elpd, {spearman['spearman_loo_mse']:.2f} by LOO-MSE.",
        f"{MISCOMPUTED} (compute only) has a published error of .72 from a slip in its prediction: each "
        "held-out row was its own reference compute. Predicted as the law says it is among the better models.",
    )
    details = {
        "published error (squared nats)": "{published_mse:.5f}",
        "error (squared nats)": "{loo_mse:.5f}",
        "published rank": "{published_rank:.0f}",
        "rank by elpd": "{rank:.0f}",
    }
    if len(sound) >= FEWEST_PUBLISHED:
        x, y = "published mean squared error (squared nats)", "mean squared error (squared nats)"
        points = _points(comparison, sound, {x: "published_mse", y: "loo_mse"}, details)
        yield Chart(
            "published-errors",
            "Left-out errors, published and here",
            {"": scatter_view(points, x, y)},
            f"{len(sound)} variants: published leave-one-out mean squared error, {sound['published_mse'].min():.4f} "
            f"to {sound['published_mse'].max():.4f}, against that of posterior means, {sound['loo_mse'].min():.4f} to "
            f"{sound['loo_mse'].max():.4f} (squared nats).",
            points,
        )
    yield Table.of(
        "published-ranks",
        "Published: leave-one-out mean squared errors (MSE, squared nats) of point estimates on 184 of the 231 "
        "evaluations (Ho et al. 2024, arXiv 2403.05812, Table 11). Ours: posteriors on the table of this "
        "comparison, by expected log predictive density (elpd, differences from the best with their standard "
        "errors, nats) and by the mean squared error of leave-one-out posterior means (LOO-MSE). Stated priors "
        "stand where the published grid has delta = 0. T: doubling time of effective compute, months, median and "
        f"{CREDIBLE_INTERVAL}.",
        found.join(comparison.table.loc[found.index, [*TIMES, PROGRESS, "elpd_diff", "dse"]]),
        {
            "variant": lambda row: variant_in_words(row["name"]),
            "rank": "{rank:.0f}",
            "elpd_diff ± dse": "{elpd_diff:.1f} ± {dse:.1f}",
            "LOO-MSE": "{loo_mse:.5f}",
            "rank by it": "{mse_rank:.0f}",
            "published MSE": "{published_mse:.5f}",
            "published rank": "{published_rank:.0f}",
            "T": lambda row: "no progress" if math.isnan(row[PROGRESS]) else in_brackets(row),
        },
    )
