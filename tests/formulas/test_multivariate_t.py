"""Noise by which whole clusters are Student-t: densities, predictions and simulations beside SciPy's."""

import numpy as np
import pytest
from formulas.made_formulas import made_draws, made_evaluations, made_fit, made_specification
from formulas.test_likelihoods import covariance_of, made
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, expected_losses, scales, unit_densities
from bayes_scaling.inference.simulation import simulated_rows
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.predictive_check import loo_pit
from bayes_scaling.reports.describe import describe
from bayes_scaling.studies.backtest.forecasts import posterior_forecast
from bayes_scaling.studies.backtest.splits import cut_at

FAMILY = "multivariate_t"
CLUSTERS = pytest.mark.parametrize("cluster", ["lab", ("lab", "paper")])
DRAWS = 300


@pytest.fixture(scope="module")
def table():
    return made_evaluations()


@CLUSTERS
@pytest.mark.parametrize("scale", ["loss", "log_loss"])
def test_density_of_a_cluster_is_that_of_a_multivariate_t(table, cluster, scale) -> None:
    specification = made_specification(cluster, scale=scale, family=FAMILY)
    rows, values, residual, sigma, jacobian = made(specification, table)
    labs = np.arange(len(rows.levels["paper"]))
    joint = unit_densities(specification, rows, values, "paper", labs)
    each = unit_densities(specification, rows, values, "evaluation", np.arange(len(rows.ids)))

    def exact(draw, at):
        shape, nu = covariance_of(specification, values, table, sigma, draw, at), values["nu"][draw, 0]
        return stats.multivariate_t.logpdf(residual[draw, at], shape=shape, df=nu) + jacobian[at].sum()

    for lab, draw in np.ndindex(len(labs), len(joint)):
        mine = np.flatnonzero(rows.index["paper"] == lab)
        assert len(mine) > 1
        assert joint[draw, lab] == pytest.approx(exact(draw, mine), abs=1e-8)
        assert each[draw, mine[0]] == pytest.approx(exact(draw, mine) - exact(draw, mine[1:]), abs=1e-8)


@CLUSTERS
def test_the_model_has_this_density(table, cluster) -> None:
    specification = made_specification(cluster, family=FAMILY)
    rows = make_rows(specification, table)
    model = build_model_of_rows(specification, rows)
    draws = made_draws(specification, rows)
    values = {name: each.reshape(-1, *each.shape[2:])[:1].reshape(1, -1) for name, each in draws.items()}
    expected = unit_densities(specification, rows, values, "paper", np.arange(len(rows.levels["paper"]))).sum()
    point = {name: each[0, 0] for name, each in draws.items()}
    transformed = {
        model.rvs_to_values[each].name: (
            np.asarray(change.forward(point[each.name], *each.owner.inputs).eval())
            if (change := model.rvs_to_transforms[each])
            else point[each.name]
        )
        for each in model.free_RVs
    }
    density = model.compile_fn(model.logp(model.observed_RVs), mode="FAST_COMPILE", on_unused_input="ignore")
    assert density(transformed) == pytest.approx(expected, rel=1e-9)


def test_many_degrees_of_freedom_are_normal_noise(table) -> None:
    specification = made_specification(family=FAMILY)
    rows, values, *_ = made(specification, table)
    heavy = unit_densities(specification, rows, values | {"nu": values["nu"] * 0 + 1e6}, "paper", np.arange(8))
    light = unit_densities(made_specification(), rows, values, "paper", np.arange(8))
    np.testing.assert_allclose(heavy, light, rtol=1e-3, atol=1e-3)
    assert not np.allclose(unit_densities(specification, rows, values, "paper", np.arange(8)), light, atol=0.1)


@CLUSTERS
def test_simulated_clusters_are_as_far_from_the_law_as_a_multivariate_t(table, cluster) -> None:
    specification = made_specification(cluster, family=FAMILY)
    rows = make_rows(specification, table)
    one = {name: np.repeat(np.atleast_2d(each[0, 0]), 400, 0) for name, each in made_draws(specification, rows).items()}
    one["nu"][:] = 3.0
    residual = simulated_rows(specification, rows, one, np.random.default_rng(0)).response
    residual = residual - expected_losses(specification, rows, one)
    sigma = scales(specification, rows, one)
    for lab in range(2):
        mine = np.flatnonzero(rows.index["paper"] == lab)
        shape = covariance_of(specification, one, table, sigma, 0, mine)
        square = np.einsum("ni,ij,nj->n", residual[:, mine], np.linalg.inv(shape), residual[:, mine])
        assert stats.kstest(square / len(mine), stats.f(len(mine), 3.0).cdf).pvalue > 1e-3
        assert stats.kstest(square, stats.chi2(len(mine)).cdf).pvalue < 1e-6


def fit_at_truth(table):
    specification = made_specification(("lab", "paper"), family=FAMILY)
    rows = make_rows(specification, table)
    one = {name: np.atleast_1d(each[0, 0]) for name, each in made_draws(specification, rows, 1, 1).items()}
    losses = simulated_rows(specification, rows, one, np.random.default_rng(3)).response
    return made_fit(specification, table.assign(perplexity=np.exp(losses)), draws=DRAWS, jitter=1e-3)


def test_values_of_a_cluster_follow_from_those_before_it(table) -> None:
    """As quantiles of a Student t distribution whose scale and degrees of freedom are what these leave."""
    fit = fit_at_truth(table)
    specification, rows = fit.specification, rows_of(fit.data, fit.specification)
    values = {name: each[:1] for name, each in draws_of(specification, fit.data).items()}
    residual = (rows.response - expected_losses(specification, rows, values))[0]
    sigma, nu, exact = scales(specification, rows, values), values["nu"][0, 0], np.empty(len(residual))
    for lab in range(len(rows.levels["paper"])):
        mine = np.flatnonzero(rows.index["paper"] == lab)
        shape = covariance_of(specification, values, table, sigma, 0, mine)
        away = np.linalg.solve(np.linalg.cholesky(shape), residual[mine])
        before, count = np.cumsum(away**2) - away**2, np.arange(len(mine))
        exact[mine] = stats.t.cdf(away / np.sqrt((nu + before) / (nu + count)), nu + count)
    found, _ = loo_pit(fit, rows, 0)
    assert np.abs(found["pit"] - exact).max() < 5 * 0.5 / np.sqrt(2 * DRAWS)


def test_forecasts_know_what_was_fitted_of_a_cluster(table) -> None:
    split = cut_at(table, 2019)
    specification = made_specification(("lab", "paper"), family=FAMILY, coefficients={"level": "1", "sigma": "1"})
    fit = made_fit(specification, split.before, draws=20 * DRAWS, jitter=1e-6)
    found = posterior_forecast(fit, split)
    fitted = rows_of(fit.data, specification)
    whole = make_rows(specification, split.both, anchor=fitted.anchor, predictors=fitted.predictors)
    values = {name: each[:1] for name, each in draws_of(specification, fit.data).items()}
    residual = whole.response - expected_losses(specification, whole, values)
    sigma = np.broadcast_to(scales(specification, whole, values), residual.shape)
    early, nu = np.arange(len(split.before)), values["nu"][0, 0]
    for later in range(len(split.before), len(whole.ids)):
        known = early[whole.index["paper"][early] == whole.index["paper"][later]]
        at = np.append(known, later)
        shape = covariance_of(specification, values, split.both, sigma, 0, at)
        root = np.linalg.cholesky(shape)
        away = np.linalg.solve(root, residual[0, at])
        left = np.sqrt((nu + (away[:-1] ** 2).sum()) / (nu + len(known)))
        mean = residual[0, later] - root[-1, -1] * away[-1]
        exact = stats.t(nu + len(known), mean, root[-1, -1] * left)
        drawn = found.draws[:, later - len(early)] - (whole.response - residual[0])[later]
        assert stats.kstest(drawn, exact.cdf).pvalue > 1e-4
        assert found.log_density[later - len(early)] == pytest.approx(exact.logpdf(residual[0, later]), abs=1e-2)


def test_it_is_described_and_needs_a_cluster() -> None:
    assert (
        describe(made_specification("lab", family=FAMILY))
        .equations[-1]
        .endswith("u[lab] ~ s[lab] Normal(0, tau), s[lab]^2 ~ nu / ChiSquared(nu)")
    )
    with pytest.raises(bs.SpecificationError, match="needs a cluster whose rows have a scale in common; set cluster"):
        made_specification("none", family=FAMILY)
