"""Ranks of what is calibrated stay in the band, and those of what is not leave it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xarray import Dataset

from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.studies.calibration.experiment import KEPT, Simulation, ranks_of
from bayes_scaling.studies.calibration.result import central_share, chance_outside, rank_curve, uniformity


def test_uniform_ranks_leave_the_band_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    outside = sum(not rank_curve(list(rng.integers(0, KEPT + 1, 100))).inside for _ in range(20))
    assert outside <= 5  # 5% are expected; 6 or more of 20 in 0.03% of the cases


@pytest.mark.parametrize("power, sign", [(2.0, 1), (0.5, -1)])
def test_ranks_that_lean_to_one_side_are_found(power, sign) -> None:
    uniform = np.linspace(0, 1, 200)
    curve = rank_curve([int(rank) for rank in np.floor(uniform**power * KEPT)])
    assert not curve.inside
    assert np.sign(curve.largest) == sign


def test_intervals_that_are_too_narrow_are_found() -> None:
    ranks = [0, KEPT] * 30 + list(range(0, KEPT + 1, 2))
    curve = rank_curve(ranks)
    assert not curve.inside
    assert central_share(np.array(ranks), 0.9) < 0.6


@given(st.lists(st.floats(-3, 3), min_size=5, max_size=40), st.floats(-4, 4))
def test_a_rank_counts_the_draws_below(draws, value) -> None:
    posterior = Dataset({"g": (("chain", "draw"), [draws])})
    assert ranks_of({"g": np.array(value)}, posterior, kept=len(draws)) == {"g": sum(d < value for d in draws)}


def test_elements_of_vectors_are_named_by_their_labels() -> None:
    posterior = Dataset(
        {"level": (("chain", "draw", "benchmark"), np.arange(8.0).reshape(1, 4, 2))},
        coords={"benchmark": ["wt103", "ptb"]},
    )
    assert ranks_of({"level": np.array([3.0, 0.0])}, posterior, kept=4) == {"level[wt103]": 2, "level[ptb]": 0}


def test_a_table_has_a_row_for_each_quantity() -> None:
    made = [Simulation({"g_C": rank, "sigma": 50}, True, 1.0, 400.0, 0, 0, 1.0) for rank in range(KEPT + 1)]
    table = uniformity(made)
    assert table["inside"].to_dict() == {"g_C": True, "sigma": False}
    assert table.loc["g_C", "covered_90"] == pytest.approx(0.9, abs=0.01)


def test_the_chance_of_curves_outside_is_that_of_the_band() -> None:
    ranks = np.random.default_rng(1).integers(0, KEPT + 1, (1, 200))
    assert chance_outside(ranks, 0) == 1
    assert chance_outside(ranks, 1) == pytest.approx(1 - BAND, abs=0.03)  # three errors of 500 rotations
    assert chance_outside(ranks, 2) == 0


def test_curves_that_go_together_leave_their_bands_together() -> None:
    rng = np.random.default_rng(2)
    alone = rng.integers(0, KEPT + 1, (10, 200))
    together = np.tile(alone[:1], (10, 1))
    assert chance_outside(together, 10) == chance_outside(together, 1) == pytest.approx(1 - BAND, abs=0.03)
    assert chance_outside(alone, 1) > 0.25
    assert chance_outside(alone, 5) < 0.02


def test_curves_are_counted_as_their_own_are() -> None:
    rng = np.random.default_rng(3)
    ranks = np.floor((KEPT + 1) * rng.uniform(size=(6, 200)) ** 1.4).astype(int)
    outside = sum(not rank_curve(row).inside for row in ranks)
    assert outside > 3
    assert chance_outside(ranks, outside) < 0.01
