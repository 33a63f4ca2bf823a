"""Quantities averaged over models: shares of draws, labels, models without the quantity."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.studies.comparison.result import averaged_draws


def constant(value: float):
    return xr.DataArray(
        np.full((2, 100, 3), value), dims=("chain", "draw", "pair"), coords={"pair": list("abc")}, attrs={"unit": "u"}
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda w: sum(w) > 0.01), st.integers(0, 99))
def test_each_model_has_its_share_of_draws(weights, seed) -> None:
    names = [str(i) for i in range(len(weights))]
    fits = dict(zip(names, names, strict=True))
    found = averaged_draws(
        fits, dict(zip(names, weights, strict=True)), lambda name: constant(float(name)), draws=500, seed=seed
    )
    assert dict(found.sizes) == {"chain": 1, "draw": 500, "pair": 3}
    counts = np.array([(found.isel(pair=0) == i).sum() for i in range(len(weights))])
    assert counts.sum() == 500
    assert np.all(np.abs(counts - 500 * np.array(weights) / sum(weights)) <= 1 + 1e-9)


def test_labels_and_unit_are_kept() -> None:
    found = averaged_draws({"m": "0"}, {"m": 1.0}, lambda name: constant(2.0), draws=10, seed=0)
    assert found["pair"].to_numpy().tolist() == list("abc")
    assert found.attrs == {"unit": "u"}
    assert bs.credible_intervals(found)["median"].tolist() == [2.0, 2.0, 2.0]


def test_a_model_without_the_quantity_is_named() -> None:
    def refuse(name: str) -> xr.DataArray:
        raise bs.BayesScalingError("no such thing")

    with pytest.raises(bs.BayesScalingError, match="ho2024/18: no such thing; leave that model out"):
        averaged_draws({"ho2024/18": "0"}, {"ho2024/18": 1.0}, refuse, draws=10, seed=0)
