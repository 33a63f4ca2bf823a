"""The report of one fit: the answer first, then what it rests on, down to the diagnostics."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_ROBUSTNESS
from bayes_scaling.quantities.arguments import axis_of
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.doubling import doubling_table
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import BY_THE_PRIOR
from bayes_scaling.quantities.laws import at_most_common
from bayes_scaling.reports import fit_basis as basis
from bayes_scaling.reports import fit_words as words
from bayes_scaling.reports.document import Document, Section, those_made
from bayes_scaling.reports.fit_charts import doubling_chart, estimates_chart, split_chart
from bayes_scaling.reports.fit_quantities import quantities_of, summarise
from bayes_scaling.reports.fit_results import allocation_section, budget_sentence, splits_budgets
from bayes_scaling.reports.fit_trust import calibration_section, diagnostics_section
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.robustness_document import published, sentences
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.comparison.alternatives import alternatives_to, corrections_to
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

    def found(folded: bool) -> Iterator[Section | None]:
        for each in quantities_of(fit):
            if each.folded == folded:
                asked = (compute, kept) if each.section is allocation_section else ()
                made = each.section(somewhere if each.at_levels else fit, *asked)
                yield made if made is None or fit.diagnostics.converged else words.unusable(made)

    prose = prose_of(fit, robustness)
    first, law = first_screen(fit, compute[0] if len(compute) else None), fit.specification
    citation = basis.citation_of(fit, first["title"])
    cited = basis.citation_section(fit, (law.law,), fit.versions, progress=law.progresses, own=citation[1])
    return Document(
        **first,
        subtitle=subtitle_of(fit),
        banners=tuple(prose.part("banners")),
        changes=tuple(prose.part("changes")),
        citation=citation,
        sections=those_made(basis.data_section(fit), *found(False), *prose.sections("change"), cited),
        folded=those_made(
            *(basis.model_section(fit), *found(True), diagnostics_section(fit), calibration_section(fit)),
            *(*prose.sections("specifications"), basis.rows_section(fit), basis.method_section(fit)),
        ),
        data=summarise(fit),
    )


def prose_of(fit: Fit, robustness: Robustness | None = None) -> Prose:
    """Warnings, what would change the answer, and other specifications."""
    told = identification(fit) if can_identify(fit) else None
    return Prose(
        "fit",
        **{"words": words, "basis": basis, "BY_THE_PRIOR": BY_THE_PRIOR},
        **{"fit": fit, "progresses": fit.specification.progresses, "robustness": robustness, "told": told},
        **{"sentences": () if robustness is None else sentences(robustness), "published": published},
        **{"corrected": corrections_to(fit), "others": alternatives_to(fit), "estimates_chart": estimates_chart},
        verdicts=pd.Series({} if told is None else told.table["verdict"], dtype=str).filter(regex=r"^g_C(\[|$)"),
        pace=doubling_table(fit).loc["compute"],
        unknown=unidentified(fit),
        findings=fit_findings(fit),
        questions={case.name: case.question for case in CASES},
        published_choices=HO2024_ROBUSTNESS.items(),
    )


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
