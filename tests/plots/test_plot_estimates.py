"""The forest of doubling times: every figure that is given is drawn and printed, and none is computed."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from plots.drawn import data, lines, texts

import bayes_scaling as bs
from bayes_scaling.plots.drawing import LONGEST
from bayes_scaling.plots.style import POSTERIOR, PUBLISHED, REFERENCE

OURS = pd.DataFrame(
    [
        ("reference on ho2024", 6.25, 3.125, 48.5, "reference"),
        ("stacking", 7.75, 3.75, math.inf, "average over models"),
        ("without progress", math.inf, 9.5, math.inf, "alternatives"),
    ],
    columns=["label", "median", "lower", "upper", "group"],
)


@pytest.fixture(scope="module")
def figure():
    return bs.plot_estimates(OURS)


def points(axes, colour):
    """Places of medians, the bars of intervals, and places of arrows."""
    found = lines(axes, colour)
    middles = [data(line)[0][0] for line in found if line.get_marker() in "osD^"]
    bars = [tuple(data(line)[0]) for line in found if line.get_marker() == "None"]
    arrows = [(line.get_marker(), data(line)[0][0]) for line in found if line.get_marker() in "<>"]
    return middles, bars, arrows


def test_results_stand_under_the_headings_of_their_groups(figure) -> None:
    said = texts(figure)
    for name in (*OURS["label"], *OURS["group"], "published by others"):
        assert name in said
    assert "6.2 [3.1, 48.5]" in said and "7.8 [3.8, no bound]" in said and "no bound [9.5, no bound]" in said
    (axes,) = figure.axes
    assert points(axes, POSTERIOR) == ([6.25], [(3.125, 48.5)], [])


def test_what_has_no_bound_ends_in_an_arrow(figure) -> None:
    (axes,) = figure.axes
    assert points(axes, REFERENCE) == ([7.75], [(3.75, LONGEST)], [(">", LONGEST)])
    drawn = [line for line in axes.lines if line.get_marker() == ">"]
    assert len(drawn) == 2  # with that of which not even the median has one


def test_every_published_estimate_is_drawn_with_what_it_measures(figure) -> None:
    table, said = bs.published_estimates(), " ".join(texts(figure).replace(" | ", " ").split())
    for row in table.to_dict("records"):
        assert row["source"] in said and row["estimand"] in said, row["source"]
        assert row["period"] in said
    (axes,) = figure.axes
    middles, bars, _ = points(axes, PUBLISHED)
    assert middles == pytest.approx(table["months"].dropna())
    bounded = table[table["lower"].notna()]
    assert np.array(bars) == pytest.approx(bounded[["lower", "upper"]].to_numpy())


def test_kinds_of_intervals_can_be_told_apart(figure) -> None:
    table = bs.published_estimates()
    table = table[table["lower"].notna()]
    (axes,) = figure.axes
    styles = [line.get_linestyle() for line in lines(axes, PUBLISHED) if line.get_marker() == "None"]
    expected = np.where(table["probability"].isna(), ":", np.where(table["probability"] == 0.95, "-", "--"))
    assert styles == expected.tolist() and {"-", "--", ":"} == set(styles)
    said = texts(figure)
    assert "8.0 [2.0, 22.0] 90%" in said and "8.4 [4.5, 14.3] |" in said and "2.0 to 3.0 c" in said
    assert "4.7 [3.9, 6.1] c" in said and "another probability" in said and "range of several figures" in said


def test_it_can_be_read_at_700_pixels(figure) -> None:
    """No text is smaller than nine pixels, and none lies on another or beyond the picture."""
    figure.set_dpi(700 / figure.get_size_inches()[0])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = {text: text.get_window_extent() for text in axes.texts}
    assert min(text.get_fontsize() * figure.get_dpi() / 72 for text in boxes) >= 9
    width, height = figure.get_size_inches() * figure.get_dpi()
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes.values())
    column = [box for text, box in boxes.items() if text.get_ha() == "right"]
    assert all(upper.y0 >= lower.y1 - 2 for upper, lower in pairwise(column))
    assert max(box.x1 for box in column) < min(box.x0 for box in boxes.values() if box not in column)


def test_a_mapping_is_as_good_as_a_table_and_published_rows_can_be_chosen() -> None:
    chosen = bs.published_estimates().loc[["moore"]]
    figure = bs.plot_estimates({"a $name": (6, 3, np.inf)}, published=chosen)
    (axes,) = figure.axes
    assert "a $name" in texts(figure) and "Moore 1975" in texts(figure) and "Ho et al." not in texts(figure)
    assert points(axes, POSTERIOR)[0] == [6] and points(axes, PUBLISHED)[0] == [24]
    assert "another probability" not in texts(figure)
    alone = bs.plot_estimates({"mine": (6, 3, 9)}, published=chosen.head(0))
    assert "published" not in texts(alone)
    assert not [line for line in alone.axes[0].lines if colors.same_color(line.get_color(), PUBLISHED)]


@pytest.mark.parametrize(
    "given, said",
    [
        ({}, "results lack rows"),
        ({"mine": (6, 3)}, "results lack label, median, lower, upper"),
        ([("mine", 6, 3, 9)], "results lack label"),
        (OURS.drop(columns="lower"), "results lack lower"),
        ({"mine": (6, 7, 9)}, "'mine': lower, median and upper must be months above 0 in this order"),
        ({"mine": (6, 0, 9)}, "'mine'"),
        ({"good": (6, 3, 9), "mine": (np.nan, 3, 9)}, "'mine'"),
        ({"mine": ("x", 3, 9)}, "'mine'"),
    ],
)
def test_what_are_no_intervals_is_refused(given, said) -> None:
    with pytest.raises(bs.BayesScalingError, match=said):
        bs.plot_estimates(given)
