"""What a report says, as a template of Markdown that is filled with figures, tables and pictures."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from bayes_scaling.common.formatting import NOT_CONVERGED, amount, counted, estimate, months, probability
from bayes_scaling.common.strict_json import records
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL, INTERVAL
from bayes_scaling.reports import document as blocks
from bayes_scaling.reports.document import Chart, Document, Paragraph, Row, Section, Table, templates
from bayes_scaling.reports.svg import lead_of, picture_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HELD = re.compile("\ue000\\d+\ue001")
_BLANK = re.compile(r"[ \t\r\n]+")
_CELL = re.compile(r"(?m)^(.*) \|(.*)$")
_HEADING, _FOLDED = re.compile(r"## ([\w-]+):\s*(.*)", re.DOTALL), "\n# For statisticians\n"
_STARTS = {"#": "title", "*": "subtitle", ">": "Banner", "-": "tuple", "$": "Equation"}  # of paragraphs
_WHOLE = (blocks.Block, Section, blocks.Banner, tuple, list, Iterator)
_WORDS: Mapping[str, Any] = {
    **{each.__name__: each for each in (amount, counted, estimate, months, probability)},
    **{"NOT_CONVERGED": NOT_CONVERGED, "INTERVAL": INTERVAL, "CREDIBLE_INTERVAL": CREDIBLE_INTERVAL, "math": math},
}
"""What every template says things with."""


class Prose:
    """The text of a report: `NAME.md.jinja`, which sees ``values`` and the numbers and words of every report.

    A report has title, *subtitle*, banners (`> **TITLE** text`), the answer, notes on it, one picture, what would
    change it (a list), sections (`## name: Title`), and after `# For statisticians` those that are folded. Text that
    is filled in stays text, whatever it says; a paragraph that is one value may be a block, several, a list, a section
    or a banner. None of it is worked out for parts that are not asked for.
    """

    def __init__(self, name: str, **values: Any) -> None:
        self._held: dict[str, Any] = {}  # values by their marks
        environment = templates(finalize=self._hold, keep_trailing_newline=True)
        made = {"table": self._table, "picture": self._picture, "chart": self._chart}
        environment.globals |= {**_WORDS, **made, **values}
        self._template = environment.get_template(f"{name}.md.jinja")

    def blocks(self, part: str) -> Iterator[Any]:
        """What a `{% block %}` of the template says, as :meth:`Section.of` takes it."""
        return map(self._block, self._pieces(self._rendered(part)))

    def part(self, name: str) -> list[Any]:
        """The same with the items of lists one by one."""
        return [each for block in self.blocks(name) for each in (block if isinstance(block, tuple) else [block])]

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
        if not isinstance(value, _WHOLE):
            value = "" if value is None else str(value)
            if not value or value.strip() in self._held:  # nothing, or what a macro has made
                return str(value)
            value = self._filled(value)
        mark = f"\ue000{len(self._held)}\ue001"
        self._held[mark] = value
        return mark

    def _rendered(self, part: str) -> str:
        return "".join(self._template.blocks[part](self._template.new_context()))

    def _pieces(self, text: str) -> Iterator[Any]:
        """Paragraphs, with their marks, and the values that are more than text."""
        for chunk in filter(None, map(str.strip, re.split(r"\n\n+", text))):
            value = self._held.get(chunk, chunk)
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
                return blocks.Equation(self._said(piece.strip("$")))
            case "Banner":
                title, _, text = re.sub(r"(?m)^> ?", "", piece).removeprefix("**").partition("** ")
                return blocks.Banner(self._said(title), self._said(text))
            case "title" | "subtitle":
                return self._said(piece.removeprefix("# ").strip("*"))
        return self._said(piece) if isinstance(piece, str) else piece

    def _said(self, text: str) -> str:
        """One line, with its values."""
        return _BLANK.sub(" ", self._filled(text)).strip()

    def _filled(self, text: str) -> str:
        return _HELD.sub(lambda mark: self._held.get(mark[0], ""), text)

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
        from bayes_scaling.plots.interactive import scatter_view  # which waits for Vega-Altair

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
