"""Whether posteriors of a fit's specification have been seen to hold what they say."""

from bayes_scaling.calibration.calibrate import evidence_for
from bayes_scaling.calibration.result import BAND
from bayes_scaling.inference.result import Fit
from bayes_scaling.posterior_report.document import Block, Bullets, Paragraph, Section, Table
from bayes_scaling.posterior_report.fit_method import (
    command_blocks,
    further_selections,
    specification_name,
    table_option,
)
from bayes_scaling.report.calibration_text import calibration_cells, calibration_sentences

_TITLE = "Do its intervals hold what they say?"
_UNASKED = (("evaluations", "ho2024"), ("runs", "simulated"))
"""Kinds and names of the tables whose designs the command takes where none is named."""


def calibration_section(fit: Fit) -> Section:
    """The calibration that comes with the package, if it is of this specification; else how to make one."""
    if fit.specification.delta is not None:
        told = "The paper's penalty as a prior can't be simulated from, so that nothing says how its intervals do."
        return Section("calibration", _TITLE, (Paragraph(told),))
    found = evidence_for(fit.specification)
    blocks: list[Block]
    if found is None:
        blocks = [
            *_again(
                fit,
                "No calibration of this specification with these priors comes with the package. To simulate from its "
                "priors at your table's design, fit what was simulated, and rank the true values:",
            )
        ]
        return Section("calibration", _TITLE, tuple(blocks))
    table = found.table
    rows = tuple(
        (
            str(name),
            "inside" if row["inside"] else "outside",
            *calibration_cells(row),
        )
        for name, row in table.iterrows()
    )
    blocks = [
        Paragraph(
            "Parameters were drawn from the priors, losses simulated, the specification fitted to them, and the true "
            "values ranked among the draws of each posterior. Where posteriors are right, ranks are uniform."
        ),
        Bullets(calibration_sentences(found)),
        Table(
            "calibration-table",
            f"Ranks of true values: whether the whole curve stays in its {BAND:.0%} band, its largest difference from "
            "uniform, and the share of central (equal-tailed) credible intervals that hold the true value",
            ("quantity", "ranks", "largest difference", "50% holds", "90% holds"),
            rows,
            frozenset(place for place, inside in enumerate(table["inside"]) if not inside),
        ),
    ]
    if fit.evaluations.name != found.evaluations or further_selections(fit.evaluations):
        blocks += _again(
            fit,
            f"Seen at the design of {found.evaluations}; at yours intervals may do better or worse. To see how they "
            "do at yours:",
        )
    return Section("calibration", _TITLE, tuple(blocks))


def _again(fit: Fit, lead: str) -> tuple[Block, ...]:
    """The command for the fit's own table."""
    table = fit.evaluations
    option = [] if (table.kind, table.name) in _UNASKED else table_option(table)
    return command_blocks(lead, ["calibrate", specification_name(fit.specification), *option], table)
