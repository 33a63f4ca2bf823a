"""Checks of fits whose draws lie at the truth: quiet where the model is right, and loud where it is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_runs import made_runs
from plots.drawn import texts
from scipy import stats
from studies.backtest.made_predictions import TRUTH, fit_at_truth, made_table

import bayes_scaling as bs
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.plots.predictive import plot_predictive
from bayes_scaling.quantities.predictive_check import predictive_check, standardised

REFERENCE, PLAIN = bs.load_specification("steps/1-irreducible"), bs.load_specification("ho2024/07")


def at_truth(specification: bs.Specification, table: pd.DataFrame, seed: int = 0, **changes):
    return fit_at_truth(specification, made_table(specification, table, seed), **changes)


@pytest.fixture(scope="module")
def clustered(ho2024):
    return at_truth(REFERENCE, ho2024)


@pytest.fixture(scope="module")
def check(clustered):
    return predictive_check(clustered)


def test_a_model_that_is_right_is_not_flagged(check) -> None:
    assert check.unit == "paper" and check.converged
    assert check.curve.inside and check.pareto_k_bad == 0
    assert not check.groups["flagged"].any()
    assert set(check.groups.index.get_level_values("by")) == {"year", "benchmark", "architecture", "paper"}
    assert (check.tails["p"] > 0.001).all()
    for by, part in check.groups.groupby(level="by"):
        assert part["rows"].sum() == 231, by


def test_values_of_a_paper_follow_from_those_before_it(check, clustered) -> None:
    """Beside the conditional distributions of a multivariate normal, by its covariance matrix."""
    rows = rows_of(clustered.data, clustered.specification)
    values = draws_of(REFERENCE, clustered.data)
    residual = rows.response - expected_losses(REFERENCE, rows, values).mean(axis=0)
    paper = rows.index["paper"]
    variance, effect = TRUTH["sigma"][0] ** 2, TRUTH["tau"][0] ** 2
    exact = np.empty(len(residual))
    for code in range(paper.max() + 1):
        mine = np.flatnonzero(paper == code)
        covariance = variance * np.eye(len(mine)) + effect
        whitened = np.linalg.solve(np.linalg.cholesky(covariance), residual[mine])
        exact[mine] = stats.norm.cdf(whitened)
    assert (np.bincount(paper) > 1).any()
    # 600 replicated losses a row: five standard errors of a share.
    assert np.abs(check.pit["pit"] - exact).max() < 5 * 0.5 / np.sqrt(600)


def test_replicated_residuals_have_unit_variance_and_papers_in_common(clustered) -> None:
    rows = rows_of(clustered.data, clustered.specification)
    ((_, replicated),) = standardised(clustered, rows, 600, 0)
    assert replicated.shape == (600, 231)
    assert replicated.std() == pytest.approx(1, abs=0.01)
    paper = rows.index["paper"]
    first, second = next(np.flatnonzero(paper == code)[:2] for code in range(144) if (paper == code).sum() > 1)
    alike = TRUTH["tau"][0] ** 2 / (TRUTH["tau"][0] ** 2 + TRUTH["sigma"][0] ** 2)
    assert np.corrcoef(replicated[:, first], replicated[:, second])[0, 1] == pytest.approx(alike, abs=0.1)
    apart = np.corrcoef(replicated[:, first], replicated[:, np.flatnonzero(paper != paper[first])[0]])[0, 1]
    assert apart == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("by", ["benchmark", "year", "architecture"])
def test_a_group_that_is_off_is_flagged(ho2024, by) -> None:
    table = made_table(PLAIN, ho2024)
    labels = {
        "benchmark": table["benchmark"],
        "year": table["published"].dt.year.astype(str),
        "architecture": table["architecture"],
    }[by]
    off = labels.value_counts().index[1]
    shifted = table.assign(perplexity=table["perplexity"] * np.where(labels == off, np.exp(0.15), 1))
    flagged = predictive_check(fit_at_truth(PLAIN, shifted)).flagged
    assert (by, off) in flagged.index
    assert flagged.loc[(by, off), "mean"] == pytest.approx(1, abs=0.4)


def test_an_outlying_paper_is_flagged_and_named_in_the_tails(ho2024) -> None:
    table = made_table(PLAIN, ho2024)
    paper = table["paper"].value_counts().index[0]
    table.loc[table["paper"] == paper, "perplexity"] *= np.exp(1.5)
    found = predictive_check(fit_at_truth(PLAIN, table, jitter=0.002), replicates=600)
    assert found.tails.loc["largest", "where"] in set(table.index[table["paper"] == paper])
    assert found.tails.loc["largest", "p"] < 0.01 and not found.tails.loc["smallest", "p"] < 0.01
    # 600 draws can't show a probability small enough for 144 papers: that takes thousands.
    assert found.groups.loc[("paper", paper), "p"] == found.groups.xs("paper")["p"].min()


def test_noise_that_is_too_wide_or_too_narrow_leaves_the_band(ho2024) -> None:
    for factor in (0.5, 2.0):
        table = made_table(PLAIN, ho2024, sigma=factor * TRUTH["sigma"])
        found = predictive_check(fit_at_truth(PLAIN, table))
        assert not found.curve.inside
        spread = found.tails.loc["standard deviation"]
        assert spread["observed"] == pytest.approx(factor, rel=0.15)
        assert not spread["replicated_lower"] <= spread["observed"] <= spread["replicated_upper"]


@pytest.mark.parametrize("name", ["ho2024/07", "robustness/student-t"])
def test_each_family_of_noise_is_calibrated_at_its_truth(ho2024, name) -> None:
    found = predictive_check(at_truth(bs.load_specification(name), ho2024, seed=5))
    assert found.unit == "evaluation" and found.curve.inside
    assert 0.01 < found.tails.loc["largest in size", "p"] < 0.99


@pytest.mark.slow
def test_runs_are_grouped_by_series_and_need_no_dates(runs_fit) -> None:
    found = predictive_check(runs_fit)
    assert found.groups.empty and not found.flagged.size
    assert "year" not in found.residuals and "parameters (log scale)" in texts(plot_predictive(found))
    constant = runs_fit.data["constant_data"].to_dataset()
    series = np.array([f"series {place % 3}" for place in range(constant.sizes["evaluation"])], dtype=object)
    groups = {name: node.to_dataset() for name, node in runs_fit.data.children.items()}
    groups["constant_data"] = constant.assign(paper=("evaluation", series))
    grouped = predictive_check(replace(runs_fit, data=type(runs_fit.data).from_dict(groups)))
    assert grouped.groups.index.tolist() == [("series", f"series {k}") for k in range(3)]


@pytest.fixture(scope="module")
def runs_fit():
    runs = made_runs()
    specification = bs.load_specification("chinchilla-normal")
    return bs.fit(specification, runs, draws=150, tune=200, chains=2, attempts=1, cores=1)


def test_the_same_seed_gives_the_same_check(ho2024) -> None:
    fit = at_truth(REFERENCE, bs.on_benchmarks(ho2024, "ptb"))
    check, again = (predictive_check(fit) for _ in range(2))
    pd.testing.assert_frame_equal(again.pit, check.pit)
    pd.testing.assert_frame_equal(again.groups, check.groups)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicates": 99}, "replicates must be a whole number of at least 100, not 99"),
        ({"replicates": True}, "replicates must be"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_settings_are_checked(clustered, options, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        predictive_check(clustered, **options)


def test_the_picture_says_what_the_check_says(check) -> None:
    written = texts(plot_predictive(check))
    assert "LOO-PIT by paper: inside its band" in written
    assert "Groups: 0 flags among" in written and "ptb (80)" in written and "2019 (45)" in written
    assert check.tails.loc["largest", "where"] in written
    assert "NOT CONVERGED" not in written
    assert "NOT CONVERGED" in texts(plot_predictive(replace(check, converged=False)))
    outside = replace(check, curve=replace(check.curve, difference=check.curve.difference + 1))
    assert "LOO-PIT by paper: outside its band" in texts(plot_predictive(outside))
