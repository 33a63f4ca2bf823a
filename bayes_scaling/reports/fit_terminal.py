"""A fit as the command line prints it: its answer, diagnostics, who decided it, and chains that do not mix."""

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bayes_scaling.common.formatting import in_digits, months, number
from bayes_scaling.inference.mixing import chain_groups
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports.fit_tables import times_cells
from bayes_scaling.reports.summary import next_step, sentence
from bayes_scaling.studies.comparison.chain_weights import chain_weights
from bayes_scaling.tables.faults import printable


def fit_report(fit: Fit) -> RenderableType:
    """Doubling times (coefficients, of a law without progress), diagnostics, the answer and who decided it."""
    table = _doubling_table(fit) if fit.specification.progresses else _coefficient_table(fit)
    parts: list[RenderableType] = [table, Text()]
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


def _doubling_table(fit: Fit) -> Table:
    table = Table("", "median", INTERVAL, "P(progress)", title="Doubling times in months", title_justify="left")
    for name, row in doubling_times(fit).iterrows():
        median, *cells = times_cells(row)
        table.add_row(str(name), median.removesuffix(" by this law"), *cells)
    return table


def _coefficient_table(fit: Fit) -> Table:
    found, unknown = coefficients(fit), unidentified(fit)
    title = "Coefficients" + (" (a: the optimal N grows as C^a)" if "a" in found.index else "")
    table = Table("", "median", INTERVAL, "unit", title=title, title_justify="left")
    for name, row in found.iterrows():
        (median, lower, upper), note = in_digits(row, number), str(row["unit"])
        if name in unknown:
            median, note = "not identified", "nearly the prior's interval"
        table.add_row(escape(str(name)), median, f"{lower} to {upper}", note)
    return table


def groups_report(fit: Fit) -> RenderableType | None:
    """A table of the groups with their weights and answers; None where all chains belong together."""
    if len(chain_groups(fit.data["posterior"].to_dataset())) == 1:
        return None
    found = chain_weights(fit)
    quantity = str(found.attrs["quantity"])
    heading, words = ("T_C, months", months) if fit.specification.progresses else (quantity, number)
    table = Table(
        "chains",
        "share of mass",
        "stacking weight",
        escape(heading),
        INTERVAL,
        title=f"{len(found)} groups of chains that do not mix: several modes, perhaps",
        title_justify="left",
    )
    for row in found.to_dict("records"):
        median, lower, upper = (words(float(row[f"{quantity}_{which}"])) for which in ("median", "lower", "upper"))
        share = float(row["mass_share"])
        table.add_row(
            ", ".join(map(str, row["chains"])),
            "not found" if share != share else f"{share:.1%}",
            f"{float(row['stacking_weight']):.1%}",
            median,
            f"{lower} to {upper}",
        )
    note = Text(
        "Shares of mass take each mode as normal; stacking weights say which mixture predicts best, and decide nothing "
        "between modes that predict alike. Neither makes the figures above an average to use."
    )
    return Group(Text(), table, note)
