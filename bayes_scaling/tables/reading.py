"""From a user's file to cells under canonical names, with every fault; and many faults as one message."""

from collections.abc import Callable, Mapping
from os import PathLike

import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.column_names import with_canonical_names
from bayes_scaling.tables.csv_file import read_csv_file
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.kind import TableKind

SHOWN = 20

TableFaults = Callable[[pd.DataFrame, Mapping[str, str]], tuple[Fault, ...]]
"""From cells, and canonical names to the file's, to the faults of a kind of table."""


def read_cells(
    path: str | PathLike[str], columns: Mapping[str, str], kind: TableKind, table_faults: TableFaults
) -> tuple[pd.DataFrame, tuple[Fault, ...]]:
    """Text cells under canonical names, and every fault in row order.

    Raises BayesScalingError: Of the kind: the file can't be read as a table at all, or the mapping does not fit it.
    """
    try:
        file = read_csv_file(path, kind.noun)
        if file.cells.empty:
            # The columns can't be told apart, or no row fits them: there is nothing to check further.
            return file.cells, file.faults
        cells = with_canonical_names(file.cells, columns, str(path), kind)
    except TableError as error:
        raise kind.error(str(error)) from None
    told = {(fault.row, fault.column) for fault in file.faults}  # no cell twice
    faults = [fault for fault in table_faults(cells, columns) if (fault.row, fault.column) not in told]
    return cells, tuple(sorted((*file.faults, *faults), key=lambda fault: fault.row or 0))


def fault_message(path: str | PathLike[str], faults: tuple[Fault, ...], kind: TableKind) -> str:
    """The first faults, a line each, and how to see the others."""
    count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = [f"{path} has {count}:", *(f"  {fault}" for fault in faults[:SHOWN])]
    if len(faults) > SHOWN:
        lines.append(f"  and {len(faults) - SHOWN} more; {kind.all_faults(str(path))}")
    return "\n".join(lines)


def with_ids(values: pd.DataFrame, name: str) -> pd.DataFrame:
    """Index a table by its ids, made from row numbers if it has none, and name it.

    Returns the table's name and an empty list of selections are in `attrs`.
    """
    table = values if "id" in values else values.assign(id=[f"row-{row:04d}" for row in values.index])
    table = table.set_index("id")
    table.attrs = {"name": name, "selections": []}
    return table
