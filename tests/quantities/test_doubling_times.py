"""Doubling times from draws of rates: closed forms, infinite ends, averaging of rates, shapes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fits import GOOD, made_fit
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.quantities.intervals import MCSE
from bayes_scaling.quantities.rates import summarise_rate
from bayes_scaling.reports.fit_quantities import summarise
from bayes_scaling.reports.fit_words import sentence

LN2 = np.log(2)


def test_a_rate_of_ln_2_a_year_doubles_in_twelve_months() -> None:
    times = bs.doubling_times(made_fit(g_N=[LN2] * 100, g_D=[LN2] * 100, g_C=[2 * LN2] * 100))
    np.testing.assert_allclose(times.loc["parameters", ["median", "lower", "upper"]].astype(float), 12)
    np.testing.assert_allclose(times.loc["compute", ["median", "lower", "upper"]].astype(float), 6)
    assert (times["probability_of_progress"] == 1).all()
    assert times.attrs == {"unit": "months", "interval": {"probability": 0.95, "kind": "equal-tailed"}}


def test_quantiles_are_the_rates_and_not_the_doubling_times() -> None:
    rate = np.linspace(-0.1, 1.0, 1001)  # 9% of the draws have no progress
    found = summarise_rate(rate)
    assert found["upper"] == np.inf
    assert found["median"] == pytest.approx(12 * LN2 / 0.45)
    assert found["lower"] == pytest.approx(12 * LN2 / np.quantile(rate, 0.975))
    assert found["probability_of_progress"] == pytest.approx(np.mean(rate > 0))


def test_a_rate_below_zero_throughout_has_no_doubling_time() -> None:
    found = summarise_rate(np.linspace(-2, -1, 50))
    assert (found["lower"], found["median"], found["upper"]) == (np.inf, np.inf, np.inf)
    assert found["probability_of_progress"] == 0


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=50), st.floats(0.5, 0.99))
def test_ends_bracket_the_median_and_wider_intervals_contain_narrower(draws, probability) -> None:
    rate = np.array(draws)
    narrow, wide = summarise_rate(rate, 0.5 * probability), summarise_rate(rate, probability)
    assert wide["lower"] <= narrow["lower"] <= narrow["median"] <= narrow["upper"] <= wide["upper"]


@given(st.floats(0.01, 5))
def test_effective_size_after_one_doubling_time_is_two(rate) -> None:
    months = summarise_rate(np.array([rate, rate]))["median"]
    assert np.exp(rate * months / 12) == pytest.approx(2)


def test_rates_of_benchmarks_are_averaged_over_rows_and_not_their_doubling_times() -> None:
    by_benchmark = np.tile([0.2, 0.8], (100, 1))
    fit = made_fit(benchmarks=("wt103", "ptb", "ptb"), g_N=[0.0] * 100, g_D=by_benchmark, g_C=by_benchmark)
    mean = (0.2 + 2 * 0.8) / 3
    assert bs.doubling_times(fit).loc["compute", "median"] == pytest.approx(12 * LN2 / mean)
    levels = bs.doubling_times(fit, by="benchmark")
    assert levels.loc[("compute", "wt103"), "median"] == pytest.approx(12 * LN2 / 0.2)
    assert list(levels.index.names) == ["factor", "benchmark"]
    with pytest.raises(bs.BayesScalingError, match="valid choices: benchmark"):
        bs.doubling_times(fit, by="architecture")


def test_rates_of_eras_are_averaged_over_rows_or_shown_apart() -> None:
    rates = np.tile([0.2, 0.8], (100, 1))
    fit = made_fit("robustness/bend-2017", benchmarks=("wt103",) * 4, g_C=[1.0] * 100)
    constant = fit.data["constant_data"].to_dataset().assign(year=("evaluation", [2012.5, 2018.0, 2019.0, 2020.0]))
    posterior = Dataset(
        {"g_D": (("chain", "draw", "era"), rates[None]), "g_C": (("chain", "draw", "era"), 2 * rates[None])},
        coords={"era": ["before", "after"]},
    )
    fit = replace(fit, data=DataTree.from_dict({"posterior": posterior, "constant_data": constant}))
    times = bs.doubling_times(fit)
    assert times.loc["data", "median"] == pytest.approx(12 * LN2 / (0.25 * 0.2 + 0.75 * 0.8))
    assert times.loc["compute", "median"] == pytest.approx(6 * LN2 / (0.25 * 0.2 + 0.75 * 0.8))
    levels = bs.doubling_times(fit, by="era")
    assert levels.index.tolist() == [(f, era) for f in ("data", "compute") for era in ("before", "after")]
    assert levels.loc[("data", "before"), "median"] == pytest.approx(12 * LN2 / 0.2)
    assert levels.loc[("compute", "after"), "median"] == pytest.approx(12 * LN2 / 1.6)
    with pytest.raises(bs.BayesScalingError, match="valid choices: era"):
        bs.doubling_times(fit, by="benchmark")


def test_a_factor_held_constant_never_doubles() -> None:
    times = bs.doubling_times(made_fit("ho2024/08", g_D=[1.0] * 10, g_C=[1.0] * 10))
    assert times.loc["parameters", "median"] == np.inf
    assert np.isnan(times.loc["parameters", "probability_of_progress"])  # assumed, not found
    assert times.loc["compute", "median"] == pytest.approx(12 * LN2)


def test_a_compute_law_defines_no_rates_of_parameters_and_data() -> None:
    fit = made_fit("ho2024/18", g_C=[1.0] * 10)
    times = bs.doubling_times(fit)
    assert times.loc[["parameters", "data"]].isna().all(axis=None)
    assert summarise(fit)["doubling_time_months"]["parameters"] is None
    assert summarise(fit)["doubling_time_months"]["compute"]["median"] == pytest.approx(12 * LN2)


@pytest.mark.parametrize("probability", [0, 1, -0.5, 95])
def test_a_probability_out_of_range_is_refused(probability) -> None:
    with pytest.raises(bs.BayesScalingError, match="probability must be between 0 and 1"):
        bs.doubling_times(made_fit(g_C=[1.0] * 10), probability=probability)


def test_sentences_say_what_a_reader_must_know() -> None:
    sure = made_fit(g_N=[0.5] * 100, g_D=[0.5] * 100, g_C=np.linspace(0.9, 1.1, 100))
    assert "doubles every 8.3 months (95% equal-tailed credible interval" in sentence(sure)
    assert "probability of progress above 0.999" in sentence(sure)
    unbounded = made_fit(g_C=np.linspace(-0.1, 2, 1000))
    assert "do not exclude that there was no progress" in sentence(unbounded)
    wide = made_fit(g_C=np.linspace(0.01, 2, 1000))
    assert "leave the rate of progress largely open" in sentence(wide)
    failed = replace(sure, diagnostics=replace(GOOD, failures=("R-hat up to 1.5",)))
    assert sentence(failed).startswith("NOT CONVERGED, do not use: ")
    still = made_fit("ho2024/16")
    assert "assumes no progress" in sentence(still)
    unsure = replace(still, diagnostics=replace(GOOD, failures=("R-hat up to 1.5",)))
    assert sentence(unsure).startswith("NOT CONVERGED, do not use: ")


def test_summary_has_null_for_what_has_no_bound() -> None:
    fit = made_fit(g_N=[0.0] * 10, g_D=[-1.0] * 10, g_C=np.linspace(-0.5, 1, 10))
    months = summarise(fit)["doubling_time_months"]
    unbounded = dict.fromkeys(("median", "lower", "upper", *MCSE))
    assert months["data"] == unbounded | {"probability_of_progress": 0.0}
    assert months["compute"]["upper"] is None
    assert isinstance(bs.doubling_times(fit), pd.DataFrame)
