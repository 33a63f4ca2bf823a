"""Predictive distributions beside closed forms, and what is counted of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from studies.backtest.made_predictions import TRUTH, fit_at_truth, made_table

import bayes_scaling as bs
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.studies.backtest.forecasts import (
    PROBABILITIES,
    Forecast,
    posterior_forecast,
    published_forecast,
    scored,
)
from bayes_scaling.studies.backtest.splits import cut_at
from bayes_scaling.tables import decimal_year

REFERENCE = bs.load_specification("steps/1-irreducible")


@pytest.fixture(scope="module")
def split(ho2024):
    return cut_at(made_table(REFERENCE, ho2024), 2020)


@pytest.fixture(scope="module")
def forecast(split):
    return posterior_forecast(fit_at_truth(REFERENCE, split.before), split)


@pytest.fixture(scope="module")
def mean(split):
    """Expected losses at the truth, by the functions of quantities, which know nothing of forecasts."""
    laws, later = laws_of(fit_at_truth(REFERENCE, split.before, jitter=0.0)), split.later
    year = scored_years(split)
    return np.array(
        [
            laws.loss(row.parameters, row.tokens, year[position], benchmark=row.benchmark)[0, 0]
            for position, row in enumerate(later.itertuples())
        ]
    )


def scored_years(split):

    return decimal_year(split.later["published"]).to_numpy()


def test_a_new_paper_adds_its_variance(forecast, split, mean) -> None:
    observed = np.log(split.later["perplexity"].to_numpy())
    scale = np.hypot(TRUTH["sigma"][0], TRUTH["tau"][0])
    assert forecast.log_density == pytest.approx(stats.norm.logpdf(observed, mean, scale), abs=0.01)
    assert forecast.draws.mean(axis=0) == pytest.approx(mean, abs=5 * scale / np.sqrt(len(forecast.draws)))
    assert forecast.draws.std(axis=0).mean() == pytest.approx(scale, rel=0.02)


def test_a_papers_evaluations_have_their_joint_density(forecast, split, mean) -> None:
    residual = np.log(split.later["perplexity"].to_numpy()) - mean
    variance, effect = TRUTH["sigma"][0] ** 2, TRUTH["tau"][0] ** 2
    papers = list(dict.fromkeys(split.later["paper"]))
    for place in range(0, len(papers), 7):
        mine = residual[(split.later["paper"] == papers[place]).to_numpy()]
        covariance = variance * np.eye(len(mine)) + effect
        exact = stats.multivariate_normal(cov=covariance).logpdf(mine)
        assert forecast.log_joint[place] == pytest.approx(exact, abs=0.02)
    table = scored(forecast, split)
    assert table["log_score_joint"].sum() == pytest.approx(forecast.log_joint.sum())
    assert table.groupby("paper")["log_score_joint"].nunique().max() == 1


def test_what_is_predicted_does_not_depend_on_what_came_later(split, forecast) -> None:
    other = split.later.assign(perplexity=split.later["perplexity"] * 3)
    changed = type(split)(split.cut, split.before, other, split.unseen)
    again = posterior_forecast(fit_at_truth(REFERENCE, split.before), changed)
    assert np.array_equal(again.draws, forecast.draws)
    specification = bs.load_specification("ho2024/07")
    for method in ("estimate", "bootstrap"):
        first = published_forecast(specification, split, method, 0)
        assert np.allclose(published_forecast(specification, changed, method, 0).draws, first.draws, rtol=1e-12)


def test_the_papers_estimate_is_normal_around_its_law(split) -> None:
    specification = bs.load_specification("ho2024/07")
    found = published_forecast(specification, split, "estimate", 0)
    estimate = bs.classical.published_estimate(specification, split.before)
    objective = bs.classical.Objective.of(specification, split.before)
    values = list(estimate.coefficients.values())
    sigma = np.sqrt((objective.residuals(values) ** 2).sum() / (len(split.before) - np.count_nonzero(values)))
    assert sigma > np.sqrt(estimate.mse)
    table = scored(found, split)
    z = stats.norm.ppf((1 + 0.9) / 2)
    middle = (table["upper_90"] + table["lower_90"]) / 2
    assert (table["upper_90"] - table["lower_90"]).mean() == pytest.approx(2 * z * sigma, rel=0.02)
    expected = stats.norm.logpdf(table["loss"], middle, sigma)
    assert table["log_score"].mean() == pytest.approx(expected.mean(), abs=0.02)
    assert found.note == ""


def test_coverage_at_the_truth_is_as_stated(forecast, split) -> None:
    """Papers are independent: one evaluation of each."""
    table = scored(forecast, split).drop_duplicates("paper")
    for p in PROBABILITIES:
        inside = table["loss"].between(table[f"lower_{100 * p:.0f}"], table[f"upper_{100 * p:.0f}"])
        assert stats.binomtest(int(inside.sum()), len(table), p).pvalue > 1e-4


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-3, 3), scale=st.floats(0.05, 3))
def test_scores_of_a_normal_forecast_have_their_closed_forms(shift: float, scale: float) -> None:
    table = bs.load_evaluations()
    split = cut_at(table, 2021)
    later = split.later.iloc[:3]
    split = type(split)(split.cut, split.before, later, 0)
    observed = np.log(later["perplexity"].to_numpy())
    draws = observed + shift + scale * stats.norm.ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    density = stats.norm.logpdf(observed, observed + shift, scale)
    joint = np.array([density[: int(n)].sum() for n in later["paper"].value_counts(sort=False)])
    found = scored(Forecast(density, joint, draws), split)
    z = -shift / scale
    crps = scale * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert found["crps"].to_numpy() == pytest.approx(crps, abs=0.003 * scale + 0.003 * abs(shift))
    assert found["pit"].to_numpy() == pytest.approx(stats.norm.cdf(z), abs=1e-3)
    for p in PROBABILITIES:
        inside = found["loss"].between(found[f"lower_{100 * p:.0f}"], found[f"upper_{100 * p:.0f}"])
        if abs(abs(stats.norm.cdf(z) - 0.5) - p / 2) > 1e-3:
            assert inside.to_numpy().tolist() == [abs(stats.norm.cdf(z) - 0.5) < p / 2] * 3


@given(cut=st.integers(2015, 2022))
def test_nothing_of_a_later_date_or_a_known_paper_crosses_a_cut(cut: int) -> None:
    table = bs.load_evaluations()
    split = cut_at(table, cut)
    assert split.before["published"].max().year < cut <= split.later["published"].min().year
    assert len(split.before) + len(split.later) + split.unseen == len(table)
    assert not set(split.before["paper"]) & set(split.later["paper"])
    assert set(split.later["benchmark"]) <= set(split.before["benchmark"])
    assert (split.later["published"].dt.year[decimal_year(split.later["published"]) < cut + 1] <= cut).all()


def test_a_paper_known_before_the_cut_is_not_predicted(ho2024) -> None:
    year = ho2024["published"].dt.year
    known, later = ho2024.index[year == 2018][0], ho2024.index[year == 2021][0]
    table = ho2024.copy()
    table.loc[later, "paper"] = table.loc[known, "paper"]
    assert later in cut_at(ho2024, 2020).later.index
    assert later not in cut_at(table, 2020).later.index


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (
            2013,
            r"cut 2013: 6 evaluation\(s\) published before it, and a fit needs at least 10; the table runs from",
        ),
        (2024, "cut 2024: nothing was published from then on to predict"),
    ],
)
def test_cuts_that_leave_nothing_say_why(ho2024, cut, message) -> None:
    with pytest.raises(bs.EvaluationsError, match=message):
        cut_at(ho2024, cut)
