"""Selections of rows of any table, to be chained with `.pipe`; each leaves its sentence in `attrs["selections"]`."""

import ast
import operator
import re
from collections.abc import Mapping, Sequence
from functools import reduce
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import RunsError
from bayes_scaling.tables.columns import is_runs, kind_of

_OPERATORS: Mapping[type[ast.AST], Any] = {
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv},
    **{ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le},
    **{ast.Gt: operator.gt, ast.GtE: operator.ge, ast.And: operator.and_, ast.Or: operator.or_},
    **{ast.Not: operator.invert, ast.USub: operator.neg},
    **{ast.In: lambda column, values: column.isin(values), ast.NotIn: lambda column, values: ~column.isin(values)},
}
"""All that an expression may do with columns."""
_KINDS = ("Expression", "BoolOp", "UnaryOp", "Compare", "BinOp", "List", "Tuple", "Name", "Load", "Constant")
_ALLOWED: tuple[type[ast.AST], ...] = (*(getattr(ast, kind) for kind in _KINDS), *_OPERATORS)
_LONGEST = 1000
_QUOTED = "`([^`]*)`"


def selected_rows(
    table: pd.DataFrame, keep: pd.Series, sentence: str, available: str = "the table has none"
) -> pd.DataFrame:
    """Rows to keep, with the sentence that says which; what is there instead, if none is left."""
    before = table.attrs.get("selections") or []
    if not keep.any():
        earlier = f" (after: {'; '.join(before)})" if before else ""
        raise kind_of(table).error(f"no row is left by {sentence!r}{earlier}; {available}")
    selected = table[keep]
    selected.attrs = {**table.attrs, "selections": [*before, sentence]}
    return selected


def rows_where(table: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Keep the rows for which an expression in the table's columns is true.

    Parameters
    ----------
    table : DataFrame
        Evaluations or training runs.
    expression : str
        Comparisons joined by ``and``, ``or``, ``not``, as pandas reads them: ``"dataset == 'c4'"``,
        ``"epochs <= 1 and tokens > 1e9"``, ``"`peak lr` in [0.001, 0.002]"``. Columns of numbers as text count as
        numbers.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError, RunsError
        The expression can't be read, names a column that is not there, is not true or false in each row, or no row is
        left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_evaluations
    >>> small = load_evaluations().pipe(rows_where, "benchmark == 'ptb' and parameters < 1e7")
    >>> len(small), small.attrs["selections"]
    (21, ["rows where benchmark == 'ptb' and parameters < 1e7"])
    """
    keep, used = condition(table, expression)
    shown = [f"{name}: {', '.join(str(each)[:30] for each in table[name].unique()[:5])}" for name in used]
    return selected_rows(table, keep, f"rows where {expression}", f"the table has {'; '.join(shown)}")


def condition(table: pd.DataFrame, expression: str) -> tuple["pd.Series[bool]", list[str]]:
    """For which rows an expression is true, and the columns it names; errors as of :func:`rows_where`."""
    refuse, names = kind_of(table).error, list(map(str, table))
    quoted = list(dict.fromkeys(re.findall(_QUOTED, str(expression))))
    marked = re.sub(_QUOTED, lambda found: f"_quoted_{quoted.index(found[1])}", str(expression))
    try:
        tree = ast.parse(marked.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None or len(marked) > _LONGEST or not all(isinstance(node, _ALLOWED) for node in ast.walk(tree)):
        raise refuse(
            f"where: {str(expression)[:80]!r} can't be read; write comparisons of columns joined by and, or, not, such "
            "as \"dataset == 'c4' and tokens > 1e9\" (a name with blanks in `backticks`)"
        )
    written = {f"_quoted_{at}": name for at, name in enumerate(quoted)}
    used = {node.id: written.get(node.id, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)}
    unknown = sorted(set(used.values()) - set(names))
    if unknown:
        raise refuse(f"where: there is no column {unknown[0]!r}; the table has {', '.join(names)}")
    columns = {short: _as_numbers(table.iloc[:, names.index(name)]) for short, name in used.items()}
    try:
        keep = _value(tree.body, columns)
    except Exception as error:  # whatever pandas raises on types that can't be compared
        raise refuse(f"where: {expression!r} can't be worked out ({error}); compare numbers with numbers") from None
    if not _is_condition(keep):
        raise refuse(f"where: {expression!r} is not true or false in each row; compare a column with something")
    return keep.set_axis(table.index), sorted(used.values())


def _value(node: Any, columns: Mapping[str, pd.Series]) -> Any:
    """What an expression of the allowed kinds comes to, as columns, numbers and texts."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return columns[name]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(each, columns) for each in parts]
        case ast.UnaryOp(op=does, operand=one):
            return _OPERATORS[type(does)](_value(one, columns))
        case ast.BinOp(op=does):
            return _OPERATORS[type(does)](_value(node.left, columns), _value(node.right, columns))
        case ast.BoolOp(op=does, values=parts):
            sides = [_value(each, columns) for each in parts]
            if not all(map(_is_condition, sides)):
                raise TypeError("'and' and 'or' join comparisons")
            return reduce(_OPERATORS[type(does)], sides)
    sides = [_value(each, columns) for each in (node.left, *node.comparators)]
    pairs = zip(node.ops, sides, sides[1:], strict=False)
    return reduce(operator.and_, [_OPERATORS[type(does)](one, _like(one, other)) for does, one, other in pairs])


def _is_condition(value: Any) -> bool:
    return isinstance(value, pd.Series) and value.dtype.kind == "b"


def _like(one: Any, other: Any) -> Any:
    """What a side is compared with; refuses numbers beside text, of which pandas would say that they differ."""
    kinds = {_kind(each) for each in (one, *(other if isinstance(other, list) else [other]))} - {""}
    if kinds == {"date", "text"} and not isinstance(other, pd.Series):
        return pd.to_datetime(other)
    if len(kinds) > 1:
        raise TypeError(" with ".join(sorted(kinds)))
    return other


def _kind(value: Any) -> str:
    """Number, text or date; empty for a column of gaps."""
    if isinstance(value, pd.Series):
        value = next(iter(value.dropna()), None)
    kinds = {"text": str, "date": pd.Timestamp, "number": Number | np.bool_}
    return next((kind for kind, types in kinds.items() if isinstance(value, types)), "")


def best_of(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Keep the row with the lowest loss (or perplexity) among those that agree in some columns.

    Of equal ones the first row stays.

    Parameters
    ----------
    table : DataFrame
        Evaluations or training runs.
    columns : sequence of str
        What must agree, such as ``["parameters", "tokens"]`` for the best learning rate of each size.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError, RunsError
        A column is not there, or none is given.

    Examples
    --------
    >>> runs = pd.DataFrame({"parameters": 1e9, "tokens": 2e10, "loss": [2.6, 2.5], "lr": [0.1, 0.01]})
    >>> best_of(runs, ["parameters", "tokens"])["lr"].tolist()
    [0.01]
    """
    loss = table[kind_of(table).response]
    return _one_of_each(table, columns, loss.rank(method="first"), "the best row of each")


def last_of(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Keep the last row among those that agree in some columns: of runs that with most tokens, else the latest.

    Parameters
    ----------
    table : DataFrame
        Evaluations or training runs.
    columns : sequence of str
        What must agree, such as ``["series"]`` for the end of each training curve.

    Returns
    -------
    DataFrame

    Raises
    ------
    EvaluationsError, RunsError
        A column is not there, or none is given.

    Examples
    --------
    >>> curve = pd.DataFrame({"parameters": 1e9, "tokens": [1e10, 2e10], "loss": [2.6, 2.5], "series": "a"})
    >>> last_of(curve, ["series"])["tokens"].tolist()
    [20000000000.0]
    """
    order = table["tokens" if is_runs(table) else "published"]
    return _one_of_each(table, columns, -order.rank(method="first"), "the last row of each")


def without_duplicates(table: pd.DataFrame) -> pd.DataFrame:
    """Drop rows of evaluations or training runs that repeat an earlier one in every column.

    >>> runs = pd.DataFrame({"parameters": 1e9, "tokens": 2e10, "loss": [2.6, 2.6, 2.5]})
    >>> without_duplicates(runs).attrs["selections"]
    ['without 1 duplicate']
    """
    again = repeats(table)
    return selected_rows(table, ~again, f"without {counted(int(again.sum()), 'duplicate')}") if again.any() else table


def repeats(table: pd.DataFrame) -> pd.Series:
    """Which rows repeat an earlier one in every column."""
    return table.astype(str).duplicated()


def drop_highest(runs: pd.DataFrame, count: int = 5) -> pd.DataFrame:
    """Drop the runs with the highest losses.

    Besiroglu et al. (2024) drop five of the digitised runs of Hoffmann et al. (2022): those with the fewest tokens per
    parameter, whose losses lie far above the law.

    Parameters
    ----------
    runs : DataFrame
        Training runs.
    count : int
        Runs to drop, at least 0. Of equal losses the later rows stay.

    Returns
    -------
    DataFrame
        The others, in their order.

    Raises
    ------
    RunsError
        `count` is not a whole number of at least 0, or no run is left.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> runs = load_runs("simulated").pipe(drop_highest, 8)
    >>> len(runs), runs.attrs["selections"]
    (100, ['without the 8 highest losses'])
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise RunsError(f"drop_highest: count is {count!r}; give a whole number of runs, at least 0")
    if count >= len(runs):
        raise RunsError(f"drop_highest: to drop {count} of {counted(len(runs), 'run')} leaves none; give fewer")
    sentence = "without the highest loss" if count == 1 else f"without the {count} highest losses"
    return selected_rows(runs, runs["loss"].rank(method="first", ascending=False) > count, sentence)


def _one_of_each(table: pd.DataFrame, columns: Sequence[str], order: pd.Series, what: str) -> pd.DataFrame:
    """The first by an order among rows that agree in columns; rows with a gap there are one of their own each."""
    unknown = [name for name in columns if name not in table]
    if unknown or not len(columns):
        given = f"there is no column {unknown[0]!r}" if unknown else "no column is given"
        raise kind_of(table).error(f"{what}: {given}; the table has {', '.join(map(str, table))}")
    first = order.groupby([table[name] for name in columns]).rank(method="first") == 1
    gaps = table[list(columns)].isna().any(axis=1)
    return selected_rows(table, first | gaps, f"{what} {' and '.join(columns)}")


def _as_numbers(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if (numbers.notna() | column.isna()).all() and numbers.notna().any() else column.astype(object)
