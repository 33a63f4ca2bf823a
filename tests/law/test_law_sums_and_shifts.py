"""Sums within papers, and how far chains lie apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from xarray import Dataset, DataTree

from bayes_scaling.inference.diagnostics import chain_shifts, convergence_table, diagnose
from bayes_scaling.inference.likelihood import sum_by

quick = settings(max_examples=60, deadline=None)


@st.composite
def codes_without_gaps(draw: st.DrawFn) -> np.ndarray:
    groups = draw(st.integers(1, 6))
    extra = draw(st.lists(st.integers(0, groups - 1), max_size=12))
    return np.array(draw(st.permutations([*range(groups), *extra])))


@quick
@given(codes_without_gaps(), st.integers(0, 2**32 - 1))
def test_sum_by_adds_each_group(codes: np.ndarray, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(2, 3, codes.size))
    found = sum_by(values, codes)
    assert found.shape == (2, 3, codes.max() + 1)
    for code in range(codes.max() + 1):
        assert_allclose(found[..., code], values[..., codes == code].sum(axis=-1), atol=1e-12)


@quick
@given(codes_without_gaps())
def test_sum_by_keeps_the_total_and_counts(codes: np.ndarray) -> None:
    assert sum_by(np.ones(codes.size), codes).tolist() == np.bincount(codes).tolist()


def test_sum_by_does_not_change_its_arguments() -> None:
    values, codes = np.array([1.0, 2.0, 4.0]), np.array([1, 0, 1])
    assert sum_by(values, codes).tolist() == [2.0, 5.0]
    assert values.tolist() == [1.0, 2.0, 4.0]
    assert codes.tolist() == [1, 0, 1]


def test_a_group_without_rows_sums_to_zero() -> None:
    """Codes of a table's papers, kept in a selection of its rows."""
    assert sum_by(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 2])).tolist() == [1.0, 0.0, 6.0]
    assert sum_by(np.array([[1.0, 2.0]]), np.array([3, 1])).tolist() == [[0.0, 2.0, 0.0, 1.0]]


# ---------------------------------------------------------------------- chains


def test_a_quantity_that_does_not_move_is_named_and_not_left_out() -> None:
    """Without a warning, which pytest makes an error here."""
    rng = np.random.default_rng(0)
    dims, shape = ("chain", "draw"), (4, 500)
    posterior = {"a": (dims, rng.normal(size=shape)), "g": (dims, np.zeros(shape))}
    stats = {name: (dims, np.zeros(shape, bool)) for name in ("diverging", "maxdepth_reached")}
    coords = {"chain": range(4), "draw": range(500)}
    data = DataTree.from_dict(
        {
            "posterior": Dataset(posterior, coords=coords),
            "sample_stats": Dataset(stats | {"energy": (dims, rng.normal(size=shape))}, coords=coords),
        }
    )
    table = convergence_table(data)
    assert list(table.index) == ["a", "g"]
    assert np.isnan(table.loc["g", "rhat"])
    assert diagnose(data).failures == ("g did not move or is not finite in some chain",)


def test_chains_of_one_distribution_hardly_shift() -> None:
    rng = np.random.default_rng(2)
    shifts = chain_shifts({chain: rng.normal(3.0, 2.0, size=2000) for chain in range(4)})
    assert set(shifts) == {0, 1, 2, 3}
    assert max(map(abs, shifts.values())) < 0.1


def test_a_chain_elsewhere_is_found_with_its_sign() -> None:
    rng = np.random.default_rng(3)
    draws = {chain: rng.normal(size=500) for chain in (0, 1, 5)}
    shifts = chain_shifts(draws | {7: rng.normal(-6.0, 1.0, size=500)})
    assert min(shifts, key=shifts.__getitem__) == 7
    assert shifts[7] < -3
    assert all(abs(shifts[chain]) < 0.5 for chain in (0, 1, 5))


@quick
@given(st.floats(-100.0, 100.0), st.floats(0.01, 100.0))
def test_shifts_have_no_unit(offset: float, scale: float) -> None:
    rng = np.random.default_rng(4)
    draws = {chain: rng.normal(chain, 1.0, size=200) for chain in range(3)}
    moved = chain_shifts({chain: offset + scale * values for chain, values in draws.items()})
    assert list(moved.values()) == pytest.approx(list(chain_shifts(draws).values()), rel=1e-8, abs=1e-8)


def test_mirrored_chains_shift_the_other_way() -> None:
    rng = np.random.default_rng(5)
    draws = {chain: rng.normal(chain, 1.0, size=301) for chain in range(3)}
    mirrored = chain_shifts({chain: -values for chain, values in draws.items()})
    assert mirrored == pytest.approx({chain: -shift for chain, shift in chain_shifts(draws).items()})


def test_the_unit_is_the_interquartile_range_of_the_other_chains() -> None:
    wide, narrow = 10 * np.arange(101.0), np.arange(101.0) + 1000
    assert chain_shifts({0: wide, 1: narrow}) == {0: (500 - 1050) / 50, 1: (1050 - 500) / 500}


def test_two_chains_shift_against_each_other() -> None:
    same_shape = np.arange(101.0)  # median 50, interquartile range 50
    assert chain_shifts({0: same_shape, 1: same_shape + 100}) == {0: -2.0, 1: 2.0}


def test_identical_chains_do_not_shift() -> None:
    same = np.linspace(0, 1, 50)
    assert chain_shifts({0: same, 1: same, 2: same}) == {0: 0.0, 1: 0.0, 2: 0.0}


def test_one_chain_has_nothing_to_disagree_with() -> None:
    assert chain_shifts({0: np.arange(10.0)}) == {0: 0.0}


def test_constant_chains_do_not_divide_by_zero() -> None:
    assert chain_shifts({0: np.full(10, 2.0), 1: np.full(10, 2.0)}) == {0: 0.0, 1: 0.0}
