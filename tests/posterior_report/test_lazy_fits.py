"""Fits of a comparison read without what follows from them: nothing is lost, and nothing is worked out unasked."""

import arviz as az
import pytest
import xarray as xr
from drawn_fits import CHAINS, DRAWS, drawn_fit

import bayes_scaling as bs
from bayes_scaling.errors import FitFileError
from bayes_scaling.inference import lazy
from bayes_scaling.inference.result import read_fit
from bayes_scaling.quantities.doubling import doubling_times

FOLLOWING = ("log_likelihood", "log_prior")


@pytest.fixture(scope="module")
def table():
    return bs.on_benchmarks(bs.load_evaluations(), "ptb")


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """Numbers of draws of which missing groups were worked out."""
    sizes = []
    whole = lazy.restored

    def counted(specification, data):
        sizes.append(data["posterior"].sizes["draw"])
        return whole(specification, data)

    monkeypatch.setattr(lazy, "restored", counted)
    lazy._restored.cache_clear()
    return sizes


@pytest.mark.parametrize("name", ["reference", "ho2024/07", "ho2024/10", "robustness/papers"])
def test_every_group_is_what_it_is_otherwise(name, table) -> None:
    content = drawn_fit(name, table).to_bytes(compact=True)
    now, later = read_fit(content, "fit"), read_fit(content, "fit", lazy=True)
    assert set(now.data.children) == set(later.data.children) > set(FOLLOWING)
    for group, node in now.data.children.items():
        xr.testing.assert_identical(later.data[group].to_dataset(), node.to_dataset())
    for unit in ("evaluation", "paper"):
        xr.testing.assert_identical(later.log_likelihood(unit), now.log_likelihood(unit))
        part = {"draw": slice(3, None, 7), "chain": [1], unit: 0}
        xr.testing.assert_identical(later.log_likelihood(unit).isel(part), now.log_likelihood(unit).isel(part))


def test_summaries_work_nothing_out(table, asked) -> None:
    content = drawn_fit("ho2024/07", table).to_bytes(compact=True)
    fit = read_fit(content, "fit", lazy=True)
    doubling_times(fit)
    assert "log_likelihood" in fit.data
    assert fit.data["log_likelihood"]["loss"].nbytes == 4 * CHAINS * DRAWS * len(table)
    assert asked == [1]  # to see that draws and rows are of the specification


def test_what_is_looked_at_is_worked_out_once_for_the_fit_that_was_read_last(table, asked) -> None:
    content = drawn_fit("ho2024/07", table).to_bytes(compact=True)
    one, other = (read_fit(content, "fit", lazy=True) for _ in range(2))
    for fit, times in ((one, 1), (one, 1), (other, 2), (one, 3)):
        for group in FOLLOWING:
            fit.data[group].to_dataset().compute()
        assert asked.count(DRAWS) == times


def test_arviz_and_saving_take_it_as_it_is(table, tmp_path) -> None:
    content = drawn_fit("ho2024/07", table, width=0.001).to_bytes(compact=True)
    now, later = read_fit(content, "fit"), read_fit(content, "fit", lazy=True)
    assert az.loo(later.data).elpd == az.loo(now.data).elpd
    assert later.to_bytes(compact=True) == now.to_bytes(compact=True)
    saved = bs.load_fit(later.save(tmp_path / "fit.nc"), lazy=True)  # a whole file: nothing is missing
    for group, node in now.data.children.items():
        xr.testing.assert_identical(saved.data[group].to_dataset(), node.to_dataset())


def test_draws_that_are_not_of_the_specification_are_refused_at_once(table) -> None:
    fit = drawn_fit("ho2024/07", table)
    del fit.data["posterior"]["alpha"]
    with pytest.raises(FitFileError, match="not a readable fit"):
        read_fit(fit.to_bytes(compact=True), "fit", lazy=True)
