"""IsoFLOP curves are the medians and intervals of the law."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import BUDGETS
from matplotlib.container import ErrorbarContainer
from plots.drawn import band, data, texts

import bayes_scaling as bs
from bayes_scaling.plots.budgets import plot_isoflop
from bayes_scaling.plots.runs import nearest_budget
from bayes_scaling.studies.approaches.rows import budgets_of, fitted_runs, isoflop_budgets


def test_isoflop_curves_are_medians_and_intervals_of_the_law(runs_fit) -> None:
    axes = plot_isoflop(runs_fit).axes[0]
    curves = [line for line in axes.lines if len(line.get_xdata()) > 24]
    assert len(curves) == len(axes.collections[: len(BUDGETS)]) == len(BUDGETS)
    for budget, curve, filled in zip(BUDGETS, curves, axes.collections, strict=False):
        n, median = data(curve)
        models = [bs.System(str(size), size, budget / 6 / size, date(2023, 1, 1)) for size in n]
        expected = bs.credible_intervals(bs.predicted_loss(runs_fit, models))
        np.testing.assert_allclose(median, expected["median"], rtol=1e-12)
        places, low, high = band(filled)
        np.testing.assert_allclose(places, n)
        np.testing.assert_allclose([low, high], [expected["lower"], expected["upper"]], rtol=1e-12)
    assert "95% equal-tailed interval" in texts(axes.figure)
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "parameters (log scale)",
        "loss (nats per token, log scale)",
    )


def test_isoflop_optima_are_those_of_the_allocation(runs_fit) -> None:
    axes = plot_isoflop(runs_fit).axes[0]
    best = bs.optimal_allocation(runs_fit, list(BUDGETS))
    sizes, losses = (bs.credible_intervals(best[name]) for name in ("parameters", "loss"))
    marks = [container for container in axes.containers if isinstance(container, ErrorbarContainer)]
    for mark, size, loss in zip(marks, sizes.itertuples(), losses.itertuples(), strict=True):
        np.testing.assert_allclose(np.ravel(data(mark[0])), [size.median, loss.median], rtol=1e-9)
        across, along = (bar.get_segments()[0] for bar in mark[2])
        np.testing.assert_allclose(across[:, 0], [size.lower, size.upper])
        np.testing.assert_allclose(along[:, 1], [loss.lower, loss.upper])


def test_runs_at_other_budgets_are_counted_and_not_drawn(runs_fit) -> None:
    figure = plot_isoflop(runs_fit, budgets=[1.05e19, 1e24])
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o" and len(line.get_xdata())]
    at = fitted_runs(runs_fit).query("compute < 2e19")
    assert len(points) == 1
    np.testing.assert_array_equal(data(points[0]), [at["parameters"], at["loss"]])
    assert "not drawn: 16 runs at other budgets" in texts(figure)
    assert "(beyond the runs)" in texts(figure)
    assert "not drawn" not in texts(plot_isoflop(runs_fit))


def test_runs_that_share_no_budget_have_no_isoflop_curve(runs_fit, monkeypatch) -> None:
    spread = fitted_runs(runs_fit).assign(compute=np.geomspace(1e18, 1e24, 24))
    monkeypatch.setattr("bayes_scaling.plots.budgets.fitted_runs", lambda fit: spread)
    with pytest.raises(bs.BayesScalingError, match=r"fewer than 3 budgets of compute.*budgets=\[1e19, 1e20\]"):
        plot_isoflop(runs_fit)
    assert plot_isoflop(runs_fit, budgets=1e20).axes


def runs_with(compute) -> pd.DataFrame:
    """Runs of that compute, all of different sizes."""
    compute = np.asarray(compute, dtype=float)
    sizes = 1e8 * 1.1 ** np.arange(len(compute))
    return pd.DataFrame({"parameters": sizes, "tokens": compute / 6 / sizes, "compute": compute, "loss": 3.0})


@given(
    st.lists(st.floats(18.0, 23.0), min_size=1, max_size=6, unique=True),
    st.integers(6, 9),
    st.randoms(use_true_random=False),
)
def test_budgets_that_are_apart_are_found_whatever_their_order(powers, each, rng) -> None:
    apart = [power for power in sorted(powers) if all(abs(power - other) > 0.2 for other in powers if other != power)]
    compute = [10**power for power in apart for _ in range(each)]
    rng.shuffle(compute)
    found = isoflop_budgets(runs_with(compute))
    np.testing.assert_allclose(found, [10**power for power in apart] if len(apart) >= 3 else [])
    if found.size:
        assert (nearest_budget(compute, found) >= 0).all()


def test_budgets_with_few_runs_are_none() -> None:
    two = [1e19] * 6 + [1e20] * 6
    assert isoflop_budgets(runs_with(two)).size == 0
    assert isoflop_budgets(runs_with([*two, *[1e21] * 5])).size == 0
    assert isoflop_budgets(runs_with([*two, *[1e21] * 5, 1.09e21])).size == 3
    assert isoflop_budgets(runs_with([*two, *[1e21] * 5, 1.11e21])).size == 0
    many = np.repeat(10.0 ** np.arange(18, 32), [6, *[7] * 10, *[6] * 3])
    np.testing.assert_allclose(isoflop_budgets(runs_with(many)), 10.0 ** np.arange(19, 29))


def test_budgets_are_those_of_isoflop_profiles(shared) -> None:
    table = bs.read_runs(
        shared / "data" / "chinchilla_figure4_digitised.csv", {"parameters": "Model Size", "flop": "Training FLOP"}
    )
    grouped = budgets_of(table).label
    biggest = grouped.value_counts().nlargest(10).index
    expected = np.sort([np.exp(np.log(table.loc[grouped.index[grouped == each], "flop"]).mean()) for each in biggest])
    np.testing.assert_allclose(isoflop_budgets(table.rename(columns={"flop": "compute"})), expected)


def test_the_largest_budget_of_the_runs_is_not_beyond_them(runs_fit) -> None:
    assert "beyond" not in texts(plot_isoflop(runs_fit))
