"""The spreadsheet of Ho et al. 2024 as CSV: one row a system, one column of perplexities a benchmark."""

from collections.abc import Iterator
from functools import partial
from os import PathLike

import pandas as pd

from bayes_scaling.errors import EvaluationsError, TableError
from bayes_scaling.tables.faults import Fault, fault_message
from bayes_scaling.tables.formats import TextTable, days, finite_numbers, read_text_table, unread
from bayes_scaling.tables.selection_steps import Selection

PERPLEXITIES = {"wt103": "Perplexity (WT103)", "wt2": "Perplexity (WT2)", "ptb": "Perplexity (PTB)"}
"""The sheet's column for each benchmark, in the order in which the authors stack them."""

FLAGS = {"zero_shot": "Zero-shot?", "test_time_adaptation": "Uses Cache"}
"""Our flags and the sheet's; empty counts as no, and 0.5 as yes: see :func:`open_ho2024_sheet`."""
ADAPTS = r"(?i)dyn(?:amic)?\s*eval|cache"
"""In names of systems that learn from the test text: the sheet marks caches, but not dynamic evaluation."""

_MARKS = ("Include?", "Outlier?", "uncertain")
_SIZES = ("Parameters", "Dataset Size")
_EXTRAS = ("Epoch", "Training Compute", "Vocabulary")
REQUIRED = ("System", "Publication date", "Reference", *_SIZES, *PERPLEXITIES.values(), *_MARKS, "Architecture")
OPTIONAL = ("Link", *_EXTRAS, *FLAGS.values())
# What pandas.read_csv, with which the authors read the sheet, takes for an empty cell.
_NOT_KNOWN = ("", "#N/A", "<NA>", "N/A", "n/a", "NA", "NaN", "-NaN", "nan", "-nan", "NULL", "null", "None")
_MARK_WORDS = {"true": 1.0, "false": 0.0}  # how a spreadsheet exports a box that is ticked or not


def open_ho2024_sheet(path: str | PathLike[str]) -> Selection:
    """Read a CSV export of the sheet as it is, with nothing selected; the EvaluationsError names every bad cell.

    Names of columns, the form of dates and what is read as a number are those of the authors' notebooks (repository
    epoch-research/lm-algorithmic-progress, section 3, cells 6 and 7). They rename `Zero-shot?` and select nothing by
    it, so its 0.5, in 19 rows of the published sheet (Pythia, LLaMA, BLOOM, MPT and Turing-NLG on text that they were
    not trained on), drops no row; here it counts as zero-shot. Other columns: a copy of the sheet, of 408 rows, in a
    public repository (parkerwhitfill/algo_progress).
    """
    try:
        file = read_text_table(path, "system")
    except TableError as error:
        raise EvaluationsError(str(error)) from None
    cells = file.cells.filter([*REQUIRED, *OPTIONAL])
    cells = cells.mask(cells.isin(_NOT_KNOWN))
    faults = tuple(_shape_faults(file)) or tuple(_cell_faults(cells))
    if faults:
        raise EvaluationsError(fault_message(str(path), faults, "correct these first"))
    start = Selection(_read(cells), (), tuple(_unread(cells)))
    return start.step("rows of the sheet", "every row that is not blank", "system")


def is_ho2024_sheet(names: "pd.Index[str]") -> bool:
    """Whether columns are those of the sheet."""
    return bool(names.isin(list(PERPLEXITIES.values())).any())


def _shape_faults(file: TextTable) -> Iterator[Fault]:
    read = {*REQUIRED, *OPTIONAL}
    for fault in file.faults:
        # A control character in a column that is left out does no harm.
        if fault.row in (None, 1) or fault.column is None or fault.column in read:
            yield fault
    if file.cells.empty:
        return
    rule = "is missing; export the sheet of the analysis whole (File, Download, Comma-separated values)"
    yield from (Fault(None, name, "", rule) for name in REQUIRED if name not in file.cells)


def _cell_faults(cells: pd.DataFrame) -> Iterator[Fault]:
    """Cells that would stop the authors' notebook, or silently change what it selects."""
    for name in PERPLEXITIES.values():
        yield from unread(cells[name], finite_numbers, "must be a perplexity, such as 17.48, or empty")
    for name in cells.columns.intersection([*_MARKS, *FLAGS.values()]):
        valid = (0.0, 0.5, 1.0) if name in FLAGS.values() else (0.0, 1.0)
        marks = _marks(cells[name])
        rule = f"must be {', '.join(f'{each:g}' for each in valid)} or empty"
        yield from unread(cells[name], marks.where(marks.isin(valid)).reindex_like, rule)


def _read(cells: pd.DataFrame) -> pd.DataFrame:
    table = cells.assign(
        row=cells.index,
        system=cells["System"],
        paper=cells["Reference"],
        published=_days(cells["Publication date"]),
        parameters=finite_numbers(cells["Parameters"]),
        tokens=finite_numbers(cells["Dataset Size"]),
        include=_marks(cells["Include?"]),
        outlier=_marks(cells["Outlier?"]),
        uncertain=_marks(cells["uncertain"]),
    )
    for ours, theirs in FLAGS.items():
        if theirs in cells:
            table[ours] = _marks(cells[theirs]) > 0
    if "test_time_adaptation" in table:
        table["test_time_adaptation"] |= table["system"].str.contains(ADAPTS, na=False)
    for benchmark, name in PERPLEXITIES.items():
        table[benchmark] = finite_numbers(cells[name]).mask(lambda perplexity: perplexity == 0)
    return table.reset_index(drop=True)


def _unread(cells: pd.DataFrame) -> Iterator[Fault]:
    """What is written in columns of numbers and dates and is neither."""
    for name in cells.columns.intersection([*_SIZES, *_EXTRAS]):
        yield from unread(cells[name], finite_numbers, "is not a number and counts as empty")
    yield from unread(cells["Publication date"], _days, "is not written YYYY/MM/DD and counts as empty")


_days = partial(days, form="%Y/%m/%d")


def _marks(cells: pd.Series) -> pd.Series:
    return finite_numbers(cells.map(lambda cell: _MARK_WORDS.get(str(cell).lower(), cell), na_action="ignore"))
