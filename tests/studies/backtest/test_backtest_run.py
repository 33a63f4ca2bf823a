"""A backtest as it is planned, run, resumed and asked for on the command line."""

from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

import bayes_scaling as bs
from bayes_scaling.commands.studies import backtest_command
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import Settings
from bayes_scaling.studies import study
from bayes_scaling.studies.backtest.backtest import backtest, planned, work
from bayes_scaling.studies.backtest.forecasts import Record
from bayes_scaling.studies.backtest.splits import FIRST, LAST, PUBLISHED, forecasters, without_progress

ESTIMATE = f"{PUBLISHED}, the paper's estimate"


@pytest.fixture
def sent(monkeypatch):
    """Tasks run at once in this process; posteriors are given the paper's estimate, so that nothing is sampled."""
    names = []

    def run(function, tasks, *, on_done, **options):
        for name, task in tasks.items():
            names.append(f"{task.forecaster.name}, {task.split.cut}")
            stand_in = replace(task.forecaster, specification=bs.load_specification(PUBLISHED), method="estimate")
            record = Record.from_bytes(function(replace(task, forecaster=stand_in)))
            on_done(name, replace(record, forecaster=task.forecaster.name).to_bytes())

    monkeypatch.setattr(study, "run_tasks", run)
    return names


def test_what_is_compared_by_default() -> None:
    plan = planned()
    assert len(plan.tasks) == 5 * len(range(FIRST, LAST + 1)) and not plan.skipped
    assert [one.method for one in forecasters()] == ["posterior"] * 3 + ["estimate", "bootstrap"]


@pytest.mark.parametrize("name", ["reference", "ho2024/13", "ho2024/14", "ho2024/18", "robustness/bend-2017"])
def test_without_progress_all_else_is_as_it_was(name) -> None:
    specification = bs.load_specification(name)
    still = without_progress(specification)
    assert not still.progresses and still.noise == specification.noise and still.law == specification.law
    left = {parameter.name for parameter in still.parameters()}
    assert left < {parameter.name for parameter in specification.parameters()}
    for parameter in left:
        assert still.prior_of(parameter) == specification.prior_of(parameter)


@pytest.mark.whole
def test_what_is_finished_is_not_done_again(sent, tmp_path) -> None:
    first = backtest(cuts=[2020], directory=tmp_path)
    assert len(sent) == 5
    (path,) = [path for path in tmp_path.glob("forecasts/*estimate*")]
    path.write_bytes(path.read_bytes()[:100])
    kept = {}
    again = backtest(cuts=[2020, 2021], directory=tmp_path, on_done=lambda name, reused: kept.update({name: reused}))
    assert sorted(sent[5:]) == sorted([f"{ESTIMATE}, 2020", *(f"{one.name}, 2021" for one in forecasters())])
    assert kept["reference, 2020"] and not kept[f"{ESTIMATE}, 2020"]
    assert len(again.set_aside) == 1
    assert (
        again.by_cut().loc[("reference", 2020), "covered_90"] == first.by_cut().loc[("reference", 2020), "covered_90"]
    )


def test_another_seed_or_another_later_loss_is_other_work(ho2024) -> None:
    changed = ho2024.copy()
    changed.loc[changed["published"].idxmax(), "perplexity"] += 1
    plans = [planned(cuts=[2020], **options) for options in ({}, {"seed": 1}, {"evaluations": changed})]
    files = [{task.file for task in plan.tasks.values()} for plan in plans]
    assert not files[0] & files[1] and not files[0] & files[2]


def test_a_record_says_whether_chains_agreed_and_what_it_predicted() -> None:
    task = next(task for task in planned(cuts=[2020]).tasks.values() if task.forecaster.method == "estimate")
    record = Record.from_bytes(work(task))
    assert record.converged and record.before == 124 and len(record.scores) == 107
    assert record.scores["log_score"].notna().all() and record.scores["crps"].between(0, 5).all()


def test_cuts_that_a_table_does_not_allow_are_skipped_with_the_reason() -> None:
    plan = planned(["reference", "robustness/bend-2017"], cuts=[2014, 2015, 2017, 2019])
    assert set(plan.skipped) == {"2014", "robustness/bend-2017, 2015", "robustness/bend-2017, 2017"}
    assert "has rates before and after" in plan.skipped["robustness/bend-2017, 2017"]
    with pytest.raises(BayesScalingError, match="no cut year can be used: cut 2030: nothing was published"):
        planned(cuts=[2030])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cuts": []}, "no cut year is given"),
        ({"cuts": [2016.5]}, "cut year 2016.5 is not a whole year"),
        ({"cuts": [2016, 2016]}, "a cut year stands twice"),
        ({"specifications": ["ho2024/77"]}, "no specification 'ho2024/77'"),
        ({"specifications": ["reference", "reference"]}, "compared twice: reference"),
        ({"specifications": ["kaplan/critical-batch"]}, "choose another specification for evaluations"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"settings": Settings(draws=1)}, "draws must be a whole number"),
        ({"evaluations": bs.load_runs()}, "training runs are cut by what is held out: --hold-out"),
        ({"hold_out": "largest"}, "evaluations are cut by date, and have no hold-out"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_runs(options, message, monkeypatch) -> None:
    monkeypatch.setattr(study, "run_tasks", lambda *args, **rest: pytest.fail("ran"))
    with pytest.raises(BayesScalingError, match=message):
        backtest(**options)


@pytest.fixture
def app():
    made = typer.Typer(pretty_exceptions_enable=False)
    made.command()(backtest_command)
    return made


@pytest.mark.whole
def test_the_command_writes_its_files(app, sent, tmp_path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["reference", "--from", "2020", "--to", "2021", "--output", str(out)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in out.iterdir()} == {
        *("backtest.png", "backtest.md", "backtest.csv", "scores.csv", "backtest.json", "forecasts")
    }
    assert "reference: 90% predictive intervals hold" in " ".join(done.output.split())
    assert len(sent) == 2 * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2021", "--to", "2016"], "the first must not be after the last"),
        (["--evaluations", "missing.csv"], "missing.csv"),
        (["--workers", "0"], "--workers must be at least 1"),
        (["nonsense"], "no specification 'nonsense'"),
    ],
)
def test_bad_arguments_make_no_directory(app, tmp_path, arguments, message) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, [*arguments, "--output", str(out)])
    assert isinstance(done.exception, BayesScalingError) and message in str(done.exception)
    assert not out.exists()


def test_the_commands_cut_years_are_the_functions(app) -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert str(FIRST) in shown and str(LAST) in shown


@pytest.mark.slow
def test_a_posterior_predicts_and_a_law_without_progress_does_worse(tmp_path) -> None:
    quick = Settings(draws=300, tune=500, chains=4, target_accept=0.9, attempts=3)
    result = backtest(["ho2024/07"], cuts=[2020], directory=tmp_path, settings=quick, workers=1)
    assert result.forecasts["converged"].all()
    table = result.summary()
    assert 0.8 <= table.loc["ho2024/07", "covered_90"] <= 1
    assert table.loc["ho2024/07 without progress", "log_score_diff"] > 0
