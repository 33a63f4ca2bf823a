"""Whether posteriors of a fit's specification have been seen to hold what they say."""

from bayes_scaling.calibration.evidence import evidence_for
from bayes_scaling.calibration.uniformity import BAND
from bayes_scaling.inference.result import Fit
from bayes_scaling.posterior_report.document import Block, Bullets, Code, Paragraph, Section, Table
from bayes_scaling.report.calibration_text import calibration_sentences

_TITLE = "Do its intervals hold what they say?"


def calibration_section(fit: Fit) -> Section:
    """The calibration that comes with the package, if it is of this specification; else how to make one."""
    if fit.specification.delta is not None:
        told = "The paper's penalty as a prior can't be simulated from, so that nothing says how its intervals do."
        return Section("calibration", _TITLE, (Paragraph(told),))
    found = evidence_for(fit.specification)
    blocks: list[Block]
    if found is None:
        blocks = [
            Paragraph(
                "No calibration of this specification with these priors comes with the package. To simulate from its "
                "priors at your table's design, fit what was simulated, and rank the true values:"
            ),
            Code(f"bayes-scaling calibrate {fit.specification.name}", "bash"),
        ]
        return Section("calibration", _TITLE, tuple(blocks))
    table = found.table
    rows = tuple(
        (
            str(name),
            "inside" if row["inside"] else "outside",
            f"{row['largest']:+.3f}",
            f"{row['covered_50']:.0%}",
            f"{row['covered_90']:.0%}",
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
            "calibration",
            f"Ranks of true values: whether the whole curve stays in its {BAND:.0%} band, its largest difference from "
            "uniform, and the share of central intervals that hold the true value",
            ("quantity", "ranks", "largest difference", "50% holds", "90% holds"),
            rows,
            frozenset(place for place, inside in enumerate(table["inside"]) if not inside),
        ),
    ]
    return Section("calibration", _TITLE, tuple(blocks))
