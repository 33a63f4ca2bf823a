"""The one density for all penalised structures: that of the plain model, tilted, in other coordinates."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.log_densities import FAST
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.posterior import resample, reweighted
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.model.coordinates import published_names
from bayes_scaling.model.penalised import SLOPES, design, penalised_draws
from bayes_scaling.model.penalised_density import log_density, packed
from bayes_scaling.model.rows import Rows, make_rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.priors import DISTRIBUTIONS, Prior

PRIORS = {
    "half_normal": Prior.of("half_normal", sigma=0.5),
    "gamma": Prior.of("gamma", alpha=2, beta=8),
    "lognormal": Prior.of("lognormal", mu=-1.5, sigma=0.4),
    "beta": Prior.of("beta", alpha=2, beta=5),
}
"""Of sigma: every family that it may have."""
STRUCTURES = [
    ("ho2024/07", 0.001, "half_normal"),  # loss levels by benchmark
    ("ho2024/07", 0.01, "gamma"),
    ("ho2024/10", 0.001, "half_normal"),  # and slopes
    ("ho2024/11", 0.02, "half_normal"),
    ("ho2024/12", 0.005, "half_normal"),  # a slope that both terms share
    ("ho2024/13", 0.0025, "half_normal"),
    ("ho2024/15", 0.02, "half_normal"),
    ("ho2024/18", 0.001, "lognormal"),  # one term
    ("ho2024/18", 0.02, "half_normal"),
    ("ho2024/19", 0.001, "beta"),
    ("robustness/transformer-factor", 0.001, "half_normal"),
    ("robustness/transformer-factor", 0.02, "half_normal"),
    ("robustness/jump-2017", 0.001, "half_normal"),
    ("robustness/irreducible", 0.001, "half_normal"),
    ("robustness/irreducible", 0.02, "half_normal"),
]


@dataclass(frozen=True)
class Tilted:
    """A penalised structure on the paper's table, and its tilted density as a function of the unconstrained point."""

    specification: bs.Specification
    rows: Rows
    data: dict

    @classmethod
    def of(cls, table, name: str, delta: float, family: str, barrier: float) -> "Tilted":
        specification = bs.load_specification(name).with_published_penalty(delta)
        specification = replace(specification, priors=dict(specification.priors) | {"sigma": PRIORS[family]})
        rows = make_rows(specification, table)
        return cls(specification, rows, design(specification, rows, barrier))

    def density(self, point):
        values = packed(self.data, self.specification.prior_of("sigma"))
        floats, sizes = values["floats"], values["sizes"]
        value, gradient = log_density(point, floats, np.concatenate([[0, len(floats), 4, len(sizes)], sizes]))
        return float(value), gradient

    def free(self, point) -> dict:
        support = DISTRIBUTIONS[self.specification.prior_of("sigma").distribution].support
        sigma, level, share, rest = np.split(point, [1, 4, 7])
        return {"sigma": TRANSFORMS[support].backward(sigma[0]), "level": level, "share_logit": share, "rest": rest}

    @property
    def used(self) -> np.ndarray:
        """Coordinates that the structure has, of the point."""
        levels, slopes = self.data["rest_in_first"].shape
        shares = range(4, 4 + levels * int(self.data["two_terms"]))
        return np.array([*range(1, 1 + levels), *shares, *range(7, 7 + slopes)])

    def log_volume(self, point) -> float:
        """Logarithm of |det d theta / d coordinates|, by finite differences."""
        step, columns = 1e-6, []
        for coordinate in self.used:
            away = step * (np.arange(len(point)) == coordinate)
            up, down = (penalised_draws(self.data, self.free(at))[0] for at in (point + away, point - away))
            columns.append((up - down)[: len(self.used)] / (2 * step))
        return float(np.log(np.abs(np.linalg.det(np.array(columns)))))

    def point(self, rng) -> np.ndarray:
        parts = [
            rng.normal(-1.5, 0.3, 1),
            rng.uniform(1.2, 1.6, 3),
            rng.normal(size=3),
            rng.uniform(-0.03, 0.03, SLOPES),
        ]
        return np.concatenate(parts)


@pytest.mark.parametrize(("name", "delta", "family"), STRUCTURES)
def test_its_weighted_density_is_the_plain_models(name, delta, family, ho2024) -> None:
    """In coordinates of another volume, with a standard normal for what the structure does not use."""
    tilted = Tilted.of(ho2024, name, delta, family, barrier=0.5)
    plain = bs.build_model(tilted.specification, ho2024)
    names = published_names(tilted.specification)
    assert len(names) == len(tilted.used)
    plain_density = plain.compile_fn(plain.logp(jacobian=False), mode=FAST)
    (sigma_name,) = (value.name for value in plain.value_vars if value.name not in names)
    rng = np.random.default_rng(0)
    for _ in range(3):
        point = tilted.point(rng)
        values = tilted.free(point)
        theta, log_weight = penalised_draws(tilted.data, values)
        expected = float(plain_density(dict(zip(names, theta, strict=False)) | {sigma_name: point[0]}))
        support = DISTRIBUTIONS[PRIORS[family].distribution].support
        expected += float(TRANSFORMS[support].log_jacobian(values["sigma"])) + tilted.log_volume(point)
        unused = np.delete(point, [0, *tilted.used])
        found = tilted.density(point)[0] + log_weight + 0.5 * (unused**2).sum()
        assert found == pytest.approx(expected, abs=1e-5)


def test_a_tilt_is_tried() -> None:
    """Else the weights above would all be 1."""
    table = bs.load_evaluations()
    tilts = {name: Tilted.of(table, name, delta, family, 0.5).data["tilt"] for name, delta, family in STRUCTURES}
    assert sum(tilt > 0.1 for tilt in tilts.values()) >= 3


@pytest.mark.parametrize(("name", "delta", "family"), STRUCTURES)
def test_its_gradient_is_its_densitys(name, delta, family, ho2024) -> None:
    tilted = Tilted.of(ho2024, name, delta, family, barrier=0.5)
    point = tilted.point(np.random.default_rng(1))
    gradient = tilted.density(point)[1]
    step = 1e-6
    for coordinate, slope in enumerate(gradient):
        away = step * (np.arange(len(point)) == coordinate)
        difference = tilted.density(point + away)[0] - tilted.density(point - away)[0]
        assert difference / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-5 * np.abs(gradient).max()), coordinate


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
    theta = np.random.default_rng(number).uniform(-0.02, 0.05, len(names))
    mine = theta @ data["irreducible"] + np.exp(theta @ data["first"])
    mine = mine + data["two_terms"] * np.exp(theta @ data["second"])
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
        "rest": rng.uniform(0.01, 0.05, (*shape, SLOPES)),
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
