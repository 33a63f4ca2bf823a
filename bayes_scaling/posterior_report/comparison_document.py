"""The report of a comparison, put together from its parts."""

import json
from typing import Any

from bayes_scaling.comparison.reading import load_comparison
from bayes_scaling.comparison.result import Comparison
from bayes_scaling.posterior_report.citations import citation_section
from bayes_scaling.posterior_report.comparison_answer import answer_of, banners_of, lead_picture
from bayes_scaling.posterior_report.comparison_change import change_section
from bayes_scaling.posterior_report.comparison_sections import (
    method_section,
    models_section,
    published_section,
    ranking_section,
    specifications_of,
    times_section,
    versions_of,
)
from bayes_scaling.posterior_report.comparison_trust import convergence_section, leave_one_out_section
from bayes_scaling.posterior_report.document import Document, Paragraph, Section
from bayes_scaling.posterior_report.fit_data import data_section
from bayes_scaling.report.comparison import comparison_json
from bayes_scaling.report.units import size_of
from bayes_scaling.words import counted

__all__ = ["comparison_document", "load_comparison"]


def _title(comparison: Comparison) -> str:
    """The question that a comparison answers; one model alone is no best."""
    models = comparison.table.loc[comparison.table["converged"], "model"].nunique()
    subject = "training runs" if comparison.evaluations.kind == "runs" else "language models"
    return f"Which law predicts {subject} best?" if models > 1 else f"How well does one law predict {subject}?"


def comparison_document(comparison: Comparison) -> Document:
    """What a reader should see of a comparison.

    Returns which models the data can't tell apart and the doubling time averaged over them; ranks, weights,
    differences; what would change the answer; what leave-one-out measures and where it can be trusted; models, data,
    method, citations. Variants that did not converge are marked, last, and named in a banner. ``data``: what
    ``comparison.json`` and ``comparison.csv`` have.

    Parameters
    ----------
    comparison
        Of :func:`bayes_scaling.compare`, or read back by
        :func:`bayes_scaling.comparison.reading.load_comparison`.

    Examples
    --------
    >>> comparison = load_comparison("runs/compare-ho2024")  # doctest: +SKIP
    >>> comparison_document(comparison).answer  # doctest: +SKIP
    """
    specifications = specifications_of(comparison)
    sections = (
        ranking_section(comparison),
        times_section(comparison),
        change_section(comparison),
        published_section(comparison),
        leave_one_out_section(comparison),
        convergence_section(comparison),
        models_section(comparison, specifications),
        _data_section(comparison),
        method_section(comparison),
        citation_section(
            comparison.evaluations.name,
            tuple(dict.fromkeys(each.law for each in specifications.values())),
            versions_of(comparison),
            progress=any(each.progresses for each in specifications.values()),
        ),
    )
    return Document(
        title=_title(comparison),
        subtitle=(
            f"{counted(len(comparison.table), 'variant')} compared on the table '{comparison.evaluations.name}' "
            f"({size_of(comparison.evaluations)})"
        ),
        answer=answer_of(comparison),
        lead=lead_picture(comparison),
        banners=banners_of(comparison),
        sections=tuple(section for section in sections if section is not None),
        data=_data(comparison),
    )


def _data_section(comparison: Comparison) -> Section:
    """All variants are fitted to one table, and any fit has its rows."""
    for fit in comparison.fits.values():
        return data_section(fit)
    about = comparison.evaluations
    text = f"{size_of(about)}, of the table '{about.name}'"
    text += f"; selected: {'; '.join(about.selections)}" if about.selections else ""
    return Section("data", "Data", (Paragraph(f"{text}."),))


def _data(comparison: Comparison) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(comparison_json(comparison))
    table = comparison.table.astype(object).where(comparison.table.notna(), None)
    return plain | {"versions": dict(versions_of(comparison)), "table": table.to_dict("records")}
