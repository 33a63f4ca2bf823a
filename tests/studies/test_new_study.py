"""A study that the package lacks is one file and one line of ``KINDS``: all else that a study has comes with these."""

import json

import pandas as pd
import pytest
from studies import jackknife as study
from studies.jackknife import Jackknife, jackknife, load_jackknife

import bayes_scaling as bs
from bayes_scaling.classical import published_estimate
from bayes_scaling.commands.report import kind_of
from bayes_scaling.reports.write import KINDS, read_result

BENCHMARKS = ["wt103", "ptb", "wt2"]


@pytest.fixture(autouse=True)
def line(monkeypatch) -> None:
    monkeypatch.setitem(KINDS, "jackknife", (study.SETTINGS, study.__name__))


@pytest.fixture(scope="module")
def evaluations() -> pd.DataFrame:
    return bs.load_evaluations()


@pytest.fixture(scope="module")
def interrupted(evaluations, tmp_path_factory):
    """A directory in which a run was interrupted after its first task and then resumed, what ended when, the result."""
    directory, ended = tmp_path_factory.mktemp("jackknife"), []

    def stop(name: str, reused: bool) -> None:
        ended.append((name, reused))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jackknife(evaluations, directory, stop, workers=1)
    result = jackknife(evaluations, directory, lambda name, reused: ended.append((name, reused)), workers=1)
    return directory, ended, result


@pytest.mark.whole
def test_what_had_ended_before_an_interruption_is_not_done_again(interrupted) -> None:
    _, ((first, _), *resumed), _ = interrupted
    assert dict(resumed) == {name: name == first for name in BENCHMARKS}
    assert len(resumed) == len(BENCHMARKS)


def test_its_table_is_what_the_tasks_found(interrupted, evaluations) -> None:
    *_, result = interrupted
    assert list(result.table.index) == list(evaluations["benchmark"].unique())
    for name, row in result.table.iterrows():
        rest = evaluations[evaluations["benchmark"] != name]
        months = published_estimate("ho2024/07", rest).doubling_times().loc["compute", "all"]
        assert row["rows"] == len(rest) and row["months"] == pytest.approx(months, rel=1e-6)


def test_it_is_read_back_from_its_directory(interrupted) -> None:
    directory, _, result = interrupted
    assert kind_of(directory) == "jackknife"
    again = read_result("jackknife", directory)
    assert isinstance(again, Jackknife) and again.evaluations == result.evaluations
    pd.testing.assert_frame_equal(again.table, result.table)


def test_a_damaged_directory_says_how_to_mend_it(interrupted, tmp_path) -> None:
    directory, *_ = interrupted
    for file in (study.SETTINGS, study.TABLE):
        (tmp_path / file).write_bytes((directory / file).read_bytes()[:40])
    with pytest.raises(
        bs.BayesScalingError, match=r"jackknife\.json: damaged, .* run the same `bayes-scaling jackknife`"
    ):
        load_jackknife(tmp_path)


def test_its_report_shows_its_answer_and_its_table(interrupted, tmp_path) -> None:
    _, _, result = interrupted
    for name in ("report.html", "report.md"):
        text = bs.write_report(result, tmp_path / name).read_text(encoding="utf-8")
        assert result.answer in text and result.title in text
        assert all(f"{months:.4g}" in text for months in result.table["months"])
    records = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["data"]["table"]
    assert pd.DataFrame(records).set_index("left_out")["months"].tolist() == result.table["months"].tolist()


def test_a_class_of_that_name_elsewhere_is_no_such_result() -> None:
    foreign = type("Jackknife", (), {"__module__": "somewhere.else"})()
    with pytest.raises(
        bs.BayesScalingError, match=r"a report needs a result, not a Jackknife; valid choices: .*jackknife"
    ):
        bs.write_report(foreign, "report.html")
