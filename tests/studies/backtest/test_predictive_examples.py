"""Cuts, forecasters and plans of a backtest."""

import bayes_scaling as bs
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.backtest.backtest import SETTINGS, careful, planned
from bayes_scaling.studies.backtest.splits import cut_at, forecasters, without_progress


def test_careful() -> None:
    assert careful(SETTINGS).target_accept == 0.99


def test_planned() -> None:
    plan = planned(["reference"], cuts=[2019, 2020])
    assert (len(plan.tasks), plan.skipped) == (8, {})


def test_cut_at() -> None:
    split = cut_at(bs.load_evaluations(), 2017)
    assert (len(split.before), len(split.later), split.unseen) == (29, 202, 0)


def test_forecasters() -> None:
    assert [one.name for one in forecasters()] == [
        "reference",
        "ho2024/07",
        "reference without progress",
        "ho2024/07, the paper's estimate",
        "ho2024/07, the paper's bootstrap",
    ]


def test_without_progress() -> None:
    assert not without_progress(load_specification("reference")).progresses
