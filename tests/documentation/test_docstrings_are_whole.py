"""`help()` suffices: every public name says what it takes, gives and refuses, and shows how it is used."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

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


# Each looks at all names at once: a test for every name takes longer to begin and end than to run.


def test_functions_describe_what_they_take_give_and_refuse() -> None:
    missing = set()
    for name in FUNCTIONS:
        doc, function = said(name), PUBLIC[name]
        signature = inspect.signature(function)
        taken = set(signature.parameters) - {"self", "cls"}
        missing |= {f"{name}: {each}" for each in taken - named_in(section(doc, "Parameters"))}
        if signature.return_annotation not in (None, "None") and not section(doc, "Returns") + section(doc, "Yields"):
            missing.add(f"{name}: Returns")
        if raises(function) and not section(doc, "Raises"):
            missing.add(f"{name}: Raises")
    assert missing == set()


def test_classes_describe_their_fields() -> None:
    missing = set()
    for name in CLASSES:
        thing = PUBLIC[name]
        fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
        public = {field.name for field in fields if not field.name.startswith("_")}
        missing |= {f"{name}: {each}" for each in public - named_in(section(said(name), "Parameters"))}
    assert missing == set()


def test_everything_is_shown_in_use_by_itself_or_by_its_class() -> None:
    def shown(name: str) -> bool:
        owner, _, method = name.rpartition(".")
        if section(said(name), "Examples"):
            return ">>>" in section(said(name), "Examples")
        return bool(owner) and f".{method}(" in section(said(owner), "Examples")

    assert [name for name in (*FUNCTIONS, *CLASSES) if not shown(name)] == []


def test_everything_says_something_first() -> None:
    assert [name for name in PUBLIC if not said(name)] == []
