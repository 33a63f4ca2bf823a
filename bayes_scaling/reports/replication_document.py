"""The report of a replication, which puts the paper's answers beside ours, its page and tables for the terminal."""

import math
from collections.abc import Iterable, Iterator, Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.formatting import NOT_CONVERGED
from bayes_scaling.common.strict_json import records
from bayes_scaling.inference.units import size_of
from bayes_scaling.plots.drawing import bracketed
from bayes_scaling.quantities.against_published import AgainstPublished
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL
from bayes_scaling.reports.document import Banner, Document, Row, Section, Table
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.terminal import rich_table
from bayes_scaling.studies.replication import Replication

NOTES: Mapping[str, str] = {
    "doubling times": "The published intervals are of an optimiser that stops early on the ridge between the two "
    "rates, near the same place in every resample; a posterior covers the ridge. Published percentiles are of the "
    "doubling time itself, which changes its sign through infinity where a rate passes 0; here they are of the rate, "
    "and a rate that is not positive has no bound. How wide two intervals are is compared as rates.",
    "what progress was worth": "The published growth of effective compute is nine years at 7.5 months, which is none "
    "of the reported medians, and stands without an interval; half the doubling time squares it.",
    "the transformer": "Computed as published: both sizes scaled alike, in 2023, from N = D.",
    "attribution": "Published shares stand without intervals. The shares of the two efficiencies trade off along the "
    "ridge, so that neither is known as well as those of parameters and data.",
}
"""By part: why published and found differ."""


TITLE = "Do posteriors agree with the paper's answers?"
_ABOUT = (
    "Published: point or median with its 95% bootstrap interval, where there is one. Found: posterior median and "
    f"{CREDIBLE_INTERVAL}."
)


def replication_document(replication: Replication) -> Document:
    """What a reader should see of a replication; ``data``: what ``replication.csv`` has."""
    *fits, answer = sentences(replication)
    lost = replication.unconverged.items()
    return Document(
        title=TITLE,
        answer=answer,
        banners=tuple(Banner(NOT_CONVERGED, f"{name}: {'; '.join(failures)}.") for name, failures in lost),
        sections=tuple(_sections(replication, _ABOUT)),
        data={"table": records(replication.table)},
        notes=tuple(fits),
    )


def replication_page(replication: Replication) -> str:
    """Markdown: one table a part, one sentence a quantity where published and found differ."""
    answer = Section.of("answer", "", tuple(sentences(replication)), _ABOUT)
    return render_page(TITLE, answer, *_sections(replication, ""))


def _sections(replication: Replication, caption: str) -> Iterator[Section]:
    for part, rows in parts(replication).items():
        name, title = part.replace(" ", "-"), f"{part[0].upper()}{part[1:]}"
        yield Section.of(name, title, NOTES[part], _table(rows, f"{name}-table", caption))
    yield Section.of("sources", "Sources", tuple(dict.fromkeys(replication.table["source"])))


def _table(rows: Mapping[str, Row], name: str = "", caption: str = "") -> Table:
    return Table.of(
        name,
        caption,
        [{"name": name, **row} for name, row in rows.items()],
        {
            "quantity": "{name}",
            "unit": "{unit}",
            "published": published,
            "found": found,
            "": lambda row: AgainstPublished(bool(row["published_inside"]), float(row["width_ratio"])).sentence,
        },
    )


def parts(replication: Replication) -> dict[str, dict[str, Row]]:
    """Rows of the table by part and quantity, in order."""
    grouped = replication.table.groupby("part", sort=False)
    return {str(part): {str(name): row for name, row in of.to_dict("index").items()} for part, of in grouped}


def sentences(replication: Replication) -> Iterable[str]:
    """What was fitted, whether it converged, and how many published figures lie inside."""
    for name, fit in replication.fits.items():
        summary, checked = fit.evaluations, fit.diagnostics
        state = "converged" if checked.converged else f"{NOT_CONVERGED}: {'; '.join(checked.failures)}"
        facts = f"R-hat at most {checked.rhat_max:.3f}, {checked.draws:,} draws"
        yield f"{name} on {summary.name} ({size_of(summary)}): {state} ({facts})."
    inside = int(replication.table["published_inside"].sum())
    yield f"{inside} of {len(replication.table)} published figures lie inside the interval found."


def number(value: float) -> str:
    """Three significant digits, or thousands with separators; words where there is no number."""
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "no bound"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value + 0.0:.3g}"  # no negative zero


def published(row: Row) -> str:
    """Published point and interval."""
    values = [row[name] for name in ("published", "published_lower", "published_upper")]
    return number(values[0]) if math.isnan(values[1]) else bracketed(values, number)


def found(row: Row) -> str:
    """Median and interval found."""
    return bracketed((row[part] for part in ("median", "lower", "upper")), number)


def replication_report(replication: Replication) -> RenderableType:
    """Tables and sentences for the terminal."""
    tables = ((part, _table(rows)) for part, rows in parts(replication).items())
    shown = (
        rich_table(part, table.columns[:-1], (row[:-1] for row in table.rows), box=box.SIMPLE_HEAD)
        for part, table in tables
    )
    return Group(*shown, *map(Text, sentences(replication)))
