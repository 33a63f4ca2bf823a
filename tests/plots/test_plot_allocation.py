"""The plane of parameters and tokens, and their ratio by budget, show the best split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import BUDGETS
from plots.drawn import band, data, lines, texts

import bayes_scaling as bs
from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_ROUNDED
from bayes_scaling.law.formula import training_compute
from bayes_scaling.plots.allocation import budget_grid, plot_allocation
from bayes_scaling.plots.budgets import plot_tokens_per_parameter
from bayes_scaling.plots.runs import scientific
from bayes_scaling.plots.style import LAW_COLOURS, POSTERIOR, REFERENCE
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.studies.approaches.rows import fitted_runs


def test_the_frontier_is_the_allocation_and_dashed_beyond_the_runs(runs_fit) -> None:
    axes = plot_allocation(runs_fit).axes[0]
    within, beyond = lines(axes, POSTERIOR)
    assert (within.get_linestyle(), beyond.get_linestyle()) == ("-", "--")
    for line, ends in ((within, (BUDGETS[0], BUDGETS[-1])), (beyond, (BUDGETS[-1], 100 * BUDGETS[-1]))):
        n, d = data(line)
        budgets = training_compute(n, d)
        np.testing.assert_allclose(budgets[[0, -1]], ends, rtol=1e-9)
        expected = bs.credible_intervals(bs.optimal_allocation(runs_fit, budgets)["parameters"])["median"]
        np.testing.assert_allclose(n, expected, rtol=1e-9)


def test_the_frontiers_band_lies_along_lines_of_equal_compute(runs_fit) -> None:
    axes = plot_allocation(runs_fit).axes[0]
    n, d = axes.patches[0].get_xy()[:-1].T
    budgets = training_compute(n, d)
    half = len(n) // 2
    expected = bs.credible_intervals(bs.optimal_allocation(runs_fit, budgets[:half])["parameters"])
    np.testing.assert_allclose(n[:half], expected["lower"], rtol=1e-9)
    np.testing.assert_allclose(n[half : 2 * half][::-1], expected["upper"], rtol=1e-9)


def test_contours_are_of_the_median_loss_and_points_the_runs(runs_fit) -> None:
    axes = plot_allocation(runs_fit).axes[0]
    contours = next(each for each in axes.collections if hasattr(each, "levels"))
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        if len(path.vertices):
            n, d = path.vertices[:: max(1, len(path.vertices) // 20)].T
            median = np.median(laws_of(runs_fit).loss(n, d, 2023.0), axis=0)
            np.testing.assert_allclose(median, level, rtol=0.005)  # the contour is straight between points of a grid
    points = next(each for each in axes.collections if len(each.get_offsets()) == 24)
    runs = fitted_runs(runs_fit)
    np.testing.assert_allclose(points.get_offsets(), runs[["parameters", "tokens"]])
    np.testing.assert_allclose(points.get_array(), runs["loss"])
    assert "loss (nats per token, log scale)" in texts(axes.figure)


def test_named_budgets_are_marked_and_their_split_written(runs_fit) -> None:
    figure = plot_allocation(runs_fit, [5e20, 3e23])
    best = bs.optimal_allocation(runs_fit, [5e20, 3e23])
    for name in ("parameters", "tokens"):
        for row in bs.credible_intervals(best[name]).itertuples():
            interval = [scientific(value, 1) for value in (row.median, row.lower, row.upper)]
            assert "{} [{}, {}]".format(*interval) in texts(figure)
    ends = data(lines(figure.axes[0], POSTERIOR)[-1])
    assert training_compute(*ends)[-1] == pytest.approx(3e23)


@pytest.mark.parametrize("picture", [plot_allocation, plot_tokens_per_parameter])
def test_frontiers_of_published_laws(picture, runs_fit) -> None:
    axes = picture(runs_fit, laws=[BESIROGLU, HOFFMANN_ROUNDED]).axes[0]
    for law, colour in zip((BESIROGLU, HOFFMANN_ROUNDED), LAW_COLOURS, strict=False):
        (line,) = lines(axes, colour)
        x, y = data(line)
        best = bs.optimal_allocation(law, x if picture is plot_tokens_per_parameter else training_compute(x, y))
        drawn = {"tokens_per_parameter": y} if picture is plot_tokens_per_parameter else {"parameters": x, "tokens": y}
        for name, values in drawn.items():
            np.testing.assert_allclose(values, best[name].squeeze(), rtol=1e-9)


def test_tokens_per_parameter_are_the_allocations(runs_fit) -> None:
    axes = plot_tokens_per_parameter(runs_fit, 1e25).axes[0]
    within, beyond = lines(axes, POSTERIOR)
    assert data(within)[0][-1] == data(beyond)[0][0] == pytest.approx(BUDGETS[-1])
    assert data(beyond)[0][-1] == 1e25
    for filled, probability in zip(axes.collections, (0.95, 0.5), strict=True):
        budgets, low, high = band(filled)
        ratio = bs.optimal_allocation(runs_fit, budgets)["tokens_per_parameter"]
        expected = bs.credible_intervals(ratio, probability=probability)
        np.testing.assert_allclose([low, high], [expected["lower"], expected["upper"]], rtol=1e-12)
        inside = np.isin(budgets, data(within)[0])
        np.testing.assert_allclose(data(within)[1], expected["median"][inside], rtol=1e-12)
    (rule,) = lines(axes, REFERENCE)
    assert set(data(rule)[1]) == {20.0}
    assert axes.get_xlabel() == "training compute (FLOP, log scale)"
    for words in ("50% equal-tailed", "95% equal-tailed", "beyond the largest run's compute", "20 tokens"):
        assert words in texts(axes.figure)


def test_where_nothing_is_extrapolated_nothing_is_said_to_be(runs_fit) -> None:
    assert "beyond" not in texts(plot_tokens_per_parameter(runs_fit, BUDGETS[1]))


@given(st.floats(1e10, 1e24), st.floats(1.0, 1e6), st.lists(st.floats(1e8, 1e27), max_size=3))
def test_budgets_of_a_picture_go_from_the_smallest_run_to_what_is_named(least, times, named) -> None:
    largest = least * times
    grid = budget_grid([least, largest], np.array(named))
    assert (np.diff(grid) > 0).all()
    assert {largest, *named} <= set(grid)
    assert grid[0] == min([least, *named])
    assert grid[-1] == (max([largest, *named]) if named else 100 * largest)
