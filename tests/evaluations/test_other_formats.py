"""Workbooks, frames of Polars and nested JSON lines are read as the CSV file of the same cells is."""

import json

import numpy as np
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


SIZES = [{"parameters": 1e9 * (at + 1), "tokens": 2e10 * (at + 1), "loss": 3 - 0.1 * at} for at in range(3)]


def test_a_name_twice_or_none_is_refused_in_every_format(tmp_path) -> None:
    twice = pd.DataFrame([[*row.values(), 1.5] for row in SIZES], columns=["parameters", "tokens", "loss", "loss"])
    twice.to_excel(tmp_path / "twice.xlsx", index=False)
    twice.set_axis(["parameters", "tokens", "loss", None], axis=1).to_excel(tmp_path / "none.xlsx", index=False)
    lines = [json.dumps(row)[:-1] + ', "loss": 1.5}' for row in SIZES]
    (tmp_path / "twice.jsonl").write_text("\n".join(lines))
    for name, said in {"twice.xlsx": "stands 2 times", "none.xlsx": "no name", "twice.jsonl": "a name twice"}.items():
        with pytest.raises(bs.RunsError, match=said):
            bs.read_runs(tmp_path / name)
    with pytest.raises(bs.RunsError, match="stands 2 times"):
        bs.read_runs(twice)


@pytest.mark.parametrize("word", ["NA", "null", "nan"])
def test_a_word_in_a_workbook_is_no_empty_cell(word, tmp_path) -> None:
    pd.DataFrame(SIZES).assign(flop=[word, 6e19, None]).to_excel(tmp_path / "mine.xlsx", index=False)
    with pytest.raises(bs.RunsError, match=f"row 2, column flop, value {word}"):
        bs.read_runs(tmp_path / "mine.xlsx")


def test_an_index_with_names_is_columns(tmp_path) -> None:
    frame = pd.DataFrame(SIZES).assign(id=["a", "b", "c"], series="s").set_index(["id", "series"])
    frame.to_parquet(tmp_path / "mine.parquet")
    for source in (frame, tmp_path / "mine.parquet"):
        found = bs.read_runs(source)
        assert found.index.tolist() == ["a", "b", "c"]
        assert found["series"].tolist() == ["s"] * 3


def test_text_that_a_file_holds_as_bytes_is_text(cells, tmp_path) -> None:
    texts = {name: cells[name].str.encode("utf-8") for name in ("system", "benchmark", "architecture")}
    cells.assign(**texts, lab=b"x").to_parquet(tmp_path / "mine.parquet")
    found = bs.read_evaluations(tmp_path / "mine.parquet")
    assert found["benchmark"].tolist() == cells["benchmark"].tolist()
    assert set(found["lab"]) == {"x"}


def test_a_line_separator_within_text_ends_no_line(tmp_path) -> None:
    lines = [json.dumps(row | {"note": "a\u2028b"}, ensure_ascii=False) for row in SIZES]
    (tmp_path / "mine.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert len(bs.read_runs(tmp_path / "mine.jsonl")) == 3


@pytest.mark.filterwarnings("ignore::bayes_scaling.TableWarning")
def test_the_unit_of_a_loss_is_that_of_log_perplexities_too(cells, ho2024) -> None:
    logs = cells.assign(log_perplexity=np.log2(cells["perplexity"])).drop(columns="perplexity")
    assert_allclose(bs.read_evaluations(logs, loss_unit="bits")["perplexity"].to_numpy(), ho2024["perplexity"])


def test_options_are_numbers_of_any_library_and_codes_that_there_are() -> None:
    millions = pd.DataFrame(SIZES).assign(tokens=lambda runs: runs["tokens"] / 1e6)
    found = bs.read_runs(millions, scale={"tokens": np.int64(1_000_000)})
    assert_allclose(found["tokens"].to_numpy(), [row["tokens"] for row in SIZES])
    with pytest.raises(bs.BayesScalingError, match="no finding has the code 'nosuch'"):
        bs.read_runs(millions, allow=["nosuch"])
