"""Doubling times of a comparison: averaged over models, and of every variant."""

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.comparison.weights import METHODS
from bayes_scaling.plots.comparison_averaged import METHOD_WORDS
from bayes_scaling.posterior_report.comparison_answer import averaged
from bayes_scaling.posterior_report.document import Equation, Paragraph, Picture, Section, Table
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months, number
from bayes_scaling.posterior_report.svg import picture_of
from bayes_scaling.words import counted, months, probability


def times_section(comparison: Comparison) -> Section | None:
    """Averages by both kinds of weights, and one picture of all variants; None without progress."""
    if averaged(comparison) is None:
        return None
    return Section(
        "doubling-times",
        "Doubling times",
        (
            Paragraph(
                "Averaged over all models that converged, each with its weight. Rates are averaged, not doubling "
                "times; a model without progress counts as a rate of 0. T in months; g in log units a year."
            ),
            Equation(r"p(g) = \sum_m w_m\, p_m(g \mid y), \qquad T = \frac{12 \ln 2}{g}"),
            _averages(comparison),
            _by_model(comparison),
        ),
    )


def _averages(comparison: Comparison) -> Table:
    rows = []
    for kind in METHODS:
        for factor, row in comparison.averaged_doubling_times(kind).to_dict("index").items():
            defined = row["weight_defined"] > 0
            rows.append(
                (
                    f"{factor}, by {METHOD_WORDS[kind]}",
                    in_months(row) if defined else "not defined",
                    probability(row["probability_of_progress"]) if defined else "",
                    number(row["weight_defined"]),
                )
            )
    columns = (
        "effective",
        f"doubling time in months ({INTERVAL})",
        "probability of progress",
        "weight that defines it",
    )
    caption = (
        "Doubling times averaged over models; a law of compute alone has no rate of parameters or data, and the last "
        "column is the weight of the models that have"
    )
    return Table("averaged-doubling-times", caption, columns, tuple(rows))


def _by_model(comparison: Comparison) -> Picture:
    from bayes_scaling.plots.comparison_by_model import plot_doubling_times_by_model

    table = comparison.table[comparison.table["converged"] & comparison.table["probability_of_progress"].notna()]
    medians = table["compute_doubling_months_median"]
    lost = int((~comparison.table["converged"]).sum())
    text = (
        f"Doubling time of effective compute of every variant, months on a logarithmic axis, median and {INTERVAL}, "
        f"one band for each model, best predicting first, in it one line for each of its priors. Medians run from "
        f"{months(float(medians.min()))} ({medians.idxmin()}) to {months(float(medians.max()))} ({medians.idxmax()})."
    )
    if lost:
        text += f" {counted(lost, 'variant')} that did not converge: red crosses."
    return picture_of(
        plot_doubling_times_by_model(comparison), "doubling-times-by-model", "Doubling time of every variant", text
    )
