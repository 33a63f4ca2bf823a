"""The packaged tables: their counts, their rules, and their equality with the facts they were made from."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayes_scaling.tables
from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import (
    ARCHITECTURES,
    BENCHMARKS,
    check_evaluations,
    decimal_year,
    load_evaluations,
    read_evaluations,
)

DATA = Path(bayes_scaling.tables.__file__).parents[1] / "data"


def test_ho2024_has_the_published_counts():
    evaluations = load_evaluations()

    assert evaluations.attrs == {"name": "ho2024", "selections": []}
    assert len(evaluations) == 231
    assert evaluations["paper"].nunique() == 144
    assert evaluations["architecture"].value_counts().to_dict() == {"transformer": 104, "other": 127}
    assert evaluations["benchmark"].value_counts().to_dict() == {"wt103": 103, "ptb": 80, "wt2": 48}
    assert evaluations[["doubt", "vocabulary", "training_compute"]].notna().sum().tolist() == [58, 185, 46]


def test_ho2024_has_the_published_normalisers():
    evaluations = load_evaluations("ho2024")

    assert evaluations["parameters"].min() == 2.0e6
    assert evaluations["tokens"].min() == 888_000
    assert decimal_year(evaluations["published"]).min() == pytest.approx(2012.4876712, abs=5e-8)


def test_collected_gives_comparable_rows():
    evaluations = load_evaluations("collected")

    assert evaluations.attrs == {"name": "collected", "selections": ["comparable rows"]}
    assert len(evaluations) == 297
    assert evaluations["paper"].nunique() == 109
    assert evaluations["comparable"].all()
    assert evaluations[["parameters", "tokens"]].notna().all(axis=None)


def test_collected_gives_all_rows_on_demand():
    evaluations = load_evaluations("collected", comparable_only=False)

    assert evaluations.attrs == {"name": "collected", "selections": []}
    assert len(evaluations) == 497
    assert evaluations["comparable"].sum() == 297
    assert set(evaluations["architecture"]) == set(ARCHITECTURES)


def test_a_loaded_table_can_be_changed_without_harm_to_the_next():
    first = load_evaluations()
    first.loc[:, "perplexity"] = 2.0
    first.attrs["selections"].append("by mistake")

    assert load_evaluations()["perplexity"].nunique() > 100
    assert load_evaluations().attrs["selections"] == []


@pytest.mark.parametrize("name", ["ho2024", "collected"])
def test_packaged_tables_keep_the_rules_for_users_tables(name):
    assert check_evaluations(DATA / f"{name}.csv") == ()
    pd.testing.assert_frame_equal(read_evaluations(DATA / f"{name}.csv"), load_evaluations(name, comparable_only=False))


@pytest.mark.parametrize("name", ["ho2025", "", "mine.csv"])
def test_an_unknown_table_is_an_error_that_names_the_known(name):
    with pytest.raises(EvaluationsError, match=r"choose from ho2024, collected.*read_evaluations"):
        load_evaluations(name)


def test_ho2024_equals_its_original(shared):
    original, packaged = _text(shared / "data" / "ho2024.csv"), _text(DATA / "ho2024.csv")

    log_perplexity = original.pop("log_perplexity").astype(float)
    perplexity = packaged.pop("perplexity").astype(float)
    np.testing.assert_allclose(perplexity, np.exp(log_perplexity), rtol=1e-15, atol=0)
    years = decimal_year(pd.to_datetime(packaged["published"]))
    np.testing.assert_array_equal(years, original.pop("year").astype(float))
    packaged = packaged.drop(columns=["test_time_adaptation", "note"])  # ours: test_adapted_rows
    pd.testing.assert_frame_equal(packaged, original.rename(columns={"recovered": "source"}))


def test_collected_equals_its_original(shared):
    assert (DATA / "collected.csv").read_bytes() == (shared / "data" / "evaluations.csv").read_bytes()


@pytest.mark.parametrize("name", ["ho2024", "collected"])
def test_loaded_tables_say_what_their_files_say(name):
    text = _text(DATA / f"{name}.csv").set_index("id")
    loaded = load_evaluations(name, comparable_only=False)

    assert list(loaded.index) == list(text.index)
    assert list(loaded) == list(text)
    for column in loaded:
        cells = text[column].str.strip()  # one published name ends in a space
        assert loaded[column].isna().tolist() == cells.eq("").tolist()
        present = loaded[column].notna()
        read = {"f": float, "M": pd.Timestamp, "b": lambda cell: cell == "1", "O": str}[loaded[column].dtype.kind]
        assert loaded.loc[present, column].tolist() == [read(cell) for cell in cells[present]]


def _text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def test_benchmarks_are_the_published_ones():
    assert {benchmark.name: (benchmark.tokens, benchmark.vocabulary) for benchmark in BENCHMARKS} == {
        "ptb": (929_000, 10_000),
        "wt2": (2_088_628, 33_278),
        "wt103": (103_227_021, 267_735),
    }
    assert set(load_evaluations()["benchmark"]) == {benchmark.name for benchmark in BENCHMARKS}


def test_loading_imports_neither_samplers_nor_the_checker():
    program = (
        "import sys; from bayes_scaling.tables import load_evaluations; load_evaluations();"
        "print([name for name in ('pymc', 'pytensor', 'arviz', 'pandera') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=DATA.parents[1], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
