"""Runs that are held out: which, what may not cross to the others, and what is said of their predictions."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import typer
from made_fits import fit_around_made_runs
from made_runs import made_runs
from scipy import stats
from typer.testing import CliRunner

import bayes_scaling as bs
from bayes_scaling.commands.studies import backtest_command
from bayes_scaling.quantities.domain import DOMAIN
from bayes_scaling.reports.backtest_document import backtest_page, backtest_report, sentences
from bayes_scaling.studies import study
from bayes_scaling.studies.backtest.backtest import in_words, planned
from bayes_scaling.studies.backtest.forecasts import Record, posterior_forecast, published_forecast, scored
from bayes_scaling.studies.backtest.splits import Split, forecasters, held_out

RUNS = bs.load_runs("simulated").drop(columns="series")
BUDGETS = sorted(RUNS["flop"].round(-15).unique())
WAYS = ("flop > 5e20", "parameters > 2e9 and tokens > 1e10", "largest", "largest:5", "each", "growing")
NAMES = [each.name for each in forecasters(runs=True)]


def changed(runs: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    """The same runs, with other losses in some rows: some higher, some lower."""
    other = runs.copy()
    other.loc[rows, "loss"] *= np.where(np.arange(len(rows)) % 2, 1.3, 0.7)
    return other


def test_which_runs_are_held_out() -> None:
    (largest,) = held_out(RUNS, "largest")
    assert largest.cut == "3e+21 FLOP" and len(largest.later) == 12
    (five,) = held_out(RUNS, "largest:5")
    assert len(five.later) == 5 and set(five.later.index) < set(largest.later.index)
    each = held_out(RUNS, "each")
    assert [split.cut for split in each][::8] == ["6e+18 FLOP", "3e+21 FLOP"] and {len(s.later) for s in each} == {12}
    growing = held_out(RUNS, "growing")
    assert len(growing) == 6 and [len(split.before) for split in growing] == [24, 36, 48, 72, 84, 96]
    assert all(split.before["flop"].max() < split.later["flop"].min() for split in growing)
    (own,) = held_out(RUNS, "flop > 5e20")
    assert own.cut == "flop > 5e20" and own.later["flop"].min() > 5e20 >= own.before["flop"].max()


@pytest.mark.parametrize("way", WAYS)
def test_every_run_is_on_one_side(way) -> None:
    for split in held_out(RUNS, way):
        assert not set(split.before.index) & set(split.later.index)
        assert len(split.before) + len(split.later) == len(RUNS)


@pytest.mark.parametrize("way", WAYS)
def test_losses_held_out_choose_nothing_that_is_fitted(way) -> None:
    """Nor do they where the best of a sweep is kept: of each, one row with a lower loss is on the other side."""
    sweep = pd.concat([RUNS, RUNS.assign(loss=RUNS["loss"] * 1.1).rename("{}-b".format)])
    for place, split in enumerate(held_out(sweep, way, ["flop"])):
        rows = sweep.index.difference(split.before.index)
        rows = rows[~sweep.loc[rows, "flop"].isin(split.before["flop"]) | rows.isin(split.later.index)]
        again = held_out(changed(sweep, rows), way, ["flop"])[place]
        pd.testing.assert_frame_equal(again.before, split.before)


def test_the_best_of_a_budget_that_is_cut_through_is_chosen_on_each_side() -> None:
    (split,) = held_out(RUNS, "parameters > 1e9", ["flop"])
    assert split.before["parameters"].max() <= 1e9 < split.later["parameters"].min()
    for side in (split.before, split.later):
        assert not side["flop"].round(-15).duplicated().any()


@pytest.fixture(scope="module")
def split() -> Split:
    return held_out(made_runs(), "flop > 2e20")[0]


@pytest.mark.whole
@pytest.mark.parametrize("method", ["posterior", "estimate", "bootstrap", "line"])
def test_losses_held_out_change_no_forecast(split, method, monkeypatch) -> None:
    monkeypatch.setattr("bayes_scaling.studies.backtest.forecasts.BOOTSTRAP_DRAWS", 4)
    other = replace(split, later=changed(split.later, split.later.index))
    if method == "posterior":
        first, second = (posterior_forecast(fit_around_made_runs(), each) for each in (split, other))
    else:
        law = bs.load_specification("chinchilla")
        first, second = (published_forecast(law, each, method, 0) for each in (split, other))
    assert np.array_equal(first.draws, second.draws)
    assert not np.allclose(first.log_density, second.log_density)


def test_a_posterior_predicts_a_new_run_with_its_noise(split) -> None:
    fit = fit_around_made_runs()
    found, sizes = posterior_forecast(fit, split), {name: split.later[name] for name in ("parameters", "tokens")}
    mean = bs.predicted_loss(fit, **sizes).to_numpy().reshape(-1, len(split.later))
    residual = np.log(split.later["loss"].to_numpy()) - np.log(mean)
    density = stats.norm.pdf(residual, scale=0.01) / split.later["loss"].to_numpy()
    assert found.log_density == pytest.approx(np.log(density.mean(axis=0)), abs=1e-6)
    ends = np.quantile(found.draws, [0.05, 0.95], axis=0)
    exact = np.quantile(
        mean * np.exp(0.01 * np.random.default_rng(3).standard_normal(mean.shape)), [0.05, 0.95], axis=0
    )
    assert ends == pytest.approx(exact, rel=0.005)


def test_a_line_is_predicted_as_in_textbooks(split) -> None:
    """By the hat matrix."""
    law = bs.load_specification("kaplan/compute")
    table = scored(published_forecast(law, split, "line", 0), split)
    log_flop = [np.log(6 * side["parameters"] * side["tokens"]) for side in (split.before, split.later)]
    x, new = (np.column_stack([np.ones(len(each)), each]) for each in log_flop)
    y = np.log(split.before["loss"])
    beta, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
    leverage = np.einsum("ij,jk,ik->i", new, np.linalg.inv(x.T @ x), new)
    noise = stats.t(len(x) - 2, new @ beta, np.sqrt(rest[0] / (len(x) - 2) * (1 + leverage)))
    log_loss = np.log(table["loss"].to_numpy())
    assert table["log_score"].to_numpy() == pytest.approx(noise.logpdf(log_loss) - log_loss, abs=1e-8)
    assert table["upper_90"].to_numpy() == pytest.approx(np.exp(noise.ppf(0.95)), rel=0.01)


@pytest.mark.parametrize(
    ("hold_out", "message"),
    [
        ("flop > 1e30", r"holds out none of 108 runs, whose compute is 6e\+18 to 3e\+21 FLOP"),
        ("flop > 1", "holds out all of 108 runs"),
        ("flops > 1e20", "hold-out: there is no column 'flops'; the table has .*; or type one of largest, largest:K"),
        ("flop >", "hold-out: 'flop >' can't be read"),
        ("flop", "is not true or false in each row"),
        ("biggest", "there is no column 'biggest'"),
        ("largest:0", "K must be a whole number from 1 to 107"),
        ("largest:x", "K must be a whole number"),
        ("largest:108", "K must be a whole number"),
        ("loss < 2.5", "the loss is what is predicted"),
        (
            "flop > 7e18 or parameters > 9e7",
            "what is left by the hold-out can't be fitted: .*fewer points than parameters",
        ),
    ],
)
def test_what_can_not_be_held_out_is_refused_before_anything_runs(hold_out, message, monkeypatch) -> None:
    monkeypatch.setattr(study, "run_tasks", lambda *args, **rest: pytest.fail("ran"))
    with pytest.raises(bs.BayesScalingError, match=message):
        bs.backtest(None, RUNS, hold_out=hold_out)


def test_budgets_that_are_not_there_are_refused() -> None:
    one = RUNS[RUNS["flop"] < 7e18]
    with pytest.raises(bs.RunsError, match="needs 2 budgets of compute, and these runs have 1; choose largest:K"):
        held_out(one, "largest")
    with pytest.raises(bs.RunsError, match="growing: needs 3 budgets"):
        held_out(one, "growing")


def test_rungs_that_can_not_be_fitted_are_skipped_with_the_reason() -> None:
    few = RUNS.groupby(RUNS["flop"].round(-15)).head(2)
    plan = planned(None, few, hold_out="growing")
    assert "chinchilla, up to 1e+19 FLOP" in plan.skipped
    assert "fewer points than parameters" in plan.skipped["chinchilla, up to 1e+19 FLOP"]
    assert "chinchilla, up to 1e+21 FLOP" in plan.tasks


def test_what_will_be_fitted_is_said() -> None:
    few = RUNS.sample(13, random_state=0)
    (split,) = held_out(few, "largest:3")
    assert in_words(planned(None, few, hold_out="largest:3")) == (
        "2 posteriors to sample (chinchilla, runs/discrepancy; 1 cut of the table, fitted rows: 10), each up to some "
        "minutes, and again in smaller steps where it does not converge; beside them 3 forecasts by point estimates "
        "and bootstraps"
    )
    assert len(split.before) == 10
    growing = in_words(planned("chinchilla", RUNS, hold_out="growing"))
    assert growing.startswith("6 posteriors to sample (chinchilla; 6 cuts of the table, fitted rows: 24 to 96), ")


@pytest.fixture
def sent(monkeypatch):
    """Tasks run at once in this process; posteriors and bootstraps are given the line, so that nothing is sampled."""
    names = []

    def run(function, tasks, *, on_done, **options):
        for file, task in tasks.items():
            names.append(task.name)
            record = Record.from_bytes(function(replace(task, forecaster=replace(task.forecaster, method="line"))))
            on_done(file, record.to_bytes())

    monkeypatch.setattr(study, "run_tasks", run)
    return names


@pytest.mark.whole
def test_a_backtest_of_runs_is_resumed_read_back_and_reported(sent, tmp_path) -> None:
    first = bs.backtest(None, RUNS, hold_out="growing", directory=tmp_path)
    assert len(sent) == 6 * len(NAMES) and first.names == tuple(NAMES)
    again = bs.backtest(None, RUNS, hold_out="growing", directory=tmp_path)
    assert len(sent) == 6 * len(NAMES)
    pd.testing.assert_frame_equal(first.scores, again.scores)
    other = changed(RUNS, held_out(RUNS, "largest")[0].later.index)
    bs.backtest(None, other, hold_out="growing", directory=tmp_path)
    assert len(sent) == 12 * len(NAMES)  # their scores are others


def test_what_is_said_of_runs(sent) -> None:
    result = bs.backtest("chinchilla", RUNS, hold_out="growing")
    assert list(result.horizons) == ["all", "near", "far"]
    table = result.predictions
    assert set(DOMAIN) < set(table) and table["domain"].isin(["edge", "beyond"]).all()
    assert table["error_percent"].to_numpy() == pytest.approx(
        (100 * (table["median"] - table["observed"]) / table["observed"]).to_numpy()
    )
    near = result.by_cut("near").loc["chinchilla"]
    assert near["evaluations"].tolist() == [36, 36, 36, 36, 24, 12]
    page = backtest_page(result)
    assert "# Do small runs predict the large ones?" in page and "By split, predicted: all held out" in page
    assert "evaluation" not in page.replace("predicted: ", "")
    assert table["compute_ratio"].agg(["min", "max"]).tolist() == pytest.approx([5 / 3, 300])
    (answer, *_) = sentences(result)
    assert answer.startswith("On this table, ") and "at 1.7 to 300 times the largest compute fitted, averaged" in answer
    backtest_report(result)


def test_the_runs_held_out_are_told_with_how_far_they_are(sent) -> None:
    """Of one series, whose errors can't be estimated."""
    result = bs.backtest("chinchilla", RUNS.assign(series="one"), hold_out="largest")
    page = " ".join(backtest_page(result).split())
    assert "12 runs held out, at 3 times the largest compute fitted, lie inside the 90% intervals of chinchilla" in page
    assert "predicted: all held out, at 3 times the largest compute fitted" in page and "up to 10" not in page
    assert "nan" not in page and "(no standard error: one series)" in page


@pytest.mark.whole
def test_the_command_prints_every_prediction_and_its_report_is_read_back(sent, tmp_path) -> None:
    RUNS.to_csv(tmp_path / "mine.csv")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(backtest_command)
    out = tmp_path / "out"
    asked = ["chinchilla", "--runs", str(tmp_path / "mine.csv"), "--output", str(out), "--json", "--quiet"]
    done = CliRunner().invoke(app, [*asked, "--hold-out", "largest"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    contract = {"forecaster", "parameters", "tokens", "observed", "median", "lower_90", "upper_90"}
    contract |= {"error_percent", "log_score", "domain"}
    assert len(found["predictions"]) == 12 * 4 and all(contract <= set(each) for each in found["predictions"])
    assert done.stderr == ""
    told = CliRunner().invoke(app, [*asked[:-1], "--hold-out", "largest"])
    assert told.stderr.startswith("bayes-scaling: 1 posterior to sample (chinchilla; 1 cut of the table, ")
    loaded = bs.load_backtest(out)
    assert len(loaded.predictions) == 12 * 4 and loaded.evaluations.kind == "runs"
    assert json.loads((out / "backtest.json").read_text(encoding="utf-8"))["cuts"] == ["3e+21 FLOP"]
    for wrong, message in (
        (asked, "--runs and --hold-out go together"),
        (["--hold-out", "largest"], "--runs and --hold-out go together"),
        ([*asked, "--hold-out", "largest", "--from", "2017"], "--from and --to cut evaluations by date"),
    ):
        done = CliRunner().invoke(app, wrong)
        assert isinstance(done.exception, bs.BayesScalingError) and message in str(done.exception)


@pytest.mark.slow
def test_intervals_hold_runs_of_the_law_itself(tmp_path) -> None:
    """Over splits at which posteriors know little, and hardly more than the prior."""
    result = bs.backtest("chinchilla-normal", RUNS, hold_out="growing", directory=tmp_path, workers=1)
    row = result.summary().loc["chinchilla-normal"]
    assert row["not_converged"] == 0 and 0.8 <= row["covered_90"] <= 1 and row["absolute_error_percent"] < 3
