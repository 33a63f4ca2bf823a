"""Selections of evaluations, to be chained with `.pipe`; each leaves its sentence in `attrs["selections"]`.

A selection keeps the order of the rows and leaves its input as it was.
"""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.benchmarks import KNOWN, in_order, named
from bayes_scaling.tables.columns import ARCHITECTURES
from bayes_scaling.tables.rows import selected_rows
from bayes_scaling.tables.soundness import require_sound

_KNOWN = tuple(benchmark.name for benchmark in KNOWN)


def comparable_rows(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows that the table marks as comparable with each other.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations with the column `comparable`.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        The table lacks the column, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> len(load_evaluations("collected", comparable_only=False).pipe(comparable_rows))
    297
    """
    return _flagged(evaluations, "comparable", True, "comparable rows")


def best_per_paper(evaluations: pd.DataFrame, k: int = 3) -> pd.DataFrame:
    """Keep the k lowest perplexities of each paper, over all its benchmarks.

    Ho et al. (2024) keep three a paper. Of equal perplexities the first rows stay.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations.
    k : int
        Rows to keep of a paper, at least 1.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        `k` is not a whole number of at least 1.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> len(load_evaluations().pipe(best_per_paper, k=1))  # one row for each of the 144 papers
    144
    """
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise EvaluationsError(f"best_per_paper: k is {k!r}; give a whole number of rows, at least 1")
    perplexity = _column(evaluations, "perplexity")
    place = perplexity.groupby(_column(evaluations, "paper")).rank(method="first")
    return selected_rows(evaluations, place <= k, f"best {k} of each paper")


def on_benchmarks(evaluations: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Keep the evaluations on some benchmarks.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations.
    *names : str
        The benchmarks to keep, by the table's labels or other names of known ones (``"WikiText-103"``).

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        A name is unknown, none is given, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> len(load_evaluations().pipe(on_benchmarks, "wt2", "ptb"))
    128
    """
    present = in_order(_column(evaluations, "benchmark"))
    labels = [named(name) if isinstance(name, str) and name not in present else name for name in names]
    return _with_value(evaluations, "benchmark", labels, f"on {' and '.join(map(str, labels))}", present, absent=_KNOWN)


def with_architecture(evaluations: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Keep the systems of some architectures.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations.
    *names : str
        The architectures to keep, from `ARCHITECTURES`.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        A name is unknown, none is given, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> len(load_evaluations().pipe(with_architecture, "transformer"))
    104
    """
    sentence = f"with architecture {' or '.join(map(str, names))}"
    return _with_value(evaluations, "architecture", names, sentence, ARCHITECTURES)


def published_between(
    evaluations: pd.DataFrame, start: str | date | None = None, end: str | date | None = None
) -> pd.DataFrame:
    """Keep the evaluations published from one day to another, both included.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations.
    start, end : date or str, optional
        First and last day (YYYY-MM-DD); no bound if left out.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        A date can't be read, neither is given, `start` is after `end`, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> load_evaluations().pipe(published_between, end="2016-12-31").attrs["selections"]
    ['published until 2016-12-31']
    """
    first, last = _day("start", start), _day("end", end)
    if first is None and last is None:
        raise EvaluationsError("published_between: give start, end or both, as YYYY-MM-DD")
    if first is not None and last is not None and first > last:
        raise EvaluationsError(f"published_between: start {first} is after end {last}; exchange them")
    published = _column(evaluations, "published")
    days = published.dt.normalize()
    keep = days.between(pd.Timestamp(first or days.min()), pd.Timestamp(last or days.max()))
    sentence = "published" + (f" from {first}" if first else "") + (f" until {last}" if last else "")
    available = f"the table runs from {published.min():%Y-%m-%d} to {published.max():%Y-%m-%d}"
    return selected_rows(evaluations, keep, sentence, available)


def zero_shot_rows(evaluations: pd.DataFrame, keep: bool) -> pd.DataFrame:
    """Keep only the zero-shot evaluations (no training on the benchmark's own text), or drop them.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations with the column `zero_shot`.
    keep : bool
        True for zero-shot evaluations alone, False for all others.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        The table lacks the column, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> load_evaluations("collected").pipe(zero_shot_rows, keep=False)["zero_shot"].any()
    np.False_
    """
    return _flagged(evaluations, "zero_shot", keep, "zero-shot only" if keep else "without zero-shot")


def test_time_adaptation_rows(evaluations: pd.DataFrame, keep: bool) -> pd.DataFrame:
    """Keep only the evaluations with test-time adaptation, or drop them.

    Test-time adaptation learns from the test text already seen: dynamic evaluation, neural caches, memories.

    Parameters
    ----------
    evaluations : DataFrame
        Evaluations with the column `test_time_adaptation`.
    keep : bool
        True for evaluations with adaptation alone, False for all others.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError
        The table lacks the column, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> load_evaluations("collected").pipe(test_time_adaptation_rows, keep=False).attrs["selections"]
    ['comparable rows', 'without test-time adaptation']
    """
    sentence = "test-time adaptation only" if keep else "without test-time adaptation"
    return _flagged(evaluations, "test_time_adaptation", keep, sentence)


# pytest would otherwise collect it in any test file that imports it.
test_time_adaptation_rows.__test__ = False  # type: ignore[attr-defined]


def _flagged(evaluations: pd.DataFrame, column: str, keep: bool, sentence: str) -> pd.DataFrame:
    return selected_rows(evaluations, _column(evaluations, column).astype(bool) == keep, sentence)


def _with_value(
    evaluations: pd.DataFrame,
    column: str,
    names: Sequence[str],
    sentence: str,
    choices: Sequence[str],
    absent: Sequence[str] = (),
) -> pd.DataFrame:
    wrong = next((f"{column} {name!r} is unknown" for name in names if name not in (*choices, *absent)), None)
    if wrong or not names:
        raise EvaluationsError(f"{wrong or f'no {column} is given'}; choose from {', '.join(choices)}")
    values = _column(evaluations, column)
    available = f"the table has the {column}s {', '.join(map(str, values.unique()))}"
    return selected_rows(evaluations, values.isin(names), sentence, available)


def _column(evaluations: pd.DataFrame, name: str) -> pd.Series:
    require_sound(evaluations)
    if name not in evaluations:
        raise EvaluationsError(
            f"this selection needs the column {name!r}; the table has {', '.join(map(str, evaluations))}"
        )
    require_sound(evaluations, name)
    return evaluations[name]


def _day(which: str, day: str | date | None) -> date | None:
    if day is None or isinstance(day, date):
        return day.date() if isinstance(day, datetime) else day
    try:
        return date.fromisoformat(day)
    except (TypeError, ValueError):
        raise EvaluationsError(f"published_between: {which} {day!r} is not a date; write YYYY-MM-DD") from None
