"""A report as Markdown: text stays text, whatever it says; pictures are files beside it, or told in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from bayes_scaling.reports import document as blocks
from bayes_scaling.reports.document import Block, Document, Section, printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&#])")
_STARTS_A_BLOCK = re.compile(r"^([-+=]|\d+(?=[.)](?:\s|$)))")
"""What makes a list, a heading or a rule of the line that it begins."""
_WEB = re.compile(r"(www)\.", re.IGNORECASE)
"""What some readers of Markdown turn into a link unasked, like :// and @, behind which a joiner is needed as well: they
look for mail addresses after entities are read."""
_MARK = "⚠ "
_FENCE = re.compile(r"`{3,}")


def render_markdown(document: Document, pictures: Mapping[str, str] | None = None) -> str:
    """A report as CommonMark with tables, all text escaped; ``pictures`` at addresses by name, others told in words."""
    writer = _Writer(_text, _inline, pictures or {})
    parts = [f"# {_text(document.title)}"]
    parts += [f"*{_text(document.subtitle)}*"] if document.subtitle else []
    parts += [f"> **{_text(banner.title)}** {_text(banner.text)}" for banner in document.banners]
    parts += [f"**{_text(document.answer)}**", *map(_text, document.notes)]
    parts += [] if document.lead is None else [writer.block(document.lead)]
    if document.changes:
        parts += ["**What would change this answer**", writer.block(blocks.Bullets(document.changes))]
    parts += [f"**Cite this:** {_text(document.citation[0])}"] if document.citation else []
    return "\n\n".join([*parts, *map(writer.section, document.everything)]) + "\n"


def render_page(title: str, *sections: Section) -> str:
    """Sections as a page of Markdown, their text taken as Markdown; one without a title has no heading."""
    writer = _Writer(str, lambda cell: cell.replace("|", "\\|"), {}, reports=False)
    return "\n\n".join([f"# {title}", *map(writer.section, sections)]) + "\n"


def pictures_of(document: Document) -> dict[str, str]:
    """Every picture of a report, and the first view of every chart, as SVG by name, in order."""
    found = {}
    for block in document.named:
        if isinstance(block, blocks.Picture):
            found[block.name] = block.svg
        elif isinstance(block, blocks.Chart):  # black on white
            from vl_convert import vegalite_to_svg

            view = {**next(iter(block.views.values())), "width": 720, "background": "white"}
            found[block.name] = str(vegalite_to_svg(view))
    return found


@dataclass(frozen=True)
class _Writer:
    """Blocks as Markdown: how text and cells are written, and where pictures are."""

    text: Callable[[str], str]
    cell: Callable[[str], str]
    pictures: Mapping[str, str]
    reports: bool = True

    def section(self, section: Section) -> str:
        heading = [f"## {self.text(section.title)}"] if section.title else []
        return "\n\n".join([*heading, *map(self.block, section.blocks)])

    def block(self, block: Block) -> str:
        match block:
            case blocks.Paragraph(text):
                return self.text(text)
            case blocks.Bullets(items):
                return "\n".join(f"- {self.text(item)}" for item in items)
            case blocks.Equation(tex):
                return _fenced(tex, "math")
            case blocks.Code(text, language):
                return _fenced(text, language)
            case blocks.Table():
                return self._table(block)
            case blocks.Picture():
                return self._picture(block)
            case blocks.Chart():  # its first view as a drawing, if drawings have a place, and the table behind it
                parts = [self._picture(block), self.text(block.note), self._grid(block.table)]
                return "\n\n".join(filter(None, parts))
            case _:
                assert_never(block)

    def _table(self, table: blocks.Table) -> str:
        if not self.reports:
            return "\n\n".join(filter(None, (table.caption, self._grid(table))))
        marks = [_MARK if place in table.marked else "" for place in range(len(table.rows))]
        rows = tuple((f"{mark}{row[0]}", *row[1:]) for mark, row in zip(marks, table.rows, strict=True))
        caption = f"*{self.text(table.caption)}*" + (f" ({_MARK.strip()}: not to be trusted)" if table.marked else "")
        return f"{caption}\n\n{self._grid(replace(table, rows=rows))}"

    def _grid(self, table: blocks.Table) -> str:
        first, *rest = ("| " + " | ".join(map(self.cell, line)) + " |" for line in (table.columns, *table.rows))
        rule = "|" + "".join("---:|" if figures else "---|" for figures in table.figures)
        return "\n".join([first, rule, *rest])

    def _picture(self, picture: blocks.Picture | blocks.Chart) -> str:
        title, alternative = self.text(picture.title), self.text(picture.alternative)
        where = self.pictures.get(picture.name)
        return f"*{title}.* {alternative}" if where is None else f"![{alternative}](<{where}>)\n\n*{title}*"


def _fenced(text: str, language: str) -> str:
    """Longer backticks than any within."""
    shown = printable(text)
    longest = max((len(found) for found in _FENCE.findall(shown)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def _text(text: str) -> str:
    """One line in which nothing is markup, not even its beginning."""
    line = _inline(text)
    if (start := _STARTS_A_BLOCK.match(line)) is None:
        return line
    at = start.end() if start[1][0].isdigit() else 0  # a backslash before a digit would be shown
    return f"{line[:at]}\\{line[at:]}"


def _inline(text: str) -> str:
    """Text within a line, such as a cell's, in which nothing is markup or an address to go to."""
    line = _SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))
    return _WEB.sub(r"\1&#46;", line).replace("://", "&#58;//").replace("@", "&#64;&#8288;")
