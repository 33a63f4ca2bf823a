"""Excel workbooks and frames of Polars are read as the CSV file of the same cells is."""

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
