"""Reports as one HTML file that loads nothing from anywhere, with interactive charts."""

import base64
import hashlib
import json
import re
import tomllib
from contextlib import suppress
from functools import cache
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError, fromstring, tostring

from markupsafe import Markup, escape

from bayes_scaling.common.strict_json import plain
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.reports.document import (
    LONGEST_FIGURE,
    Chart,
    Document,
    Picture,
    Table,
    encoded,
    printable,
    templates,
)

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
        element.attrib = {name: value for name, value in element.attrib.items() if _ATTRIBUTES.fullmatch(name)}
        element.text, element.tail = (unescape(each) if each else None for each in (element.text, element.tail))
        if element.tag == "mi" and element.text == "~":  # "distributed as", which has spaces around it
            element.tag, element.text = "mo", "\u223c"
    return tostring(math, encoding="unicode")


_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_HARMLESS = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<\u2028\u2029"})
"""In JSON that a page holds, so that nothing in it ends the element around it."""
_BLANK = re.compile(r" (?![(\[])")


def render_html(document: Document) -> str:
    """A report as one HTML page, to be written as UTF-8, that makes no request and in which no text acts as markup."""
    _check(document)
    charts = {block.name: _shared(block) for block in document.named if isinstance(block, Chart)}
    css, scripts = _packaged("page.css"), [*([_vega()] if charts else []), _packaged("page.js")]
    return _page().render(
        document=document,
        charts=printable(json.dumps(plain(charts), ensure_ascii=False)).translate(_HARMLESS),
        css=css,
        scripts=scripts,
        css_hash=_hash(css),
        script_hashes=list(map(_hash, scripts)),
    )


def _shared(chart: Chart) -> dict[str, Any]:
    """A chart's views, and their tables once."""
    tables = {name: rows for view in chart.views.values() for name, rows in view.get("datasets", {}).items()}
    views = {name: {key: part for key, part in view.items() if key != "datasets"} for name, view in chart.views.items()}
    return {"title": chart.title, "note": chart.note, "datasets": tables, "views": views}


@cache
def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, which makes `vegaEmbed` known to the page."""
    from vl_convert import javascript_bundle

    # In a scope of its own: the scripts of a page share their names.
    bundle = javascript_bundle()  # type: ignore[call-arg]  # its stub asks for a snippet, which it does not need
    return f"(() => {{{bundle}}})();"


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A content security policy's name for what may stand in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _page() -> "Template":
    environment = templates(autoescape=True, finalize=lambda value: printable(value) if type(value) is str else value)
    filters = (mathml, _address, _addresses, _csv, _explained, _stacks, _unbroken)
    environment.filters |= {each.__name__.removeprefix("_"): each for each in filters}
    return environment.get_template("page.html.jinja")


def _address(picture: Picture) -> str:
    """A drawing as the address of an image: browsers run nothing in one, and load nothing for it."""
    tag = ""
    with suppress(ParseError, ValueError):
        tag = fromstring(picture.svg).tag
    if tag != "{http://www.w3.org/2000/svg}svg":
        raise BayesScalingError(f"Picture {picture.name!r} is no SVG: draw it with Matplotlib and save it as SVG.")
    return f"data:image/svg+xml;base64,{base64.b64encode(encoded(picture.svg)).decode()}"


def _addresses(chart: Chart) -> list[str]:
    """Of each row of a chart its address, if it has one that can be followed without running anything."""
    links = chart.data.get("link", ())
    return [str(link) if _ADDRESS.fullmatch(str(link)) else "" for link in links]


_ACTS = re.compile(r"^(?=[=+\-@\t\r])(?![+-]?[\d.]+(?:e[+-]?\d+)?$)")
"""What spreadsheets take as a formula, which no number is."""


def _csv(chart: Chart) -> str:
    """A chart's table as the address of a CSV file in which no text is a formula."""
    table = chart.data.map(lambda cell: _ACTS.sub("'", printable(cell)) if isinstance(cell, str) else cell)
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(encoded(table.to_csv(index=False))).decode()}"


@cache
def _terms() -> tuple[re.Pattern[str], dict[str, str]]:
    found = tomllib.loads(files("bayes_scaling").joinpath("data", "terms.toml").read_text(encoding="utf-8"))
    known = sorted(found, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, known))})(?![\w-])"), found


def _explained(text: str) -> Markup:
    """Text in which terms of statistics say what they mean when they are pointed at, each where it comes first."""
    pattern, meanings = _terms()
    seen: set[str] = set()

    def explain(term: re.Match[str]) -> str:
        if term[0] in seen:
            return term[0]
        seen.add(term[0])
        return f'<abbr title="{escape(meanings[term[0]])}">{term[0]}</abbr>'

    return Markup(pattern.sub(explain, str(escape(printable(text)))))


def _unbroken(cell: str) -> str:
    """A cell of figures that a narrow column breaks before its brackets alone: median above, interval below."""
    return _BLANK.sub("\N{NO-BREAK SPACE}", cell)


def _stacks(table: Table) -> bool:
    """Whether a narrow screen shows cells one below the other: tables of sentences would scroll far."""
    return len(table.columns) > 2 and any(len(cell) > LONGEST_FIGURE for row in table.rows for cell in row[1:])


def _check(document: Document) -> None:
    """Refuse names that are none, or of two parts, and rows that do not fit their headers."""
    for names in ([section.name for section in document.everything], [block.name for block in document.named]):
        for number, name in enumerate(names):
            if not _NAME.fullmatch(name):
                raise BayesScalingError(
                    f"{name!r} can't name a part of a report: use lower-case letters and digits, with hyphens between."
                )
            if name in names[:number]:
                raise BayesScalingError(f"Two parts of the report are named {name!r}: give one of them another name.")
    for table in (block for block in document.named if isinstance(block, Table)):
        for number, row in enumerate(table.rows):
            if len(row) != len(table.columns):
                raise BayesScalingError(
                    f"Row {number} of table {table.name!r} has {len(row)} cells under {len(table.columns)} headers: "
                    "give as many cells as headers."
                )
