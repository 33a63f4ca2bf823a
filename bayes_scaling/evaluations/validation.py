"""Every fault of a user's table, in the order in which a reader of the file meets them."""

from collections.abc import Iterator, Mapping

import pandas as pd

from bayes_scaling.evaluations.columns import EMPTY_IF_NOT_COMPARABLE, EVALUATIONS, IDENTITY
from bayes_scaling.evaluations.values import typed_values
from bayes_scaling.tables.column_names import missing_columns, misspelt_columns, misspelt_names
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.validation import cell_faults, in_file_order, repeated_ids, repeats


def table_faults(cells: pd.DataFrame, file_names: Mapping[str, str]) -> tuple[Fault, ...]:
    """Find every fault of a table of text cells.

    Returns tuple of Fault: in row order; within a row in the order of the columns; no cell twice.

    Parameters
    ----------
    cells : DataFrame
        Text with canonical column names, indexed by the file's row numbers.
    file_names : mapping of str to str
        Canonical name to the file's name, for columns that the file names otherwise.

    Examples
    --------
    >>> cells = pd.DataFrame({"Model Size": ["1e9"]}, index=[2], dtype="str")
    >>> len(table_faults(cells, {}))  # nothing required is there
    8
    """
    # Here and not above: pandera is slow to import, and only checking needs it.
    from bayes_scaling.evaluations.schema import text_schema, value_schema

    values, in_cells = cell_faults(cells, text_schema(), value_schema(), typed_values)
    sound = values.drop(index=[fault.row for fault in in_cells])
    faults = [
        *column_faults(list(cells.columns)),
        *in_cells,
        *_missing_sizes(cells, values),
        *repeated_ids(cells),
        *_repeated_evaluations(sound),
    ]
    return in_file_order(faults, cells, file_names)


def _missing_sizes(cells: pd.DataFrame, values: pd.DataFrame) -> Iterator[Fault]:
    set_aside = values["comparable"].eq(False) if "comparable" in values else pd.Series(False, cells.index)
    for column in cells.columns.intersection(list(EMPTY_IF_NOT_COMPARABLE)):
        for row in cells.index[cells[column].isna() & ~set_aside]:
            yield Fault(row, column, "", "must not be empty, unless the row has comparable = 0")


def _repeated_evaluations(values: pd.DataFrame) -> Iterator[Fault]:
    identity = [column for column in IDENTITY if column in values]
    # Without the columns that tell evaluations apart, every row would seem to repeat another.
    if not {"system", "paper", "benchmark"} <= set(identity):
        return
    for row, first in repeats(values[identity]):
        rule = f"repeats row {first} (the same {', '.join(identity)}); keep one of them"
        yield Fault(row, None, str(values.loc[row, "system"]), rule)


def column_faults(names: list[str]) -> Iterator[Fault]:
    """Find misspelt, missing and contradictory columns.

    ``names``: the table's columns, after the user's mapping.

    Yields
    ------
    Fault

    Examples
    --------
    >>> [fault.column for fault in column_faults([*EVALUATIONS.required, "epoch"])]
    ['epoch']
    """
    misspelt = misspelt_names(names, EVALUATIONS)
    yield from misspelt_columns(misspelt, EVALUATIONS)
    if {"perplexity", "log_perplexity"} <= set(names):
        yield Fault(1, "log_perplexity", "", "perplexity is given as well; keep one of the two")
    # A misspelt column is named above: to call it missing too would be the same fault twice.
    present = {*names, *misspelt.values()}
    if present & {"perplexity", "log_perplexity"}:
        present |= {"perplexity"}
    yield from missing_columns(present, EVALUATIONS)
