"""`help()` suffices: every public name says what it takes, gives and refuses, and shows how it is used."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import pytest

import bayes_scaling
from bayes_scaling import classical


def members(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """A public thing and, of a class of ours, its public methods and properties."""
    yield name, thing
    for key, value in vars(thing).items() if inspect.isclass(thing) else ():
        plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not key.startswith("_") and (inspect.isfunction(plain) or isinstance(plain, property | cached_property)):
            yield f"{name}.{key}", plain


PUBLIC = {
    full: thing
    for space in (classical, bayes_scaling)
    for name in space.__all__
    for full, thing in members(name, getattr(space, name))
}
FUNCTIONS = [name for name, thing in PUBLIC.items() if inspect.isfunction(thing)]
CLASSES = [name for name, thing in PUBLIC.items() if inspect.isclass(thing)]


def said(name: str) -> str:
    return inspect.getdoc(PUBLIC[name]) or ""


def section(doc: str, title: str) -> str:
    """What stands under a heading of numpydoc, or nothing."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def named_in(text: str) -> set[str]:
    """Names that a section of numpydoc describes: those at the margin, with several before one description."""
    heads = [line.partition(" : ")[0] for line in text.splitlines() if line and not line.startswith(" ")]
    return {name.strip(" *`") for head in heads for name in head.split(",")}


def raises(function: Callable[..., Any]) -> bool:
    return bool(re.search(r"^\s+raise \w", inspect.getsource(function), re.MULTILINE))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_describe_what_they_take_give_and_refuse(name: str) -> None:
    doc, function = said(name), PUBLIC[name]
    signature = inspect.signature(function)
    taken = set(signature.parameters) - {"self", "cls"}
    assert taken <= named_in(section(doc, "Parameters"))
    if signature.return_annotation not in (None, "None"):
        assert section(doc, "Returns") or section(doc, "Yields")
    if raises(function):
        assert section(doc, "Raises")


@pytest.mark.parametrize("name", CLASSES)
def test_classes_describe_their_fields(name: str) -> None:
    thing = PUBLIC[name]
    fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    assert {field.name for field in fields if not field.name.startswith("_")} <= named_in(
        section(said(name), "Parameters")
    )


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_everything_is_shown_in_use_by_itself_or_by_its_class(name: str) -> None:
    owner, _, method = name.rpartition(".")
    if section(said(name), "Examples"):
        assert ">>>" in section(said(name), "Examples")
    else:
        assert owner, f"{name} has no example"
        assert f".{method}(" in section(said(owner), "Examples")


@pytest.mark.parametrize("name", list(PUBLIC))
def test_everything_says_something_first(name: str) -> None:
    assert said(name)
