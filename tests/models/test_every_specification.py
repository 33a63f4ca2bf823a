"""Every specification of the catalogue, on both packaged tables, through one harness."""

from pathlib import Path

import arviz as az
import numpy as np
import pymc as pm
import pytest
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.diagnostics import diagnose
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import make_rows

FAST = "FAST_COMPILE"  # one evaluation is not worth a slow compilation
NAMES = bs.list_specifications()
DRAWS = 400


def fit_of_prior_draws(specification, evaluations, model) -> Fit:
    """A fit whose 'posterior' is the prior: everything downstream works on it, nothing needs sampling."""
    with model:
        drawn = pm.sample_prior_predictive(DRAWS, random_seed=1, compile_kwargs={"mode": FAST})
    prior = drawn["prior"].to_dataset()
    posterior = Dataset(
        {
            name: (array.dims, array.to_numpy().reshape(2, DRAWS // 2, *array.shape[2:]))
            for name, array in prior.items()
        },
        coords={"chain": [0, 1], "draw": range(DRAWS // 2)}
        | {dim: prior[dim] for dim in ("benchmark", "architecture") if dim in prior.coords},
    )
    flat = np.zeros((2, DRAWS // 2))
    energy = np.random.default_rng(0).normal(size=flat.shape)
    stats = Dataset(
        {
            "diverging": (("chain", "draw"), flat.astype(bool)),
            "maxdepth_reached": (("chain", "draw"), flat.astype(bool)),
            "energy": (("chain", "draw"), energy),
        }
    )
    sampled = DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    rows = make_rows(specification, evaluations)
    data = assemble(specification, rows, evaluations, sampled)
    return Fit(
        data=data,
        specification=specification,
        evaluations=EvaluationsSummary(evaluations.attrs["name"], len(evaluations), 1, ()),
        diagnostics=diagnose(sampled),
        settings=Settings(DRAWS // 2, 100, 2, 0.9),
        seed=1,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={"bayes-scaling": "test"},
        fingerprint="0" * 64,
    )


@pytest.fixture(scope="module", params=["ho2024", "collected"])
def evaluations(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module", params=NAMES)
def specification(request):
    return bs.load_specification(request.param)


@pytest.fixture(scope="module")
def model(specification, evaluations):
    return bs.build_model(specification, evaluations)


@pytest.fixture(scope="module")
def fit(specification, evaluations, model):
    return fit_of_prior_draws(specification, evaluations, model)


def test_log_density_and_gradient_are_finite_where_sampling_starts(model) -> None:
    start = model.initial_point()
    assert np.isfinite(model.compile_fn(model.logp(), mode=FAST)(start))
    assert np.isfinite(model.compile_fn(model.dlogp(), mode=FAST)(start)).all()


def test_dimensions_are_named_and_rows_keyed_by_id(model, evaluations) -> None:
    assert list(model.coords["evaluation"]) == list(evaluations.index)
    assert model.named_vars_to_dims["loss"] == ("evaluation",)
    assert set(model.coords["benchmark"]) == set(evaluations["benchmark"])


def test_prior_predictive_is_finite_and_covers_the_observed_losses(model, evaluations) -> None:
    with model:
        drawn = pm.sample_prior_predictive(DRAWS, random_seed=2, compile_kwargs={"mode": FAST})
    losses = drawn["prior_predictive"]["loss"].to_numpy()
    assert np.isfinite(losses).all()
    low, high = np.quantile(losses, [0.05, 0.95])
    observed = np.log(evaluations["perplexity"])
    assert low < observed.min()
    assert observed.max() < high


def test_fit_survives_saving_and_loading(fit, tmp_path: Path) -> None:
    again = bs.load_fit(fit.save(tmp_path))
    assert again.specification == fit.specification
    assert again.diagnostics == fit.diagnostics
    assert again.evaluations == fit.evaluations
    assert again.settings == fit.settings
    assert set(again.data.children) == set(fit.data.children)
    for group in fit.data.children:
        expected, found = fit.data[group].to_dataset(), again.data[group].to_dataset()
        assert set(found.data_vars) == set(expected.data_vars)
        for name, array in expected.data_vars.items():
            np.testing.assert_array_equal(found[name].to_numpy(), array.to_numpy())
    assert bs.doubling_times(again).equals(bs.doubling_times(fit))


def test_pointwise_log_likelihoods_add_up_to_the_models_own(fit, model) -> None:
    """The law on arrays and the law in PyMC are one: their log likelihoods agree on the same draws."""
    one = fit.data["posterior"].to_dataset().isel(chain=0, draw=3)
    point = {}
    for variable in model.free_RVs:
        value = model.rvs_to_values[variable]
        transform = model.rvs_to_transforms[variable]
        array = one[variable.name].to_numpy()
        point[value.name] = transform.forward(array, *variable.owner.inputs).eval() if transform else array
    in_pymc = model.compile_fn(model.observedlogp, mode=FAST)(point)
    by_paper = fit.log_likelihood("paper")["loss"].isel(chain=0, draw=3)
    exact = fit.data["log_likelihood"]["loss"].isel(chain=0, draw=3)
    assert float(by_paper.sum()) == pytest.approx(float(in_pymc), rel=1e-4)
    assert float(exact.sum()) == pytest.approx(float(in_pymc), rel=1e-4)


def test_log_prior_is_pymcs(fit, model) -> None:
    from pymc.stats import compute_log_prior

    thin = fit.data["posterior"].to_dataset().isel(chain=[0], draw=slice(0, 5))
    tree = DataTree.from_dict({"posterior": thin})
    with model:
        found = compute_log_prior(tree, model=model, progressbar=False, compile_kwargs={"mode": FAST})
    ours = fit.data["log_prior"].to_dataset().isel(chain=[0], draw=slice(0, 5))
    assert set(ours.data_vars) == set(found["log_prior"].data_vars)
    for name, array in ours.data_vars.items():
        theirs = found["log_prior"][name]
        np.testing.assert_allclose(array, theirs.sum([dim for dim in theirs.dims if dim not in ("chain", "draw")]))


def test_doubling_times_have_the_contracts_shape(fit) -> None:
    times = bs.doubling_times(fit)
    assert list(times.index) == ["parameters", "data", "compute"]
    assert list(times.columns) == ["median", "lower", "upper", "probability_of_progress"]
    defined = times.dropna(subset=["median"])  # no probability of what is assumed
    assert "compute" in defined.index
    assert (defined["lower"] <= defined["median"]).all()
    assert (defined["median"] <= defined["upper"]).all()


def test_arviz_summarises_it(fit) -> None:
    assert len(az.summary(fit.data)) >= len(fit.specification.parameters())
