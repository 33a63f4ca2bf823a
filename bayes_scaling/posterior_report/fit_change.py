"""What would change a fit's answer: priors that move it, other choices as published, and how to try them."""

from typing import TYPE_CHECKING

from bayes_scaling.identifiability.identify import can_identify, identification
from bayes_scaling.inference.result import Fit
from bayes_scaling.posterior_report.document import Block, Bullets, Paragraph, Section, Table
from bayes_scaling.posterior_report.fit_method import command_blocks, table_option
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months, warning
from bayes_scaling.published_robustness import HO2024_ROBUSTNESS
from bayes_scaling.words import months, probability

if TYPE_CHECKING:
    from bayes_scaling.robustness_cases.result import Robustness

_TIMES = "compute_doubling_months_"


def change_section(fit: Fit, robustness: "Robustness | None" = None) -> Section:
    """Which choices matter, as far as is known.

    Parameters
    ----------
    fit
        Whose answer it is.
    robustness
        A robustness run on the same table, if there is one.
    """
    blocks: list[Block] = []
    if can_identify(fit):
        table = identification(fit).table
        moved = table[table["verdict"] != "by the data"]
        if len(moved):
            items = tuple(
                f"{name} is {'decided' if verdict == 'by the prior' else 'shared between data and prior'}"
                f"{' by the prior' if verdict == 'by the prior' else ''}; it moves most with "
                f"{'all priors together' if by == 'all' else f'the prior on {by}'}"
                for name, verdict, by in zip(moved.index, moved["verdict"], moved["moved_by"], strict=True)
            )
            blocks += [
                Paragraph(f"{warning(fit)}Another prior would move these:"),
                Bullets(tuple(f"{warning(fit)}{item}" for item in items)),
            ]
        else:
            told = "Every reported quantity is decided by the data: other priors would move little."
            blocks.append(Paragraph(f"{warning(fit)}{told}"))
    if not fit.specification.progresses:
        blocks.append(
            Paragraph(
                "Try other noise, and the runs without those of the highest loss: a coefficient that moves by more "
                "than its interval rests on that choice."
            )
        )
        return Section("change", "What would change this answer", tuple(blocks))
    if robustness is not None:
        blocks += _found(robustness)
    blocks += [
        _published(),
        *command_blocks(
            "To put the same choices to these data, priors, noise, selections and the paper's penalty among them:",
            ["robustness", *table_option(fit.evaluations)],
            fit.evaluations,
        ),
    ]
    return Section("change", "What would change this answer", tuple(blocks))


def _found(robustness: "Robustness") -> tuple[Block, ...]:
    from bayes_scaling.report.robustness_text import sentences

    rows, marked = [], []
    for place, (name, row) in enumerate(robustness.table.iterrows()):
        times = {part: row[f"{_TIMES}{part}"] for part in ("median", "lower", "upper")}
        rows.append((str(name), str(row["question"]), in_months(times), probability(row["probability_of_progress"])))
        if not row["converged"]:
            marked.append(place)
    columns = ("case", "question", f"median ({INTERVAL})", "probability of progress")
    caption = "Doubling time of effective compute in months, under other choices; marked: not converged"
    return (
        Bullets(tuple(sentences(robustness))),
        Table("other-choices", caption, columns, tuple(rows), frozenset(marked)),
    )


def _published() -> Table:
    rows = tuple(
        (
            name,
            months(case.months),
            "" if case.lower is None or case.upper is None else f"{months(case.lower)} to {months(case.upper)}",
            case.source,
        )
        for name, case in HO2024_ROBUSTNESS.items()
    )
    return Table(
        "published-choices",
        "Published doubling times of effective compute in months, under other choices (not from these data)",
        ("case", "months", "published 95% bootstrap interval", "source"),
        rows,
    )
