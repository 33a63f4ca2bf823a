"""Repeated tokens, the factor of transformers, and nearly neutral progress: closed forms and limits."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from bayes_scaling.errors import SpecificationError
from bayes_scaling.law.formula import effective_epochs
from bayes_scaling.model.coordinates import from_level_and_share, from_published, published_names
from bayes_scaling.model.reported import reported_quantities
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.sections import Data
from bayes_scaling.specifications.specification import Specification

Draw = Callable[..., Mapping[str, np.ndarray]]
MODEL_7 = load_specification("ho2024/07")
FACTOR = load_specification("robustness/transformer-factor")
REPETITION = load_specification("robustness/repetition")
NEARLY = load_specification("robustness/nearly-neutral")


def losses(specification: Specification, table: pd.DataFrame, values: Mapping[str, np.ndarray]) -> np.ndarray:
    rows = make_rows(specification, table)
    return expected_loss(from_level_and_share(specification, values, rows.levels), rows.covariates, rows.index)


@pytest.fixture
def values(evaluations: pd.DataFrame, draw_values: Draw) -> Mapping[str, np.ndarray]:
    return draw_values(MODEL_7, make_rows(MODEL_7, evaluations))


# ---------------------------------------------------------------------- repeated tokens


def test_one_pass_is_unique_tokens(evaluations: pd.DataFrame, values: Mapping[str, np.ndarray]) -> None:
    once = evaluations.assign(epochs=1.0)
    expected = losses(MODEL_7, evaluations, values)
    for scale in (0.01, 15.4, 1e6):
        found = losses(REPETITION, once, dict(values) | {"repetition_scale": np.full((3, 1), scale)})
        assert_allclose(found, expected, rtol=1e-14)


def test_a_large_scale_gives_tokens_seen(evaluations: pd.DataFrame, values: Mapping[str, np.ndarray]) -> None:
    seen = load_specification("robustness/tokens-seen-imputed")
    found = losses(REPETITION, evaluations, dict(values) | {"repetition_scale": np.full((3, 1), 1e12)})
    assert_allclose(found, losses(seen, evaluations, values), rtol=1e-8)


def test_a_small_scale_gives_unique_tokens(evaluations: pd.DataFrame, values: Mapping[str, np.ndarray]) -> None:
    found = losses(REPETITION, evaluations, dict(values) | {"repetition_scale": np.full((3, 1), 1e-9)})
    assert_allclose(found, losses(MODEL_7, evaluations, values), rtol=1e-8)


def test_repeated_tokens_are_worth_their_effective_epochs(
    evaluations: pd.DataFrame, values: Mapping[str, np.ndarray]
) -> None:
    scale = np.array([[2.0], [15.4], [100.0]])
    known = evaluations.dropna(subset=["epochs"])
    found = losses(REPETITION, known, dict(values) | {"repetition_scale": scale})
    for draw in range(3):
        worth = known.assign(tokens=known["tokens"] * effective_epochs(known["epochs"], scale[draw, 0]))
        assert_allclose(found[draw], losses(MODEL_7, worth, values)[draw], rtol=1e-12)


def test_the_papers_form_has_no_worth_of_repetition(evaluations: pd.DataFrame) -> None:
    with pytest.raises(SpecificationError, match=r"'robustness/repetition' has tokens = 'repeated', whose"):
        published_names(REPETITION)
    with pytest.raises(SpecificationError, match=r"set \[data\] tokens = 'unique', 'effective_epochs' or 'seen'"):
        from_published(REPETITION, {}, make_rows(REPETITION, evaluations).levels)


def test_tokens_seen_multiply_compute(evaluations: pd.DataFrame, draw_values: Draw) -> None:
    compute = load_specification("ho2024/18")
    values = draw_values(compute, make_rows(compute, evaluations))
    seen = replace(compute, data=Data(tokens="seen"))
    more = evaluations.assign(tokens=evaluations["tokens"] * evaluations["epochs"].fillna(1.0))
    assert_allclose(losses(seen, evaluations, values), losses(compute, more, values), rtol=1e-13)


# ---------------------------------------------------------------------- the factor of transformers


def test_transformers_have_a_factor_and_others_do_not(
    evaluations: pd.DataFrame, values: Mapping[str, np.ndarray]
) -> None:
    log_odds = np.array([[-1.0], [0.0], [2.971978]])
    ratio = losses(FACTOR, evaluations, dict(values) | {"gamma_T": log_odds}) / losses(MODEL_7, evaluations, values)
    transformer = (evaluations["architecture"] == "transformer").to_numpy()
    assert_allclose(ratio[:, ~transformer], 1, rtol=1e-13)
    expected = np.broadcast_to(1 / (1 + np.exp(-log_odds)), (3, transformer.sum()))
    assert_allclose(ratio[:, transformer], expected, rtol=1e-13)
    assert expected[2, 0] == pytest.approx(0.951292, abs=1e-6)  # literature, row 26


def test_large_odds_take_nothing_off(evaluations: pd.DataFrame, values: Mapping[str, np.ndarray]) -> None:
    found = losses(FACTOR, evaluations, dict(values) | {"gamma_T": np.full((3, 1), 40.0)})
    assert_allclose(found, losses(MODEL_7, evaluations, values), rtol=1e-14)


def test_the_factor_leaves_the_irreducible_loss(evaluations: pd.DataFrame, draw_values: Draw) -> None:
    specification = replace(load_specification("robustness/irreducible"), transformer_factor="sigmoid")
    rows = make_rows(specification, evaluations)
    values = dict(draw_values(specification, rows)) | {"gamma_T": np.full((3, 1), -300.0)}
    transformer = rows.index["architecture"] == 1
    e = from_level_and_share(specification, values, rows.levels)["E"].value[:, rows.index["benchmark"]]
    assert_allclose(losses(specification, evaluations, values)[:, transformer], e[:, transformer], rtol=1e-12)


def test_the_papers_log_odds_stand_last_and_give_the_factor(evaluations: pd.DataFrame) -> None:
    names = published_names(FACTOR)
    assert names == (*published_names(MODEL_7), "gamma_T")
    rows = make_rows(FACTOR.with_published_penalty(0.0025), evaluations)
    theta = dict(zip(names, np.random.default_rng(0).uniform(0.01, 0.1, len(names)), strict=True))
    theta |= {"gamma_T": 1.3}
    coefficients = from_published(FACTOR, theta, rows.levels)
    ratio = expected_loss(coefficients, rows.covariates, rows.index)
    ratio = ratio / expected_loss(from_published(MODEL_7, theta, rows.levels), rows.covariates, rows.index)
    assert_allclose(ratio, np.where(rows.index["architecture"] == 1, 1 / (1 + np.exp(-1.3)), 1.0), rtol=1e-13)


def test_the_factor_can_be_differentiated_by_complex_steps(evaluations: pd.DataFrame) -> None:
    """As the published estimator does."""
    levels = make_rows(FACTOR, evaluations).levels
    theta = dict.fromkeys(published_names(FACTOR), 0.1)
    found = from_published(FACTOR, theta | {"gamma_T": np.array([1.3 + 1e-30j])}, levels)["log_factor"].value
    assert_allclose(np.imag(found) / 1e-30, [0, 1 - 1 / (1 + np.exp(-1.3))], rtol=1e-12)


# ---------------------------------------------------------------------- nearly neutral progress


def test_no_gap_is_model_12(evaluations: pd.DataFrame, draw_values: Draw) -> None:
    neutral = load_specification("ho2024/12")
    values = draw_values(neutral, make_rows(neutral, evaluations))
    found = losses(NEARLY, evaluations, dict(values) | {"hicks_gap": np.zeros((3, 1))})
    assert_allclose(found, losses(neutral, evaluations, values), rtol=1e-15)


def test_the_gap_is_that_of_both_declines_at_the_same_growth_of_compute(
    evaluations: pd.DataFrame, draw_values: Draw
) -> None:
    levels = make_rows(NEARLY, evaluations).levels
    values = {name: value[0] for name, value in draw_values(NEARLY, make_rows(NEARLY, evaluations), draws=1).items()}
    coefficients = from_level_and_share(NEARLY, values, levels)
    reported = reported_quantities(NEARLY, coefficients, levels)
    alpha, beta = values["alpha"], values["beta"]
    g_n, g_d = reported["g_N"].value, reported["g_D"].value
    assert_allclose(alpha * g_n - beta * g_d, values["hicks_gap"], rtol=1e-10)
    assert_allclose(g_n + g_d, values["g_C"], rtol=1e-12)
    assert_allclose(g_n, (beta * values["g_C"] + values["hicks_gap"]) / (alpha + beta), rtol=1e-12)
    assert_allclose(g_d, (alpha * values["g_C"] - values["hicks_gap"]) / (alpha + beta), rtol=1e-12)


def test_any_gap_is_some_model_7(evaluations: pd.DataFrame, draw_values: Draw) -> None:
    values = dict(draw_values(NEARLY, make_rows(NEARLY, evaluations)))
    total = values["alpha"] + values["beta"]
    rates = {
        "g_N": (values["beta"] * values["g_C"] + values["hicks_gap"]) / total,
        "g_D": (values["alpha"] * values["g_C"] - values["hicks_gap"]) / total,
    }
    assert_allclose(losses(NEARLY, evaluations, values), losses(MODEL_7, evaluations, values | rates), rtol=1e-12)
