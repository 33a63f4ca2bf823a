"""What a report consists of, whatever it is written as: sections of text, equations, tables and pictures."""

import functools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from bayes_scaling.common.formatting import NOT_CONVERGED, month_of
from bayes_scaling.common.strict_json import records
from bayes_scaling.errors import BayesScalingError

if TYPE_CHECKING:
    from jinja2 import Environment

_FIGURES = re.compile(r"(?:(?:above|below|no bound) )?\[?[<>≈~±+−-]?\s?[\d.∞]")
_NO_FIGURE = {
    *("", "-", "–", "—", "not defined", "not defined by this law", "not identified", "held constant", "no bound"),
    *("no progress", "no progress assumed", NOT_CONVERGED),
}
"""Cells without a figure in columns of figures."""
LONGEST_FIGURE = 32  # characters; longer cells are sentences that begin with a number, and wrap

Row = Mapping[Any, Any]  # a record of a table: values by column


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
    """A table of texts, of which the first of each row names it."""

    name: str  # unique in the report, in lower case with hyphens, the target of links
    caption: str  # one line on what is shown, in which units, intervals with probability and kind
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()  # rows that can't be trusted, by number

    @classmethod
    def of(
        cls,
        name: str,
        caption: str,
        rows: pd.DataFrame | Iterable[Row],
        columns: Mapping[str, str | Callable[[Any], str]],
        marked: Callable[[Any], Any] = lambda row: not row.get("converged", True),
    ) -> Self:
        """A table of records, or of the rows of a table whose index is a column of its own name.

        ``columns``: what each shows, by header, as a format string of the record or a function of it. By default those
        are ``marked`` that have not converged.

        >>> Table.of("t", "", [{"case": "a", "rhat": 1.0}], {"case": "{case}", "R-hat": "{rhat:.2f}"}).rows
        (('a', '1.00'),)
        """
        kept = records(rows) if isinstance(rows, pd.DataFrame) else list(rows)
        cells = tuple(
            tuple(show.format_map(row) if isinstance(show, str) else show(row) for show in columns.values())
            for row in kept
        )
        bad = frozenset(place for place, row in enumerate(kept) if marked(row))
        return cls(name, caption, tuple(columns), cells, bad)

    @classmethod
    def pairs(cls, name: str, caption: str, columns: tuple[str, str], pairs: Mapping[str, Any]) -> Self:
        """A table of two columns: names and values that are known."""
        known = tuple((name, str(value)) for name, value in pairs.items() if value is not None)
        return cls(name, caption, columns, known)

    @classmethod
    def plain(cls, name: str, caption: str, table: pd.DataFrame) -> Self:
        """All columns of a table, numbers to four digits, and dates as months unless all are whole years."""
        if "year" in table and (table["year"] % 1 > 0).any():
            table = table.assign(year=table["year"].map(month_of, na_action="ignore"))
        rows = tuple(tuple(map(_cell, row)) for row in table.itertuples(index=False, name=None))
        return cls(name, caption, tuple(map(str, table.columns)), rows)

    @property
    def figures(self) -> tuple[bool, ...]:
        """Which columns hold figures, to be aligned on the right; the first names the row."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        return tuple(
            number > 0
            and any(cell not in _NO_FIGURE for cell in cells)
            and all(cell in _NO_FIGURE or (len(cell) <= LONGEST_FIGURE and _FIGURES.match(cell)) for cell in cells)
            for number, cells in enumerate(columns)
        )


@dataclass(frozen=True)
class Picture:
    """A drawing."""

    name: str
    title: str
    svg: str  # the whole `<svg>` element as text, with nothing in it that is loaded from elsewhere
    alternative: str  # what a reader who can't see it should know, with the figures that matter


@dataclass(frozen=True)
class Chart:
    """An interactive chart whose title says what was found, and the table behind it."""

    name: str
    title: str
    views: Mapping[str, Mapping[str, Any]]  # Vega-Lite specifications, by what a reader chooses; the first comes first
    alternative: str
    data: pd.DataFrame  # one named `link` is the address of the first
    note: str = ""  # what is drawn, and where the figures are from

    @property
    def table(self) -> Table:
        """What is behind the chart, numbers to four digits."""
        columns = ["link", *(["published"] if "year" in self.data else [])]  # the same date, as a month
        return Table.plain(self.name, "", self.data.drop(columns=columns, errors="ignore"))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return "" if value is None else str(value)


Block = Paragraph | Bullets | Equation | Code | Table | Picture | Chart


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading; ``name`` is the target of links."""

    name: str
    title: str
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, name: str, title: str, *blocks: Block | str | tuple[str, ...] | None) -> Self:
        """A section: text is a paragraph, a tuple of texts a list, and None is left out.

        >>> Section.of("data", "Data", "231 evaluations.", ("58 papers.",), None).blocks
        (Paragraph(text='231 evaluations.'), Bullets(items=('58 papers.',)))
        """
        made = (
            Paragraph(each) if isinstance(each, str) else Bullets(each) if isinstance(each, tuple) else each
            for each in blocks
        )
        return cls(name, title, tuple(block for block in made if block is not None))


type Blocks = Iterator[Block | str | tuple[str, ...] | None]


def section[**P](
    name: str, title: str, *, refusable: bool = False
) -> Callable[[Callable[P, Blocks]], Callable[P, Section | None]]:
    """Make a section of the blocks that a function yields, or None; ``refusable``: it says so where that refuses."""

    def decorate(blocks: Callable[P, Blocks]) -> Callable[P, Section | None]:
        @functools.wraps(blocks)
        def made(*args: P.args, **keywords: P.kwargs) -> Section | None:
            try:
                found = Section.of(name, title, *blocks(*args, **keywords))
            except BayesScalingError as error:
                if not refusable:
                    raise
                found = Section.of(name, title, f"Not available for this fit: {error}.")
            return found if found.blocks else None

        return made

    return decorate


def those_made(*sections: Section | None) -> tuple[Section, ...]:
    """Sections, without those that have nothing to say."""
    return tuple(each for each in sections if each is not None)


@dataclass(frozen=True)
class Banner:
    """A warning that can't be missed: what is wrong, and what to do."""

    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """A report: banners, the answer in a sentence with its picture and notes on it, sections, and those for few."""

    title: str
    answer: str
    lead: Picture | Chart | None = None
    banners: tuple[Banner, ...] = ()
    sections: tuple[Section, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)  # the figures, for the machine-readable twin
    subtitle: str = ""  # which specification and which data, by name
    notes: tuple[str, ...] = ()
    citation: tuple[str, str] | None = None  # of the answer: as a sentence, and as BibTeX
    changes: tuple[str, ...] = ()  # what would change the answer
    folded: tuple[Section, ...] = ()  # for statisticians

    @property
    def everything(self) -> tuple[Section, ...]:
        """All sections, folded or not."""
        return (*self.sections, *self.folded)

    @property
    def named(self) -> list[Table | Picture | Chart]:
        """All blocks that have a name, in order."""
        blocks = (self.lead, *(block for section in self.everything for block in section.blocks))
        return [block for block in blocks if isinstance(block, Table | Picture | Chart)]


def templates(**options: Any) -> "Environment":
    """The templates of this room; tags stand in lines of their own."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # the command line starts without it

    style: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    return Environment(loader=PackageLoader("bayes_scaling", "reports"), **style | options)


def printable(text: str) -> str:
    """Text with replacement characters for what no page may hold: half surrogates, controls but line feeds and tabs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if lines.isprintable():
        return lines
    unfit = {each for each in lines if unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t"}
    return lines.translate(dict.fromkeys(map(ord, unfit), "\ufffd"))


def encoded(text: str) -> bytes:
    """In UTF-8; names may hold half surrogates, which have none."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return printable(text).encode()
