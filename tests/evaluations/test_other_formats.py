"""Workbooks, frames of Polars and nested JSON lines are read as the CSV file of the same cells is."""

import json

import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import bayes_scaling as bs

COLUMNS = ["system", "paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture"]
NUMBERS = ["perplexity", "parameters", "tokens"]


@pytest.fixture
def cells(ho2024) -> pd.DataFrame:
    table = ho2024.reset_index()[COLUMNS]
    return table.assign(published=table["published"].dt.strftime("%Y-%m-%d"))


def read_as(kind: str, cells: pd.DataFrame, folder) -> pd.DataFrame:
    if kind == "polars":
        return bs.read_evaluations(pl.from_dict(cells.to_dict("list")))
    path = folder / f"mine.{kind}"
    {"csv": cells.to_csv, "xlsx": cells.to_excel}[kind](path, index=False)
    return bs.read_evaluations(path)


@pytest.mark.parametrize("kind", ["xlsx", "polars"])
@pytest.mark.filterwarnings("ignore::bayes_scaling.TableWarning")
def test_evaluations_are_those_of_a_csv_file(kind, cells, ho2024, tmp_path) -> None:
    found, expected = read_as(kind, cells, tmp_path), read_as("csv", cells, tmp_path)
    texts = [column for column in COLUMNS if column not in NUMBERS]
    pd.testing.assert_frame_equal(found[texts].reset_index(drop=True), expected[texts].reset_index(drop=True))
    # A workbook keeps 15 to 17 digits.
    assert_allclose(found[NUMBERS].to_numpy(float), ho2024[NUMBERS].to_numpy(float), rtol=1e-15)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.from_dict])
def test_a_frame_of_runs_is_read_as_it_is(frame) -> None:
    runs = bs.load_runs()
    cells = runs[["parameters", "tokens", "loss"]].to_dict("list")
    found = bs.read_runs(frame(cells))
    assert_allclose(found["loss"].to_numpy(float), runs["loss"].to_numpy(float))


def test_nested_records_are_columns_under_names_with_dots(tmp_path) -> None:
    runs = bs.load_runs()
    path = tmp_path / "exported.jsonl"
    path.write_text(
        "".join(
            json.dumps({"config": {"model": {"size": row.parameters}}, "tokens": row.tokens, "eval/loss": row.loss})
            + "\n"
            for row in runs.itertuples()
        )
    )
    with pytest.raises(bs.RunsError, match=r"--column parameters=config\.model\.size"):
        bs.read_runs(path)
    found = bs.read_runs(path, {"parameters": "config.model.size", "loss": "eval/loss"})
    for column in ("parameters", "tokens", "loss"):
        assert_allclose(found[column].to_numpy(float), runs[column].to_numpy(float), rtol=1e-12)
