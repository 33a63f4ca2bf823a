"""A report as strict JSON: what scripts want of it."""

from typing import Any

from bayes_scaling.plain_json import plain, strict_text
from bayes_scaling.posterior_report.document import (
    Bullets,
    Code,
    Document,
    Equation,
    Paragraph,
    Picture,
    Section,
    Table,
)
from bayes_scaling.posterior_report.document import Scatter as ScatterPlot


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
        "banners": [{"title": banner.title, "text": banner.text} for banner in document.banners],
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
    for block in section.blocks:
        match block:
            case Paragraph(text):
                found.setdefault("text", []).append(text)
            case Bullets(items):
                found.setdefault("text", []).extend(items)
            case Equation(tex):
                found.setdefault("equations", []).append(tex)
            case Code(text):
                found.setdefault("code", []).append(text)
            case Table():
                found.setdefault("tables", []).append(_table(block))
            case Picture():
                found.setdefault("pictures", []).append(_picture(block))
            case ScatterPlot():
                found.setdefault("points", []).append(_scatter(block))
    return found


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "caption": table.caption,
        "columns": list(table.columns),
        "records": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
        "marked": sorted(table.marked),
    }


def _picture(picture: Picture) -> dict[str, str]:
    return {"name": picture.name, "title": picture.title, "alternative": picture.alternative}


def _scatter(scatter: ScatterPlot) -> dict[str, Any]:
    return {
        "name": scatter.name,
        "title": scatter.title,
        "alternative": scatter.alternative,
        "x": scatter.x_label,
        "y": scatter.y_label,
        "records": [
            {
                "label": point.label,
                "group": point.group,
                "x": plain(point.x),
                "y": plain(point.y),
                "link": point.link or None,
                **{"details": dict(point.details)},
            }
            for point in scatter.points
        ],
    }
