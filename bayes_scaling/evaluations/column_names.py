"""What can be wrong with the columns of a table of evaluations."""

from collections.abc import Iterator

from bayes_scaling.evaluations.columns import EVALUATIONS
from bayes_scaling.tables.column_names import missing_columns, misspelt_columns, misspelt_names
from bayes_scaling.tables.faults import Fault


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
