"""Scores of sampled posteriors against fits that really leave a unit out."""

import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.studies.comparison.elpd import score


@pytest.fixture(scope="module")
def few(ho2024):
    """Sixty evaluations."""
    return ho2024.iloc[:60]


@pytest.fixture(scope="module")
def fit(few) -> bs.Fit:
    return bs.fit(bs.load_specification("ho2024/18"), few, chains=4, draws=1500)


@pytest.fixture(scope="module")
def short(few) -> bs.Fit:
    """By a program that other tests need as well."""
    return bs.fit(bs.load_specification("ho2024/16"), few, chains=4, draws=500, attempts=1)


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["evaluation", "paper"])
def test_importance_sampling_agrees_with_exact_refits(fit, unit) -> None:
    quick, exact = score(fit, unit), score(fit, unit, refits="all")
    assert exact.count("refit") == len(exact.labels) and exact.bad == 0
    error = np.hypot(quick.mcse, exact.mcse)
    assert abs(quick.elpd - exact.elpd) <= min(0.5, 2 * error)
    assert np.abs(quick.terms - exact.terms).max() < 0.2
    assert quick.mse == pytest.approx(exact.mse, rel=0.02)


def test_units_add_up_and_are_named(short, few) -> None:
    by_evaluation, by_paper = score(short, "evaluation"), score(short, "paper")
    assert by_evaluation.labels == tuple(few.index)
    assert by_paper.labels == tuple(dict.fromkeys(few["paper"]))
    assert by_paper.observed.tolist() == np.log(few["perplexity"]).tolist()
    assert 2 < by_evaluation.p < 10
    assert by_evaluation.r2 == pytest.approx(1 - by_evaluation.mse / np.log(few["perplexity"]).var(ddof=0))


def test_unknown_words_are_refused(short) -> None:
    with pytest.raises(BayesScalingError, match="unit = 'row' is not valid; choose one of"):
        score(short, "row")
    with pytest.raises(BayesScalingError, match="refits = 'yes' is not valid; choose one of: bad, all, none"):
        score(short, refits="yes")


def test_files_restore_what_they_leave_out(short) -> None:
    from bayes_scaling.inference.result import read_fit

    again = read_fit(short.to_bytes(), "made")
    for group in ("log_likelihood", "log_likelihood_paper", "log_prior"):
        assert again.data[group].to_dataset().equals(short.data[group].to_dataset())
    assert short.to_bytes(compact=True) == short.to_bytes(compact=False) == short.to_bytes()


@pytest.mark.slow
def test_comparing_fits_of_different_tables_names_them(fit, ho2024) -> None:
    other = bs.fit(bs.load_specification("ho2024/01"), ho2024.iloc[:61], chains=4, draws=1500)
    with pytest.raises(BayesScalingError, match="'ho2024/01' can't be compared with 'ho2024/18': fitted to 61"):
        bs.compare_fits([fit, other])


@pytest.mark.slow
def test_three_small_models_agree_with_exact_refits_on_the_whole_table(ho2024) -> None:
    """All within half a nat; within twice the Monte Carlo error all but one of six, as chance and truncation allow.

    Importance weights are truncated, which the Monte Carlo error does not count: a few hundredths of a nat upwards.
    """
    within = []
    for name in ("ho2024/01", "ho2024/03", "ho2024/18"):
        fit = bs.fit(bs.load_specification(name), ho2024, draws=6000)
        for unit in ("evaluation", "paper"):
            quick, exact = score(fit, unit), score(fit, unit, refits="all")
            difference = abs(quick.elpd - exact.elpd)
            assert exact.bad == 0
            assert difference <= 0.5, f"{name} by {unit}"
            within.append(difference <= 2 * np.hypot(quick.mcse, exact.mcse))
    assert sum(within) >= 5
