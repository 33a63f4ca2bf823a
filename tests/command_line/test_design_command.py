"""`bayes-scaling design`: the choice in words, as JSON and as a file, what can't be relied on, and bad usage."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from formulas.made_formulas import made_evaluations, made_fit, made_specification
from made_fits import GOOD, fit_around_made_runs

import bayes_scaling as bs
from bayes_scaling.quantities.allocation_table import label_of

QUANTITY = "loss@7e10,1.4e12"


@pytest.fixture
def design(command_here, tmp_path, saved) -> Callable:
    def run(*arguments: str, fit: Path = saved, quantity: str = QUANTITY):
        return command_here("design", "--fit", str(fit), "--quantity", quantity, *arguments, cwd=tmp_path)

    return run


def read(text: str) -> dict:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_choice_is_the_functions(design, fit) -> None:
    ended = design("--budget", "1e22", "--count", "3", "--json")
    assert (ended.code, ended.err) == (0, "")
    found, expected = read(ended.out), bs.design(fit, QUANTITY, budget=1e22, count=3)
    chosen = pd.DataFrame(found["chosen"]).set_index("id")
    pd.testing.assert_frame_equal(chosen, expected.chosen, check_index_type=False)
    assert len(found["candidates"]) == len(expected.candidates)
    assert found["now"]["median"] == pytest.approx(expected.quantity["median"].item())
    assert found["interval"] == {"probability": 0.95, "kind": "equal-tailed"}
    assert (found["quantity"], found["budget"], found["fit"]["converged"]) == (f"log {QUANTITY}", 1e22, True)
    assert found["cost"] == pytest.approx(expected.chosen["cost"].sum())


def test_the_answer_is_a_table_of_eighty_columns_and_a_sentence(design, fit) -> None:
    ended = design("--budget", "1e22", "--count", "3")
    expected = bs.design(fit, QUANTITY, budget=1e22, count=3)
    assert (ended.code, ended.err) == (0, "")
    table = ended.out.partition(f"log {QUANTITY} is ")[0].splitlines()
    assert max(map(len, table)) <= 80
    for place, row in enumerate(expected.chosen.to_dict("records"), start=1):
        sizes = " ".join(f"{row[name]:.3g}" for name in ("parameters", "tokens", "cost"))
        assert f" {place} {sizes} " in ended.prose
    left, narrower = map(float, re.search(r"leave ([\d.]+)% .* an interval ([\d.]+) times", ended.prose).groups())
    assert left == pytest.approx(100 * expected.chosen["variance_ratio"].iloc[-1], abs=1)
    assert narrower == pytest.approx(np.sqrt(expected.chosen["variance_ratio"].iloc[-1]), abs=0.01)
    cost = f"{len(expected.chosen)} runs cost {expected.chosen['cost'].sum():.3g} of a budget of 1e+22"
    loss = float(np.exp(expected.quantity["median"].iloc[0]))
    said = f"by {label_of(fit)} (in brackets: 95% equal-tailed credible interval), without the logarithm {loss:.3f} ("
    assert said in ended.prose and f"). {cost}" in ended.prose
    assert "NOT CONVERGED" not in ended.out
    assert f"Chosen among {len(expected.candidates)} candidates" in ended.prose


def test_every_candidate_goes_to_a_file_with_its_place(design, fit, tmp_path) -> None:
    ended = design("--budget", "1e22", "--count", "3", "--output", "all.csv")
    assert ended.code == 0
    assert "Written: all.csv" in ended.prose
    table, expected = pd.read_csv(tmp_path / "all.csv", index_col="id"), bs.design(fit, QUANTITY, budget=1e22, count=3)
    assert table["place"].dropna().sort_values().index.tolist() == expected.chosen.index.tolist()
    assert table["variance_ratio"].to_numpy() == pytest.approx(expected.candidates["variance_ratio"].to_numpy())
    design("--budget", "1e22", "--count", "3", "--output", "all.json")
    assert (tmp_path / "all.json").read_text() == design("--budget", "1e22", "--count", "3", "--json").out


def test_candidates_of_ones_own_with_what_they_cost(design, tmp_path) -> None:
    (tmp_path / "next.csv").write_text("id,parameters,tokens,cost\nbig,7B,1e12,3\nsmall,1B,2e10,1\n", encoding="utf-8")
    found = read(design("--candidates", "next.csv", "--budget", "2", "--json").out)
    assert [row["id"] for row in found["chosen"]] == ["small"]
    without = read(design("--candidates", "next.csv", "--json").out)
    assert (without["budget"], without["cost"]) == (None, 4)
    assert "2 runs cost 4 and" in design("--candidates", "next.csv").prose


def test_evaluations_are_named_by_benchmark_and_date(design, tmp_path) -> None:
    of_evaluations = made_fit(made_specification(), made_evaluations(), draws=200).save(tmp_path / "evaluations.nc")
    (tmp_path / "next.csv").write_text(
        "parameters,tokens,published,benchmark,architecture,test_time_adaptation\n"
        "1e9,1e8,2024-05-01,wt103,transformer,0\n7e10,1e8,2025-02-01,ptb,transformer,0\n",
        encoding="utf-8",
    )
    ended = design("--candidates", "next.csv", "--count", "1", fit=of_evaluations, quantity="g_N")
    assert ended.code == 0
    assert ("wt103 2024-05-01" in ended.prose) != ("ptb 2025-02-01" in ended.prose)
    assert "1 evaluation cost" in ended.prose


def test_a_share_that_rests_on_few_draws_is_not_relied_on(design, tmp_path) -> None:
    short = fit_around_made_runs(draws=20).save(tmp_path / "short.nc")
    assert "effective draws, too few to go by" in design("--budget", "1e22", fit=short).prose
    assert "too few to go by" not in design("--budget", "1e20", "--count", "1").prose


def test_an_unconverged_fit_is_marked_and_ends_with_1(design, fit, tmp_path) -> None:
    bad = replace(fit, diagnostics=replace(GOOD, rhat_max=1.5, failures=("R-hat up to 1.500 (alpha)",)))
    path = bad.save(tmp_path / "bad.nc")
    ended = design("--budget", "1e22", fit=path)
    assert ended.code == 1
    assert f"NOT CONVERGED, do not use: log {QUANTITY}" in ended.prose
    assert "- R-hat up to 1.500 (alpha)" in ended.prose
    as_json = design("--budget", "1e22", "--json", fit=path)
    assert (as_json.code, read(as_json.out)["fit"]["converged"]) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give one in FLOP, such as 1e21"),
        (("--budget", "-1"), "budget must be above 0"),
        (("--budget", "1e22", "--count", "0"), "count must be a whole number of at least 1"),
        (("--budget", "1e22", "--candidates", "none.csv"), "none.csv"),
        (("--budget", "1e22", "--output", "all.txt"), "must end in .csv or .json"),
        (("--budget", "1e22", "--at", "dataset=c4"), "depends on no column 'dataset'"),
        (("--budget", "1e22", "--quantity", "alfa"), "quantity 'alfa' is none of this posterior"),
        (("--budget", "1e22", "--fit", "none"), "no such fit"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_bad_usage_ends_with_one_message_and_2(arguments, message, design, tmp_path) -> None:
    ended = design(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_budget_below_every_run_is_refused(design) -> None:
    ended = design("--budget", "1e10")
    assert ended.code == 2
    assert (
        "1e+10 FLOP is below the smallest run that was fitted (" in ended.err and "candidates of your own" in ended.err
    )
