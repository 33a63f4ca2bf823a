"""Public functions have examples, which `documentation/test_docstring_examples.py` runs."""

import inspect

import bayes_scaling.tables as package


def test_every_public_function_has_an_example():
    functions = {name: thing for name, thing in vars(package).items() if inspect.isfunction(thing)}
    assert len(functions) > 15
    assert [name for name, function in functions.items() if ">>>" not in (function.__doc__ or "")] == []
