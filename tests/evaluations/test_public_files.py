"""Public files of people who do this work: read as they are or with what is said; wrong units have their codes."""

import warnings

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.tables.faults import Finding
from bayes_scaling.tables.reading import Reading, read_table


def codes(table) -> dict[str, str]:
    found: tuple[Finding, ...] = bs.findings(table)
    return {each.code: each.severity for each in found}


FOUND = {
    "llama3_two_loss_scales.csv": {"two-loss-scales": "error"},
    "gadre_all_validation_sets.csv": {"several-losses": "error"},
    "marin_three_datasets.csv": {"several-losses": "warning"},
    "steplaw_dense.csv": {"sweep": "warning"},
    "min_unit.csv": {"flop-not-counts": "error"},
    "chinchilla_example.csv": {},
    "besiroglu_updated.csv": {},
    "porian_off_centre.csv": {},
}


@pytest.mark.parametrize("name", FOUND)
def test_what_looks_wrong_has_its_code(shared, name):
    read = read_table(shared / "data" / "public" / name, None, Reading(guess_columns=True))
    assert read.faults == ()
    assert codes(read.table) == FOUND[name]


def test_sound_tables_have_no_findings(shared, ho2024, collected):
    chinchilla = bs.load_runs("chinchilla", shared / "data" / "chinchilla_figure4_digitised.csv")
    assert [codes(table) for table in (ho2024, collected, chinchilla, bs.load_runs())] == [{}] * 4


CHANGES = {
    "parameters-not-counts": lambda runs: runs.assign(parameters=runs["parameters"] / 1e9),
    "tokens-not-counts": lambda runs: runs.assign(tokens=runs["tokens"] / 1e12),
    "loss-above-chance": lambda runs: runs.assign(loss=np.exp(runs["loss"])),
    "loss-low": lambda runs: runs.assign(loss=runs["loss"] / np.log(2) / 4.3),
    "loss-rises": lambda runs: runs.assign(loss=1 / runs["loss"]),
}


@pytest.mark.parametrize("code", CHANGES)
def test_another_unit_is_found_and_an_error_is_not_fitted_unless_allowed(code):
    changed = CHANGES[code](bs.load_runs())
    found = codes(changed)
    assert code in found
    if found[code] == "error":
        with pytest.raises(bs.RunsError, match=f"--allow {code}"):
            bs.fit("chinchilla", changed)
    changed.attrs["allowed"] = [code]
    assert codes(changed)[code] == "warning"


def test_log_perplexities_are_no_perplexities(ho2024):
    assert codes(ho2024.assign(perplexity=np.log(ho2024["perplexity"]))) == {"log-perplexity": "error"}


def test_the_authors_sheet_is_the_recovered_sample(shared, ho2024):
    """Rules count as published, and the 231 rows are those of the packaged table."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        selection = bs.read_ho2024_sheet(shared / "data" / "public" / "ho2024_sheet.csv")
    assert selection.as_published
    order = ["system", "benchmark", "perplexity", "parameters"]
    rounded = [table.assign(perplexity=table["perplexity"].round(6)) for table in (selection.table, ho2024)]
    sheet, packaged = (table.sort_values(order) for table in rounded)
    for column in ("system", "benchmark", "published"):
        assert sheet[column].tolist() == packaged[column].tolist()
    for column in ("perplexity", "parameters", "tokens", "vocabulary"):
        np.testing.assert_allclose(sheet[column], packaged[column], rtol=1e-9)
    epochs = zip(sheet["epochs"], packaged["epochs"], strict=True)
    assert sum(not (one == other or (pd.isna(one) and pd.isna(other))) for one, other in epochs) == 40
    written = pd.read_csv(shared / "data" / "public" / "ho2024_sheet.csv")["Zero-shot?"]
    assert (pd.to_numeric(written, errors="coerce") == 0.5).sum() == 19
