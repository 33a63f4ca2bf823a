"""Groups of chains that do not mix, as the command line prints them under a fit that has not converged."""

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bayes_scaling.comparison.chain_weights import chain_weights
from bayes_scaling.inference.mixing import chain_groups
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.words import months, number


def groups_report(fit: Fit) -> RenderableType | None:
    """A table of the groups with their weights and answers; None where all chains belong together."""
    if len(chain_groups(fit.data["posterior"].to_dataset())) == 1:
        return None
    found = chain_weights(fit)
    quantity = str(found.attrs["quantity"])
    progresses = fit.specification.progresses
    heading = "T_C, months" if progresses else quantity
    table = Table(
        "chains",
        "share of mass",
        "stacking weight",
        escape(heading),
        f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval",
        title=f"{len(found)} groups of chains that do not mix: several modes, perhaps",
        title_justify="left",
    )
    words = months if progresses else number
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
