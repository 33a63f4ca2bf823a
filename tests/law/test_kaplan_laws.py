"""Kaplan's laws: what the paper says of them, and how they hang together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import PETAFLOP_DAY
from bayes_scaling.law.kaplan import (
    KAPLAN_ALLOCATION,
    KAPLAN_BATCH,
    KAPLAN_COMPUTE,
    KAPLAN_JOINT,
    KAPLAN_NAIVE_COMPUTE,
    KAPLAN_PARAMETERS,
    KAPLAN_TOKENS,
    KAPLAN_TRAINING,
    kaplan_compute_exponent,
)
from bayes_scaling.quantities.allocation import allocation_exponents, cost_of_split, optimal_allocation
from bayes_scaling.quantities.inference_allocation import allocation_with_inference
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.quantities.optimal_split import local_terms

sizes = st.floats(5, 14).map(lambda power: 10.0**power)


def test_a_petaflop_day_is_the_published_unit() -> None:
    assert PETAFLOP_DAY == 8.64e19


@pytest.mark.parametrize(
    ("law", "exponent", "scale"),
    [
        (KAPLAN_PARAMETERS, 0.076, 8.8e13),
        (KAPLAN_TOKENS, 0.095, 5.4e13),
        (KAPLAN_COMPUTE, 0.050, 3.1e8 * 8.64e19),
        (KAPLAN_NAIVE_COMPUTE, 0.057, 1.6e7 * 8.64e19),
    ],
)
def test_laws_of_one_factor_are_powers(law, exponent, scale) -> None:
    size = np.geomspace(1e6, 1e24, 7)
    np.testing.assert_allclose(law.loss(size), (scale / size) ** exponent, rtol=1e-13)
    assert law.loss(scale) == pytest.approx(1, rel=1e-13)


def test_the_exponent_of_compute_follows_from_the_others() -> None:
    assert kaplan_compute_exponent() == pytest.approx(0.0520, abs=1e-4)
    fitted = kaplan_compute_exponent(KAPLAN_PARAMETERS.exponent, KAPLAN_TRAINING.alpha_S, KAPLAN_BATCH.alpha_B)
    assert fitted == kaplan_compute_exponent()


@given(sizes, sizes)
def test_the_joint_law_is_the_published_formula(n, d) -> None:
    expected = ((6.4e13 / n) ** (0.076 / 0.103) + 1.8e13 / d) ** 0.103
    assert KAPLAN_JOINT.loss(n, d) == pytest.approx(expected, rel=1e-12)


@given(sizes)
def test_the_joint_law_ends_in_laws_of_one_factor(size) -> None:
    assert KAPLAN_JOINT.loss(size, 1e60) == pytest.approx((6.4e13 / size) ** 0.076, rel=1e-9)
    assert KAPLAN_JOINT.loss(1e80, size) == pytest.approx((1.8e13 / size) ** 0.103, rel=1e-9)


@given(sizes, st.floats(1, 1e9))
def test_the_law_of_training_is_the_published_formula(n, steps) -> None:
    expected = (6.5e13 / n) ** 0.077 + (2.1e3 / steps) ** 0.76
    assert KAPLAN_TRAINING.loss(n, steps) == pytest.approx(expected, rel=1e-12)


def test_efficient_training_stops_a_tenth_above_convergence() -> None:
    assert KAPLAN_TRAINING.efficient_excess == pytest.approx(1.10, abs=0.005)


def test_models_from_six_tenths_to_twice_the_best_size_cost_at_most_a_fifth_more() -> None:
    # Kaplan et al. 2020, figure 12: "between 0.6x and 2.2x the optimal size", "only a 20% increase".
    cost = KAPLAN_TRAINING.misallocation(np.linspace(0.6, 2.2, 100))
    assert cost.max() == pytest.approx(1.20, abs=0.005)


@given(st.floats(-0.5, 3).map(lambda power: 10.0**power))
def test_the_misallocation_is_the_ratio_of_parameters_times_steps_for_one_loss(ratio) -> None:
    best, law = 1e9, KAPLAN_TRAINING
    target = law.efficient_excess * (law.N_c / best) ** law.alpha_N

    def steps(n):
        return law.S_c * (target - (law.N_c / n) ** law.alpha_N) ** (-1 / law.alpha_S)

    assert law.loss(ratio * best, steps(ratio * best)) == pytest.approx(target, rel=1e-12)
    expected = ratio * steps(ratio * best) / steps(best)
    assert law.misallocation(ratio) == pytest.approx(expected, rel=1e-9)
    assert expected >= 1 - 1e-12


def test_a_model_too_small_never_reaches_the_loss() -> None:
    assert KAPLAN_TRAINING.misallocation([0.01, 0.1, 1.0]).tolist() == [np.inf, np.inf, 1.0]


@given(st.floats(1.5, 8), st.floats(3, 9).map(lambda power: 10.0**power))
def test_steps_and_compute_are_least_at_the_ends(loss, batch) -> None:
    critical = KAPLAN_BATCH.critical(loss)
    assert critical == pytest.approx(2.1e8 / loss ** (1 / 0.21), rel=1e-12)
    steps = KAPLAN_BATCH.least_steps(1.0, batch, loss)
    compute = KAPLAN_BATCH.least_compute(1.0, batch, loss)
    assert steps + compute == pytest.approx(1, rel=1e-12)  # what one saves is what the other spends
    assert KAPLAN_BATCH.least_steps(1.0, critical, loss) == pytest.approx(0.5)
    assert KAPLAN_BATCH.least_steps(1.0, 1e9 * critical, loss) == pytest.approx(1, abs=1e-8)
    assert KAPLAN_BATCH.least_compute(1.0, 1e-9 * critical, loss) == pytest.approx(1, abs=1e-8)


@given(st.floats(-6, 8).map(lambda power: 10.0**power))
def test_the_rule_is_the_published_one_in_petaflop_days(days) -> None:
    rule, compute = KAPLAN_ALLOCATION, days * 8.64e19
    assert rule.parameters(compute) == pytest.approx(1.3e9 * days**0.73, rel=1e-12)
    assert rule.batch(compute) == pytest.approx(2.0e6 * days**0.24, rel=1e-12)
    assert rule.steps(compute) == pytest.approx(5.4e3 * days**0.03, rel=1e-12)
    assert rule.tokens(compute) == pytest.approx(2e10 * days**0.27, rel=1e-12)


def test_the_rules_exponents_add_up() -> None:
    rule = KAPLAN_ALLOCATION
    assert rule.batch.exponent + rule.steps.exponent == pytest.approx(rule.tokens.exponent)
    assert rule.parameters.exponent + rule.tokens.exponent == pytest.approx(1)
    # At the critical batch size twice the least number of steps is taken.
    assert 2 * rule.batch.scale * rule.steps.scale == pytest.approx(rule.tokens.scale, rel=0.1)


# ---------------------------------------------------------------------- the joint law as a source of quantities


@settings(deadline=None)
@given(st.floats(17, 27).map(lambda power: 10.0**power))
def test_the_joint_laws_best_split_is_the_numerical_minimum(compute) -> None:
    found = optimal_allocation(KAPLAN_JOINT, compute).squeeze()
    numerical = minimize_scalar(
        lambda log_n: KAPLAN_JOINT.loss(np.exp(log_n), compute / 6 / np.exp(log_n)),
        bounds=(np.log(1e3), np.log(compute / 6e3)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert np.log(found["parameters"].item()) == pytest.approx(numerical.x, abs=1e-4)
    assert found["loss"].item() == pytest.approx(numerical.fun, rel=1e-12)
    assert 6 * found["parameters"].item() * found["tokens"].item() == pytest.approx(compute, rel=1e-9)
    bracket = optimal_allocation(KAPLAN_JOINT.bracket, compute).squeeze()
    for name in ("parameters", "tokens"):
        assert found[name].item() == pytest.approx(bracket[name].item(), rel=1e-9)


def test_the_joint_laws_exponents_are_those_along_its_frontier() -> None:
    found = {name: value.item() for name, value in allocation_exponents(KAPLAN_JOINT).data_vars.items()}
    low, high = (optimal_allocation(KAPLAN_JOINT, compute) for compute in (1e20, 1e24))
    slopes = {name: np.log(high[name] / low[name]).item() / np.log(1e4) for name in ("parameters", "tokens", "loss")}
    assert [found["a"], found["b"], -found["gamma"]] == pytest.approx(list(slopes.values()), rel=1e-9)
    assert found["a"] == pytest.approx(0.103 / (0.076 + 0.103))
    assert found["G"] * (1e20 / 6) ** found["a"] == pytest.approx(low["parameters"].item())


@settings(deadline=None)
@given(st.floats(18, 26).map(lambda power: 10.0**power), st.floats(-2, 2).map(lambda power: 10.0**power))
def test_the_cost_of_a_split_is_the_ratio_of_budgets_of_one_loss(compute, ratio) -> None:
    best = optimal_allocation(KAPLAN_JOINT, compute)["parameters"].item()
    cost = cost_of_split(KAPLAN_JOINT, compute, parameters=ratio * best).item()
    spent = KAPLAN_JOINT.loss(ratio * best, compute / 6 / (ratio * best))
    assert optimal_allocation(KAPLAN_JOINT, compute / cost)["loss"].item() == pytest.approx(spent, rel=1e-9)
    assert cost >= 1 - 1e-9


def test_draws_of_the_joint_law_have_its_loss_and_refuse_to_add_its_terms_up() -> None:
    laws = laws_of(KAPLAN_JOINT)
    assert laws.loss([1e8, 1e10], [1e9, 1e11], 2020.0)[0] == pytest.approx(
        KAPLAN_JOINT.loss(np.array([1e8, 1e10]), np.array([1e9, 1e11])), rel=1e-12
    )
    for refused in (
        lambda: laws.parts(1e8, 1e9, 2020.0),
        lambda: local_terms(laws, 2020.0),
        lambda: allocation_with_inference(KAPLAN_JOINT, 1e12, compute=1e22),
    ):
        with pytest.raises(BayesScalingError, match="joined by a power and do not add up"):
            refused()
