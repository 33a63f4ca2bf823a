"""`bayes-scaling check`: every fault of a table."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_scaling.commands.options import Columns, column_mapping
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.words import counted


def check_command(
    file: Annotated[Path, typer.Argument(help="A CSV file of evaluations.")],
    column: Columns = None,
) -> None:
    """Print every fault of a table: row, column, value and the rule it breaks."""
    from bayes_scaling.evaluations import check_evaluations, read_evaluations

    columns = column_mapping(column)
    faults = check_evaluations(file, columns)
    if faults:
        for fault in faults:
            typer.echo(str(fault))
        raise BayesScalingError(f"{file}: {counted(len(faults), 'fault')}")
    typer.echo(f"{file}: {counted(len(read_evaluations(file, columns)), 'evaluation')}, no faults")
