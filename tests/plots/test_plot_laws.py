"""A posterior beside published laws, coefficient by coefficient."""

from dataclasses import replace

import numpy as np
import pytest
from plots.drawn import band, data, lines

import bayes_scaling as bs
from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.law.kaplan import KAPLAN_JOINT
from bayes_scaling.plots.laws import plot_laws
from bayes_scaling.plots.style import LAW_COLOURS, POSTERIOR


def test_laws_beside_a_posterior(runs_fit) -> None:
    figure = plot_laws(runs_fit, [BESIROGLU], compute=1e23)
    table = bs.coefficients(runs_fit)
    best = bs.optimal_allocation(runs_fit, 1e23)
    published = bs.optimal_allocation(BESIROGLU, 1e23)
    values = [BESIROGLU.E, BESIROGLU.alpha, BESIROGLU.beta, bs.allocation_exponents(BESIROGLU)["a"].item()]
    values += [published[name].item() for name in ("parameters", "tokens_per_parameter")]
    for axes, value in zip(figure.axes, values, strict=True):
        marks = [line for line in lines(axes, LAW_COLOURS[0]) if line.get_marker() != "None"]
        assert data(marks[0])[0].item() == pytest.approx(value, rel=1e-9)
    for axes, name in zip(figure.axes, ("E", "alpha", "beta", "a"), strict=False):
        row = table.loc[name]
        assert axes.get_title() == f"{row['median']:#.3g} [{row['lower']:#.3g}, {row['upper']:#.3g}]"
    ratio = bs.credible_intervals(best["tokens_per_parameter"]).iloc[0]
    assert figure.axes[5].get_title() == f"{ratio['median']:#.3g} [{ratio['lower']:#.3g}, {ratio['upper']:#.3g}]"
    assert "nats per token" in figure.axes[0].get_xlabel()
    assert "10^{23}$ FLOP" in figure.axes[4].get_xlabel()


def test_shaded_part_of_a_density_is_the_interval(runs_fit) -> None:
    row = bs.coefficients(runs_fit).loc["alpha"]
    axes = plot_laws(runs_fit).axes[1]
    places, *_ = band(axes.collections[0])
    width = row["upper"] - row["lower"]
    assert places[[0, -1]] == pytest.approx([row["lower"], row["upper"]], abs=0.02 * width)


def test_the_prior_is_on_the_scale_of_the_posteriors_density(runs_fit) -> None:
    axes = plot_laws(runs_fit).axes[1]
    draws = runs_fit.data["posterior"]["alpha"].to_numpy().ravel()
    n, prior = next(data(line) for line in axes.lines if line.get_linestyle() == "--")
    x, density = next(data(line) for line in lines(axes, POSTERIOR) if len(line.get_xdata()) > 100)
    scale = np.trapezoid(density, x)  # what a density of 1 was divided by
    expected = runs_fit.specification.prior_of("alpha").frozen().pdf(n) * scale
    np.testing.assert_allclose(prior, expected, rtol=0.02)
    assert x[0] < draws.min() + draws.std()


def test_another_fit_beside_has_an_interval(runs_fit) -> None:
    axes = plot_laws(runs_fit, [runs_fit]).axes[1]
    row = bs.coefficients(runs_fit).loc["alpha"]
    bar = next(line for line in lines(axes, LAW_COLOURS[0]) if len(line.get_xdata()) == 2)
    np.testing.assert_allclose(data(bar)[0], [row["lower"], row["upper"]])


def test_a_law_without_irreducible_loss_has_no_panel_of_it(runs_fit) -> None:
    priors = {name: prior for name, prior in runs_fit.specification.priors.items() if name != "irreducible_share"}
    specification = replace(runs_fit.specification, irreducible_loss="none", priors=priors)
    figure = plot_laws(replace(runs_fit, specification=specification))
    assert not any("irreducible" in axes.get_xlabel() for axes in figure.axes)
    assert not lines(plot_laws(runs_fit, [KAPLAN_JOINT]).axes[0], LAW_COLOURS[0])
    assert not figure.axes[-1].axison


def test_an_unidentified_exponent_is_said_in_every_panel_that_it_decides(runs_fit, monkeypatch) -> None:
    for module in ("runs", "laws"):
        monkeypatch.setattr(f"bayes_scaling.plots.{module}.unidentified", lambda fit: ("beta", "a"))
    titles = ["not identified" in axes.get_title() for axes in plot_laws(runs_fit).axes]
    assert titles == [False, False, True, True, True, True]


def test_laws_are_compared_at_one_budget(runs_fit) -> None:
    with pytest.raises(bs.BayesScalingError, match="compute must be one budget"):
        plot_laws(runs_fit, compute=[1e23, 1e24])


def test_exponents_of_kaplans_joint_law_are_those_of_one_factor_alone(runs_fit) -> None:
    panels = plot_laws(runs_fit, [KAPLAN_JOINT]).axes
    for axes, value in zip(panels[1:3], (KAPLAN_JOINT.alpha_N, KAPLAN_JOINT.alpha_D), strict=True):
        mark = next(line for line in lines(axes, LAW_COLOURS[0]) if line.get_marker() != "None")
        assert data(mark)[0].item() == pytest.approx(value)


@pytest.mark.parametrize("spread", [0.0, 1e-16, 1e-12])
def test_a_coefficient_of_which_all_draws_are_the_same_is_a_line(spread, runs_fit) -> None:
    tree = runs_fit.data.copy()
    posterior = tree["posterior"].to_dataset()
    same = 0.34 * (1 + spread * np.random.default_rng(0).standard_normal(posterior["alpha"].shape))
    tree["posterior"] = posterior.assign(alpha=0 * posterior["alpha"] + same)
    fixed = replace(runs_fit, data=tree)
    figure = plot_laws(fixed)
    figure.draw_without_rendering()
    axes = figure.axes[1]
    (line,) = lines(axes, POSTERIOR)
    np.testing.assert_allclose(data(line)[0], 0.34)
    assert not axes.collections
    assert axes.get_title() == "0.340 [0.340, 0.340]"
    assert figure.axes[0].collections  # the others have their densities
