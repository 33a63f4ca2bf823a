"""`bayes-scaling replicate` as a user runs it."""

import csv

import pytest

import bayes_scaling as bs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--evaluations", "ho2023"), "ho2024, collected"),
        (("--seed", "-1"), "seed must be a whole number"),
        (("--output", ""), "--output is empty"),
        (("--evaluations", "wt2-only.csv"), "architecture"),
    ],
)
def test_bad_input_gets_one_message_and_exit_code_2(command_here, tmp_path, arguments, message) -> None:
    bs.load_evaluations().drop(columns="architecture").to_csv(tmp_path / "wt2-only.csv")
    ended = command_here("replicate", *arguments, cwd=tmp_path)
    assert ended.code == 2
    assert message in " ".join(ended.err.split()) and "Traceback" not in ended.err


@pytest.mark.slow
def test_each_answer_stands_beside_the_papers(command, tmp_path) -> None:
    ended = command("replicate", "--output", "out", cwd=tmp_path)
    assert ended.code == 0, ended.err
    out = tmp_path / "out"
    with (out / "replication.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["quantity"]: row for row in csv.DictReader(file)}
    for name, row in rows.items():
        if row["part"] in ("doubling times", "the transformer"):
            assert row["published_inside"] == "True", name
    # Monte Carlo errors are a few percent of these medians.
    for name, published in (("T_C", 8.44), ("compute-equivalent gain at 1e22 FLOP", 6.64), ("fall in loss", 4.6)):
        assert float(rows[name]["median"]) == pytest.approx(published, rel=0.1)
    page = (out / "replication.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in page for name in rows)
    assert bs.load_fit(out / "ho2024-07@delta=0.0025.nc").diagnostics.converged
