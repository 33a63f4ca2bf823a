"""The report of a study that has no document of its own: its answer and its table."""

from functools import partial
from typing import Any

from bayes_scaling.common.strict_json import records
from bayes_scaling.inference.units import size_of
from bayes_scaling.reports.document import Document, Row, Section, Table


def study_document(result: Any) -> Document:
    """What a reader should see of a result with ``title``, ``answer``, ``evaluations`` and ``table``."""
    rows, about = records(result.table), result.evaluations
    columns = {name: partial(_cell, name) for name in rows[0]}
    table = Table.of("table", result.title, rows, columns)
    return Document(
        title=result.title,
        subtitle=f"on the table '{about.name}' ({size_of(about)})",
        answer=result.answer,
        sections=(Section.of("results", "Results", table),),
        data={"table": rows},
    )


def _cell(column: str, row: Row) -> str:
    return f"{row[column]:.4g}" if isinstance(row[column], float) else str(row[column])
