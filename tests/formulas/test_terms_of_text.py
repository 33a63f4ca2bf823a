"""Terms of which each row has one column are looked up, not summed over columns: the density is that of the sum."""

import numpy as np
import pytest
from formulas.made_formulas import made_evaluations
from models.log_densities import FAST, points

import bayes_scaling as bs
from bayes_scaling.inference import sampling
from bayes_scaling.inference.sampling import structure_key
from bayes_scaling.model import build, rows
from bayes_scaling.model.rows import make_rows, model_data, single_columns

LOOKED_UP = ["1 + lab", "0 + benchmark + lab + log(vocabulary):lab"]
SUMMED = ["1 + log(vocabulary)", "1 + test_time_adaptation", "1 + bs(year, df=4)"]


@pytest.fixture(scope="module")
def table():
    return made_evaluations(60).assign(vocabulary=np.geomspace(1e4, 3e5, 60))


def made(table, formula: str):
    specification = bs.Specification(name="mine", coefficients={"alpha": formula})
    return specification, make_rows(specification, table)


def densities(specification, found):
    model = build.build_model_of_rows(specification, found)
    function = model.logp_dlogp_function(mode=FAST, ravel_inputs=True)
    function.set_extra_values({})
    at = points(model, specification, found, 5)
    each = [function(np.concatenate([value.ravel() for value in point.values()])) for point in at]
    return [np.append(gradient, density) for density, gradient in each]


@pytest.mark.parametrize("formula", LOOKED_UP)
def test_density_and_gradient_are_those_of_the_sum_over_columns(table, formula, monkeypatch) -> None:
    specification, found = made(table, formula)
    assert list(single_columns(specification, found)) == ["alpha_lab"]
    data, key = model_data(specification, found), structure_key(specification, found)
    looked_up = densities(specification, found)
    for module in (build, rows, sampling):
        monkeypatch.setattr(module, "single_columns", lambda *_: {})
    summed = model_data(specification, found)
    assert set(data) - set(summed) == {"alpha_lab_columns", "alpha_lab_columns_index"}
    assert set(summed) - set(data) == {f"alpha_lab_{at}" for at in range(7)}
    np.testing.assert_allclose(looked_up, densities(specification, found), rtol=1e-10, atol=1e-10)
    assert structure_key(specification, found) != key  # another program


@pytest.mark.parametrize("formula", SUMMED)
def test_other_terms_are_summed_over_their_columns(table, formula) -> None:
    specification, found = made(table, formula)
    assert single_columns(specification, found) == {}
    assert set(found.covariates) <= set(model_data(specification, found))
