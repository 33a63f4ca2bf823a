"""The report of one fit: the answer first, then what it rests on, down to the diagnostics."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.laws import at_most_common
from bayes_scaling.reports.citations import citation_section
from bayes_scaling.reports.document import Document, Section
from bayes_scaling.reports.fit_answer import answer_of, banners, lead_picture, notes_of, subtitle_of, title_of
from bayes_scaling.reports.fit_change import change_section
from bayes_scaling.reports.fit_data import data_section
from bayes_scaling.reports.fit_method import method_section, model_section
from bayes_scaling.reports.fit_progress import (
    attribution_section,
    doubling_section,
    effective_compute_section,
    ridge_section,
)
from bayes_scaling.reports.fit_static import allocation_section, coefficients_section
from bayes_scaling.reports.fit_tables import unusable
from bayes_scaling.reports.fit_trust import (
    calibration_section,
    diagnostics_section,
    identification_section,
    predictive_section,
)
from bayes_scaling.reports.summary import summarise

if TYPE_CHECKING:
    from bayes_scaling.studies.robustness.result import Robustness

_MAY_BE_MISSING: dict[Callable[[Fit], Section | None], tuple[str, str]] = {
    effective_compute_section: ("effective-compute", "Effective compute over time"),
    attribution_section: ("attribution", "What made the loss fall"),
    allocation_section: ("allocation", "The best split of a budget"),
    predictive_section: ("predictive-checks", "Predictive checks"),
}
"""Sections that some laws and tables do not allow: such as attribution, of a law that does not tell N from D."""


def fit_document(fit: Fit, robustness: "Robustness | None" = None) -> Document:
    """What a report of one fit says; a robustness run on its table goes into the section on what would change it."""
    missing = [name for name in ("observed_data", "constant_data") if name not in fit.data]
    if missing:
        raise BayesScalingError(
            f"the fit of '{fit.specification.name}' has no group {', '.join(missing)}; a report needs a fit of bs.fit "
            "or bs.load_fit"
        )
    findings: tuple[Callable[[Fit], Section | None], ...]
    somewhere = at_most_common(fit)
    fit = replace(fit, setting={}) if fit.specification.progresses else somewhere
    if fit.specification.progresses:
        findings = (doubling_section, ridge_section, effective_compute_section, attribution_section)
    else:
        findings = (allocation_section, coefficients_section)
    made = (
        made_or_told(make, somewhere if make is attribution_section else fit)
        for make in (*findings, predictive_section, identification_section)
    )
    found = [section for section in made if section is not None]
    sections = (
        data_section(fit),
        model_section(fit),
        *(found if fit.diagnostics.converged else map(unusable, found)),
        diagnostics_section(fit),
        calibration_section(fit),
        change_section(fit, robustness),
        method_section(fit),
        citation_section(
            fit.evaluations.name, (fit.specification.law,), fit.versions, progress=fit.specification.progresses
        ),
    )
    return Document(
        title=title_of(fit),
        subtitle=subtitle_of(fit),
        answer=answer_of(fit),
        notes=notes_of(fit),
        lead=lead_picture(fit),
        banners=banners(fit),
        sections=sections,
        data=summarise(fit),
    )


def made_or_told(make: Callable[[Fit], Section | None], fit: Fit) -> Section | None:
    """A section, or a line on why this fit has none."""
    if make not in _MAY_BE_MISSING:
        return make(fit)
    try:
        return make(fit)
    except BayesScalingError as error:
        return Section.of(*_MAY_BE_MISSING[make], f"Not of this fit: {error}.")
