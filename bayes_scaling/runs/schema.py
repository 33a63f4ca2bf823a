"""The rules for single cells of a table of runs, as two pandera schemas.

Importing pandera takes as long as importing pandas, so this module is imported where a file is checked.
"""

import pandera.pandas as pa

from bayes_scaling.runs.columns import MAY_BE_EMPTY, NUMBERS
from bayes_scaling.tables.rules import NUMBERS_WRITTEN, POSITIVE

LARGEST_LOSS = 50.0
"""Nats per token: to guess at random among a million tokens is 13.8."""


def text_schema() -> pa.DataFrameSchema:
    """Say how the cells of each canonical column are written: numbers as in a table of evaluations.

    Examples
    --------
    >>> [check.error for check in text_schema().columns["flop"].checks][0]
    'must be a finite number'
    """
    columns = {
        name: pa.Column(checks=list(NUMBERS_WRITTEN), nullable=name in MAY_BE_EMPTY, required=False) for name in NUMBERS
    }
    return pa.DataFrameSchema(columns | {"id": pa.Column(required=False)})


def value_schema() -> pa.DataFrameSchema:
    """Say what the numbers of each canonical column may be.

    Returns DataFrameSchema: for a table of typed values; missing ones pass, since `text_schema` decides on them.

    Examples
    --------
    >>> value_schema().columns["loss"].checks[-1].error
    'must be less than 50, in nats per token (is it a perplexity?)'
    """
    positive = list(POSITIVE)
    small = pa.Check.lt(
        LARGEST_LOSS, error=f"must be less than {LARGEST_LOSS:g}, in nats per token (is it a perplexity?)"
    )
    checks = {name: [*positive, small] if name == "loss" else positive for name in NUMBERS}
    return pa.DataFrameSchema({name: pa.Column(checks=checks[name], nullable=True, required=False) for name in NUMBERS})
