"""Mathematics as MathML, which browsers set themselves: no script, no font, no network."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from bayes_scaling.reports.html import mathml

LOG = logging.getLogger(__name__)
# Browsers know no variants other than normal: letters of a script are characters of their own.
SCRIPT = re.compile(r'<mi mathvariant="script">([A-Z])</mi>')
SCRIPT_CAPITALS = {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ"}


def converted(tex: str, node: nodes.Node, display: str) -> str:
    """A formula as a `<math>` element; one that is not understood is a warning, and so an error."""
    text = mathml(tex)
    if text is None:
        LOG.warning("can't be set as MathML: %s", tex, location=node)
        return ""
    text = text.replace('display="block"', f'display="{display}"', 1)
    return SCRIPT.sub(lambda found: _script(found[1]), text)


def _script(letter: str) -> str:
    return f"<mi>{SCRIPT_CAPITALS.get(letter, chr(0x1D49C + ord(letter) - ord('A')))}</mi>"


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    translator.body.append(converted(node.astext(), node, "inline"))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write formulas on lines of their own, which scroll where they are too wide."""
    translator.body.append(translator.starttag(node, "div", CLASS="math", tabindex="0", role="group"))
    for tex in re.split(r"\n\s*\n", node.astext().strip()):
        if ("&" in tex or r"\\" in tex) and r"\begin" not in tex:
            tex = rf"\begin{{align*}}{tex}\end{{align*}}"  # as Sphinx does for its other renderers
        translator.body.append(converted(tex, node, "block"))
    translator.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
