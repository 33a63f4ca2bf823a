"""Coefficients spread over rows: NumPy and PyTensor agree, and every row gets its own group's value."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from models.log_densities import FAST
from numpy.testing import assert_allclose

from bayes_scaling.model.coordinates import from_level_and_share, from_published, published_names
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import Coefficient, expected_loss
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.specification import Specification

DRAWS = 3
Draw = Callable[..., Mapping[str, np.ndarray]]


def test_numpy_and_pytensor_agree(specification: Specification, evaluations: pd.DataFrame, draw_values: Draw) -> None:
    rows = make_rows(specification, evaluations)
    values = draw_values(specification, rows, DRAWS)
    symbols = {name: pt.dscalar(name) if specification.index_of(name) is None else pt.dvector(name) for name in values}
    mu = expected_loss(
        from_level_and_share(specification, symbols, rows.levels, xp=pt), dict(rows.covariates), dict(rows.index), xp=pt
    )
    compiled = pytensor.function(list(symbols.values()), mu, mode=FAST)
    all_draws = expected_loss(from_level_and_share(specification, values, rows.levels), rows.covariates, rows.index)
    assert all_draws.shape == (DRAWS, len(evaluations))
    for draw in range(DRAWS):
        one = [v[draw] if specification.index_of(name) else v[draw, 0] for name, v in values.items()]
        assert_allclose(compiled(*one), all_draws[draw], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in list_specifications() if name.startswith("ho2024/")])
def test_numpy_and_pytensor_agree_in_published_coefficients(name: str, evaluations: pd.DataFrame) -> None:
    specification = load_specification(name).with_published_penalty(0.0025)
    rows = make_rows(specification, evaluations)
    names = published_names(specification)
    values = np.random.default_rng(len(names)).uniform(-0.05, 0.1, size=(DRAWS, len(names)))
    symbols = [pt.dscalar(name) for name in names]
    mu = expected_loss(
        from_published(specification, dict(zip(names, symbols, strict=True)), rows.levels),
        dict(rows.covariates),
        dict(rows.index),
        xp=pt,
    )
    compiled = pytensor.function(symbols, mu, mode=FAST, on_unused_input="ignore")
    columns = {name: values[:, [i]] for i, name in enumerate(names)}
    all_draws = expected_loss(from_published(specification, columns, rows.levels), rows.covariates, rows.index)
    assert all_draws.shape == (DRAWS, len(evaluations))
    for draw in range(DRAWS):
        assert_allclose(compiled(*values[draw]), all_draws[draw], rtol=1e-12)


def test_each_row_takes_the_value_of_its_group() -> None:
    coefficients = {
        "E": Coefficient(np.array([1.0, 2.0]), "benchmark"),
        "log_A": Coefficient(np.array([0.0, 0.1, 0.2]), "architecture"),
        "alpha": Coefficient(0.5),
        "g_C": Coefficient(np.array([0.2, -0.1]), "benchmark"),
    }
    covariates = {"log_compute": np.array([1.0, 2.0, 3.0, 4.0]), "years": np.array([0.0, 1.0, 2.0, -3.0])}
    index = {"benchmark": np.array([1, 0, 1, 0]), "architecture": np.array([0, 2, 1, 1])}
    expected = [
        2.0 + np.exp(0.0 - 0.5 * (1.0 + -0.1 * 0.0)),
        1.0 + np.exp(0.2 - 0.5 * (2.0 + 0.2 * 1.0)),
        2.0 + np.exp(0.1 - 0.5 * (3.0 + -0.1 * 2.0)),
        1.0 + np.exp(0.1 - 0.5 * (4.0 + 0.2 * -3.0)),
    ]
    assert_allclose(expected_loss(coefficients, covariates, index), expected, rtol=1e-14)


def test_vocabulary_adds_its_share_of_loss() -> None:
    static = {"log_A": Coefficient(0.3), "alpha": Coefficient(0.1)}
    covariates = {"log_compute": np.array([1.0, 2.0]), "log_vocabulary": np.log([10_000.0, 268_000.0])}
    without = expected_loss(static, covariates, {})
    with_gamma = expected_loss(static | {"gamma": Coefficient(0.05)}, covariates, {})
    assert_allclose(with_gamma - without, 0.05 * np.log([10_000.0, 268_000.0]), rtol=1e-13)


def test_drift_takes_off_in_proportion_to_size_and_date() -> None:
    coefficients = {
        "log_A": Coefficient(0.3),
        "log_B": Coefficient(0.2),
        "alpha": Coefficient(0.1),
        "beta": Coefficient(0.2),
        "alpha_drift": Coefficient(0.01),
        "beta_drift": Coefficient(-0.02),
    }
    covariates = {"log_parameters": 1.0, "log_tokens": 2.0, "drift_parameters": 3.0, "drift_tokens": 4.0}
    expected = np.exp(0.3 - 0.1 * 1.0 - 0.01 * 3.0) + np.exp(0.2 - 0.2 * 2.0 + 0.02 * 4.0)
    assert_allclose(expected_loss(coefficients, covariates, {}), expected, rtol=1e-14)
