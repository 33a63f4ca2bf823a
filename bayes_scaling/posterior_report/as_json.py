"""A report as strict JSON: what scripts want of it."""

from dataclasses import asdict
from typing import Any

from bayes_scaling.plain_json import plain, strict_text
from bayes_scaling.posterior_report.document import (
    Bullets,
    Code,
    Document,
    Equation,
    Paragraph,
    Picture,
    Scatter,
    Section,
    Table,
)


def as_plain(document: Document) -> dict[str, Any]:
    """A report as plain data.

    Returns dict: ``title``, ``subtitle``, ``answer``, ``notes``, ``banners``, ``sections`` (each with ``text``,
    ``equations`` in LaTeX, ``tables`` with their rows as records and the numbers of marked rows, ``pictures`` by their
    alternatives, ``points``), and ``data``: the figures behind them, as numbers, with null for what is not defined or
    without bound.

    Examples
    --------
    >>> found = as_plain(Document("A title", "An answer.", None, (), (), {"months": float("inf")}))
    >>> found["answer"], found["data"]
    ('An answer.', {'months': None})
    """
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "answer": document.answer,
        "notes": list(document.notes),
        "banners": [asdict(banner) for banner in document.banners],
        "lead": None if document.lead is None else _picture(document.lead),
        "sections": [_section(section) for section in document.sections],
        "data": plain(document.data),
    }


def render_json(document: Document) -> str:
    """A report as strict JSON text: no NaN, no infinity.

    Examples
    --------
    >>> import json
    >>> json.loads(render_json(Document("A title", "An answer.", None, (), ())))["title"]
    'A title'
    """
    return strict_text(as_plain(document))


def _section(section: Section) -> dict[str, Any]:
    found: dict[str, Any] = {"name": section.name, "title": section.title}
    kind: str
    parts: list[Any]
    for block in section.blocks:
        match block:
            case Paragraph(text):
                kind, parts = "text", [text]
            case Bullets(items):
                kind, parts = "text", list(items)
            case Equation(tex):
                kind, parts = "equations", [tex]
            case Code(text):
                kind, parts = "code", [text]
            case Table():
                kind, parts = "tables", [_table(block)]
            case Picture():
                kind, parts = "pictures", [_picture(block)]
            case Scatter():
                kind, parts = "points", [_scatter(block)]
        found.setdefault(kind, []).extend(parts)
    return found


def _table(table: Table) -> dict[str, Any]:
    records = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    columns, marked = list(table.columns), sorted(table.marked)
    return {"name": table.name, "caption": table.caption, "columns": columns, "records": records, "marked": marked}


def _picture(picture: Picture | Scatter) -> dict[str, Any]:
    return {"name": picture.name, "title": picture.title, "alternative": picture.alternative}


def _scatter(scatter: Scatter) -> dict[str, Any]:
    points = [asdict(point) | {"link": point.link or None, "details": dict(point.details)} for point in scatter.points]
    return _picture(scatter) | {"x": scatter.x_label, "y": scatter.y_label, "records": plain(points)}
