"""A matplotlib figure as the text of one `<svg>` element, the same whenever drawn, and a report's first picture."""

import io
import re
from textwrap import fill
from typing import TYPE_CHECKING

from bayes_scaling.common.formatting import NOT_CONVERGED
from bayes_scaling.reports.document import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_PATH = re.compile(r' d="[^"]*"')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_DOTS_PER_INCH = 100  # of layers drawn as pixels; all else is lines and text


def picture_of(figure: "Figure", name: str, title: str, alternative: str) -> Picture:
    """A figure as a picture of a report; see :class:`bayes_scaling.reports.document.Picture`."""
    return Picture(name, title, svg_of(figure, name), alternative)


def svg_of(figure: "Figure", name: str) -> str:
    """A figure as the text of an `<svg>` element alone, the same for the same figure and name, which salts its ids."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, dpi=_DOTS_PER_INCH)
    text = buffer.getvalue().decode()
    text = _METADATA.sub("", text[text.index("<svg") :]).strip()
    return _PATH.sub(lambda path: _NUMBER.sub(lambda number: f"{float(number[0]):.2f}", path[0]), text)


WIDTH = 4.4
"""Inches. A narrow phone shows as many pixels as these are points, so a letter's points are its pixels there."""
_SMALLEST, _MARK = 10.0, 25.0
"""Points: of the smallest text, and of the mark of a fit that has not converged, which has to fit in."""
_LETTERS = 40  # of the smallest text, in a line below the axis


def lead_of(figure: "Figure", height: float, name: str, title: str, alternative: str) -> Picture:
    """A drawing of one panel made narrow (``height`` in inches), its text large, for a report's first screen."""
    from matplotlib.text import Text

    figure.set_size_inches(WIDTH, height)
    for text in figure.findobj(Text):
        marks = text.get_text() == NOT_CONVERGED
        text.set_fontsize(_MARK if marks else max(float(text.get_fontsize()), _SMALLEST))
    for axes in figure.axes:
        axes.tick_params(labelsize=_SMALLEST)
        axes.set_xlabel(fill(axes.get_xlabel(), _LETTERS))
    return picture_of(figure, name, title, alternative)
