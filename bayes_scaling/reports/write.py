"""A report written to a file: HTML, Markdown or JSON, whole or not at all."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from glob import escape as glob_escape
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bayes_scaling.common import files
from bayes_scaling.common.strict_json import plain, strict_text
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.reports import document as blocks
from bayes_scaling.reports.document import Document, Section, encoded
from bayes_scaling.reports.markdown import pictures_of, render_markdown
from bayes_scaling.reports.run_directory import write_results

if TYPE_CHECKING:
    from bayes_scaling.inference.result import Fit
    from bayes_scaling.studies.backtest.result import Backtest
    from bayes_scaling.studies.calibration.result import Calibration
    from bayes_scaling.studies.comparison.result import Comparison
    from bayes_scaling.studies.replication import Replication
    from bayes_scaling.studies.robustness.result import Robustness
    from bayes_scaling.studies.store import Store

SUFFIXES = {"html": ".html", "markdown": ".md", "json": ".json"}  # formats, and how files of them end
HTML_MARK, MARKDOWN_MARK = '<meta name="generator" content="bayes-scaling">', "[//]: # (report of bayes-scaling)"
"""By which a file is known as a report. The latter defines a link that nothing follows, so that it is not shown."""
_UNWRITABLE = "can't be written ({}); choose another place"
_REPORT_KEYS = {"title", "answer", "sections"}


def write_report(
    result: "Fit | Comparison | Robustness | Backtest | Calibration | Replication",
    path: str | Path,
    format: str | None = None,
    *,
    robustness: "Robustness | None" = None,
    compute: Sequence[float] = (),
) -> Path:
    """Write a report that answers in its first screen and goes down to the diagnostics.

    Parameters
    ----------
    result
        A fit (or its path or DataTree), a comparison, a robustness run, a backtest, a calibration or a replication.
    path
        The file. Of HTML, one that needs nothing else, with its machine-readable twin beside it (the same name, ending
        in ``.json``); of Markdown, pictures lie in a folder beside it.
    format
        ``"html"``, ``"markdown"`` or ``"json"``; by default what the ending says: ``.html``, ``.md`` or ``.json``.
    robustness
        A robustness run on a fit's table, for the fit's section on what would change its answer.
    compute
        Training budgets (FLOP) whose best split the report of a fit of runs has; the first is that of its answer.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    BayesScalingError
        If the result is none of these, the format is unknown, the robustness run is of another table than the
        fit, budgets are given for what has no best split, a file that is no report would be replaced, or the file
        can't be written.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.write_report(bs.load_fit("runs/reference"), "report.html")  # doctest: +SKIP
    PosixPath('report.html')
    """
    from bayes_scaling.inference.result import STAND_INS, require_fit

    if isinstance(result, STAND_INS):
        result = require_fit(result)
    return write_document(document_of(result, robustness, compute), path, format)


KINDS = {
    "fit": (files.FIT_FILE, "bayes_scaling.inference.result"),
    "comparison": (files.COMPARISON_SETTINGS, "bayes_scaling.studies.comparison.compare"),
    "robustness": (files.ROBUSTNESS_SETTINGS, "bayes_scaling.studies.robustness.run"),
    "backtest": (files.BACKTEST_SETTINGS, "bayes_scaling.studies.backtest.backtest"),
    "calibration": (files.CALIBRATION_FILE, "bayes_scaling.studies.calibration.result"),
    "replication": (files.REPLICATION_TABLE, "bayes_scaling.studies.replication"),
}
"""Kinds of results: a file of every directory of one, and where its reader is, such as ``load_fit``.

A result's class is named after its kind, as is the module of this room that makes a document of it; a kind without such
a module is reported by its title, answer and table (:mod:`bayes_scaling.reports.study_document`).
"""


def read_result(kind: str, source: Path) -> Any:
    """The result in a directory; its module is imported now, since PyMC takes seconds."""
    return resolve_name(f"{KINDS[kind][1]}:load_{kind}")(source)


def document_of(
    result: Any,
    robustness: "Robustness | None" = None,
    compute: Sequence[float] = (),
    kept: "Store | None" = None,
) -> Document:
    """What a report of a result says."""
    kinds = {each.__name__.lower(): each.__module__.partition(".")[0] for each in type(result).__mro__}
    kind = next((name for name in kinds if name in KINDS and KINDS[name][1].startswith(f"{kinds[name]}.")), None)
    if kind is None:
        choices = ", ".join(f"{name} (bs.load_{name})" for name in KINDS)
        raise BayesScalingError(f"a report needs a result, not a {type(result).__name__}; valid choices: {choices}")
    own = kind if find_spec(f"{__package__}.{kind}_document") else "study"
    document: Callable[..., Document] = resolve_name(f"{__package__}.{own}_document:{own}_document")
    if robustness is None and not len(compute):
        return document(result)
    if kind != "fit":
        given = "compute" if robustness is None else "robustness"
        raise BayesScalingError(f"{given}= is for the report of a fit alone; leave it out, or report the fit itself")
    if robustness is not None:
        from bayes_scaling.studies.robustness.run import check_same_table

        check_same_table(robustness, result)
    return document(result, robustness, compute, kept)


def format_of(path: str | Path, format: str | None = None) -> str:
    """The format asked for, or the one that a file's ending says."""
    if format is not None:
        if format not in SUFFIXES:
            raise BayesScalingError(f"format '{format}' is unknown; valid choices: {', '.join(SUFFIXES)}")
        return format
    for name, suffix in SUFFIXES.items():
        if Path(path).suffix.lower() == suffix:
            return name
    raise BayesScalingError(
        f"{path}: its ending says no format; end it in {', '.join(SUFFIXES.values())}, or name one of the formats "
        f"{', '.join(SUFFIXES)}"
    )


def write_document(document: Document, path: str | Path, format: str | None = None) -> Path:
    """Write a report that is at hand; see :func:`write_report`."""
    path = Path(path)
    kind = format_of(path, format)
    check_targets(path, kind)
    contents = {file: encoded(text) for file, text in _contents(document, path, kind).items()}
    write_results(contents, path, failure=_UNWRITABLE)
    return path


def check_targets(path: Path, kind: str) -> None:
    """Refuse to replace what is no report, by HTML's twin either: results of a run often have the names of reports."""
    forms = ({path.with_suffix(SUFFIXES["json"]): "json"} if kind == "html" else {}) | {path: kind}
    try:
        directory, there = path.is_dir(), [target for target in forms if target.is_file()]
    except OSError as error:  # such as a name longer than the file system allows
        raise BayesScalingError(f"{path}: {_UNWRITABLE.format(error.strerror)}") from None
    if directory:
        raise BayesScalingError(f"{path}: is a directory, and a report is a file; give a name in it")
    for target in there:
        if not _is_report(target, forms[target]):
            what = "" if target == path else f", which {path.name} would come with,"
            raise BayesScalingError(
                f"{target}{what} exists and is no report, so it is not replaced; choose another --output (in Python: "
                "path)"
            )


def reports_in(directory: Path) -> tuple[Path, ...]:
    """Reports of this package in a directory, with the pictures of those in Markdown."""
    found = []
    for kind, suffix in SUFFIXES.items():
        files = sorted(directory.glob(f"*{suffix}"))
        found += [file for file in files if file.is_file() and file.stat().st_size and _is_report(file, kind)]
    pictures = (path for file in found for path in sorted(directory.glob(f"{glob_escape(file.stem)}_pictures/*.svg")))
    return (*found, *pictures)


def _is_report(path: Path, kind: str) -> bool:
    """Whether a file is a report of this format, or empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):  # such as what is no text
        return False
    if kind == "json":
        try:
            found = json.loads(text) if text else _REPORT_KEYS
        except (ValueError, RecursionError):
            return False
        return isinstance(found, dict | set) and set(found) >= _REPORT_KEYS
    return not text or (HTML_MARK if kind == "html" else MARKDOWN_MARK) in text


def _contents(document: Document, path: Path, kind: str) -> dict[Path, str]:
    if kind == "json":
        return {path: render_json(document)}
    if kind == "markdown":
        folder = path.with_name(f"{path.stem}_pictures")
        pictures = pictures_of(document)
        drawn = {folder / f"{name}.svg": svg for name, svg in pictures.items()}
        page = render_markdown(document, {name: f"{quote(folder.name)}/{name}.svg" for name in pictures})
        return drawn | {path: f"{page}\n{MARKDOWN_MARK}\n"}
    from bayes_scaling.reports.html import render_html

    return {path.with_suffix(SUFFIXES["json"]): render_json(document)} | {path: render_html(document)}


def as_plain(document: Document) -> dict[str, Any]:
    """A report as plain data: equations in LaTeX, tables with rows as records, pictures by their alternatives."""
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "answer": document.answer,
        "notes": list(document.notes),
        "banners": [asdict(banner) for banner in document.banners],
        "lead": None if document.lead is None else _picture(document.lead),
        "changes": list(document.changes),
        "citation": document.citation,
        "sections": [_section(section) for section in document.everything],
        "data": plain(document.data),
    }


def render_json(document: Document) -> str:
    """A report as strict JSON text: no NaN, no infinity."""
    return strict_text(as_plain(document))


def _section(section: Section) -> dict[str, Any]:
    found: dict[str, Any] = {"name": section.name, "title": section.title}
    for block in section.blocks:
        kind, parts = _PARTS[type(block)]
        found.setdefault(kind, []).extend(parts(block))
    return found


def _table(table: blocks.Table) -> dict[str, Any]:
    records = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    columns, marked = list(table.columns), sorted(table.marked)
    return {"name": table.name, "caption": table.caption, "columns": columns, "records": records, "marked": marked}


def _picture(picture: blocks.Picture | blocks.Chart) -> dict[str, Any]:
    return {"name": picture.name, "title": picture.title, "alternative": picture.alternative}


def _chart(chart: blocks.Chart) -> dict[str, Any]:
    return _picture(chart) | {"note": chart.note, "records": plain(chart.data.to_dict("records"))}


_PARTS: dict[type, tuple[str, Callable[[Any], list[Any]]]] = {
    blocks.Paragraph: ("text", lambda block: [block.text]),
    blocks.Bullets: ("text", lambda block: list(block.items)),
    blocks.Equation: ("equations", lambda block: [block.tex]),
    blocks.Code: ("code", lambda block: [block.text]),
    blocks.Table: ("tables", lambda block: [_table(block)]),
    blocks.Picture: ("pictures", lambda block: [_picture(block)]),
    blocks.Chart: ("charts", lambda block: [_chart(block)]),
}
"""Of each kind of block, the list of a section that it adds to, and what."""
