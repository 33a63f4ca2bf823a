"""A report as Markdown: text stays text, whatever it says; pictures are files beside it, or told in words."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from bayes_scaling.posterior_report.document import (
    Block,
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
from bayes_scaling.posterior_report.plain_text import printable
from bayes_scaling.words import counted

_NOTHING: Mapping[str, str] = MappingProxyType({})
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&#])")
_STARTS_A_BLOCK = re.compile(r"^([-+=]|\d+(?=[.)](?:\s|$)))")
"""What makes a list, a heading or a rule of the line that it begins."""
_WEB = re.compile(r"(www)\.", re.IGNORECASE)
"""What some readers of Markdown make a link of though nothing asks for one, as of :// and of @, which needs a joiner
behind it as well: mail addresses are looked for after entities are read."""
_MARK = "⚠ "
_FENCE = re.compile(r"`{3,}")


def render_markdown(document: Document, pictures: Mapping[str, str] = _NOTHING) -> str:
    r"""A report as CommonMark with tables.

    Returns every text of the report escaped, so that ``<script>``, ``|`` and backticks show as they are, and addresses
    in it are no links. Rows that can't be trusted begin with a warning sign; mathematics stand in ``math`` fences.

    Parameters
    ----------
    document
        Any report.
    pictures
        Name of a picture to the address of its file, relative to the page. A picture without one is told by its
        alternative alone.

    Examples
    --------
    >>> print(render_markdown(Document("A <b> title", "8 months.", None, (), ())))
    # A \<b\> title
    <BLANKLINE>
    **8 months.**
    <BLANKLINE>
    """
    parts = [f"# {_text(document.title)}"]
    if document.subtitle:
        parts.append(f"*{_text(document.subtitle)}*")
    parts += [f"> **{_text(banner.title)}** {_text(banner.text)}" for banner in document.banners]
    parts.append(f"**{_text(document.answer)}**")
    parts += [_text(note) for note in document.notes]
    if document.lead is not None:
        parts.append(_picture(document.lead, pictures))
    for section in document.sections:
        parts += _section(section, pictures)
    return "\n\n".join(parts) + "\n"


def pictures_of(document: Document) -> dict[str, Picture]:
    """Every picture of a report by its name, in order."""
    found = [] if document.lead is None else [document.lead]
    found += [block for section in document.sections for block in section.blocks if isinstance(block, Picture)]
    return {picture.name: picture for picture in found}


def _section(section: Section, pictures: Mapping[str, str]) -> list[str]:
    return [f"## {_text(section.title)}", *(_block(block, pictures) for block in section.blocks)]


def _block(block: Block, pictures: Mapping[str, str]) -> str:
    match block:
        case Paragraph(text):
            return _text(text)
        case Bullets(items):
            return "\n".join(f"- {_text(item)}" for item in items)
        case Equation(tex):
            return _fenced(tex, "math")
        case Code(text, language):
            return _fenced(text, language)
        case Table():
            return _table(block)
        case Picture():
            return _picture(block, pictures)
        case Scatter():
            return _scatter(block)
        case _:
            assert_never(block)


def _table(table: Table) -> str:
    rows = [
        tuple((_MARK if column == 0 and place in table.marked else "") + cell for column, cell in enumerate(row))
        for place, row in enumerate(table.rows)
    ]
    caption = f"*{_text(table.caption)}*" + (f" ({_MARK.strip()}: not to be trusted)" if table.marked else "")
    return f"{caption}\n\n{_grid(table.columns, rows)}"


def _scatter(scatter: Scatter) -> str:
    """The points themselves: a page of text has no marks to point at."""
    names = list(dict.fromkeys(name for point in scatter.points for name, _ in point.details))
    rows = [
        (point.label, point.group, *(dict(point.details).get(name, "") for name in names)) for point in scatter.points
    ]
    points = counted(len(scatter.points), "point")
    return (
        f"**{_text(scatter.title)}** ({points}): {_text(scatter.alternative)}\n\n"
        f"{_grid(('point', 'group', *names), rows)}"
    )


def _grid(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [columns, *rows]
    written = ["| " + " | ".join(_inline(cell) for cell in line) + " |" for line in lines]
    return "\n".join([written[0], "|" + "---|" * len(columns), *written[1:]])


def _picture(picture: Picture, pictures: Mapping[str, str]) -> str:
    told = f"*{_text(picture.title)}.* {_text(picture.alternative)}"
    where = pictures.get(picture.name)
    return told if where is None else f"![{_text(picture.alternative)}](<{where}>)\n\n*{_text(picture.title)}*"


def _fenced(text: str, language: str) -> str:
    """Longer backticks than any within."""
    shown = printable(text)
    longest = max((len(found) for found in _FENCE.findall(shown)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def _text(text: str) -> str:
    """One line in which nothing is markup, not even its beginning."""
    line = _inline(text)
    start = _STARTS_A_BLOCK.match(line)
    if start is None:
        return line
    at = start.end() if start[1][0].isdigit() else 0  # a backslash before a digit would be shown
    return f"{line[:at]}\\{line[at:]}"


def _inline(text: str) -> str:
    """Text within a line, such as a cell's, in which nothing is markup or an address to go to."""
    line = _SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))
    return _WEB.sub(r"\1&#46;", line).replace("://", "&#58;//").replace("@", "&#64;&#8288;")
