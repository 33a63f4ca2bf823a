"""The report of a replication, which puts the paper's answers beside ours, its page and tables for the terminal."""

import math

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.formatting import months
from bayes_scaling.common.strict_json import records
from bayes_scaling.inference.units import size_of
from bayes_scaling.plots.drawing import bracketed
from bayes_scaling.quantities.against_published import AgainstPublished
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL
from bayes_scaling.reports.document import Document, Row, Section, Table
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.terminal import rich_table
from bayes_scaling.studies.replication import Replication

_ABOUT = (
    "Published: point or median with its 95% bootstrap interval, where there is one. Found: posterior median and "
    f"{CREDIBLE_INTERVAL}."
)


def _prose_of(replication: Replication, caption: str = "") -> Prose:
    shown = {"published": published, "found": found, "AgainstPublished": AgainstPublished, "size_of": size_of}
    return Prose("replication", it=replication, parts=parts(replication), caption=caption, **shown)


def replication_document(replication: Replication) -> Document:
    """What a reader should see of a replication; ``data``: what ``replication.csv`` has."""
    return _prose_of(replication, _ABOUT).document({"table": records(replication.table)})


def replication_page(replication: Replication) -> str:
    """Markdown: one table a part, one sentence a quantity where published and found differ."""
    prose = _prose_of(replication)
    answer = Section.of("answer", "", tuple(sentences(replication)), _ABOUT)
    return render_page(prose.part("title")[0], answer, *prose.sections("parts"))


def parts(replication: Replication) -> dict[str, pd.DataFrame]:
    """Rows of the table by part, in order."""
    return {str(part): rows for part, rows in replication.table.groupby("part", sort=False)}


def sentences(replication: Replication) -> list[str]:
    """What was fitted, whether it converged, and how many published figures lie inside."""
    prose = _prose_of(replication)
    return [*prose.part("fits"), *prose.part("answer")]


def number(value: float) -> str:
    """Three significant digits, or thousands with separators; words where there is no number."""
    if not math.isfinite(value):
        return months(value)
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
    shown = (
        rich_table(section.title, table.columns[:-1], (row[:-1] for row in table.rows), box=box.SIMPLE_HEAD)
        for section in _prose_of(replication).sections("parts")
        for table in section.blocks
        if isinstance(table, Table)
    )
    return Group(*shown, *map(Text, sentences(replication)))
