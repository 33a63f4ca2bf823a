"""A page a specification: everything its file says, with mathematics, and evidence only where there is some."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

from bayes_scaling.specifications.catalogue import catalogue_directory, list_specifications, load_specification

# Only the site is built by it: so it is no module that others could import by its name.
_FOUND = importlib.util.spec_from_file_location(
    "specification_pages", Path(__file__).parents[2] / "notebooks" / "site" / "extensions" / "specification_pages.py"
)
pages = importlib.util.module_from_spec(_FOUND)
_FOUND.loader.exec_module(pages)
NO_EVIDENCE, catalogue_page, prior_reasons = pages.NO_EVIDENCE, pages.catalogue_page, pages.prior_reasons
specification_page, table = pages.specification_page, pages.table

NAMES = list_specifications()


def source_of(name: str) -> str:
    return (catalogue_directory() / f"{name}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_the_law_each_prior_with_its_reason_and_the_file(name: str) -> None:
    specification, source = load_specification(name), source_of(name)
    page = specification_page(specification, source)
    assert page.startswith(f"# {name}\n")
    assert "```{math}" in page
    assert source.strip() in page
    rows = [line for line in page.splitlines() if re.match(r"\| `", line)]
    assert [row.split("`")[1] for row in rows] == [p.name for p in specification.parameters()]
    for row in rows:
        *_, interval, reason = (cell.strip() for cell in row.strip("|").split(" | "))
        low, high = map(float, interval.split(" to "))
        assert low < high
        assert len(reason) > 10


@pytest.mark.parametrize("name", NAMES)
def test_every_prior_of_a_file_has_its_reason_in_the_file(name: str) -> None:
    assert set(prior_reasons(source_of(name))) == set(load_specification(name).priors)


def test_evidence_is_shown_where_there_is_some_and_missed_where_there_is_none() -> None:
    specification, source = load_specification("reference"), source_of("reference")
    assert NO_EVIDENCE in specification_page(specification, source)
    shown = specification_page(specification, source, "All ranks are uniform.")
    assert "All ranks are uniform." in shown
    assert NO_EVIDENCE not in shown


def test_runs_are_fitted_to_runs_and_evaluations_to_evaluations() -> None:
    how = {name: specification_page(load_specification(name), source_of(name)) for name in NAMES}
    assert {name for name, page in how.items() if "--runs" in page} == {
        name for name in NAMES if name.startswith(("chinchilla", "kaplan/", "runs/"))
    }
    assert "`critical_batch`" in how["kaplan/critical-batch"]
    assert "`least_steps`" in how["kaplan/steps"]


def test_the_list_links_every_specification_and_says_what_differs() -> None:
    page = catalogue_page(map(load_specification, NAMES), ["reference"])
    rows = {line.split("](")[0].removeprefix("| ["): line for line in page.splitlines() if line.startswith("| [")}
    assert tuple(rows) == NAMES
    assert [name for name, row in rows.items() if row.endswith("| stored |")] == ["reference"]
    assert "exponents drift" in rows["ho2024/14"]
    assert "`alpha`, `beta` by architecture" in rows["ho2024/13"]
    assert "| none |" in rows["ho2024/16"]


def test_tables_keep_their_columns_whatever_a_cell_holds() -> None:
    lines = table(["a", "b"], [["x|y", "z"]]).splitlines()
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_examples_of_the_code_are_true() -> None:
    assert doctest.testmod(pages, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
