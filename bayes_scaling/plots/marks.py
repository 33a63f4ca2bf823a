"""What every picture of a fit says: of what it is, and whether its chains agree."""

from typing import Any

import matplotlib.patheffects as pe
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.style import PAPER, WARNING
from bayes_scaling.plots.visuals import Look, named
from bayes_scaling.quantities.laws import setting_of

NOT_CONVERGED = "NOT CONVERGED"
EDGE: list[pe.AbstractPathEffect] = [pe.withStroke(linewidth=2.5, foreground=PAPER)]
"""Around text that lies on lines, so that it can be read there."""


def finished(figure: Figure, look: Look, title: str, *, converged: bool) -> Figure:
    """A picture under its title with the visuals asked for; where its fit has not converged, that is written across."""
    named(figure.suptitle(title, fontsize=11), "title")
    if not converged:
        big: dict[str, Any] = {"color": WARNING, "fontsize": 44, "alpha": 0.5, "rotation": 20}
        figure.text(0.5, 0.5, NOT_CONVERGED, ha="center", va="center", **big)
    return look.finish(figure)


def title_of(fit: Fit) -> str:
    """Specification, table and rows of a fit, for a picture's title."""
    noun = "run" if fit.evaluations.kind == "runs" else "evaluation"
    where = f", {setting}" if (setting := setting_of(fit)) else ""
    return f"{fit.specification.name} on {fit.evaluations.name} ({counted(fit.evaluations.rows, noun)}){where}"
