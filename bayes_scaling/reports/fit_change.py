"""What would change a fit's answer: priors that move it, other choices as published, and how to try them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from bayes_scaling.common.formatting import months, probability
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_ROBUSTNESS
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports.document import Block, Bullets, Section, Table
from bayes_scaling.reports.fit_method import command_blocks, table_option
from bayes_scaling.reports.fit_tables import in_months, times_of, warning

if TYPE_CHECKING:
    from bayes_scaling.studies.robustness.result import Robustness

_RATE = "g_C"


def change_section(fit: Fit, robustness: "Robustness | None" = None) -> Section:
    """Which choices matter, as far as is known; from a robustness run on the same table, if there is one."""
    blocks: list[Block | str] = []
    if can_identify(fit):
        table = identification(fit).table
        if (table["verdict"] == "by the data").all():
            blocks.append(
                f"{warning(fit)}Every reported quantity is decided by the data: other priors would move little."
            )
        else:
            if fit.specification.progresses:
                blocks.append(f"{warning(fit)}{_of_the_rate(table)}")
            blocks.append(Bullets(tuple(f"{warning(fit)}{item}" for item in _by_verdict(table))))
    if not fit.specification.progresses:
        blocks.append(
            "Try other noise, and the runs without those of the highest loss: a coefficient that moves by more than "
            "its interval rests on that choice."
        )
    elif robustness is not None:
        blocks += _found(robustness)
    else:
        lead = "To put the same choices to these data, priors, noise, selections and the paper's penalty among them:"
        command = ["robustness", *table_option(fit.evaluations)]
        blocks += [_published(), *command_blocks(lead, command, fit.evaluations)]
    return Section.of("change", "What would change this answer", *blocks)


def _of_the_rate(table: pd.DataFrame) -> str:
    """Who decided the rate of effective compute, on which the answer rests."""
    mine = table[table.index.str.partition("[").get_level_values(0) == _RATE]
    if mine.empty:
        return "Who decided the rate of effective compute can't be told for this law."
    words = {
        "by the data": "the data, and another prior would move it little",
        "shared": "data and prior together, so another prior would move it",
        "by the prior": "the prior, and another prior would give another answer",
    }
    verdicts = list(dict.fromkeys(mine["verdict"]))
    if len(verdicts) == 1:
        return f"The rate of effective compute is decided by {words[verdicts[0]]}."
    return f"The rate of effective compute is decided differently by group: {', '.join(map(str, verdicts))}."


def _by_verdict(table: pd.DataFrame) -> Iterator[str]:
    """One line for each verdict that some quantity has."""
    starts = {
        "by the prior": "Decided by the prior",
        "shared": "Shared between data and prior",
        "by the data": "Decided by the data",
    }
    for verdict, start in starts.items():
        names = list(map(str, table.index[table["verdict"] == verdict]))
        if names:
            yield f"{start}: {', '.join(names)}."


def _found(robustness: "Robustness") -> tuple[Block, ...]:
    from bayes_scaling.reports.robustness_document import published, sentences

    table = Table.of(
        "other-choices",
        "Doubling time of effective compute in months, under other choices, compared with what Ho et al. 2024 publish "
        "(bootstraps of point estimates, on the paper's own rows); marked: not converged",
        robustness.table,
        {
            "question": "{question}",
            f"found: median ({INTERVAL})": lambda row: in_months(times_of(row)),
            "published": published,
            "probability of progress": lambda row: probability(row["probability_of_progress"]),
            "case": "{case}",
        },
        marked=lambda row: not row["converged"],
    )
    return Bullets(tuple(sentences(robustness))), table


def _published() -> Table:
    from bayes_scaling.studies.robustness.cases import CASES

    questions = {case.name: case.question for case in CASES}
    return Table.of(
        "published-choices",
        "Published doubling times of effective compute in months, under other choices (not from these data)",
        [asdict(case) | {"question": questions.get(name, name)} for name, case in HO2024_ROBUSTNESS.items()],
        {
            "question": "{question}",
            "months": lambda row: months(row["months"]),
            "published 95% bootstrap interval": lambda row: (
                "" if None in (row["lower"], row["upper"]) else f"{months(row['lower'])} to {months(row['upper'])}"
            ),
            "source": "{source}",
        },
    )
