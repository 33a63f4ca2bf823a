"""Chains that settle where next to nothing of the posterior is are found, started again and counted."""

from dataclasses import replace

import numpy as np
import pytest
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.attempts import attempt
from bayes_scaling.inference.mixing import log_masses, negligible, starts_elsewhere
from bayes_scaling.inference.sampling import _CLIMBS, _MOST, _top, compiled_model
from bayes_scaling.inference.settings import Settings
from bayes_scaling.inference.simulation import plausible_draw, prior_draw, simulated_rows
from bayes_scaling.model.rows import make_rows, prior_middle

DIMENSIONS = 5


def chains(*modes: tuple[float, float, float]) -> Dataset:
    """A chain for each mode: its centre, its width, and the logarithm of its mass."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((len(modes), 4000, DIMENSIONS))
    centre, width, mass = (np.array(column)[:, None] for column in zip(*modes, strict=True))
    logp = mass - (z**2).sum(-1) / 2 - DIMENSIONS * (np.log(width) + np.log(2 * np.pi) / 2)
    draws = centre[..., None] + width[..., None] * z
    return Dataset({"logp": (("chain", "draw"), logp), "unconstrained_draw": (("chain", "draw", "u"), draws)})


def test_masses_of_normal_modes_come_back_whatever_their_widths() -> None:
    stats = chains((0, 1, 0.0), (9, 30, -3.0), (-9, 0.01, 2.0))
    assert log_masses(stats) == pytest.approx([0, -3, 2], abs=0.2)
    assert not negligible(log_masses(stats)).any()


def test_only_a_mode_with_next_to_no_mass_is_left() -> None:
    stats = chains((0, 1, 0.0), (9, 1, -25.0), (1, 1, -11.0))
    left = negligible(log_masses(stats))
    assert left.tolist() == [False, True, False]
    assert starts_elsewhere(stats, left).shape == (2 * 2000, DIMENSIONS)
    assert starts_elsewhere(stats, left)[:, 0].max() < 8


def test_a_chain_that_never_moved_is_left() -> None:
    stats = chains((0, 1, 0.0), (0, 1, 0.0))
    stats["unconstrained_draw"][1] = 1.0
    assert negligible(log_masses(stats)).tolist() == [False, True]


def test_a_chain_in_the_wrong_mode_is_started_again_and_counted() -> None:
    """Simulated so that one of four chains finds parameters and tokens in each other's place, 340 nats below."""
    specification = bs.load_specification("ho2024/07")
    rows = make_rows(specification, bs.load_evaluations())
    rng = np.random.default_rng([0, 24])
    values = prior_draw(specification, rows, rng)
    rows = simulated_rows(specification, rows, values, rng)
    settings = Settings(draws=500, tune=500, chains=4, target_accept=0.9, attempts=1)
    found = attempt(specification, rows, settings, 24, cores=1)
    assert found.diagnostics.restarted == 1
    assert found.diagnostics.rhat_max < 1.02
    assert found.settings == settings
    alone = attempt(specification, rows, replace(settings, chains=2), 24, cores=1)
    for one in (found, alone):
        assert one.data["posterior"]["g_N"].mean() == pytest.approx(values["g_N"][0], abs=0.05)


def test_a_rounding_error_is_no_top_of_a_density() -> None:
    """Simulated so that one climb ends where losses of 10^10 nats cancel, 10^19 nats above all else, without noise."""
    specification = bs.load_specification("reference")
    rows = make_rows(specification, bs.load_evaluations())
    values, rows, _ = plausible_draw(specification, rows, {}, np.random.default_rng([1, 99]))
    program, _ = compiled_model(specification, rows)
    starts = [
        program.point(prior_middle(specification, rows, np.random.default_rng(climb))) for climb in range(_CLIMBS)
    ]
    top = program.values(_top(program, starts, _MOST * len(rows.ids)))
    assert float(top["sigma"]) == pytest.approx(values["sigma"].item(), rel=0.5)
    assert np.abs(np.log(top["level"] / values["level"])).max() < 1
