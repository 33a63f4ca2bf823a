"""The page on how the reference was built: its rows are the files, its figures those that the package carries."""

import json
import math
import re

import pandas as pd
import pytest
from fresh import SEED
from quoted import UNBOUNDED, page, parts, span, table_rows

import bayes_scaling as bs
from bayes_scaling.common.formatting import in_digits, months

PAGE = "notebooks/steps.md"
TABLES = ("collected", "ho2024")
COLUMNS = ("compute_doubling_months_median", "compute_doubling_months_lower", "compute_doubling_months_upper")


def carried(table: str) -> dict:
    return json.loads(page(f"bayes_scaling/data/alternatives/{table}.json"))


def printed(table: str) -> pd.DataFrame:
    """Rows of both tables of the page, by specification."""
    way, beside = page(PAGE).split("## What was tried beside it")
    rows = [*table_rows(way, f"On `{table}` ("), *table_rows(beside, f"On `{table}`:")]
    return pd.DataFrame(rows).assign(name=lambda t: t["specification"].str.strip("`")).set_index("name")


@pytest.mark.parametrize("table", TABLES)
def test_every_file_of_a_step_is_on_the_page_and_compared(table) -> None:
    steps = {name for name in bs.list_specifications() if name.startswith("steps/")}
    names = steps | {"reference", "ho2024/07", "robustness/papers"}
    assert set(printed(table).index) == names == {each["name"] for each in carried(table)["specifications"]}


@pytest.mark.parametrize("table", TABLES)
def test_doubling_times_are_those_carried(table) -> None:
    rows = printed(table)["T_C, months"]
    for each in carried(table)["specifications"]:
        for text, column in zip(parts(rows[each["name"]]), COLUMNS, strict=True):
            value = math.inf if each[column] is None else each[column]
            low, high = (math.inf, math.inf) if text == UNBOUNDED else span(text)
            places = range(1, int(math.log10(value)) + 1) if math.isfinite(value) else ()
            # Where the Monte Carlo error is large, the first digit is all that is shown.
            rounded = {round(value, -place) for place in places}
            assert low <= value <= high or float(text.replace(",", "")) in rounded, (each["name"], column)


@pytest.mark.parametrize("table", TABLES)
def test_what_has_not_converged_is_marked(table) -> None:
    marked = printed(table)["R-hat, divergences"].str.contains("not converged")
    assert {each["name"] for each in carried(table)["specifications"] if not each["converged"]} == set(
        marked[marked].index
    )


@pytest.mark.parametrize("table", TABLES)
def test_averages_are_those_carried(table) -> None:
    (said,) = re.findall(rf"- On `{table}`, .* by stacking, (.*)\.", page(PAGE))
    assert said == "{} ({} to {})".format(*in_digits(carried(table)["average"], months))


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_papers_left_out_are_predicted_so_much_better(table) -> None:
    """By fresh fits with another seed: the difference over the published specification, within what seeds move it."""
    difference, error = map(
        float, re.search(rf"On `{table}`, `reference` .* out ([\d.]+) ± ([\d.]+) nats", page(PAGE)).groups()
    )
    fits = [bs.fit(name, bs.load_evaluations(table), seed=SEED) for name in ("reference", "ho2024/07")]
    found = bs.compare_fits(fits, unit="paper").table
    row = found[found["model"] == "ho2024/07"].iloc[0]
    assert row["elpd_diff"] == pytest.approx(-difference, abs=2)
    assert row["dse"] == pytest.approx(error, abs=2)
