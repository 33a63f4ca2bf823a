"""What a value given by a user is, and how a message of one line shows it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from numbers import Real
from typing import Any

_LONGEST = 80


def is_number(value: object) -> bool:
    """Whether a value is a finite number: Python's or NumPy's, no boolean, within the range of a float."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def shown(value: object) -> str:
    """A value as a message shows it: on one line, and not without end."""
    if isinstance(value, int) and not isinstance(value, bool) and not is_number(value):
        return "an integer beyond the range of a float"
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def as_written(number: float) -> str:
    """A number as people write it, where that is the same number."""
    short = f"{number:g}"
    return short if float(short) == number else repr(float(number))


def choice(*words: str) -> Any:
    """A setting that is one of some words, by default the first."""
    return field(default=words[0], metadata={"choices": words})


def holding(told: Mapping[str, Any]) -> Iterator[str]:
    """The sentences whose value is true."""
    return (sentence for sentence, holds in told.items() if holds)
