"""Log likelihoods that each reading works out: what is read is right, and only what is read is worked out."""

import warnings
from types import SimpleNamespace

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from documented_sizes import file_size, most
from drawn_fits import CHAINS, DRAWS, drawn_fit, student_t_with_papers
from hostile.made_fit_files import small_fit
from made_fits import GOOD
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.errors import FitFileError
from bayes_scaling.inference import fitting, likelihood, result
from bayes_scaling.inference.data import rows_of, thinned
from bayes_scaling.inference.likelihood import draws_of, evaluation_densities, expected_losses, paper_densities
from bayes_scaling.inference.result import read_fit
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.influence import influence
from bayes_scaling.quantities.predictive_check import predictive_check
from bayes_scaling.studies.comparison.elpd import score

EVERY_NOISE = ["reference", "ho2024/07", "robustness/student-t", "student-t-papers"]


@pytest.fixture(scope="module")
def table():
    return bs.on_benchmarks(bs.load_evaluations(), "ptb")


@pytest.fixture(scope="module", params=EVERY_NOISE)
def fit(request, table) -> bs.Fit:
    some = table.iloc[:20]  # moment matching and quadrature take their time over each row
    return (
        student_t_with_papers(some) if request.param == EVERY_NOISE[-1] else drawn_fit(request.param, some, width=0.02)
    )


@pytest.fixture
def small_blocks(monkeypatch) -> list[int]:
    """Numbers worked out at a time, with blocks far smaller than a table of 20 rows and 200 draws."""
    monkeypatch.setattr(likelihood, "BLOCK", 1500)
    whole, sizes = likelihood.expected_losses, []

    def seen(specification, rows, values):
        found = whole(specification, rows, values)
        sizes.append(found.size)
        return found

    monkeypatch.setattr(likelihood, "expected_losses", seen)
    return sizes


@pytest.mark.parametrize("unit", ["evaluation", "paper"])
def test_values_are_those_of_all_rows_and_draws_at_once(fit, unit, small_blocks) -> None:
    rows, values = rows_of(fit.data, fit.specification), draws_of(fit.specification, fit.data)
    work = {"evaluation": evaluation_densities, "paper": paper_densities}[unit]
    exact = work(fit.specification, rows, values, rows.response - expected_losses(fit.specification, rows, values))
    exact = exact.reshape(CHAINS, DRAWS, -1).astype(np.float32)
    found = fit.log_likelihood(unit)["loss"]
    assert found.shape == exact.shape and found.dtype == exact.dtype
    np.testing.assert_allclose(found.to_numpy(), exact, rtol=1e-6)
    for part in (np.s_[1, 3:60:7, 0], np.s_[:, -1, [4, 0, 4]], np.s_[[1], :, -2:]):
        np.testing.assert_allclose(found[part].to_numpy(), exact[part], rtol=1e-6)
    assert 0 < max(small_blocks) <= likelihood.BLOCK


def test_only_what_is_read_is_worked_out(table, small_blocks) -> None:
    fit = drawn_fit("ho2024/07", table)
    small_blocks.clear()
    doubling_times(fit)
    assert fit.data["log_likelihood"]["loss"].nbytes == 4 * CHAINS * DRAWS * len(table)
    assert small_blocks == []
    fit.data["log_likelihood"]["loss"][:, ::2, 5].load()
    assert small_blocks == [DRAWS]
    small_blocks.clear()
    paper = rows_of(fit.data, fit.specification).index["paper"]
    largest = int(np.bincount(paper).argmax())
    fit.log_likelihood("paper")["loss"][0, :3, largest].load()
    assert small_blocks == [3 * np.bincount(paper)[largest]]


def test_scores_and_checks_do_not_depend_on_blocks(fit, monkeypatch) -> None:
    def found():
        scores = [score(fit, unit, refits="none") for unit in ("evaluation", "paper")]
        return scores, predictive_check(fit, replicates=150), influence(fit)

    whole = found()
    monkeypatch.setattr(likelihood, "BLOCK", 1500)
    parts = found()
    for one, other in zip(whole[0], parts[0], strict=True):
        for name in ("terms", "effective", "pareto_k", "predictions", "errors", "mcse"):
            np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-5, atol=1e-6, err_msg=name)
        assert other.how == one.how
    for name in ("residuals", "groups", "tails"):
        pd.testing.assert_frame_equal(getattr(parts[1], name), getattr(whole[1], name))
    # Noise is drawn block by block, so that weights are the same and values two shares of 200 draws: five errors apart.
    np.testing.assert_allclose(parts[1].pit["pareto_k"], whole[1].pit["pareto_k"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts[1].pit["pit"], whole[1].pit["pit"], atol=0.25)
    pd.testing.assert_frame_equal(parts[2], whole[2], check_exact=False, rtol=1e-6)


def test_files_leave_out_what_is_worked_out_and_arviz_takes_what_is_read(fit, tmp_path) -> None:
    read = bs.load_fit(fit.save(tmp_path / "fit.nc"), lazy=False)
    with xr.open_datatree(tmp_path / "fit.nc") as written:
        assert set(written.children) == {"posterior", "sample_stats", "observed_data", "constant_data"}
    assert set(read.data.children) == set(fit.data.children)
    for group, node in fit.data.children.items():
        xr.testing.assert_identical(read.data[group].to_dataset(), node.to_dataset())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert az.loo(read.data).elpd == az.loo(fit.data).elpd
    assert read.to_bytes() == fit.to_bytes(compact=False)


def test_files_of_earlier_versions_which_hold_log_likelihoods_are_read(table, monkeypatch) -> None:
    fit = drawn_fit("ho2024/07", table)
    with monkeypatch.context() as patch:
        patch.setattr(result, "compacted", lambda data: data.copy())
        earlier = fit.to_bytes()
    assert len(earlier) > 2 * len(fit.to_bytes())
    for group, node in read_fit(earlier, "fit").data.children.items():
        xr.testing.assert_identical(fit.data[group].to_dataset(), node.to_dataset())


def test_draws_that_are_not_of_the_specification_are_refused_at_once(table) -> None:
    for name in ("alpha", "level"):
        fit = drawn_fit("ho2024/07", table)
        posterior = fit.data["posterior"].to_dataset()
        fit.data["posterior"] = DataTree(
            posterior.drop_vars(name) if name == "alpha" else posterior.assign({name: posterior[name].isel(chain=0)})
        )
        with pytest.raises(FitFileError, match="not a readable fit"):
            read_fit(fit.to_bytes(), "fit")


def test_a_file_has_the_size_that_is_documented() -> None:
    for fit in (drawn_fit("reference", bs.load_evaluations()), small_fit(draws=2000)):
        assert file_size(fit) < len(fit.to_bytes()) < most(file_size(fit))


def test_as_many_draws_are_kept_of_each_chain_evenly_spaced() -> None:
    for chains, draws, keep in ((8, 2000, 4000), (4, 3000, 4000), (3, 1000, 100), (3, 1000, 101), (2, 100, 4000)):
        drawn = Dataset({"alpha": (("chain", "draw"), np.arange(chains * draws).reshape(chains, draws))})
        kept = thinned(DataTree.from_dict({"posterior": drawn, "sample_stats": drawn}), keep)["posterior"]["alpha"]
        assert kept.sizes["draw"] == min(draws, keep // chains)
        steps = np.diff(kept.to_numpy(), axis=1)
        assert steps.max() - steps.min() <= 1
        np.testing.assert_array_equal(steps, np.broadcast_to(steps[0], steps.shape))


@pytest.mark.parametrize("keep", [-5, 0, 7, True, "x", 1e3, np.int64(-5)])
def test_draws_to_keep_are_checked_before_anything_is_compiled(keep, table, monkeypatch) -> None:
    monkeypatch.setattr(fitting, "attempt", lambda *_, **__: pytest.fail("sampled"))
    shown = "-5" if isinstance(keep, np.integer) else repr(keep)
    with pytest.raises(bs.BayesScalingError, match=f"^keep must be a whole number of at least 8, not {shown}$"):
        bs.fit(bs.load_specification("ho2024/07"), table, chains=2, keep=keep)


@pytest.mark.parametrize(("keep", "kept"), [(np.int64(40), 40), (None, 2 * DRAWS), (8, 8)])
def test_a_fit_keeps_what_is_asked_for(keep, kept, table, monkeypatch) -> None:
    drawn = drawn_fit("ho2024/07", table)
    found = SimpleNamespace(
        data=DataTree.from_dict({name: drawn.data[name].to_dataset() for name in ("posterior", "sample_stats")}),
        of_chains=None,
        diagnostics=GOOD,
        settings=drawn.settings,
        compile_seconds=0.0,
        sample_seconds=0.0,
    )
    monkeypatch.setattr(fitting, "attempt", lambda *_, **__: found)
    fit = bs.fit(drawn.specification, table, chains=2, keep=keep)
    sizes = fit.data["posterior"].sizes
    assert sizes["chain"] * sizes["draw"] == kept and fit.diagnostics == GOOD
