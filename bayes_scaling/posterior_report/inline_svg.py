"""Drawings made ready to stand in a page: nothing runs, nothing is loaded, and no two share a name."""

import re
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.posterior_report.document import Picture
from bayes_scaling.posterior_report.plain_text import printable

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_WORDS = re.compile(r"\S+")
_ELEMENTS = frozenset(
    _WORDS.findall("""
    svg g defs use symbol title desc path rect circle ellipse line polyline polygon text tspan image clipPath mask
    marker pattern linearGradient radialGradient stop style
""")
)
_PROPERTIES = frozenset(
    _WORDS.findall("""
    clip-path clip-rule color direction display dominant-baseline fill fill-opacity fill-rule font-family
    font-size font-stretch font-style font-variant font-weight image-rendering letter-spacing marker-end
    marker-mid marker-start mask opacity overflow paint-order shape-rendering stop-color stop-opacity stroke
    stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity
    stroke-width text-anchor text-decoration text-rendering transform unicode-bidi vector-effect visibility
    word-spacing
""")
)
"""Those that SVG knows as attributes too. A page that forbids inline styles ignores them in any other form."""
_UNIVERSAL = re.compile(r"\s*\*\s*\{([^{}]*)\}\s*")
_FONT = re.compile(r"(?:.*\s)?(?P<size>[\d.]+(?:px|pt|em)?)\s+(?P<family>.+)")
_REFERENCE = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*(?:\)|$)", re.IGNORECASE | re.DOTALL)
"""Of any case and without its end too, as browsers read it."""
_RASTER = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")


def inline_svg(picture: Picture) -> str:
    """A picture's drawing as one `<svg>` element for an HTML page.

    Names in it get the picture's name in front, since a page holds many drawings; styles become attributes, so
    that the page's security policy can forbid inline styles; metadata are left out. The element is named by the
    page's `NAME--title` and holds its own description for those who can't see it.

    Raises BayesScalingError: Not one well-formed `<svg>` element, or something in it runs or is loaded from elsewhere.

    Examples
    --------
    >>> svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><path style="fill: red" d="M0 0h2"/></svg>'
    >>> "style" in inline_svg(Picture("red-line", "A line", svg, "A red line."))
    False
    """
    text = picture.svg[max(picture.svg.find("<svg"), 0) :]  # without the prologue of a file
    if "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
        raise _refused(picture, "a document type or an entity")
    try:
        root = fromstring(text)
    except (ParseError, ValueError) as error:
        raise BayesScalingError(f"Picture {picture.name!r} is not well-formed SVG: {error}.") from error
    if root.tag not in (f"{_SVG}svg", "svg"):
        raise BayesScalingError(f"Picture {picture.name!r} is not SVG: its outermost element is <{root.tag}>.")
    drawing = _rebuilt(root, picture, {})
    drawing.attrib |= {
        "role": "img",
        "aria-labelledby": f"{picture.name}--title",
        "aria-describedby": f"{picture.name}--description",
    }
    drawing.insert(0, description(picture.name, picture.alternative))
    return tostring(drawing, encoding="unicode")


def description(name: str, text: str) -> Element:
    """What a drawing shows, for its inside: browsers read no description out of what is folded away."""
    element = Element("desc", {"id": f"{name}--description"})
    element.text = printable(text)
    return element


def _rebuilt(element: Element, picture: Picture, universal: dict[str, str]) -> Element:
    name = element.tag.removeprefix(_SVG)
    if name not in _ELEMENTS:
        raise _refused(picture, f"<{name}>")
    rebuilt = Element(name)
    for key, value in element.attrib.items():
        for attribute, text in _attributes(key, value, picture).items():
            rebuilt.set(attribute, _local(attribute, text, picture))
    rebuilt.text, rebuilt.tail = element.text, element.tail
    for child in element:
        # Metadata and what drawing programs note of themselves; comments have no name.
        foreign = isinstance(child.tag, str) and child.tag.startswith("{") and not child.tag.startswith(_SVG)
        if not isinstance(child.tag, str) or foreign or child.tag == f"{_SVG}metadata":
            continue
        if child.tag == f"{_SVG}style":
            universal |= _of_everything(child.text or "", picture)
        else:
            rebuilt.append(_rebuilt(child, picture, universal))
    if name == "svg":
        # Inherited from here by everything, as the rule for everything would have it.
        rebuilt.attrib = {**universal, **rebuilt.attrib}
    return rebuilt


def _attributes(key: str, value: str, picture: Picture) -> dict[str, str]:
    if key == _XLINK_HREF:
        return {"href": value}
    if key.startswith("{") or key in ("class", "version", "role") or key.startswith(("aria-", "data-")):
        return {}
    if key.lower().startswith("on"):
        raise _refused(picture, f"the attribute {key}")
    return _declarations(value, picture) if key == "style" else {key: value}


def _declarations(style: str, picture: Picture) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(str.strip, style.split(";")):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font" and (font := _FONT.fullmatch(value)):
            found |= {"font-size": font["size"], "font-family": font["family"]}
        elif name in _PROPERTIES:
            found[name] = value
        elif name != "white-space":  # the one that is written and has no attribute; what it spares is nothing
            raise _refused(picture, f"the style {name!r}, which SVG knows no attribute for,")
    return found


def _of_everything(sheet: str, picture: Picture) -> dict[str, str]:
    """Declarations of a style sheet whose only rule is of everything, as Matplotlib writes it."""
    rule = _UNIVERSAL.fullmatch(sheet)
    if rule is None:
        raise _refused(picture, "a style sheet of its own")
    return _declarations(rule[1], picture)


def _local(attribute: str, value: str, picture: Picture) -> str:
    """A value that points to nothing outside the drawing, with the picture's name before every name."""
    if attribute == "id":
        return f"{picture.name}--drawn-{value}"
    if attribute == "href":
        if value.startswith("#"):
            return f"#{picture.name}--drawn-{value[1:]}"
        if _RASTER.fullmatch(value):
            return "".join(value.split())
        raise _refused(picture, f"a link to {value[:60]!r}")
    if "\\" in value:  # which may spell a reference that is not seen here
        raise _refused(picture, f"a backslash in the attribute {attribute}")
    for _, target in _REFERENCE.findall(value):
        if not target.startswith("#"):
            raise _refused(picture, f"a link to {target[:60]!r}")
    return _REFERENCE.sub(lambda found: f"url(#{picture.name}--drawn-{found[2][1:]})", value)


def _refused(picture: Picture, what: str) -> BayesScalingError:
    return BayesScalingError(
        f"Picture {picture.name!r} holds {what} and can't stand in a report: a drawing may only hold shapes, text "
        "and images inside itself. Draw it with Matplotlib and save it as SVG."
    )
