"""The report of one fit: the answer first, then what it rests on, down to the diagnostics."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from bayes_scaling.common.formatting import NOT_CONVERGED, months, probability
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_COMPUTE, HO2024_ROBUSTNESS, MOORE
from bayes_scaling.plots.estimates import plot_estimates
from bayes_scaling.plots.progress import plot_doubling_times
from bayes_scaling.quantities.arguments import axis_of
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.doubling import doubling_times, prior_rates
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import BY_THE_PRIOR
from bayes_scaling.quantities.laws import at_most_common
from bayes_scaling.quantities.rates import INTERVAL, summarise_rate
from bayes_scaling.reports import fit_basis as basis
from bayes_scaling.reports import fit_words as words
from bayes_scaling.reports.document import Banner, Blocks, Document, Picture, Table, section, those_made
from bayes_scaling.reports.fit_quantities import quantities_of, summarise
from bayes_scaling.reports.fit_results import allocation_section, best_split_picture, budget_sentence
from bayes_scaling.reports.fit_trust import calibration_section, diagnostics_section
from bayes_scaling.reports.robustness_document import published, sentences
from bayes_scaling.reports.svg import lead_of, picture_of
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.comparison.alternatives import alternatives_to
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.robustness.cases import CASES
from bayes_scaling.studies.robustness.result import Robustness


def fit_document(fit: Fit, robustness: Robustness | None = None, compute: Sequence[float] = ()) -> Document:
    """What a report of one fit says; a robustness run on its table goes into the section on what would change it.

    ``compute`` are training budgets (FLOP) for a fit of runs: the first is the answer's, all are in its table.
    """
    missing = [name for name in ("observed_data", "constant_data") if name not in fit.data]
    if missing:
        raise BayesScalingError(
            f"the fit of '{fit.specification.name}' has no group {', '.join(missing)}; a report needs a fit of bs.fit "
            "or bs.load_fit"
        )
    somewhere = at_most_common(fit)
    fit = replace(fit, setting={}) if fit.specification.progresses else somewhere
    if len(compute):
        axis_of(compute, "compute (FLOP)")
        if fit.evaluations.kind != "runs" or not fit.specification.form.splits:
            raise BayesScalingError(
                f"compute is asked for, but '{fit.specification.name}' on '{fit.evaluations.name}' says nothing of how "
                "a budget is best split; leave --compute out, or report a fit of training runs (chinchilla)"
            )
    found = those_made(
        *(
            allocation_section(fit, compute)
            if each.section is allocation_section
            else each.section(somewhere if each.at_levels else fit)
            for each in quantities_of(fit)
        )
    )
    spent = compute[0] if len(compute) else None
    about, specification = fit.evaluations, fit.specification
    sections = those_made(
        *(basis.data_section(fit), basis.model_section(fit)),
        *(found if fit.diagnostics.converged else map(words.unusable, found)),
        *(
            diagnostics_section(fit),
            calibration_section(fit),
            change_section(fit, robustness),
            basis.method_section(fit),
        ),
        basis.citation_section(about.name, (specification.law,), fit.versions, progress=specification.progresses),
    )
    return Document(
        title=title_of(fit),
        subtitle=subtitle_of(fit),
        answer=answer_of(fit, spent),
        notes=notes_of(fit),
        lead=lead_picture(fit, spent),
        banners=tuple(banners(fit)),
        sections=sections,
        data=summarise(fit),
    )


_RECOMMENDED, _PACKAGED = "reference", "ho2024"


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
    if can_identify(fit):
        mine = _verdicts_on_growth(identification(fit).table)
        if decided := [str(name) for name in mine[mine == BY_THE_PRIOR].index]:
            yield Banner(
                "DECIDED BY THE PRIOR",
                f"What this report says about {', '.join(decided)} (the rate of effective compute) was put in as a "
                "prior and is nearly unchanged by the data. Do not quote it as a finding; see the section on "
                "identification.",
            )


def _verdicts_on_growth(table: pd.DataFrame) -> pd.Series:
    return table.loc[table.index.str.partition("[").get_level_values(0) == "g_C", "verdict"]


def title_of(fit: Fit) -> str:
    """The question that a fit answers, in plain words."""
    if fit.specification.progresses:
        return "How fast do algorithms for language models improve?"
    if fit.evaluations.kind == "runs" and fit.specification.form.splits:
        return "How is a training budget best spent?"
    return "How does the loss of language models fall with scale?"


def subtitle_of(fit: Fit) -> str:
    """Which specification and which data, by name."""
    name, table = fit.specification.name, fit.evaluations
    recommended = fit.specification == load_specification(_RECOMMENDED)  # and not another under its name
    specification = f"Recommended specification ('{name}')" if recommended else f"Specification '{name}'"
    if table.name == _PACKAGED and table.kind == "evaluations":
        return f"{specification}, evaluations of Ho et al. 2024 (table '{table.name}')"
    return f"{specification}, {'training runs' if table.kind == 'runs' else 'evaluations'} of the table '{table.name}'"


def notes_of(fit: Fit) -> tuple[str, ...]:
    """What the answer means, and what would widen it."""
    if not fit.specification.progresses:
        return (words.sentence(fit),) if budget_sentence(fit) else ()
    row = doubling_times(fit).loc["compute"].to_dict()
    median = float(row["median"])
    means = (
        f"{words.warning(fit)}In plain words: after each {months(median, row['mcse_median'])} months, half the "
        "training compute buys the same loss."
    )
    caveat = "Other rows, priors or models can move and widen this interval: see 'What would change this answer'."
    return (*((means,) if math.isfinite(median) else ()), words.estimand(fit), caveat)


def answer_of(fit: Fit, compute: float | None = None) -> str:
    """The answer in one sentence: of progress its doubling time, of training runs the best split of a budget."""
    spent = None if fit.specification.progresses else budget_sentence(fit, compute)
    return words.sentence(fit) if spent is None else spent


def lead_picture(fit: Fit, compute: float | None = None) -> Picture | None:
    """The one picture beside the answer; None where the fit allows none, as a law that knows of no best split."""
    if not fit.specification.progresses:
        return best_split_picture(fit, compute)
    try:
        figure = plot_doubling_times(fit, ridge=False, visuals={"title": False, "legend": {"ncols": 1}})
    except BayesScalingError:
        return None
    row, rates = doubling_times(fit).loc["compute"].to_dict(), prior_rates(fit)
    prior = "it has no prior of its own"
    if rates is not None:
        prior = f"its prior, drawn behind: {words.span('lower', 'upper', months)(summarise_rate(rates))} months"
    return lead_of(
        figure,
        5.2,
        "doubling-time",
        "Doubling time of effective compute",
        f"{words.warning(fit)}Density of the doubling time of effective compute on a logarithmic axis of months. "
        f"Median with {INTERVAL}: {words.in_months(row)} months; {prior}. Marked beside it: {HO2024_COMPUTE.label}, "
        f"{HO2024_COMPUTE.months:g} months ({HO2024_COMPUTE.lower:g} to {HO2024_COMPUTE.upper:g}), and {MOORE.label}, "
        f"{MOORE.months:g} months.",
    )


_DECIDED = {
    BY_THE_PRIOR: ("Decided by the prior", "the prior, and another prior would give another answer"),
    "shared": ("Shared between data and prior", "data and prior together, so another prior would move it"),
    "by the data": ("Decided by the data", "the data, and another prior would move it little"),
}
"""Of each verdict: how a list of what it is of begins, and what decided."""


@section("change", "What would change this answer")
def change_section(fit: Fit, robustness: Robustness | None = None) -> Blocks:
    """Which choices matter, as far as is known; from a robustness run on the same table, if there is one."""
    progresses = fit.specification.progresses
    if can_identify(fit):
        table = identification(fit).table
        if (table["verdict"] == "by the data").all():
            yield f"{words.warning(fit)}Every reported quantity is decided by the data: other priors would move little."
        else:
            if progresses:
                yield f"{words.warning(fit)}{_of_the_rate(table)}"
            names = {verdict: list(map(str, table.index[table["verdict"] == verdict])) for verdict in _DECIDED}
            said = (f"{_DECIDED[verdict][0]}: {', '.join(of)}." for verdict, of in names.items() if of)
            yield tuple(words.warning(fit) + each for each in said)
    if not progresses:
        yield (
            "Try other noise, and the runs without those of the highest loss: a coefficient that moves by more than "
            "its interval rests on that choice."
        )
    elif robustness is not None:
        yield from _alternatives(fit)
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
            marked=lambda row: not row["converged"],
        )
    else:
        yield from _alternatives(fit)
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
        lead = "To try the same choices on these data (priors, noise, selections, the paper's penalty and others):"
        yield from basis.command_blocks(lead, ["robustness"], fit.evaluations)


def _alternatives(fit: Fit) -> Blocks:
    """What was found with other specifications on a packaged table, beside all that is published."""
    others = alternatives_to(fit)
    if others is None:
        return
    name = fit.specification.name
    found = others.table[others.table["converged"]]
    ours: list[tuple[str, str, Mapping[Any, Any]]] = [
        (
            "this fit" + f", {NOT_CONVERGED}" * (not fit.diagnostics.converged),
            name,
            doubling_times(fit).loc["compute"].to_dict(),
        )
    ]
    ours += [("all specifications", f"stacked by {others.unit}", others.average)]
    ours += [
        ("each specification", str(label), dict(zip(words.PARTS, row[list(TIMES)], strict=True)))
        for label, row in found.iterrows()
        if label != name
    ]
    results = pd.DataFrame([{"group": group, "label": label, **times} for group, label, times in ours])
    yield picture_of(
        plot_estimates(results),
        "estimates",
        "The same question, other answers",
        f"{words.warning(fit)}Doubling times of effective compute in months with {INTERVAL}: of this fit, over all "
        f"{others.specifications} specifications compared on this table, of each of them, and every published one with "
        "what it measures.",
    )
    yield Table.of(
        "specifications",
        "Specifications compared on this table: expected log predictive density (elpd, nats), each "
        f"{others.unit} left out, less the best's, with its standard error; weight by stacking; doubling time of "
        f"effective compute in months; marked: not converged",
        others.table,
        {
            "specification": "{name}",
            "elpd difference": lambda row: f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}",
            "weight": lambda row: f"{row['weight']:.2f}",
            f"median ({INTERVAL})": lambda row: words.in_months(words.times_of(row)),
            "probability of progress": lambda row: probability(row["probability_of_progress"]),
        },
        marked=lambda row: not row["converged"],
    )


def _of_the_rate(table: pd.DataFrame) -> str:
    verdicts = list(dict.fromkeys(_verdicts_on_growth(table)))
    if not verdicts:
        return "For this law it can't be told whether the data or the prior decided the rate of effective compute."
    if len(verdicts) == 1:
        return f"The rate of effective compute is decided by {_DECIDED[verdicts[0]][1]}."
    return f"The rate of effective compute is decided differently by group: {', '.join(map(str, verdicts))}."
