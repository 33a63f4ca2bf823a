"""A quantity that the package lacks is a function and an entry in one table, which report, JSON and terminal read."""

import json
from dataclasses import replace

import numpy as np
import pytest
from drawn_fits import BAD, drawn_fit
from test_fit_document import made_runs_fit
from xarray import DataArray

import bayes_scaling as bs
from bayes_scaling.inference.result import Fit
from bayes_scaling.reports import fit_quantities
from bayes_scaling.reports.document import Picture, Table
from bayes_scaling.reports.fit_document import fit_document
from bayes_scaling.reports.fit_quantities import fit_report, quantity, summary_json
from bayes_scaling.reports.terminal import console
from bayes_scaling.reports.write import render_json

TIMES = [10.0, 100.0]


def years_to_grow(fit: Fit) -> DataArray:
    """Years in which effective compute grows so many times: the function, as it would stand in `quantities`."""
    if not fit.specification.progresses:
        raise bs.BayesScalingError("nothing grows")
    times = DataArray(np.log(TIMES), dims="times", coords={"times": [f"{each:g} times" for each in TIMES]})
    return (times / fit.data["posterior"]["g_C"]).assign_attrs(unit="years")


ENTRY = quantity(
    "years-to-grow", "Years to grow", "Years in which effective compute grows so many times.", years_to_grow
)
"""The entry, as it would stand in the table."""


@pytest.fixture(autouse=True)
def entered(monkeypatch) -> None:
    monkeypatch.setattr(fit_quantities, "QUANTITIES", (*fit_quantities.QUANTITIES, ENTRY))


@pytest.fixture(scope="module")
def fit(ho2024) -> Fit:
    return drawn_fit("steps/1-irreducible", ho2024, g_N=0.5, g_D=0.5)


@pytest.fixture
def medians(fit) -> np.ndarray:
    return np.log(TIMES) / np.median(fit.data["posterior"]["g_C"])


def printed(fit: Fit, capsys) -> str:
    console().print(fit_report(fit))
    return capsys.readouterr().out


def test_it_has_a_section_with_words_a_picture_and_a_table(fit, medians) -> None:
    document = fit_document(fit)
    (section,) = (each for each in document.sections if each.name == "years-to-grow")
    words, picture, table = section.blocks
    assert section.title == "Years to grow" and words.text.startswith("Years in which effective compute grows")
    assert isinstance(picture, Picture) and "10 times" in picture.svg and "Years to grow (years)" in picture.svg
    assert isinstance(table, Table) and table.caption == "Years to grow; years"
    assert [row[0] for row in table.rows] == ["10 times", "100 times"]
    assert [float(row[1]) for row in table.rows] == pytest.approx(medians, rel=0.01)
    found = json.loads(render_json(document))
    assert found["data"]["years_to_grow"]["10 times"]["median"] == pytest.approx(medians[0], rel=0.01)


def test_it_is_in_summary_json_and_in_the_terminal(fit, medians, capsys) -> None:
    found = json.loads(summary_json(fit))["years_to_grow"]
    assert [found[f"{each:g} times"]["median"] for each in TIMES] == pytest.approx(medians, rel=0.01)
    assert found["10 times"]["lower"] < found["10 times"]["median"] < found["10 times"]["upper"]
    text = printed(fit, capsys)
    assert "Years to grow (years)" in text and "100 times" in text
    assert text.index("Doubling times in months") < text.index("Years to grow") < text.index("converged")


def test_what_has_not_converged_is_marked_as_all_else(fit) -> None:
    (section,) = (each for each in fit_document(replace(fit, diagnostics=BAD)).sections if each.name == "years-to-grow")
    _, picture, table = section.blocks
    assert picture.alternative.startswith("NOT CONVERGED") and "NOT CONVERGED" in picture.svg
    assert table.caption.startswith("NOT CONVERGED") and table.marked == {0, 1}


def test_a_fit_without_it_says_so(capsys) -> None:
    fit = made_runs_fit()
    (section,) = (each for each in fit_document(fit).sections if each.name == "years-to-grow")
    assert [block.text for block in section.blocks] == ["Not available for this fit: nothing grows."]
    assert json.loads(summary_json(fit))["years_to_grow"] is None
    assert "Years to grow" not in printed(fit, capsys)


def test_it_may_have_a_picture_of_its_own_and_laws_that_it_is_of(fit, monkeypatch) -> None:
    other = quantity("mine", "Mine", "Words.", years_to_grow, plot=bs.plot_ridge, progress=True)
    _, picture, _ = other.section(fit).blocks
    assert "together" in picture.svg
    monkeypatch.setattr(fit_quantities, "QUANTITIES", (other,))
    assert list(fit_quantities.quantities_of(fit)) == [other]
    assert not list(fit_quantities.quantities_of(made_runs_fit()))
