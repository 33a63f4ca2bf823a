"""What pictures are drawn with: figures, densities, labels, budgets, and visuals by name."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import bayes_scaling as bs
from bayes_scaling.common.formatting import amount
from bayes_scaling.plots.allocation import budget_grid
from bayes_scaling.plots.drawing import Drawing, density_of, draw_clipped, shortened
from bayes_scaling.plots.runs import nearest_budget, scientific
from bayes_scaling.plots.visuals import _drawn, checked, named
from bayes_scaling.studies.approaches.rows import isoflop_budgets


def test_a_drawing_shows_itself_in_a_notebook():
    picture, size = Drawing(figsize=(2, 1))._repr_png_()
    assert picture[1:4] == b"PNG" and size == {"width": 144, "height": 72}


def test_the_same_draws_have_no_density():
    assert density_of(np.full(100, 1.8)) is None and density_of(1.8 + 1e-16 * np.arange(100)) is None
    points, density = density_of(np.linspace(0, 1, 1000))
    assert abs(density[points.searchsorted(0.5)] - 1) < 0.05


def test_long_labels_are_shortened():
    assert (shortened("level[wt103]"), shortened(100 * "x")[-5:]) == ("level[wt103]", "xx...")


def test_large_counts_in_words():
    counts = (9.6e9, 1.74e11, 70_000_000, 51_234.0, 3e15)
    assert [amount(each) for each in counts] == ["9.6 billion", "174 billion", "70 million", "51,200", "3e+15"]
    errors = [(17_940_000, 2_000_000), (128.3, 9), (10_860, 40), (999_900_000, 1e6), (3.2, 0.4), (5e9, math.inf)]
    assert [amount(*each) for each in errors] == ["18 million", "130", "10,900", "1 billion", "3.2", "5 billion"]


def test_large_numbers_in_tex():
    assert (scientific(5.76e23), scientific(1e21)) == (r"$5.76 \times 10^{23}$", "$10^{21}$")


def test_budgets_go_on_to_a_hundred_times_the_largest_run():
    grid = budget_grid([1e19, 1e21], np.array([]))
    assert (grid.min(), grid.max()) == (1e19, 1e23) and 1e21 in grid


def test_budgets_that_runs_share():
    sizes = np.tile(np.geomspace(1e8, 1e9, 6), 3)
    runs = pd.DataFrame({"parameters": sizes, "compute": np.repeat([1e19, 1e20, 1e21], 6)})
    runs = runs.assign(tokens=runs["compute"] / 6 / sizes, loss=3.0)
    assert isoflop_budgets(runs).round(-10).tolist() == [1e19, 1e20, 1e21]
    assert nearest_budget([1.05e19, 5e19], np.array([1e19, 1e20])).tolist() == [0, -1]


def test_an_interval_that_goes_on_has_an_arrow():
    axes = Figure().subplots()
    draw_clipped(axes, 0, (0.4, 0.1, 1.7), (0, 1), color="black", marker="o")
    assert [line.get_xdata().tolist() for line in axes.lines] == [[0.1, 1.0], [1], [0.4]]


def test_visuals_are_known_by_name():
    assert checked({"prior": False}, None, ("posterior", "prior")) == {"prior": False}
    with pytest.raises(bs.BayesScalingError, match=r"no visual 'priors'; valid choices: posterior, prior$"):
        checked({"priors": False}, None, ("posterior", "prior"))
    axes = Figure().subplots()
    lines = named(axes.plot([1, 2], label="posterior"), "posterior")
    assert _drawn(axes.figure, "posterior") == lines
