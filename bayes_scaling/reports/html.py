"""Reports as one HTML file that loads nothing from anywhere."""

import base64
import hashlib
import re
from functools import cache
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, fromstring, tostring

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.reports.document import LONGEST_FIGURE, Document, Picture, Scatter, Table, encoded, printable
from bayes_scaling.reports.scatter_svg import scatter_svg

if TYPE_CHECKING:
    from jinja2 import Template

_ELEMENTS = re.compile(
    "math|mrow|mi|mn|mo|mtext|mspace|msub|msup|msubsup|mfrac|msqrt|mroot|mover|munder|munderover|mmultiscripts|mtable|mtr|"
    "mtd|mstyle|mpadded|mphantom|menclose|merror|none|mprescripts"
)
_ATTRIBUTES = re.compile(
    "xmlns|display|mathvariant|stretchy|accent|accentunder|width|height|depth|lspace|rspace|form|fence|separator|largeop|"
    "movablelimits|symmetric|minsize|maxsize|linethickness|columnalign|rowspacing|columnspacing|displaystyle|scriptlevel|"
    "bevelled|notation|columnlines|rowlines"
)
_ALIGNED = re.compile(r"\\(begin|end)\{aligned\}")


def mathml(tex: str) -> str | None:
    """LaTeX, `aligned` too, as one `<math>` element without links and styles; None where it can't be understood."""
    # Imported here: a report may hold no equation, and the command line starts without it.
    from latex2mathml.converter import Converter

    try:
        math = Converter(display="block").convert_to_element(_ALIGNED.sub(r"\\\1{align*}", printable(tex)))
    except Exception:  # its parser fails in many ways, IndexError among them, and the LaTeX can still be shown
        return None
    for element in math.iter():
        if not _ELEMENTS.fullmatch(element.tag):
            return None
        for name in [each for each in element.attrib if not _ATTRIBUTES.fullmatch(each)]:
            del element.attrib[name]
        element.text, element.tail = (unescape(each) if each else None for each in (element.text, element.tail))
        if element.tag == "mi" and element.text == "~":  # "distributed as", which has spaces around it
            element.tag, element.text = "mo", "\u223c"
    return tostring(math, encoding="unicode")


_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_BLANK = re.compile(r" (?![(\[])")


def render_html(document: Document) -> str:
    """Write a report as one HTML page that works offline; write it as UTF-8.

    Style and script are inside, and a security policy forbids everything else: no request is made, and no text of
    the report can act as markup. The page reads well without its script, in print, on light and dark screens, on
    phones, from the keyboard and through a screen reader.
    """
    _check(document)
    css, script = _packaged("page.css"), _packaged("page.js")
    return _template().render(document=document, css=css, script=script, css_hash=_hash(css), script_hash=_hash(script))


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A content security policy's name for what may stand in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template() -> "Template":
    # Imported here: the command line starts without it.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters |= {"mathml": mathml, "address": _address, "drawing": scatter_svg, "points": _points}
    environment.filters |= {"kind": lambda block: type(block).__name__, "stacks": _stacks, "unbroken": _unbroken}
    return environment.from_string(_packaged("page.html.jinja"))


def _address(picture: Picture) -> str:
    """A drawing as the address of an image: browsers run nothing in one, and load nothing for it."""
    try:
        drawing = fromstring(picture.svg).tag == "{http://www.w3.org/2000/svg}svg"
    except (ParseError, ValueError):
        drawing = False
    if not drawing:
        raise BayesScalingError(f"Picture {picture.name!r} is no SVG: draw it with Matplotlib and save it as SVG.")
    return f"data:image/svg+xml;base64,{base64.b64encode(encoded(picture.svg)).decode()}"


def _points(scatter: Scatter) -> list[tuple[tuple[str, ...], str, str]]:
    """Cells of each point, its address, and what is shown as text since following it could run something."""
    links = (point.link for point in scatter.points)
    return [
        (cells, *((link, "") if _ADDRESS.fullmatch(link) else ("", link)))
        for cells, link in zip(scatter.table.rows, links, strict=True)
    ]


def _unbroken(cell: str) -> str:
    """A cell of figures that a narrow column breaks before its brackets alone: median above, interval below."""
    return _BLANK.sub("\N{NO-BREAK SPACE}", cell)


def _stacks(table: Table) -> bool:
    """Whether a narrow screen shows cells one below the other: tables of sentences would scroll far."""
    return len(table.columns) > 2 and any(len(cell) > LONGEST_FIGURE for row in table.rows for cell in row[1:])


def _check(document: Document) -> None:
    blocks = [document.lead, *(block for section in document.sections for block in section.blocks)]
    named = [block for block in blocks if isinstance(block, Table | Picture | Scatter)]
    for names in ([section.name for section in document.sections], [block.name for block in named]):
        for number, name in enumerate(names):
            if not _NAME.fullmatch(name):
                raise BayesScalingError(
                    f"{name!r} can't name a part of a report: use lower-case letters and digits, with hyphens between."
                )
            if name in names[:number]:
                raise BayesScalingError(f"Two parts of the report are named {name!r}: give one of them another name.")
    for table in (block for block in named if isinstance(block, Table)):
        for number, row in enumerate(table.rows):
            if len(row) != len(table.columns):
                raise BayesScalingError(
                    f"Row {number} of table {table.name!r} has {len(row)} cells under {len(table.columns)} headers: "
                    "give as many cells as headers."
                )
