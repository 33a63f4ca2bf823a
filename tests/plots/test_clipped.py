"""What goes on beyond an axis is marked there, and nothing else is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from plots.drawn import data, lines, texts
from quantities.identification.conftest import made, model_7_draws

import bayes_scaling as bs
from bayes_scaling.law.published import PLAYERS, published_shapley
from bayes_scaling.plots.drawing import draw_clipped
from bayes_scaling.plots.progress import _SHOWN
from bayes_scaling.plots.style import POSTERIOR, PUBLISHED

ANY = st.floats(-20, 20) | st.sampled_from([-math.inf, math.inf])


def drawn_marks(axes) -> dict[str, float]:
    return {line.get_marker(): data(line)[0].item() for line in axes.lines if len(line.get_xdata()) == 1}


@given(st.tuples(ANY, ANY, ANY).map(sorted))
def test_arrows_stand_where_an_interval_goes_on(values) -> None:
    lower, middle, upper = values
    axes = Figure().subplots()
    draw_clipped(axes, 0, (middle, lower, upper), (-10, 10), color=POSTERIOR, marker="o")
    marks = drawn_marks(axes)
    assert marks.get("<") == (-10 if lower < -10 else None)
    assert marks.get(">") == (10 if upper > 10 else None)
    assert marks.get("o") == (middle if -10 <= middle <= 10 else None)
    (bar,) = [data(line)[0] for line in axes.lines if len(line.get_xdata()) == 2]
    np.testing.assert_array_equal(bar, np.clip([lower, upper], -10, 10))


@pytest.mark.parametrize("middle, mark", [(-11.0, "<"), (3.0, "D"), (math.inf, ">")])
def test_a_point_without_interval_is_one_mark(middle, mark) -> None:
    axes = Figure().subplots()
    draw_clipped(axes, 0, (middle, math.nan, math.nan), (-10, 10), color=PUBLISHED, marker="D")
    assert drawn_marks(axes) == {mark: np.clip(middle, -10, 10)}
    assert len(axes.lines) == 1


def test_shares_beyond_the_axis_are_marked(ho2024) -> None:
    """From Gopher to Chinchilla the loss fell by so little that the published shares are beyond the axis."""
    fit = made("ho2024/07", ho2024, model_7_draws(np.random.default_rng(0)))
    figure = bs.plot_attribution(fit)
    published = published_shapley()
    table = bs.credible_intervals(bs.shapley_attribution(fit))
    low, high = _SHOWN
    assert not published[list(PLAYERS)].stack().between(low, high).all()
    for axes, player in zip(figure.axes, PLAYERS, strict=True):
        assert axes.get_xlim() == _SHOWN
        rows = table.xs(player, level="player")
        for colour, below, above in (
            (POSTERIOR, rows["lower"] < low, rows["upper"] > high),
            (PUBLISHED, published[player] < low, published[player] > high),
        ):
            arrows = [line.get_marker() for line in lines(axes, colour)]
            assert (arrows.count("<"), arrows.count(">")) == (below.sum(), above.sum())
    assert "goes on beyond the axis" in texts(figure)
