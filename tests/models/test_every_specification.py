"""Every specification of the catalogue, on both packaged tables or on training runs, through one harness."""

from collections.abc import Iterator
from pathlib import Path

import arviz as az
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from made_runs import FOR_RUNS, made_runs, with_all_columns
from models.log_densities import FAST, STORED, points
from xarray import DataArray, Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.data import assemble, rows_of
from bayes_scaling.inference.diagnostics import diagnose
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.inference.posterior import posterior_of
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.law.formula import effective_epochs
from bayes_scaling.model.rows import Rows, counted_tokens, make_rows
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.tables.columns import FLAGS, is_runs


def kinds(specification: bs.Specification) -> set[object]:
    """What decides which variables and groups a fit has: parameters by what they vary by, columns, law and noise."""
    parameters = {(each.name, specification.index_of(each.name)) for each in specification.parameters()}
    named = {specification.law, specification.response, specification.noise.family, specification.noise.cluster}
    return {*parameters, *named, *specification.columns}


def having_every_kind(names: list[str]) -> list[str]:
    """Few of these specifications, which together have every kind: each time the one with most of what is missing."""
    found = {name: kinds(bs.load_specification(name)) for name in names}
    missing, chosen = set().union(*found.values()), []
    while missing:
        chosen.append(max(names, key=lambda name: len(found[name] & missing)))
        missing -= found[chosen[-1]]
    return chosen


FEW = having_every_kind([*bs.list_specifications()])
FIRST = [(name, "runs" if name in FOR_RUNS else "ho2024") for name in dict.fromkeys([*FEW, *bs.list_specifications()])]
ONCE = ("steps/",)  # which differ from the reference in one thing each: one table is enough
SECOND = [name for name in bs.list_specifications() if name not in FOR_RUNS and not name.startswith(ONCE)]
OFTEN = having_every_kind(SECOND)
SECONDS = ((name, "collected") for name in (*OFTEN, *(each for each in SECOND if each not in OFTEN)))
CASES = [*FIRST, *(case if case[0] in OFTEN else pytest.param(case, marks=pytest.mark.slow) for case in SECONDS)]
once = pytest.mark.parametrize("case", FIRST, ids=" on ".join, indirect=True, scope="module")
"""For what another table changes nothing in; the same places in all lists let tests share a case's fixtures."""
every_kind = pytest.mark.parametrize("case", FIRST[: len(FEW)], ids=" on ".join, indirect=True, scope="module")
"""For what treats all variables alike: saving and summing up take most of the time of a case."""
DRAWS = 40


def fit_of_prior_draws(specification, evaluations, rows: Rows, prior: Dataset) -> Fit:
    """A fit whose 'posterior' is the prior: everything downstream works on it, nothing needs sampling."""
    posterior = Dataset(
        {
            name: (array.dims, array.to_numpy().reshape(2, DRAWS // 2, *array.shape[2:]))
            for name, array in prior.items()
        },
        coords={"chain": [0, 1], "draw": range(DRAWS // 2)}
        | {dim: prior[dim] for dim in prior.coords if dim not in ("chain", "draw")},
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


@pytest.fixture(scope="module", autouse=True)
def without_c() -> Iterator[None]:
    """A C compiler takes seconds for what is evaluated a few times."""
    with pytensor.config.change_flags(cxx=""):
        yield


@pytest.fixture(scope="session")
def runs():
    return with_all_columns(made_runs(noise=0.02))


@pytest.fixture(scope="module", params=CASES, ids=" on ".join)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def evaluations(case, request):
    return request.getfixturevalue(case[1])


@pytest.fixture(scope="module")
def specification(case):
    return bs.load_specification(case[0])


def observed_values(specification, evaluations):
    if specification.response == "critical_batch":
        return evaluations["critical_batch"]
    return evaluations["loss"] if is_runs(evaluations) else np.log(evaluations["perplexity"])


@pytest.fixture(scope="module")
def rows(specification, evaluations):
    return make_rows(specification, evaluations)


@pytest.fixture(scope="module")
def model(specification, evaluations):
    return bs.build_model(specification, evaluations)


@pytest.fixture(scope="module")
def drawn(model):
    """Draws from the prior, and what they predict."""
    with model:
        return pm.sample_prior_predictive(DRAWS, random_seed=2, compile_kwargs={"mode": FAST})


@pytest.fixture(scope="module")
def fit(specification, evaluations, rows, drawn):
    prior = drawn["prior"].to_dataset()
    for name in specification.left_to_integrate:  # are no part of the model
        levels = list(rows.levels[specification.index_of(name)])
        standard = np.random.default_rng(5).standard_normal((1, DRAWS, len(levels)))
        dims = ("chain", "draw", specification.index_of(name))
        prior[name] = DataArray(standard, coords={dims[-1]: levels}, dims=dims)
    return fit_of_prior_draws(specification, evaluations, rows, prior)


@pytest.fixture(scope="module")
def at(model):
    """Of a point: PyMC's log density, its gradient, the log likelihood, and the log prior of each free variable."""
    free, factors = len(model.free_RVs), model.logp(sum=False)  # free variables, what is observed, potentials
    priors = [without_jacobian(model, *each) for each in zip(model.free_RVs, factors[:free], strict=True)]
    likelihood = sum(factor.sum() for factor in factors[free : free + len(model.observed_RVs)])
    density = sum(factor.sum() for factor in factors)
    gradient = pt.concatenate([each.ravel() for each in pytensor.grad(density, model.continuous_value_vars)])
    function = model.compile_fn([density, gradient, likelihood, *priors], mode=FAST)

    def evaluate(point):
        density, gradient, likelihood, *each = function(point)
        found = {variable.name: value.sum() for variable, value in zip(model.free_RVs, each, strict=True)}
        return density, gradient, float(likelihood), found

    return evaluate


def without_jacobian(model, variable, density):
    """A free variable's log prior from its part of the log density where the sampler moves."""
    transform = model.rvs_to_transforms[variable]
    if transform is None:
        return density
    return density - transform.log_jac_det(model.rvs_to_values[variable], *variable.owner.inputs)


def point_of(model, draw: Dataset) -> dict:
    """One draw where the sampler moves: by the names of PyMC's value variables."""
    point = {}
    for variable in model.free_RVs:
        value, transform = model.rvs_to_values[variable], model.rvs_to_transforms[variable]
        support = "real" if transform is None else {"log": "positive", "logodds": "unit"}[transform.name]
        point[value.name] = TRANSFORMS[support].forward(draw[variable.name].to_numpy())
    return point


def test_log_density_and_gradient_are_finite_where_sampling_starts(model, at, specification, rows) -> None:
    density, gradient, *_ = at(points(model, specification, rows, count=1)[0])
    assert np.isfinite(density)
    assert np.isfinite(gradient).all()


@once
def test_log_density_and_gradient_are_those_stored(case, model, at, specification, rows) -> None:
    with np.load(STORED) as stored:
        density, gradient = (stored[f"{case[0]}:{each}"] for each in ("density", "gradient"))
    found = [at(point)[:2] for point in points(model, specification, rows)]
    np.testing.assert_allclose([each for each, _ in found], density, rtol=1e-10)
    np.testing.assert_allclose([each for _, each in found], gradient, rtol=1e-10, atol=1e-10 * np.abs(gradient).max())


def test_what_is_reported_of_draws_is_what_the_model_states(fit, model, specification, rows) -> None:
    """Coefficients and rates of arrays against PyMC's deterministics, on the fitted table's labels."""
    drawn = fit.data["posterior"].to_dataset()
    names = (*(variable.name for variable in model.free_RVs), *specification.left_to_integrate)
    free = {name: drawn[name].to_numpy() for name in names}
    found = posterior_of(specification, rows, free)
    effects = {formula.stem(each) for formula in specification.predicted.values() for each in formula.pooled}
    assert set(found.data_vars) == set(drawn.data_vars) | effects
    for name, stated in drawn.data_vars.items():  # effects of pooled groups are no part of the model
        assert found[name].dims == stated.dims, name
        for dim in stated.dims:
            assert found[dim].to_numpy().tolist() == stated[dim].to_numpy().tolist(), name
        np.testing.assert_allclose(found[name], stated, rtol=1e-9, err_msg=name)


def test_dimensions_are_named_and_rows_keyed_by_id(model, specification, evaluations) -> None:
    assert list(model.coords["evaluation"]) == list(evaluations.index)
    assert model.named_vars_to_dims[specification.response] == ("evaluation",)
    assert set(model.coords.get("benchmark", ())) == set(evaluations.get("benchmark", ()))


def test_prior_predictive_is_finite_and_covers_what_was_observed(drawn, specification, evaluations) -> None:
    losses = drawn["prior_predictive"][specification.response].to_numpy()
    assert np.isfinite(losses).all()
    low, high = np.quantile(losses, [0.01, 0.99])
    observed = observed_values(specification, evaluations)
    assert low < observed.min()
    assert observed.max() < high


@every_kind
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


def test_pointwise_log_likelihoods_add_up_to_the_models_own(fit, model, at) -> None:
    """The law on arrays and the law in PyMC are one: their log likelihoods agree on the same draws."""
    if fit.specification.noise.samples_effects:
        pytest.skip("effects are given in the model's likelihood, and integrated out by paper")
    if fit.specification.integrated:
        pytest.skip("integrated out of the model's likelihood: see test_gaussian_process")
    *_, in_pymc, _ = at(point_of(model, fit.data["posterior"].to_dataset().isel(chain=0, draw=3)))
    observed = fit.specification.response
    of_draw = {unit: fit.log_likelihood(unit)[observed].isel(chain=0, draw=3) for unit in ("paper", "evaluation")}
    assert float(of_draw["paper"].sum()) == pytest.approx(in_pymc, rel=1e-4)
    if fit.specification.noise.cluster == "none":  # else each evaluation is given the others of its paper
        assert float(of_draw["evaluation"].sum()) == pytest.approx(in_pymc, rel=1e-4)


def test_log_prior_is_pymcs(fit, model, at) -> None:
    ours = fit.data["log_prior"].to_dataset()
    for draw in range(2):
        *_, theirs = at(point_of(model, fit.data["posterior"].to_dataset().isel(chain=0, draw=draw)))
        assert set(ours.data_vars) == {*theirs, *fit.specification.left_to_integrate}
        for name, value in theirs.items():
            assert float(ours[name].isel(chain=0, draw=draw)) == pytest.approx(float(value), rel=1e-7), name


def test_doubling_times_have_the_contracts_shape(fit) -> None:
    times = bs.doubling_times(fit)
    assert list(times.index) == ["parameters", "data", "compute"]
    errors = ["mcse_median", "mcse_lower", "mcse_upper"]
    assert list(times.columns) == ["median", "lower", "upper", "probability_of_progress", *errors]
    defined = times.dropna(subset=["median"])  # no probability of what is assumed
    assert "compute" in defined.index
    assert (defined["lower"] <= defined["median"]).all()
    assert (defined["median"] <= defined["upper"]).all()


def test_rates_by_group_have_a_doubling_time_each(fit) -> None:
    groups = {group for name, group in fit.specification.varies_by.items() if name.startswith("g_")}
    for group in groups:
        times = bs.doubling_times(fit, by=group)
        levels = list(fit.data["posterior"][group].to_numpy())
        assert times.loc["compute"].index.tolist() == levels
        assert (times["lower"] <= times["upper"]).all()
    if "era" not in groups:
        with pytest.raises(bs.BayesScalingError, match=r"varies by 'era'; valid choices"):
            bs.doubling_times(fit, by="era")


def test_rows_are_read_back_from_the_fit(fit, rows) -> None:
    expected, found = rows, rows_of(fit.data, fit.specification)
    assert found.ids == expected.ids
    assert found.levels == expected.levels
    np.testing.assert_array_equal(found.response, expected.response)
    assert set(found.covariates) == set(expected.covariates)
    for name, column in expected.covariates.items():
        np.testing.assert_array_equal(found.covariates[name], column)
    for name, codes in expected.index.items():
        np.testing.assert_array_equal(found.index[name], codes)


def test_the_law_of_hypothetical_systems_is_that_of_the_rows(fit, specification, evaluations) -> None:
    """At the rows' own size, date, benchmark and architecture, with tokens as the law counts them."""
    rows, laws = rows_of(fit.data, fit.specification), laws_of(fit)
    if is_runs(evaluations) and (specification.columns or specification.tuned):
        pytest.skip("not at the rows' own values: see test_laws_for_runs")
    if is_runs(evaluations):  # at any date, on any benchmark
        further = {size: evaluations[size].to_numpy() for size in ("least_steps", "loss")}
        counted = counted_tokens(specification, evaluations)
        further["repetitions"] = counted.repetitions
        sizes = (evaluations["parameters"].to_numpy(), counted.fresh)
        found = laws.loss(*sizes, 2020.0, further=further)
        np.testing.assert_allclose(
            found, expected_losses(specification, rows, draws_of(specification, fit.data)), rtol=1e-10
        )
        return
    expected = expected_losses(specification, rows, draws_of(specification, fit.data))
    counted = counted_tokens(specification, evaluations)
    tokens = np.asarray(counted.fresh)
    if "repetition_scale" in laws.coefficients:
        tokens = tokens * effective_epochs(1 + counted.repetitions, laws.coefficients["repetition_scale"].value)
    usual = np.full(len(rows.ids), True)
    if laws.log_vocabulary:  # a hypothetical system has its benchmark's median vocabulary
        usual = rows.covariates["log_vocabulary"] == evaluations["benchmark"].map(laws.log_vocabulary).to_numpy()
    for flag in {*FLAGS} & {*specification.columns} & {*evaluations.columns}:  # and no flag
        usual &= ~evaluations[flag].to_numpy()
    year = fit.data["constant_data"]["year"].to_numpy()
    compared = np.zeros(len(rows.ids), dtype=bool)
    for code, benchmark in enumerate(rows.levels["benchmark"]):
        for kind, architecture in enumerate(rows.levels["architecture"]):
            here = (rows.index["benchmark"] == code) & (rows.index["architecture"] == kind) & usual
            found = laws.loss(
                evaluations["parameters"].to_numpy(float)[here],
                tokens[..., here],
                year[here],
                benchmark=benchmark,
                architecture=architecture,
            )
            np.testing.assert_allclose(found, expected[:, here], rtol=1e-10)
            compared |= here
    assert (compared == usual).all()
    assert compared.any()


@every_kind
def test_arviz_summarises_it(fit) -> None:
    # Under a prior the compute at which a law of compute is 1 nat can be beyond the square root of the largest number.
    names = [name for name in fit.data["posterior"].data_vars if name != "C_c"]
    assert len(az.summary(fit.data, var_names=names)) >= len(fit.specification.parameters())
