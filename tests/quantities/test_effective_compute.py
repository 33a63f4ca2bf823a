"""Effective compute between two dates: published arithmetic, rates of any law, shares, physical trends."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fits import made_fit
from made_laws import TYPICAL_DRIFT, made_compute_laws, made_drifting_laws, made_laws

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.law.published import HO2024_ACCELERATION, MOORE, TRENDS, physical_compute_growth
from bayes_scaling.model.reported import reported_quantities
from bayes_scaling.model.rows import Anchor
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.quantities.effective_compute import (
    effective_compute,
    effective_compute_shares,
    growth_factor,
    log_share,
    rate_draws,
)
from bayes_scaling.quantities.rates import months_to_double
from bayes_scaling.specifications.progress import YEARS_OF_ERAS, Progress
from bayes_scaling.specifications.specification import Specification

rates = st.floats(-3, 3)
dates = st.floats(2000, 2030)


# ---------------------------------------------------------------------- published arithmetic


def test_nine_years_of_doublings_are_the_published_22000_only_at_seven_and_a_half_months() -> None:
    assert growth_factor(9, 7.5) == pytest.approx(21_618.8, abs=0.05)
    np.testing.assert_allclose(growth_factor(9, [8.4, 7.8]), [7_420, 14_727], atol=0.5)


def test_the_published_doubling_time_is_a_factor_a_year() -> None:
    np.testing.assert_allclose(growth_factor(1, [8.4, 14.3, 4.5]), [2.692, 1.79, 6.35], atol=0.005)


def test_the_published_share_of_the_transformer() -> None:
    assert log_share(7, 2e4) == pytest.approx(0.1965, abs=5e-5)


def test_the_published_share_of_physical_compute() -> None:
    assert log_share(1e6, 1e6 * growth_factor(9, 7.5)) == pytest.approx(0.58, abs=0.005)


def test_what_never_doubles_does_not_grow() -> None:
    assert growth_factor(100, np.inf) == 1


@pytest.mark.parametrize("months", [0, -8, float("nan")])
def test_a_doubling_time_that_is_none_is_refused(months) -> None:
    with pytest.raises(bs.BayesScalingError, match="above 0 months"):
        growth_factor(1, months)


# ---------------------------------------------------------------------- rates


def test_the_rate_of_published_constants_is_that_of_their_doubling_times() -> None:
    months = HO2024_MODEL_7.doubling_times()["all"]["compute"]
    assert months_to_double(rate_draws(HO2024_MODEL_7).item()) == pytest.approx(months, rel=1e-12)


@given(rates, rates)
def test_rates_of_parameters_and_data_add_up(g_n, g_d) -> None:
    assert rate_draws(made_laws(g_N=[g_n], g_D=[g_d])).item() == pytest.approx(g_n + g_d, abs=1e-10)


@given(rates)
def test_a_law_of_compute_has_its_own_rate(g_c) -> None:
    assert rate_draws(made_compute_laws(g_C=[g_c])).item() == pytest.approx(g_c, abs=1e-10)


def test_rates_under_drifting_exponents_are_those_that_fits_report() -> None:
    laws = made_drifting_laws(alpha_drift=[0.001, -0.002], beta_drift=[0.0005, 0.003])
    reported = reported_quantities(laws.specification, laws.coefficients, {"benchmark": ("wt103",)})
    assert set(TYPICAL_DRIFT) == set(laws.coefficients)
    # The exponents that the law divides by are those at the central date, where the drift is zero.
    np.testing.assert_allclose(rate_draws(laws).to_numpy()[0], np.ravel(reported["g_C"].value), rtol=1e-6)


def test_the_rate_of_a_fit_is_that_of_its_doubling_times() -> None:
    by_benchmark = np.column_stack([np.linspace(0.1, 1, 40), np.linspace(0.4, 2, 40)])
    fit = made_fit(benchmarks=("wt103", "ptb", "ptb"), g_C=by_benchmark)
    np.testing.assert_allclose(rate_draws(fit)[0], by_benchmark @ [1 / 3, 2 / 3])
    assert months_to_double(rate_draws(fit).median()) == pytest.approx(bs.doubling_times(fit).loc["compute", "median"])
    np.testing.assert_allclose(rate_draws(fit, by="benchmark").sel(benchmark="ptb")[0], by_benchmark[:, 1])


def test_the_rates_of_groups_are_averaged_over_the_systems_that_were_fitted() -> None:
    systems = pd.DataFrame({"benchmark": ["wt103", "ptb", "ptb"], "architecture": ["RNN", "transformer", "LSTM"]})
    laws = by_benchmark_and_architecture()
    np.testing.assert_allclose(rate_draws(laws, by="benchmark")[0, 0], [0.2 + 0.45, 0.8 + 0.45])
    np.testing.assert_allclose(rate_draws(laws, by="architecture")[0, 0], [0.5 + 0.3, 0.5 + 0.6])
    assert rate_draws(laws).item() == pytest.approx(0.5 + 0.45)  # published constants: all levels alike
    weighted = (0.2 + 2 * 0.8) / 3 + (2 * 0.3 + 0.6) / 3
    assert rate_draws(replace(laws, systems=systems)).item() == pytest.approx(weighted)


def by_benchmark_and_architecture():
    laws = made_laws()
    grouped = {
        "g_N": Coefficient(np.array([[0.2, 0.8]]), "benchmark"),
        "g_D": Coefficient(np.array([[0.3, 0.6]]), "architecture"),
    }
    return replace(
        laws,
        coefficients=dict(laws.coefficients) | grouped,
        levels={"benchmark": ("wt103", "ptb"), "architecture": ("other", "transformer")},
        anchor=Anchor(1.0, {"wt103": 1.0, "ptb": 1.0}, 2018.0),
    )


@pytest.mark.parametrize("source", [HO2024_MODEL_7, made_fit(g_C=[1.0]), made_fit("ho2024/16")])
def test_a_group_that_the_rate_does_not_vary_by_is_refused(source) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"does not vary by 'architecture'; valid choices: none"):
        effective_compute(source, 2014, 2023, by="architecture")


# ---------------------------------------------------------------------- effective compute


@given(st.floats(0.05, 3), dates)
def test_effective_compute_doubles_in_a_doubling_time(rate, start) -> None:
    years = float(months_to_double(rate)) / 12
    for source in (made_fit(g_C=[rate]), made_laws(g_N=[rate / 4], g_D=[rate * 3 / 4])):
        assert effective_compute(source, start, start + years).item() == pytest.approx(2, rel=1e-9)
        assert growth_factor(years, months_to_double(rate)) == pytest.approx(2, rel=1e-12)


@given(rates, dates, dates, dates)
def test_consecutive_periods_multiply(rate, first, second, third) -> None:
    fit = made_fit(g_C=[rate])
    parts = effective_compute(fit, first, second) * effective_compute(fit, second, third)
    assert parts.item() == pytest.approx(effective_compute(fit, first, third).item(), rel=1e-9)


def test_several_ends_are_a_dimension() -> None:
    fit = made_fit(g_C=np.linspace(0, 1, 7))
    found = effective_compute(fit, 2014, [2014, 2023.5])
    assert found.dims == ("chain", "draw", "end")
    assert found["end"].to_numpy().tolist() == [2014.0, 2023.5]
    assert found.attrs["unit"] == "times"
    np.testing.assert_allclose(found.sel(end=2023.5)[0], np.exp(9.5 * np.linspace(0, 1, 7)))
    assert (found.sel(end=2014) == 1).all()


def test_a_specification_without_progress_multiplies_nothing() -> None:
    fit = made_fit("ho2024/16", alpha=[0.1] * 5)
    assert effective_compute(fit, 2014, 2023).to_numpy().tolist() == [[1.0] * 5]


def test_dates_are_decimal_years_as_in_fits() -> None:
    years = effective_compute(HO2024_MODEL_7, 2014, 2020 + 148 / 365)
    for start, end in ((date(2014, 1, 1), date(2020, 5, 28)), ("2014-01-01", "2020-05-28")):
        assert effective_compute(HO2024_MODEL_7, start, end).item() == years.item()
    listed = effective_compute(HO2024_MODEL_7, "2014-01-01", [date(2020, 5, 28)])
    assert listed.item() == years.item()


@pytest.mark.parametrize("end", ["soon", None, float("nan"), [], np.inf, [[2020.0]]])
def test_what_is_no_date_is_refused(end) -> None:
    with pytest.raises(bs.BayesScalingError, match="date"):
        effective_compute(HO2024_MODEL_7, 2014, end)


def test_growth_too_large_for_a_number_is_infinite() -> None:
    assert effective_compute(made_fit(g_C=[1000.0]), 2014, 2023).item() == np.inf


def test_each_era_counts_with_its_own_rate() -> None:
    progress = Progress("constant_rate", "constant_rate", cut_year=2017.0)
    specification = Specification("eras", varies_by={"g_N": "era", "g_D": "era"}, progress=progress)
    laws = made_laws()
    rates = {"g_N": [[0.1, 0.5]], "g_D": [[0.2, 0.9]]}
    eras = {name: Coefficient(np.array(each), "era", years=YEARS_OF_ERAS) for name, each in rates.items()}
    coefficients = {name: c for name, c in laws.coefficients.items() if name != "E"} | eras
    laws = replace(laws, specification=specification, coefficients=coefficients, levels={"era": ("before", "after")})
    found = effective_compute(laws, 2015, [2016, 2017, 2020])
    np.testing.assert_allclose(np.log(found[0, 0]), [0.3, 0.6, 0.6 + 3 * 1.4])
    assert effective_compute(laws, 2015, 2020).item() == pytest.approx(found.sel(end=2020).item())
    of_others = replace(laws, levels={**laws.levels, "benchmark": ("mine",)}, anchor=Anchor(1.0, {"mine": 1.0}, 2018.0))
    np.testing.assert_allclose(effective_compute(of_others, 2015, [2016, 2017, 2020]), found)
    with pytest.raises(bs.BayesScalingError, match="vary by era"):
        rate_draws(laws)
    with pytest.raises(bs.BayesScalingError, match="does not vary by 'benchmark'"):
        effective_compute(laws, 2015, 2020, by="benchmark")


# ---------------------------------------------------------------------- shares


@given(st.lists(rates, min_size=1, max_size=5), dates, st.floats(0.1, 20), st.floats(1e-3, 1e9))
def test_shares_of_what_grew_add_up_to_one(draws, start, years, physical) -> None:
    fit = made_fit(g_C=draws)
    shares = effective_compute_shares(fit, start, start + years, physical=physical)
    grew = np.log(physical) + np.array(draws) * (start + years - start) > 0
    total = shares.sum("factor", skipna=False).to_numpy()[0]
    np.testing.assert_allclose(total[grew], 1, rtol=1e-9)
    assert np.isnan(total[~grew]).all()


def test_shares_are_those_of_the_logarithms() -> None:
    fit = made_fit(g_C=[0.0, np.log(2) / 0.5])
    shares = effective_compute_shares(fit, 2019, [2020, 2023])
    assert shares.dims == ("chain", "draw", "end", "factor")
    assert shares["factor"].to_numpy().tolist() == ["physical", "algorithmic"]
    # Nothing from algorithms; then as fast as physical compute, which doubles every half year.
    np.testing.assert_allclose(shares.sel(factor="physical")[0], [[1, 1], [0.5, 0.5]])
    slower = effective_compute_shares(fit, 2019, 2023, physical=growth_factor(4, MOORE.months))
    assert slower.sel(factor="physical")[0, 1] == pytest.approx(2 / (2 + 8))
    algorithms = effective_compute(fit, 2019, 2023)[0, 1]
    assert slower.sel(factor="algorithmic")[0, 1] == pytest.approx(log_share(algorithms, algorithms * 4))


@pytest.mark.parametrize(
    ("start", "end", "physical", "message"),
    [
        (2020, 2020, None, "end must be after the start"),
        (2020, [2021, 2019], None, "end must be after the start"),
        (2020, 2021, -1, "above 0"),
        ([2020, 2021], 2022, None, "start must be one date"),
    ],
)
def test_shares_without_a_meaning_are_refused(start, end, physical, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        effective_compute_shares(HO2024_MODEL_7, start, end, physical=physical)


# ---------------------------------------------------------------------- published trends


def test_physical_compute_as_published() -> None:
    assert physical_compute_growth(2014, 2023) == pytest.approx(2**24, rel=1e-12)
    grid = np.linspace(2014, 2023, 500)
    switches = grid[np.searchsorted(grid, HO2024_ACCELERATION) - 1]
    assert physical_compute_growth(2014, 2023, tuple(switches)) == pytest.approx(1.749e7, abs=0.0005e7)


@given(dates, dates, dates)
def test_physical_compute_multiplies_over_consecutive_periods(first, second, third) -> None:
    parts = physical_compute_growth(first, second) * physical_compute_growth(second, third)
    assert parts == pytest.approx(physical_compute_growth(first, third), rel=1e-9)


def test_trends_have_sources_and_ordered_intervals() -> None:
    assert TRENDS["moore"] is MOORE
    assert growth_factor(1, TRENDS["training_compute_since_2010"].months) == pytest.approx(4.6)
    assert growth_factor(7, TRENDS["alexnet_efficiency"].months) == pytest.approx(44, rel=0.15)
    for trend in TRENDS.values():
        assert trend.source
        assert (trend.lower is None) == (trend.upper is None)
        if trend.lower is not None:
            assert trend.lower < trend.months < trend.upper
