"""The picture of what priors expect: bands of each row, cut off where no loss can be, behind what was observed."""

import numpy as np
import pytest
from made_runs import made_runs, with_kaplans_columns
from plots.drawn import band, data, lines, texts

import bayes_scaling as bs
from bayes_scaling.plots.style import INK, WARNING


@pytest.fixture(scope="module")
def prior(ho2024):
    return bs.prior_predictive("reference", ho2024, draws=400)


@pytest.fixture(scope="module")
def figure(prior):
    return bs.plot_prior_predictive(prior)


def observed_in(axes):
    return next(data(line) for line in lines(axes, INK) if line.get_marker() == "o")


def test_each_benchmark_has_a_panel_with_its_rows(figure, ho2024) -> None:
    counts = ho2024["benchmark"].value_counts()
    assert {axes.get_title() for axes in figure.axes} == {f"{name} ({count})" for name, count in counts.items()}
    shown = np.concatenate([observed_in(axes)[1] for axes in figure.axes])
    assert sorted(shown) == pytest.approx(sorted(np.log(ho2024["perplexity"])))


def test_rows_stand_by_their_prior_medians_within_their_bands(figure, prior, ho2024) -> None:
    axes = next(axes for axes in figure.axes if axes.get_title().startswith("ptb"))
    rows = np.flatnonzero(ho2024["benchmark"] == "ptb")
    losses = prior["prior_predictive"]["loss"].to_numpy()[0][:, rows]
    ends = axes.get_ylim()
    order = np.argsort(np.clip(np.quantile(losses, 0.5, axis=0, method="inverted_cdf"), *ends), kind="stable")
    np.testing.assert_allclose(observed_in(axes)[1], np.log(ho2024["perplexity"].to_numpy())[rows[order]])
    (median,) = (line for line in lines(axes, INK) if line.get_marker() == "None")
    assert (np.diff(data(median)[1]) >= 0).all()
    for drawn, share in zip(axes.collections, (0.99, 0.9, 0.5), strict=True):
        _, lower, upper = band(drawn)
        low, high = np.quantile(losses, [(1 - share) / 2, (1 + share) / 2], axis=0, method="inverted_cdf")
        assert upper.max() == pytest.approx(np.clip(high, *ends).max())
        assert lower.min() == pytest.approx(np.clip(low, *ends).min())


def test_the_bounds_of_possible_losses_are_drawn_and_named(figure) -> None:
    for axes in figure.axes:
        assert sorted(data(line)[1][0] for line in lines(axes, WARNING, "--")) == [0.5, 12.0]
    assert "0.5 and 12 nats" in texts(figure) and "reference on ho2024 (231 evaluations)" in texts(figure)


def test_draws_beyond_any_number_leave_the_axis_as_it_is(figure, ho2024) -> None:
    wild = bs.prior_predictive("reference", ho2024, draws=400)
    losses = wild["prior_predictive"]["loss"]
    losses[0, :30], losses[0, 30:60], losses[0, 60:90], losses[0, 90:95] = np.inf, -np.inf, 1e200, np.nan
    drawn = bs.plot_prior_predictive(wild)
    drawn.draw_without_rendering()
    assert drawn.axes[0].get_ylim() == figure.axes[0].get_ylim()
    low, high = figure.axes[0].get_ylim()
    assert low > 0.1 and high < 30


def test_an_observed_loss_beyond_the_bounds_is_still_seen(ho2024) -> None:
    prior = bs.prior_predictive("reference", ho2024, draws=100)
    prior["observed_data"]["loss"][0] = np.log(1.2)
    low, _ = bs.plot_prior_predictive(prior).axes[0].get_ylim()
    assert low < np.log(1.2)


def test_runs_have_one_panel_and_other_responses_no_bounds() -> None:
    runs = with_kaplans_columns(made_runs())
    (axes,) = bs.plot_prior_predictive(bs.prior_predictive("chinchilla", runs, draws=100)).axes
    assert axes.get_title() == f"runs ({len(runs)})"
    figure = bs.plot_prior_predictive(bs.prior_predictive("kaplan/critical-batch", runs, draws=100))
    assert not lines(figure.axes[0], WARNING) and "critical batch (tokens, log scale)" in texts(figure)


def test_many_benchmarks_share_a_panel_and_one_row_has_bands(ho2024) -> None:
    one = bs.plot_prior_predictive(bs.prior_predictive("ho2024/01", ho2024.head(1), draws=100))
    places, lower, upper = band(one.axes[0].collections[0])
    assert (places[0], places[-1]) == (0.5, 1.5) and (lower < upper).all()
    names = [f"benchmark {number % 7}" for number in range(len(ho2024))]
    many = ho2024.assign(benchmark=names)
    many.attrs = ho2024.attrs
    drawn = bs.plot_prior_predictive(bs.prior_predictive("ho2024/01", many, draws=100))
    assert [axes.get_title() for axes in drawn.axes] == ["evaluations (231)"]


def test_only_a_prior_predictive_is_drawn(runs_fit) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"bs.prior_predictive\(specification, table\)"):
        bs.plot_prior_predictive(runs_fit)
