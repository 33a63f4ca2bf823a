"""What a fit of a law without progress says: coefficients, the best split of a budget, IsoFLOP curves."""

import numpy as np

from bayes_scaling.common.formatting import estimate
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.plots.drawing import amount
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import setting_of
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports.document import Block, Equation, Paragraph, Picture, Section, Table
from bayes_scaling.reports.fit_data import rows_of_report
from bayes_scaling.reports.fit_tables import Row, in_numbers, in_whole_percent, number, warning
from bayes_scaling.reports.svg import lead_of, picture_of

_QUANTITIES = ("parameters", "tokens", "tokens_per_parameter", "loss")
_DECADES_BEYOND = 3
"""Powers of ten beyond the largest run that a table of budgets goes."""
_NEXT = 10
"""Times the largest run's compute: the budget that a report answers for first."""


def coefficients_section(fit: Fit) -> Section:
    """Coefficients of a law, and how much narrower each interval is than its prior's."""
    unknown = unidentified(fit)
    found = Table.of(
        "coefficients-table",
        f"Coefficients; {INTERVAL}; by how much an exponent's interval is narrower than its prior's",
        coefficients(fit).rename_axis("name"),
        {
            "coefficient": "{name}",
            "median": lambda row: "not identified" if row["name"] in unknown else number(row["median"]),
            INTERVAL: lambda row: f"{number(row['lower'])} to {number(row['upper'])}",
            "unit": "{unit}",
            "narrower than the prior": lambda row: in_whole_percent(row["contraction"]),
        },
        marked=lambda row: row["name"] in unknown,
    )
    return Section.of("coefficients", "Coefficients", found, _laws_picture(fit))


def budget_sentence(fit: Fit) -> str | None:
    """What ten times the largest run's compute is best spent on; None where law or runs don't say."""
    if not fit.specification.form.splits or fit.evaluations.kind != "runs" or unidentified(fit):
        return None
    budget = next_budget(fit)
    found = optimal_allocation(fit, [budget])
    rows = {name: credible_intervals(found[name]).iloc[0] for name in _QUANTITIES}
    if not all(np.isfinite(row).all() for row in rows.values()):
        return None
    where = f" ({setting})" if (setting := setting_of(fit)) else ""
    return (
        f"{warning(fit)}With {budget:.2g} FLOP{where}, ten times the largest of these runs, the loss is lowest with "
        f"{_amounts(rows['parameters'])} parameters and {_amounts(rows['tokens'])} training tokens, about "
        f"{rows['tokens_per_parameter']['median']:.3g} tokens per parameter (in brackets: {INTERVAL})."
    )


def next_budget(fit: Fit) -> float:
    """Ten times the compute of the largest run, FLOP."""
    return _NEXT * _largest(fit)


def best_split_picture(fit: Fit) -> Picture | None:
    """The picture of what the budget sentence says; None where there is no such sentence."""
    if (said := budget_sentence(fit)) is None:
        return None
    from bayes_scaling.plots.best_split import plot_best_split

    figure = plot_best_split(fit, next_budget(fit), visuals={"title": False})
    return lead_of(
        figure,
        4.9,
        "best-split-lead",
        "Parameters and training tokens that make the most of a budget",
        f"Two rising lines over training budgets, with {INTERVAL}s: the best number of training tokens and the best "
        f"number of parameters. Beyond the largest run they are extrapolated by the law, and shaded. {said}",
    )


def _laws_picture(fit: Fit) -> Picture | None:
    """Posterior and published laws, coefficient by coefficient; None of evaluations, or of a law without a split."""
    from bayes_scaling.plots.laws import plot_laws

    table, unknown = coefficients(fit), unidentified(fit)
    said = "; ".join(
        f"{name} {'not identified' if name in unknown else in_numbers(row)}" for name, row in table.iterrows()
    )
    try:
        figure = plot_laws(fit)
    except BayesScalingError:
        return None
    return picture_of(
        figure,
        "laws",
        "The posterior and published laws",
        "One panel for each coefficient and for the best split of a budget: posterior density, with published laws "
        f"below it. Median with {INTERVAL}: {said}.",
    )


def _amounts(row: Row) -> str:
    return estimate(row, lambda value, _: amount(value))


def _largest(fit: Fit) -> float:
    """Compute of the largest run, FLOP."""
    runs = rows_of_report(fit)
    return float(training_compute(runs["parameters"], runs["tokens"]).max())


def allocation_section(fit: Fit) -> Section | None:
    """The best split of budgets, from those of the runs on; None where the law knows of no split."""
    if not fit.specification.form.splits or fit.evaluations.kind != "runs":
        return None
    from bayes_scaling.plots.isoflop import plot_isoflop

    largest, unknown = _largest(fit), unidentified(fit)
    first = float(np.floor(np.log10(largest)))
    budgets = 10 ** np.arange(first, first + _DECADES_BEYOND + 1)
    found = optimal_allocation(fit, budgets)
    tables = [credible_intervals(found[name]) for name in _QUANTITIES]
    rows = tuple(
        (
            f"{budget:.0e} FLOP" + (" (beyond the runs)" if budget > largest else ""),
            *(in_numbers(table.iloc[place]) for table in tables),
        )
        for place, budget in enumerate(budgets)
    )
    where = f"Of {setting}. " if (setting := setting_of(fit)) else ""
    curves: Block | str
    try:
        curves = picture_of(
            plot_isoflop(fit),
            "isoflop",
            "IsoFLOP curves",
            f"Expected loss against parameters at fixed budgets, with {INTERVAL}, the runs, and the best size of each "
            f"budget. At {rows[0][0]} the best number of parameters is {rows[0][1]}.",
        )
    except BayesScalingError as error:  # such as runs of which no five share a budget
        curves = f"IsoFLOP curves are not drawn: {error}."
    return Section.of(
        "allocation",
        "The best split of a budget",
        Equation(r"\min_{N, D} L(N, D) \quad \text{such that} \quad 6 N D = C"),
        Paragraph(
            f"{where}The largest run had {largest:.2g} FLOP; what lies beyond is extrapolated by the law alone."
            + (f" Not to be used: {', '.join(unknown)} not identified by these runs." if unknown else ""),
            finding=True,
        ),
        Table(
            "best-split",
            f"The best split of a budget: median with {INTERVAL}; loss in nats per token",
            ("budget", *(name.replace("_", " ") for name in _QUANTITIES)),
            rows,
            frozenset(range(len(rows))) if unknown else frozenset(),
        ),
        curves,
    )
