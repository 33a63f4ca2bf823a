"""Residuals are those of the posterior, in units of its noise."""

from dataclasses import replace

import numpy as np
import pytest
from plots.drawn import data, texts
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.plots.runs import plot_residuals, standardised_residuals
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.specifications.noise import log_residual


def test_residuals_are_posterior_means_in_units_of_the_noise(runs_fit) -> None:
    table = standardised_residuals(runs_fit)
    losses = laws_of(runs_fit).loss(table["parameters"].to_numpy(), table["tokens"].to_numpy(), 2023.0)
    observed = table["loss"].to_numpy()
    sigma = runs_fit.data["posterior"]["sigma"].to_numpy().reshape(-1, 1)
    np.testing.assert_allclose(table["residual"], ((np.log(observed) - np.log(losses)) / sigma).mean(axis=0), rtol=1e-9)
    assert 0.7 < table["residual"].std() < 1.2  # 24 runs with noise as the law has it


def test_residuals_of_noise_on_the_loss_itself(runs_fit) -> None:
    specification = runs_fit.specification
    plain = replace(runs_fit, specification=replace(specification, noise=replace(specification.noise, scale="loss")))
    table, on_log = standardised_residuals(plain), standardised_residuals(runs_fit)
    back = log_residual(table["residual"] * 0.01, table["loss"])
    assert np.corrcoef(back, on_log["residual"])[0, 1] > 0.99
    assert plot_residuals(plain).axes[0].get_ylabel() == "residual of loss (in σ)"
    assert plot_residuals(runs_fit).axes[0].get_ylabel() == "residual of log loss (in σ)"


def test_every_panel_of_residuals_shows_every_run(runs_fit) -> None:
    table = standardised_residuals(runs_fit)
    figure = plot_residuals(runs_fit)
    for axes, column in zip(figure.axes, ("parameters", "tokens", "expected", None), strict=True):
        points = [data(line) for line in axes.lines if line.get_marker() == "o"]
        x, y = (np.concatenate([each[axis] for each in points]) for axis in (0, 1))
        order = np.argsort(y)
        by_residual = table.sort_values("residual")
        np.testing.assert_allclose(y[order], by_residual["residual"])
        expected = stats.norm.ppf((np.arange(24) + 0.5) / 24) if column is None else by_residual[column]
        np.testing.assert_allclose(x[order], expected)
    worst = table["residual"].abs().nlargest(5)
    assert all(f"{rank} {name}" in texts(figure) for rank, name in enumerate(worst.index, start=1))
    assert "quantiles of normal noise" in texts(figure)


def test_quantiles_of_heavy_tails_are_at_their_median_degrees_of_freedom(runs_fit) -> None:
    specification = runs_fit.specification
    student = replace(specification, noise=replace(specification.noise, family="student_t"))
    tree = runs_fit.data.copy()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = posterior.assign(nu=0 * posterior["sigma"] + 3.0)
    last = plot_residuals(replace(runs_fit, specification=student, data=tree)).axes[3]
    assert last.get_xlabel() == "quantiles of Student-t noise, 3 degrees of freedom"
    x = np.sort(np.concatenate([data(line)[0] for line in last.lines if line.get_marker() == "o"]))
    np.testing.assert_allclose(x, stats.t(3).ppf((np.arange(24) + 0.5) / 24))


def test_residuals_of_runs_that_share_an_effect_are_refused(runs_fit) -> None:
    specification = runs_fit.specification
    noise = replace(specification.noise, cluster="paper", scale="loss")
    tree = runs_fit.data.copy()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = posterior.assign(tau=posterior["sigma"])
    clustered = replace(runs_fit, specification=replace(specification, noise=noise), data=tree)
    with pytest.raises(bs.BayesScalingError, match="runs of a series share an effect in 'chinchilla-normal'"):
        plot_residuals(clustered)


def test_an_outlier_far_away_does_not_flatten_the_rest(runs_fit) -> None:
    tree = runs_fit.data.copy()
    losses = tree["observed_data"].to_dataset()
    tree["observed_data"] = losses.assign(loss=losses["loss"].where(np.arange(24) != 7, 4 * losses["loss"]))
    figure = plot_residuals(replace(runs_fit, data=tree))
    assert {axes.get_yscale() for axes in figure.axes} == {"symlog"}
    assert "1 run-007" in texts(figure)
    assert {axes.get_yscale() for axes in plot_residuals(runs_fit).axes} == {"linear"}
