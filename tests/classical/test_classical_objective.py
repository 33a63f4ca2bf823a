import numpy as np
import pytest
from published_points import MODEL_7

import bayes_scaling as bs
from bayes_scaling.classical import Objective
from bayes_scaling.classical.estimates import published_search
from bayes_scaling.model.rows import make_rows, sample_minima

# Ho et al. 2024, table 10, models 1 to 20.
NUMBER_OF_COEFFICIENTS = (6, 5, 5, 8, 8, 10, 10, 9, 9, 14, 18, 9, 12, 10, 12, 8, 10, 5, 11, 10)


def objective_of(name, table, delta=0.0025):
    return Objective.of(bs.load_specification(name), table, delta)


def test_the_published_optimum_has_the_published_objective(ho2024):
    objective = objective_of("ho2024/07", ho2024)
    theta = [MODEL_7[name] for name in objective.names]
    assert objective(theta) == pytest.approx(0.0518129265, abs=1e-9)
    assert objective.mean_squared_error(theta) == pytest.approx(0.046416, abs=1e-6)


def test_every_catalogue_model_has_the_published_number_of_coefficients(catalogue_name, ho2024):
    number = int(catalogue_name[-2:])
    assert len(objective_of(catalogue_name, ho2024).names) == NUMBER_OF_COEFFICIENTS[number - 1]


def test_at_zeros_every_term_is_1_so_the_objective_is_finite(catalogue_name, ho2024):
    objective = objective_of(catalogue_name, ho2024)
    terms = 1 if catalogue_name == "ho2024/18" else 2
    expected = np.mean((np.log(ho2024["perplexity"]) - terms) ** 2)
    assert objective(np.zeros(len(objective.names))) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", [*(f"ho2024/{i:02d}" for i in range(1, 21)), "steps/1-irreducible"])
def test_derivatives_equal_central_differences(name, ho2024):
    objective = objective_of(name, ho2024)
    theta = 0.03 * np.random.default_rng(1).standard_normal(len(objective.names))
    step = 1e-6
    differences = [
        (objective.residuals(theta + step * unit) - objective.residuals(theta - step * unit)) / (2 * step)
        for unit in np.eye(len(theta))
    ]
    assert objective.jacobian(theta) == pytest.approx(np.transpose(differences), rel=1e-6, abs=1e-7)
    squares = [
        (objective.mean_squared_error(theta + step * unit) - objective.mean_squared_error(theta - step * unit))
        / (2 * step)
        for unit in np.eye(len(theta))
    ]
    assert objective.gradient(theta) == pytest.approx(squares, rel=1e-6, abs=1e-7)


def test_the_penalty_stands_on_every_coefficient(ho2024):
    theta = np.linspace(-0.05, 0.04, 10)
    free, penalised = (objective_of("ho2024/07", ho2024, delta) for delta in (0, 0.02))
    assert penalised(theta) - free(theta) == pytest.approx(0.02 * np.abs(theta).sum(), rel=1e-12)


def test_rows_at_given_positions_keep_their_normalisers(ho2024):
    objective = objective_of("ho2024/07", ho2024)
    theta = np.linspace(-0.05, 0.04, 10)
    positions = [200, 3, 3]
    assert np.array_equal(objective.on(positions).residuals(theta), objective.residuals(theta)[positions])
    assert objective.on(positions).rows.ids == tuple(ho2024.index[positions])


def test_the_compute_constant_of_model_18_is_that_of_the_table_not_of_the_row(ho2024):
    """The published code takes the least compute of whatever rows it is given: of one held-out row, its own."""
    specification = bs.load_specification("ho2024/18")
    anchor = sample_minima(ho2024)
    whole = make_rows(specification, ho2024, anchor).covariates["log_compute"]
    alone = make_rows(specification, ho2024.iloc[[17]], anchor).covariates["log_compute"]
    assert alone[0] == whole[17] > 1
    objective = objective_of("ho2024/18", ho2024)
    assert objective.on([17]).rows.covariates["log_compute"][0] == whole[17]


def test_a_held_out_row_under_model_18_is_predicted_as_well_as_the_others(ho2024):
    """With the published bug its error is .72 (published, and .669 in their check)."""
    objective = objective_of("ho2024/18", ho2024, 0)
    positions = np.arange(len(ho2024))
    errors = []
    for held_out in positions[::10]:
        fitted = published_search(objective.on(np.delete(positions, held_out)))
        errors.append(objective.on([held_out]).mean_squared_error(fitted.x))
    assert np.mean(errors) < 0.1


def test_overflow_is_infinite_and_silent(ho2024):
    objective = objective_of("ho2024/07", ho2024)
    assert objective(np.full(10, -1e3)) == np.inf
    objective.gradient(np.full(10, -1e3))


@pytest.mark.parametrize("delta", [-0.1, float("nan"), float("inf"), "0.01", True, None])
def test_bad_delta_is_refused(delta, ho2024, model_7):
    for estimator in (bs.classical.published_estimate, bs.classical.converged_estimate, bs.classical.bootstrap):
        with pytest.raises(bs.BayesScalingError, match="delta must be a number of at least 0"):
            estimator(model_7, ho2024, delta)


def test_a_specification_with_a_delta_of_its_own_is_refused(ho2024, model_7):
    with pytest.raises(bs.SpecificationError, match=r"carries delta = 0.01.*pass delta"):
        bs.classical.published_estimate(model_7.with_published_penalty(0.01), ho2024)
