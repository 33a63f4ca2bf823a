"""The report of a calibration, what the command line prints of it, and the page "What can be trusted when"."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.formatting import counted, months
from bayes_scaling.inference.simulation import LARGEST_LOSS
from bayes_scaling.plots.predictive import plot_calibration
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.reports.document import Document, Section, Table, templates
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.reports.terminal import rich_table
from bayes_scaling.studies.calibration import experiment
from bayes_scaling.studies.calibration.calibrate import Trust
from bayes_scaling.studies.calibration.result import Calibration, chance_outside, uniformity
from bayes_scaling.studies.calibration.settings import PROBABILITY
from bayes_scaling.studies.calibration.stated import QUESTIONS, Split, stated_coverage


def calibration_table(calibration: Calibration) -> Table:
    """Ranks of each quantity, and how many intervals hold the true value."""
    return Table.of(
        "calibration-table",
        f"Ranks of true values: whether the whole curve stays in its {BAND:.0%} band, its largest difference from "
        "uniform, and the share of central (equal-tailed) credible intervals that hold the true value",
        calibration.table.rename_axis("name"),
        {
            "quantity": "{name}",
            "ranks": lambda row: "uniform" if row["inside"] else "not uniform",
            "largest difference": "{largest:+.3f}",
            "50% holds": "{covered_50:.0%}",
            "90% holds": "{covered_90:.0%}",
        },
        marked=lambda row: not row["inside"],
    )


def calibration_document(calibration: Calibration) -> Document:
    """What a reader should see of a calibration; ``data``: what ``calibration.json`` has."""
    answer, *found = calibration_sentences(calibration)
    return Document(
        title="Do intervals cover as often as they should?",
        subtitle=f"'{calibration.specification}' on data simulated from its own priors",
        answer=answer,
        lead=picture_of(plot_calibration(calibration), "rank-curves", "Ranks less uniform", answer),
        sections=(Section.of("ranks", "Ranks of true values", tuple(found), calibration_table(calibration)),),
        data=json.loads(calibration.to_json()),
    )


def calibration_report(calibration: Calibration) -> RenderableType:
    """Table and sentences."""
    table = calibration_table(calibration)
    rows: list[tuple[str | Text, ...]] = [
        (name, Text(state, "bold red" if place in table.marked else ""), *cells)
        for place, (name, state, *cells) in enumerate(table.rows)
    ]
    shown = rich_table(f"Calibration of {calibration.specification}", ("", *table.columns[1:]), rows)
    return Group(shown, Text(), *map(Text, calibration_sentences(calibration)))


def calibration_sentences(calibration: Calibration) -> Iterator[str]:
    """What was found, and what it rests on."""
    quantities, count = len(calibration.table), len(calibration.simulations)
    yield (
        f"{count} simulations from the priors of '{calibration.specification}' at the design of "
        f"{calibration.evaluations}: the ranks of {quantities - len(calibration.outside)} of {quantities} quantities "
        f"stay in their simultaneous {BAND:.0%} band."
    )
    if calibration.outside:
        names = ", ".join(calibration.outside)
        yield f"Outside: {names}. Of calibrated quantities {1 - BAND:.0%} are expected outside."
    if calibration.unconverged:
        yield (
            f"In {counted(calibration.unconverged, 'simulation')} chains did not agree well enough to trust the ranks; "
            "these count all the same."
        )
    if restarted := sum(one.restarted > 0 for one in calibration.simulations):
        yield f"In {counted(restarted, 'simulation')} chains that had settled elsewhere were started again."
    yield f"{calibration.seconds:.1f} s of sampling a simulation on one core."


EVEN = next(question.text for question in QUESTIONS if question.split is Split.EVEN)
GROWTH = "g_C"
LEANING = 1.2
"""Ratio of the doubling time found on average to the one put in, or its inverse, from which a sentence names it."""


def trust_page(found: Trust) -> str:
    """Markdown: what holds, calibration of each specification, known progress found again, how it is counted."""
    table = stated_coverage(found.intervals)
    return (
        templates(keep_trailing_newline=True)
        .get_template("trust.md.jinja")
        .render(
            globals(),
            limits=experiment,
            largest_loss=LARGEST_LOSS,
            calibrations=found.calibrations,
            repeated=found.repeated,
            sentences=trust_sentences(found.calibrations, found.repeated, table),
            failures=[(one, name) for one in found.calibrations for name in one.outside],
            stated=table.to_dict("records"),
        )
    )


def trust_sentences(
    calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration], table: pd.DataFrame
) -> tuple[str, ...]:
    """What holds and what does not, each with its figures; ``table``: of :func:`stated_coverage`."""
    curves, outside = _counts(calibrations)
    again = f". With other random numbers, in {_grown(tuple(repeated.values()), 'repeated')}" if repeated else ""
    said = [
        f"**Posteriors of the catalogue.** In {counted(len(calibrations), 'specification')}, "
        f"{curves - outside} of {curves} rank curves stay in their {BAND:.0%} band; {(1 - BAND) * curves:.0f} of "
        f"{curves} would leave it by chance alone, and {outside} do (so many or more: probability "
        f"{_chance(calibrations):.2f}; parameters of one specification go together, and specifications share random "
        f"numbers). With other random numbers {_again(calibrations, repeated)}.",
        "**Growth of effective compute**, g_N + g_D, which doubling times rest on: uniform ranks in "
        f"{_grown(calibrations, 'that have it')}{again}.",
    ]
    for text, group in table.groupby("question", sort=False):
        right = (group["simulated"] == group["fitted"]).all()
        said.append(_right_sentence(str(text), group) if right else _wrong_sentence(str(text), group))
    return tuple(said)


def _counts(calibrations: Sequence[Calibration]) -> tuple[int, int]:
    """How many rank curves there are, and how many of them left their band."""
    return sum(len(one.table) for one in calibrations), sum(len(one.outside) for one in calibrations)


def _again(calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration]) -> str:
    """Of the failures that were repeated, how many failed again, and on which side; and how many failed in all."""
    known = [(one, name) for one in calibrations for name in one.outside if one.specification in repeated]
    if not known:
        return "nothing was repeated"
    failed = []
    for one, name in known:
        if name in (other := repeated[one.specification]).outside:
            side = "same" if one.table["largest"][name] * other.table["largest"][name] > 0 else "other"
            failed.append(f"{one.specification} {name}, the {side} side")
    which, others = f" ({'; '.join(failed)})" if failed else "", tuple(repeated.values())
    curves, outside = _counts(others)
    return (
        f"{len(failed) or 'none'} of {len(known)} left it again{which}. Of all {curves} "
        f"curves of the {counted(len(repeated), 'specification')} repeated, {outside} left their band, where "
        f"{(1 - BAND) * curves:.0f} are expected (so many or more: probability {_chance(others):.2f})"
    )


def _chance(calibrations: Sequence[Calibration]) -> float:
    """Probability of so many curves outside, or more, if all is right; specifications share random numbers."""
    ranks = [[one.ranks[name] for one in each.simulations] for each in calibrations for name in each.table.index]
    return chance_outside(np.array(ranks), _counts(calibrations)[1]) if ranks else 1.0


def _grown(calibrations: Sequence[Calibration], which: str) -> str:
    grown = {one.specification: rows for one in calibrations if len(rows := _growth_rows(one.table))}
    failed = [name for name, rows in grown.items() if not rows["inside"].all()]
    text = f"{len(grown) - len(failed)} of {counted(len(grown), 'specification')} {which}"
    return f"{text}, not in {', '.join(failed)}" if failed else text


def _growth_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table[table.index.str.partition("[").get_level_values(0) == GROWTH]


def _right_sentence(question: str, group: pd.DataFrame) -> str:
    good = (group["covered_lower"] <= PROBABILITY) & (group["covered_upper"] >= PROBABILITY)
    parts = [f"{row['covered']:.1%} with {_truth(row['months'])}" for row in group.to_dict("records")]
    text = (
        f"**Doubling times, {question}** (`{group['fitted'].iloc[0]}`): of {PROBABILITY:.0%} intervals, "
        f"{', '.join(parts)} hold what was put in; in {good.sum()} of {len(group)} studies that agrees with "
        f"{PROBABILITY:.0%} (the share's own 95% interval holds it)."
    )
    if question == EVEN:
        text += (
            " g_N = g_D is the middle of the prior of how growth is split between the two, which the data hardly know: "
            "intervals of a right posterior hold their probability averaged over the prior, and at its middle may hold "
            "more."
        )
    return text


def _wrong_sentence(question: str, group: pd.DataFrame) -> str:
    parts = []
    for row in group.to_dict("records"):
        mean = f"{months(row['median_months'])} months" if math.isfinite(row["median_months"]) else "no progress"
        parts.append(f"{row['covered']:.0%} with {_truth(row['months'])} (found on average: {mean})")
    if (group["covered_upper"] < PROBABILITY).any():
        verdict = "too rarely, so that intervals can't be trusted"
    elif (group["covered_lower"] > PROBABILITY).any():
        verdict = "more often than they say"
    else:
        verdict = "no harm to intervals seen at these truths and this design"
    progress = group[np.isfinite(group["months"])]
    leaning = np.abs(np.log(progress["median_months"] / progress["months"])) > np.log(LEANING)
    if leaning.any():
        verdict += f", but what is found leans by more than {LEANING - 1:.0%}"
    return f"**{question[:1].upper()}{question[1:]}:** the intervals hold the truth in {'; '.join(parts)}: {verdict}."


def _truth(value: float) -> str:
    return "no progress" if math.isinf(value) else f"{value:g} months"


def _failure(calibration: Calibration, quantity: str) -> str:
    row = calibration.table.loc[quantity]
    lean = "true values too often among the low draws" if row["largest"] > 0 else "too often among the high draws"
    return (
        f"largest difference {row['largest']:+.3f} ({lean}), intervals hold {row['covered_50']:.0%} (50%) and "
        f"{row['covered_90']:.0%} (90%)"
    )


def _without_unconverged(calibration: Calibration, quantity: str) -> str:
    rest = [simulation for simulation in calibration.simulations if simulation.converged]
    if not rest:
        return "none are left"
    return "inside" if uniformity(rest).loc[quantity, "inside"] else "outside still"
