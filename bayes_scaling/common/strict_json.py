"""Results as strict JSON: what has no bound or is not defined is null, since JSON has neither infinity nor NaN."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd


def plain(value: Any) -> Any:
    """What JSON can hold: numpy's numbers as Python's, missing values and those without bound as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)


def strict_json(document: Mapping[str, Any] | list[Any]) -> bytes:
    """A document as JSON in UTF-8 that every reader takes."""
    return strict_text(document).encode()


def strict_text(document: Mapping[str, Any] | list[Any]) -> str:
    """The same as text, of which names of files may be a part that have no UTF-8."""
    return json.dumps(plain(document), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def with_rows(document: bytes, table: pd.DataFrame) -> bytes:
    """A document as JSON, with the rows of a table under ``table``."""
    return strict_json(json.loads(document) | {"table": records(table)})


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table, its index among the columns unless it only counts."""
    if not isinstance(table.index, pd.RangeIndex):
        table = table.rename_axis(str(table.index.name or "name")).reset_index()
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
