"""The picture of a report's first screen, drawn so that a phone shows its words as large as its text."""

from textwrap import fill
from typing import TYPE_CHECKING

from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.document import Picture
from bayes_scaling.posterior_report.svg import picture_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 4.4
"""Inches. A narrow phone shows as many pixels as these are points, so a letter's points are its pixels there."""
_SMALLEST, _MARK = 10.0, 25.0
"""Points: of the smallest text, and of the mark of a fit that has not converged, which has to fit in."""
_LETTERS = 40
"""Of the smallest text, in a line below the axis."""


def lead_of(figure: "Figure", height: float, name: str, title: str, alternative: str) -> Picture:
    """A drawing made narrow, and its text large, as the picture of a report's first screen.

    Returns Picture: 4.4 inches wide, without text of less than 10 points.

    Parameters
    ----------
    figure
        What `bs.plot_*` returns, of one panel, laid out anew by its own layout engine.
    height
        Inches.
    name, title, alternative
        See :class:`bayes_scaling.posterior_report.document.Picture`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure(layout="constrained")
    >>> _ = figure.subplots().set_xlabel("months", fontsize=6)
    >>> made = lead_of(figure, 3, "lead", "A title", "What it shows.")
    >>> figure.get_size_inches().tolist(), figure.axes[0].xaxis.label.get_fontsize()
    ([4.4, 3.0], 10.0)
    """
    from matplotlib.text import Text

    figure.set_size_inches(WIDTH, height)
    for text in figure.findobj(Text):
        marks = text.get_text() == NOT_CONVERGED
        text.set_fontsize(_MARK if marks else max(float(text.get_fontsize()), _SMALLEST))
    for axes in figure.axes:
        axes.tick_params(labelsize=_SMALLEST)
        axes.set_xlabel(fill(axes.get_xlabel(), _LETTERS))
    return picture_of(figure, name, title, alternative)
