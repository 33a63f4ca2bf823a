"""Draws of a law: the loss of the rows that were fitted, published constants, unknown settings."""

from dataclasses import replace

import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.law.systems import HO2024_SYSTEMS
from bayes_scaling.model.rows import Anchor
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.quantities.laws import Laws, laws_of
from bayes_scaling.specifications.progress import YEARS_OF_ERAS, Progress
from bayes_scaling.specifications.sections import Data
from bayes_scaling.specifications.specification import Specification

BOTH = Progress(parameters="constant_rate", data="constant_rate")


def test_published_constants_are_one_draw() -> None:
    laws = laws_of(HO2024_MODEL_7)
    systems = HO2024_SYSTEMS.values()
    found = laws.loss([s.parameters for s in systems], [s.tokens for s in systems], [s.year for s in systems])
    printed = [4.434, 3.708, 3.186, 3.165, 2.771, 2.462, 2.080, 2.006, 2.046]
    assert found.shape == (1, 9)
    np.testing.assert_allclose(found[0], printed, atol=0.001)


def hand_made(specification: Specification, **coefficients: Coefficient) -> Laws:
    """Sixteen draws near model 7, all alike but for what is given."""
    shared = {"log_A": 1.0, "log_B": 0.7, "alpha": 0.07, "beta": 0.04, "g_N": 0.1, "g_D": 0.8}
    levels = {"benchmark": ("wt103",), "architecture": ("other", "transformer"), "era": ("before", "after")}
    base = {name: Coefficient(np.full((16, 1), value)) for name, value in shared.items()}
    return Laws(specification, base | coefficients, levels, Anchor(1e6, {"wt103": 1e6}, 2018.0), shape=(2, 8))


def test_a_hypothetical_system_sees_its_tokens_once() -> None:
    repeated = Specification("r", progress=BOTH, data=Data(tokens="repeated"))
    scale = Coefficient(np.linspace(1, 50, 16)[:, None])
    plain = hand_made(Specification("p", progress=BOTH))
    point = (1e9, [1e9, 1e10], 2020.0)
    np.testing.assert_allclose(hand_made(repeated, repetition_scale=scale).loss(*point), plain.loss(*point), rtol=1e-14)


def test_a_hypothetical_system_has_the_factor_of_its_architecture() -> None:
    log_factor = Coefficient(np.array([[0.0, np.log(0.9)]] * 16), "architecture")
    laws = hand_made(Specification("f", transformer_factor="sigmoid", progress=BOTH), log_factor=log_factor)
    other, transformer = (laws.loss(1e9, 1e10, 2020.0, architecture=name) for name in ("other", "transformer"))
    np.testing.assert_allclose(transformer / other, 0.9, rtol=1e-13)
    for word in ("recurrent", "LSTM", "Mamba"):  # as tables take them
        np.testing.assert_array_equal(laws.loss(1e9, 1e10, 2020.0, architecture=word), other)
    with pytest.raises(bs.BayesScalingError, match="architecture 'abacus' is unknown; valid choices: transformer, rec"):
        laws.loss(1e9, 1e10, 2020.0, architecture="abacus")


def test_a_hypothetical_system_grows_at_the_rates_of_both_eras() -> None:
    specification = Specification("b", varies_by={"g_N": "era", "g_D": "era"}, progress=replace(BOTH, cut_year=2019.0))
    g_n, g_d = (Coefficient(np.array([rates] * 16), "era", years=YEARS_OF_ERAS) for rates in ([0.1, 0.4], [0.8, 0.2]))
    laws = hand_made(specification, g_N=g_n, g_D=g_d)
    static = {name: each for name, each in laws.coefficients.items() if name not in ("g_N", "g_D")}
    still = replace(laws, specification=Specification("s"), coefficients=static)
    grown = still.loss(1e9 * np.exp(0.1 + 2 * 0.4), 1e10 * np.exp(0.8 + 2 * 0.2), 2021.0)
    np.testing.assert_allclose(laws.loss(1e9, 1e10, 2021.0), grown, rtol=1e-12)


def test_draws_are_laws_as_they_are() -> None:
    laws = laws_of(HO2024_MODEL_7)
    assert laws_of(laws) is laws
    assert isinstance(laws, Laws)


def test_what_is_no_law_is_refused() -> None:
    with pytest.raises(bs.BayesScalingError, match="not DataFrame"):
        laws_of(bs.load_evaluations())


def test_an_unknown_benchmark_is_named() -> None:
    with pytest.raises(bs.BayesScalingError, match="'c4' is unknown; valid choices: wt103"):
        laws_of(HO2024_MODEL_7).loss(1e9, 1e9, 2020, benchmark="c4")


def of_benchmarks(*labels: str, **changes) -> Laws:
    """Laws whose level differs between benchmarks: 1 above the one before."""
    log_a = Coefficient(np.log(np.arange(1.0, 1.0 + len(labels)))[None].repeat(16, axis=0), "benchmark")
    laws = hand_made(Specification("mine", varies_by={"A": "benchmark", "B": "benchmark"}, progress=BOTH), log_A=log_a)
    anchor = Anchor(1e6, dict.fromkeys(labels, 1e6), 2018.0)
    return replace(laws, levels={**laws.levels, "benchmark": labels}, anchor=anchor, **changes)


@pytest.mark.parametrize(
    ("labels", "first"),
    [
        (("ptb", "wt103"), "wt103"),
        (("mine", "ptb"), "ptb"),
        (("mine", "lm1b", "yours"), "lm1b"),
        (("mine", "yours"), "mine"),
    ],
)
def test_a_hypothetical_system_is_on_wikitext_or_the_first_benchmark_that_was_fitted(labels, first) -> None:
    laws = of_benchmarks(*labels)
    assert laws.benchmark_of() == first
    np.testing.assert_array_equal(laws.loss(1e9, 1e9, 2020), laws.loss(1e9, 1e9, 2020, benchmark=first))
    best, there = (bs.optimal_allocation(laws, 1e22, **where) for where in ({}, {"benchmark": first}))
    assert best.equals(there)
    np.testing.assert_array_equal(
        bs.predicted_loss(laws, ["GPT-3"]), bs.predicted_loss(laws, ["GPT-3"], benchmark=first)
    )


def test_benchmarks_are_asked_for_by_any_of_their_names() -> None:
    laws = of_benchmarks("lm1b", "mine")
    assert laws.benchmark_of("One Billion Word") == "lm1b" and laws.benchmark_of("mine") == "mine"
    with pytest.raises(bs.BayesScalingError, match="benchmark 'Mine' is unknown; valid choices: lm1b, mine"):
        laws.loss(1e9, 1e9, 2020, benchmark="Mine")


def test_a_benchmark_without_a_vocabulary_is_refused_where_the_law_needs_one() -> None:
    laws = of_benchmarks("ptb", "mine", log_vocabulary={"ptb": 9.2})
    with pytest.raises(bs.BayesScalingError, match="benchmark 'mine' is unknown; valid choices: ptb"):
        laws.loss(1e9, 1e9, 2020, benchmark="mine")
