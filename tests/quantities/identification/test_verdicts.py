"""The rule of verdicts, and what it is applied to."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.quantities import identification as identify
from bayes_scaling.quantities.coefficients import coefficients
from bayes_scaling.quantities.identification import identification
from bayes_scaling.quantities.influence import VERDICTS, Rule, influence

sensitivities = st.floats(0, 2)
contractions = st.floats(-2, 1) | st.just(math.nan)


def place(verdict: str) -> int:
    return VERDICTS.index(verdict)


@given(contractions, sensitivities, sensitivities, sensitivities)
def test_a_prior_that_matters_more_never_makes_it_the_datas(contraction, prior, more, likelihood) -> None:
    rule, low, high = Rule(), *sorted((prior, more))
    verdicts = [place(rule.verdict(contraction, prior=p, likelihood=likelihood)) for p in (low, high)]
    assert verdicts == sorted(verdicts)


@given(st.floats(-2, 1), st.floats(-2, 1), sensitivities, sensitivities)
def test_a_narrower_interval_never_makes_it_the_priors(one, two, prior, likelihood) -> None:
    wide, narrow = sorted((one, two))
    verdicts = [place(Rule().verdict(each, prior=prior, likelihood=likelihood)) for each in (narrow, wide)]
    assert verdicts == sorted(verdicts)


@given(contractions, sensitivities, sensitivities, sensitivities)
def test_data_that_matter_more_never_make_it_the_priors(contraction, prior, likelihood, more) -> None:
    low, high = sorted((likelihood, more))
    verdicts = [place(Rule().verdict(contraction, prior=prior, likelihood=each)) for each in (high, low)]
    assert verdicts == sorted(verdicts)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")
def test_draws_from_the_prior_are_decided_by_the_prior(prior_fit) -> None:
    table = influence(prior_fit)
    assert (table["contraction"].abs() < 0.1).all()
    assert (table["verdict"] == "by the prior").all()


def test_contraction_of_a_narrow_posterior_is_what_its_spread_says(ridge_fit) -> None:
    table = influence(ridge_fit)
    # The prior of g_N has a standard deviation of 1, so the ratio of widths is near the posterior's.
    g_n = ridge_fit.data["posterior"]["g_N"].to_numpy()
    assert table.loc["g_N", "contraction"] == pytest.approx(1 - g_n.std(), abs=0.08)
    assert table.loc["g_N", "lower"] == pytest.approx(np.quantile(g_n, 0.025), abs=0.02)
    by_width = coefficients(ridge_fit)["contraction"]
    for name in ("alpha", "beta"):
        assert table.loc[name, "contraction"] == pytest.approx(by_width[name], abs=0.005)
    assert table.attrs["interval"] == {"probability": 0.95, "kind": "equal-tailed"}
    assert [name for name in table.index if name.startswith("level")] == ["level[wt103]", "level[wt2]", "level[ptb]"]


def test_under_the_papers_penalty_only_sensitivities_count() -> None:
    rule = Rule()
    assert rule.verdict(math.nan, prior=0.01, likelihood=0.1) == "by the data"
    assert rule.verdict(math.nan, prior=0.1, likelihood=0.01) == "by the prior"
    assert rule.verdict(math.nan, prior=0.1, likelihood=0.1) == "shared"


def test_sentences_are_few_and_plain(ridge_fit) -> None:
    found = identification(ridge_fit)
    assert 1 <= len(found.sentences) <= 3
    assert "correlation -1.00" in found.sentences[1]
    assert "hardly tell g_N from g_D" in found.sentences[1]
    assert "0.60 g_N + 0.40 g_D (0.40 a year" in found.sentences[1]
    assert identification(ridge_fit) is found  # computed once
    for name in found.table.index:
        assert name.partition("[")[0] in found.sentences[0]


def test_an_unconverged_fit_says_so_in_every_sentence(ridge_fit) -> None:
    failed = replace(ridge_fit, diagnostics=replace(ridge_fit.diagnostics, failures=("R-hat 1.5",)))
    assert not failed.diagnostics.converged
    assert all(said.startswith("NOT CONVERGED, do not use: ") for said in identification(failed).sentences)


def test_a_fit_without_densities_is_refused(ridge_fit) -> None:
    bare = replace(ridge_fit, data=ridge_fit.data.filter(lambda node: node.name != "log_prior"))
    with pytest.raises(bs.BayesScalingError, match="no group log_prior"):
        identification(bare)


@pytest.mark.parametrize(
    ("correlation", "verdicts", "said"),
    [
        (-0.9, ("shared", "by the prior"), "The data hardly tell g_N from g_D (correlation -0.90)"),
        (0.2, ("by the data", "by the data"), "The data tell g_N from g_D (correlation 0.20)"),
        (-0.5, ("by the data", "by the prior"), "weakly (correlation -0.50), but the data alone decide at most one"),
    ],
)
def test_rates_that_hang_together_weakly_may_both_be_unknown(correlation, verdicts, said) -> None:
    assert said in identify._told_apart(pd.Series(verdicts, index=["g_N", "g_D"]), correlation)
