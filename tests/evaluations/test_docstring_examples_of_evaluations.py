"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import bayes_scaling.tables as package

MODULES = [module.name for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_function_has_an_example():
    without = [name for name in package.__all__ if name.islower() and ">>>" not in getattr(package, name).__doc__]
    assert without == []
