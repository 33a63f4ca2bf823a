"""What to run or evaluate next, in words and a table for the terminal, and as files."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from bayes_scaling.common.formatting import DO_NOT_USE, counted, estimate, number
from bayes_scaling.common.strict_json import records, strict_json
from bayes_scaling.quantities.allocation_table import label_of
from bayes_scaling.quantities.design import Design
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL
from bayes_scaling.reports.allocation import about_fit, write_output
from bayes_scaling.reports.fit_words import PARTS
from bayes_scaling.reports.terminal import NARROW, rich_table, what_failed
from bayes_scaling.tables.columns import EVALUATIONS, RUNS

_SHOWN = ("parameters", "tokens", "benchmark", "published")
_APART = 3.0  # Monte Carlo errors by which the two ways to work out a share differ before it is said
_FEW = 50  # effective draws on which no share is to be relied


def design_report(found: Design) -> RenderableType:
    """The answer in a sentence, the rows that are chosen, and how to read them."""
    said = Text(design_sentence(found), style="bold" if found.converged else "bold red")
    failed = [] if found.converged else what_failed(found.fit)
    return Group(_table(found), said, Text(), *failed, *map(Text, _notes(found)))


def design_sentence(found: Design) -> str:
    """What is known now, and what the rows that are chosen would leave, in plain words."""
    now, last = found.quantity.iloc[0], found.chosen.iloc[-1]
    noun = (RUNS if found.fit.evaluations.kind == "runs" else EVALUATIONS).noun
    cost = f"cost {found.chosen['cost'].sum():.3g}"
    cost += "" if math.isinf(found.budget) else f" of a budget of {found.budget:.3g}"
    itself = ""
    if found.quantity.index[0].startswith("log "):
        itself = f", without the logarithm {estimate({part: math.exp(now[part]) for part in PARTS}, number)}"
    share = f"{_percent(last['variance_ratio'], last['mcse_variance_ratio'])} of its variance"
    text = (
        f"{found.quantity.index[0]} is {estimate(now, number)} by {label_of(found.fit)} (in brackets: "
        f"{CREDIBLE_INTERVAL}){itself}. {counted(len(found.chosen), noun)} {cost} and can be expected to leave "
        f"{share}: an interval {number(math.sqrt(last['variance_ratio']), 0.005)} times as wide."
    )
    return text if found.converged else f"{DO_NOT_USE}: {text}"


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


def _notes(found: Design) -> Iterator[str]:
    last = found.chosen.iloc[-1]
    yield (
        f"Chosen among {counted(len(found.candidates), 'candidate')}. Each row counts those above it: the share of the "
        "variance that would be left, and the information gained. The first share takes quantity and outcomes as "
        "jointly normal; the second weighs draws by simulated outcomes. Digits are those that Monte Carlo errors allow."
    )
    apart = abs(found.chosen["variance_ratio"] - found.chosen["simulated_ratio"])
    errors = np.hypot(found.chosen["mcse_variance_ratio"], found.chosen["mcse_simulated_ratio"])
    if (apart > _APART * errors).any():
        yield (
            "The two differ by more than their errors: the quantity is no straight line in the outcomes, or these tell "
            "of the noise. Go by the simulation where it rests on enough draws."
        )
    if not last["effective_draws"] >= _FEW:
        yield (
            f"The simulation of the last row rests on {last['effective_draws']:.0f} effective draws, too few to go by: "
            "a fit with more draws has more."
        )


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
