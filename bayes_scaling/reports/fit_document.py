"""The report of one fit: the answer first, then what it rests on, down to the diagnostics."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from bayes_scaling.common.formatting import NOT_CONVERGED, months, probability
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_ROBUSTNESS
from bayes_scaling.quantities.arguments import axis_of
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import BY_THE_PRIOR
from bayes_scaling.quantities.laws import at_most_common
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports import fit_basis as basis
from bayes_scaling.reports import fit_words as words
from bayes_scaling.reports.document import Banner, Blocks, Document, Section, Table, section, those_made
from bayes_scaling.reports.fit_charts import doubling_chart, estimates_chart, split_chart
from bayes_scaling.reports.fit_quantities import quantities_of, summarise
from bayes_scaling.reports.fit_results import allocation_section, budget_sentence, splits_budgets
from bayes_scaling.reports.fit_trust import calibration_section, diagnostics_section
from bayes_scaling.reports.robustness_document import published, sentences
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.comparison.alternatives import alternatives_to, corrections_to
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.robustness.cases import CASES
from bayes_scaling.studies.robustness.result import Robustness
from bayes_scaling.studies.store import Store


def fit_document(
    fit: Fit, robustness: Robustness | None = None, compute: Sequence[float] = (), kept: Store | None = None
) -> Document:
    """What a report of one fit says; a robustness run on its table goes into the section on what would change it.

    ``compute`` are training budgets (FLOP) for a fit of runs: the first is the answer's, all are in its table.
    ``kept``: where what approach 2 samples of these runs is kept.
    """
    if missing := [name for name in ("observed_data", "constant_data") if name not in fit.data]:
        raise BayesScalingError(
            f"the fit of '{fit.specification.name}' has no group {', '.join(missing)}; a report needs a fit of bs.fit "
            "or bs.load_fit"
        )
    somewhere = at_most_common(fit)
    fit = replace(fit, setting={}) if fit.specification.progresses else somewhere
    if len(compute):
        axis_of(compute, "compute (FLOP)")
        if not splits_budgets(fit):
            raise BayesScalingError(
                f"compute is asked for, but '{fit.specification.name}' on '{fit.evaluations.name}' says nothing of how "
                "a budget is best split; leave --compute out, or report a fit of training runs (chinchilla)"
            )

    def found(folded: bool) -> tuple[Section, ...]:
        made = those_made(
            *(
                allocation_section(fit, compute, kept)
                if each.section is allocation_section
                else each.section(somewhere if each.at_levels else fit)
                for each in quantities_of(fit)
                if each.folded == folded
            )
        )
        return made if fit.diagnostics.converged else tuple(map(words.unusable, made))

    first, law = first_screen(fit, compute[0] if len(compute) else None), fit.specification
    citation = basis.citation_of(fit, first["title"])
    cited = basis.citation_section(fit, (law.law,), fit.versions, progress=law.progresses, own=citation[1])
    return Document(
        **first,
        subtitle=subtitle_of(fit),
        banners=tuple(banners(fit)),
        changes=tuple(changes_of(fit, robustness)),
        citation=citation,
        sections=those_made(basis.data_section(fit), *found(False), change_section(fit, robustness), cited),
        folded=those_made(
            *(basis.model_section(fit), *found(True), diagnostics_section(fit), calibration_section(fit)),
            *(specifications_section(fit), basis.rows_section(fit), basis.method_section(fit)),
        ),
        data=summarise(fit),
    )


def banners(fit: Fit) -> Iterator[Banner]:
    """What makes an answer unusable or weak: chains that disagree, odd rows, no upper bound, a prior that decided."""
    if not fit.diagnostics.converged:
        failed, again = "; ".join(fit.diagnostics.failures), words.next_step(fit)
        yield Banner(NOT_CONVERGED, f"Do not use any figure of this report. What failed: {failed}. {again}")
    if looks_wrong := fit_findings(fit):
        yield Banner("LOOKS WRONG", "; ".join(f"{each.message} [{each.code}]" for each in looks_wrong) + ".")
    if not fit.specification.progresses:
        if unknown := unidentified(fit):
            yield Banner(
                "NOT IDENTIFIED",
                f"The data say nearly nothing about {', '.join(unknown)}: their intervals are nearly those of the "
                "prior. More varied sizes are needed to learn them.",
            )
        return
    row = doubling_times(fit).loc["compute"].to_dict()
    yield from words.no_upper_bound("the doubling time of effective compute", row)
    mine = _verdicts_on_growth(identification(fit).table) if can_identify(fit) else pd.Series(dtype=str)
    if decided := [str(name) for name in mine[mine == BY_THE_PRIOR].index]:
        yield Banner(
            "DECIDED BY THE PRIOR",
            f"What this report says about {', '.join(decided)} (the rate of effective compute) was put in as a prior "
            "and is nearly unchanged by the data. Do not quote it as a finding; see the section on identification.",
        )


def _verdicts_on_growth(table: pd.DataFrame) -> pd.Series:
    return table.loc[table.index.str.partition("[").get_level_values(0) == "g_C", "verdict"]


def first_screen(fit: Fit, compute: float | None = None) -> dict[str, Any]:
    """The question that a fit answers, the answer in plain words with what it is of, and the picture beside it.

    Of progress it is the doubling time, of training runs the best split of a budget, else the coefficients.
    """
    if fit.specification.progresses:
        asked, answer = "How fast do algorithms for language models improve?", words.plain_answer(fit)
        return {"title": asked, "answer": answer, "notes": (words.estimand(fit),), "lead": doubling_chart(fit)}
    asked, answer = "How does the loss of language models fall with scale?", words.sentence(fit)
    if splits_budgets(fit):
        asked = "How is a training budget best spent?"
    if (split := budget_sentence(fit, compute)) is None:
        return {"title": asked, "answer": answer}
    return {"title": asked, "answer": split, "notes": (answer,), "lead": split_chart(fit, split, compute)}


def subtitle_of(fit: Fit) -> str:
    """Which specification and which data, by name."""
    name, table = fit.specification.name, fit.evaluations
    recommended = fit.specification == load_specification()  # and not another under its name
    specification = f"Recommended specification ('{name}')" if recommended else f"Specification '{name}'"
    if table.kind == "runs":
        return f"{specification}, training runs of the table '{table.name}'"
    of = f"Ho et al. 2024 (table '{table.name}')" if table.name == "ho2024" else f"the table '{table.name}'"
    return f"{specification}, evaluations of {of}"


def changes_of(fit: Fit, robustness: Robustness | None = None) -> Iterator[str]:
    """What would change the answer, in a few lines."""
    warning, progresses = words.warning(fit), fit.specification.progresses
    if (corrected := corrections_to(fit)) is not None:
        middle, lower, upper = (corrected.loc[corrected["converged"], name] for name in TIMES)
        yield (
            "Doubtful figures of the table, corrected from their sources or left out: medians of "
            f"{months(middle.min())} to {months(middle.max())} months, 95% intervals that reach from "
            f"{months(lower.min())} to {months(upper.max())}."
        )
    if (others := alternatives_to(fit)) is not None:
        good = others.table[others.table["converged"]]
        low, high = good[TIMES[1]].min(), good[TIMES[2]].max()
        yield (
            f"Another specification: taken one by one, the 95% intervals of the {len(good)} that were compared reach "
            f"from {months(low)} to {months(high)} months."
        )
    if can_identify(fit):
        table = identification(fit).table
        if (table["verdict"] == "by the data").all():
            yield f"{warning}Another prior: little. Every reported quantity is decided by the data."
        elif progresses:
            yield f"{warning}{_of_the_rate(table)}"
    if robustness is not None:
        yield from sentences(robustness)
    elif progresses:
        yield (
            "Which rows are used, and what counts as progress: such choices can move the answer by as much as its "
            "interval is wide; the command robustness tries them."
        )
    if not progresses:
        yield (
            "Other noise, or a fit without the runs of the highest loss: a coefficient that then leaves its interval "
            "depends on that choice."
        )


_DECIDED = {
    BY_THE_PRIOR: "the prior, and another prior would give another answer",
    "shared": "data and prior together, so another prior would move it",
    "by the data": "the data, and another prior would move it little",
}
"""Of each verdict: what decided."""


_PACE: Mapping[str, Callable[[Any], str]] = {
    f"median ({INTERVAL})": lambda row: words.in_months(words.times_of(row)),
    "probability of progress": lambda row: probability(row["probability_of_progress"]),
}
"""Columns of a table of doubling times of effective compute."""


@section("change", "What would change this answer")
def change_section(fit: Fit, robustness: Robustness | None = None) -> Blocks:
    """Which choices matter, as far as is known; from a robustness run on the same table, if there is one."""
    if not fit.specification.progresses:
        return
    yield estimates_chart(fit)
    if robustness is not None:
        yield tuple(sentences(robustness))
        yield Table.of(
            "other-choices",
            "Doubling time of effective compute in months, under other choices, compared with what Ho et al. 2024 "
            "publish (bootstraps of point estimates, on the paper's own rows); marked: not converged",
            robustness.table,
            {
                "question": "{question}",
                f"found: median ({INTERVAL})": lambda row: words.in_months(words.times_of(row)),
                "published": published,
                "probability of progress": lambda row: probability(row["probability_of_progress"]),
                "case": "{case}",
            },
        )
    if (corrected := corrections_to(fit)) is not None:
        yield Table.of(
            "corrected-figures",
            f"Doubling time of effective compute in months with '{fit.specification.name}', where doubtful figures of "
            "the table are corrected from their sources, by fits that come with the package; marked: not converged",
            corrected,
            {
                "table": "{table}",
                "rows": "{rows:,}",
                **_PACE,
            },
        )
    lead = "To try other priors, noise, selections, the paper's penalty and more on these data:"
    yield from basis.command_blocks(lead, ["robustness"], fit.evaluations)


@section("specifications", "Other specifications")
def specifications_section(fit: Fit) -> Blocks:
    """What was found with other specifications on a packaged table, and what is published under other choices."""
    if not fit.specification.progresses:
        return
    if (others := alternatives_to(fit)) is not None:
        yield Table.of(
            "specifications",
            "Specifications compared on this table: expected log predictive density (elpd, nats), each "
            f"{others.unit} left out, less the best's, with its standard error; weight by stacking; doubling time of "
            "effective compute in months; marked: not converged",
            others.table,
            {
                "specification": "{name}",
                "elpd difference": "{elpd_diff:.1f} ± {dse:.1f}",
                "weight": "{weight:.2f}",
                **_PACE,
            },
        )
    questions = {case.name: case.question for case in CASES}
    yield Table.of(
        "published-choices",
        "Published doubling times of effective compute in months, under other choices (not from these data)",
        [asdict(case) | {"question": questions.get(name, name)} for name, case in HO2024_ROBUSTNESS.items()],
        {
            "question": "{question}",
            "months": lambda row: months(row["months"]),
            "published 95% bootstrap interval": lambda row: (
                "" if None in (row["lower"], row["upper"]) else words.span("lower", "upper", months)(row)
            ),
            "source": "{source}",
        },
    )


def _of_the_rate(table: pd.DataFrame) -> str:
    verdicts = list(dict.fromkeys(_verdicts_on_growth(table)))
    if not verdicts:
        return "For this law it can't be told whether the data or the prior decided the rate of effective compute."
    if len(verdicts) == 1:
        return f"The rate of effective compute is decided by {_DECIDED[verdicts[0]]}."
    return f"The rate of effective compute is decided differently by group: {', '.join(map(str, verdicts))}."
