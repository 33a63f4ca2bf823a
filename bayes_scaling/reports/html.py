"""Reports as one HTML file that loads nothing from anywhere, with interactive scatter plots."""

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError, fromstring, tostring

from matplotlib.ticker import LogLocator, MaxNLocator

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.plots.style import LAW_COLOURS, POSTERIOR, PUBLISHED, REFERENCE
from bayes_scaling.reports.document import LONGEST_FIGURE, Document, Picture, Scatter, Table, encoded, printable

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
    """A report as one HTML page, to be written as UTF-8, that makes no request and in which no text acts as markup."""
    _check(document)
    css, script = _packaged("page.css"), _packaged("page.js")
    page = _template("page.html.jinja")
    return page.render(document=document, css=css, script=script, css_hash=_hash(css), script_hash=_hash(script))


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A content security policy's name for what may stand in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template(name: str) -> "Template":
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
    return environment.from_string(_packaged(name))


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


_WIDTH, _HEIGHT = 720.0, 460.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 14.0, 14.0, 58.0
_MARGIN = 0.04  # share of an axis, beyond the outermost points
_FEWEST_TICKS = 3
_LARGEST = 1e100  # largest value on an axis: margins and ticks of larger ones would overflow

_BLACK = "#000000"
_COLOURS = tuple(
    # What is black on paper is white in the dark.
    "currentColor" if colour == _BLACK else colour
    for colour in dict.fromkeys((POSTERIOR, PUBLISHED, REFERENCE, *LAW_COLOURS))
)
_SHAPES = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "M-4-4h8v8h-8z",
    "M0-5.4L5 3.8H-5z",
    "M0-5.8L5.8 0L0 5.8L-5.8 0z",
    "M0 5.4L5-3.8H-5z",
    "M-1.9-5.4h3.8v3.5h3.5v3.8h-3.5v3.5h-3.8v-3.5h-3.5v-3.8h3.5z",
)
"""Circle, square, triangle, diamond, triangle on its head, cross. Not as many as colours, so that pairs repeat late."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class ScatterDrawing:
    """An `<svg>` element whose marks name their row and group (`data-row`, `data-group`), and the marks of groups."""

    svg: str
    legend: tuple[tuple[str, str], ...]
    undrawn: int  # points without a place on the axes: not finite, beyond a googol, or not positive on a log axis


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    log: bool
    start: float
    end: float

    def place(self, value: float) -> float:
        low, high, at = ((math.log10(v) if self.log else v) for v in (self.low, self.high, value))
        return self.start + (at - low) / (high - low) * (self.end - self.start)


def scatter_svg(scatter: Scatter) -> ScatterDrawing:
    """Draw a scatter plot: axes, ticks, one mark a point; texts in the colour of the text around, light or dark."""
    points = scatter.points
    shown = [row for row, p in enumerate(points) if _has_place(p.x, scatter.log_x) and _has_place(p.y, scatter.log_y)]
    x = _axis([points[row].x for row in shown], scatter.log_x, _LEFT, _WIDTH - _RIGHT)
    y = _axis([points[row].y for row in shown], scatter.log_y, _HEIGHT - _BOTTOM, _TOP)
    looks = {
        group: (_COLOURS[number % len(_COLOURS)], _SHAPES[number % len(_SHAPES)])
        for number, group in enumerate(dict.fromkeys(point.group for point in points))
    }
    of_group: dict[str, list[tuple[int, str, str, str]]] = {group: [] for group in looks}
    for row in shown:
        p = points[row]
        of_group[p.group].append((row, f"{x.place(p.x):.1f}", f"{y.place(p.y):.1f}", p.label))
    drawn: Any = _template("scatter.svg.jinja").module
    svg = drawn.drawing(
        scatter,
        groups=[(*looks[group], marks) for group, marks in of_group.items()],
        across=[(f"{x.place(tick):.1f}", _written(tick, x.log)) for tick in _ticks(x)],
        up=[(y.place(tick), _written(tick, y.log)) for tick in _ticks(y)],
        frame={"left": _LEFT, "right": _WIDTH - _RIGHT, "top": _TOP, "bottom": _HEIGHT - _BOTTOM},
    )
    legend = tuple((group, str(drawn.legend_mark(*look))) for group, look in looks.items())
    return ScatterDrawing(str(svg), legend, len(points) - len(shown))


def _has_place(value: float, log: bool) -> bool:
    return -_LARGEST <= value <= _LARGEST and (value >= 1 / _LARGEST or not log)


def _axis(values: Sequence[float], log: bool, start: float, end: float) -> _Axis:
    """An axis over all values with a margin; of one decade or one unit where they are all the same."""
    ends = [math.log10(value) if log else value for value in (min(values, default=1.0), max(values, default=1.0))]
    middle, half = ends[0] / 2 + ends[1] / 2, ends[1] / 2 - ends[0] / 2
    half = half * (1 + 2 * _MARGIN)
    # Where numbers are that close that adding the half would be lost in rounding, they are the same to the eye.
    if half <= abs(middle) * 1e-12:
        half = max(0.5, abs(middle) * 1e-6)
    low, high = middle - half, middle + half
    return _Axis(10.0**low, 10.0**high, True, start, end) if log else _Axis(low, high, False, start, end)


def _ticks(axis: _Axis) -> list[float]:
    logarithmic = [LogLocator(numticks=8), LogLocator(subs=(1.0, 2.0, 5.0), numticks=12)] if axis.log else []
    for locator in (*logarithmic, MaxNLocator(7, steps=[1, 2, 2.5, 5, 10])):
        found = [float(t) for t in locator.tick_values(axis.low, axis.high) if axis.low <= t <= axis.high]
        if len(found) >= _FEWEST_TICKS:
            break
    return found


def _written(tick: float, log: bool) -> str:
    """A tick: a power of ten as such where plain digits would be long."""
    if log and not 1e-3 < tick < 1e5:
        exponent = math.floor(math.log10(tick) + 1e-9)
        front = f"{tick / 10.0**exponent:.3g}"
        return ("" if front == "1" else f"{front}×") + f"10{str(exponent).translate(_SUPERSCRIPTS)}"
    return f"{tick:.10g}".replace("-", "−")
