"""What chains, effects and densities are worked out with, on numbers that can be checked by hand."""

import numpy as np
import pytest
from xarray import Dataset

from bayes_scaling.inference.diagnostics import chain_shifts
from bayes_scaling.inference.effect_integral import paper_density
from bayes_scaling.inference.effects import Effects, to_model
from bayes_scaling.inference.likelihood import sum_by
from bayes_scaling.inference.mixing import chain_groups, group_shares, groups_in_words, log_masses, negligible
from bayes_scaling.inference.posterior import resample
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.inference.units import noun_of, plural_of, size_of
from bayes_scaling.specifications.noise import FAMILIES


def test_a_chain_that_lies_apart_has_the_largest_shift():
    rng = np.random.default_rng(0)
    shifts = chain_shifts({0: rng.normal(size=500), 1: rng.normal(size=500), 2: 9 + rng.normal(size=500)})
    assert max(shifts, key=lambda chain: abs(shifts[chain])) == 2


def test_a_paper_under_student_t_noise():
    residual, values = np.array([[0.053, 0.051, 0.0525]]), {"nu": np.array([[5.0]])}
    found = paper_density(FAMILIES["student_t"], values, residual, np.array([[0.001]]), np.array([[0.1]]))
    assert found.round(3).tolist() == [11.475]


def test_coordinates_without_information_are_the_models():
    one = Effects("lab", 0, slice(1, 3), 3)
    assert to_model([one], np.array([0.5, 1.0, 2.0]), one.without_information()).tolist() == [0.5, 1.0, 2.0]


def test_sums_within_groups():
    assert sum_by(np.array([[1.0, 2.0, 4.0]]), np.array([1, 0, 1])).tolist() == [[2.0, 5.0]]


def test_chains_that_mix_are_one_group():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(4, 500)) + np.array([0, 9, 0, 0])[:, None]
    assert chain_groups(Dataset({"g_C": (("chain", "draw"), draws)})) == ((0, 2, 3), (1,))


def test_groups_share_the_mass_and_say_so():
    assert group_shares(np.log([3.0, 3.0, 1.0]), ((0, 1), (2,))).round(3).tolist() == [0.75, 0.25]
    assert groups_in_words(((0, 2), (1,)), np.array([0.97, 0.03])) == (
        "chains fall into 2 groups that do not mix: chains 0, 2 (97.0% of the mass); chain 1 (3.0% of the mass)"
    )


def test_of_two_modes_of_equal_height_the_wider_has_more_mass():
    z = np.random.default_rng(0).standard_normal((2, 4000, 1))
    x = np.array([1.0, 10.0])[:, None, None] * z  # ten times as wide
    stats = Dataset(
        {"logp": (("chain", "draw"), -(z**2).sum(2) / 2), "unconstrained_draw": (("chain", "draw", "u"), x)}
    )
    assert round(float(np.diff(log_masses(stats))[0] / np.log(10)), 1) == 1.0


def test_chains_with_next_to_no_mass():
    assert negligible(np.array([-100.0, -101.0, -160.0])).tolist() == [False, False, True]


def test_draws_are_drawn_again_in_order_and_by_weight():
    assert resample(np.log([[1.0, 1.0, 2.0, 4.0]]), seed=0).tolist() == [[1, 2, 3, 3]]


def test_what_rows_and_units_are_called():
    assert (noun_of("paper", "evaluations"), noun_of("paper", "runs")) == ("paper", "series")
    assert (plural_of("run"), plural_of("series")) == ("runs", "series")


@pytest.mark.parametrize(
    ("table", "size"),
    [
        (EvaluationsSummary("mine", 231, 1, ()), "231 evaluations from 1 paper"),
        (EvaluationsSummary("mine", 245, 9, (), "runs"), "245 runs from 9 series"),
        (EvaluationsSummary("mine", 1, 1, (), "runs"), "1 run"),
    ],
)
def test_the_size_of_a_table(table, size):
    assert size_of(table) == size
