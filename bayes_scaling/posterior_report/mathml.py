"""Equations in LaTeX as MathML, which browsers draw and screen readers read without a script."""

import re
from html import unescape
from xml.etree.ElementTree import Element, tostring

from bayes_scaling.posterior_report.plain_text import printable

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
