"""What ``--where``, ``--best-of``, ``--last-of`` and ``--drop-duplicates`` keep, worked out row by row."""

import math
import operator
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from made_tables import Cells
from oracles import Broken

Kept = list[tuple[int, dict[str, Any]]]
"""Rows and their places in the table."""
TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_HARDLY = (
    "parameters", "not parameters", "1 == 1", "parameters = 1", "nosuch > 1", "parameters > 1 or", "True",
    "parameters.max() > 1", "parameters > __import__('os')", "'a'", "", " ", "parameters and tokens", "(" * 200,
    "parameters > 1 if 1 else 2", "parameters ** 2 > 1", "[1, 2]", "parameters > 1 or 'x'", "`no such` > 1", "`x y",
    "tokens > 1; tokens < 2", "-parameters", "parameters + tokens", "parameters > 1 and 2", "tokens > 1 or 1",
)  # fmt: skip
"""What is no expression that is true or false in each row."""


@dataclass(frozen=True)
class Expression:
    """Text, and what it says of a row; raises :class:`Broken` where it can't be said."""

    text: str
    true: Callable[[dict[str, Any]], bool]


def _raise(rule: str) -> bool:
    raise Broken(rule)


def random_expression(rng: random.Random, cells: Cells) -> Expression:
    """Comparisons joined at random, some of them of what can't be compared."""
    if rng.random() < 0.15:
        text = rng.choice(_HARDLY)
        return Expression(text, lambda _: _raise(f"{text!r} is no condition"))
    parts = [_comparison(rng, cells) for _ in range(rng.choice((1, 1, 2, 3)))]
    whole = parts[0]
    for part in parts[1:]:
        word, join = rng.choice((("and", operator.and_), ("or", operator.or_)))
        whole = _joined(whole, part, word, join)
    return whole


def _joined(one: Expression, other: Expression, word: str, join: Callable[[bool, bool], bool]) -> Expression:
    return Expression(f"({one.text}) {word} ({other.text})", lambda row: join(one.true(row), other.true(row)))


def _comparison(rng: random.Random, cells: Cells) -> Expression:
    name = rng.choice([name for name in cells[0] if any(row[name] is not None for row in cells)])
    value = rng.choice([row[name] for row in cells if row[name] is not None])
    shown = name if name.isidentifier() else f"`{name}`"
    number = isinstance(value, float) or name == "seed"
    value = float(value) if number else value
    if rng.random() < 0.1:  # of another type
        other = rng.choice(("x", date(2020, 1, 1))) if number or isinstance(value, bool) else 7.0
        text = f"{shown} {rng.choice(tuple(TESTS))} {_literal(other)}"
        return Expression(text, lambda _: _raise(f"{text!r} compares what can't be compared"))
    if rng.random() < 0.2 and not isinstance(value, date):
        word = rng.choice(("in", "not in"))
        text = f"{shown} {word} [{_literal(value)}, {_literal(value)}]"
        return Expression(text, lambda row: (_cell(row, name) == value) == (word == "in"))
    choices = ("==", "!=") if isinstance(value, str | bool) else tuple(TESTS)
    sign = rng.choice(choices)
    if number and rng.random() < 0.2 and "tokens" in cells[0]:
        text = f"tokens / parameters {sign} {_literal(value / 1e8)}"
        return Expression(text, lambda row: TESTS[sign](row["tokens"] / row["parameters"], value / 1e8))
    if number and rng.random() < 0.2:
        text = f"{_literal(value / 2)} < {shown} <= {_literal(value)}"
        return Expression(text, lambda row: value / 2 < _cell(row, name) <= value)
    text = f"{shown} {sign} {_literal(value)}"
    if rng.random() < 0.2:
        return Expression(f"not {text}", lambda row: not TESTS[sign](_cell(row, name), value))
    return Expression(text, lambda row: TESTS[sign](_cell(row, name), value))


def _cell(row: dict[str, Any], name: str) -> Any:
    """A cell to compare: a gap is a number that is none, which only differs."""
    return math.nan if row[name] is None else float(row[name]) if name == "seed" else row[name]


def _literal(value: Any) -> str:
    return repr(value.isoformat() if isinstance(value, date) else value)


def _some(kept: Kept) -> Kept:
    return kept or _raise("no row is left")  # type: ignore[return-value]


def rows_where(kept: Kept, expression: Expression) -> Kept:
    """The rows of which an expression is true."""
    return _some([(at, row) for at, row in kept if expression.true(row)])


def without_duplicates(kept: Kept) -> Kept:
    """The rows that repeat no earlier one."""
    rows = [row for _, row in kept]
    return [(at, row) for place, (at, row) in enumerate(kept) if row not in rows[:place]]


def best_of(kept: Kept, names: list[str]) -> Kept:
    """The first of the lowest losses of each."""
    return _one_of_each(kept, names, lambda at, row: (-row.get("loss", row.get("perplexity")), -at))


def last_of(kept: Kept, names: list[str]) -> Kept:
    """The row of each that has most tokens, or is the latest; of equal ones the last."""
    return _one_of_each(kept, names, lambda at, row: (row["tokens" if "loss" in row else "published"], at))


def _one_of_each(kept: Kept, names: list[str], order: Callable[[int, dict[str, Any]], Any]) -> Kept:
    if any(name not in kept[0][1] for name in names):
        raise Broken("no such column")
    chosen: dict[Any, tuple[int, dict[str, Any]]] = {}
    for at, row in kept:
        cells = [row[name] for name in names]
        key = at if None in cells else tuple(cells)
        if key not in chosen or order(at, row) > order(*chosen[key]):
            chosen[key] = (at, row)
    return sorted(chosen.values(), key=lambda pair: pair[0])
