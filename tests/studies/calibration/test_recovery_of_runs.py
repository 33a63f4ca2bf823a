"""Constants put into simulated IsoFLOP designs lie in the intervals as often as these say."""

import numpy as np
import pytest
from recovery import LOG_PARAMETERS, random_design, recover_once, recovery

from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.tables.simulated import ISOFLOP_BUDGETS


def test_designs_differ_within_their_ranges() -> None:
    designs = [random_design(np.random.default_rng(seed)) for seed in range(50)]
    assert len({design.noise for design in designs}) == 50
    for design in designs:
        assert set(design.budgets) <= set(ISOFLOP_BUDGETS)
        assert 5 <= len(design.budgets) == len(set(design.budgets))
        assert 6 <= design.models_per_budget <= 15
        assert 0.003 <= design.noise <= 0.02


@pytest.mark.slow
def test_one_design_puts_intervals_beside_the_truth() -> None:
    found = recover_once((BESIROGLU, 0, 0))
    assert list(found.index) == ["E", "alpha", "beta", "a", LOG_PARAMETERS]
    assert found.loc["E", "truth"] == BESIROGLU.E
    assert (found["lower"] < found["upper"]).all()


@pytest.mark.slow
def test_ninety_percent_intervals_of_200_designs_hold_the_truth_as_often() -> None:
    table = recovery(200)
    assert list(table.index) == ["E", "alpha", "beta", "a", LOG_PARAMETERS]
    assert (table["intervals"] == 200).all()
    assert (table["unconverged"] <= 2).all()
    assert table["covered"].between(0.85, 0.95).all(), table.to_string()
