"""A run's directory after a further fit: one run at a time, what is replaced is said, and nothing outdated stays."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made_fits import fit_around_made_runs

import bayes_scaling as bs
from bayes_scaling.reports.run_directory import earlier_run, only_run, write_run
from bayes_scaling.reports.write import document_of, reports_in, write_document


@pytest.fixture
def fit() -> bs.Fit:
    return fit_around_made_runs(draws=20)


def test_reports_of_an_earlier_fit_are_removed_and_files_of_others_stay(fit, tmp_path, undrawn) -> None:
    write_run(fit, tmp_path)
    document = document_of(fit)
    for name in ("report.html", "report.md"):
        write_document(document, tmp_path / name)
    others = {name: tmp_path / name for name in ("notes.md", "mine.json", "page.html", "empty.html")}
    for path in others.values():
        path.write_text("" if path.name.startswith("empty") else "{}", encoding="utf-8")
    assert earlier_run(tmp_path, fit.fingerprint) == ("", ())  # the same fit: its reports are true
    other = replace(fit, fingerprint="f" * 64)
    words, outdated = earlier_run(tmp_path, other.fingerprint)
    assert words == "the fit of 'chinchilla-normal' to made"
    assert {path.name for path in outdated if path.parent == tmp_path} == {"report.html", "report.json", "report.md"}
    write_run(other, tmp_path, outdated)
    assert reports_in(tmp_path) == () and all(path.exists() for path in others.values())
    assert not list(tmp_path.glob("report*/*"))


def test_an_empty_directory_had_no_earlier_run(tmp_path) -> None:
    assert earlier_run(tmp_path / "none", "f" * 64) == ("", ())
    (tmp_path / "summary.json").write_text("[]", encoding="utf-8")
    assert earlier_run(tmp_path, "f" * 64) == ("", ())


HOLD = """
import sys
from pathlib import Path
from bayes_scaling.reports.run_directory import only_run
with only_run(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_until_the_first_has_ended_or_was_killed(tmp_path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None and first.stdout.readline() == "held\n"
        refused = pytest.raises(bs.BayesScalingError, match="another run is writing there; wait for its end, or choose")
        with refused, only_run(Path(tmp_path, "x", "..", "run")):
            pytest.fail("taken")
        with only_run(tmp_path / "beside"):
            pass
        first.kill()
    with only_run(tmp_path / "run"):
        pass
    assert list(tmp_path.iterdir()) == []
