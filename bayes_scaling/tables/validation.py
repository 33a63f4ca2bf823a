"""Faults that any table can have: in single cells, and rows that repeat others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bayes_scaling.tables.faults import Fault

if TYPE_CHECKING:
    import pandera.pandas as pa


def cell_faults(
    cells: pd.DataFrame,
    text_schema: "pa.DataFrameSchema",
    value_schema: "pa.DataFrameSchema",
    typed_values: Callable[[pd.DataFrame], pd.DataFrame],
) -> tuple[pd.DataFrame, list[Fault]]:
    """Typed values, missing where a cell is badly written, and the faults of single cells.

    Parameters
    ----------
    cells : DataFrame
        Text with canonical column names, indexed by the file's row numbers.
    text_schema, value_schema : DataFrameSchema
        How cells are written, and what typed values may be.
    typed_values : callable
        From well-written cells to typed values.
    """
    # Here and not above: pandera is slow to import, and only checking needs it.
    from bayes_scaling.tables.rules import cell_failures

    badly_written = cell_failures(text_schema, cells)
    well_written = cells.copy()
    for column, cases in badly_written.groupby("column"):
        well_written.loc[cases["row"], column] = None
    values = typed_values(well_written)
    failures = pd.concat([badly_written, cell_failures(value_schema, values)])
    as_written = {column: cells[column].fillna("").to_dict() for column in failures["column"].unique()}
    faults = [
        Fault(row, column, str(as_written[column][row]), rule) for row, column, rule in failures.itertuples(index=False)
    ]
    return values, faults


def repeated_ids(cells: pd.DataFrame) -> Iterator[Fault]:
    """Rows whose id an earlier row has."""
    if "id" in cells:
        for row, first in repeats(cells[["id"]].dropna()):
            rule = f"stands in row {first} already; every row needs its own"
            yield Fault(row, "id", str(cells.loc[row, "id"]), rule)


def repeats(table: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Rows equal to an earlier one, and the first such row."""
    rows = table.index.to_series()
    first = rows.groupby([table[column] for column in table], dropna=False).transform("first")
    repeated = rows.ne(first)
    return zip(rows[repeated], first[repeated], strict=True)


def in_file_order(faults: Sequence[Fault], cells: pd.DataFrame, file_names: Mapping[str, str]) -> tuple[Fault, ...]:
    """Faults in the order in which a reader of the file meets them, with columns as the file names them.

    Parameters
    ----------
    faults : sequence of Fault
        With canonical column names.
    cells : DataFrame
        The table's columns, in the file's order.
    file_names : mapping of str to str
        Canonical name to the file's name, for columns that the file names otherwise.
    """
    position = {column: number for number, column in enumerate(cells)}
    ordered = sorted(faults, key=lambda fault: (fault.row or 0, position.get(fault.column or "", len(position))))
    return tuple(_as_in_file(fault, file_names) for fault in ordered)


def _as_in_file(fault: Fault, file_names: Mapping[str, str]) -> Fault:
    row = None if fault.row is None else int(fault.row)  # not numpy's integer
    column = None if fault.column is None else file_names.get(fault.column, fault.column)
    return Fault(row, column, fault.value, fault.rule)
