"""Reports of studies: what their templates say things with, and the report of a study without a template of its own."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from bayes_scaling.common.formatting import in_digits, months, probability
from bayes_scaling.common.strict_json import records
from bayes_scaling.inference import diagnostics
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.units import plural_of, size_of
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL
from bayes_scaling.reports import fit_basis as basis
from bayes_scaling.reports.document import Document, Row, Section, Table
from bayes_scaling.reports.fit_words import (
    NOT_CLEARLY,
    halved,
    in_brackets,
    in_months,
    no_upper_bound,
    number,
    times_of,
    variant_in_words,
)

_MOST_NAMED = 8


def named(names: Iterable[str]) -> str:
    """Names in a sentence, some of them where there are many."""
    words = [variant_in_words(str(name)) for name in names]
    rest = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def pace(row: Row) -> str:
    """A doubling time of effective compute as people say it."""
    chance = f"probability of progress {probability(row['probability_of_progress'])}"
    if math.isinf(row["median"]):
        _, lower, _ = in_digits(row, months)
        return f"better algorithms {NOT_CLEARLY} {lower} months or more ({chance})"
    return f"better algorithms {halved(row)} ({CREDIBLE_INTERVAL}; {chance})"


def versions_of(fits: Iterable[Fit]) -> Mapping[str, str]:
    """Versions of software that made the fits; those at hand where none was kept."""
    return next((fit.versions for fit in fits if fit.versions), None) or package_versions()


STUDY_WORDS: Mapping[str, Any] = {"basis": basis, "limits": diagnostics, "variant_in_words": variant_in_words} | {
    each.__name__: each
    for each in (in_brackets, in_months, named, no_upper_bound, number, pace, plural_of, size_of, times_of)
}
"""What templates of studies say things with, beside the words of every report."""


def study_document(result: Any) -> Document:
    """What a reader should see of a result with ``title``, ``answer``, ``evaluations`` and ``table``."""
    rows, about = records(result.table), result.evaluations
    table = Table.plain("table", result.title, pd.DataFrame(rows))
    return Document(
        title=result.title,
        subtitle=f"on the table '{about.name}' ({size_of(about)})",
        answer=result.answer,
        sections=(Section.of("results", "Results", table),),
        data={"table": rows},
    )
