"""The examples in the package's docstrings do what they say."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import bayes_scaling

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(bayes_scaling.__path__, "bayes_scaling.")
    if module.name.count(".") > 0
)
TO_THE_SPACE = ("bayes_scaling.classical.", "bayes_scaling.tables.", "bayes_scaling.quantities.rates")
"""Beginnings of the names of modules whose examples print to the space what is there."""


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    flags = 0 if name.startswith(TO_THE_SPACE) else doctest.NORMALIZE_WHITESPACE
    results = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert results.failed == 0


def test_public_names_are_documented_and_importable() -> None:
    for name in bayes_scaling.__all__:
        assert (getattr(bayes_scaling, name).__doc__ or "").strip(), name


def test_public_names_are_not_the_modules_they_live_in() -> None:
    """Some functions have their module's name, and importing a submodule sets an attribute of its parent."""
    for name in bayes_scaling.__all__:
        assert isinstance(getattr(bayes_scaling, name), ModuleType) == (name == "classical"), name
