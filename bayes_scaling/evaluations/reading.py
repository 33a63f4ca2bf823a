"""Read or check a user's own table of evaluations."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.evaluations.columns import EVALUATIONS
from bayes_scaling.evaluations.validation import table_faults
from bayes_scaling.evaluations.values import finished_table
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.reading import fault_message, read_cells


def read_evaluations(
    path: str | PathLike[str], columns: Mapping[str, str] | None = None, name: str | None = None
) -> pd.DataFrame:
    r"""Read and validate a table of evaluations from a CSV file.

    Required columns: `system`, `paper`, `published` (YYYY-MM-DD), `benchmark` (any label; known ones, in
    `bayes_scaling.evaluations.benchmarks.KNOWN`, by any of their names), `perplexity` (per token; or
    `log_perplexity` in nats per token), `parameters` (count), `tokens` (unique training tokens) and
    `architecture` (see `ARCHITECTURES`).
    Optional: `id`, `url`, `epochs`, `vocabulary` (words), `zero_shot`, `test_time_adaptation`, `extra_data`,
    `ensemble`, `comparable` (0 or 1), `tokenization` (word, subword, byte), `training_compute` (FLOP),
    `reason`, `source`, `doubt`, `note`, `evidence`. Other columns are kept as text.

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
        Indexed by `id` (made from row numbers if the file has none), in the file's order, with the
        table's name in `attrs["name"]` and an empty list in `attrs["selections"]`.

    Raises
    ------
    EvaluationsError
        The file can't be read, the mapping does not fit it, or rules are broken: it lists the faults.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text(
    ...     "system,paper,published,benchmark,perplexity,Model Size,tokens,architecture\n"
    ...     "My model,My paper,2024-05-01,wt103,15.2,2.5e8,1.03e8,transformer\n"
    ... )
    >>> evaluations = read_evaluations(path, columns={"parameters": "Model Size"})
    >>> evaluations.loc["row-0002", "parameters"]
    np.float64(250000000.0)
    >>> evaluations.attrs
    {'name': 'mine', 'selections': []}
    """
    evaluations, faults = read_or_faults(path, columns, name=name)
    if faults:
        raise EvaluationsError(fault_message(path, faults, EVALUATIONS))
    return evaluations


def read_or_faults(
    path: str | PathLike[str], columns: Mapping[str, str] | None = None, *, name: str | None = None
) -> tuple[pd.DataFrame, tuple[Fault, ...]]:
    """The evaluations of a file, or an empty table and every fault, by reading it once, since a pipe has no more.

    Parameters and errors are those of :func:`check_evaluations`.
    """
    cells, faults = read_cells(path, columns or {}, EVALUATIONS, table_faults)
    if faults:
        return pd.DataFrame(), faults
    return finished_table(cells, Path(path).stem if name is None else name), ()


def check_evaluations(path: str | PathLike[str], columns: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
    r"""Find every fault of a CSV file of evaluations.

    Parameters
    ----------
    path : path
        A comma-separated file in UTF-8.
    columns : mapping of str to str, optional
        Canonical name to the file's name, as for `read_evaluations`.

    Returns
    -------
    tuple of Fault
        In row order; empty if `read_evaluations` takes the file.

    Raises
    ------
    EvaluationsError
        The file can't be read as a table at all, or the mapping does not fit it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text(
    ...     "system,paper,published,benchmark,perplexity,parameters,tokens,architecture\n"
    ...     "My model,My paper,2024-05-01,wt103,0.7,2.5e8,1.03e8,transformer\n"
    ... )
    >>> for fault in check_evaluations(path):
    ...     print(fault)
    row 2, column perplexity, value 0.7: must be greater than 1 (perplexity, not log-perplexity or bits)
    """
    return read_or_faults(path, columns)[1]
