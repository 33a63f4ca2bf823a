"""What can be wrong with the columns of a table of runs."""

from collections.abc import Iterator

from bayes_scaling.runs.columns import RUNS_TABLE, SIZES
from bayes_scaling.tables.column_names import THEIRS, missing_columns, misspelt_columns, misspelt_names
from bayes_scaling.tables.faults import Fault


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
