"""Equations as LaTeX: the same names in the same order, whatever the specification."""

import contextlib
import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from bayes_scaling.errors import BayesScalingError, SpecificationError
from bayes_scaling.reports.describe import describe
from bayes_scaling.reports.html import mathml
from bayes_scaling.reports.mathematics import is_equation, symbol, tex
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.progress import Progress
from bayes_scaling.specifications.sections import Data, Noise
from bayes_scaling.specifications.specification import Specification

NAMES = re.compile(r"[A-Za-z0-9]+")
MARKUP = re.compile(r"\\(text|frac|left|right|sim|quad|times|sum|exp|ln)\b|\\")


def atoms(line: str) -> list[str]:
    """Names and numbers in order, without what mathematics says by a sign."""
    plain = (
        re.sub(r"\bsum of\b|\bx\b|\b(exp|ln)\b|\d+(\.\d+)?e[+-]?\d+", " ", line).replace("Y0", "Y 0").replace("_", " ")
    )
    return NAMES.findall(plain)


def set_atoms(latex: str) -> list[str]:
    return NAMES.findall(MARKUP.sub(" ", re.sub(r"(\d+(\.\d+)? \\times )?10\^\{-?\d+\}", " ", latex)))


def equations(specification: Specification) -> list[str]:
    return [line for line in describe(specification).equations if is_equation(line)]


@pytest.mark.parametrize("name", list_specifications())
def test_every_equation_of_the_catalogue_is_set_with_its_names_in_order(name: str) -> None:
    specification = load_specification(name)
    assert equations(specification)
    for line in equations(specification):
        assert set_atoms(tex(line)) == atoms(line)
        assert mathml(tex(line)) is not None


def specification_of(
    acts_on: str, exponents: str, irreducible: str, factor: str, noise: Noise, data: Data, varies: dict[str, str]
) -> Specification:
    return Specification(
        "mine",
        irreducible_loss=irreducible,
        transformer_factor=factor,
        varies_by=varies,
        progress=Progress("constant_rate", "constant_rate", acts_on=acts_on, exponents=exponents),
        noise=noise,
        data=data,
    )


def settings_that_go_together() -> Iterator[tuple]:
    """Those that do not contradict each other: two thirds of all do, too many to look for by chance."""
    noises = itertools.product(["normal", "student_t"], ["none", "paper"], ["loss"])
    counts = itertools.product(["unique", "effective_epochs", "seen", "repeated"], ["ignored", "log"])
    for settings in itertools.product(
        ["effective_size", "loss_term", "reducible_loss", "nearly_reducible_loss"],
        ["none", "drift"],
        ["none", "shared", "benchmark"],
        ["none", "sigmoid"],
        itertools.starmap(Noise, noises),
        itertools.starmap(Data, counts),
    ):
        with contextlib.suppress(SpecificationError):
            specification_of(*settings, varies={})
            yield settings


@given(
    settings=st.sampled_from(list(settings_that_go_together())),
    varies=st.dictionaries(
        st.sampled_from(["alpha", "beta", "g_N", "g_D"]), st.sampled_from(["benchmark", "architecture"])
    ),
)
def test_equations_of_specifications_of_ones_own_are_set(settings: tuple, varies: dict[str, str]) -> None:
    try:
        mine = specification_of(*settings, varies=varies)
    except SpecificationError:  # what varies contradicts the rest: there is no equation
        reject()
    for line in equations(mine):
        assert set_atoms(tex(line)) == atoms(line)


def test_fractions_take_what_follows_a_stroke_and_no_more() -> None:
    assert tex("L = A / N^alpha exp(-d_A Y)") == r"L = \frac{A}{N^{\alpha}} \exp\left(-d_{A} Y\right)"
    assert tex("L = A / N / D") == r"L = \frac{A}{N D}"
    assert tex("F = 1 / (1 + exp(-x_T))") == r"F = \frac{1}{1 + \exp\left(-x_{T}\right)}"
    assert tex("L = (A / N)^(1 / beta)") == r"L = \left(\frac{A}{N}\right)^{1 / \beta}"
    assert tex("L = (A) / (B) (C)") == r"L = \frac{A}{B} \left(C\right)"


@pytest.mark.parametrize("line", ["L = ", "L = (A", "L = A ^", "L = A $ B", "L = A]", "L = A[", "= A"])
def test_what_is_no_equation_is_refused_with_the_line(line: str) -> None:
    with pytest.raises(BayesScalingError, match=re.escape(repr(line))):
        tex(line)


def test_symbols_are_different_for_different_names() -> None:
    from bayes_scaling.specifications.parameters import PARAMETERS

    symbols = [symbol(name) for name in PARAMETERS]
    assert all(one != other for one, other in itertools.combinations(symbols, 2))
