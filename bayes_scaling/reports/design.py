"""What to run or evaluate next, in words and a table for the terminal, and as files."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from bayes_scaling.common.formatting import DO_NOT_USE, number
from bayes_scaling.common.strict_json import records, strict_json
from bayes_scaling.quantities.allocation_table import label_of
from bayes_scaling.quantities.design import Design
from bayes_scaling.reports.allocation import about_fit, write_output
from bayes_scaling.reports.fit_words import PARTS
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.terminal import NARROW, rich_table, what_failed
from bayes_scaling.tables.columns import EVALUATIONS, RUNS

_SHOWN = ("parameters", "tokens", "benchmark", "published")
_APART = 3.0  # Monte Carlo errors by which the two ways to work out a share differ before it is said
_FEW = 50  # effective draws on which no share is to be relied


def design_report(found: Design) -> RenderableType:
    """The answer in a sentence, the rows that are chosen, and how to read them."""
    prose = _prose_of(found)
    said = Text(prose.part("answer")[0], style="bold" if found.converged else "bold red")
    failed = [] if found.converged else what_failed(found.fit)
    return Group(_table(found), said, Text(), *failed, *map(Text, prose.part("notes")))


def _prose_of(found: Design) -> Prose:
    quantity, now, chosen = found.quantity.index[0], found.quantity.iloc[0], found.chosen
    itself = {part: math.exp(now[part]) for part in PARTS} if quantity.startswith("log ") else None
    apart = abs(chosen["variance_ratio"] - chosen["simulated_ratio"])
    errors = np.hypot(chosen["mcse_variance_ratio"], chosen["mcse_simulated_ratio"])
    return Prose(
        "design",
        **{"it": found, "quantity": quantity, "now": now, "itself": itself, "last": chosen.iloc[-1]},
        **{"number": number, "percent": _percent, "DO_NOT_USE": DO_NOT_USE, "FEW": _FEW},
        noun=(RUNS if found.fit.evaluations.kind == "runs" else EVALUATIONS).noun,
        law=label_of(found.fit),
        apart=bool((apart > _APART * errors).any()),
    )


def _table(found: Design) -> RenderableType:
    columns = [*(name for name in _SHOWN if name in found.chosen), "cost"]
    heads = [Column(head, justify="right", no_wrap=True) for head in columns]
    heads += [Column(head, justify="right") for head in ("variance left", "by simulation", "gain, nats")]
    cells = []
    for place, row in enumerate(found.chosen.to_dict("records"), start=1):
        shown = [_cell(row[name]) for name in columns]
        shares = [_percent(row[name], row[f"mcse_{name}"]) for name in ("variance_ratio", "simulated_ratio")]
        cells.append([str(place), *shown, *shares, number(row["gain"], 0.005)])
    title = f"What to do next for {found.quantity.index[0]}, the most telling first"
    return rich_table(title, [Column("", justify="right"), *heads], cells, **NARROW)


def _cell(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _percent(share: float, error: float) -> str:
    """A share with the digits that its Monte Carlo error allows."""
    return "not defined" if math.isnan(share) else f"{number(100 * share, max(100 * error, 0.05))}%"


def write_design(found: Design, path: Path) -> Path:
    """Write every candidate, whole or not at all, in the format of the file's name."""
    places = pd.Series(range(1, len(found.chosen) + 1), found.chosen.index)
    table = found.candidates.assign(place=places.reindex(found.candidates.index).astype("Int64"))
    return write_output(path, table.to_csv(), design_json(found))


def design_json(found: Design) -> bytes:
    """The choice and all candidates, with quantity, budget and fit."""
    return strict_json(
        {
            "quantity": found.quantity.index[0],
            "unit": found.quantity.attrs["unit"],
            "now": found.quantity.iloc[0].to_dict(),
            "interval": found.quantity.attrs["interval"],
            "budget": found.budget,
            "cost": found.chosen["cost"].sum(),
            "fit": about_fit(found.fit) | {"fingerprint": found.fit.fingerprint},
            "chosen": records(found.chosen),
            "candidates": records(found.candidates),
        }
    )
