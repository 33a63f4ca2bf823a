"""A file's own columns in formulas: they are read as text, and numbers among them are numbers."""

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.specification import Specification

MINE = Specification(
    name="mine",
    coefficients={"alpha": "1 + dropout + corpus", "beta": "0 + layers", "level": "0 + benchmark"},
)


@pytest.fixture
def table(ho2024: pd.DataFrame) -> pd.DataFrame:
    place = np.arange(len(ho2024))
    return ho2024.assign(dropout=place % 7 / 20, layers=place % 3 + 1, corpus=np.where(place % 2, "web", "books"))


def test_numbers_of_a_file_are_those_of_a_table_made_in_python(table, tmp_path) -> None:
    table.to_csv(tmp_path / "mine.csv")
    read = bs.read_evaluations(tmp_path / "mine.csv")
    assert all(isinstance(value, str) for value in read["dropout"])
    found, expected = make_rows(MINE, read), make_rows(MINE, table)
    assert found.levels == expected.levels and found.levels["layers"] == ("1", "2", "3")
    for name, column in expected.covariates.items():
        np.testing.assert_allclose(found.covariates[name], column, atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(found.index["layers"], expected.index["layers"])


def test_levels_that_read_as_numbers_stay_text_where_text_was_fitted(table) -> None:
    specification = Specification(name="mine", coefficients={"alpha": "1 + corpus"})
    mixed = table.assign(corpus=np.where(np.arange(len(table)) % 2, "web", "2019"))
    rows = make_rows(specification, mixed)
    some = mixed[mixed["corpus"] == "2019"]
    again = make_rows(specification, some, predictors=rows.predictors)
    np.testing.assert_array_equal(again.covariates["alpha_corpus_0"], np.zeros(len(some)))


def test_benchmarks_keep_their_labels(table) -> None:
    named = table.assign(benchmark=table["benchmark"].map({"wt103": "007", "wt2": "08", "ptb": "9"}))
    specification = Specification(name="mine", coefficients={"level": "0 + benchmark"})
    assert set(make_rows(specification, named).levels["benchmark"]) == {"007", "08", "9"}


def test_a_word_among_numbers_makes_levels(table) -> None:
    specification = Specification(name="mine", coefficients={"alpha": "1 + dropout"})
    text = table.assign(dropout=np.where(np.arange(len(table)) % 2, "0.1", "none"))
    assert make_rows(specification, text).levels["alpha_dropout_level"] == ("dropout[none]",)
