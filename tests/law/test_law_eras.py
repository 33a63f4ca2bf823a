"""Rates before and after a cut: two slopes that meet, the jump of the published code, and one rate as the limit."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from bayes_scaling.law.formula import log_term
from bayes_scaling.model.coordinates import from_level_and_share, from_published, published_names
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import Coefficient, expected_loss, loss_parts
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.progress import YEARS_OF_ERAS, Progress, years_by_era
from bayes_scaling.specifications.specification import Specification

CUT = 2017.444
LEVELS = {"benchmark": ("wt103", "wt2", "ptb"), "architecture": ARCHITECTURE_LEVELS, "era": ("before", "after")}
quick = settings(max_examples=60, deadline=None)
rates = st.floats(-1.0, 2.0)
dates = st.floats(2010.0, 2025.0)

Draw = Callable[..., Mapping[str, np.ndarray]]


def gain(at_cut: str, before: float, after: float, start: float, year: float | np.ndarray) -> np.ndarray:
    """What progress takes off the logarithm of a term of exponent 1."""
    progress = Progress(cut_year=CUT, at_cut=at_cut)
    before_cut, after_cut = years_by_era(progress, start, np.atleast_1d(year))
    covariates = {"log_compute": 0.0, "years_before": before_cut, "years_after": after_cut}
    coefficients = {
        "log_A": Coefficient(np.array([[0.0]])),
        "alpha": Coefficient(np.array([[1.0]])),
        "g_C": Coefficient(np.array([[before, after]]), "era", years=YEARS_OF_ERAS),
    }
    _, (term,) = loss_parts(coefficients, covariates, {})
    return -term[0]


@quick
@given(rates, rates, dates)
def test_a_bend_is_two_slopes_that_meet_at_the_cut(before: float, after: float, start: float) -> None:
    year = np.linspace(2008, 2026, 400)
    found = gain("bend", before, after, start, year)
    slopes = np.diff(found) / np.diff(year)
    assert_allclose(slopes[year[1:] <= CUT], before, atol=1e-9)
    assert_allclose(slopes[year[:-1] >= CUT], after, atol=1e-9)
    assert_allclose(gain("bend", before, after, start, start), 0, atol=1e-12)
    around = gain("bend", before, after, start, np.array([CUT - 1e-9, CUT + 1e-9]))
    assert abs(around[1] - around[0]) < 1e-8


@quick
@given(rates, rates, dates, dates)
def test_a_jump_is_the_dummy_times_all_years_of_the_published_code(
    before: float, after: float, start: float, year: float
) -> None:
    dummy = float(year > CUT)
    expected = (before * (1 - dummy) + after * dummy) * (year - start)
    assert_allclose(gain("jump", before, after, start, year), expected, atol=1e-12)


def test_a_jump_is_one_at_the_cut() -> None:
    left, right = gain("jump", 0.2, 0.5, 2012.0, np.array([CUT, np.nextafter(CUT, 3000)]))
    assert right - left == pytest.approx(0.3 * (CUT - 2012.0))


@quick
@given(rates, dates, dates, st.sampled_from(["bend", "jump"]))
def test_equal_rates_are_one_rate(rate: float, start: float, year: float, at_cut: str) -> None:
    found = gain(at_cut, rate, rate, start, year)
    assert_allclose(found, -log_term(0.0, 1.0, 0.0, rate * (year - start)), atol=1e-12)


@pytest.mark.parametrize("at_cut", ["bend", "jump"])
def test_equal_rates_are_model_7(at_cut: str, evaluations: pd.DataFrame, draw_values: Draw) -> None:
    model_7 = load_specification("ho2024/07")
    rows = make_rows(model_7, evaluations)
    values = draw_values(model_7, rows)
    expected = expected_loss(from_level_and_share(model_7, values, rows.levels), rows.covariates, rows.index)
    specification = load_specification({"bend": "robustness/bend-2017", "jump": "robustness/jump-2017"}[at_cut])
    rows = make_rows(specification, evaluations)
    values = values | {rate: np.repeat(values[rate], 2, axis=-1) for rate in ("g_N", "g_D")}
    found = expected_loss(from_level_and_share(specification, values, rows.levels), rows.covariates, rows.index)
    assert_allclose(found, expected, rtol=1e-12)


def test_one_rate_may_bend_alone(evaluations: pd.DataFrame, draw_values: Draw) -> None:
    both, one = load_specification("robustness/bend-2017"), load_specification("robustness/bend-2017")
    one = replace(one, varies_by={"A": "benchmark", "B": "benchmark", "g_D": "era"})
    rows, other = make_rows(both, evaluations), make_rows(one, evaluations)
    values = draw_values(one, other)
    found = expected_loss(from_level_and_share(one, values, other.levels), other.covariates, other.index)
    values = values | {"g_N": np.repeat(values["g_N"], 2, axis=-1)}
    expected = expected_loss(from_level_and_share(both, values, rows.levels), rows.covariates, rows.index)
    assert_allclose(found, expected, rtol=1e-12)


# ---------------------------------------------------------------------- the paper's coefficients


def test_the_papers_year_coefficients_are_one_for_each_era() -> None:
    names = published_names(load_specification("robustness/jump-2017"))
    assert [name for name in names if "year" in name] == [
        "alpha_year_before",
        "alpha_year_after",
        "beta_year_before",
        "beta_year_after",
    ]
    compute = Specification(
        "mine",
        law="compute",
        varies_by={"g_C": "era"},
        progress=Progress(compute="constant_rate", cut_year=CUT),
    )
    assert published_names(compute) == ("alpha_const", "alpha_year_before", "alpha_year_after", "alpha_C")


def test_the_law_is_linear_in_the_papers_coefficients(evaluations: pd.DataFrame) -> None:
    """Every logarithm of a term is, so the program for penalised structures needs no more than these."""
    specification = load_specification("robustness/jump-2017").with_published_penalty(0.0025)
    rows = make_rows(specification, evaluations)
    names = published_names(specification)
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, len(names)))

    def terms(theta: np.ndarray) -> np.ndarray:
        values = {name: np.array([value]) for name, value in zip(names, theta, strict=True)}
        return np.array(loss_parts(from_published(specification, values, rows.levels), rows.covariates, rows.index)[1])

    assert_allclose(terms(2 * one - other), 2 * terms(one) - terms(other), atol=1e-10)


def test_the_published_jump_written_out(evaluations: pd.DataFrame) -> None:
    specification = load_specification("robustness/jump-2017").with_published_penalty(0.0025)
    rows = make_rows(specification, evaluations)
    rng = np.random.default_rng(1)
    theta = {name: rng.uniform(0.01, 0.1) for name in published_names(specification)}
    found = expected_loss(from_published(specification, theta, rows.levels), rows.covariates, rows.index)
    published = evaluations["published"]
    year = published.dt.year + (published.dt.day_of_year - 1) / 365
    years, post = year - year.min(), (year > CUT).astype(float)
    expected = np.zeros(len(evaluations))
    for term, exponent, column in (("alpha", "alpha_param", "parameters"), ("beta", "beta_data", "tokens")):
        constant = theta[f"{term}_const"] + sum(
            theta[f"{term}_const_{name}"] * (evaluations["benchmark"] == name) for name in ("ptb", "wt2")
        )
        slope = theta[f"{term}_year_before"] * (1 - post) + theta[f"{term}_year_after"] * post
        size = np.log(evaluations[column] / evaluations[column].min())
        expected += np.exp(constant - slope * years - theta[exponent] * size)
    assert_allclose(found, expected, rtol=1e-12)
