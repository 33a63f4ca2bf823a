"""The report of a calibration, what the command line prints of it, and the page "What can be trusted when"."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.inference.simulation import LARGEST_LOSS
from bayes_scaling.plots.predictive import plot_calibration
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.reports.document import Document, Table
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.terminal import rich_table
from bayes_scaling.studies.calibration import experiment
from bayes_scaling.studies.calibration.calibrate import Trust
from bayes_scaling.studies.calibration.result import Calibration, growth_rows, tally, without_unconverged
from bayes_scaling.studies.calibration.settings import PROBABILITY
from bayes_scaling.studies.calibration.stated import QUESTIONS, Split, stated_coverage


def _prose_of(calibration: Calibration) -> Prose:
    ranks, restarted = calibration.table, sum(one.restarted > 0 for one in calibration.simulations)
    shown: dict[str, Any] = {"ranks": ranks.assign(converged=ranks["inside"]), "restarted": restarted}
    return Prose("calibration", it=calibration, BAND=BAND, plot_calibration=plot_calibration, **shown)


def calibration_table(calibration: Calibration) -> Table:
    """Ranks of each quantity, and how many intervals hold the true value; marked: not uniform."""
    ranks: list[Table] = _prose_of(calibration).part("ranks")
    return ranks[0]


def calibration_document(calibration: Calibration) -> Document:
    """What a reader should see of a calibration; ``data``: what ``calibration.json`` has."""
    return _prose_of(calibration).document(json.loads(calibration.to_json()))


def calibration_report(calibration: Calibration) -> RenderableType:
    """Table and sentences."""
    table = calibration_table(calibration)
    rows: list[tuple[str | Text, ...]] = [
        (name, Text(state, "bold red" if place in table.marked else ""), *cells)
        for place, (name, state, *cells) in enumerate(table.rows)
    ]
    shown = rich_table(f"Calibration of {calibration.specification}", ("", *table.columns[1:]), rows)
    return Group(shown, Text(), *map(Text, calibration_sentences(calibration)))


def calibration_sentences(calibration: Calibration) -> list[str]:
    """What was found, and what it rests on."""
    prose = _prose_of(calibration)
    return [*prose.part("answer"), *prose.part("found")]


EVEN = next(question.text for question in QUESTIONS if question.split is Split.EVEN)
LEANING = 1.2
"""Ratio of the doubling time found on average to the one put in, or its inverse, from which a sentence names it."""


def trust_page(found: Trust) -> str:
    """Markdown: what holds, calibration of each specification, known progress found again, how it is counted."""
    prose = _prose_of_trust(found.calibrations, found.repeated, stated_coverage(found.intervals))
    return render_page("What can be trusted when", *prose.sections("page"))


def trust_sentences(
    calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration], table: pd.DataFrame
) -> tuple[str, ...]:
    """What holds and what does not, each with its figures; ``table``: of :func:`stated_coverage`."""
    return tuple(_prose_of_trust(calibrations, repeated, table).part("sentences"))


def _prose_of_trust(
    calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration], table: pd.DataFrame
) -> Prose:
    failures: list[dict[str, Any]] = [
        {"one": one, "name": name, "row": one.table.loc[name], "again": again and again.table.loc[name].to_dict()}
        for one, again in ((one, repeated.get(one.specification)) for one in calibrations)
        for name in one.outside
    ]
    agrees = table["covered_lower"].le(PROBABILITY) & table["covered_upper"].ge(PROBABILITY)
    leans = np.isfinite(table["months"]) & ~(table["median_months"] / table["months"]).between(1 / LEANING, LEANING)
    return Prose(
        "trust",
        **{"calibrations": calibrations, "repeated": repeated, "failures": failures},
        **{"all": tally(calibrations), "others": tally(tuple(repeated.values()))},
        **{"band": f"{BAND:.0%}", "held": f"{PROBABILITY:.0%}", "PROBABILITY": PROBABILITY, "LEANING": LEANING},
        **{"limits": experiment, "LARGEST_LOSS": LARGEST_LOSS, "EVEN": EVEN, "truth": _truth},
        **{"growth_rows": growth_rows, "without_unconverged": without_unconverged},
        stated=table.assign(agrees=agrees, leans=leans),
    )


def _truth(value: float) -> str:
    return "no progress" if math.isinf(value) else f"{value:g} months"
