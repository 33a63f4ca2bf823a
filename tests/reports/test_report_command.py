"""`bayes-scaling report`: which directories it takes, what it writes, and its exit codes."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from drawn_fits import BAD, drawn_fit
from kept_sweeps import kept_robustness
from made_fits import fit_around_made_runs
from typer.testing import CliRunner

import bayes_scaling as bs
from bayes_scaling.commands.report import _robustness_beside, kind_of, report_command
from bayes_scaling.inference.result import Fit
from bayes_scaling.reports.fit_words import plain_answer

fault = pytest.mark.fault("Reports")

APP = typer.Typer()
APP.command()(report_command)


@pytest.fixture(scope="module")
def fit(ho2024) -> Fit:
    return drawn_fit("ho2024/07", bs.on_benchmarks(ho2024, "ptb"), g_N=0.5, g_D=0.5)


def run(*arguments: str):
    return CliRunner().invoke(APP, list(arguments))


def test_a_fit_becomes_a_page_and_its_twin(fit, tmp_path):
    fit.save(tmp_path)
    done = run(str(tmp_path))
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fit.nc", "report.html", "report.json"]
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["answer"] == plain_answer(fit)
    assert "(fit): reading" in " ".join(done.stderr.split()) and "reading" not in done.stdout
    assert " ".join(plain_answer(fit).split()) in " ".join(done.stdout.split())


def test_an_unconverged_fit_is_reported_with_exit_code_1(fit, undrawn, tmp_path):
    replace(fit, diagnostics=BAD).save(tmp_path / "my.nc")
    done = run(str(tmp_path / "my.nc"), "--format", "json", "--quiet")
    assert done.exit_code == 1 and done.stderr == ""
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["answer"].startswith("NOT CONVERGED") and found["banners"][0]["title"] == "NOT CONVERGED"
    assert done.stdout.startswith("NOT CONVERGED")


@pytest.mark.whole  # approach 2 is sampled
def test_budgets_that_are_asked_for_are_those_of_answer_and_table(fit, undrawn, tmp_path):
    runs = fit_around_made_runs()
    runs.save(tmp_path / "runs.nc")
    done = run(str(tmp_path / "runs.nc"), "--format", "json", "--quiet", "--compute", "1e24,3.33e25")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    best = bs.credible_intervals(bs.optimal_allocation(runs, [1e24])["tokens_per_parameter"]).iloc[0]
    assert found["answer"].startswith("With 1e+24 FLOP, 1,000 times the largest of these runs, the loss is lowest")
    assert f"about {best['median']:.3g} tokens per parameter" in found["answer"]
    (section,) = (each for each in found["sections"] if each["name"] == "allocation")
    budgets = [row["budget"].partition(" FLOP")[0] for row in section["tables"][0]["records"]]
    assert budgets == ["1e+21", "1e+22", "1e+23", "1e+24", "3.33e+25"]
    for compute, refused, words in (
        ("1e24", fit, "says nothing of how a budget is best split"),
        ("-1", runs, "compute .FLOP. must be above 0"),
    ):
        refused.save(tmp_path / "other.nc")
        failed = run(str(tmp_path / "other.nc"), "--format", "json", "--quiet", "--compute", compute)
        assert isinstance(failed.exception, bs.BayesScalingError) and re.search(words, str(failed.exception))


def test_what_a_directory_holds_is_seen_by_its_files(tmp_path):
    for name, kind in (("fit.nc", "fit"), ("comparison.json", "comparison"), ("robustness.json", "robustness")):
        directory = tmp_path / kind
        directory.mkdir()
        (directory / name).write_text("", encoding="utf-8")
        assert kind_of(directory) == kind


def test_what_can_t_be_reported_is_told(tmp_path):
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    for path, words in (
        (tmp_path / "nowhere", "no such directory.*`bayes-scaling fit`"),
        (
            tmp_path,
            r"looked for fit\.nc, comparison\.json, .*, calibration\.json, replication\.csv",
        ),
        (tmp_path / "notes.txt", "is a file"),
        (Path("a" * 5000), "not a valid path|no such directory"),
    ):
        with pytest.raises(bs.BayesScalingError, match=words):
            kind_of(path)
    (tmp_path / "fit.nc").write_text("", encoding="utf-8")
    (tmp_path / "comparison.json").write_text("", encoding="utf-8")
    with pytest.raises(bs.BayesScalingError, match=r"several results \(comparison\.json, fit\.nc\)"):
        kind_of(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--output", "report.pdf"), "its ending says no format"),
        (("--format", "pdf"), "valid choices: html, markdown, json"),
        (("--output", ""), "--output is empty"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(tmp_path, options, words):
    done = run(str(tmp_path / "nowhere"), *options)
    assert isinstance(done.exception, bs.BayesScalingError) and words in str(done.exception)


@fault
def test_a_damaged_fit_is_refused_and_nothing_is_written(fit, tmp_path):
    file = fit.save(tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    done = run(str(tmp_path))
    assert isinstance(done.exception, bs.FitFileError)
    assert [each.name for each in tmp_path.iterdir()] == ["fit.nc"]


@fault
def test_a_damaged_robustness_run_beside_a_fit_is_left_out(fit, undrawn, tmp_path):
    fit.save(tmp_path / "mine")
    beside = tmp_path / f"robustness-{fit.evaluations.name}"
    beside.mkdir()
    (beside / "robustness.json").write_text("{", encoding="utf-8")
    done = run(str(tmp_path / "mine"), "--format", "markdown")
    assert done.exit_code == 0 and "is left out" in done.stderr
    assert (tmp_path / "mine" / "report.md").is_file()


@fault
def test_results_of_a_run_are_not_replaced_by_a_report_of_their_name(fit, tmp_path):
    fit.save(tmp_path)
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    done = run(str(tmp_path), "--output", str(tmp_path / "summary.html"))
    assert isinstance(done.exception, bs.BayesScalingError) and "choose another --output" in str(done.exception)
    assert done.stderr == ""  # before anything is read
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fit.nc", "summary.json"]


def test_a_robustness_run_is_looked_for_where_its_command_writes_it(fit, tmp_path):
    """And a table's name goes nowhere else."""
    (tmp_path / "mine").mkdir()
    for name, where in (("my table", "robustness-my-table"), ("/../../out", "robustness--..-..-out")):
        named = replace(fit, evaluations=replace(fit.evaluations, name=name))
        place = tmp_path / where
        place.mkdir()
        (place / "robustness.json").write_text("{", encoding="utf-8")
        with pytest.raises(bs.BayesScalingError, match=f"{where}/robustness.json: damaged"):
            _robustness_beside(tmp_path / "mine", named)


def test_a_robustness_run_of_other_rows_beside_a_fit_is_left_out(fit, ho2024, undrawn, tmp_path):
    fit.save(tmp_path / "mine")
    kept_robustness(ho2024, tmp_path / "robustness-ho2024", cases=("papers",))
    done = run(str(tmp_path / "mine"), "--format", "json")
    assert done.exit_code == 0 and "differ in rows, papers, selections" in " ".join(done.stderr.split())
    assert "other-choices" not in (tmp_path / "mine" / "report.json").read_text(encoding="utf-8")


def test_a_robustness_run_of_the_same_rows_stands_in_the_report(fit, ho2024, undrawn, tmp_path):
    fit.save(tmp_path / "mine")
    kept_robustness(bs.on_benchmarks(ho2024, "ptb"), tmp_path / "robustness-ho2024", cases=("papers",))
    done = run(str(tmp_path / "mine"), "--format", "json", "--quiet")
    assert done.exit_code == 0 and done.stderr == ""
    assert "other-choices" in (tmp_path / "mine" / "report.json").read_text(encoding="utf-8")
