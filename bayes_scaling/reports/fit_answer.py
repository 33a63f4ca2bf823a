"""The first screen of a fit's report: what must be known before anything is believed, and the picture of the answer."""

import math

from bayes_scaling.common.formatting import months, probability
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.quantities.doubling import doubling_times, prior_rates
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import BY_THE_PRIOR
from bayes_scaling.quantities.rates import INTERVAL, summarise_rate
from bayes_scaling.reports.document import Banner, Picture
from bayes_scaling.reports.fit_static import best_split_picture, budget_sentence
from bayes_scaling.reports.fit_tables import in_months, warning
from bayes_scaling.reports.summary import next_step, sentence
from bayes_scaling.reports.svg import lead_of
from bayes_scaling.specifications.catalogue import load_specification

_HEADLINE = "g_C"
_RECOMMENDED, _PACKAGED = "reference", "ho2024"


def banners(fit: Fit) -> tuple[Banner, ...]:
    """What makes an answer unusable or weak: chains that disagree, odd rows, no upper bound, a prior that decided."""
    found = []
    if not fit.diagnostics.converged:
        failed = "; ".join(fit.diagnostics.failures)
        found.append(
            Banner(NOT_CONVERGED, f"Do not use any figure of this report. What failed: {failed}. {next_step(fit)}")
        )
    looks_wrong = fit_findings(fit)
    if looks_wrong:
        found.append(Banner("LOOKS WRONG", "; ".join(f"{each.message} [{each.code}]" for each in looks_wrong) + "."))
    if not fit.specification.progresses:
        unknown = unidentified(fit)
        if unknown:
            found.append(
                Banner(
                    "NOT IDENTIFIED",
                    f"The data say nearly nothing about {', '.join(unknown)}: their intervals are nearly those of the "
                    "prior. More varied sizes are needed to learn them.",
                )
            )
        return tuple(found)
    row = doubling_times(fit).loc["compute"].to_dict()
    if math.isinf(row["upper"]):
        found.append(
            Banner(
                "NO UPPER BOUND",
                f"The {INTERVAL} of the doubling time of effective compute has no upper end (probability of progress "
                f"{probability(row['probability_of_progress'])}): these data do not exclude that there was none.",
            )
        )
    if can_identify(fit):
        verdicts = identification(fit).table["verdict"]
        mine = verdicts[verdicts.index.str.partition("[").get_level_values(0) == _HEADLINE]
        decided = [str(name) for name in mine[mine == BY_THE_PRIOR].index]
        if decided:
            found.append(
                Banner(
                    "DECIDED BY THE PRIOR",
                    f"What this report says about {', '.join(decided)} (the rate of effective compute) was put in as a "
                    "prior and is nearly unchanged by the data. Do not quote it as a finding; see the section on "
                    "identification.",
                )
            )
    return tuple(found)


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
    specification = f"Recommended specification ('{name}')" if _is_recommended(fit) else f"Specification '{name}'"
    if table.name == _PACKAGED and table.kind == "evaluations":
        return f"{specification}, evaluations of Ho et al. 2024 (table '{table.name}')"
    return f"{specification}, {'training runs' if table.kind == 'runs' else 'evaluations'} of the table '{table.name}'"


def _is_recommended(fit: Fit) -> bool:
    """As the catalogue has it, and not another under its name."""
    return fit.specification == load_specification(_RECOMMENDED)


def notes_of(fit: Fit) -> tuple[str, ...]:
    """What the answer means, and what would widen it."""
    if not fit.specification.progresses:
        return (sentence(fit),) if budget_sentence(fit) else ()
    row = doubling_times(fit).loc["compute"].to_dict()
    median = float(row["median"])
    means = (
        f"{warning(fit)}In plain words: after each {months(median, row['mcse_median'])} months, half the training "
        "compute buys the same loss."
    )
    caveat = "Other rows, priors or models can move and widen this interval: see 'What would change this answer'."
    return (*((means,) if math.isfinite(median) else ()), caveat)


def answer_of(fit: Fit) -> str:
    """The answer in one sentence: of progress its doubling time, of training runs the best split of a budget."""
    spent = None if fit.specification.progresses else budget_sentence(fit)
    return sentence(fit) if spent is None else spent


def lead_picture(fit: Fit) -> Picture | None:
    """The one picture beside the answer; None where the fit allows none, as a law that knows of no best split."""
    if not fit.specification.progresses:
        return best_split_picture(fit)
    try:
        return _doubling(fit)
    except BayesScalingError:
        return None


def _doubling(fit: Fit) -> Picture:
    from bayes_scaling.plots.doubling import plot_doubling_times

    row = doubling_times(fit).loc["compute"].to_dict()
    rates = prior_rates(fit.specification)
    prior = "no prior stands on it alone"
    if rates is not None:
        span = summarise_rate(rates)
        prior = f"its prior, drawn behind: {months(span['lower'])} to {months(span['upper'])} months"
    figure = plot_doubling_times(fit, ridge=False, visuals={"title": False, "legend": {"ncols": 1}})
    return lead_of(
        figure,
        5.2,
        "doubling-time",
        "Doubling time of effective compute",
        f"{warning(fit)}Density of the doubling time of effective compute on a logarithmic axis of months. Median with "
        f"{INTERVAL}: {in_months(row)} months; {prior}. Marked beside it: {HO2024_COMPUTE.label}, "
        f"{HO2024_COMPUTE.months:g} months ({HO2024_COMPUTE.lower:g} to {HO2024_COMPUTE.upper:g}), and {MOORE.label}, "
        f"{MOORE.months:g} months.",
    )
