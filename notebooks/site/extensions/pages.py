"""Pages that code knows best: specifications, public names, commands, columns of tables, parameters."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import typer
from groups import groups
from references import text_of
from specification_pages import catalogue_page, escaped, specification_page, table
from typer.testing import CliRunner

import bayes_scaling
from bayes_scaling import classical
from bayes_scaling.commands import app
from bayes_scaling.reports.calibration_document import calibration_sentences, calibration_table
from bayes_scaling.reports.mathematics import symbol
from bayes_scaling.specifications.catalogue import catalogue_directory, list_specifications, load_specification
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.studies.calibration.calibrate import evidence_for
from bayes_scaling.studies.calibration.result import Calibration
from bayes_scaling.tables.cells import value_rules, written_rules
from bayes_scaling.tables.columns import EVALUATIONS, RUNS, TableKind


def write_pages(source: Path) -> None:
    """Write all of them."""
    pages = {
        **specification_pages(),
        **api_pages(),
        "command-line.md": command_line_page(),
        "tables.md": tables_page(),
        "parameters.md": parameters_page(),
    }
    for name, text in pages.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def specification_pages() -> dict[str, str]:
    """A page a specification, and the list of them."""
    pages, calibrated = {}, []
    specifications = [load_specification(name) for name in list_specifications()]
    for each in specifications:
        found = evidence_for(each)
        if found is not None:
            calibrated.append(each.name)
        source = (catalogue_directory() / f"{each.name}.toml").read_text(encoding="utf-8")
        text = "" if found is None else evidence(found)
        pages[f"specifications/{each.name}.md"] = specification_page(each, source, text)
    listed = catalogue_page(specifications, calibrated)
    contents = _toctree([each.name for each in specifications], directive="md")
    pages["specifications/index.md"] = f"{listed}\n{contents}"
    return pages


def evidence(calibration: Calibration) -> str:
    """What a calibration found, as Markdown."""
    shown = calibration_table(calibration)
    rows = [
        (f"`{name}`", f"**{state}**" if place in shown.marked else state, *cells)
        for place, (name, state, *cells) in enumerate(shown.rows)
    ]
    said = " ".join(escaped(sentence) for sentence in calibration_sentences(calibration))
    return f"{said}\n\n" + table(shown.columns, rows)


def api_pages() -> dict[str, str]:
    """A page a public name and one a group of them."""
    pages = {}
    found = {f"api/{key}": value for key, value in groups(bayes_scaling.__all__).items()}
    for path, (title, text, names) in found.items():
        pages |= _group(path, title, text, bayes_scaling, names)
    doc = text_of("classical", classical)
    pages |= _group("api/classical", "Published point estimators: bs.classical", doc, classical, classical.__all__)
    contents = _toctree([Path(path).name for path in (*found, "api/classical")], directive="rst", depth=1)
    pages["api/index.rst"] = (
        f"{_heading('Public names')}\nAll are attributes of ``bayes_scaling``, here ``bs``; ``help(bs.fit)`` shows the "
        f"same text.\n\n{contents}"
    )
    return pages


def _group(path: str, title: str, text: str, module: ModuleType, names: Iterable[str]) -> dict[str, str]:
    full = {name: f"{module.__name__}.{name}" for name in names}
    rows = (
        f"   * - :py:obj:`{name} <{target}>`\n     - {_summary(name, getattr(module, name))}"
        for name, target in full.items()
    )
    listed = ".. list-table::\n   :widths: 35 65\n\n" + "\n".join(rows)
    # What two modules offer has its page with the first.
    own = [
        name
        for name in full
        if module is bayes_scaling or getattr(bayes_scaling, name, None) is not getattr(module, name)
    ]
    contents = _toctree([f"{Path(path).name}/{name}" for name in own], directive="rst")
    pages = {f"{path}.rst": f"{_heading(title)}\n{text}\n\n{listed}\n\n{contents}"}
    for name in own:
        thing = getattr(module, name)
        kind = "autoexception" if _is_error(thing) else "autoclass" if inspect.isclass(thing) else "autofunction"
        if not callable(thing) or not hasattr(thing, "__name__"):
            kind = "autodata"
        options = {"autoclass": "   :members:\n", "autodata": "   :no-value:\n"}.get(kind, "")
        pages[f"{path}/{name}.rst"] = f"{_heading(name)}\n.. {kind}:: {full[name]}\n{options}"
    return pages


def _summary(name: str, thing: object) -> str:
    """The first paragraph on one line."""
    return " ".join(text_of(name, thing).partition("\n\n")[0].split())


def _is_error(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, BaseException)


def command_line_page() -> str:
    """The help of each command, as it prints it."""
    parts = ["# Command line", "`bayes-scaling COMMAND --help` prints the same."]
    command = typer.main.get_command(app)
    for name in ("", *getattr(command, "commands", {})):
        arguments = [*([name] if name else []), "--help"]
        shown = CliRunner().invoke(app, arguments, prog_name="bayes-scaling", terminal_width=78)
        if shown.exit_code != 0:
            raise RuntimeError(f"bayes-scaling {' '.join(arguments)} fails: {shown.output}")
        parts += [f"## bayes-scaling {name}".rstrip(), f"```text\n{shown.output.strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def tables_page() -> str:
    """Columns of both kinds of tables, with the rules that are checked, and the packaged tables' own description."""
    return "\n\n".join(
        [
            "# Tables and their columns",
            "A table is a file of CSV, TSV, JSON lines, Parquet or Excel, or a DataFrame of pandas or Polars. "
            '`--column ours="Theirs"` (in Python `columns={"ours": "Theirs"}`) maps columns that are named otherwise, '
            "and `--guess-columns` takes usual names; columns that are not listed here are kept as they are.",
            "## Evaluations",
            "Read by {func}`bayes_scaling.read_evaluations`; `bayes-scaling check mine.csv` lists every fault. "
            "[The packaged tables](packaged-tables.md) say what each column means.",
            _rules(EVALUATIONS),
            "## Training runs",
            "Read by {func}`bayes_scaling.read_runs`, where the columns are explained. A row needs `tokens` or `flop`.",
            _rules(RUNS),
        ]
    )


def _rules(kind: TableKind) -> str:
    rows = []
    for column in kind.columns:
        need = "required" if column.need == "required" else "optional"
        rules = "; ".join(rule for rule, _ in (*value_rules(column), *written_rules(column)))
        gaps = "may have gaps" if column.need == "gaps" else "no gaps"
        usual = ", ".join(f"`{each}`" for each in column.usual)
        rows.append((f"`{column.name}`", usual, need, gaps, escaped(rules) or "text"))
    return table(("column", "usual names", "", "cells", "rules"), rows)


def parameters_page() -> str:
    """Everything that may carry a prior."""
    rows = [
        (
            f"${symbol(p.name)}$",
            f"`{p.name}`",
            escaped(p.meaning),
            escaped(p.unit) or "none",
            f"`{p.prior}`",
            escaped(p.reason),
        )
        for p in PARAMETERS.values()
    ]
    return (
        "# Parameters and default priors\n\nA specification's page says which of these it has, and its own priors "
        "where they differ.\n\n" + table(("symbol", "name", "meaning", "unit", "default prior", "reason"), rows)
    )


def _heading(title: str) -> str:
    return f"{title}\n{'=' * len(title)}\n"


def _toctree(pages: Iterable[str], *, directive: str, depth: int = 1) -> str:
    names = list(pages)
    if directive == "md":
        return "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"
    hidden = "" if depth and not names[0].count("/") else "   :hidden:\n"
    return f".. toctree::\n   :maxdepth: {depth}\n{hidden}\n" + "\n".join(f"   {name}" for name in names) + "\n"
