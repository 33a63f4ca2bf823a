"""The one program for all penalised structures: the same density as the plain model, in other coordinates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.posterior import resample, reweighted
from bayes_scaling.model.coordinates import published_names
from bayes_scaling.model.penalised import build_penalised_model, design, penalised_draws
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import expected_loss


@pytest.mark.parametrize("delta", [0.001, 0.02])
@pytest.mark.parametrize(
    "name",
    [
        *("ho2024/07", "ho2024/11", "ho2024/15", "ho2024/18", "ho2024/19"),
        *("robustness/transformer-factor", "robustness/jump-2017", "robustness/irreducible"),
    ],
)
def test_its_weighted_density_is_the_plain_models(name, delta, ho2024) -> None:
    specification = bs.load_specification(name).with_published_penalty(delta)
    rows = make_rows(specification, ho2024)
    program, data = build_penalised_model(specification, rows), design(specification, rows)
    plain = bs.build_model(specification, ho2024)
    names = published_names(specification)
    plain_density = plain.compile_fn(plain.logp(jacobian=False), mode="FAST_COMPILE")
    outputs = [program[name] for name in ("theta", "log_weight", "filler", "coordinates")]
    outputs = [*program.replace_rvs_by_values(outputs), program.logp(jacobian=False)]
    evaluate = program.compile_fn(outputs, mode="FAST_COMPILE")
    rng = np.random.default_rng(0)
    for _ in range(4):
        point = {
            "level": rng.uniform(1.2, 1.6, 3),
            "share_logit": rng.normal(size=3),
            "rest": rng.uniform(-0.03, 0.03, program["rest"].type.shape[0]),
            "sigma_log__": np.log(0.2),
        }
        theta, log_weight, filler, volume, density = evaluate(point)
        expected = plain_density(dict(zip(names, theta, strict=False)) | {"sigma_log__": np.log(0.2)})
        # The coordinates' volume is no part of the density of theta; the rest must agree to rounding.
        assert density + log_weight - filler - volume == pytest.approx(float(expected), rel=1e-9)
        ours = penalised_draws(data, point | {"sigma": np.array(0.2)})
        np.testing.assert_allclose(ours[0], theta, rtol=1e-12, atol=1e-15)
        assert ours[1] == pytest.approx(float(log_weight), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "delta"),
    [
        ("ho2024/07", 0.01),
        ("ho2024/07", 0.001),  # loss levels by benchmark
        ("ho2024/10", 0.001),  # and slopes
        ("ho2024/12", 0.005),  # a slope that both terms share
        ("ho2024/13", 0.0025),
        ("robustness/transformer-factor", 0.0025),
    ],
)
def test_its_coordinates_have_the_volume_it_claims(name, delta, ho2024) -> None:
    """|det d theta / d (level, share, rest)| by finite differences, against the potential ``coordinates``."""
    specification = bs.load_specification(name).with_published_penalty(delta)
    rows = make_rows(specification, ho2024)
    program, data = build_penalised_model(specification, rows), design(specification, rows)
    outputs = program.replace_rvs_by_values([program["theta"], program["coordinates"]])
    inputs = [program.rvs_to_values[program[part]] for part in ("level", "share_logit", "rest")]
    evaluate = program.compile_fn(outputs, inputs=inputs, mode="FAST_COMPILE")
    levels, rest = int(data["levels_used"].sum()), int(data["rest_used"].sum())
    rng = np.random.default_rng(0)
    at = {"level": rng.normal(1.4, 0.1, 3), "share_logit": rng.normal(0.6, 0.3, 3), "rest": rng.uniform(0.01, 0.05, 16)}
    used = [
        *((part, i) for part in ("level", "share_logit") for i in range(levels)),
        *(("rest", i) for i in range(rest)),
    ]
    assert len(used) == len(published_names(specification))
    step = 1e-6
    columns = []
    for part, i in used:
        up, down = ({key: np.array(value, dtype=float) for key, value in at.items()} for _ in range(2))
        up[part][i] += step
        down[part][i] -= step
        columns.append((evaluate(up)[0] - evaluate(down)[0])[: len(used)] / (2 * step))
    determinant = np.abs(np.linalg.det(np.array(columns)))
    assert np.log(determinant) == pytest.approx(float(evaluate(at)[1]), abs=1e-6)


LINEAR = (
    *(f"ho2024/{number:02d}" for number in range(1, 21)),
    *(f"robustness/{name}" for name in ("bend-2017", "jump-2017", "tokens-seen", "tokens-seen-imputed", "irreducible")),
)


@pytest.mark.parametrize(("number", "name"), list(enumerate(LINEAR, start=1)))
def test_its_matrices_are_the_law(number, name, ho2024) -> None:
    from bayes_scaling.model.coordinates import from_published

    specification = bs.load_specification(name).with_published_penalty(0.0025)
    rows = make_rows(specification, ho2024)
    names = published_names(specification)
    data = design(specification, rows)
    theta = np.zeros(data["penalised"].size)
    theta[: len(names)] = np.random.default_rng(number).uniform(-0.02, 0.05, len(names))
    terms = np.exp(data["features"] @ theta)
    n = len(rows.ids)
    mine = data["irreducible_features"] @ (data["irreducible_chosen"] @ theta) + terms[:n]
    mine = mine + data["two_terms"] * terms[n:]
    values = {name: theta[[i]] for i, name in enumerate(names)}
    law = expected_loss(from_published(specification, values, rows.levels), rows.covariates, rows.index)
    np.testing.assert_allclose(mine, law, rtol=1e-10)


@given(st.lists(st.floats(-20, 0), min_size=2, max_size=60), st.integers(0, 1000))
def test_resampling_repeats_draws_in_proportion_and_in_order(log_weights, seed) -> None:
    weights = np.exp(np.array([log_weights]))
    chosen = resample(np.log(weights), seed)
    counts = np.bincount(chosen[0], minlength=weights.size)
    expected = weights[0] / weights.sum() * weights.size
    assert np.all(np.diff(chosen[0]) >= 0)
    assert counts.sum() == weights.size
    assert np.all(np.abs(counts - expected) < 1 + 1e-9)  # systematic: never off by a whole draw


@pytest.fixture
def tilted(ho2024):
    """A penalised structure, its rows and design, and made draws of its coordinates: arguments of `reweighted`."""
    specification = bs.load_specification("ho2024/10").with_published_penalty(0.0025)
    rows = make_rows(specification, ho2024)
    data, rng, shape = design(specification, rows), np.random.default_rng(0), (2, 60)
    values = {
        "level": rng.normal(1.4, 0.1, (*shape, 3)),
        "share_logit": rng.normal(0, 2, (*shape, 3)),
        "rest": rng.uniform(0.01, 0.05, (*shape, data["place"].shape[1])),
        "sigma": rng.uniform(0.1, 0.3, shape),
    }
    stats = Dataset({"energy": (("chain", "draw"), np.arange(120.0).reshape(shape))})
    return specification, rows, data, values, stats


def test_reweighted_draws_report_the_papers_rates(tilted) -> None:
    specification, rows, data, values, stats = tilted
    posterior = reweighted(specification, rows, data, 0, values, stats)[0]["posterior"]
    year = posterior["alpha_year"] + posterior["alpha_year_ptb"]
    ptb = posterior["g_N"].sel(benchmark="ptb")
    np.testing.assert_allclose(ptb, year / posterior["alpha_param"])
    np.testing.assert_allclose(posterior["g_C"], posterior["g_N"] + posterior["g_D"])


def test_reweighting_takes_draws_with_all_that_was_said_of_them(tilted) -> None:
    specification, rows, data, values, stats = tilted
    tree, weighed = reweighted(specification, rows, data, 0, values, stats)
    theta, log_weight = penalised_draws(data, values)
    np.testing.assert_array_equal(weighed["log_weight"], log_weight)
    np.testing.assert_array_equal(weighed["energy"], stats["energy"])
    assert np.ptp(log_weight) > 0.1
    chosen = resample(log_weight, 0)
    assert not np.array_equal(chosen, np.broadcast_to(np.arange(60), (2, 60)))
    posterior = tree["posterior"]
    np.testing.assert_array_equal(tree["sample_stats"]["energy"], np.arange(120.0).reshape(2, 60)[[[0], [1]], chosen])
    np.testing.assert_array_equal(posterior["sigma"], values["sigma"][[[0], [1]], chosen])
    names = published_names(specification)
    np.testing.assert_array_equal(posterior["alpha_year"], theta[[[0], [1]], chosen, names.index("alpha_year")])
