"""Credible intervals of draws: order of rows, infinite and undefined draws."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_scaling as bs
from bayes_scaling.quantities.intervals import credible_intervals, quantile_errors


def drawn(values, **coords) -> xr.DataArray:
    array = np.asarray(values, dtype=float)
    return xr.DataArray(array[None], dims=("chain", "draw", *coords), coords=coords, attrs={"unit": "years"}, name="x")


def test_a_quantity_without_further_dimensions_has_one_row() -> None:
    table = credible_intervals(drawn(np.arange(101.0)), probability=0.9, errors=False)
    assert table.index.tolist() == ["x"]
    assert table.loc["x"].tolist() == [50.0, 5.0, 95.0, 1.0]
    assert table.attrs == {"unit": "years", "interval": {"probability": 0.9, "kind": "equal-tailed"}}


def test_rows_keep_their_order() -> None:
    draws = drawn(np.zeros((10, 2, 3)), z=["b", "a"], y=[3, 1, 2])
    table = credible_intervals(draws)
    assert table.index.tolist() == [(z, y) for z in "ba" for y in (3, 1, 2)]
    assert table.index.names == ["z", "y"]


def test_infinite_draws_are_the_largest() -> None:
    values = np.where(np.arange(100) < 60, 1.0, np.inf)
    table = credible_intervals(drawn(values), errors=False)
    assert table.loc["x"].tolist() == [1.0, 1.0, np.inf, 1.0]


def test_undefined_draws_are_counted_and_left_out() -> None:
    table = credible_intervals(drawn([1.0, np.nan, 3.0, 2.0]), errors=False)
    assert table.loc["x"].tolist() == [2.0, 1.0, 3.0, 0.75]


def test_what_is_never_defined_has_no_interval() -> None:
    table = credible_intervals(drawn([np.nan, np.nan]))
    assert table.loc["x", ["median", "lower", "upper"]].isna().all()
    assert table.loc["x", "defined"] == 0


@pytest.mark.parametrize("probability", [0, 1, True, "0.9", float("nan")])
def test_a_probability_outside_0_and_1_is_refused(probability) -> None:
    with pytest.raises(bs.BayesScalingError, match="between 0 and 1"):
        credible_intervals(drawn([1.0]), probability=probability)


@pytest.mark.parametrize("given", [pd.DataFrame({"median": [1.0]}), xr.DataArray([1.0], dims="draw"), [1.0, 2.0]])
def test_what_is_no_draws_is_refused_in_words(given) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"over chain and draw, such as fit.posterior\['g_C'\]"):
        credible_intervals(given)


def test_monte_carlo_errors_are_those_of_independent_draws() -> None:
    """Of a quantile at p: sqrt(p (1 - p) / n) over the density there."""
    draws = np.random.default_rng(0).standard_normal((4, 25_000))
    errors = quantile_errors(draws, [0.5, 0.025])
    expected = [np.sqrt(0.25 / 1e5) / 0.39894, np.sqrt(0.025 * 0.975 / 1e5) / 0.05845]
    np.testing.assert_allclose(errors, expected, rtol=0.3)
    table = credible_intervals(xr.DataArray(draws, dims=("chain", "draw"), name="x"))
    assert table.iloc[0][["mcse_median", "mcse_lower"]].tolist() == pytest.approx(list(errors))
