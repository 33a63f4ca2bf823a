"""Simulated losses follow the specification that they come from."""

from dataclasses import replace

import numpy as np
import pytest
from made_runs import made_runs, with_all_columns
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.simulation import prior_draw, quantities_at, simulated_rows
from bayes_scaling.model.coordinates import from_level_and_share
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import expected_loss


def many_copies(rows, copies=40):
    """The design many times over, so that moments of the noise can be seen."""
    return rows.take(np.tile(np.arange(len(rows.ids)), copies))


def drawn(name, seed=3, table=None):
    specification = bs.load_specification(name)
    rows = make_rows(specification, bs.load_evaluations() if table is None else table)
    return specification, rows, prior_draw(specification, rows, np.random.default_rng(seed))


def residuals(specification, rows, values, seed=0):
    mu = expected_loss(from_level_and_share(specification, values, rows.levels), rows.covariates, rows.index)
    return mu, simulated_rows(specification, rows, values, np.random.default_rng(seed)).response


def test_each_parameter_follows_its_prior() -> None:
    specification = bs.load_specification("reference")
    rows = make_rows(specification, bs.load_evaluations())
    rng = np.random.default_rng(0)
    draws = [prior_draw(specification, rows, rng) for _ in range(300)]
    for parameter in specification.parameters():
        values = np.concatenate([draw[parameter.name] for draw in draws])
        prior = specification.prior_of(parameter.name).frozen()
        assert stats.kstest(values, prior.cdf).pvalue > 1e-3, parameter.name


def test_normal_noise_has_the_scale_that_was_put_in() -> None:
    specification, rows, values = drawn("ho2024/07")
    mu, loss = residuals(specification, many_copies(rows), values)
    assert stats.kstest((loss - mu) / values["sigma"], "norm").pvalue > 1e-3


def test_student_noise_on_log_losses_has_its_tails() -> None:
    specification, rows, values = drawn("chinchilla", table=bs.load_runs())
    mu, loss = residuals(specification, many_copies(rows), values)
    assert stats.kstest(np.log(loss / mu) / values["sigma"], stats.t(values["nu"]).cdf).pvalue > 1e-3


def test_evaluations_of_one_paper_share_an_effect() -> None:
    specification, rows, values = drawn("steps/1-irreducible")
    values |= {"sigma": np.array([0.01]), "tau": np.array([1.0])}
    mu, loss = residuals(specification, rows, values)
    by_paper = [(loss - mu)[rows.index["paper"] == code] for code in range(len(rows.levels["paper"]))]
    assert max(np.ptp(block) for block in by_paper) < 0.1
    assert np.std([block.mean() for block in by_paper]) == pytest.approx(1.0, abs=0.2)


def test_growth_of_effective_compute_is_the_sum_of_the_rates() -> None:
    specification, rows, values = drawn("ho2024/07")
    found = quantities_at(specification, rows, values)
    assert found["g_C"] == pytest.approx(values["g_N"][0] + values["g_D"][0])
    assert found["level"].shape == (3,)


def test_the_best_split_of_a_law_without_progress_is_known_too() -> None:
    specification, rows, values = drawn("chinchilla", table=bs.load_runs())
    found = quantities_at(specification, rows, values)
    assert found["a"] == pytest.approx(values["beta"][0] / (values["alpha"][0] + values["beta"][0]))
    assert found["E"] == pytest.approx(values["level"][0] * values["irreducible_share"][0])


def test_the_papers_penalty_can_not_be_simulated_from() -> None:
    specification = bs.load_specification("ho2024/07").with_published_penalty(0.0025)
    rows = make_rows(specification, bs.load_evaluations())
    with pytest.raises(BayesScalingError, match="choose a specification without delta"):
        prior_draw(replace(specification), rows, np.random.default_rng(0))


CATALOGUE = [name for name in bs.list_specifications() if not name.startswith("kaplan")]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_specification_can_be_simulated_from(name) -> None:
    runs = {"runs/": with_all_columns(made_runs()), "chinchilla": bs.load_runs()}
    table = next((each for start, each in runs.items() if name.startswith(start)), None)
    specification, rows, values = drawn(name, table=table)
    assert np.isfinite(simulated_rows(specification, rows, values, np.random.default_rng(0)).response).all()
    found = quantities_at(specification, rows, values)
    assert set(found) >= {parameter.name for parameter in specification.parameters()}
    assert ("g_C" in found) == specification.progresses
    assert all(np.isfinite(value).all() for value in found.values())
