"""The evaluations of Ho et al. 2024 from their sheet: fetched if asked, selected by their rules, checked as any."""

from dataclasses import replace
from functools import partial
from os import PathLike

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.cells import architecture_of
from bayes_scaling.tables.columns import ARCHITECTURES, EVALUATIONS
from bayes_scaling.tables.faults import Fault, fault_message
from bayes_scaling.tables.fetching import SOURCES, located
from bayes_scaling.tables.formats import finite_numbers
from bayes_scaling.tables.ho2024_rules import HO2024_RULES, KEPT_PER_PAPER, best_three
from bayes_scaling.tables.ho2024_sheet import FLAGS, PERPLEXITIES, open_ho2024_sheet
from bayes_scaling.tables.reading import read_table
from bayes_scaling.tables.selection_steps import Selection


def read_ho2024_sheet(
    path: str | PathLike[str] | None = None,
    *,
    fetch: bool = False,
    refresh: bool = False,
    url: str = SOURCES["ho2024-sheet"],
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
    >>> import pathlib, tempfile
    >>> from bayes_scaling.tables.ho2024_sheet import REQUIRED
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "sheet.csv"
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
    file, source = located("the sheet", url, path, fetch, EvaluationsError, name="ho2024-sheet.csv", refresh=refresh)
    rules = [rule for rule in HO2024_RULES if rule is not best_three]
    if best is not None:
        rules.append(partial(best_three, k=best))
    selection = open_ho2024_sheet(file).pipe(*rules)
    read = read_table(_evaluations(selection.table, own_perplexity), EVALUATIONS, name="ho2024-sheet")
    if read.faults:
        faults = [_in_sheet(fault, selection.table) for fault in read.faults]
        raise EvaluationsError(fault_message(str(file), faults, "correct these first"))
    read.table.attrs |= {"selections": [f"{step.name} ({step.rule})" for step in selection.steps[1:]], **source}
    return replace(selection, table=read.table)


_SIZES = {"epochs": "Epoch", "vocabulary": "Vocabulary", "training_compute": "Training Compute"}
_COLUMNS = _SIZES | {
    **{"system": "System", "paper": "Reference", "published": "Publication date", "url": "Link"},
    **{"parameters": "Parameters", "tokens": "Dataset Size"},
}
"""Our columns and the sheet's for the same."""
_FIRST = ("id", "system", "paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture")


def _evaluations(table: pd.DataFrame, own: bool) -> pd.DataFrame:
    """Evaluations before they are checked; the index counts rows from 0, as a row of the sheet may stand in several."""
    # What a cell says in one word, as the authors' models 13 and 17 read it; a mixture is another architecture.
    architectures = table["Architecture"].map(architecture_of, na_action="ignore")
    sizes = {ours: finite_numbers(table[theirs]) for ours, theirs in _SIZES.items() if theirs in table}
    changed = (table["perplexity"] != table["own_perplexity"]) & (not own)
    doubt = "the system's first perplexity in the sheet, as the authors fit it; the benchmark's own is {:g}".format
    evaluations = table.rename(columns={"Link": "url"}).assign(
        id=table["row"].map("row-{:04d}-".format) + table["benchmark"],
        perplexity=table["own_perplexity" if own else "perplexity"],
        architecture=architectures.where(architectures.isin(ARCHITECTURES), "other"),
        source=table["row"].map("row {} of the sheet of Ho et al. 2024".format),
        doubt=table["own_perplexity"].map(doubt).where(changed),
        **{name: values.where(values >= 2 if name == "vocabulary" else values > 0) for name, values in sizes.items()},
    )
    evaluations = evaluations.filter([*_FIRST, *_SIZES, *FLAGS, "url", "source", "doubt"])
    return evaluations.reset_index(drop=True).dropna(axis="columns", how="all")


def _in_sheet(fault: Fault, table: pd.DataFrame) -> Fault:
    """A fault of an evaluation, at its place in the sheet."""
    if fault.row is None:
        return fault
    evaluation = table.iloc[fault.row]
    theirs = _COLUMNS | {"perplexity": PERPLEXITIES[evaluation["benchmark"]]}
    return replace(fault, row=int(evaluation["row"]), column=theirs.get(fault.column or "", fault.column))
