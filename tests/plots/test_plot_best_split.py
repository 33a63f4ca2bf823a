"""The picture of the best split says what the table of budgets says."""

import numpy as np
import pytest
from plots.drawn import texts

import bayes_scaling as bs
from bayes_scaling.common.formatting import amount
from bayes_scaling.plots.budgets import plot_best_split

BUDGET = 1e23


def test_the_budget_is_answered_in_words_and_marked_on_the_lines(runs_fit) -> None:
    figure = plot_best_split(runs_fit, BUDGET)
    best = bs.optimal_allocation(runs_fit, [BUDGET])
    written, marks = texts(figure), [line.get_xydata().tolist() for line in figure.axes[0].lines]
    for kind, name in (("parameters", "parameters"), ("tokens", "training tokens")):
        median = bs.credible_intervals(best[kind]).iloc[0]["median"]
        assert f"{amount(median)} {name}" in written
        assert any(np.allclose(mark, [[BUDGET, median]]) for mark in marks if len(mark) == 1)


def test_what_is_no_budget_and_what_is_no_visual_is_refused(runs_fit) -> None:
    with pytest.raises(bs.BayesScalingError, match="budget"):
        plot_best_split(runs_fit, -1.0)
    with pytest.raises(bs.BayesScalingError, match="valid choices: posterior"):
        plot_best_split(runs_fit, BUDGET, visuals={"prior": False})
    assert "median" not in texts(plot_best_split(runs_fit, BUDGET, visuals={"posterior": False}))
