"""Smooth terms, ``gp()``: beside processes worked out whole, and in what fits are asked."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest
from formulas.made_formulas import made_fit
from hypothesis import given
from hypothesis import strategies as st
from made_runs import made_runs, with_all_columns
from models.log_densities import FAST
from models.log_densities import points as points_of
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.inference.likelihood import expected_losses
from bayes_scaling.inference.posterior import completed
from bayes_scaling.inference.simulation import simulated_rows
from bayes_scaling.model.build import _draw_changed
from bayes_scaling.model.gaussian_process import GaussianProcess, orthogonal, well_known
from bayes_scaling.model.rows import make_rows, prior_middle
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.specifications.noise import smooth_change
from bayes_scaling.tables import decimal_year

NAME = "runs/discrepancy"
LEFT = 1e-3
FAR = {"parameters": 1e14, "tokens": 1e16}


def covariance(one, other, length=1.0):
    apart = [np.subtract.outer(a, b) / length for a, b in zip(np.transpose(one), np.transpose(other), strict=True)]
    return np.exp(-0.5 * sum(each**2 for each in apart))


def points(count: int, seed: int = 0):
    return np.random.default_rng(seed).uniform([7, 9], [10, 12], (count, 2))


@pytest.fixture(scope="module")
def runs():
    return made_runs(models=8)


@pytest.fixture(scope="module")
def fit(runs):
    return made_fit(bs.load_specification(NAME), runs)


@given(count=st.integers(1, 60), seed=st.integers(0, 99), length=st.sampled_from([0.5, 1, 3]))
def test_columns_have_the_covariance_of_the_process(count, seed, length) -> None:
    fitted, others = points(count, seed), points(20, seed + 100)
    process = GaussianProcess()
    here, there = process(*fitted.T, length=length), process(*others.T, length=length)
    np.testing.assert_allclose(here @ here.T, covariance(fitted, fitted, length), atol=2 * LEFT)
    np.testing.assert_array_equal(here[:, -1], 0)
    np.testing.assert_allclose((there**2).sum(axis=1), 1, atol=2 * LEFT)
    np.testing.assert_array_equal(here, process(*fitted.T, length=length))


@pytest.mark.parametrize("count", [5, 40])
def test_regression_on_columns_is_that_on_the_process(count) -> None:
    """Mean and variance elsewhere given noisy values: Rasmussen and Williams 2006, eq. 2.25 and 2.26."""
    fitted, others, noise, rng = points(count), points(30, 7), 0.2, np.random.default_rng(1)
    process, scatter = GaussianProcess(), noise * rng.standard_normal(count)
    values = rng.multivariate_normal(np.zeros(count), covariance(fitted, fitted)) + scatter
    here, there = process(*fitted.T), process(*others.T)
    precision = here.T @ here / noise**2 + np.eye(here.shape[1])
    mean = there @ np.linalg.solve(precision, here.T @ values / noise**2)
    variance = np.diag(there @ np.linalg.inv(precision) @ there.T)
    across = covariance(others, fitted)
    weights = np.linalg.solve(covariance(fitted, fitted) + noise**2 * np.eye(count), across.T)
    np.testing.assert_allclose(mean, weights.T @ values, atol=0.05)
    np.testing.assert_allclose(variance, 1 - (across * weights.T).sum(axis=1), atol=0.02)


def test_far_from_all_rows_nothing_is_known() -> None:
    process = GaussianProcess()
    process(*points(30).T)
    (far,) = process([20.0], [20.0])
    np.testing.assert_allclose(far, [0] * (len(far) - 1) + [1], atol=1e-9)


def test_the_first_columns_are_well_known() -> None:
    columns = GaussianProcess()(*points(50).T)
    known, shares = well_known(columns), np.square(columns).mean(axis=0)
    assert 0 < known < columns.shape[1] - 1
    assert shares[:known].min() >= 0.01 > shares[known]


def test_losses_depart_from_the_law_by_the_process(runs, fit) -> None:
    posterior, laws = fit.posterior, laws_of(fit)
    columns = GaussianProcess()(*np.log10(runs[["parameters", "tokens"]].to_numpy(float)).T)
    standard = np.concatenate([posterior[f"loss_gp{part}_standardised"].to_numpy() for part in ("", "_rest")], axis=-1)
    departure = posterior["loss_gp_sd"].to_numpy()[..., None] * (standard @ columns.T)
    given_sizes = {name: runs[name].to_numpy(float) for name in ("parameters", "tokens")}
    irreducible, terms = laws.parts(*given_sizes.values(), 2020.0)
    law, predicted = irreducible + sum(map(np.exp, terms)), bs.predicted_loss(fit, **given_sizes).to_numpy()
    np.testing.assert_allclose(predicted, law.reshape(predicted.shape) * np.exp(departure), rtol=1e-9)
    assert np.ptp(departure, axis=-1).min() > 0.001


def test_a_prediction_beyond_the_runs_allows_for_all_of_the_departure(fit) -> None:
    laws, posterior = laws_of(fit), fit.posterior
    irreducible, terms = laws.parts(*FAR.values(), 2020.0)
    far = bs.predicted_loss(fit, **FAR).to_numpy().ravel()
    unknown = posterior["loss_gp_sd"] * posterior["loss_gp_rest_standardised"][..., -1]
    expected = (irreducible + sum(map(np.exp, terms)))[:, 0] * np.exp(unknown.to_numpy().ravel())
    np.testing.assert_allclose(far, expected, rtol=1e-9)


def test_the_best_split_is_the_law_s(fit) -> None:
    laws = laws_of(fit)
    law = replace(laws, coefficients={name: each for name, each in laws.coefficients.items() if name != "loss"})
    found, expected = (bs.optimal_allocation(each, 1e21) for each in (laws, law))
    for name in ("parameters", "tokens", "loss"):
        np.testing.assert_array_equal(found[name], expected[name])


def test_a_smooth_change_over_the_years_is_part_of_the_law() -> None:
    document = bs.load_specification("steps/1-irreducible").to_dict()
    changed = {"coefficients": {"reducible": "0 + gp(year, length=3)"}}
    found = made_fit(bs.Specification.from_dict("smooth", document | changed), bs.load_evaluations())
    laws = laws_of(found)
    still = replace(laws, coefficients={name: each for name, each in laws.coefficients.items() if name != "reducible"})
    (_, moved), (_, before) = (each.parts(1e9, 1e9, 2015.0) for each in (laws, still))
    process = GaussianProcess()
    process(decimal_year(bs.load_evaluations()["published"]), length=3)
    standard = np.concatenate(
        [found.posterior[f"reducible_gp{part}_standardised"].to_numpy() for part in ("", "_rest")], axis=-1
    )
    expected = found.posterior["reducible_gp_sd"].to_numpy() * (standard @ process([2015.0], length=3)[0])
    np.testing.assert_allclose((moved[0] - before[0])[:, 0], expected.ravel(), rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("0 + gp(log10(parameters), length=0)", "needs a length above 0"),
        ("0 + gp(log10(parameters), log10(tokens), length=0.02)", "choose a greater length"),
        ("0 + gp(flat)", "gp\\(flat\\) does not vary"),
        ("0 + gp(log10(empty), length=9)", "not finite in row 'run-0'"),
        ("0 + gp(corpus)", "can't be worked out"),
    ],
)
def test_a_process_that_can_t_be_is_refused(runs, formula, words) -> None:
    document = bs.load_specification("chinchilla").to_dict() | {"coefficients": {"loss": formula}}
    many = pd.concat([runs.assign(parameters=runs["parameters"] * 1.37**power) for power in range(8)])
    many.index = [f"run-{at}" for at in range(len(many))]
    table = many.assign(flat=1.0, empty=1.0 * np.arange(len(many)), corpus="a")
    table.attrs = runs.attrs
    with pytest.raises(bs.EvaluationsError, match=words):
        make_rows(bs.Specification.from_dict("mine", document), table)


@pytest.mark.parametrize(
    "formula", ["0 + gp(gp(year))", "0 + gp(bs(year, df=4))", "0 + log(gp(year))", "0 + gp(log(exp(year)))"]
)
def test_calls_within_calls_are_refused_but_for_functions_of_one_number(formula) -> None:
    document = bs.load_specification("chinchilla").to_dict() | {"coefficients": {"loss": formula}}
    with pytest.raises(bs.SpecificationError, match="can't be called within"):
        bs.Specification.from_dict("mine", document)


def test_simulated_losses_have_its_spread(runs) -> None:
    """Of many simulations at one standard deviation, each with coefficients of its own."""
    specification, rng, spread = bs.load_specification(NAME), np.random.default_rng(3), 0.04
    rows = make_rows(specification, runs)
    given_ = {
        "level": 2.6,
        "irreducible_share": 0.65,
        "share": 0.45,
        "alpha": 0.34,
        "beta": 0.36,
        "sigma": 1e-5,
    }
    logs = []
    for _ in range(400):
        values = {name: np.atleast_1d(value) for name, value in given_.items()} | {"loss_gp_sd": np.array([spread])}
        for part in ("loss_gp", "loss_gp_rest"):
            values[f"{part}_standardised"] = rng.standard_normal(len(rows.levels[f"{part}_level"]))
        logs.append(np.log(simulated_rows(specification, rows, values, rng).response))
    assert np.std(logs, axis=0) == pytest.approx(np.full(len(runs), spread), rel=0.15)


@pytest.fixture(scope="module")
def point(runs):
    """The specification, its rows, values of its parameters, and residuals of the law without the process."""
    specification = bs.load_specification(NAME)
    rows = make_rows(specification, runs)
    values = prior_middle(specification, rows, np.random.default_rng(0))  # the first of `points`
    free = {name: np.reshape(each, (1, -1)) for name, each in values.items()}
    without = {name: each for name, each in free.items() if name not in specification.left_to_integrate}
    return specification, rows, free, np.log(rows.response) - np.log(expected_losses(specification, rows, without)[0])


def test_the_density_of_the_model_is_that_of_jointly_normal_losses(runs, point) -> None:
    """Rasmussen and Williams 2006, eq. 2.30, on the logarithm of the loss."""
    specification, rows, free, residual = point
    model = bs.build_model(specification, runs)
    columns, (spread,), (sigma,) = rows.covariates["loss_gp"], free["loss_gp_sd"], free["sigma"]
    together = spread**2 * columns @ columns.T + sigma**2 * np.eye(len(rows.ids))
    expected = stats.multivariate_normal(cov=together).logpdf(residual) - np.log(rows.response).sum()
    density = model.compile_logp(vars=model.observed_RVs, mode=FAST)
    assert float(density(points_of(model, specification, rows, count=1)[0])) == pytest.approx(expected, rel=1e-9)


def test_coefficients_that_were_integrated_out_are_drawn_given_the_rest(point) -> None:
    """Beside least squares with a standard normal prior; and all densities together obey Bayes' rule."""
    specification, rows, free, residual = point
    columns, (spread,), (sigma,) = rows.covariates["loss_gp"], free["loss_gp_sd"], free["sigma"]
    draws = 40_000
    many = {
        name: np.full((1, draws), each.item())
        for name, each in free.items()
        if name not in specification.left_to_integrate
    }
    found = completed(specification, rows, many, seed=1)
    standard = np.concatenate([found[name] for name in specification.left_to_integrate], axis=-1)[0]
    precision = np.eye(columns.shape[1]) + (spread / sigma) ** 2 * columns.T @ columns
    mean = np.linalg.solve(precision, spread / sigma**2 * columns.T @ residual)
    errors = np.sqrt(np.diag(np.linalg.inv(precision)) / draws)
    assert np.abs((standard.mean(axis=0) - mean) / errors).max() < 4.5
    np.testing.assert_allclose(np.cov(standard.T), np.linalg.inv(precision), atol=5 / np.sqrt(draws))

    one = standard[0]
    given_all = stats.norm(columns @ one * spread, sigma).logpdf(residual).sum()
    prior, posterior = stats.norm.logpdf(one).sum(), stats.multivariate_normal(mean, np.linalg.inv(precision))
    added, *_ = smooth_change(residual, sigma, spread, orthogonal(columns)[0])
    alone = stats.norm(0, sigma).logpdf(residual).sum() + added
    assert alone == pytest.approx(given_all + prior - posterior.logpdf(one), rel=1e-7)


def test_losses_that_the_model_draws_have_the_covariance_of_noise_and_process() -> None:
    columns, spread, sigma = GaussianProcess()(*points(6).T), 0.3, 0.1
    drawn = np.log(
        pm.draw(_draw_changed(pt.ones(6), sigma, spread, pt.as_tensor(columns), None), 20_000, random_seed=1)
    )
    expected = spread**2 * columns @ columns.T + sigma**2 * np.eye(6)
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=5 * spread**2 / np.sqrt(20_000))


@pytest.mark.parametrize(
    ("changed", "priors", "unused"),
    [
        ({"noise": {"family": "student_t", "cluster": "none", "scale": "log_loss"}}, {}, ()),
        (
            {"noise": {"family": "normal", "cluster": "paper", "scale": "log_loss"}},
            {"tau": {"distribution": "half_normal", "sigma": 0.05}},
            (),
        ),
        ({"noise": {"family": "normal", "cluster": "none", "scale": "loss"}}, {}, ()),
        ({"coefficients": {"loss": "0 + log10(parameters)"}}, {}, ("loss_gp_sd",)),
    ],
)
def test_nothing_is_integrated_out_where_that_has_no_closed_form(changed, priors, unused) -> None:
    document = bs.load_specification(NAME).to_dict() | changed
    document["priors"] = {name: each for name, each in document["priors"].items() if name not in unused} | priors
    found = bs.Specification.from_dict("mine", document)
    assert found.integrated == ""
    assert found.left_to_integrate == ()
    assert bs.load_specification(NAME).integrated == "loss_gp"


@pytest.mark.parametrize("law", ["chinchilla-normal", "runs/overfitting", "runs/repeated", "runs/mixture-of-experts"])
def test_of_every_law_the_change_is_added_to_the_logarithm_of_the_loss(law) -> None:
    """Or it could not be integrated out of the residuals."""
    document = bs.load_specification(law).to_dict()
    document["coefficients"] = {**document.get("coefficients", {}), "loss": "0 + gp(log10(parameters), length=1)"}
    document["noise"] = {"family": "normal", "cluster": "none", "scale": "log_loss"}
    document["priors"] = {name: prior for name, prior in document["priors"].items() if name != "nu"}
    specification = bs.Specification.from_dict("mine", document)
    rows = make_rows(specification, with_all_columns(made_runs(noise=0.02)))
    values = prior_middle(specification, rows, np.random.default_rng(1))
    free = {name: np.reshape(each, (1, -1)) for name, each in values.items()}
    left = specification.left_to_integrate
    without = {name: each for name, each in free.items() if name not in left}
    found = np.log(expected_losses(specification, rows, free)) - np.log(expected_losses(specification, rows, without))
    standard = np.concatenate([free[name] for name in left], axis=-1)
    np.testing.assert_allclose(found, free["loss_gp_sd"] * standard @ rows.covariates["loss_gp"].T, atol=1e-12)
