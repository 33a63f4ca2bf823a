"""Sweeps on disk: resumed, killed, damaged, shared and run elsewhere, always with the same numbers."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import Settings
from bayes_scaling.studies.comparison.compare import compare

fault = pytest.mark.fault("Sweeps that are killed, resumed, or share a directory")

QUICK = Settings(draws=600, tune=500, chains=4, target_accept=0.95, attempts=2)
NAMES = ("ho2024/18", "ho2024/01")


@pytest.fixture(scope="module")
def few(ho2024) -> pd.DataFrame:
    return ho2024.iloc[:40]


@pytest.fixture(scope="module")
def finished(few, tmp_path_factory):
    """A comparison that ran without interruption, and its directory."""
    directory = tmp_path_factory.mktemp("finished")
    return compare(NAMES, few, directory=directory, settings=QUICK, refits="none"), directory


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.drop(columns="seconds"), other.drop(columns="seconds"))


def again(few, directory, **options):
    reused = {}
    comparison = compare(
        NAMES,
        few,
        directory=directory,
        settings=QUICK,
        refits="none",
        on_done=lambda variant, kept: reused.update({variant.model: kept}),
        **options,
    )
    return comparison, reused


@pytest.mark.slow
def test_a_finished_sweep_is_read_and_not_repeated(finished, few) -> None:
    comparison, directory = finished
    resumed, reused = again(few, directory)
    assert reused == dict.fromkeys(NAMES, True)
    same(resumed.table, comparison.table)
    assert resumed.fingerprints == comparison.fingerprints
    pd.testing.assert_frame_equal(resumed.averaged_doubling_times(), comparison.averaged_doubling_times())


@fault
@pytest.mark.slow
def test_a_damaged_fit_and_a_foreign_score_are_set_aside_and_made_again(finished, few, tmp_path) -> None:
    import shutil

    comparison, directory = finished
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy)
    fit = next((copy / "fits").glob("ho2024-01*"))
    fit.write_bytes(fit.read_bytes()[:1000])
    for score in (copy / "scores").glob("*"):
        score.write_text("someone's notes", encoding="utf-8")
    again_, reused = again(few, copy)
    assert reused == dict.fromkeys(NAMES, False)
    same(again_.table, comparison.table)
    assert {path.split("/")[-3] for path, _ in again_.set_aside} == {"fits", "scores"}
    assert len(again_.set_aside) == 3


@pytest.mark.slow
def test_other_settings_data_or_unit_are_other_work(finished, few) -> None:
    comparison, directory = finished
    other = compare(["ho2024/18"], few.iloc[:39], directory=directory, settings=QUICK, refits="none")
    assert set(other.fingerprints.values()).isdisjoint(comparison.fingerprints.values())
    by_paper = {}
    compare(
        ["ho2024/18"],
        few,
        unit="paper",
        directory=directory,
        settings=QUICK,
        refits="none",
        on_done=lambda variant, kept: by_paper.update({variant.model: kept}),
    )
    assert by_paper == {"ho2024/18": False}  # scored anew, from the fit that was there
    assert len(list((directory / "fits").glob("ho2024-18*"))) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "row"}, "unit = 'row' is not valid"),
        ({"refits": "some"}, "refits = 'some' is not valid"),
        ({"workers": 0}, "workers must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_bad_settings_are_refused_before_anything_runs(few, options, message, tmp_path) -> None:
    with pytest.raises(BayesScalingError, match=message):
        compare(NAMES, few, directory=tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


def test_too_few_units_are_refused(ho2024) -> None:
    one_paper = ho2024[ho2024["paper"] == ho2024["paper"].iloc[0]]
    with pytest.raises(BayesScalingError, match="needs at least 10 evaluations, and the table has"):
        compare(NAMES, one_paper)
    crowd = pd.concat([one_paper.rename(index=lambda name, copy=copy: f"{name}-{copy}") for copy in range(20)])
    with pytest.raises(BayesScalingError, match="leaving out papers needs at least 10 of them, and the table has 1"):
        compare(NAMES, crowd, unit="paper")


KILLED = """
import sys
from pathlib import Path
import bayes_scaling as bs
from comparison.test_sweep import NAMES, QUICK

if __name__ == "__main__":
    few = bs.load_evaluations("ho2024").iloc[:40]
    bs.compare(NAMES, few, directory=sys.argv[1], settings=QUICK, refits="none")
"""


@fault
@pytest.mark.slow
def test_killed_at_five_moments_and_resumed_it_ends_with_the_same_table(finished, few, tmp_path) -> None:
    comparison, _ = finished
    directory = tmp_path / "killed"
    script = tmp_path / "sweep.py"
    script.write_text(KILLED, encoding="utf-8")
    for moment in (2, 6, 9, 13, 17):
        process = subprocess.Popen([sys.executable, str(script), str(directory)])
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed, _ = again(few, directory)
    same(resumed.table, comparison.table)
    assert resumed.set_aside == ()


@pytest.mark.slow
def test_one_process_gives_what_two_give(finished, few) -> None:
    comparison, _ = finished
    alone = compare(["ho2024/18"], few, settings=QUICK, refits="none", workers=1)
    columns = ["elpd", "se", "p", "loo_mse", "rhat_max", "compute_doubling_months_median"]
    pd.testing.assert_frame_equal(alone.table[columns], comparison.table.loc[alone.table.index, columns])


@pytest.mark.slow
def test_averages_are_over_rates_by_weight(finished) -> None:
    comparison, _ = finished
    averaged = comparison.averaged_doubling_times()
    single = {name: bs.doubling_times(fit).loc["compute", "median"] for name, fit in comparison.fits.items()}
    assert min(single.values()) <= averaged.loc["compute", "median"] <= max(single.values())
    assert averaged.loc["compute", "weight_defined"] == pytest.approx(1)
    # Model 18 has no rates of parameters and data: those rows average over the other's weight alone.
    weight = comparison.weights.loc["ho2024/01 | stated priors", "stacking"]
    assert averaged.loc["data", "weight_defined"] == pytest.approx(weight)
    with pytest.raises(BayesScalingError, match="weights = 'best' is not valid; choose one of: stacking, pseudo_bma"):
        comparison.averaged_doubling_times("best")


@fault
@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_what_this_machine_gives(finished, few, cluster, tmp_path) -> None:
    comparison, _ = finished
    address, processes = cluster
    ended = []

    def on_done(variant, kept) -> None:
        ended.append(variant.model)
        processes["one"].kill()

    elsewhere = compare(
        NAMES, few, directory=tmp_path, settings=QUICK, refits="none", scheduler=address, on_done=on_done
    )
    assert sorted(ended) == sorted(NAMES)
    same(elsewhere.table, comparison.table)
