"""A path, or anything else, in place of a fit: one line says what is needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bayes_scaling as bs

TAKING: dict[str, Callable[[Any], Any]] = {
    "doubling_times": bs.doubling_times,
    "coefficients": bs.coefficients,
    "identification": bs.identification,
    "predictive_check": bs.predictive_check,
    "chain_weights": bs.chain_weights,
    "design": lambda given: bs.design(given, "alpha", budget=1e21),
    "compare_fits": bs.compare_fits,
    "plot_doubling_times": bs.plot_doubling_times,
    "plot_ridge": bs.plot_ridge,
    "plot_predictive": bs.plot_predictive,
}


@pytest.mark.parametrize("name", TAKING)
@pytest.mark.parametrize("path", ["runs/mine", Path("runs/mine")])
def test_a_path_is_no_fit_and_can_be_loaded(name: str, path: str | Path) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"a fit is needed \(bs.load_fit\('runs/mine'\)\), not"):
        TAKING[name](path)


def test_a_table_is_no_fit() -> None:
    with pytest.raises(bs.BayesScalingError, match=r"a fit is needed \(bs.fit, bs.load_fit\), not DataFrame"):
        bs.doubling_times(bs.load_evaluations())  # type: ignore[arg-type]


def test_a_file_beside_a_fit_is_no_fit(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    summary.write_text("{}", encoding="utf-8")
    with pytest.raises(bs.FitFileError) as caught:
        bs.load_fit(summary)
    assert str(caught.value) == f"{summary}: no fit; give the directory that holds fit.nc: {tmp_path}"
