"""The first screen of a comparison's report: the answer, what makes it weak, and the picture of it."""

import math
from collections.abc import Sequence

from bayes_scaling.comparison.result import TIE_NATS, Comparison
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.document import Banner, Picture
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months, variant_in_words
from bayes_scaling.posterior_report.svg import lead_of, picture_of
from bayes_scaling.report.units import noun_of
from bayes_scaling.words import counted, months, probability

_MOST_NAMED = 8


def answer_of(comparison: Comparison) -> str:
    """In one sentence: which models can't be told apart, by leaving out what, and the averaged doubling time."""
    table = comparison.table
    good = table[table["converged"]]
    if good.empty:
        return f"Nothing can be ranked: none of the {counted(len(table), 'variant')} has converged."
    unit = noun_of(comparison.unit, comparison.evaluations.kind)
    tied, best = len(comparison.tied), variant_in_words(str(good.index[0]))
    if len(table) == 1:
        first = f"{best} is the only variant, so there is no other to rank it with"
    elif len(good) == 1:
        first = f"Only {best}, of {counted(len(table), 'variant')}, has converged, so there is no other to rank it with"
    elif tied > 1:
        first = (
            f"These data can't tell {tied} of {counted(len(table), 'variant')} apart by how well they predict one "
            f"{unit} that is left out (best: {best})"
        )
    else:
        first = (
            f"Of {counted(len(table), 'variant')}, {best} predicts one {unit} that is left out best, by more than 2 "
            f"standard errors and {TIE_NATS:g} nats"
        )
    average = averaged(comparison)
    if average is None:
        return f"{first}."
    still = _without_progress(comparison)
    first = first if still is None else f"{still}; {first[0].lower()}{first[1:]}"
    if math.isinf(average["median"]):
        return (
            f"{first}; averaged over all models that converged, by stacking weight, no doubling time is found: the "
            f"probability of progress is {probability(average['probability_of_progress'])}."
        )
    return (
        f"{first}; averaged over all models that converged, by stacking weight, effective compute doubles every "
        f"{months(average['median'])} months ({INTERVAL} {months(average['lower'])} to {months(average['upper'])})."
    )


def _without_progress(comparison: Comparison) -> str | None:
    """How much worse the best variant without progress predicts than the best; None where there is nothing to say."""
    good = comparison.table[comparison.table["converged"]]
    still = good[good["probability_of_progress"].isna()]
    if still.empty or len(still) == len(good):
        return None
    name, row = str(still.index[0]), still.iloc[0]
    said = variant_in_words(name)
    if name == str(good.index[0]):
        return f"A law without progress ({said}) predicts best, so these data don't need progress"
    if name in comparison.tied:
        return (
            f"A law without progress ({said}) can't be told from the best, so these data don't settle that there is any"
        )
    return (
        f"A law without progress ({said}) predicts worse than the best by {-row['elpd_diff']:.1f} nats (standard error "
        f"{row['dse']:.1f})"
    )


def averaged(comparison: Comparison, weights: str = "stacking") -> dict[str, float] | None:
    """Doubling time of effective compute over all models; None if no model that converged has progress."""
    good = comparison.table[comparison.table["converged"]]
    if good["probability_of_progress"].isna().all():
        return None
    row = comparison.averaged_doubling_times(weights).loc["compute"].to_dict()
    return {str(name): float(value) for name, value in row.items()}


def banners_of(comparison: Comparison) -> tuple[Banner, ...]:
    """Variants that have not converged, nothing to rank, terms that can't be trusted, an average without bound."""
    table = comparison.table
    good, lost = table[table["converged"]], table[~table["converged"]]
    again = "Run the same command again with another --seed, or give these models priors that say more."
    if good.empty:
        return (
            Banner(
                NOT_CONVERGED,
                f"None of the {counted(len(table), 'variant')} has converged, so there are no ranks, no weights and no "
                f"average. Do not use any figure of this report. {again}",
            ),
        )
    found = []
    if len(lost):
        found.append(
            Banner(
                f"{NOT_CONVERGED}: {len(lost)} OF {len(table)}",
                f"{named(list(map(str, lost.index)))} {'has' if len(lost) == 1 else 'have'} not converged. Out of "
                f"ranks, weights and averages; marked and last in every table. {again}",
            )
        )
    bad = good[good["pareto_k_bad"] > 0]
    if len(bad):
        found.append(
            Banner(
                "UNRELIABLE TERMS",
                f"{counted(int(bad['pareto_k_bad'].sum()), 'term')} of elpd could not be found reliably, in "
                f"{named(list(map(str, bad.index)))}: ranks and weights rest in part on them.",
            )
        )
    average = averaged(comparison)
    if average is not None and math.isinf(average["upper"]):
        found.append(
            Banner(
                "NO UPPER BOUND",
                f"The {INTERVAL} of the averaged doubling time of effective compute has no upper end (probability of "
                f"progress {probability(average['probability_of_progress'])}): no progress is not ruled out.",
            )
        )
    return tuple(found)


def named(names: Sequence[str]) -> str:
    """Names in a sentence, some of them where there are many.

    Examples
    --------
    >>> named(["a", "b"]), named([str(number) for number in range(10)])
    ('a, b', '0, 1, 2, 3, 4, 5, 6, 7 and 2 more')
    """
    rest = len(names) - _MOST_NAMED
    return ", ".join(map(variant_in_words, names[:_MOST_NAMED])) + (f" and {rest} more" if rest > 0 else "")


def lead_picture(comparison: Comparison) -> Picture | None:
    """Averaged doubling times above the models that weigh most; without progress, differences; else None."""
    from bayes_scaling.plots.comparison_by_model import plot_averaged_doubling_times

    average, other = averaged(comparison), averaged(comparison, "pseudo_bma")
    if average is None or other is None:
        return differences_picture(comparison)
    heaviest = comparison.weights["stacking"].head(3)
    weights = ", ".join(f"{variant_in_words(str(name))} {weight:.2f}" for name, weight in heaviest.items())
    figure = plot_averaged_doubling_times(comparison, visuals={"figures": False})
    return lead_of(
        figure,
        1.6 + 0.24 * len(figure.axes[0].get_yticks()),
        "averaged-doubling-time",
        "Doubling time of effective compute, averaged over models",
        f"Doubling times in months on a logarithmic axis, median and {INTERVAL}: of all models that converged, by "
        f"stacking weight {in_months(average)}, by pseudo-BMA+ {in_months(other)}; below them the models that weigh "
        f"most (largest stacking weights: {weights}). The published 95% bootstrap interval is shaded.",
    )


def differences_picture(comparison: Comparison) -> Picture | None:
    """How much worse than the best each variant predicts; None for fewer than two that converged."""
    from bayes_scaling.plots.comparison_by_model import plot_differences_by_model

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
