"""Densities of rows that share an effect and have noise of their own each, beside multivariate normals."""

import numpy as np
import pytest
from formulas.made_formulas import made_evaluations, made_fit, made_specification
from scipy import integrate, stats

from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, expected_losses, left_out_losses, scales, unit_densities

SCALES = pytest.mark.parametrize("scale", ["loss", "log_loss"])
CLUSTERS = pytest.mark.parametrize("cluster", ["lab", ("lab", "paper"), ("lab", "architecture", "paper")])


@pytest.fixture(scope="module")
def table():
    return made_evaluations()


def made(specification, table):
    """Rows, draws, and of each draw what is normal: residuals, their standard deviations and the log Jacobian."""
    fit = made_fit(specification, table)
    rows, values = rows_of(fit.data, specification), draws_of(specification, fit.data)
    expected, sigma = expected_losses(specification, rows, values), scales(specification, rows, values)
    if specification.noise.scale == "log_loss":
        return rows, values, np.log(rows.response) - np.log(expected), sigma, -np.log(rows.response)
    return rows, values, rows.response - expected, sigma, np.zeros(len(rows.ids))


def covariance_of(specification, values, table, sigma, draw, at):
    """Of rows at some places, by the labels that they have in the table."""
    whole, same = np.diag(sigma[draw, at] ** 2), np.ones((len(at), len(at)), dtype=bool)
    for cluster, (_, tau) in zip(specification.noise.clusters, specification.noise.effects, strict=True):
        labels = table[cluster].to_numpy()[at]
        same &= np.equal.outer(labels, labels)
        whole += values[tau][draw, 0] ** 2 * same
    return whole


def test_sigma_follows_its_formula_row_by_row(table) -> None:
    specification = made_specification()
    fit = made_fit(specification, table)
    rows, posterior = rows_of(fit.data, specification), fit.data["posterior"].to_dataset()
    found = scales(specification, rows, draws_of(specification, fit.data))
    stacked = posterior.stack(sample=("chain", "draw")).transpose("sample", ...)
    adapted = table["test_time_adaptation"].to_numpy(float)
    by_benchmark = (
        stacked["sigma_benchmark_sd"].to_numpy()[:, None]
        * stacked["sigma_benchmark_standardised"].sel(benchmark=table["benchmark"].to_list()).to_numpy()
    )
    slope = stacked["sigma_test_time_adaptation"].to_numpy().reshape(-1, 1)
    base = stacked["sigma_base"].to_numpy()[:, None]
    np.testing.assert_allclose(found, base * np.exp(slope * adapted + by_benchmark), rtol=1e-12)
    assert adapted.any() and len(np.unique(found[0])) > 3


@SCALES
@CLUSTERS
def test_density_of_a_cluster_is_that_of_a_multivariate_normal(table, scale, cluster) -> None:
    specification = made_specification(cluster, scale=scale)
    rows, values, residual, sigma, jacobian = made(specification, table)
    labs = rows.levels["paper"]
    assert set(labs) == set(table["lab"])
    found = unit_densities(specification, rows, values, "paper", np.arange(len(labs)))
    for code in range(len(labs)):
        mine = np.flatnonzero(rows.index["paper"] == code)
        for draw in range(len(found)):
            covariance = covariance_of(specification, values, table, sigma, draw, mine)
            exact = stats.multivariate_normal.logpdf(residual[draw, mine], cov=covariance) + jacobian[mine].sum()
            assert found[draw, code] == pytest.approx(exact, abs=1e-8)


@SCALES
@CLUSTERS
def test_density_of_an_evaluation_is_conditional_on_the_others_of_its_cluster(table, scale, cluster) -> None:
    specification = made_specification(cluster, scale=scale)
    rows, values, residual, sigma, jacobian = made(specification, table)
    positions = np.arange(len(rows.ids))
    found = unit_densities(specification, rows, values, "evaluation", positions)
    means = left_out_losses(specification, rows, values, "evaluation", positions)
    expected = expected_losses(specification, rows, values)
    for i in positions:
        others = np.flatnonzero((rows.index["paper"] == rows.index["paper"][i]) & (positions != i))
        at = np.append(others, i)
        for draw in range(len(found)):
            whole = covariance_of(specification, values, table, sigma, draw, at)
            gain = np.linalg.solve(whole[:-1, :-1], whole[:-1, -1])
            mean = gain @ residual[draw, others]
            variance = whole[-1, -1] - gain @ whole[:-1, -1]
            exact = stats.norm.logpdf(residual[draw, i], mean, np.sqrt(variance)) + jacobian[i]
            assert found[draw, i] == pytest.approx(exact, abs=1e-8)
            expects = expected[draw, i] * np.exp(mean) if scale == "log_loss" else expected[draw, i] + mean
            assert means[draw, i] == pytest.approx(expects, rel=1e-10)


@SCALES
def test_density_of_a_cluster_under_student_t_noise_is_an_integral(table, scale) -> None:
    specification = made_specification(scale=scale, family="student_t")
    rows, values, residual, sigma, jacobian = made(specification, table)
    found = unit_densities(specification, rows, values, "paper", np.arange(len(rows.levels["paper"])))
    for code in range(0, len(rows.levels["paper"]), 3):
        mine, nu, tau = rows.index["paper"] == code, values["nu"][0, 0], values["tau"][0, 0]

        def log_integrand(effect, less=0.0, mine=mine, nu=nu, tau=tau):
            inside = stats.t.logpdf(residual[0, mine] - effect, nu, scale=sigma[0, mine]).sum()
            return inside + stats.norm.logpdf(effect, scale=tau) - less

        peak = max(map(log_integrand, np.linspace(-3, 3, 601)))
        exact, _ = integrate.quad(lambda *given, f=log_integrand: np.exp(f(*given)), -3, 3, (peak,), limit=500)
        assert found[0, code] == pytest.approx(np.log(exact) + peak + jacobian[mine].sum(), abs=1e-6)


@SCALES
@pytest.mark.parametrize("family", ["normal", "student_t"])
def test_rows_without_clusters_have_noise_of_their_own(table, scale, family) -> None:
    specification = made_specification(cluster="none", scale=scale, family=family)
    rows, values, residual, sigma, jacobian = made(specification, table)
    found = unit_densities(specification, rows, values, "evaluation", np.arange(len(rows.ids)))
    exact = (
        stats.t.logpdf(residual, values["nu"], scale=sigma)
        if family == "student_t"
        else stats.norm.logpdf(residual, scale=sigma)
    )
    np.testing.assert_allclose(found, exact + jacobian, rtol=1e-9, atol=1e-9)
