"""The report of a calibration, and what the command line prints: ranks of each quantity, the finding in a sentence."""

import json

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from bayes_scaling.common.formatting import counted
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.reports.document import Bullets, Document, Section, Table
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.studies.calibration.result import Calibration


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
    from bayes_scaling.plots.predictive import plot_calibration

    answer, *found = calibration_sentences(calibration)
    figure = plot_calibration(calibration)
    return Document(
        title="Do intervals hold what they say?",
        subtitle=f"'{calibration.specification}' on data simulated from its own priors",
        answer=answer,
        lead=None,
        banners=(),
        sections=(
            Section.of("ranks", "Ranks of true values", Bullets(tuple(found)), calibration_table(calibration)),
            Section.of("curves", "Rank curves", picture_of(figure, "rank-curves", "Ranks less uniform", answer)),
        ),
        data=json.loads(calibration.to_json()),
    )


def calibration_report(calibration: Calibration) -> RenderableType:
    """Table and sentences."""
    table = calibration_table(calibration)
    shown = RichTable("", *table.columns[1:], title=f"Calibration of {escape(calibration.specification)}")
    shown.title_justify = "left"
    for place, (name, state, *cells) in enumerate(table.rows):
        shown.add_row(Text(name), Text(state, style="bold red" if place in table.marked else ""), *cells)
    return Group(shown, Text(), *(Text(sentence) for sentence in calibration_sentences(calibration)))


def calibration_sentences(calibration: Calibration) -> tuple[str, ...]:
    """What was found, and what it rests on."""
    quantities = len(calibration.table)
    count = len(calibration.simulations)
    said = [
        f"{count} simulations from the priors of '{calibration.specification}' at the design of "
        f"{calibration.evaluations}: the ranks of {quantities - len(calibration.outside)} of {quantities} quantities "
        f"stay in their simultaneous {BAND:.0%} band."
    ]
    if calibration.outside:
        said.append(
            f"Outside: {', '.join(calibration.outside)}. Of calibrated quantities {1 - BAND:.0%} are expected outside."
        )
    if calibration.unconverged:
        said.append(
            f"In {counted(calibration.unconverged, 'simulation')} chains did not agree well enough to trust the ranks; "
            "these count all the same."
        )
    restarted = sum(one.restarted > 0 for one in calibration.simulations)
    if restarted:
        said.append(f"In {counted(restarted, 'simulation')} chains that had settled elsewhere were started again.")
    said.append(f"{calibration.seconds:.1f} s of sampling a simulation on one core.")
    return tuple(said)
