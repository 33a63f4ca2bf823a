"""Budgets, profiles and curves of simulated runs."""

import numpy as np

from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.studies.approaches.curves import curve_slices, curves_of, envelope
from bayes_scaling.studies.approaches.least_squares import classical_parabolas, parabolas
from bayes_scaling.studies.approaches.profiles import build_profile_model
from bayes_scaling.studies.approaches.rows import budgets_of, make_profile_rows
from bayes_scaling.tables import load_runs
from bayes_scaling.tables.simulated import simulate_curves


def test_curves_of() -> None:
    assert [curve.name for curve in curves_of(simulate_curves(BESIROGLU, parameters=[1e8, 2e9, 3e9]))] == [
        "1e+08",
        "2e+09",
        "3e+09",
    ]


def test_curve_slices() -> None:
    slices = curve_slices(simulate_curves(BESIROGLU), spacing=10)
    assert slices.groupby("series")["curve"].count().tolist() == [5, 10, 10, 5]


def test_envelope() -> None:
    assert round(envelope(simulate_curves(BESIROGLU)).a, 2) == 0.51


def test_parabolas() -> None:
    x = np.tile([-1.0, 0.0, 1.0], 3)
    budget, log_budget = np.repeat([0, 1, 2], 3), np.array([0.0, 1.0, 2.0])
    assert parabolas(x, (x - 0.5 * log_budget[budget]) ** 2, budget, log_budget).slope.round(6).item() == 0.5


def test_classical_parabolas() -> None:
    assert round(float(classical_parabolas(make_profile_rows(load_runs("simulated"))).slope), 2) == 0.53


def test_build_profile_model() -> None:
    model = build_profile_model(make_profile_rows(load_runs("simulated")))
    assert [variable.name for variable in model.free_RVs][:3] == ["level", "level_slope", "level_bend"]


def test_budgets_of() -> None:
    runs = load_runs("simulated").drop(columns="series")
    found = budgets_of(runs)
    assert (found.label.unique().tolist()[:3], len(found.unused)) == (["6e+18", "1e+19", "3e+19"], 0)


def test_make_profile_rows() -> None:
    rows = make_profile_rows(load_runs("simulated"))
    assert (len(rows.ids), len(rows.budgets), rows.one_product) == (108, 9, True)
