"""Selections of rows that robustness cases add to those of :mod:`bayes_scaling.evaluations`."""

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.evaluations.selections import selected_rows


def with_known(evaluations: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep the rows in which a column is not empty.

    Raises EvaluationsError if the table lacks the column, or no row is left.

    Parameters
    ----------
    evaluations
        Evaluations.
    column
        Such as ``"vocabulary"`` or ``"epochs"``.

    Examples
    --------
    >>> from bayes_scaling.evaluations import load_evaluations
    >>> len(with_known(load_evaluations(), "vocabulary"))
    185
    """
    sentence = f"with known {column}"
    return selected_rows(evaluations, _column(evaluations, column, sentence).notna(), sentence)


def without_doubt(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows whose figures nobody doubts: those without a remark in the column ``doubt``.

    Raises EvaluationsError if the table lacks the column, or no row is left.

    Examples
    --------
    >>> from bayes_scaling.evaluations import load_evaluations
    >>> len(without_doubt(load_evaluations()))
    173
    """
    sentence = "without values in doubt"
    return selected_rows(evaluations, _column(evaluations, "doubt", sentence).isna(), sentence)


def without_transformers(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Keep the systems of every architecture but the transformer.

    Raises EvaluationsError if no row is left.

    Examples
    --------
    >>> from bayes_scaling.evaluations import load_evaluations
    >>> len(without_transformers(load_evaluations()))
    127
    """
    return selected_rows(evaluations, evaluations["architecture"] != "transformer", "without transformers")


def _column(evaluations: pd.DataFrame, name: str, sentence: str) -> pd.Series:
    if name not in evaluations:
        raise EvaluationsError(f"the selection {sentence!r} needs the column {name!r}, which the table lacks")
    return evaluations[name]
