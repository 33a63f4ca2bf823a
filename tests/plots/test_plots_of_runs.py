"""What all pictures of a law fitted to runs have in common."""

from dataclasses import replace

import numpy as np
import pytest
from made_fits import made_fit
from made_runs import made_runs
from plots.drawn import texts

import bayes_scaling as bs
from bayes_scaling.law.chinchilla import BESIROGLU, STATIC_LAWS
from bayes_scaling.law.gundlach import GUNDLACH_MODERN
from bayes_scaling.plots.allocation import plot_allocation
from bayes_scaling.plots.budgets import plot_isoflop, plot_tokens_per_parameter
from bayes_scaling.plots.laws import plot_laws
from bayes_scaling.plots.runs import plot_residuals
from bayes_scaling.studies.approaches.rows import fitted_runs

PICTURES = (plot_isoflop, plot_allocation, plot_residuals, plot_tokens_per_parameter, plot_laws)
BESIDE = (plot_allocation, plot_tokens_per_parameter, plot_laws)
"""Pictures with published laws beside."""


@pytest.mark.parametrize("picture", PICTURES)
def test_what_is_wrong_with_a_fit_is_said(picture, runs_fit, monkeypatch) -> None:
    monkeypatch.setattr("bayes_scaling.plots.runs.unidentified", lambda fit: ("alpha", "a"))
    failed = replace(runs_fit, diagnostics=replace(runs_fit.diagnostics, failures=("R-hat up to 1.5",)))
    written = texts(picture(failed))
    assert "NOT CONVERGED" in written
    assert "chinchilla-normal on made (24 runs); not identified by these runs: alpha, a" in written


@pytest.mark.parametrize("picture", PICTURES)
def test_nothing_is_said_of_a_good_fit_but_its_name(picture, runs_fit) -> None:
    written = texts(picture(runs_fit))
    assert "chinchilla-normal on made (24 runs)" in written
    assert "NOT CONVERGED" not in written
    assert "not identified" not in written


@pytest.mark.parametrize("picture", PICTURES)
def test_fits_to_evaluations_are_refused(picture) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"'ho2024/07' was fitted to evaluations.*fit a static law"):
        picture(made_fit(g_N=np.ones(10), g_D=np.ones(10)))


@pytest.mark.parametrize("picture", PICTURES)
def test_constants_are_no_fit(picture) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"a fit to training runs.*not ChinchillaLaw; published laws"):
        picture(BESIROGLU)


@pytest.mark.parametrize("picture", BESIDE)
def test_published_laws_need_a_split(picture, runs_fit) -> None:
    with pytest.raises(bs.BayesScalingError, match="a law of compute alone and knows of no split"):
        picture(runs_fit, laws=[GUNDLACH_MODERN])


@pytest.mark.parametrize("picture", BESIDE)
def test_every_law_beside_is_named(picture, runs_fit) -> None:
    written = texts(picture(runs_fit, laws=[*STATIC_LAWS, bs.ChinchillaLaw(1.8, 400, 2000, 0.34, 0.36, name="mine")]))
    assert all(name in written for name in [law.name for law in STATIC_LAWS] + ["mine"])
    assert BESIROGLU.name not in texts(picture(runs_fit, laws=[]))


def test_runs_of_a_fit_are_those_of_the_table(runs_fit) -> None:
    table = made_runs()
    found = fitted_runs(runs_fit)
    assert list(found.index) == list(table.index)
    for name, column in {"parameters": "parameters", "tokens": "tokens", "compute": "flop", "loss": "loss"}.items():
        np.testing.assert_allclose(found[name], table[column], rtol=1e-12)


@pytest.mark.parametrize("bad", [0.0, -1e20, np.nan, "much", [[1e20]]])
def test_budgets_must_be_positive_numbers(bad, runs_fit) -> None:
    for draw in (
        lambda: plot_isoflop(runs_fit, budgets=bad),
        lambda: plot_allocation(runs_fit, bad),
        lambda: plot_tokens_per_parameter(runs_fit, bad),
        lambda: plot_laws(runs_fit, compute=bad),
    ):
        with pytest.raises(bs.BayesScalingError, match=r"\(FLOP\) must be"):
            draw()
