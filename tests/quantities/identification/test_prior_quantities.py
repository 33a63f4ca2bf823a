"""Priors of what is reported, against draws made one at a time by the simulator."""

import numpy as np
import pytest
from made_runs import made_runs
from scipy.stats import ks_2samp

import bayes_scaling as bs
from bayes_scaling.inference.simulation import prior_draw, quantities_at
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.influence import REPORTED, prior_quantities


@pytest.mark.parametrize("name", ["ho2024/07", "ho2024/12", "ho2024/10", "reference", "chinchilla"])
def test_they_are_distributed_as_single_draws_of_the_simulator(ho2024, name) -> None:
    specification = bs.load_specification(name)
    rows = make_rows(specification, made_runs() if name == "chinchilla" else ho2024)
    many, rng = prior_quantities(specification, rows, samples=4000), np.random.default_rng(3)
    singles = [quantities_at(specification, rows, prior_draw(specification, rows, rng)) for _ in range(120)]
    shared = [key for key in singles[0] if key in REPORTED]
    assert {"level", "alpha"} <= set(shared)
    for key in shared:
        one_by_one = np.array([single[key] for single in singles]).reshape(120, -1)
        together = many[key].to_numpy().reshape(4000, -1)
        assert together.shape[1] == one_by_one.shape[1]
        for column in range(together.shape[1]):
            assert ks_2samp(one_by_one[:, column], together[:, column]).pvalue > 1e-5, key


@pytest.mark.parametrize("name", [f"ho2024/{number:02d}" for number in range(1, 21)])
def test_every_published_model_has_a_prior_of_each_quantity(ho2024, name) -> None:
    specification = bs.load_specification(name)
    if specification.data.vocabulary == "log":
        ho2024 = bs.classical.fill_published_vocabulary(ho2024)
    drawn = prior_quantities(specification, make_rows(specification, ho2024), samples=50)
    assert np.isfinite(drawn.to_array()).all()
    assert ("g_C" in drawn) == (specification.progresses and specification.progress.exponents == "none")
    if {"g_N", "g_D"} <= set(drawn):
        np.testing.assert_allclose(drawn["g_N"] + drawn["g_D"], drawn["g_C"], atol=1e-9)


def test_a_prior_without_scale_is_refused(ho2024) -> None:
    specification = bs.load_specification("ho2024/07").with_published_penalty(0.0025)
    with pytest.raises(bs.BayesScalingError, match="without delta"):
        prior_quantities(specification, make_rows(specification, ho2024))
