"""What a backtest counts, its page, its files and its picture, from given scores."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import typer
from matplotlib.colors import to_hex
from plots.drawn import texts
from studies.backtest.made_backtest import CUTS, FIRST, SECOND, STUCK, made_backtest, made_records
from typer.testing import CliRunner

import bayes_scaling as bs
from bayes_scaling.commands.options import EXIT_UNCONVERGED
from bayes_scaling.commands.report import report_command
from bayes_scaling.plots.predictive import plot_backtest
from bayes_scaling.plots.style import WARNING
from bayes_scaling.reports.backtest_document import FILES, backtest_page, backtest_report, sentences, write_backtest
from bayes_scaling.studies.backtest.backtest import backtest_json
from bayes_scaling.studies.backtest.forecasts import Record

APP = typer.Typer()
APP.command()(report_command)


@pytest.fixture(scope="module")
def result():
    return made_backtest()


def test_a_record_is_read_back_as_it_was_written() -> None:
    record = made_records()[0]
    record = replace(record, scores=record.scores.assign(crps=[np.inf, 1 / 3, np.pi, 0.0], log_score=-np.inf))
    again = Record.from_bytes(record.to_bytes())
    pd.testing.assert_frame_equal(again.scores, record.scores, check_exact=True)
    assert {**vars(again), "scores": None} == {**vars(record), "scores": None}


@pytest.mark.parametrize("papers", [["NA", "nan", "", "null"], ["1", "2,5", 'a "b"', "c\nd"]])
def test_papers_may_have_any_name(papers) -> None:
    record = made_records()[0]
    record = replace(record, scores=record.scores.assign(paper=papers))
    assert Record.from_bytes(record.to_bytes()).scores["paper"].tolist() == papers


@pytest.mark.parametrize("content", [b"", b"[]", b'{"scores": "id\\n"}', b"\xff"])
def test_what_is_no_record_is_refused(content) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Record.from_bytes(content)


def test_coverage_counts_losses_within_the_interval(result) -> None:
    row = result.by_cut().loc[(FIRST, 2018)]
    assert [row[f"covered_{p}"] for p in (50, 90, 95)] == [0.25, 0.5, 0.75]
    assert row["evaluations"] == row["papers"] == 4
    assert row["before"] == 18 and row["unseen"] == 7
    assert row["width_90"] == pytest.approx(0.6)


def test_the_year_after_the_cut_is_a_horizon_of_its_own(result) -> None:
    row = result.by_cut("year").loc[(FIRST, 2018)]
    assert row["evaluations"] == 2 and row["covered_90"] == 0.5
    with pytest.raises(bs.BayesScalingError, match="horizon = 'decade' is not valid; choose one of: later, year"):
        result.by_cut("decade")


def test_averages_count_each_cut_the_same_and_only_where_chains_agreed(result) -> None:
    table = result.summary()
    assert table.loc[FIRST, "covered_90"] == pytest.approx((0.5 + 1.0) / 2)
    assert table.loc[STUCK, "cuts"] == 1 and table.loc[STUCK, "not_converged"] == 1
    assert table.loc[STUCK, "covered_90"] == 0.5
    assert table.loc[STUCK, "compared_cuts"] == 1 and table.loc[SECOND, "compared_cuts"] == 2
    assert table.loc[SECOND, "log_score_diff"] == pytest.approx(0.25)
    assert table.loc[STUCK, "log_score_diff"] == pytest.approx(0.5)
    assert table.loc[SECOND, "log_score_diff_se"] == pytest.approx(0, abs=1e-12)
    assert table.loc[FIRST, "log_score_diff"] == 0
    assert table["cuts_ahead"].to_dict() == {FIRST: 0, SECOND: 2, STUCK: 1}


def test_a_first_that_never_converged_leaves_nothing_to_compare() -> None:
    records = [replace(one, converged=one.forecaster != FIRST) for one in made_records()]
    result = made_backtest(records)
    assert result.summary().loc[FIRST, "cuts"] == 0
    assert result.summary()["log_score_diff"].isna().all()
    assert "nothing to compare with" in " ".join(sentences(result))
    backtest_page(result)
    json.loads(backtest_json(result))


def test_standard_errors_are_of_means_of_independent_papers(result) -> None:
    values = np.array([1.0, 1.0, 0.0, 0.0])
    row = result.by_cut().loc[(FIRST, 2018)]
    assert row["covered_90_se"] == pytest.approx(values.std(ddof=1) / 2)
    alike = [replace(one, scores=one.scores.assign(paper=["a", "a", "b", "b"])) for one in made_records()]
    row = made_backtest(alike).by_cut().loc[(FIRST, 2018)]
    assert row["covered_90_se"] == pytest.approx(np.array([1.0, 0.0]).std(ddof=1) / np.sqrt(2))


def test_a_paper_predicted_at_two_cuts_is_one_paper() -> None:
    """The same scores at both cuts say no more than at one."""
    records = [one for one in made_records() if one.forecaster == FIRST]
    same = [records[0], replace(records[0], cut=2019)]
    one, two = made_backtest(records[:1]).summary(), made_backtest(same).summary()
    assert two.loc[FIRST, "covered_90_se"] == pytest.approx(one.loc[FIRST, "covered_90_se"])


def test_benchmarks_of_which_little_was_known_can_be_left_out(result) -> None:
    assert result.summary(least_known=10).loc[FIRST, "covered_90"] == pytest.approx((0.5 + 1.0) / 2)
    assert result.summary(least_known=10).loc[FIRST, "covered_50"] == pytest.approx((0.0 + 0.5) / 2)
    with pytest.raises(bs.BayesScalingError, match="no evaluation predicted has 99"):
        result.summary(least_known=99)


def test_the_page_marks_what_has_not_converged(result) -> None:
    page = backtest_page(result)
    assert "**not converged**: R-hat up to 1.300 (g_N)" in page
    assert f"Not converged, and left out of averages: {STUCK} 2019." in page
    assert "| stuck | 1 (1 not converged) |" in page
    assert "90% predictive intervals hold 75.0% of later evaluations, averaged over 2 cut years" in page
    assert f"{FIRST} beside {SECOND}: mean log score higher by 0.25 nats per evaluation (standard" in page
    assert "(standard error 0.00, papers independent); higher at 2 of 2 cut years." in page


def test_one_paper_has_no_standard_error_and_that_is_said() -> None:
    records = [replace(one, scores=one.scores.assign(paper="a")) for one in made_records()]
    page, said = backtest_page(made_backtest(records)), " ".join(sentences(made_backtest(records)))
    assert "nan" not in page and "nan" not in said
    assert "(no standard error: one paper); 50% intervals" in said and "(no standard error: one paper); higher" in said
    assert "| 0.750 |" in page


@pytest.mark.parametrize(
    ("inside", "answer"), [(4, "yes: all 4 later"), (3, "no: 3 of 4 later"), (0, "no: 0 of 4 later")]
)
def test_the_answer_follows_from_coverage(inside, answer) -> None:
    record = made_records()[0]
    losses = [3.0] * inside + [9.0] * (4 - inside)
    first = sentences(made_backtest([replace(record, scores=record.scores.assign(loss=losses))]))[0]
    assert first.startswith(f"On this table, {answer} evaluations lie inside the 90% intervals of {FIRST} (")


def test_every_file_is_written_and_readable(result, tmp_path) -> None:
    skipped = {"2013": "nothing to fit"}
    written = write_backtest(made_backtest(skipped=skipped), tmp_path)
    assert [path.name for path in written] == list(FILES)
    document = json.loads((tmp_path / "backtest.json").read_text(encoding="utf-8"))
    assert document["skipped"] == skipped and document["seed"] == 3 and document["cuts"] == list(CUTS)
    assert document["summary"]["later"][FIRST]["covered_90"] == 0.75
    table = pd.read_csv(tmp_path / "backtest.csv")
    assert len(table) == 2 * 3 * len(CUTS)
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 3 * len(CUTS) * 4
    assert "- 2013: nothing to fit." in (tmp_path / "backtest.md").read_text(encoding="utf-8")


def test_the_terminal_gets_averages_and_sentences(result) -> None:
    from bayes_scaling.reports.terminal import console

    shown = console()
    with shown.capture() as captured:
        shown.print(backtest_report(result))
    assert "1 (1 not converged)" in captured.get() and "0.750 ± " in captured.get()


def test_the_picture_shows_coverage_by_cut_and_marks_what_has_not_converged(result) -> None:
    figure = plot_backtest(result)
    written = texts(figure)
    assert "Backtest on made (40 evaluations)" in written and FIRST in written and STUCK in written
    axes = figure.axes[0]
    values = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if line.get_marker() == "o"]
    assert any(np.array_equal(value, [0.5, 1.0]) for value in values)
    crosses = [line for line in axes.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [to_hex(line.get_color()).upper() for line in crosses] == [WARNING.upper()]


@pytest.fixture
def place(tmp_path):
    records = made_records()
    odd = records[0].scores.assign(paper=["NA", "nan", "1", 'a "b"'], crps=[1 / 3, np.inf, 0.1, 1e-17])
    made = made_backtest([replace(records[0], scores=odd), *records[1:]], skipped={"2013": "nothing to fit"})
    write_backtest(made, tmp_path)
    return tmp_path, made


def test_a_backtest_read_back_is_the_one_that_was_written(place) -> None:
    directory, made = place
    loaded = bs.load_backtest(directory)
    pd.testing.assert_frame_equal(loaded.scores, made.scores, check_dtype=False, rtol=0, atol=0)
    pd.testing.assert_frame_equal(loaded.forecasts, made.forecasts, check_dtype=False)
    assert (loaded.names, loaded.skipped, loaded.evaluations) == (made.names, made.skipped, made.evaluations)
    assert (loaded.settings, loaded.seed) == (made.settings, made.seed)
    assert backtest_page(loaded) == backtest_page(made)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("backtest.json", '"seed"', '"seat"', "backtest.json: damaged.*seed"),
        ("backtest.csv", "forecaster", "by", "backtest.csv: damaged"),
        ("backtest.csv", "reference", "another", "backtest.csv: damaged.*scores.csv"),
        ("scores.csv", "reach", "range", "scores.csv.*reach"),
        ("scores.csv", "0.5", "0.6", "backtest.csv: damaged.*with scores.csv"),
    ],
)
def test_a_backtest_that_was_changed_is_refused_with_the_next_step(place, file, old, new, message) -> None:
    path = place[0] / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(bs.BayesScalingError, match=message) as caught:
        bs.load_backtest(place[0])
    assert "run the same `bayes-scaling backtest` again" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_of_a_backtest_is_named(place) -> None:
    (place[0] / "scores.csv").unlink()
    with pytest.raises(bs.BayesScalingError, match=r"scores\.csv: no such file; run the same"):
        bs.load_backtest(place[0])


def test_the_report_of_a_backtest_says_what_its_page_says(place) -> None:
    directory, made = place
    done = CliRunner().invoke(APP, [str(directory), "--quiet"])
    assert done.exit_code == EXIT_UNCONVERGED, done.output
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    assert report["banners"] == [
        {"title": "NOT CONVERGED", "text": f"Not converged, and left out of averages: {STUCK} 2019."}
    ]
    said = list(sentences(made))
    assert report["answer"] == (
        "On this table, no: 75.0% of later evaluations, averaged over 2 cut years, lie inside the 90% intervals of "
        f'{FIRST} ("yes" means at least 80% inside).'
    )
    assert said[0] == report["answer"]
    assert said[3].startswith(f"{FIRST}: 90% predictive intervals hold 75.0% of later evaluations, averaged over 2 cut")
    assert report["lead"]["alternative"] == " ".join(said[3:])
    averages, by_cut, *_ = report["sections"]
    shown = [table["records"][0]["inside 90%"] for table in averages["tables"]]
    assert len(shown) == 3 and all(f"| {cell} |" in backtest_page(made) for cell in shown)
    assert [table["marked"] for table in by_cut["tables"]] == [[5], [5]]
    assert report["data"]["skipped"] == {"2013": "nothing to fit"}


def test_where_all_are_inside_the_error_of_the_share_is_not_known() -> None:
    records = [replace(one, scores=one.scores.assign(lower_90=-9.0, upper_90=99.0)) for one in made_records()]
    result = made_backtest(records)
    assert result.by_cut()["covered_90"].eq(1).all() and result.by_cut()["covered_90_se"].isna().all()
    assert "(no standard error: all are alike); 50% intervals" in " ".join(sentences(result))
    assert "1.000 ± " not in backtest_page(result)
