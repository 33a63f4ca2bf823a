"""The rules for single cells, as two pandera schemas: how a cell is written, and what it may say.

Importing pandera takes as long as importing pandas, so this module is imported where a file is checked.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from bayes_scaling.evaluations.columns import CHOICES, FLAGS, MAY_BE_EMPTY, NUMBERS
from bayes_scaling.evaluations.values import DATE, flags
from bayes_scaling.tables.rules import FINITE, NUMBERS_WRITTEN, POSITIVE

ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def text_schema() -> pa.DataFrameSchema:
    """Say how the cells of each canonical column are written.

    Returns DataFrameSchema: for a table of text cells.

    Examples
    --------
    >>> [check.error for check in text_schema().columns["zero_shot"].checks]
    ['must be 0 or 1 (or: false, true)']
    """
    flag = pa.Check(lambda cells: flags(cells).notna(), error="must be 0 or 1 (or: false, true)")
    date = pa.Check(_is_date, error="must be a date of the calendar, written YYYY-MM-DD")
    return _schema(
        {column: list(NUMBERS_WRITTEN) for column in NUMBERS}
        | {column: [flag] for column in FLAGS}
        | {column: [_one_of(choices)] for column, choices in CHOICES.items()}
        | {column: [] for column in ("id", "system", "paper", "benchmark")}
        | {"published": [date]}
    )


def value_schema() -> pa.DataFrameSchema:
    """Say what the numbers and dates of each canonical column may be.

    Returns DataFrameSchema: for a table of typed values; missing ones pass, since `text_schema` decides on them.

    Examples
    --------
    >>> value_schema().columns["vocabulary"].checks[0].error
    'must be at least 2'
    """
    positive = list(POSITIVE)
    schema = _schema(
        {
            "perplexity": [
                pa.Check.gt(1, error="must be greater than 1 (perplexity, not log-perplexity or bits)"),
                FINITE,
            ],
            "log_perplexity": [
                # Smaller ones give a perplexity of exactly 1.
                pa.Check.gt(np.finfo("float64").eps, error="must be greater than 0, in nats per token"),
                pa.Check.lt(700, error="must be less than 700, in nats per token (is it a perplexity?)"),
            ],
            "parameters": positive,
            "tokens": positive,
            "epochs": positive,
            "training_compute": positive,
            "vocabulary": [pa.Check.ge(2, error="must be at least 2"), FINITE],
            "published": [
                pa.Check.ge(pd.Timestamp(1950, 1, 1), error="must not be before 1950"),
                pa.Check.le(pd.Timestamp.today(), error="must not be in the future"),
            ],
        }
    )
    for column in schema.columns.values():
        column.nullable = True
    return schema


def _schema(checks: dict[str, list[pa.Check]]) -> pa.DataFrameSchema:
    # No column is required here: missing ones are found, with their likely misspellings, in column_names.
    return pa.DataFrameSchema(
        {
            column: pa.Column(checks=rules, nullable=column in MAY_BE_EMPTY, required=False)
            for column, rules in checks.items()
        }
    )


def _one_of(choices: Sequence[str]) -> pa.Check:
    return pa.Check.isin(choices, error=f"must be one of {', '.join(choices)}")


def _is_date(cells: "pd.Series[Any]") -> "pd.Series[bool]":
    on_calendar = pd.to_datetime(cells, format=DATE, errors="coerce").notna()
    return cells.str.fullmatch(ISO_DATE) & on_calendar
