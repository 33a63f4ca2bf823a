"""Read or check a user's own table of training runs."""

import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pandas as pd

from bayes_scaling.errors import RunsError, RunsWarning
from bayes_scaling.runs.columns import RUNS_TABLE
from bayes_scaling.runs.sizes import CONTRADICTION, common_budget, contradictions, with_both_sizes
from bayes_scaling.runs.validation import table_faults, typed_values
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.reading import fault_message, read_cells, with_ids
from bayes_scaling.words import counted

_NAMED = 5
"""Rows that a warning names."""


def read_runs(
    path: str | PathLike[str], columns: Mapping[str, str] | None = None, name: str | None = None
) -> pd.DataFrame:
    r"""Read and validate a table of training runs from a CSV file.

    Required columns: `parameters` (count), `loss` (nats per token) and `tokens` (seen in training) or `flop`
    (training compute) or both. What a row lacks of these two is filled in,

    .. math:: D = C / (6 N), \qquad C = 6 N D

    Optional: `id`, `series` (the name of a training curve or of an IsoFLOP budget), `steps`; and, for Kaplan's laws of
    them, `least_steps` (the steps S_min that a far larger batch would have needed) and `critical_batch` (tokens). Other
    columns are kept as text.

    Parameters
    ----------
    path : path
        A comma-separated file in UTF-8.
    columns : mapping of str to str, optional
        Canonical name to the file's name, for columns that the file names otherwise. A column of the file
        whose own name is so given to another one is left out.
    name : str, optional
        The table's name; the file's by default.

    Returns
    -------
    DataFrame
        Indexed by `id` (made from row numbers if the file has none), in the file's order, always with `tokens` and
        `flop`, with the table's name in `attrs["name"]` and an empty list in `attrs["selections"]`.

    Raises
    ------
    RunsError
        The file can't be read, the mapping does not fit it, or rules are broken: it lists the faults.

    Warns
    -----
    RunsWarning
        A row gives both tokens and compute, and they contradict C = 6 N D by more than a factor of 2: both stay as
        given, and laws of parameters and tokens use the tokens. Or all runs have one compute budget, within a quarter.

    Notes
    -----
    C = 6 N D: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("Model Size,Training FLOP,loss\n1e9,1.2e20,2.58\n")
    >>> runs = read_runs(path, columns={"parameters": "Model Size", "flop": "Training FLOP"})
    >>> runs.loc["row-0002"].to_dict()
    {'parameters': 1000000000.0, 'flop': 1.2e+20, 'loss': 2.58, 'tokens': 20000000000.0}
    >>> runs.attrs
    {'name': 'mine', 'selections': []}
    """
    cells, faults = read_cells(path, columns or {}, RUNS_TABLE, table_faults)
    if faults:
        raise RunsError(fault_message(path, faults, RUNS_TABLE))
    values = typed_values(cells)
    disagreement = contradictions(values)
    table = finished_table(values, Path(path).stem if name is None else name)
    if len(disagreement):
        warnings.warn(_warning(path, disagreement), RunsWarning, stacklevel=2)
    elif (budget := common_budget(table)) is not None:
        warnings.warn(_one_budget_warning(path, values.index, budget), RunsWarning, stacklevel=2)
    return table


def check_runs(path: str | PathLike[str], columns: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
    r"""Find every fault of a CSV file of training runs.

    Parameters
    ----------
    path : path
        A comma-separated file in UTF-8.
    columns : mapping of str to str, optional
        Canonical name to the file's name, as for `read_runs`.

    Returns
    -------
    tuple of Fault
        In row order; empty if `read_runs` takes the file.

    Raises
    ------
    RunsError
        The file can't be read as a table at all, or the mapping does not fit it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("parameters,tokens,loss\n1e9,-2e10,2.58\n")
    >>> for fault in check_runs(path):
    ...     print(fault)
    row 2, column tokens, value -2e10: must be greater than 0
    """
    return read_cells(path, columns or {}, RUNS_TABLE, table_faults)[1]


def finished_table(values: pd.DataFrame, name: str) -> pd.DataFrame:
    """Make faultless typed values into a table of runs.

    Returns DataFrame: indexed by `id`, with both `tokens` and `flop`; `attrs` as of `read_runs`.

    Parameters
    ----------
    values : DataFrame
        With canonical column names, indexed by the file's row numbers.
    name : str
        The table's name.
    """
    return with_ids(with_both_sizes(values), name)


def _one_budget_warning(path: str | PathLike[str], rows: pd.Index, budget: float) -> str:
    return (
        f"{path}: rows {rows[0]} to {rows[-1]} all have one compute budget, about {budget:.3g} FLOP: they show the "
        "best split at that budget, but hardly how loss and split change with compute; exponents, E and predictions at "
        "other budgets rest on their priors. Add runs at two more budgets or more"
    )


def _warning(path: str | PathLike[str], disagreement: "pd.Series[float]") -> str:
    named = ", ".join(f"row {row} ({ratio:.3g} times)" for row, ratio in disagreement.head(_NAMED).items())
    more = f" and {len(disagreement) - _NAMED} more" if len(disagreement) > _NAMED else ""
    return (
        f"{path}: in {counted(len(disagreement), 'row')} flop differs from 6 N D by more than a factor of "
        f"{CONTRADICTION:g}: {named}{more}; both stay as given. Check their units, or leave one of the two out"
    )
