"""Effects in coordinates of the sampler's: the same posterior, with the Jacobian of the change."""

from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from formulas.made_formulas import made_evaluations, made_specification
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.inference import sampling
from bayes_scaling.inference.effects import Effects, informed, packed, to_model, to_sampler
from bayes_scaling.inference.effects_at_a_point import moved, pulled_back
from bayes_scaling.inference.sampling import compiled_model
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import make_rows, prior_middle
from bayes_scaling.specifications.sections import Progress
from bayes_scaling.specifications.specification import Specification

EFFECTS = (Effects("lab", 1, slice(2, 5), 9), Effects("team", 6, slice(7, 9), 9))
FREE = [0, 5]


def made_coordinates(rng) -> dict:
    found = {}
    for each in EFFECTS:
        count = each.places.stop - each.places.start
        carried = np.zeros((count, each.size))
        carried[:, FREE] = rng.normal(size=(count, len(FREE)))
        found |= each.given(
            turn=stats.ortho_group.rvs(count, random_state=rng),
            precision=np.exp(rng.normal(0, 5, count)),
            pull=rng.normal(0, 3, count),
            carried=carried,
        )
    return found


def test_points_come_back_and_volumes_are_determinants() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        data, point = made_coordinates(rng), rng.normal(size=9)
        inner, volume = moved(point, *packed(EFFECTS, data))
        np.testing.assert_allclose(to_sampler(EFFECTS, inner, data), point, rtol=1e-7, atol=1e-7)
        steps = 1e-6 * np.eye(9)
        ways = [to_model(EFFECTS, point + step, data) - to_model(EFFECTS, point - step, data) for step in steps]
        assert volume == pytest.approx(np.linalg.slogdet(np.array(ways) / 2e-6)[1], abs=1e-5)
        many = np.stack([point, inner])[:, None]  # of chains and draws
        np.testing.assert_allclose(to_model(EFFECTS, many, data)[0, 0], inner, rtol=1e-12)


def test_the_gradient_at_the_samplers_point_is_that_of_density_and_volume() -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        data, point, linear = made_coordinates(rng), rng.normal(size=9), rng.normal(size=9)
        arrays = packed(EFFECTS, data)

        def density(at, arrays=arrays, linear=linear):
            inner, volume = moved(at, *arrays)
            return (linear * inner - inner**4 / 4).sum() + volume

        gradient = np.empty(9)
        pulled_back(point, linear - moved(point, *arrays)[0] ** 3, *arrays, gradient)
        steps = 1e-6 * np.eye(9)
        slopes = [(density(point + step) - density(point - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())


def test_effects_of_normal_data_are_independent_of_their_deviation() -> None:
    """One measurement of each effect: given any deviation, standard normal is what is sampled."""
    count, widths = 4, np.array([0.01, 0.1, 1.0, 10.0])
    one, rng = Effects("lab", 0, slice(1, 5), 5), np.random.default_rng(1)
    measured = rng.normal(size=count)
    data = one.given(turn=np.eye(count), precision=widths**-2, pull=measured / widths**2, carried=np.zeros((count, 5)))
    for log_sd in (-3.0, 0.0, 2.0):
        spread = np.exp(log_sd)
        points = np.concatenate([np.full((20, 1), log_sd), rng.normal(size=(20, count))], axis=1)
        standard = to_model([one], points, data)[:, 1:]
        volume = np.array([moved(point, *packed([one], data))[1] for point in points])
        posterior = stats.norm.logpdf(standard).sum(1) + stats.norm.logpdf(measured, spread * standard, widths).sum(1)
        apart = posterior + volume - stats.norm.logpdf(points[:, 1:]).sum(1)
        np.testing.assert_allclose(apart, apart[0], rtol=1e-9)


@pytest.fixture(scope="module")
def made():
    """A specification with a coefficient that is pooled over a column and a walk, its rows, and its program."""
    formulas = {"alpha": "1 + (0 + effort | lab)"}
    table = made_evaluations(80).assign(effort=np.random.default_rng(2).normal(size=80))
    progress = Progress(compute="walk")  # of the law with the smallest program
    specification = made_specification("none", law="compute", coefficients=formulas, progress=progress)
    rows = make_rows(specification, table)
    return specification, rows, compiled_model(specification, rows)[0]


def test_the_density_that_is_sampled_is_the_models_with_the_jacobian(made) -> None:
    specification, rows, plain = made
    assert [each.name for each in plain.effects] == ["alpha_effort_by_lab", "g_C_walk"]
    rng = np.random.default_rng(3)
    points = [plain.point(prior_middle(specification, rows, rng)) for _ in range(5)]
    data = {}
    for each in plain.effects:
        count = each.places.stop - each.places.start
        carried = np.zeros((count, each.size))
        carried[:, 0] = rng.normal(size=count)
        data |= each.given(
            turn=stats.ortho_group.rvs(count, random_state=rng),
            precision=np.exp(rng.normal(0, 3, count)),
            pull=rng.normal(size=count),
            carried=carried,
        )
    turned, _ = compiled_model(specification, rows, coordinates=data)
    for point in points:
        outer = to_sampler(turned.effects, point, data)
        _, volume = moved(outer, *packed(turned.effects, data))
        density, gradient = turned.log_density(outer)
        assert density == pytest.approx(plain.log_density(point)[0] + volume, rel=1e-10)
        for name, value in plain.values(point).items():
            np.testing.assert_allclose(turned.values(outer)[name], value, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(turned.point(plain.values(point)), outer, rtol=1e-8, atol=1e-10)
        steps = 1e-6 * np.eye(len(outer))
        slopes = [(turned.log_density(outer + each)[0] - turned.log_density(outer - each)[0]) / 2e-6 for each in steps]
        np.testing.assert_allclose(gradient, slopes, rtol=1e-4, atol=1e-4 * np.abs(gradient).max())


def test_what_is_no_top_gives_no_information(made) -> None:
    specification, rows, program = made
    far = program.point(prior_middle(specification, rows, np.random.default_rng(0))) + 3
    assert informed(program, far) == {}


@dataclass(frozen=True)
class WithoutNoise:
    """A program whose noise vanishes at the top that was found."""

    effects: tuple[str, ...] = ("lab",)
    seconds: float = 0.0

    def point(self, values) -> np.ndarray:
        return np.zeros(41)

    def values(self, top) -> dict[str, np.ndarray]:
        return {"sigma": np.array(1e-9)}


@pytest.mark.parametrize(("rows", "refused"), [(40, False), (41, False), (42, True)])
def test_as_many_effects_as_rows_are_no_data_without_scatter(rows, refused, monkeypatch) -> None:
    """With a level for nearly each row the density has no top, whatever the data are."""
    monkeypatch.setattr(sampling, "compiled_model", lambda *_: (WithoutNoise(), {}))
    monkeypatch.setattr(sampling, "prior_middle", lambda *_: {})
    monkeypatch.setattr(sampling, "_top", lambda *_: np.zeros(41))
    monkeypatch.setattr(sampling, "informed", lambda *_: {})
    monkeypatch.setattr(sampling, "run_nuts", lambda *_, **__: "sampled")
    table = SimpleNamespace(ids=("row",) * rows)
    refusal = pytest.raises(bs.BayesScalingError, match="nothing scatters") if refused else nullcontext()
    with refusal:
        found = sampling.sample(Specification("t"), table, Settings(50, 50, 2, 0.9), 0, judge=None, progress=None)
        assert found == "sampled"
