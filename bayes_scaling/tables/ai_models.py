"""The public database of AI models by Epoch AI as CSV: systems with sizes and dates, without perplexities."""

from collections.abc import Callable
from functools import partial
from os import PathLike

import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.fetching import SOURCES, located
from bayes_scaling.tables.formats import days, finite_numbers, read_text_table, unread

COLUMNS = {
    "system": ("Model", "System"),
    "published": ("Publication date",),
    "domain": ("Domain",),
    "paper": ("Reference",),
    "url": ("Link",),
    "parameters": ("Parameters",),
    "tokens": (
        "Training dataset size (total)",
        "Training dataset size (datapoints)",
        "(DEPRECATED) Training dataset size (datapoints)",
    ),
    "epochs": ("Epochs",),
    "training_compute": ("Training compute (FLOP)",),
    "organization": ("Organization",),
    "confidence": ("Confidence",),
}
"""Our names and the database's for the same, the newest first."""
REQUIRED = ("system", "published", "domain", "paper", "parameters")
LANGUAGE = "Language"  # the domain whose sizes of data are numbers of words or tokens


def read_ai_models(
    path: str | PathLike[str] | None = None,
    *,
    fetch: bool = False,
    refresh: bool = False,
    url: str = SOURCES["ai-models"],
) -> pd.DataFrame:
    r"""Read the CSV file of the AI models database.

    Parameters
    ----------
    path : path, optional
        The file or, with `fetch`, where it is to be kept.
    fetch : bool
        Download it, once: to `path` or, without it, to a cache in the user's system.
    refresh : bool
        Download it again, with `fetch`.
    url : str
        Another place to fetch it from, such as one of the database's parts.

    Returns
    -------
    DataFrame
        Indexed by the file's row (the header is row 1): `system`, `paper` (title), `published` (day), `parameters`,
        `tokens` (size of the training data), `epochs`, `training_compute` (FLOP), `domain`, and where the file has
        them `url`, `organization` and `confidence`. Anything may be missing but `system`. `attrs["unread"]` are, as
        faults by row and column, cells that are no number above 0 or no day and count as missing, and rows that are
        left out for their length or for control characters; `attrs["source"]` says what was fetched from where and
        when.

    Raises
    ------
    FetchingError
        The file can't be had.
    TableError
        There is neither a path nor `fetch`, the file can't be read, or it lacks one of the columns Model (once:
        System), Publication date, Domain, Reference and Parameters.

    Notes
    -----
    Sources. Names of columns and how dates and numbers are written: a copy of the database's part "notable AI models"
    of 2026 in a public repository; the older names (`System`, `(datapoints)`) from public scripts that read earlier
    files. The unit of the data's size depends on the domain, and whether it counts words or tokens, once or with
    repetitions, was not verified: compare before you rely on it. Licence of the database: CC BY 4.0.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "models.csv"
    >>> _ = file.write_text(
    ...     "Model,Publication date,Domain,Reference,Parameters\n"
    ...     "GPT-2,2019-02-14,Language,Language models are unsupervised,1500000000.0\n"
    ...     "GPT-N,,Language,Few shots,many\n"
    ... )
    >>> systems = read_ai_models(file)
    >>> systems["parameters"].tolist()
    [1500000000.0, nan]
    >>> print(systems.attrs["unread"][0])
    row 3, column Parameters, value many: is not a number above 0 and counts as missing
    """
    path, source = located("the database", url, path, fetch, TableError, refresh=refresh)
    file = read_text_table(path, "system")
    names = _names(path, file.cells, file.faults)
    cells = file.cells[list(names)].rename(columns=names)
    # Control characters in columns that are left out do no harm; a row with others could not be written out again.
    spoilt = [fault for fault in file.faults if fault.column is None or fault.column in names]
    cells = cells[cells["system"].notna() & ~cells.index.isin([fault.row for fault in spoilt])]
    systems, faults, theirs = cells.copy(), [*spoilt], {ours: name for name, ours in names.items()}
    for name, (read, rule) in _READ.items():
        if name in cells:
            systems[name] = read(cells[name])
            faults += unread(cells[name].rename(theirs[name]), read, f"is not {rule} and counts as missing")
    faults.sort(key=lambda fault: fault.row or 0)
    systems.attrs |= {"name": "ai-models", "unread": tuple(faults), **source}
    return systems


def is_ai_models(names: "pd.Index[str]") -> bool:
    """Whether columns are those of the database."""
    return all(any(theirs in names for theirs in COLUMNS[ours]) for ours in REQUIRED)


def _names(path: str | PathLike[str], cells: pd.DataFrame, faults: tuple[Fault, ...]) -> dict[str, str]:
    """The file's names of columns, and ours."""
    if cells.empty:
        raise TableError(f"{path} can't be read as a table: {faults[0] if faults else 'it has no rows'}")
    names = {}
    for ours, choices in COLUMNS.items():
        theirs = next((each for each in choices if each in cells), None)
        if theirs is not None:
            names[theirs] = ours
        elif ours in REQUIRED:
            raise TableError(
                f"{path} has no column {' or '.join(map(repr, choices))} and is not the AI models database; "
                "give its CSV file, such as the one of all AI models"
            )
    return names


def _numbers(cells: pd.Series) -> pd.Series:
    return finite_numbers(cells).where(lambda numbers: numbers > 0)


_READ: dict[str, tuple[Callable[[pd.Series], pd.Series], str]] = {
    **dict.fromkeys(("parameters", "tokens", "epochs", "training_compute"), (_numbers, "a number above 0")),
    "published": (partial(days, form="%Y-%m-%d"), "a day, written YYYY-MM-DD,"),
}
"""How columns are read that are no text, and what their cells must be."""
