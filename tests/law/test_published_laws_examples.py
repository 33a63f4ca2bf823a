"""Values of the published laws of Kaplan, Gundlach and Muennighoff, and where they come from."""

import pytest

from bayes_scaling.law.formula import PETAFLOP_DAY
from bayes_scaling.law.gundlach import GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, ComputeLaw, gain_between
from bayes_scaling.law.kaplan import (
    KAPLAN_ALLOCATION,
    KAPLAN_BATCH,
    KAPLAN_JOINT,
    KAPLAN_PARAMETERS,
    KAPLAN_TRAINING,
    kaplan_compute_exponent,
)
from bayes_scaling.law.muennighoff import MUENNIGHOFF
from bayes_scaling.law.published import constants


def test_losses_of_kaplans_laws() -> None:
    assert round(float(KAPLAN_PARAMETERS.loss(1.5e9)), 2) == 2.3
    assert round(float(KAPLAN_JOINT.loss(1.5e9, 1e10)), 2) == 2.37
    assert round(float(KAPLAN_TRAINING.loss(1.5e9, 1e5)), 2) == 2.33


def test_what_follows_from_kaplans_constants() -> None:
    assert (round(KAPLAN_JOINT.bracket.alpha, 4), KAPLAN_JOINT.bracket.beta) == (0.7379, 1.0)
    assert round(KAPLAN_TRAINING.efficient_excess, 2) == 1.1
    assert round(kaplan_compute_exponent(), 4) == 0.052
    # Models of 0.6 to 2.2 times the best size cost at most a fifth more (figure 12 of the paper).
    assert KAPLAN_TRAINING.misallocation([0.6, 1.0, 2.2]).round(2).tolist() == [1.16, 1.0, 1.2]


def test_kaplans_batch() -> None:
    assert f"{KAPLAN_BATCH.critical(3.0):.2g}" == "1.1e+06"
    assert float(KAPLAN_BATCH.least_steps(1e5, KAPLAN_BATCH.critical(3.0), 3.0)) == 50000.0
    assert float(KAPLAN_BATCH.least_compute(1e20, KAPLAN_BATCH.critical(3.0), 3.0)) == 5e19


def test_kaplans_rule() -> None:
    assert f"{KAPLAN_ALLOCATION.parameters(PETAFLOP_DAY):.2g}" == "1.3e+09"
    assert f"{KAPLAN_ALLOCATION.tokens(PETAFLOP_DAY):.2g}" == "2e+10"


def test_laws_of_compute() -> None:
    law = ComputeLaw(E=1.9, k=81.7, gamma=0.091, name="made")
    assert round(float(law.loss(1e20)), 3) == 3.137
    assert f"{law.compute_for(law.loss(1e20) - 1.9):.4g}" == "1e+20"
    assert round(float(gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, 1e22)), -2) == 2400.0


def test_repeated_tokens() -> None:
    assert round(float(MUENNIGHOFF.effective_tokens(tokens=4e9, unique_tokens=1e9)) / 1e9, 3) == 3.726
    assert f"{MUENNIGHOFF.best_parameters(1e11):.2g}" == "5.1e+09"
    assert float(MUENNIGHOFF.effective_parameters(parameters=1e9, unique_tokens=1e11)) == 1000000000.0
    # Four epochs of 25 billion tokens, and 100 billion fresh ones.
    assert [round(float(MUENNIGHOFF.loss(4e9, 1e11, unique)), 3) for unique in (2.5e10, 1e11)] == [2.295, 2.28]


@pytest.mark.parametrize(
    "room", ["chinchilla", "muennighoff", "kaplan", "gundlach", "ho2024", "gains", "robustness", "trends"]
)
def test_every_constant_has_a_source(room) -> None:
    table = constants(room)
    entries = [entry for entry in table.values() if isinstance(entry, dict)]
    assert entries
    assert all("source" in entry or "source" in table for entry in entries)
