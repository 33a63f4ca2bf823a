"""A matplotlib figure as the text of one `<svg>` element, the same whenever it is drawn."""

import io
import re
from typing import TYPE_CHECKING

from bayes_scaling.posterior_report.document import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_PATH = re.compile(r' d="[^"]*"')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_DOTS_PER_INCH = 100
"""Of layers that are drawn as pixels; everything else is lines and text."""


def picture_of(figure: "Figure", name: str, title: str, alternative: str) -> Picture:
    """A figure as a picture of a report.

    Parameters
    ----------
    figure
        What `bs.plot_*` returns.
    name, title, alternative
        See :class:`bayes_scaling.posterior_report.document.Picture`.
    """
    return Picture(name, title, svg_of(figure, name), alternative)


def svg_of(figure: "Figure", name: str) -> str:
    """A figure as the text of an `<svg>` element.

    Returns the same for the same figure and name: without prolog, date or metadata. Text stays text, and paths are
    given to a hundredth of a point.

    Parameters
    ----------
    figure
        Any; pixels in it are drawn at 100 to the inch.
    name
        Salt of the ids that matplotlib makes up.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> drawn = svg_of(Figure(figsize=(1, 1)), "empty")
    >>> drawn[:4], "metadata" in drawn, drawn == svg_of(Figure(figsize=(1, 1)), "empty")
    ('<svg', False, True)
    """
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, dpi=_DOTS_PER_INCH)
    text = buffer.getvalue().decode()
    text = _METADATA.sub("", text[text.index("<svg") :]).strip()
    return _PATH.sub(lambda path: _NUMBER.sub(lambda number: f"{float(number[0]):.2f}", path[0]), text)
