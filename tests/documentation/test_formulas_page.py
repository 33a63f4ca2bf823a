"""The page on formulas: its examples fit tables, and its tables say what code has."""

import re

import numpy as np
import pandas as pd
import pytest
from quoted import page, table_rows

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.formulas import FUNCTIONS, LINKS, LOSS_FACTORS, read_formula
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.specification import Specification

PAGE = "notebooks/site/formulas.md"
NAMES = {"identity": "none", "log": "logarithm", "logit": "log odds"}
EXAMPLES = re.findall(r"```toml\n(.*?)```", page(PAGE), re.DOTALL)
(GUIDE_EXAMPLE,) = re.findall(
    r"<!-- formulas -->\n```toml\n(.*?)```", page("notebooks/site/your-own-data.md"), re.DOTALL
)


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    evaluations = bs.load_evaluations("collected")
    runs = bs.load_runs()
    return evaluations, runs.assign(dataset=np.array(["a", "b", "c"])[np.arange(len(runs)) % 3])


@pytest.mark.parametrize("text", [*EXAMPLES, GUIDE_EXAMPLE])
def test_an_example_is_a_specification_that_fits_a_table(text, tmp_path) -> None:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    mine = bs.load_specification(tmp_path / "mine.toml")
    evaluations, runs = tables()
    table = runs if "dataset" in mine.columns or mine.noise.cluster == "series" else evaluations
    if "tokenization" in mine.columns:
        table = table.assign(tokenization=np.array(["word", "byte"])[np.arange(len(table)) % 2])
    if "lab" in mine.noise.clusters:
        table = table.assign(lab=table["paper"].str[:1])
    rows = make_rows(mine, table)
    assert all(np.isfinite(column).all() for column in rows.covariates.values())


def test_links_are_those_of_the_coefficients() -> None:
    told = {}
    for row in table_rows(page(PAGE), "Each term is added on a link"):
        told |= dict.fromkeys(re.findall(r"`(\w+)`", row["coefficient"]), row["link"])
    assert all(told.pop(name) == NAMES[read_formula(name, "0 + x").link] for name in LOSS_FACTORS)
    assert told == {name: NAMES[LINKS[PARAMETERS[name].support]] for name in told}
    rates = {"parameters": "constant_rate", "data": "constant_rate"}
    compute = Specification.from_dict("c", {"law": "compute", "progress": {"compute": "constant_rate"}})
    valid = Specification.from_dict("s", {"law": "chinchilla", "progress": rates}).may_have_formulas
    assert {*told, *LOSS_FACTORS} == {*valid, *compute.may_have_formulas}


def test_functions_are_those_that_may_be_called() -> None:
    rows = [*table_rows(page(PAGE), "## What a formula says")]
    (row,) = [row for row in rows if "log(column)" in row["part"]]
    named = {"log", "gp", *re.findall(r"`(\w+)`", row["meaning"])}
    assert [row for row in rows if "gp(column, length=1)" in row["part"]]
    assert named == {*FUNCTIONS} - {"center", "scale"}  # which change nothing: numbers are centred and scaled anyway


def test_names_and_priors_are_those_sampled() -> None:
    formula = "1 + architecture + log(year) + (year | lab)"
    mine = Specification.from_dict("mine", {"law": "chinchilla", "coefficients": {"alpha": formula}})
    sampled = {each.name for each in mine.parameters()}
    for row in table_rows(page(PAGE), "## Priors and names"):
        for name in re.findall(r"`(\w+)`", row["parameter"]):
            assert name in sampled or name == "alpha"
            said = re.findall(r"`([^`]+)`", row["prior unless `[priors]` says otherwise"])
            if name.endswith("_sd") or name in ("alpha_architecture", "alpha_log_year"):
                prior = mine.prior_of(name)
                assert said == [prior.distribution, *(f"{key} = {value:g}" for key, value in prior.arguments)]
