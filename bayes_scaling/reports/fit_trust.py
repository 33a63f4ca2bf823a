"""Whether a fit may be believed: predictive checks, who decided each quantity, convergence, and calibration."""

import matplotlib as mpl

from bayes_scaling.common.formatting import NOT_CONVERGED
from bayes_scaling.inference.data import named_rows
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, EVIDENCE_SPREAD_MAX, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.units import noun_of
from bayes_scaling.plots.identification import plot_identification
from bayes_scaling.plots.predictive import plot_predictive
from bayes_scaling.quantities.identification import can_identify, identification
from bayes_scaling.quantities.influence import BY_THE_PRIOR
from bayes_scaling.quantities.predictive_check import FALSE_DISCOVERIES, predictive_check
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.reports import fit_words as words
from bayes_scaling.reports.calibration_document import calibration_sentences, calibration_table
from bayes_scaling.reports.document import Blocks, Table, section
from bayes_scaling.reports.fit_basis import command_blocks, further_selections, specification_name
from bayes_scaling.reports.fit_words import ESCALATED, next_step
from bayes_scaling.reports.prose import Prose
from bayes_scaling.studies.calibration.calibrate import evidence_for


@section("predictive-checks", "Predictive checks", refusable=True)
def predictive_section(fit: Fit) -> Blocks:
    """Whether the fitted model looks like what it was fitted to."""
    check = predictive_check(fit)
    with mpl.rc_context({"text.parse_math": False}):  # names of papers may hold dollar signs
        drawn = plot_predictive(check)
    yield from Prose(
        "fit_trust",
        **{"words": words, "BAND": f"{BAND:.0%}", "SHARE": f"{INTERVAL_PROBABILITY:.0%}"},
        false_flags=f"{FALSE_DISCOVERIES:.0%}",
        check=check,
        unit=noun_of(check.unit, check.evaluations.kind),
        systems=dict(named_rows(fit.data).get("system", {})),
        drawn=drawn,
    ).blocks("predictive")


@section("identification", "Data or prior?")
def identification_section(fit: Fit) -> Blocks:
    """What the data decided, and what the prior did."""
    if not can_identify(fit):
        yield "This fit keeps no log prior and log likelihood, so whether data or prior decided can't be told."
        return
    told = {"found": identification(fit), "drawn": plot_identification(fit, ridge=False), "BY_THE_PRIOR": BY_THE_PRIOR}
    yield from Prose("fit_trust", words=words, **told).blocks("identification")


@section("diagnostics", "Did the chains agree?")
def diagnostics_section(fit: Fit) -> Blocks:
    """Each criterion of convergence: its threshold, what was found, and whether it is met."""
    found, rows = fit.diagnostics, criteria(fit)
    yield f"{'Converged' if found.converged else NOT_CONVERGED}: {found.facts}"
    if found.failures:
        yield found.failures
        yield next_step(fit)
    yield ESCALATED if found.escalated else None
    missed = frozenset(place for place, row in enumerate(rows) if row[-1] != "met")
    caption = "Criteria of convergence, over every parameter and reported quantity"
    yield Table("criteria", caption, ("criterion", "threshold", "found", "state"), rows, missed)


def criteria(fit: Fit) -> tuple[tuple[str, str, str, str], ...]:
    """Criterion, threshold, what was found, and ``"met"`` or ``"NOT MET"``."""
    d = fit.diagnostics
    rhat = f"largest rank-normalised split R-hat ({d.worst})"
    ess = f"at least {ESS_MIN}"
    rows = [
        (rhat, f"at most {RHAT_MAX}", f"{d.rhat_max:.4f}", d.rhat_max <= RHAT_MAX),
        ("smallest bulk effective sample size", ess, f"{d.ess_bulk_min:,.0f}", d.ess_bulk_min >= ESS_MIN),
        ("smallest tail effective sample size", ess, f"{d.ess_tail_min:,.0f}", d.ess_tail_min >= ESS_MIN),
    ]
    if (spread := d.evidence_spread) is not None:
        name = "standard deviation of log evidence between runs (nats)"
        rows.append((name, f"at most {EVIDENCE_SPREAD_MAX}", f"{spread:.2f}", spread <= EVIDENCE_SPREAD_MAX))
    else:
        limit = f"at most {TOLERATED_FRACTION:.1%} of draws" if d.escalated else "none"
        rows += [
            ("divergent transitions", limit, f"{d.divergences} of {d.draws:,}", d.divergences <= d.tolerated),
            ("draws at maximum tree depth", limit, f"{d.maxdepth} of {d.draws:,}", d.maxdepth <= d.tolerated),
            ("smallest E-BFMI of a chain", f"at least {EBFMI_MIN}", f"{d.ebfmi_min:.2f}", d.ebfmi_min >= EBFMI_MIN),
        ]
    return tuple((name, limit, value, "met" if met else "NOT MET") for name, limit, value, met in rows)


_UNASKED = (("evaluations", "ho2024"), ("runs", "simulated"))
"""Kinds and names of the tables whose designs `calibrate` takes where none is named."""


@section("calibration", "Do its intervals cover as often as they should?")
def calibration_section(fit: Fit) -> Blocks:
    """The calibration that comes with the package, if it is of this specification; else how to make one."""
    if fit.specification.delta is not None:
        yield "The paper's penalty as a prior can't be simulated from, so its calibration is unknown."
        return
    found, about = evidence_for(fit.specification), fit.evaluations
    command, told = ("calibrate", specification_name(fit.specification)), (about.kind, about.name) not in _UNASKED
    if found is None:
        lead = (
            "No calibration of this specification with these priors comes with the package. To simulate from its "
            "priors at your table's design, fit what was simulated, and rank the true values:"
        )
    else:
        design = found.evaluations
        lead = f"This was found for the design of {design}; intervals may do better or worse for yours. To find out:"
        yield (
            "Parameters were drawn from the priors, losses simulated, the specification fitted to them, and the true "
            "values ranked among the draws of each posterior. Where posteriors are right, ranks are uniform."
        )
        yield tuple(calibration_sentences(found))
        yield calibration_table(found)
    if found is None or about.name != found.evaluations or further_selections(about):
        yield from command_blocks(lead, command, about, told=told)
