"""Every fault of a user's table of runs, in the order in which a reader of the file meets them."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from bayes_scaling.runs.columns import IDENTITY, NUMBERS, RUNS_TABLE, SIZES
from bayes_scaling.runs.sizes import with_both_sizes
from bayes_scaling.tables.column_names import THEIRS, missing_columns, misspelt_columns, misspelt_names
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.validation import cell_faults, in_file_order, repeated_ids, repeats


def table_faults(cells: pd.DataFrame, file_names: Mapping[str, str]) -> tuple[Fault, ...]:
    """Find every fault of a table of text cells, as :func:`bayes_scaling.evaluations.validation.table_faults`.

    Examples
    --------
    >>> cells = pd.DataFrame({"Model Size": ["1e9"]}, index=[2], dtype="str")
    >>> [fault.column for fault in table_faults(cells, {})]  # nothing required is there
    ['parameters', 'loss', 'tokens']
    """
    # Here and not above: pandera is slow to import, and only checking needs it.
    from bayes_scaling.runs.schema import text_schema, value_schema

    values, in_cells = cell_faults(cells, text_schema(), value_schema(), typed_values)
    sound = values.drop(index=[fault.row for fault in in_cells])
    faults = [
        *column_faults(list(cells.columns)),
        *in_cells,
        *_missing_sizes(cells),
        *_impossible_sizes(sound),
        *repeated_ids(cells),
        *_repeated_runs(sound),
    ]
    return in_file_order(faults, cells, file_names)


def typed_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Numbers as float64, the rest as text; missing where a cell is empty.

    Examples
    --------
    >>> typed_values(pd.DataFrame({"loss": ["2.5"], "series": ["6e18"]}, dtype="str")).iloc[0].to_dict()
    {'loss': 2.5, 'series': '6e18'}
    """
    return cells.astype({name: "float64" for name in NUMBERS if name in cells})


def _missing_sizes(cells: pd.DataFrame) -> Iterator[Fault]:
    given = [name for name in SIZES if name in cells]
    if given:
        rule = "must not be empty" + (f" where {given[1]} is" if len(given) > 1 else "")
        for row in cells.index[cells[given].isna().all(axis=1)]:
            yield Fault(row, given[0], "", rule)


def _impossible_sizes(values: pd.DataFrame) -> Iterator[Fault]:
    """Rows in which the size that is not given would be too large or too small for a number."""
    if "parameters" not in values or not set(SIZES) & set(values):
        return
    sized = with_both_sizes(values)[list(SIZES)]
    impossible = (sized.notna() & ~((sized > 0) & np.isfinite(sized))).any(axis=1)
    for row in values.index[impossible]:
        yield Fault(row, "parameters", f"{values.loc[row, 'parameters']:g}", "gives no number of tokens by C = 6 N D")


def _repeated_runs(values: pd.DataFrame) -> Iterator[Fault]:
    identity = [column for column in IDENTITY if column in values]
    # Without the columns that tell runs apart, every row would seem to repeat another.
    if {"parameters", "loss"} <= set(identity) and set(SIZES) & set(identity):
        for row, first in repeats(values[identity]):
            yield Fault(row, None, "", f"repeats row {first} (the same {', '.join(identity)}); keep one of them")


def column_faults(names: list[str]) -> Iterator[Fault]:
    """Find misspelt and missing columns.

    ``names``: the table's columns, after the user's mapping.

    Yields
    ------
    Fault

    Examples
    --------
    >>> for fault in column_faults(["parameters", "los", "flop"]):
    ...     print(fault.column, "-", fault.rule)
    los - looks like 'loss', misspelt; rename it, or map it: --column loss='los', in Python columns={'loss': 'los'}
    """
    misspelt = misspelt_names(names, RUNS_TABLE)
    yield from misspelt_columns(misspelt, RUNS_TABLE)
    # A misspelt column is named above: to call it missing too would be the same fault twice.
    present = {*names, *misspelt.values()}
    yield from missing_columns(present, RUNS_TABLE)
    if not present.intersection(SIZES):
        tokens, flop = SIZES
        rule = (
            f"is missing, and so is {flop}; add one of them, or map yours: "
            f"{RUNS_TABLE.how_to_map(tokens, THEIRS)} or {RUNS_TABLE.how_to_map(flop, THEIRS)}"
        )
        yield Fault(None, tokens, "", rule)
