"""Words, flags and dates of a table that Python made or changed, which no reading of a file has checked."""

from difflib import get_close_matches

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.evaluations.benchmarks import named
from bayes_scaling.evaluations.columns import CHOICES, FLAGS
from bayes_scaling.evaluations.values import FLAG_WORDS


def require_sound(evaluations: pd.DataFrame, *columns: str) -> None:
    """Refuse what is no table, and words, flags and dates that are about to be used and are none.

    Raises EvaluationsError: Names column, row and value, what is valid, and what to type.

    Parameters
    ----------
    evaluations
        What was given as a table of evaluations.
    *columns
        Those about to be used; only words, flags and `published` have rules here.

    Examples
    --------
    >>> require_sound(pd.DataFrame({"architecture": ["transformer"], "comparable": [1]}), "architecture", "comparable")
    >>> require_sound(pd.DataFrame({"comparable": ["0"]}), "comparable")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    bayes_scaling.errors.EvaluationsError: ...
    """
    if not isinstance(evaluations, pd.DataFrame):
        raise EvaluationsError(
            f"a table of evaluations is needed (bs.load_evaluations, bs.read_evaluations), not "
            f"{type(evaluations).__name__}"
        )
    for column in columns:
        cells = evaluations[column]
        if column in CHOICES:
            _refuse(cells, ~cells.isin(CHOICES[column]), f"one of {', '.join(CHOICES[column])}")
        elif column == "benchmark":
            texts = cells.map(lambda cell: isinstance(cell, str) and cell.strip() != "")
            _refuse(cells, ~texts, "text, a benchmark's name")
            _refuse(cells, cells.map(named) != cells, "the name of that benchmark")
        elif column in FLAGS:
            _refuse(cells, ~cells.isin([True, False]), "True or False (or 1, 0)")
        elif column == "published" and not pd.api.types.is_datetime64_dtype(cells):
            _refuse(cells, pd.Series(True, cells.index), "a datetime64 without time zone")


def _refuse(cells: pd.Series, wrong: pd.Series, valid: str) -> None:
    if not wrong.any():
        return
    column = str(cells.name)
    known = FLAG_WORDS if column in FLAGS else {word: word for word in CHOICES.get(column, ())}
    close = {value: get_close_matches(str(value).lower(), known, n=1) for value in cells[wrong].unique().tolist()}
    meant = {value: known[words[0]] for value, words in close.items() if words}
    if column == "benchmark":
        meant = {value: named(value) for value in cells[wrong].unique().tolist() if isinstance(value, str)}
    whole = f'evaluations["{column}"]'
    fix = f"type {whole} = {whole}.replace({meant})" if meant else "correct it"
    if column == "published":
        fix = f"type {whole} = pd.to_datetime({whole}.astype(str), utc=True).dt.tz_localize(None)"
    value, row = cells[wrong].tolist()[0], cells.index[wrong].tolist()[0]
    raise EvaluationsError(
        f"column {column}, row {row!r}: {value!r} is not {valid}; {fix}, or read the file with bs.read_evaluations, "
        "which checks every column"
    )
