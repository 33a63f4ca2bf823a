"""`bayes-scaling check`: every fault of a table, and what looks wrong with it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bayes_scaling.commands.options import (
    Columns,
    ColumnsFile,
    DropIncomplete,
    Guess,
    Json,
    LossUnit,
    Scale,
    TableOptions,
)
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.words import counted


def check_command(
    file: Annotated[Path, typer.Argument(help="A file of evaluations or of training runs: CSV, TSV, JSON lines, ...")],
    runs: Annotated[bool, typer.Option("--runs", help="They are training runs, whatever their columns say.")] = False,
    column: Columns = None,
    columns: ColumnsFile = None,
    guess_columns: Guess = False,
    scale: Scale = None,
    loss_unit: LossUnit = None,
    drop_incomplete: DropIncomplete = False,
    as_json: Json = False,
) -> None:
    """Print every fault of a table (row, column, value and the rule it breaks), and what looks wrong with it."""
    from bayes_scaling.tables.benchmarks import KNOWN, in_order, known
    from bayes_scaling.tables.columns import RUNS
    from bayes_scaling.tables.faults import fault_lines, printable
    from bayes_scaling.tables.plausibility import findings
    from bayes_scaling.tables.reading import read_table

    told = TableOptions(
        column=column,
        columns=columns,
        guess_columns=guess_columns,
        scale=scale,
        loss_unit=loss_unit,
        drop_incomplete=drop_incomplete,
    )
    read = read_table(file, RUNS if runs else None, told.reading())
    table, faults, kind = read.table, read.faults, read.kind
    found = () if faults else findings(table)
    if as_json:
        from bayes_scaling.plain_json import strict_json

        said = {
            "file": str(file),
            kind.plural: None if faults else len(table),
            "faults": [asdict(fault) for fault in faults],
            "warnings": [asdict(each) for each in found],
        }
        typer.echo(strict_json(said), nl=False)
    else:
        for line in (*fault_lines(faults), read.line, read.left_alone):
            if line:
                typer.echo(printable(line))
    if faults:
        raise BayesScalingError(f"{file}: {counted(len(faults), 'fault')}")
    if as_json:
        return
    for each in (*table.attrs["selections"], *found):
        typer.echo(printable(str(each)))
    typer.echo(f"{file}: {counted(len(table), kind.noun)}, no faults")
    others = [label for label in in_order(table["benchmark"]) if known(label) is None] if kind is not RUNS else []
    if others:
        names = ", ".join(benchmark.name for benchmark in KNOWN)
        typer.echo(printable(f"benchmarks that are kept as labels: {', '.join(others)}; known ones are {names}"))
