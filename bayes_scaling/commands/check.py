"""`bayes-scaling check`: every fault of a table, and what looks wrong with it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bayes_scaling.commands.options import Json, TableOptions, takes_table
from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError


@takes_table(runs=False, evaluations=False)
def check_command(
    options: TableOptions,
    file: Annotated[Path, typer.Argument(help="A file of evaluations or of training runs: CSV, TSV, JSON lines, ...")],
    runs: Annotated[bool, typer.Option("--runs", help="They are training runs, whatever their columns say.")] = False,
    as_json: Json = False,
) -> None:
    """Print every fault of a table (row, column, value and the rule it breaks), and what looks wrong with it."""
    from bayes_scaling.tables.benchmarks import KNOWN, in_order, known
    from bayes_scaling.tables.columns import RUNS
    from bayes_scaling.tables.faults import fault_lines, printable
    from bayes_scaling.tables.plausibility import findings
    from bayes_scaling.tables.reading import read_table

    read = read_table(file, RUNS if runs else None, options.reading())
    faults, kind = read.faults, read.kind
    table = read.table if faults else options.selected(read.table)
    found = () if faults else findings(table)
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
        shown = (read.line, read.left_alone) if faults else (read.left_alone, *table.attrs["selections"], *found)
        for line in (*fault_lines(faults), *map(str, shown)):
            if line:
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
    others = [label for label in in_order(table["benchmark"]) if known(label) is None] if kind is not RUNS else []
    if others:
        names = ", ".join(benchmark.name for benchmark in KNOWN)
        typer.echo(printable(f"benchmarks that are kept as labels: {', '.join(others)}; known ones are {names}"))
