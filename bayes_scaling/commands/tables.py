"""`bayes-scaling check`: what is wrong with a table; `bayes-scaling import`: a table that others publish, as ours."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_scaling.commands.columns import column_mapping
from bayes_scaling.commands.options import Columns, ColumnsFile, Json, TableOptions, takes_table
from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError

if TYPE_CHECKING:
    import pandas as pd

    from bayes_scaling.tables.faults import Fault
    from bayes_scaling.tables.reading import ReadTable


@takes_table(runs=False, evaluations=False)
def check_command(
    options: TableOptions,
    file: Annotated[Path, typer.Argument(help="A file of evaluations or of training runs: CSV, TSV, JSON lines, ...")],
    runs: Annotated[
        bool | None,
        typer.Option("--runs/--evaluations", help="What they are, whatever their columns say.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print every fault of a table (row, column, value and the rule it breaks), and what looks wrong with it.

    Where rows have faults, what looks wrong is said of the others.
    """
    from bayes_scaling.tables.benchmarks import KNOWN, in_order, known
    from bayes_scaling.tables.columns import EVALUATIONS, RUNS
    from bayes_scaling.tables.faults import fault_lines, printable
    from bayes_scaling.tables.plausibility import findings
    from bayes_scaling.tables.reading import read_table

    read = read_table(file, {True: RUNS, False: EVALUATIONS, None: None}[runs], options.reading())
    faults, kind = read.faults, read.kind
    table = _selected(options, read)
    found = findings(table) if len(table) else ()
    errors = [each.code for each in found if each.severity == "error"]
    if as_json:
        from bayes_scaling.common.strict_json import strict_json

        said = {
            "file": str(file),
            kind.plural: None if faults else len(table),
            "faults": [asdict(fault) for fault in faults],
            "warnings": [asdict(each) for each in found],
        }
        typer.echo(strict_json(said), nl=False)
    else:
        partly = f"what looks wrong in the {counted(len(table), 'row')} without faults, which can be read already:"
        notes = [read.line, partly * bool(found)] if faults else table.attrs["selections"]
        for line in filter(None, (*fault_lines(faults), *read.remarks, *notes, *map(str, found))):
            typer.echo(printable(line))
    if faults:
        raise BayesScalingError(f"{file}: {counted(len(faults), 'fault')}")
    if errors:
        allow = " ".join(f"--allow {code}" for code in errors)
        raise BayesScalingError(
            f"{file}: {counted(len(table), kind.noun)}, not fitted as it is; if it is right nevertheless: {allow}"
        )
    if as_json:
        return
    typer.echo(f"{file}: {counted(len(table), kind.noun)}, no faults")
    if kind is RUNS:
        return
    from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS, architecture_levels

    architecture, (rest, first) = table["architecture"], ARCHITECTURE_LEVELS
    if told := sorted({*architecture} - {*ARCHITECTURE_LEVELS}):
        counts = architecture_levels(architecture).value_counts()
        typer.echo(f"architectures: {first} {counts.get(first, 0)}; {rest} {counts[rest]} ({', '.join(told)})")
    others = [label for label in in_order(table["benchmark"]) if known(label) is None]
    if others:
        names = ", ".join(benchmark.name for benchmark in KNOWN)
        typer.echo(printable(f"benchmarks that are kept as labels: {', '.join(others)}; known ones are {names}"))


def _selected(options: TableOptions, read: "ReadTable") -> "pd.DataFrame":
    """The rows asked for; of a table with faults those without any, none of which may be left."""
    if not read.faults:
        return options.selected(read.table)
    try:
        return options.selected(read.sound) if len(read.sound) else read.table
    except BayesScalingError:  # what is wrong with the selection is said once the faults are mended
        return read.table


SHEET, SYSTEMS = "ho2024-sheet", "ai-models"
_SHOWN = 10


def import_command(
    output: Annotated[Path, typer.Option(help="A new .csv file for the evaluations.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="The sheet of Ho et al. 2024 as CSV, or a CSV file of evaluations with gaps to fill."),
    ] = None,
    fetch: Annotated[
        list[str] | None,
        typer.Option(help="ho2024-sheet or ai-models (to fill gaps): download it, once; repeat for both."),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Download again what was downloaded before.")] = False,
    fill_from: Annotated[
        Path | None, typer.Option(help="The AI models database as CSV: fills missing parameters, tokens and dates.")
    ] = None,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Fill where names of systems agree, whatever the paper.")
    ] = False,
    every_row: Annotated[
        bool, typer.Option("--every-row", help="Of the sheet, keep more than the best three of each paper.")
    ] = False,
    own_perplexity: Annotated[
        bool,
        typer.Option("--own-perplexity", help="Of the sheet, each benchmark's own perplexity, not the published one."),
    ] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="List every row that was dropped, and why.")] = False,
    column: Columns = None,
    columns: ColumnsFile = None,
) -> None:
    """Make a table of evaluations of a table that others publish; every step is counted."""
    from bayes_scaling.common.files import write_whole
    from bayes_scaling.tables.filling import evaluations_csv, read_with_gaps

    fetched = _sources(fetch, file, fill_from, refresh)
    if output.suffix != ".csv":
        raise BayesScalingError(f"--output {output} must end in .csv")
    if output.exists():
        raise BayesScalingError(f"{output} exists already and is not overwritten; give another --output")
    if SHEET in fetched or (file is not None and _is_sheet(file)):
        if column or columns is not None:
            option = "--column" if column else "--columns"
            raise BayesScalingError(f"{option} maps the columns of evaluations; those of the sheet are known")
        evaluations = _from_sheet(file, refresh, every_row, own_perplexity, dropped)
    else:
        if every_row or own_perplexity or dropped:
            raise BayesScalingError("--every-row, --own-perplexity and --dropped are for the sheet of Ho et al. 2024")
        assert file is not None  # without the sheet there is a file
        evaluations = read_with_gaps(file, column_mapping(column, columns))
    if fill_from is not None or SYSTEMS in fetched:
        evaluations = _filled(evaluations, fill_from, refresh, by_name)
    gaps = _gaps(evaluations)
    write_whole(output, evaluations_csv(evaluations))
    for line in gaps:
        typer.echo(f"left empty: {line}")
    typer.echo(f"{output}: {counted(len(evaluations), 'evaluation')}; next: bayes-scaling check {output}")


def _sources(fetch: list[str] | None, file: Path | None, fill_from: Path | None, refresh: bool) -> set[str]:
    """What is to be fetched, if it fits the files that are given."""
    from bayes_scaling.tables.fetching import require_source

    fetched = set(fetch or [])
    for name in fetch or []:
        require_source(name)
    if file is None and SHEET not in fetched:
        raise BayesScalingError(
            f"nothing to import: give a CSV file, or --fetch {SHEET} (the spreadsheet of Ho et al. 2024); "
            f"--fetch {SYSTEMS} only fills gaps of one"
        )
    if file is not None and SHEET in fetched:
        raise BayesScalingError(f"{file} and --fetch {SHEET} are both given; leave one out")
    if fill_from is not None and SYSTEMS in fetched:
        raise BayesScalingError(f"--fill-from and --fetch {SYSTEMS} are both given; leave one out")
    if refresh and not fetched:
        raise BayesScalingError("--refresh downloads again; say what with --fetch")
    return fetched


def _is_sheet(file: Path) -> bool:
    from bayes_scaling.tables.ai_models import is_ai_models
    from bayes_scaling.tables.formats import read_text_table
    from bayes_scaling.tables.ho2024_sheet import is_ho2024_sheet

    names = read_text_table(file, "system").cells.columns
    if is_ai_models(names) and not is_ho2024_sheet(names):
        raise BayesScalingError(
            f"{file} is the AI models database, which has no perplexities; give evaluations, and it as --fill-from"
        )
    return is_ho2024_sheet(names)


def _from_sheet(file: Path | None, refresh: bool, every_row: bool, own: bool, dropped: bool) -> "pd.DataFrame":
    from bayes_scaling.tables.ho2024_evaluations import read_ho2024_sheet
    from bayes_scaling.tables.ho2024_rules import KEPT_PER_PAPER

    best = None if every_row else KEPT_PER_PAPER
    selection = read_ho2024_sheet(file, fetch=file is None, refresh=refresh, best=best, own_perplexity=own)
    _say_source(selection.table)
    typer.echo(str(selection))
    if dropped:
        for step in selection.steps:
            for each in step.dropped:
                typer.echo(f"  {step.name}: {each}")
    _say_unread(selection.unread)
    return selection.table


def _filled(evaluations: "pd.DataFrame", file: Path | None, refresh: bool, by_name: bool) -> "pd.DataFrame":
    from bayes_scaling.tables.ai_models import read_ai_models
    from bayes_scaling.tables.faults import printable
    from bayes_scaling.tables.filling import fill_from

    systems = read_ai_models(file, fetch=file is None, refresh=refresh)
    _say_source(systems)
    _say_unread(systems.attrs["unread"])
    filling = fill_from(evaluations, systems, by="name" if by_name else "name and paper")
    typer.echo(str(filling))
    for each in filling.disagreements.head(_SHOWN).itertuples(index=False):
        typer.echo(printable(f"  {each.id}, {each.column}: kept {each.kept}, the system has {each.found}"))
    return filling.evaluations


def _gaps(evaluations: "pd.DataFrame") -> list[str]:
    """What could not be filled; refuses what is wrong beyond that."""
    from bayes_scaling.tables.faults import fault_lines, fault_message
    from bayes_scaling.tables.filling import FILLABLE, csv_faults

    faults = csv_faults(evaluations)
    wrong = [fault for fault in faults if fault.value or fault.column not in FILLABLE]
    if wrong:
        raise BayesScalingError(fault_message("what would be written", wrong, "correct these first"))
    return fault_lines(faults)


def _say_source(table: "pd.DataFrame") -> None:
    source = table.attrs.get("source")
    if source:
        typer.echo(f"{source['url']}, fetched {source['fetched'] or 'at a time unknown'}, sha256 {source['sha256']}")


def _say_unread(unread: "tuple[Fault, ...]") -> None:
    for fault in unread[:_SHOWN]:
        typer.echo(f"not read: {fault}")
    if len(unread) > _SHOWN:
        typer.echo(f"not read: {len(unread) - _SHOWN:,} cells more")
