"""The evaluations of Ho et al. 2024 from their sheet: fetched if asked, selected by their rules, checked as any."""

from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.cells import architecture_of, typed_values
from bayes_scaling.tables.columns import ARCHITECTURES, EVALUATIONS
from bayes_scaling.tables.faults import Fault
from bayes_scaling.tables.fetching import fetch_file
from bayes_scaling.tables.formats import finite_numbers
from bayes_scaling.tables.ho2024_rules import HO2024_RULES, KEPT_PER_PAPER, best_three
from bayes_scaling.tables.ho2024_sheet import PERPLEXITIES, open_ho2024_sheet, sheet_message
from bayes_scaling.tables.reading import finished_table, table_faults
from bayes_scaling.tables.selection_steps import Selection
from bayes_scaling.tables.sources import SOURCES


def read_ho2024_sheet(
    path: str | PathLike[str] | None = None,
    *,
    fetch: bool = False,
    refresh: bool = False,
    url: str = SOURCES["ho2024-sheet"].url,
    best: int | None = KEPT_PER_PAPER,
    own_perplexity: bool = False,
) -> Selection:
    r"""Read the spreadsheet of Ho et al. 2024 and select from it as they do, step by step.

    Parameters
    ----------
    path : path, optional
        CSV export of the sheet or, with `fetch`, where it is to be kept.
    fetch : bool
        Download the sheet, once: to `path` or, without it, to a cache in the user's system.
    refresh : bool
        Download it again, with `fetch`.
    url : str
        Another place to fetch it from.
    best : int or None
        Evaluations to keep of each paper; the paper keeps 3. None keeps all.
    own_perplexity : bool
        Give each row the perplexity of its own benchmark. By default all rows of a system have the first that it has
        of WT103, WT2 and PTB, which is what the authors fit; `doubt` says where that is another one.

    Returns
    -------
    Selection
        Its `table` holds evaluations, as :func:`bayes_scaling.read_evaluations` gives them; its `steps` count
        281 -> 261 -> 231 on the sheet as it was published.

    Raises
    ------
    FetchingError
        The sheet can't be had.
    EvaluationsError
        There is neither a path nor `fetch`, the file is no such sheet, cells can't be read, no row is left, or what is
        left breaks a rule of tables of evaluations: by the sheet's row and column.

    Notes
    -----
    Source: the authors' notebook for section 3 (repository epoch-research/lm-algorithmic-progress, cells 6 to 9; its
    last rule drops 50 - 20 = 30 rows). The sheet may change at any time, so no hash is checked; what was fetched is on
    record in `attrs["source"]` (url, sha256, date). `zero_shot` and `test_time_adaptation` (`Uses Cache`) count as
    false where their cell is empty, which was not verified. `architecture` is `transformer` only where the sheet says
    so in one word; other cells are read by common words, and are `other` where none fits.

    Examples
    --------
    >>> import tempfile
    >>> from bayes_scaling.tables.ho2024_sheet import REQUIRED
    >>> path = Path(tempfile.mkdtemp()) / "sheet.csv"
    >>> rows = [
    ...     "GPT-2,2019/02/14,Language models,1.5e9,4e9,17.48,,35.76,1,,0,Transformer",
    ...     "GPT-9,2019/02/14,Language models,1.5e9,unknown,9.9,,,1,,0,Transformer",
    ... ]
    >>> _ = path.write_text("\n".join([",".join(REQUIRED), *rows]))
    >>> selection = read_ho2024_sheet(path)
    >>> print(selection.steps[1])
    sizes known: 1 system left, 1 dropped (1 × Dataset Size is not a number)
    >>> selection.table[["benchmark", "perplexity"]].to_dict("records")
    [{'benchmark': 'wt103', 'perplexity': 17.48}, {'benchmark': 'ptb', 'perplexity': 17.48}]
    """
    file, source = _file(path, fetch, refresh, url)
    rules = [rule for rule in HO2024_RULES if rule is not best_three]
    if best is not None:
        rules.append(partial(best_three, k=best))
    return finished(open_ho2024_sheet(file).pipe(*rules), file, own_perplexity=own_perplexity, source=source)


def finished(
    selection: Selection,
    path: str | PathLike[str],
    *,
    own_perplexity: bool = False,
    source: dict[str, str] | None = None,
) -> Selection:
    """Make a table of evaluations of what is left after :func:`stacked`, and check it as any user's.

    Returns the same steps; its table as :func:`bayes_scaling.read_evaluations` gives it. Raises EvaluationsError: a
    rule of tables of evaluations is broken: by the sheet's row and column.
    """
    cells = _evaluation_cells(selection.table, own_perplexity)
    faults = table_faults(cells, EVALUATIONS)
    if faults:
        raise EvaluationsError(sheet_message(path, tuple(_in_sheet(fault, selection.table) for fault in faults)))
    evaluations = finished_table(typed_values(cells, EVALUATIONS), EVALUATIONS, "ho2024-sheet")
    evaluations.attrs["selections"] = [f"{step.name} ({step.rule})" for step in selection.steps[1:]]
    if source:
        evaluations.attrs["source"] = source
    return Selection(evaluations, selection.steps, selection.unread)


def _file(path: str | PathLike[str] | None, fetch: bool, refresh: bool, url: str) -> tuple[Path, dict[str, str] | None]:
    if fetch:
        fetched = fetch_file(url, path=path, name="ho2024-sheet.csv", refresh=refresh)
        return fetched.path, fetched.attrs
    if path is None:
        raise EvaluationsError(
            f"the sheet does not come with the package; pass fetch=True to download it from {url}, or its path"
        )
    return Path(path), None


def _evaluation_cells(table: pd.DataFrame, own: bool) -> pd.DataFrame:
    """Text cells under canonical names; the index counts rows from 0, since a row of the sheet may stand in several."""
    changed = table["perplexity"] != table["own_perplexity"]
    doubt = table["own_perplexity"].map(
        lambda value: (
            f"the system's first perplexity in the sheet, as the authors fit it; the benchmark's own is {value:g}"
        )
    )
    cells = pd.DataFrame(
        {
            "id": [
                f"row-{row:04d}-{benchmark}" for row, benchmark in zip(table["row"], table["benchmark"], strict=True)
            ],
            "system": table["system"],
            "paper": table["paper"],
            "published": table["published"].dt.strftime("%Y-%m-%d"),
            "benchmark": table["benchmark"],
            "perplexity": _written(table["own_perplexity"] if own else table["perplexity"]),
            "parameters": _written(table["parameters"]),
            "tokens": _written(table["tokens"]),
            "architecture": table["Architecture"].map(_architecture),
            "epochs": _written(_number(table, "Epoch", 0)),
            "vocabulary": _written(_number(table, "Vocabulary", 2)),
            "training_compute": _written(_number(table, "Training Compute", 0)),
            "zero_shot": _flag(table, "zero_shot"),
            "test_time_adaptation": _flag(table, "test_time_adaptation"),
            "url": table["Link"] if "Link" in table else pd.Series(np.nan, table.index),
            "source": [f"row {row} of the sheet of Ho et al. 2024" for row in table["row"]],
            "doubt": doubt.where(changed & (not own)),
        },
        index=table.index,
    ).reset_index(drop=True)
    return cells.dropna(axis="columns", how="all").astype("str").where(cells.notna())


_COLUMNS = {
    "system": "System",
    "paper": "Reference",
    "published": "Publication date",
    "parameters": "Parameters",
    "tokens": "Dataset Size",
    "url": "Link",
    "epochs": "Epoch",
    "vocabulary": "Vocabulary",
    "training_compute": "Training Compute",
}


def _in_sheet(fault: Fault, table: pd.DataFrame) -> Fault:
    """A fault of an evaluation, at its place in the sheet."""
    if fault.row is None:
        return fault
    evaluation = table.iloc[fault.row]
    column = fault.column
    if column == "perplexity":
        column = PERPLEXITIES[evaluation["benchmark"]]
    return Fault(int(evaluation["row"]), _COLUMNS.get(column or "", column), fault.value, fault.rule)


def _architecture(cell: Any) -> str:
    """What the cell says in one word, as the authors' models 13 and 17 read it; a mixture is another architecture."""
    word = "" if pd.isna(cell) else architecture_of(str(cell))
    return word if word in ARCHITECTURES else "other"


def _number(table: pd.DataFrame, name: str, least: float) -> pd.Series:
    if name not in table:
        return pd.Series(np.nan, table.index)
    values = finite_numbers(table[name])
    return values.where((values > 0) & (values >= least))


def _flag(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series(None, table.index, dtype="object")
    return table[name].map({True: "1", False: "0"})


def _written(values: pd.Series) -> pd.Series:
    """Numbers as text that reads back the same."""
    return values.map(lambda value: repr(float(value)), na_action="ignore")
