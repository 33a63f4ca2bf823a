"""Reports of studies: their text is a template of Markdown, filled with figures, tables and pictures.

A study without a template of its own is reported by its answer and its table.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from bayes_scaling.common.formatting import NOT_CONVERGED, counted, in_digits, months, probability
from bayes_scaling.common.strict_json import records
from bayes_scaling.inference import diagnostics
from bayes_scaling.inference.units import plural_of, size_of
from bayes_scaling.plots.interactive import scatter_view
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL, INTERVAL
from bayes_scaling.reports import fit_basis as basis
from bayes_scaling.reports.document import (
    Banner,
    Bullets,
    Chart,
    Code,
    Document,
    Equation,
    Paragraph,
    Picture,
    Row,
    Section,
    Table,
    templates,
)
from bayes_scaling.reports.fit_words import (
    NOT_CLEARLY,
    halved,
    in_brackets,
    in_months,
    no_upper_bound,
    number,
    times_of,
    variant_in_words,
)
from bayes_scaling.reports.svg import lead_of, picture_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HELD = re.compile("\ue000(\\d+)\ue001")
_BLANK = re.compile(r"[ \t\r\n]+")
_CELL = re.compile(r"(?m)^(.+) \|(.*)$")
_HEADING, _FOLDED = re.compile(r"## ([\w-]+): (.*)", re.DOTALL), "\n# For statisticians\n"
_STARTS = {"#": "title", "*": "subtitle", ">": "Banner", "-": "tuple", "$": "Equation"}  # of paragraphs
_WHOLE = (Paragraph, Bullets, Equation, Code, Table, Picture, Chart, Section, Banner, tuple, list, Iterator)
_MOST_NAMED = 8


class Prose:
    """The text of a study's report: `NAME.md.jinja`, which sees ``names`` of a module and ``values``.

    A report has title, *subtitle*, banners (`> **TITLE** text`), the answer, notes on it, one picture, what would
    change it (a list), sections (`## name: Title`), and after `# For statisticians` those that are folded. Text that
    is filled in stays text, whatever it says; a paragraph that is one value may be a block, several, a list, a section
    or a banner. None of it is worked out for parts that are not asked for.
    """

    def __init__(self, name: str, names: Mapping[str, Any], **values: Any) -> None:
        self._held: list[Any] = []
        environment = templates(finalize=self._hold, keep_trailing_newline=True)
        made = {"table": self._table, "picture": self._picture, "chart": self._chart}
        environment.globals |= {**names, **_WORDS, **made, **values}
        self._template = environment.get_template(f"{name}.md.jinja")

    def part(self, name: str) -> list[Any]:
        """Texts of paragraphs and items, tables and pictures of a `{% block %}` of the template."""
        made = map(self._block, self._pieces(self._rendered(name)))
        return [each for block in made for each in (block if isinstance(block, tuple) else [block])]

    def sections(self, part: str) -> tuple[Section, ...]:
        """Sections of a block of the template that have anything to say."""
        return self._sections(self._rendered(part))

    def document(self, data: Mapping[str, Any]) -> Document:
        """The whole report."""
        opening, heading, rest = self._template.render().partition("\n## ")
        shown, _, folded = f"{heading}{rest}".partition(_FOLDED)
        kinds: dict[str, list[Any]] = defaultdict(list)
        for piece in self._pieces(opening):
            kinds[_STARTS.get(str(piece)[:1], type(piece).__name__)].append(self._block(piece))
        answer, *notes = kinds["str"]
        return Document(
            title=kinds["title"][0],
            subtitle=kinds["subtitle"][0] if kinds["subtitle"] else "",
            answer=answer,
            notes=tuple(notes),
            banners=tuple(kinds["Banner"]),
            lead=next(iter((*kinds["Picture"], *kinds["Chart"])), None),
            changes=tuple(item for items in kinds["tuple"] for item in items),
            sections=self._sections(shown),
            folded=self._sections(folded),
            data=data,
        )

    def _hold(self, value: Any) -> str:
        """A mark that stands for a value until all structure has been read."""
        whole = isinstance(value, _WHOLE)
        text = "" if whole or value is None else str(value)
        if not whole and (not text or _HELD.fullmatch(text.strip())):  # nothing, or what a macro has made
            return text
        self._held.append(value if whole else text)
        return f"\ue000{len(self._held) - 1}\ue001"

    def _rendered(self, part: str) -> str:
        return "".join(self._template.blocks[part](self._template.new_context()))

    def _pieces(self, text: str) -> Iterator[Any]:
        """Paragraphs, with their marks, and the values that are more than text."""
        for chunk in filter(None, map(str.strip, re.split(r"\n\n+", text))):
            held = _HELD.fullmatch(chunk)
            value = self._held[int(held[1])] if held else chunk
            if isinstance(value, list | Iterator):
                yield from (Paragraph(each) if isinstance(each, str) else each for each in value)
            else:
                yield chunk if isinstance(value, str) else value

    def _block(self, piece: Any) -> Any:
        """A piece as :meth:`Section.of` takes it."""
        match _STARTS.get(piece[:1]) if isinstance(piece, str) else None:
            case "tuple":
                return tuple(map(self._said, re.split(r"(?m)^- ", piece)[1:]))
            case "Equation":
                return Equation(self._said(piece.strip("$")))
            case "Banner":
                title, _, text = re.sub(r"(?m)^> ?", "", piece).removeprefix("**").partition("** ")
                return Banner(self._said(title), self._said(text))
            case "title" | "subtitle":
                return self._said(piece.strip("#* "))
        return self._said(piece) if isinstance(piece, str) else piece

    def _said(self, text: str) -> str:
        """One line, with its values."""
        return _BLANK.sub(" ", self._filled(text, len(self._held))).strip()

    def _filled(self, text: str, below: int) -> str:
        """With values, which hold none but earlier ones."""

        def value(held: re.Match[str]) -> str:
            place = int(held[1])
            return self._filled(self._held[place], place) if place < below else ""

        return _HELD.sub(value, text)

    def _sections(self, text: str) -> tuple[Section, ...]:
        made: list[Section] = []
        for piece in self._pieces(text):
            if isinstance(piece, Section):
                made.append(piece)
            elif isinstance(piece, str) and (heading := _HEADING.fullmatch(piece)):
                made.append(Section(heading[1], self._said(heading[2]), ()))
            else:
                further = Section.of("", "", self._block(piece)).blocks
                made[-1] = replace(made[-1], blocks=(*made[-1].blocks, *further))
        return tuple(each for each in made if each.blocks)

    def _tabulated(self, name: str, rows: Any, caller: Callable[[Row], str], marks: bool = True) -> Table | None:
        """A table whose caption and `column | cell` lines are the text of the call for each row; None without rows."""
        kept = records(rows) if isinstance(rows, pd.DataFrame) else list(rows)
        parts = [_CELL.split(caller(row)) for row in kept]  # the caption, then columns and cells in turn
        if not kept:
            return None
        caption, columns = self._said(parts[0][0]), tuple(map(self._said, parts[0][1::3]))
        cells = tuple(tuple(map(self._said, part[2::3])) for part in parts)
        marked = frozenset(place for place, row in enumerate(kept) if marks and not row.get("converged", True))
        return Table(name, caption, columns, cells, marked)

    def _table(self, name: str, rows: Any, caller: Callable[[Row], str], marks: bool = True) -> str:
        """Such a table; ``marks``: those that have not converged are marked."""
        return f"{self._hold(self._tabulated(name, rows, caller, marks))}\n\n"

    def _chart(
        self, name: str, title: str, rows: pd.DataFrame, axes: Mapping[str, str], *, caller: Any, log_x: bool = False
    ) -> str:
        """A scatter plot: of each row what such a table says, and the columns of two ``axes`` by their titles."""
        said = cast(Table, self._tabulated(name, rows, caller))
        points = pd.DataFrame(list(said.rows), columns=list(said.columns))
        points = points.assign(**{axis: rows[column].to_numpy(float) for axis, column in axes.items()})
        views = {"": scatter_view(points, *axes, log_x=log_x)}
        return f"{self._hold(Chart(name, title, views, said.caption, points))}\n\n"

    def _picture(
        self, figure: "Figure", name: str, title: str, caller: Callable[[], str], height: float | None = None
    ) -> str:
        """A picture whose alternative is the text of the call; of ``height`` if it is the first of a report."""
        draw = picture_of if height is None else partial(lead_of, height=height)
        return f"{self._hold(draw(figure, name=name, title=title, alternative=self._said(caller())))}\n\n"


def named(names: Iterable[str]) -> str:
    """Names in a sentence, some of them where there are many."""
    words = [variant_in_words(str(name)) for name in names]
    rest = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def pace(row: Row) -> str:
    """A doubling time of effective compute as people say it."""
    chance = f"probability of progress {probability(row['probability_of_progress'])}"
    if math.isinf(row["median"]):
        _, lower, _ = in_digits(row, months)
        return f"better algorithms {NOT_CLEARLY} {lower} months or more ({chance})"
    return f"better algorithms {halved(row)} ({CREDIBLE_INTERVAL}; {chance})"


_WORDS: Mapping[str, Any] = {
    **{each.__name__: each for each in (counted, in_brackets, in_months, months, named, no_upper_bound, number)},
    **{each.__name__: each for each in (pace, plural_of, probability, size_of, times_of, variant_in_words)},
    **{"NOT_CONVERGED": NOT_CONVERGED, "INTERVAL": INTERVAL, "CREDIBLE_INTERVAL": CREDIBLE_INTERVAL},
    **{"basis": basis, "math": math, "limits": diagnostics},
}
"""What templates say things with."""


def study_document(result: Any) -> Document:
    """What a reader should see of a result with ``title``, ``answer``, ``evaluations`` and ``table``."""
    rows, about = records(result.table), result.evaluations
    table = Table.plain("table", result.title, pd.DataFrame(rows))
    return Document(
        title=result.title,
        subtitle=f"on the table '{about.name}' ({size_of(about)})",
        answer=result.answer,
        sections=(Section.of("results", "Results", table),),
        data={"table": rows},
    )
