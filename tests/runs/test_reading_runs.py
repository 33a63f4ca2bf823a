"""What `read_runs` makes of good files."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.law.formula import training_compute
from bayes_scaling.tables import RunsWarning, check_runs, read_runs, simulate_isoflop


def test_a_table_has_numbers_names_and_no_selections(runs_file):
    path = runs_file({"steps": "1000", "note": "warm-up"}, {"steps": "", "note": ""})

    runs = read_runs(path)

    assert runs.attrs == {"name": "mine", "selections": [], "kind": "runs"}
    assert list(runs.index) == ["row-0002", "row-0003"]
    assert runs.index.name == "id"
    assert runs.dtypes[["parameters", "tokens", "flop", "loss", "steps"]].eq("float64").all()
    assert runs.loc["row-0002", ["steps", "note", "series"]].tolist() == [1000.0, "warm-up", "series 2"]
    assert runs.loc["row-0003", ["steps", "note"]].isna().all()


def test_tokens_follow_from_compute_and_compute_from_tokens(runs_file):
    runs = read_runs(runs_file({"tokens": "", "flop": "1.2e20"}, {"tokens": "2e10", "flop": ""}))

    assert runs["tokens"].tolist() == [2e10, 2e10]
    assert runs["flop"].tolist() == [1.2e20, 1.2e20]


def test_a_table_of_compute_alone_is_enough(runs_file):
    runs = read_runs(runs_file({"tokens": None, "flop": "1.2e20"}))

    assert runs["tokens"].tolist() == [2e10]


def test_a_users_column_names_are_mapped(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("x,Model Size,Training FLOP,loss,flop\n1,1e9,1.2e20,2.58,unknown\n")

    runs = read_runs(path, {"parameters": "Model Size", "flop": "Training FLOP"}, name="ours")

    assert runs.attrs["name"] == "ours"
    assert runs[["parameters", "flop", "tokens"]].to_numpy().tolist() == [[1e9, 1.2e20, 2e10]]
    assert list(runs) == ["x", "parameters", "flop", "loss", "tokens"]  # the file's own `flop` is left out


def test_ids_of_the_file_stay(runs_file):
    assert list(read_runs(runs_file({"id": "a"}, {"id": "b"})).index) == ["a", "b"]


def test_given_tokens_and_compute_that_agree_within_a_factor_of_two_are_kept_as_they_are(runs_file):
    path = runs_file({"flop": "2.3e20"}, {"flop": "0.61e20"})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = read_runs(path)

    assert runs["flop"].tolist() == [2.3e20, 0.61e20]
    assert runs["tokens"].tolist() == [2e10, 2e10]


def test_given_tokens_and_compute_that_contradict_are_a_warning_that_names_the_rows(runs_file):
    path = runs_file({"flop": "1.2e20"}, {"flop": "2.5e20"}, {"flop": "0.5e20"}, {"flop": ""})

    with pytest.warns(RunsWarning) as caught:
        runs = read_runs(path)

    (warning,) = caught
    assert str(warning.message).startswith(
        f"{path}: warning flop-apart: flop differs from 6 N D by more than a factor of 2 in 2 rows"
    )
    assert "row-0003 (2.08 times), row-0004 (0.417 times)" in str(warning.message)
    assert "row-0002" not in str(warning.message)
    assert warning.filename == __file__
    assert runs["flop"].tolist() == [1.2e20, 2.5e20, 0.5e20, 1.2e20]
    assert runs["tokens"].eq(2e10).all()


def test_a_long_list_of_contradictions_is_cut_short(runs_file):
    path = runs_file(*({"flop": "1e22"} for _ in range(8)))

    with pytest.warns(
        RunsWarning, match=r"error flop-apart: .* in 8 rows .*row-0006 \(83.3 times\); .* probably one of the units"
    ):
        read_runs(path)


sizes = st.floats(1e3, 1e15, allow_nan=False)


@pytest.mark.filterwarnings("ignore::bayes_scaling.tables.RunsWarning")
@settings(deadline=None, max_examples=settings().max_examples * 2 // 5)
@given(st.lists(st.tuples(sizes, sizes, st.floats(1e-3, 49.0)), min_size=1, max_size=20, unique=True))
def test_what_is_written_is_read_back(tmp_path_factory, rows):
    written = pd.DataFrame(rows, columns=["parameters", "tokens", "loss"])
    written["flop"] = training_compute(written["parameters"], written["tokens"])
    path = tmp_path_factory.mktemp("runs") / "mine.csv"

    for columns in (["parameters", "tokens", "loss"], ["parameters", "flop", "loss"], list(written)):
        written[columns].to_csv(path, index=False)
        assert check_runs(path) == ()
        read = read_runs(path)
        np.testing.assert_array_equal(read[columns], written[columns])
        np.testing.assert_allclose(read[list(written)], written, rtol=1e-15)


def test_a_simulated_table_is_read_back_as_it_was(tmp_path):
    simulated = simulate_isoflop(BESIROGLU, noise=0.01)
    simulated.to_csv(tmp_path / "simulated.csv")

    read = read_runs(tmp_path / "simulated.csv")

    pd.testing.assert_frame_equal(read, simulated)
    assert read.attrs == simulated.attrs


def test_least_steps_and_critical_batch_sizes_are_numbers_that_may_be_missing(runs_file):
    runs = read_runs(
        runs_file({"least_steps": "5e4", "critical_batch": "1.1e6"}, {"least_steps": "", "critical_batch": ""})
    )

    assert runs["least_steps"].tolist()[0] == 5e4
    assert runs["critical_batch"].tolist()[0] == 1.1e6
    assert runs[["least_steps", "critical_batch"]].iloc[1].isna().all()


@pytest.mark.parametrize("column", ["least_steps", "critical_batch"])
@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("0", "greater than 0"),
        ("-3", "greater than 0"),
        ("many", "must be a number"),
        ("inf", "must be a finite number"),
    ],
)
def test_what_no_step_count_and_no_batch_size_can_be(runs_file, column, cell, rule):
    (fault,) = check_runs(runs_file({column: cell}))

    assert (fault.row, fault.column) == (2, column)
    assert rule in fault.rule
