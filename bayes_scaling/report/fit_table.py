"""A fit as the command line prints it: doubling times or coefficients, diagnostics, the answer in a sentence."""

import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bayes_scaling.identifiability.identify import can_identify, identification
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.report.summary import next_step, sentence
from bayes_scaling.tables.faults import printable
from bayes_scaling.words import in_digits, months, number, probability


def fit_report(fit: Fit) -> RenderableType:
    """Doubling times (coefficients, of a law without progress), diagnostics, the answer and who decided it."""
    table = _doubling_table(fit) if fit.specification.progresses else _coefficient_table(fit)
    parts: list[RenderableType] = [table, Text()]
    d = fit.diagnostics
    state = Text("converged", style="green") if d.converged else Text("NOT CONVERGED", style="bold red")
    facts = f": {d.facts}"
    parts.append(state.append(facts, style="default not bold"))
    if d.escalated:
        note = "A first attempt fell short; this one is longer or more careful."
        if d.converged and not d.clean:
            note += " The divergences or deep trees left are below 0.1% of the draws."
        parts.append(Text(note))
    parts += [Text(f"- {failure}", style="red") for failure in d.failures]
    if not d.converged:
        parts.append(Text(next_step(fit)))
    parts += [Text(printable(str(each)), style="yellow") for each in fit_findings(fit)]
    parts += [Text(), Text(sentence(fit), style="bold" if d.converged else "bold red")]
    if can_identify(fit):
        parts += [Text(), *(Text(said) for said in identification(fit).sentences)]
    return Group(*parts)


def _doubling_table(fit: Fit) -> Table:
    times = doubling_times(fit)
    interval = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
    table = Table("", "median", interval, "P(progress)", title="Doubling times in months", title_justify="left")
    for name, row in times.iterrows():
        if pd.isna(row["median"]):
            table.add_row(str(name), "not defined", "", "")
        elif pd.isna(row["probability_of_progress"]):
            table.add_row(str(name), "held constant", "", "")
        else:
            median, lower, upper = in_digits(row, months)
            table.add_row(str(name), median, f"{lower} to {upper}", probability(row["probability_of_progress"]))
    return table


def _coefficient_table(fit: Fit) -> Table:
    found, unknown = coefficients(fit), unidentified(fit)
    interval = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
    title = "Coefficients" + (" (a: the optimal N grows as C^a)" if "a" in found.index else "")
    table = Table("", "median", interval, "unit", title=title, title_justify="left")
    for name, row in found.iterrows():
        (median, lower, upper), note = in_digits(row, number), str(row["unit"])
        if name in unknown:
            median, note = "not identified", "nearly the prior's interval"
        table.add_row(escape(str(name)), median, f"{lower} to {upper}", note)
    return table
