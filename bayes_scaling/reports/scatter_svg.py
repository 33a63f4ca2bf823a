"""The drawing of an interactive scatter plot; the page's script shows a point's details."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from bayes_scaling.plots.style import LAW_COLOURS, POSTERIOR, PUBLISHED, REFERENCE
from bayes_scaling.reports.document import Scatter, printable

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
    """An `<svg>` element whose marks name their row and group in `data-row` and `data-group`, and the marks of groups.

    ``undrawn`` counts points without a place on the axes: not finite, beyond a googol, or not positive on a log axis.
    """

    svg: str
    legend: tuple[tuple[str, str], ...]
    undrawn: int


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
    """Draw a scatter plot: axes, ticks, one mark a point; groups differ in colour and in shape.

    Texts are in the colour of the text around, so that the drawing is readable on light and on dark pages.
    """
    groups = list(dict.fromkeys(point.group for point in scatter.points))
    shown = [
        row for row, p in enumerate(scatter.points) if _has_place(p.x, scatter.log_x) and _has_place(p.y, scatter.log_y)
    ]
    x = _axis([scatter.points[row].x for row in shown], scatter.log_x, _LEFT, _WIDTH - _RIGHT)
    y = _axis([scatter.points[row].y for row in shown], scatter.log_y, _HEIGHT - _BOTTOM, _TOP)

    about = {"aria-labelledby": f"{scatter.name}--title", "aria-describedby": f"{scatter.name}--description"}
    root = Element("svg", {"class": "scatter", "viewBox": f"0 0 {_WIDTH:g} {_HEIGHT:g}", "role": "img"} | about)
    SubElement(root, "desc", {"id": f"{scatter.name}--description"}).text = printable(scatter.alternative)
    _draw_axes(SubElement(root, "g", {"class": "axes", "aria-hidden": "true"}), scatter, x, y)
    marks = SubElement(root, "g", {"class": "marks"})
    for number, group in enumerate(groups):
        of_group = SubElement(marks, "g", {"data-group": str(number)} | _look(number))
        for row in shown:
            point = scatter.points[row]
            if point.group == group:
                place = f"translate({x.place(point.x):.1f} {y.place(point.y):.1f})"
                mark = SubElement(of_group, "path", {"data-row": str(row), "transform": place, "d": _shape(number)})
                SubElement(mark, "title").text = printable(point.label)
    return ScatterDrawing(
        tostring(root, encoding="unicode"),
        tuple((group, _legend_mark(number)) for number, group in enumerate(groups)),
        len(scatter.points) - len(shown),
    )


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
    # Imported here: Matplotlib is slow to import, and the command line starts without it.
    from matplotlib.ticker import LogLocator, MaxNLocator

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


def _draw_axes(into: Element, scatter: Scatter, x: _Axis, y: _Axis) -> None:
    bottom, left = _HEIGHT - _BOTTOM, _LEFT
    for tick in _ticks(x):
        at = f"{x.place(tick):.1f}"
        SubElement(into, "path", {"class": "grid", "d": f"M{at} {_TOP}V{bottom}"})
        _text(into, _written(tick, x.log), x=at, y=f"{bottom + 20}", anchor="middle")
    for tick in _ticks(y):
        place = y.place(tick)
        SubElement(into, "path", {"class": "grid", "d": f"M{left} {place:.1f}H{_WIDTH - _RIGHT}"})
        _text(into, _written(tick, y.log), x=f"{left - 8}", y=f"{place + 4.5:.1f}", anchor="end")
    SubElement(into, "path", {"class": "frame", "d": f"M{left} {_TOP}V{bottom}H{_WIDTH - _RIGHT}"})
    _text(into, scatter.x_label, x=f"{(left + _WIDTH - _RIGHT) / 2}", y=f"{_HEIGHT - 12}", anchor="middle")
    middle = (_TOP + bottom) / 2
    turned = _text(into, scatter.y_label, x="0", y="0", anchor="middle")
    turned.set("transform", f"translate(16 {middle}) rotate(-90)")


def _text(into: Element, text: str, *, x: str, y: str, anchor: str) -> Element:
    element = SubElement(into, "text", {"x": x, "y": y, "text-anchor": anchor})
    element.text = printable(text)
    return element


def _shape(number: int) -> str:
    return _SHAPES[number % len(_SHAPES)]


def _look(number: int) -> dict[str, str]:
    return {"fill": _COLOURS[number % len(_COLOURS)]}


def _legend_mark(number: int) -> str:
    svg = Element("svg", {"class": "mark", "viewBox": "-7 -7 14 14", "aria-hidden": "true"})
    SubElement(svg, "path", {"d": _shape(number)} | _look(number))
    return tostring(svg, encoding="unicode")
