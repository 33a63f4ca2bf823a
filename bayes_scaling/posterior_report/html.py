"""Reports as one HTML file that loads nothing from anywhere."""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.posterior_report.document import LONGEST_FIGURE, Document, Picture, Point, Scatter, Table
from bayes_scaling.posterior_report.plain_text import encoded, printable
from bayes_scaling.posterior_report.scatter_svg import scatter_svg

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_WORDS = re.compile(r"\S+")
_ELEMENTS = frozenset(
    _WORDS.findall("""
    math mrow mi mn mo mtext mspace msub msup msubsup mfrac msqrt mroot mover munder munderover mmultiscripts
    mtable mtr mtd mstyle mpadded mphantom menclose merror none mprescripts
""")
)
_ATTRIBUTES = frozenset(
    _WORDS.findall("""
    xmlns display mathvariant stretchy accent accentunder width height depth lspace rspace form fence separator
    largeop movablelimits symmetric minsize maxsize linethickness columnalign rowspacing columnspacing
    displaystyle scriptlevel bevelled notation columnlines rowlines
""")
)
_ALIGNED = re.compile(r"\\(begin|end)\{aligned\}")


def mathml(tex: str) -> str | None:
    r"""A formula as one `<math>` element.

    Returns str or None: Markup that holds nothing but mathematics: no links, no styles. None where the formula can't be
    understood; show the LaTeX itself then.

    Parameters
    ----------
    tex
        LaTeX without dollar signs; `aligned` is understood.

    Examples
    --------
    >>> mathml(r"\alpha < 1").partition("<mrow>")[2]
    '<mi>α</mi><mo>&lt;</mo><mn>1</mn></mrow></math>'
    >>> mathml(r"\frac{") is None
    True
    """
    # Imported here: a report may hold no equation, and the command line starts without it.
    from latex2mathml.converter import Converter

    try:
        math = Converter(display="block").convert_to_element(_ALIGNED.sub(r"\\\1{align*}", printable(tex)))
    except Exception:  # its parser fails in many ways, IndexError among them, and the LaTeX can still be shown
        return None
    for element in math.iter():
        if element.tag not in _ELEMENTS:
            return None
        _keep_mathematics(element)
    return tostring(math, encoding="unicode")


def _keep_mathematics(element: Element) -> None:
    """Text as characters, not as references; attributes without links and styles; "distributed as" with its spaces."""
    for name in set(element.attrib) - _ATTRIBUTES:
        del element.attrib[name]
    element.text = unescape(element.text) if element.text else None
    if element.tag == "mi" and element.text == "~":
        element.tag, element.text = "mo", "\u223c"
    element.tail = unescape(element.tail) if element.tail else None


_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_BLANK = re.compile(r" (?![(\[])")


def render_html(document: Document) -> str:
    r"""Write a report as one HTML page that works offline.

    Style and script are inside, and a security policy forbids everything else: no request is made, and no text of
    the report can act as markup. The page reads well without its script, in print, on light and dark screens, on
    phones, from the keyboard and through a screen reader.

    Returns the page; write it as UTF-8. Raises BayesScalingError: a name is used twice or is not in lower case with
    hyphens, or a row has more or fewer cells than its table has columns.

    Parameters
    ----------
    document
        What the report says. All its texts are shown as text.

    Examples
    --------
    >>> page = render_html(Document("Doubling time", "About 8 months.", None, (), ()))
    >>> "<h1>Doubling time</h1>" in page
    True
    """
    _check(document)
    from markupsafe import Markup

    css, script = _packaged("page.css"), _packaged("page.js")
    return _template().render(
        document=document,
        css=Markup(css),
        script=Markup(script),
        css_hash=_hash(css),
        script_hash=_hash(script),
    )


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
    environment.filters |= {
        "kind": lambda block: type(block).__name__,
        "mathml": _mathml,
        "address": _address,
        "scatter_parts": _ScatterParts,
        "stacks": _stacks,
        "unbroken": _unbroken,
    }
    return environment.from_string(_packaged("page.html.jinja"))


def _mathml(tex: str) -> "Markup | None":
    from markupsafe import Markup

    markup = mathml(tex)
    return None if markup is None else Markup(markup)


def _address(picture: Picture) -> str:
    """The drawing as an address of its own. Browsers let an image neither run nor load anything."""
    return f"data:image/svg+xml;base64,{base64.b64encode(encoded(picture.svg)).decode()}"


class _ScatterParts:
    """What the page shows of a scatter plot: drawing, legend, and a table of all points."""

    def __init__(self, scatter: Scatter) -> None:
        from markupsafe import Markup

        drawing = scatter_svg(scatter)
        self.svg = Markup(drawing.svg)
        self.legend = [(group, Markup(mark)) for group, mark in drawing.legend]
        self.undrawn = drawing.undrawn
        keys = list(dict.fromkeys(key for point in scatter.points for key, _ in point.details))
        # A maker who writes a coordinate in words of its own, as a date, need not read it twice.
        coordinates = [
            (label, [f"{value:.5g}" for value in values])
            for label, values in (
                (scatter.x_label, [point.x for point in scatter.points]),
                (scatter.y_label, [point.y for point in scatter.points]),
            )
            if label not in keys
        ]
        self.columns = [*(label for label, _ in coordinates), *keys]
        self.rows = [
            _PointRow(point, [*(values[row] for _, values in coordinates), *_details(point, keys)])
            for row, point in enumerate(scatter.points)
        ]


class _PointRow:
    def __init__(self, point: Point, cells: list[str]) -> None:
        self.label, self.group, self.cells = point.label, point.group, cells
        self.link = point.link if _ADDRESS.fullmatch(point.link) else ""
        # Shown as text: following it could run something.
        self.unlinked = "" if self.link else point.link


def _details(point: Point, keys: list[str]) -> Iterator[str]:
    """A point's details under each of the keys; several under the same key are joined."""
    for key in keys:
        yield "; ".join(value for name, value in point.details if name == key)


def _unbroken(cell: str) -> str:
    r"""A cell of figures that a narrow column breaks before its brackets alone: median above, interval below.

    Examples
    --------
    >>> _unbroken("9.0 (5.5 to 16.8)").split(" ")
    ['9.0', '(5.5\xa0to\xa016.8)']
    """
    return _BLANK.sub("\N{NO-BREAK SPACE}", cell)


def _stacks(table: Table) -> bool:
    """Whether a narrow screen shows cells one below the other: those that hold sentences would scroll far."""
    return len(table.columns) > 2 and any(len(cell) > LONGEST_FIGURE for row in table.rows for cell in row[1:])


def _check(document: Document) -> None:
    """Names are unique and can be targets of links; tables are complete."""
    blocks = [block for section in document.sections for block in section.blocks]
    named = [block for block in blocks if isinstance(block, Table | Picture | Scatter)]
    if document.lead is not None:
        named = [document.lead, *named]
    for names in ([section.name for section in document.sections], [block.name for block in named]):
        for number, name in enumerate(names):
            if not _NAME.fullmatch(name):
                raise BayesScalingError(
                    f"{name!r} can't name a part of a report: use lower-case letters and digits, with hyphens between."
                )
            if name in names[:number]:
                raise BayesScalingError(f"Two parts of the report are named {name!r}: give one of them another name.")
    for block in named:
        if isinstance(block, Table):
            for number, row in enumerate(block.rows):
                if len(row) != len(block.columns):
                    raise BayesScalingError(
                        f"Row {number} of table {block.name!r} has {len(row)} cells under {len(block.columns)} "
                        "headers: give as many cells as headers."
                    )
