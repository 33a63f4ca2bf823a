"""What terminals show at any width: whole figures, and names of files."""

import io
from pathlib import Path

import pytest
from studies.backtest.made_backtest import made_backtest
from studies.comparison.made_scores import made_comparison

from bayes_scaling.reports.backtest_document import backtest_report
from bayes_scaling.reports.comparison_document import comparison_report
from bayes_scaling.reports.document import Table
from bayes_scaling.reports.terminal import Compact, SweepProgress, console, say_written


@pytest.fixture
def shown(monkeypatch):
    """What is printed where COLUMNS says how wide."""

    def of(what, columns: int) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        out = console()
        out.file = io.StringIO()
        what(out)
        return out.file.getvalue()

    return of


def test_files_are_named_below_their_directory_and_wrapped(shown, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "x"
    (folder / "fits").mkdir(parents=True)
    files = [*(folder / f"file-{i}.csv" for i in range(9)), folder / "fits"]
    text = shown(lambda out: say_written(out, files), 80)
    assert text.count(str(folder)) == 1 and f"Written to {folder}: file-0.csv, " in " ".join(text.split())
    assert " ".join(text.split()).endswith("file-8.csv, fits/")
    assert max(map(len, text.splitlines())) <= 80 or len(str(folder)) > 60


def test_one_file_is_named_with_its_directory(shown) -> None:
    assert shown(lambda out: say_written(out, [Path("x/a.csv")]), 80) == "\nWritten: x/a.csv\n"
    assert shown(lambda out: say_written(out, [Path("a.csv"), Path("b.csv")]), 80) == "\nWritten: a.csv, b.csv\n"


NAMES = ("name", "one ± its error", "two", "three (lower to upper)", "four")
ROW = ("runs/discrepancy, by the bootstrap", "-123.4 ± 56.7", "0.123", "15.1 (4.1 to no bound)", "9.87654")
TABLE = Table("made", "", NAMES, (ROW, ROW), frozenset())


@pytest.mark.parametrize("columns", [*range(46, 100, 6), 120])
def test_figures_are_shown_whole_or_not_at_all(shown, columns) -> None:
    text = shown(lambda out: out.print(Compact("made", TABLE, {name: name for name in NAMES}, "made.csv")), columns)
    table, _, rest = text.partition("Too wide for this terminal: ")
    there = [name for name in NAMES if name in table]
    assert there == list(NAMES[: len(there)]) and all(table.count(ROW[place]) == 2 for place in range(1, len(there)))
    assert " ".join(rest.split()) == (
        "" if len(there) == len(NAMES) else f"{', '.join(NAMES[len(there) :])}; see made.csv."
    )
    assert max(map(len, text.splitlines())) <= columns and len(there) >= min(5, columns // 20)


@pytest.mark.parametrize("columns", [10, 12, 16])
def test_no_digit_is_lost_however_narrow(shown, columns) -> None:
    text = shown(lambda out: out.print(Compact("", TABLE, {name: name for name in NAMES}, "made.csv")), columns)
    assert "…" not in text and set("1234567") <= set(text.partition("Too wide")[0])


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_reports_of_studies_fit_narrow_terminals(shown, columns) -> None:
    for report in (backtest_report(made_backtest()), comparison_report(made_comparison(0.0, 0.001, None))):
        text = shown(lambda out, report=report: out.print(report), columns)
        assert "…" not in text and max(map(len, text.splitlines())) <= columns
    assert columns < 80 or "9.0 (5.0 to no bound)" in text


def test_the_bar_of_a_study_cuts_no_time(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = console()
    out.file = io.StringIO()
    with SweepProgress(out, 2) as progress:
        progress.advance("power law of compute, 3e+21 FLOP and below, all of them but one", reused=True)
    assert "0:00:00" in out.file.getvalue() and "…" not in out.file.getvalue()
