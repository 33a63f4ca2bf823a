"""That every parameter has its row, the terminal its one screen, and heavy tails no warnings."""

import math
import re

import numpy as np
import pytest
from drawn_fits import drawn_fit
from made_runs import made_runs

from bayes_scaling.common.formatting import number
from bayes_scaling.inference.diagnostics import elements
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.coefficients import coefficients
from bayes_scaling.reports.fit_quantities import fit_report, summarise
from bayes_scaling.reports.fit_results import coefficients_section
from bayes_scaling.reports.fit_trust import predictive_section
from bayes_scaling.reports.fit_words import in_months, in_numbers, span
from bayes_scaling.reports.terminal import console


@pytest.fixture(scope="module")
def of_recipes() -> Fit:
    """Of runs of twelve recipes, with levels and exponents of their own."""
    runs = made_runs()
    return drawn_fit("runs/recipes", runs.assign(recipe=np.resize([f"recipe {n}" for n in range(12)], len(runs))))


def test_the_terminal_shows_a_fit_of_many_groups_in_one_screen(of_recipes, capsys) -> None:
    console(widest=80).print(fit_report(of_recipes))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 36  # and four of the command's own
    table = coefficients(of_recipes)
    levels = table[table.index.str.startswith("E[")]
    assert len(levels) == 12
    ends = [number(levels["median"].min()), number(levels["median"].max())]
    (row,) = [line for line in lines if line.startswith(" E (12 levels)")]
    assert [float(end) for end in re.findall(r"[\d.]+", row.partition("levels)")[2])[:2]] == pytest.approx(
        list(map(float, ends)), rel=0.02
    )
    few = drawn_fit("chinchilla", made_runs())
    console(widest=80).print(fit_report(few))
    assert "levels" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("steps/noise-by-benchmark", ["sigma[ptb]", "tau", "tau_paper"]),
        ("steps/noise-by-size", ["sigma_base", "alpha_base"]),
        ("steps/walk", ["g_N_walk_sd"]),
    ],
)
def test_summary_and_report_have_a_row_for_every_parameter(name, also, ho2024) -> None:
    fit = drawn_fit(name, ho2024)
    found = summarise(fit)["parameters"]
    small = {str(each) for each, draws in fit.posterior.items() if draws[0, 0].size <= 32}
    assert {each.partition("[")[0] for each in found} == small >= {p.name for p in fit.specification.parameters()}
    assert set(also) <= set(found)
    for element, draws in elements(fit.posterior[list(small)]):
        assert found[element]["median"] == pytest.approx(float(draws.quantile(0.5, method="inverted_cdf")))
    assert [row[0] for row in coefficients_section(fit).blocks[0].rows] == list(found)


def test_scales_of_groups_and_degrees_of_freedom_are_in_the_summary(of_recipes) -> None:
    found = summarise(of_recipes)["parameters"]
    assert {"alpha_recipe_sd", "beta_recipe_sd", "nu", "sigma", "level[recipe 7]"} <= set(found)
    assert found["sigma"]["unit"] == "log units of loss" and found["level[recipe 7]"]["unit"] == "nats per token"


def test_what_is_nowhere_defined_is_said_once() -> None:
    nothing = dict.fromkeys(("median", "lower", "upper"), math.nan)
    assert span("lower", "upper")(nothing) == in_months(nothing) == in_numbers(nothing) == "not defined"


def test_noise_of_the_heaviest_tails_is_checked_in_silence() -> None:
    """Losses of which the logarithm alone is a number; a warning would fail this test."""
    fit = drawn_fit("chinchilla", made_runs(), width=0.02, nu=-3.5)
    assert 0.5 < float(fit.posterior["nu"].median()) < 1.2
    (_, _, *tables) = predictive_section(fit).blocks
    (tails,) = [block for block in tables if getattr(block, "name", "") == "tails"]
    assert all("defined" not in cell and "inf" not in cell for row in tails.rows for cell in row)
