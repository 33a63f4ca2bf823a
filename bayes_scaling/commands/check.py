"""`bayes-scaling check`: every fault of a table."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bayes_scaling.commands.options import Columns, ColumnsFile, Json, column_mapping
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.words import counted


def check_command(
    file: Annotated[Path, typer.Argument(help="A CSV file of evaluations.")],
    column: Columns = None,
    columns: ColumnsFile = None,
    as_json: Json = False,
) -> None:
    """Print every fault of a table: row, column, value and the rule it breaks."""
    from bayes_scaling.evaluations.benchmarks import KNOWN, in_order, known
    from bayes_scaling.evaluations.reading import read_or_faults
    from bayes_scaling.tables.faults import printable

    evaluations, faults = read_or_faults(file, column_mapping(column, columns))
    if as_json:
        from bayes_scaling.plain_json import strict_json

        found = {
            "file": str(file),
            "evaluations": None if faults else len(evaluations),
            "faults": [asdict(fault) for fault in faults],
        }
        typer.echo(strict_json(found), nl=False)
    else:
        for fault in faults:
            typer.echo(str(fault))
    if faults:
        raise BayesScalingError(f"{file}: {counted(len(faults), 'fault')}")
    if not as_json:
        typer.echo(f"{file}: {counted(len(evaluations), 'evaluation')}, no faults")
        others = [label for label in in_order(evaluations["benchmark"]) if known(label) is None]
        if others:
            names = ", ".join(benchmark.name for benchmark in KNOWN)
            typer.echo(printable(f"benchmarks that are kept as labels: {', '.join(others)}; known ones are {names}"))
