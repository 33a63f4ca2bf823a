"""A fit as the command line prints it: its answer, diagnostics, who decided it, and chains that do not mix."""

import math

from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.formatting import months, number
from bayes_scaling.inference.mixing import chain_groups
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports.fit_quantities import quantities_of
from bayes_scaling.reports.summary import next_step, sentence
from bayes_scaling.reports.terminal import rich_table
from bayes_scaling.studies.comparison.chain_weights import chain_weights
from bayes_scaling.tables.faults import printable


def fit_report(fit: Fit) -> RenderableType:
    """Doubling times (coefficients, of a law without progress), diagnostics, the answer and who decided it."""
    tables = (each.terminal(fit) for each in quantities_of(fit))
    parts: list[RenderableType] = [part for table in tables if table is not None for part in (table, Text())]
    d = fit.diagnostics
    state = Text("converged", style="green") if d.converged else Text("NOT CONVERGED", style="bold red")
    parts.append(state.append(f": {d.facts}", style="default not bold"))
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


def groups_report(fit: Fit) -> RenderableType | None:
    """A table of the groups with their weights and answers; None where all chains belong together."""
    if len(chain_groups(fit.data["posterior"].to_dataset())) == 1:
        return None
    found = chain_weights(fit)
    quantity = str(found.attrs["quantity"])
    heading, words = ("T_C, months", months) if fit.specification.progresses else (quantity, number)
    rows = []
    for row in found.to_dict("records"):
        median, lower, upper = (words(float(row[f"{quantity}_{which}"])) for which in ("median", "lower", "upper"))
        share = "not found" if math.isnan(row["mass_share"]) else f"{row['mass_share']:.1%}"
        chains, weight = ", ".join(map(str, row["chains"])), f"{row['stacking_weight']:.1%}"
        rows.append((chains, share, weight, median, f"{lower} to {upper}"))
    title = f"{len(found)} groups of chains that do not mix: several modes, perhaps"
    table = rich_table(title, ("chains", "share of mass", "stacking weight", heading, INTERVAL), rows)
    note = Text(
        "Shares of mass take each mode as normal; stacking weights say which mixture predicts best, and decide nothing "
        "between modes that predict alike. Neither makes the figures above an average to use."
    )
    return Group(Text(), table, note)
