"""Public functions have examples, which `documentation/test_docstring_examples.py` runs."""

import bayes_scaling.tables as package


def test_every_public_function_has_an_example():
    without = [name for name in package.__all__ if name.islower() and ">>>" not in getattr(package, name).__doc__]
    assert without == []
