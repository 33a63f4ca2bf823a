"""`bayes-scaling allocate`: a posterior beside published laws, what can't be said, and bad usage."""

import io
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from made_fits import GOOD, fit_around_made_runs, made_fit_of_runs
from made_runs import made_runs
from penalised_fits import fit_around
from rich.console import Console

import bayes_scaling as bs
from bayes_scaling.cli import main
from bayes_scaling.common.formatting import amount, number
from bayes_scaling.law.chinchilla import STATIC_LAWS
from bayes_scaling.model.coordinates import published_names
from bayes_scaling.quantities.allocation_table import (
    INFERENCE,
    KAPLAN,
    KAPLAN_SPLIT,
    PUBLISHED,
    TRAINING,
    Question,
    allocations,
    sources,
)
from bayes_scaling.reports.allocation import allocation_report, allocation_sentence
from bayes_scaling.reports.document import Bullets
from bayes_scaling.reports.fit_results import allocation_section, budget_sentence
from bayes_scaling.studies.approaches.beside import has_budgets, kept_with

LABEL = "chinchilla-normal on made"
BUDGET = 1e24
SIZES = ("parameters", "tokens", "tokens_per_parameter", "loss")


@dataclass(frozen=True)
class Printed:
    """How a command ended in this process."""

    code: int
    out: str
    err: str

    @property
    def prose(self) -> str:
        return " ".join(self.out.split())

    @property
    def json(self) -> dict:
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.fixture
def allocate(monkeypatch, capfd, tmp_path) -> Callable[..., Printed]:
    monkeypatch.chdir(tmp_path)
    # Else profiles are sampled.
    monkeypatch.setattr("bayes_scaling.studies.approaches.beside.has_budgets", lambda fit: False)

    def run(*arguments: str) -> Printed:
        monkeypatch.setattr(sys, "argv", ["bayes-scaling", "allocate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Printed(ended.value.code or 0, *capfd.readouterr())

    return run


def of(rows: list[dict], law: str, purpose: str = TRAINING, compute: float = BUDGET) -> dict[str, dict]:
    chosen = [row for row in rows if (row["law"], row["purpose"], row["compute"]) == (law, purpose, compute)]
    return {row["quantity"]: row for row in chosen}


# Published laws alone


def test_published_laws_answer_without_a_fit(allocate) -> None:
    printed = allocate("--compute", "5.76e23", "--json")
    assert (printed.code, printed.err) == (0, "")
    found, rows = printed.json, printed.json["rows"]
    assert found["fit"] is None
    assert {row["law"] for row in rows} == set(found["sources"]) == {KAPLAN, *(law.name for law in PUBLISHED)}
    laws = [of(rows, law.name, compute=5.76e23) for law in STATIC_LAWS]
    ratios = [law["tokens_per_parameter"]["median"] for law in laws]
    # Published: 92.6, 58.9 and 18.3 tokens per parameter at the compute of Chinchilla.
    assert [round(ratio, 1) for ratio in ratios] == [92.6, 58.9, 18.3]
    assert all(row["lower"] is None and row["upper"] is None and row["converged"] is None for row in rows)


def test_a_split_spends_its_budget_and_kaplans_rule_is_kaplans(allocate) -> None:
    rows = allocate("--compute", "1e24", "--json").json["rows"]
    for law in sources():
        best = of(rows, law)
        assert set(best) == set(SIZES)
        assert 6 * best["parameters"]["median"] * best["tokens"]["median"] == pytest.approx(BUDGET)
    assert of(rows, KAPLAN)["parameters"]["median"] == pytest.approx(1.3e9 * (BUDGET / 8.64e19) ** 0.73)
    assert of(rows, KAPLAN)["loss"]["median"] == pytest.approx((3.1e8 * 8.64e19 / BUDGET) ** 0.05)


def written(quantity: str, value: float) -> str:
    """Numbers of parameters and tokens as people say them."""
    return amount(value) if quantity in ("parameters", "tokens") else number(value)


def test_parameters_and_tokens_are_in_words(allocate, saved) -> None:
    for fitted in ([], ["--fit", str(saved)]):
        printed = allocate("--compute", "1e24", "--inference-tokens", "2e12", "--parameters", "7e10", *fitted)
        assert "and 2 trillion tokens of use together" in printed.prose and "70 billion parameters" in printed.prose
        assert re.findall(r"\d(?:\.\d+)? billion", printed.prose)
        assert {found.split()[-1] for found in re.findall(r"\de\+\d+ \w+", printed.prose)} == {"FLOP"}


def test_tables_name_each_law_its_numbers_and_source(allocate) -> None:
    printed = allocate("--compute", "1e24")
    rows = allocate("--compute", "1e24", "--json").json["rows"]
    assert (printed.code, printed.err) == (0, "")
    for law, source in sources().items():
        cells = [written(name, of(rows, law)[name]["median"]) for name in SIZES]
        assert " ".join([law, *cells]) in printed.prose
        assert f"- {law}: {source}" in printed.prose
    cost = [of(rows, law.name, KAPLAN_SPLIT)["cost_of_split"]["median"] for law in PUBLISHED]
    least, most = re.search(r"at ([\d.]+) to ([\d.]+) times the compute that these laws need", printed.prose).groups()
    assert {number(min(cost)), number(max(cost))} <= {least, most}
    assert "give --fit DIR" in printed.prose


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(15, 27), min_size=1, max_size=4, unique=True))
def test_more_compute_is_a_lower_loss_with_more_of_both(powers) -> None:
    budgets = tuple(10.0**power for power in sorted(powers))
    answer = allocations(Question(budgets))
    for law in sources():
        parameters, tokens, _, loss = (
            [answer.rows(budget, TRAINING)[law][name]["median"] for budget in budgets] for name in SIZES
        )
        assert parameters == sorted(parameters)
        assert tokens == sorted(tokens)
        assert loss == sorted(loss, reverse=True)


# With a posterior


def test_the_posteriors_numbers_are_those_of_its_draws(allocate, fit, saved) -> None:
    found = allocate("--compute", "1e24", "--fit", str(saved), "--json").json
    draws = {name: fit.data["posterior"][name].to_numpy().ravel() for name in ("E", "A", "B", "alpha", "beta")}
    total = draws["alpha"] + draws["beta"]
    scale = (draws["alpha"] * draws["A"] / (draws["beta"] * draws["B"])) ** (1 / total)  # Hoffmann et al. 2022, eq. 4
    parameters = scale * (BUDGET / 6) ** (draws["beta"] / total)
    tokens = BUDGET / 6 / parameters
    loss = draws["E"] + draws["A"] / parameters ** draws["alpha"] + draws["B"] / tokens ** draws["beta"]
    expected = dict(zip(SIZES, (parameters, tokens, tokens / parameters, loss), strict=True))
    rows = of(found["rows"], LABEL)
    for name, values in expected.items():
        tail = (1 - 0.95) / 2  # as rounded there: with 1,000 draws, 0.025 is on the edge between two of them
        quantiles = np.quantile(values, [0.5, tail, 1 - tail], method="inverted_cdf")
        assert [rows[name][key] for key in ("median", "lower", "upper")] == pytest.approx(quantiles, rel=1e-6), name
    assert found["interval"] == {"probability": 0.95, "kind": "equal-tailed"}
    assert found["fit"]["converged"] is True


def test_the_answer_is_a_table_and_a_sentence(allocate, saved) -> None:
    rows = of(allocate("--compute", "1e24", "--fit", str(saved), "--json").json["rows"], LABEL)
    printed = allocate("--compute", "1e24", "--fit", str(saved))
    assert (printed.code, printed.err) == (0, "")
    said = {name: [written(name, rows[name][key]) for key in ("median", "lower", "upper")] for name in SIZES}
    median, lower, upper = said["parameters"]
    assert f"puts the best model at {median} ({lower} to {upper}) parameters" in printed.prose
    assert "95% equal-tailed credible interval" in printed.prose
    medians = " ".join(said[name][0] for name in SIZES)
    assert medians in printed.prose
    for end, place in (("lower", 1), ("upper", 2)):
        assert " ".join([end, *(said[name][place] for name in SIZES)]) in printed.prose
    assert "NOT CONVERGED" not in printed.out


def test_it_says_how_far_a_budget_lies_beyond_the_runs(allocate, saved) -> None:
    beyond = allocate("--compute", "1e24", "--fit", str(saved))  # the largest made run has 1e21 FLOP
    assert "The budget is 1,000 times the largest compute fitted (1e+21 FLOP): this is extrapolated." in beyond.prose
    inside = allocate("--compute", "1e20", "--fit", str(saved))
    assert "The budget is not beyond the largest compute fitted" in inside.prose
    found = allocate("--compute", "1e24", "--compute", "1e20", "--fit", str(saved), "--json").json
    assert found["fit"]["extrapolation"] == pytest.approx({"1e+24": 1e3, "1e+20": 0.1})
    rows = [each for each in found["rows"] if each["law"] == LABEL and each["quantity"] == "parameters"]
    assert [each["domain"] for each in rows] == ["inside", "beyond"] and found["fit"]["undecided"] == []
    assert f"lies beyond what was fitted, {rows[1]['distance']:.2g} units of its spread" in beyond.prose
    assert "(domain: beyond)" in beyond.prose
    assert "lies inside what was fitted" in inside.prose


def test_sizes_beyond_any_number_lie_nowhere_and_that_is_said() -> None:
    shape = (2, 100)
    scatter = np.exp(0.01 * np.random.default_rng(0).normal(size=shape))
    values = {"level": 3 * scatter, "irreducible_share": 0.5 * scatter, "share": np.full(shape, 0.95)}
    nearly_flat = {name: 1e-3 * scatter for name in ("alpha", "beta")}
    fit = made_fit_of_runs(made_runs(), sigma=0.01 * scatter, **values, **nearly_flat)
    answer = allocations(Question((BUDGET,)), fit)
    assert math.isinf(answer.rows(BUDGET, TRAINING)[LABEL]["parameters"]["median"])
    said = allocation_sentence(answer, BUDGET)
    assert (
        "The best split is of sizes beyond any number, so how far it lies from what was fitted is not defined." in said
    )
    assert "  " not in said and "domain" not in said


def test_a_split_that_the_data_do_not_decide_is_called_that_first(allocate, saved, fit, monkeypatch) -> None:
    monkeypatch.setattr("bayes_scaling.quantities.domain.UNDECIDED", 1.0001)
    printed = allocate("--compute", "1e24", "--fit", str(saved))
    assert f"At 1e+24 FLOP, {LABEL} does not decide the best split: its interval of" in printed.prose
    assert allocate("--compute", "1e24", "--fit", str(saved), "--json").json["fit"]["undecided"] == [1e24]
    assert budget_sentence(fit).startswith("These runs do not decide the best split of")


def test_a_split_of_ones_own_costs_what_the_best_split_would_save(allocate, saved, fit) -> None:
    rows = allocate("--compute", "1e24", "--fit", str(saved), "--tokens-per-parameter", "100", "--json").json["rows"]
    for law in PUBLISHED:
        cost = of(rows, law.name, "own split")["cost_of_split"]["median"]
        size = math.sqrt(BUDGET / 6 / 100)
        cheaper = bs.optimal_allocation(law, BUDGET / cost)["loss"].item()
        assert law.loss(size, 100 * size) == pytest.approx(cheaper, rel=1e-9)
        rule = of(rows, law.name, "Kaplan's rule")["cost_of_split"]["median"]
        assert rule > cost > 1
    own = of(rows, LABEL, "own split")["cost_of_split"]
    assert 1 < own["lower"] < own["median"] < own["upper"]
    printed = allocate("--compute", "1e24", "--fit", str(saved), "--tokens-per-parameter", "100")
    said = f"{number(own['median'])} ({number(own['lower'])} to {number(own['upper'])}) times the compute"
    assert f"A split at 100.0 tokens per parameter spends {said}" in printed.prose


def test_the_best_split_costs_nothing_by_parameters_too(allocate) -> None:
    best = bs.optimal_allocation(bs.BESIROGLU, BUDGET)["parameters"].item()
    rows = allocate("--compute", "1e24", "--parameters", repr(best), "--json").json["rows"]
    costs = {law.name: of(rows, law.name, "own split")["cost_of_split"]["median"] for law in PUBLISHED}
    assert costs.pop("Besiroglu et al. 2024") == pytest.approx(1)
    assert all(cost > 1 + 1e-6 for cost in costs.values())


def test_a_model_that_is_used_is_smaller_as_good_and_cheaper_overall(allocate, saved) -> None:
    asked = ("--compute", "1e24", "--fit", str(saved), "--inference-tokens", "1e13")
    rows = allocate(*asked, "--json").json["rows"]
    for law in PUBLISHED:
        best, used = of(rows, law.name), of(rows, law.name, INFERENCE)
        n, d = used["parameters"]["median"], used["tokens"]["median"]
        assert law.loss(n, d) == pytest.approx(best["loss"]["median"])
        total = 6 * n * d + 2 * n * 1e13
        assert used["total_compute"]["median"] == pytest.approx(total)
        otherwise = BUDGET + 2 * best["parameters"]["median"] * 1e13
        assert used["saving"]["median"] == pytest.approx(1 - total / otherwise)
        assert 0 < used["saving"]["median"] < 1
    saving = of(rows, LABEL, INFERENCE)["saving"]
    assert f"it saves {saving['median']:.0%} ({saving['lower']:.0%} to {saving['upper']:.0%})" in allocate(*asked).prose


def test_every_budget_has_its_own_answer(allocate, saved) -> None:
    printed = allocate("--compute", "1e24", "--compute", "1e22", "--compute", "1e24", "--fit", str(saved))
    for budget in ("1e+24", "1e+22"):
        assert printed.out.count(f"Best split of {budget} FLOP") == 1
        assert printed.prose.count(f"At {budget} FLOP, {LABEL} puts the best model at") == 1


def test_any_number_of_budgets_in_one_option_and_in_wide_json(allocate, saved) -> None:
    found = allocate("--compute", "1e21,1e22,1e23", "--compute", "1234567e18", "--fit", str(saved), "--json").json
    assert found["compute"] == [1e21, 1e22, 1e23, 1234567e18]
    assert list(found["allocation"]) == ["1e+21", "1e+22", "1e+23", "1.234567e+24"]
    for name, row in of(found["rows"], LABEL, compute=1e22).items():
        assert found["allocation"]["1e+22"][name] == {end: row[end] for end in ("median", "lower", "upper")}
    assert found["approach_2"] is None
    assert allocate("--compute", "1e21", "--json").json["allocation"] is None


class Quadratics:
    """IsoFLOP profiles with a best size of so many times the fit's, without sampling."""

    converged, rhat_max = True, 1.0
    findings = ("the lowest loss of 1e+19 is at the edge of the grid",)

    def __init__(self, fit: bs.Fit, times: float, spread: float) -> None:
        self.fit, self.times, self.spread = fit, times, spread

    def exponents(self) -> xr.Dataset:
        a = bs.allocation_exponents(self.fit)["a"]
        return xr.Dataset({"a": a.mean() + (a - a.mean()) * self.spread})

    def best_parameters(self, compute: np.ndarray) -> xr.DataArray:
        return self.times * bs.optimal_allocation(self.fit, compute)["parameters"].reset_coords(drop=True)


@pytest.mark.parametrize(
    ("times", "spread", "said"),
    [
        (1.01, 5.0, "the two agree within their intervals."),
        (3.0, 5.0, "the two DISAGREE by more than their intervals."),
        (1.0, 1e-6, "give no answer to set beside it: on this design parabolas of a law's own losses are off by"),
    ],
)
def test_approach_2_stands_beside_or_is_refused(times, spread, said, allocate, saved, fit, monkeypatch) -> None:
    monkeypatch.setattr("bayes_scaling.studies.approaches.beside.has_budgets", has_budgets)
    monkeypatch.setattr(
        "bayes_scaling.studies.approaches.beside.isoflop_profiles", lambda runs: Quadratics(fit, times, spread)
    )
    printed = allocate("--compute", "1e24", "--fit", str(saved))
    assert (printed.code, said in printed.prose) == (0, True)
    assert "There the lowest loss of 1e+19 is at the edge of the grid." in printed.prose
    assert "Approach 2: sampling IsoFLOP profiles" in printed.err
    found = allocate("--compute", "1e24", "--fit", str(saved), "--json").json
    beside = found["approach_2"]
    if spread < 1:
        assert beside["refused"].startswith("on this design")
        assert beside["allocation"] == {}
        assert not of(found["rows"], beside["law"])
    else:
        mine, own = beside["allocation"]["1e+24"], found["allocation"]["1e+24"]
        assert beside["refused"] == ""
        assert mine["parameters"]["median"] == pytest.approx(times * own["parameters"]["median"])
        assert 6 * mine["parameters"]["median"] * mine["tokens"]["median"] == pytest.approx(BUDGET, rel=0.01)
    assert 0 <= beside["coverage"] <= 1
    without = allocate("--compute", "1e24", "--fit", str(saved), "--no-approach-2", "--json")
    assert (without.json["approach_2"], without.err) == (None, "")
    (told,) = (block for block in allocation_section(fit, [BUDGET]).blocks if isinstance(block, Bullets))
    assert told.items[0].startswith("At 1e+24 FLOP: ") and said in told.items[0]


def test_what_approach_2_sampled_is_kept_with_the_fit(allocate, fit, tmp_path, monkeypatch) -> None:
    sampled = []

    def sample(runs) -> Quadratics:
        sampled.append(len(runs))
        return Quadratics(fit, 1.01, 5.0)

    monkeypatch.setattr("bayes_scaling.studies.approaches.beside.has_budgets", has_budgets)
    monkeypatch.setattr("bayes_scaling.studies.approaches.beside.isoflop_profiles", sample)
    here = replace(fit, fingerprint="f" * 64).save(tmp_path / "fit").parent
    first = allocate("--compute", "1e24", "--fit", str(here), "--json")
    again = allocate("--compute", "1e24", "--fit", str(here / "fit.nc"), "--json")
    assert (again.json["approach_2"], again.err, len(sampled)) == (first.json["approach_2"], "", 1)
    other = allocate("--compute", "1e22", "--fit", str(here), "--json").json["approach_2"]
    assert (list(other["allocation"]), len(sampled)) == (["1e+22"], 1)
    allocation_section(replace(fit, fingerprint="f" * 64), [1e23], kept_with(here))  # a report takes it, too
    assert len(sampled) == 1
    (kept,) = (here / "approach-2").iterdir()
    kept.write_text("{}", encoding="utf-8")
    mended = allocate("--compute", "1e24", "--fit", str(here), "--json")
    assert (mended.json["approach_2"], len(sampled)) == (first.json["approach_2"], 2)
    replace(fit, fingerprint="e" * 64).save(here)  # another fit into the same directory
    assert "sampling" in allocate("--compute", "1e24", "--fit", str(here)).err


def test_a_directory_that_can_t_be_written_can_still_be_asked(allocate, fit, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bayes_scaling.studies.approaches.beside.has_budgets", has_budgets)
    monkeypatch.setattr(
        "bayes_scaling.studies.approaches.beside.isoflop_profiles", lambda runs: Quadratics(fit, 1.01, 5.0)
    )
    here = replace(fit, fingerprint="f" * 64).save(tmp_path / "fit").parent
    (here / "approach-2").write_text("in the way", encoding="utf-8")
    printed = allocate("--compute", "1e24", "--fit", str(here), "--json")
    assert (printed.code, printed.json["approach_2"]["refused"]) == (0, "")


@pytest.mark.parametrize("width", [80, 100])
def test_no_word_of_a_table_is_broken_at_80_columns(width, fit) -> None:
    question = Question((BUDGET, 1e22), ("tokens_per_parameter", 100.0), 1e13)
    for answer in (
        allocations(question),
        allocations(question, fit),
        allocations(question, fit_around_made_runs(open_alpha=True)),
    ):
        screen = Console(file=io.StringIO(), width=width)
        screen.print(allocation_report(answer))
        lines = screen.file.getvalue().splitlines()
        assert max(map(len, lines)) <= width
        words, text = {word for line in lines for word in line.split()}, "\n".join(lines)
        for row in answer.table.to_dict("records"):
            assert set(row["law"].split()) <= words
            if not row["note"] and row["quantity"] in SIZES:
                ends = ("median",) if row["kind"] == "published" else ("median", "lower", "upper")
                assert all(f" {written(row['quantity'], row[end])} " in text for end in ends)


def test_a_fit_with_progress_is_asked_at_a_date_and_a_benchmark(ho2024) -> None:
    specification = bs.load_specification("ho2024/07").with_published_penalty(0.0025)
    names = published_names(specification)
    progressing = fit_around("ho2024/07", {name: 0.1 for name in names}, ho2024)
    answer = allocations(Question((BUDGET,), year=2020.0, benchmark="ptb"), progressing)
    label = "ho2024/07@delta=0.0025 on ho2024"
    for question, year, benchmark in ((answer.question, 2020.0, "ptb"), (Question((BUDGET,)), 2023.0, "wt103")):
        draws = bs.optimal_allocation(progressing, BUDGET, year=year, benchmark=benchmark)
        found = allocations(question, progressing).rows(BUDGET, TRAINING)[label]
        for name in SIZES:
            expected = bs.credible_intervals(draws[name])["median"].item()
            assert found[name]["median"] == pytest.approx(expected, nan_ok=True), name
    assert f"At 1e+24 FLOP on ptb with the algorithms of 2020, {label}" in allocation_sentence(answer, BUDGET)


# What can't be said


@pytest.fixture
def unconverged(fit, tmp_path) -> Path:
    bad = replace(fit, diagnostics=replace(GOOD, rhat_max=1.5, failures=("R-hat up to 1.500 (alpha)",)))
    return bad.save(tmp_path / "bad.nc")


def test_an_unconverged_fit_is_marked_everywhere_and_ends_with_1(allocate, unconverged) -> None:
    split = ("--parameters", "7e10")
    printed = allocate("--compute", "1e24", *split, "--fit", str(unconverged), "--output", "all.csv")
    assert printed.code == 1
    assert printed.prose.count(f"NOT CONVERGED, do not use: At 1e+24 FLOP, {LABEL}") == 1
    # In each table the posterior's line says so.
    assert printed.out.count("\n NOT CONVERGED") == printed.out.count(f"\n {LABEL[:12]}") == 2
    assert "- R-hat up to 1.500 (alpha)" in printed.prose
    assert "What to try: more draws" in printed.prose
    table = pd.read_csv("all.csv")
    assert not table.loc[table["kind"] == "posterior", "converged"].astype(bool).any()
    as_json = allocate("--compute", "1e24", "--fit", str(unconverged), "--json")
    assert as_json.code == 1
    assert as_json.json["fit"]["converged"] is False


def test_an_unconverged_fit_is_red_on_a_terminal(unconverged) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=120)
    terminal.print(allocation_report(allocations(Question((BUDGET,)), bs.load_fit(unconverged))))
    red = "\x1b[1;31m"
    lines = [line for line in terminal.file.getvalue().splitlines() if "NOT CONVERGED" in line]
    assert len(lines) == 2  # the answer, and the posterior's line of the table
    assert all(red in line for line in lines)


def test_no_number_rests_on_an_exponent_that_is_not_identified(allocate, tmp_path) -> None:
    path = fit_around_made_runs(open_alpha=True).save(tmp_path / "open.nc")
    asked = ("--compute", "1e24", "--fit", str(path), "--tokens-per-parameter", "20", "--inference-tokens", "1e12")
    found = allocate(*asked, "--json").json
    rows = [row for row in found["rows"] if row["law"] == LABEL]
    assert found["fit"]["not_identified"] == ["alpha", "A", "a"]
    assert {row["note"] for row in rows} == {"not identified"}
    assert {row[key] for row in rows for key in ("median", "lower", "upper")} == {None}
    printed = allocate(*asked)
    assert printed.code == 0
    assert "gives no answer: alpha and A and a are not identified" in printed.prose
    assert printed.prose.count("identified identified identified identified") == 2  # "not" is on the line above


# Files


def test_files_hold_the_rows_that_json_prints(allocate, saved, tmp_path) -> None:
    asked = ("--compute", "1e24", "--fit", str(saved), "--inference-tokens", "1e12")
    shown = allocate(*asked, "--json").json
    for name in ("all.csv", "all.json"):
        assert f"Written: {name}" in allocate(*asked, "--output", name).out
    assert json.loads((tmp_path / "all.json").read_text(encoding="utf-8")) == shown
    table = pd.read_csv(tmp_path / "all.csv")
    assert list(table["quantity"]) == [row["quantity"] for row in shown["rows"]]
    assert list(table["median"]) == pytest.approx([row["median"] for row in shown["rows"]])
    printed = allocate(*asked, "--output", "again.json", "--json")
    assert printed.json == shown
    assert "Written: again.json" in printed.err


# Bad usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--compute", "0"), "compute (FLOP) must be above 0 and finite, not 0"),
        (("--compute", "nan"), "compute (FLOP) must be above 0 and finite, not nan"),
        (("--compute", "inf"), "compute (FLOP) must be above 0 and finite, not inf"),
        (("--compute", "1e24", "--compute", "-1e20"), "compute (FLOP) must be above 0 and finite, not -1e+20"),
        (("--compute", "much"), "Invalid value for '--compute'"),
        (("--compute", "1e24,"), "give numbers such as 1e22,1e24"),
        ((), "Missing option '--compute'"),
        (("--compute", "1e24", "--fit", "nowhere"), "no such fit"),
        (("--compute", "1e24", "--parameters", "1e9", "--tokens-per-parameter", "20"), "leave one out"),
        (("--compute", "1e24", "--parameters", "0"), "parameters must be above 0 and finite, not 0"),
        (("--compute", "1e24", "--tokens-per-parameter", "nan"), "tokens per parameter must be above 0"),
        (("--compute", "1e24", "--inference-tokens", "-1"), "inference tokens must be above 0 and finite, not -1"),
        (("--compute", "1e24", "--year", "2024"), "year 2024.0 is asked for, but published laws know of no year"),
        (("--compute", "1e24", "--benchmark", "ptb"), "published laws know of no benchmark"),
        (("--compute", "1e24", "--output", "table.txt"), "must end in .csv or .json"),
        (("--compute", "1e24", "--output", "."), "must end in .csv or .json"),
    ],
)
def test_bad_usage_ends_with_one_message(arguments, said, allocate, tmp_path) -> None:
    printed = allocate(*arguments)
    assert (printed.code, printed.out) == (2, "")
    assert said in " ".join(printed.err.split())
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_fit_to_runs_has_no_date_and_no_benchmark(allocate, saved) -> None:
    for option, value in (("year", "2020"), ("benchmark", "ptb")):
        printed = allocate("--compute", "1e24", "--fit", str(saved), f"--{option}", value)
        assert printed.code == 2
        assert f"'{LABEL}' knows of no {option}" in " ".join(printed.err.split())


def test_a_damaged_file_is_refused(allocate, tmp_path) -> None:
    (tmp_path / "half.nc").write_bytes(b"half")
    printed = allocate("--compute", "1e24", "--fit", "half.nc")
    assert (printed.code, printed.out) == (2, "")
    assert "half.nc: not a readable fit" in printed.err


def test_a_law_of_compute_alone_has_no_split(ho2024) -> None:
    specification = bs.load_specification("ho2024/18").with_published_penalty(0.0025)
    whole = fit_around("ho2024/18", {name: 0.1 for name in published_names(specification)}, ho2024)
    with pytest.raises(bs.BayesScalingError, match="knows of no split between parameters and tokens"):
        allocations(Question((BUDGET,)), whole)


def test_a_question_names_what_splits_there_are() -> None:
    with pytest.raises(bs.BayesScalingError, match="parameters or tokens_per_parameter, not by 'layers'"):
        Question((BUDGET,), split=("layers", 3.0))


def test_published_laws_answer_without_waiting_for_the_sampler() -> None:
    """Importing PyMC takes seconds."""
    asked = "sys.argv = ['bayes-scaling', 'allocate', '--compute', '1e24']"
    script = f"import sys; from bayes_scaling.commands import app; {asked}; app(standalone_mode=False)"
    script += "; print({'pymc', 'nutpie', 'arviz'} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
    assert "Besiroglu" in done.stdout
