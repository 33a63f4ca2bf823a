"""Every fault of a user's table, in the order in which a reader of the file meets them."""

from collections.abc import Iterator, Mapping

import pandas as pd

from bayes_scaling.evaluations.column_names import column_faults
from bayes_scaling.evaluations.columns import EMPTY_IF_NOT_COMPARABLE, IDENTITY
from bayes_scaling.evaluations.faults import Fault
from bayes_scaling.evaluations.values import typed_values


def table_faults(cells: pd.DataFrame, file_names: Mapping[str, str]) -> tuple[Fault, ...]:
    """Find every fault of a table of text cells.

    Parameters
    ----------
    cells : DataFrame
        Text with canonical column names, indexed by the file's row numbers.
    file_names : mapping of str to str
        Canonical name to the file's name, for columns that the file names otherwise.

    Returns
    -------
    tuple of Fault
        In row order; within a row in the order of the columns; no cell twice.

    Examples
    --------
    >>> cells = pd.DataFrame({"Model Size": ["1e9"]}, index=[2], dtype="str")
    >>> len(table_faults(cells, {}))  # nothing required is there
    8
    """
    values, in_cells = _check_cells(cells)
    sound = values.drop(index=[fault.row for fault in in_cells])
    faults = [
        *column_faults(list(cells.columns)),
        *in_cells,
        *_missing_sizes(cells, values),
        *_repeated_ids(cells),
        *_repeated_evaluations(sound),
    ]
    position = {column: number for number, column in enumerate(cells)}
    faults.sort(key=lambda fault: (fault.row or 0, position.get(fault.column or "", len(position))))
    return tuple(_as_in_file(fault, file_names) for fault in faults)


def _check_cells(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Typed values, missing where a cell is badly written, and the faults of single cells."""
    # Here and not above: pandera is slow to import, and only checking needs it.
    from bayes_scaling.evaluations.schema import cell_failures, text_schema, value_schema

    badly_written = cell_failures(text_schema(), cells)
    well_written = cells.copy()
    for column, cases in badly_written.groupby("column"):
        well_written.loc[cases["row"], column] = None
    values = typed_values(well_written)
    failures = pd.concat([badly_written, cell_failures(value_schema(), values)])
    as_written = cells.fillna("")
    faults = [
        Fault(row, column, str(as_written.loc[row, column]), rule)
        for row, column, rule in failures.itertuples(index=False)
    ]
    return values, faults


def _missing_sizes(cells: pd.DataFrame, values: pd.DataFrame) -> Iterator[Fault]:
    set_aside = values["comparable"].eq(False) if "comparable" in values else pd.Series(False, cells.index)
    for column in cells.columns.intersection(list(EMPTY_IF_NOT_COMPARABLE)):
        for row in cells.index[cells[column].isna() & ~set_aside]:
            yield Fault(row, column, "", "must not be empty, unless the row has comparable = 0")


def _repeated_ids(cells: pd.DataFrame) -> Iterator[Fault]:
    if "id" in cells:
        for row, first in _repeats(cells[["id"]].dropna()):
            rule = f"stands in row {first} already; every row needs its own"
            yield Fault(row, "id", str(cells.loc[row, "id"]), rule)


def _repeated_evaluations(values: pd.DataFrame) -> Iterator[Fault]:
    identity = [column for column in IDENTITY if column in values]
    # Without the columns that tell evaluations apart, every row would seem to repeat another.
    if not {"system", "paper", "benchmark"} <= set(identity):
        return
    for row, first in _repeats(values[identity]):
        rule = f"repeats row {first} (the same {', '.join(identity)}); keep one of them"
        yield Fault(row, None, str(values.loc[row, "system"]), rule)


def _repeats(table: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Rows equal to an earlier one, and the first such row."""
    rows = table.index.to_series()
    first = rows.groupby([table[column] for column in table], dropna=False).transform("first")
    repeated = rows.ne(first)
    return zip(rows[repeated], first[repeated], strict=True)


def _as_in_file(fault: Fault, file_names: Mapping[str, str]) -> Fault:
    row = None if fault.row is None else int(fault.row)  # not numpy's integer
    column = None if fault.column is None else file_names.get(fault.column, fault.column)
    return Fault(row, column, fault.value, fault.rule)
