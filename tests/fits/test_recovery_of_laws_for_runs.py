"""Parameters put into simulated tables of runs come back, for each law of `models/runs`: coverage at stated truths."""

import pandas as pd
import pytest
from recovery_of_laws import CASES, recover_once

import bayes_scaling as bs

SIMULATIONS = 20


def test_every_law_for_runs_is_here() -> None:
    assert set(CASES) == {"chinchilla"} | {name for name in bs.list_specifications() if name.startswith("runs/")}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_intervals_cover_what_was_put_in(name: str) -> None:
    found = pd.concat([recover_once((name, number)) for number in range(SIMULATIONS)])
    held = found["truth"].between(found["lower"], found["upper"]).groupby(found.index).sum()
    # Of 20 intervals of 90%, 14 or fewer cover in 1.1% of the cases.
    assert (held >= 15).all(), held.to_dict()
