"""Rules for single cells that kinds of tables share: how numbers are written, and which cells break a schema.

Importing pandera takes as long as importing pandas, so this module is imported where a file is checked.
"""

import numpy as np
import pandas as pd
import pandera.pandas as pa

EMPTY = "must not be empty"
NOT_FINITE = r"(?i)[+-]?(?:nan|inf|infinity)"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
GROUPED = r"[0-9.]+(?:[, _'][0-9.]+)+"

NUMBERS_WRITTEN = (
    pa.Check(lambda cells: ~cells.str.fullmatch(NOT_FINITE), error="must be a finite number"),
    pa.Check(
        lambda cells: ~cells.str.fullmatch(GROUPED),
        error="must be a number without separators of thousands; write 1000 or 1e3, not 1,000",
    ),
    pa.Check(
        lambda cells: cells.str.fullmatch(NUMBER),
        error="must be a number, such as 117000000 or 1.17e8, without a unit",
    ),
)
"""How a number is written, in text cells."""

FINITE = pa.Check(np.isfinite, error="must be a finite number")
POSITIVE = (pa.Check.gt(0, error="must be greater than 0"), FINITE)
"""What most numbers may be."""


def cell_failures(schema: pa.DataFrameSchema, table: pd.DataFrame) -> pd.DataFrame:
    """Find every cell that breaks a rule.

    Returns columns `row`, `column` and `rule`; one row a cell, with the first rule it breaks.

    Parameters
    ----------
    schema : DataFrameSchema
        The rules.
    table : DataFrame
        A table indexed by the file's row numbers.

    Examples
    --------
    >>> cells = pd.DataFrame({"loss": ["2.5", "low"]}, index=[2, 3], dtype="str")
    >>> schema = pa.DataFrameSchema({"loss": pa.Column(checks=list(NUMBERS_WRITTEN))})
    >>> cell_failures(schema, cells).to_dict("records")
    [{'row': 3, 'column': 'loss', 'rule': 'must be a number, such as 117000000 or 1.17e8, without a unit'}]
    """
    try:
        schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures: pd.DataFrame = errors.failure_cases.sort_values("check_number", kind="stable")
        failures = failures.rename(columns={"index": "row", "check": "rule"})
        failures = failures.replace({"rule": {"not_nullable": EMPTY}})
        return failures.drop_duplicates(["row", "column"]).filter(["row", "column", "rule"])
    return pd.DataFrame({"row": [], "column": [], "rule": []})
