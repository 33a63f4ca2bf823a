"""Small parts of specifications and models, each by an example that can be checked by eye."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.model.coordinates import published_names
from bayes_scaling.model.predictors import levels_of
from bayes_scaling.reports.describe import describe, varying
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.formulas import first_line, read_formula
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.noise import normal, shared_effects
from bayes_scaling.specifications.progress import SHAPES, Progress, years_by_era
from bayes_scaling.specifications.template import template
from bayes_scaling.specifications.values import is_number, shown


@pytest.mark.parametrize(
    ("at_cut", "before", "after"), [("bend", [3.0, 5.0], [0.0, 3.0]), ("jump", [3.0, 0.0], [0.0, 8.0])]
)
def test_years_of_eras(at_cut, before, after) -> None:
    found = years_by_era(Progress(cut_year=2017.0, at_cut=at_cut), 2012.0, [2015.0, 2020.0])
    assert [years.tolist() for years in found] == [before, after]


def test_years_of_a_walk() -> None:
    walk = SHAPES["walk"]
    assert walk.levels(2014.5, 2017.2) == {"step": ("2015", "2016", "2017")}
    years = walk.years(Progress(), {"step": ("2017", "2019")}, 2018.0, 2020.5)
    assert years == {"years": 2.5, "walk_2017": 0.0, "walk_2019": 1.5}
    assert walk.years(Progress(), {"step": ("2017", "2019")}, 2018.0, 2016.5)["walk_2017"] == 0.5


def test_two_rows_of_one_cluster_are_bivariate_normal() -> None:
    residual = np.array([0.1, -0.3])
    added, *_ = shared_effects(residual, 0.2, [(lambda each: each.sum() + np.zeros(2), 0.1)])
    expected = stats.multivariate_normal.logpdf(residual, cov=0.04 * np.eye(2) + 0.01)
    assert (normal(residual, 0.2) + added).sum() == pytest.approx(expected, rel=1e-12)


def test_what_is_a_number_and_how_values_are_shown() -> None:
    assert [is_number(value) for value in (3, True, "3", 10**400)] == [True, False, False, False]
    assert shown("small") == "'small'"


def test_words_for_laws_formulas_and_groups() -> None:
    mine = bs.Specification("mine", varies_by={"beta": "lab"}, coefficients={"alpha": "1 + architecture"})
    assert varying(mine) == "beta by lab; alpha = 1 + architecture"
    assert LAWS["steps"].of == "parameters and least steps"
    assert levels_of("lab", pd.Series(["b", "a", "b"])) == ("a", "b")
    assert read_formula("alpha", "1 + architecture + (1 | lab)").terms == ("architecture",)


def test_what_a_library_says_is_shortened_between_words():
    said = first_line(ValueError("some words " * 20 + "\nand a line"))
    assert 70 < len(said) <= 80 and said.endswith((" some ...", " words ..."))
    assert first_line(ValueError("")) == "ValueError"


def test_specifications_of_the_catalogue_are_found_and_described() -> None:
    reference = bs.load_specification("reference")
    assert resolve("reference") == resolve(reference) == reference
    words = "chinchilla, compute, parameters, tokens, steps, kaplan, critical_batch"
    assert f'law = "chinchilla"  # {words}' in template(reference).splitlines()
    equations = describe(bs.load_specification("ho2024/07")).equations
    assert equations[0] == "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise"
    names = ("alpha_const", "alpha_year", "alpha_param", "beta_const", "beta_year", "beta_data")
    assert published_names(bs.load_specification("ho2024/01")) == names
