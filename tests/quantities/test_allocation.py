"""The best split of compute, what another costs, and what use of a model changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_laws import changes_with_size, made_compute_laws, made_laws, prior_laws

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_ROUNDED, HOFFMANN_TEX, STATIC_LAWS, ChinchillaLaw
from bayes_scaling.law.gundlach import GUNDLACH_LSTM
from bayes_scaling.law.kaplan import KAPLAN_JOINT
from bayes_scaling.quantities.allocation import (
    allocation_exponents,
    cost_of_split,
    kaplan_allocation,
    kaplan_to_chinchilla_gain,
    kaplan_tokens,
    optimal_allocation,
)
from bayes_scaling.quantities.allocation_table import Question, allocations
from bayes_scaling.quantities.doubling import numerical_doubling_time
from bayes_scaling.quantities.effective_compute import effective_compute
from bayes_scaling.quantities.inference_allocation import allocation_with_inference
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.quantities.optimal_split import optimal_split
from bayes_scaling.quantities.prediction import compute_needed, predicted_loss
from bayes_scaling.specifications.laws import LAWS

YEAR = 2023.0
seeds = st.integers(0, 2**32 - 1)
budgets = st.floats(16, 27).map(lambda power: 10.0**power)


def random_laws(seed: int, draws: int = 20):
    rng = np.random.default_rng(seed)
    return made_laws(
        E=rng.uniform(0, 1.5, draws),
        log_A=rng.uniform(3, 7, draws),
        alpha=rng.uniform(0.05, 0.6, draws),
        g_N=rng.uniform(-0.5, 1, draws),
        log_B=rng.uniform(3, 8, draws),
        beta=rng.uniform(0.05, 0.6, draws),
        g_D=rng.uniform(-0.5, 1, draws),
    )


def coefficients(laws, *names):
    return [laws.coefficients[name].value[:, 0] for name in names]


def reducible_terms(laws, n, d):
    """Both terms, nats per token, for sizes of shape (1, draws)."""
    _, terms = laws.parts(n.T, d.T, YEAR)
    return [np.exp(term[:, 0]) for term in terms]


# ---------------------------------------------------------------------- optimal_allocation


@pytest.mark.parametrize(("law", "ratio"), [(HOFFMANN_ROUNDED, 92.6), (HOFFMANN_TEX, 58.9)])
def test_the_published_laws_split_gophers_budget_as_known(law, ratio) -> None:
    assert optimal_allocation(law, 5.76e23)["tokens_per_parameter"].item() == pytest.approx(ratio, abs=0.05)


def test_the_refit_splits_gophers_budget_as_known() -> None:
    # The equation in their text has exponents of four digits, their table of five.
    text = ChinchillaLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
    assert optimal_allocation(text, 5.76e23)["tokens_per_parameter"].item() == pytest.approx(18.4, abs=0.05)
    assert optimal_allocation(BESIROGLU, 5.76e23)["tokens_per_parameter"].item() == pytest.approx(18.34, abs=0.005)


def test_the_published_optimal_loss_comes_back() -> None:
    # Ho et al. 2024, appendix B.
    assert optimal_allocation(HOFFMANN_ROUNDED, 3e23)["loss"].item() == pytest.approx(1.9561113, abs=1e-6)


@given(seeds, budgets)
def test_at_the_optimum_neither_factor_is_worth_more(seed, compute) -> None:
    laws = random_laws(seed)
    found = optimal_allocation(laws, compute)
    n, d = found["parameters"].to_numpy(), found["tokens"].to_numpy()
    alpha, beta = coefficients(laws, "alpha", "beta")
    of_parameters, of_tokens = reducible_terms(laws, n, d)
    np.testing.assert_allclose(alpha * of_parameters, beta * of_tokens, rtol=1e-9)
    np.testing.assert_allclose(6 * n * d, compute, rtol=1e-9)
    np.testing.assert_allclose(found["tokens_per_parameter"], d / n, rtol=1e-12)
    np.testing.assert_allclose(found["loss"].to_numpy()[0], laws.loss(n.T, d.T, YEAR)[:, 0], rtol=1e-12)


def test_an_allocation_has_the_dimensions_that_were_asked_for() -> None:
    laws = random_laws(0)
    assert optimal_allocation(laws, 1e22)["loss"].dims == ("chain", "draw")
    whole = optimal_allocation(laws, [1e21, 1e22])
    assert dict(whole.sizes) == {"chain": 1, "draw": 20, "compute": 2}
    np.testing.assert_array_equal(whole["tokens"].sel(compute=1e22), optimal_allocation(laws, 1e22)["tokens"])
    units = {str(name): array.attrs["unit"] for name, array in whole.data_vars.items()}
    assert units == {
        "parameters": "parameters",
        "tokens": "tokens",
        "tokens_per_parameter": "tokens per parameter",
        "loss": "nats per token",
    }
    assert credible_intervals(whole["tokens"]).index.tolist() == [1e21, 1e22]


def test_progress_moves_the_optimum() -> None:
    early, late = (optimal_allocation(HO2024_MODEL_7, 1e23, year=year) for year in (2015.0, 2023.0))
    assert late["loss"].item() < early["loss"].item()
    assert late["tokens_per_parameter"].item() < early["tokens_per_parameter"].item()  # data progressed faster


@pytest.mark.parametrize("law", STATIC_LAWS, ids=lambda law: law.name)
def test_static_laws_answer_the_same_at_any_date_and_on_any_benchmark(law) -> None:
    here = optimal_allocation(law, 1e23)
    for setting in ({"year": 1990.0}, {"benchmark": "ptb"}, {"architecture": "other"}):
        assert optimal_allocation(law, 1e23, **setting).equals(here)


@pytest.mark.parametrize("name", bs.list_specifications())
def test_every_specification_has_an_allocation_or_says_why_not(name, ho2024) -> None:
    laws = prior_laws(bs.load_specification(name), ho2024)
    law = LAWS[laws.specification.law]
    if not law.splits:
        with pytest.raises(bs.BayesScalingError, match=f"'{name}' is a law of {law.of} alone"):
            optimal_allocation(laws, 1e21)
        return
    if changes_with_size(laws):
        with pytest.raises(bs.BayesScalingError, match="terms are no power laws of them"):
            optimal_allocation(laws, 1e21)
        return
    found = optimal_allocation(laws, 1e21)
    np.testing.assert_array_equal(found["loss"][0], optimal_split(laws, 1e21, YEAR).loss[:, 0])
    defined = found["loss"].notnull().to_numpy()
    assert (cost_of_split(laws, 1e21, tokens_per_parameter=20).to_numpy()[defined] >= 1 - 1e-6).all()


# ---------------------------------------------------------------------- allocation_exponents


def test_the_published_exponents_come_back() -> None:
    rounded, tex, refit = (allocation_exponents(law) for law in STATIC_LAWS)
    assert rounded["a"].item() == pytest.approx(0.4516, abs=1e-4)
    assert rounded["G"].item() == pytest.approx(1.34471, abs=1e-5)
    assert tex["G"].item() == pytest.approx(1.30005, abs=1e-5)
    assert refit["a"].item() == pytest.approx(0.513, abs=0.0005)


def test_the_refit_at_its_true_minimum_has_the_known_exponents() -> None:
    converged = ChinchillaLaw(E=1.81721, A=477.83, B=2143.4, alpha=0.34731, beta=0.36717)
    assert allocation_exponents(converged)["gamma"].item() == pytest.approx(0.1785, abs=1e-4)
    assert allocation_exponents(converged)["a"].item() == pytest.approx(0.5139, abs=1e-4)


@given(seeds, budgets, st.floats(1.5, 1e4))
def test_allocations_grow_with_their_exponents(seed, compute, factor) -> None:
    laws = random_laws(seed)
    exponents = allocation_exponents(laws)
    less, more = (optimal_allocation(laws, c) for c in (compute, compute * factor))
    growth = np.log(more / less) / np.log(factor)
    np.testing.assert_allclose(growth["parameters"], exponents["a"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(growth["tokens"], exponents["b"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(exponents["a"] + exponents["b"], 1, rtol=1e-9)
    E = coefficients(laws, "E")[0]
    reducible = np.log((more["loss"] - E) / (less["loss"] - E)) / np.log(factor)
    np.testing.assert_allclose(-reducible, exponents["gamma"], rtol=1e-5, atol=1e-8)
    alpha, beta = coefficients(laws, "alpha", "beta")
    np.testing.assert_allclose(exponents["a"][0], beta / (alpha + beta), rtol=1e-9)
    np.testing.assert_allclose(exponents["gamma"][0], alpha * beta / (alpha + beta), rtol=1e-9)
    np.testing.assert_allclose(exponents["G"] * (compute / 6) ** exponents["a"], less["parameters"], rtol=1e-7)


# ---------------------------------------------------------------------- cost_of_split


@pytest.mark.parametrize(("compute", "tokens", "cost"), [(3e23, 3e11, 2.8961), (2.53e24, 7.8e11, 3.6356)])
def test_the_published_costs_of_gpt_3_and_palm_come_back(compute, tokens, cost) -> None:
    assert cost_of_split(HOFFMANN_ROUNDED, compute, tokens=tokens).item() == pytest.approx(cost, abs=1e-4)


@given(seeds, budgets, st.floats(-4, 4))
def test_another_split_costs_more_and_the_best_nothing(seed, compute, away) -> None:
    laws = random_laws(seed)
    best = optimal_allocation(laws, compute)
    draw = 7
    n = best["parameters"][0, draw].item()
    assert cost_of_split(laws, compute, parameters=n)[0, draw].item() == pytest.approx(1, rel=1e-9)
    cost = cost_of_split(laws, compute, parameters=n * np.exp(away))
    assert (cost >= 1 - 1e-9).all()
    if abs(away) > 0.1:
        assert cost[0, draw] > 1 + 1e-6


@given(seeds, budgets, st.floats(-2, 3).map(lambda power: 10.0**power))
def test_the_best_use_of_the_compute_left_reaches_the_same_loss(seed, compute, ratio) -> None:
    laws = random_laws(seed)
    cost = cost_of_split(laws, compute, tokens_per_parameter=ratio).to_numpy()[0]
    n = np.sqrt(compute / 6 / ratio)
    least = optimal_split(laws, (compute / cost)[:, None], YEAR).loss[:, 0]
    np.testing.assert_allclose(least, laws.loss(n, ratio * n, YEAR)[:, 0], rtol=1e-9)


@given(budgets, st.floats(-2, 3).map(lambda power: 10.0**power))
def test_a_split_may_be_named_by_any_of_its_parts(compute, ratio) -> None:
    n = np.sqrt(compute / 6 / ratio)
    costs = [
        cost_of_split(BESIROGLU, compute, **choice).item()
        for choice in ({"parameters": n}, {"tokens": ratio * n}, {"tokens_per_parameter": ratio})
    ]
    np.testing.assert_allclose(costs, costs[0], rtol=1e-9)


def test_the_cost_agrees_with_the_compute_that_the_loss_needs() -> None:
    laws = random_laws(3)
    loss = laws.loss(1e9, 1e12, YEAR)[5, 0]
    needed = compute_needed(laws, float(loss), YEAR)[0, 5].item()
    cost = cost_of_split(laws, 6e21, parameters=1e9)[0, 5].item()
    assert 6e21 / cost == pytest.approx(needed, rel=1e-9)


def test_a_cost_has_the_dimensions_that_were_asked_for() -> None:
    laws = random_laws(0)
    assert cost_of_split(laws, 1e22, parameters=1e9).dims == ("chain", "draw")
    assert cost_of_split(laws, [1e21, 1e22], parameters=1e9).dims == ("chain", "draw", "compute")
    curve = cost_of_split(laws, 1e22, tokens_per_parameter=[1, 20, 400])
    assert curve.dims == ("chain", "draw", "tokens_per_parameter")
    assert curve.attrs == {"unit": "times"}
    np.testing.assert_array_equal(
        curve.sel(tokens_per_parameter=20), cost_of_split(laws, 1e22, tokens_per_parameter=20)
    )
    pairs = cost_of_split(laws, [1e21, 1e22], tokens=[1e10, 1e11])
    np.testing.assert_array_equal(pairs.sel(compute=1e22), cost_of_split(laws, 1e22, tokens=1e11))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({}, "exactly one of parameters, tokens, tokens_per_parameter; given: none"),
        ({"parameters": 1e9, "tokens": 1e10}, "exactly one of .* given: parameters, tokens"),
        ({"parameters": [1e9, 1e9, 1e9]}, "3 values of parameters do not go with 2 budgets"),
        ({"tokens": -1}, "tokens must be above 0"),
        ({"tokens_per_parameter": "many"}, "tokens_per_parameter must be a number"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(choice, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        cost_of_split(HOFFMANN_ROUNDED, [1e22, 1e23], **choice)


# ---------------------------------------------------------------------- allocation_with_inference


@given(seeds, budgets)
def test_a_model_that_is_never_used_is_the_optimum(seed, compute) -> None:
    laws = random_laws(seed)
    found, best = allocation_with_inference(laws, 0, compute=compute), optimal_allocation(laws, compute)
    for name in ("parameters", "tokens", "tokens_per_parameter"):
        np.testing.assert_allclose(found[name], best[name], rtol=1e-8)
    np.testing.assert_allclose(found["training_compute"], compute, rtol=1e-8)
    assert (found["inference_compute"] == 0).all()
    assert found["total_compute"].equals(found["training_compute"].rename("total_compute"))


@given(seeds, budgets, st.floats(8, 16).map(lambda power: 10.0**power), st.floats(1.01, 100))
def test_more_use_asks_for_fewer_parameters_and_more_tokens(seed, compute, used, factor) -> None:
    found = allocation_with_inference(random_laws(seed), [0, used, used * factor], compute=compute)
    assert (found["parameters"].diff("inference_tokens") <= 0).all()
    assert (found["tokens"].diff("inference_tokens") >= 0).all()
    some = found["inference_compute"][..., 1] > 1e-3 * found["training_compute"][..., 1]  # beyond rounding
    assert (found["parameters"].diff("inference_tokens") < 0).all("inference_tokens").to_numpy()[some].all()
    assert (found["total_compute"].diff("inference_tokens") > 0).all("inference_tokens").to_numpy()[some].all()


@given(seeds, st.floats(1.6, 4.0), st.floats(8, 16).map(lambda power: 10.0**power))
def test_the_model_reaches_the_target_and_none_that_does_is_cheaper(seed, loss, used) -> None:
    laws = random_laws(seed)
    found = allocation_with_inference(laws, used, loss=loss)
    n, d = found["parameters"].to_numpy(), found["tokens"].to_numpy()
    np.testing.assert_allclose(laws.loss(n.T, d.T, YEAR)[:, 0], loss, rtol=1e-9)
    total = 6 * n * d + 2 * n * used
    np.testing.assert_allclose(found["total_compute"], total, rtol=1e-12)
    E, beta = coefficients(laws, "E", "beta")
    for away in (-0.3, -0.03, 0.03, 0.3):
        other = n * np.exp(away)
        of_parameters, of_tokens = reducible_terms(laws, other, d)
        left = loss - E - of_parameters
        possible = left > 0
        with np.errstate(over="ignore"):
            needed = d[0] * (np.where(possible, of_tokens / np.abs(left), np.inf)) ** (1 / beta)
            assert (6 * other * needed + 2 * other * used > total * (1 - 1e-12)).all()
    assert possible.all()


def test_a_model_used_without_end_is_as_small_as_can_reach_the_loss() -> None:
    found = allocation_with_inference(HOFFMANN_ROUNDED, 1e60, loss=2.0)
    smallest = (HOFFMANN_ROUNDED.A / (2.0 - HOFFMANN_ROUNDED.E)) ** (1 / HOFFMANN_ROUNDED.alpha)
    assert found["parameters"].item() == pytest.approx(smallest, rel=1e-6)
    assert found["parameters"].item() > smallest


def test_draws_that_do_not_reach_the_loss_have_no_model() -> None:
    laws = made_laws(E=[1.0, 1.9, 1.0], alpha=[0.3, 0.3, -0.1])
    found = allocation_with_inference(laws, [0, 1e12], loss=1.8)
    np.testing.assert_array_equal(found["parameters"].notnull()[0], [[True] * 2, [False] * 2, [False] * 2])
    assert credible_intervals(found["tokens"])["defined"].tolist() == [1 / 3, 1 / 3]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"inference_tokens": 1e12}, "exactly one of loss"),
        ({"inference_tokens": 1e12, "loss": 2.0, "compute": 1e22}, "exactly one of loss"),
        ({"inference_tokens": 1e12, "loss": [2.0, 2.1]}, "one loss or one compute"),
        ({"inference_tokens": 1e12, "loss": 1.69}, "not above the irreducible loss in any draw.*above 1.69 nats"),
        ({"inference_tokens": 1e12, "compute": 0}, r"compute \(FLOP\) must be above 0"),
        ({"inference_tokens": -1, "compute": 1e22}, "inference tokens must be 0 or more and finite, not -1"),
        ({"inference_tokens": [1e9, np.nan], "compute": 1e22}, "must be 0 or more and finite, not nan"),
        ({"inference_tokens": "many", "compute": 1e22}, "inference tokens must be a number"),
        ({"inference_tokens": [], "compute": 1e22}, "non-empty list"),
    ],
)
def test_use_that_makes_no_sense_is_refused(question, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        allocation_with_inference(HOFFMANN_ROUNDED, **question)


# ---------------------------------------------------------------------- Kaplan's split


def test_the_published_tokens_of_kaplans_law_come_back() -> None:
    assert kaplan_tokens(1e25) == pytest.approx(1.335e12, rel=0.002)


def test_no_other_split_is_better_for_kaplans_law() -> None:
    compute = np.geomspace(1e17, 1e26, 10)
    tokens = kaplan_tokens(compute)
    best = KAPLAN_JOINT.loss(compute / 6 / tokens, tokens)
    for factor in (0.5, 0.9, 1.1, 2.0):
        assert (KAPLAN_JOINT.loss(compute / 6 / tokens / factor, tokens * factor) > best).all()


@pytest.mark.parametrize(
    ("compute", "gain"), [(1e19, 1.141), (1e21, 1.563), (1e23, 2.519), (3e23, 2.883), (2.53e24, 3.826), (1e25, 4.653)]
)
def test_the_gain_of_leaving_kaplans_split_comes_back(compute, gain) -> None:
    assert kaplan_to_chinchilla_gain(compute).item() == pytest.approx(gain, abs=0.001)


def test_the_gain_is_judged_by_any_law() -> None:
    found = kaplan_to_chinchilla_gain([1e21, 1e23], random_laws(0))
    assert dict(found.sizes) == {"chain": 1, "draw": 20, "compute": 2}
    assert (found >= 1).all()
    assert kaplan_to_chinchilla_gain(1e23, BESIROGLU).item() != kaplan_to_chinchilla_gain(1e23).item()


def test_kaplans_rule_spends_the_budget() -> None:
    found = kaplan_allocation([1e20, 1e23])
    np.testing.assert_allclose(6 * found["parameters"] * found["tokens"], [1e20, 1e23], rtol=1e-12)
    np.testing.assert_allclose(found["tokens_as_published"] / found["tokens"], 1.8056, rtol=1e-4)
    assert kaplan_allocation(1e20)["parameters"].dims == ()
    assert found["parameters"].attrs == {"unit": "parameters without embeddings"}
    with pytest.raises(bs.BayesScalingError, match=r"compute \(FLOP\) must be above 0"):
        kaplan_allocation([1e20, 0])


# ---------------------------------------------------------------------- static laws, and what is refused


@given(st.floats(6, 12), st.floats(8, 13), st.floats(1990, 2050))
def test_the_draw_of_a_static_law_is_the_law(log_n, log_d, year) -> None:
    n, d = 10**log_n, 10**log_d
    for law in STATIC_LAWS:
        assert laws_of(law).loss(n, d, year).item() == pytest.approx(law.loss(n, d), rel=1e-12)
    drawn = laws_of(GUNDLACH_LSTM).loss(n, d, year).item()
    assert drawn == pytest.approx(GUNDLACH_LSTM.loss(6 * n * d), rel=1e-12)


def test_static_laws_answer_other_questions_too() -> None:
    laws = laws_of(HOFFMANN_ROUNDED)
    chinchilla = predicted_loss(laws, "Chinchilla").item()
    assert chinchilla == pytest.approx(HOFFMANN_ROUNDED.loss(7e10, 1.4e12), rel=1e-12)
    assert compute_needed(laws, 1.9561113, 2020).item() == pytest.approx(3e23, rel=1e-5)
    assert effective_compute(laws, 2014, 2023).item() == 1
    assert np.isinf(numerical_doubling_time(laws).item())


@pytest.mark.parametrize(
    "question",
    [
        lambda source, **setting: optimal_allocation(source, 1e22, **setting),
        lambda source, **setting: allocation_exponents(source, **setting),
        lambda source, **setting: cost_of_split(source, 1e22, parameters=1e9, **setting),
        lambda source, **setting: allocation_with_inference(source, 1e12, compute=1e22, **setting),
        lambda source, **setting: kaplan_to_chinchilla_gain(1e22, source, **setting),
    ],
    ids=["allocation", "exponents", "cost", "inference", "gain"],
)
def test_impossible_questions_are_refused(question) -> None:
    for compute_law in (GUNDLACH_LSTM, made_compute_laws()):
        with pytest.raises(bs.BayesScalingError, match="law of compute alone and knows of no split"):
            question(compute_law)
    with pytest.raises(bs.BayesScalingError, match="benchmark 'c4' is unknown; valid choices: wt103"):
        question(HOFFMANN_ROUNDED, benchmark="c4")
    with pytest.raises(bs.BayesScalingError, match="year must be above 0"):
        question(HOFFMANN_ROUNDED, year=-1)
    with pytest.raises(bs.BayesScalingError, match="year must be one number"):
        question(HOFFMANN_ROUNDED, year=[2020, 2021])
    with pytest.raises(bs.BayesScalingError, match=r"chinchilla/fit\.nc: no such fit"):
        question("chinchilla")
    with pytest.raises(bs.BayesScalingError, match="a fit is needed"):
        question(7)


@pytest.mark.parametrize("compute", [0, -1e22, [1e22, np.nan], "much", []])
def test_a_budget_that_is_not_positive_is_refused(compute) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"compute \(FLOP\) must be"):
        optimal_allocation(HOFFMANN_ROUNDED, compute)
    with pytest.raises(bs.BayesScalingError, match=r"compute \(FLOP\) must be"):
        kaplan_to_chinchilla_gain(compute)


def test_draws_without_an_optimum_are_not_defined() -> None:
    laws = made_laws(alpha=[0.3, -0.1, 0.3], beta=[0.3, 0.3, 0.0])
    for draws in (
        *optimal_allocation(laws, 1e22).values(),
        *allocation_exponents(laws).values(),
        cost_of_split(laws, 1e22, parameters=1e9),
        *allocation_with_inference(laws, 1e12, compute=1e22).values(),
    ):
        assert draws.notnull().to_numpy()[0].tolist() == [True, False, False]


def test_exponents_near_zero_give_numbers_without_warnings() -> None:
    laws = made_laws(alpha=[1e-8, 1e-3, 0.3, 5.0], beta=[1e-8, 0.3, 1e-6, 9.0], E=0.0)
    far = [1e6, 1e22, 1e300]
    assert optimal_allocation(laws, far)["loss"].notnull().all()
    assert allocation_exponents(laws)["gamma"].notnull().all()
    assert cost_of_split(laws, far, tokens_per_parameter=20).notnull().all()
    used = allocation_with_inference(laws, [0, 1e12, 1e300], loss=2.0)
    assert used["parameters"][0, -1].notnull().all()


@pytest.mark.parametrize("compute", [(1.0,), (24.0,), (1e21, 24.0)])
def test_exponents_in_place_of_budgets_are_refused(compute) -> None:
    told = r"compute \(FLOP\) is (1|24), less than any model takes; write budgets in full, such as 1e24"
    for question in (lambda: allocations(Question(compute)), lambda: optimal_allocation(HOFFMANN_ROUNDED, compute)):
        with pytest.raises(bs.BayesScalingError, match=told):
            question()
