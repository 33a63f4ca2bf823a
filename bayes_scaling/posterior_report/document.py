"""What a report consists of, whatever it is written as: sections of text, equations, tables and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Paragraph:
    """Plain text; nothing in it is markup."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Several short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Equation:
    """Mathematics in LaTeX, without dollar signs."""

    tex: str


@dataclass(frozen=True)
class Code:
    """Text that is shown as it is: a command, a citation."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts; numbers are formatted by whoever makes it.

    Parameters
    ----------
    name
        Unique in the report, in lower case with hyphens; the target of links.
    caption
        One line: what is shown, in which units, intervals with probability and kind.
    columns
        Headers.
    rows
        As many texts a row as columns; the first names the row.
    marked
        Numbers of rows that can't be trusted (not converged, not identified).
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Parameters
    ----------
    name
        Unique in the report, in lower case with hyphens.
    title
        A few words.
    svg
        The whole `<svg>` element as text; nothing in it is loaded from elsewhere.
    alternative
        What a reader who can't see it should know: what is drawn and what it shows, with the figures that matter.
    """

    name: str
    title: str
    svg: str
    alternative: str


@dataclass(frozen=True)
class Point:
    """One mark of an interactive scatter plot; ``link`` is empty or an http(s) address."""

    x: float
    y: float
    group: str
    label: str
    details: tuple[tuple[str, str], ...]
    link: str = ""


@dataclass(frozen=True)
class Scatter:
    """Points that show their details on hover and on keyboard focus.

    Parameters
    ----------
    name, title, alternative
        As of :class:`Picture`.
    x_label, y_label
        With units.
    points
        All of them; groups differ in colour and in shape.
    log_x, log_y
        Whether an axis is logarithmic.
    """

    name: str
    title: str
    alternative: str
    x_label: str
    y_label: str
    points: tuple[Point, ...]
    log_x: bool = False
    log_y: bool = False


Block = Paragraph | Bullets | Equation | Code | Table | Picture | Scatter


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading; ``name`` is the target of links."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Banner:
    """A warning that can't be missed: what is wrong, and what to do."""

    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """A report.

    Parameters
    ----------
    title
        What it is about.
    answer
        The answer in one sentence.
    lead
        The one picture beside the answer, or None where nothing can be shown.
    banners
        Shown before the answer.
    sections
        In order.
    data
        The machine-readable twin, plain data that strict JSON can hold.
    subtitle
        One line under the title: which specification and which data, by name.
    notes
        Right under the answer: what it means in plain words, and what to beware of.
    """

    title: str
    answer: str
    lead: Picture | None
    banners: tuple[Banner, ...]
    sections: tuple[Section, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    subtitle: str = ""
    notes: tuple[str, ...] = ()
