"""Quantities of published laws at points."""

import math

import numpy as np

from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_ROUNDED
from bayes_scaling.law.kaplan import KAPLAN_JOINT
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE
from bayes_scaling.quantities.against_published import AgainstPublished, published_rates, rates_against_published
from bayes_scaling.quantities.allocation import (
    kaplan_allocation,
    kaplan_rule_cost,
    kaplan_to_chinchilla_gain,
    kaplan_tokens,
    split_laws,
)
from bayes_scaling.quantities.allocation_table import TRAINING, Question, allocations, sources
from bayes_scaling.quantities.arguments import positive, resolve_system, resolve_systems
from bayes_scaling.quantities.coefficients import units_of
from bayes_scaling.quantities.effective_compute import log_share, rate_draws
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.quantities.optimal_split import local_terms, optimal_term, summed_terms
from bayes_scaling.quantities.prediction import predicted_loss
from bayes_scaling.quantities.rates import months_to_double, signed_months_to_double


def test_split_laws() -> None:
    assert split_laws(BESIROGLU, 2024.0).specification.name == "Besiroglu et al. 2024"


def test_question() -> None:
    assert Question(budgets=(1e24,), split=("tokens_per_parameter", 20.0)).budgets == (1e24,)


def test_allocations() -> None:
    found = allocations(Question(budgets=(5.76e23,)))
    best = found.rows(5.76e23, TRAINING)["Besiroglu et al. 2024"]
    assert {quantity: f"{row['median']:.3g}" for quantity, row in best.items()} == {
        "parameters": "7.24e+10",
        "tokens": "1.33e+12",
        "tokens_per_parameter": "18.3",
        "loss": "1.97",
    }


def test_sources() -> None:
    assert sources()["Kaplan et al. 2020, rule"].startswith("Kaplan et al. 2020 (arXiv 2001.08361), section 6.1")


def test_units_of() -> None:
    assert units_of("compute")["A"] == "nats per token at one FLOP"


def test_log_share() -> None:
    assert round(float(log_share(7, 2e4)), 4) == 0.1965


def test_rate_draws() -> None:
    assert rate_draws(HO2024_MODEL_7).round(4).item() == 0.9577


def test_kaplan_allocation() -> None:
    found = kaplan_allocation(3e23)
    assert (f"{found['parameters'].item():.2g}", f"{found['tokens'].item():.2g}") == ("5e+11", "1e+11")


def test_kaplan_rule_cost() -> None:
    assert round(kaplan_rule_cost(1.34e22).item(), 3) == 3.711


def test_kaplan_tokens() -> None:
    assert f"{kaplan_tokens(1e25):.4g}" == "1.335e+12"


def test_kaplan_to_chinchilla_gain() -> None:
    assert kaplan_to_chinchilla_gain([1e19, 1e21, 1e23, 1e25]).round(3).squeeze().values.tolist() == [
        1.141,
        1.563,
        2.519,
        4.653,
    ]


def test_laws_of() -> None:
    laws = laws_of(HO2024_MODEL_7)
    assert laws.loss(parameters=1.75e11, tokens=4.99e11, year=2020.404).round(2).tolist() == [[2.08]]


def test_static_laws() -> None:
    assert predicted_loss(HOFFMANN_ROUNDED, ["GPT-3", "Chinchilla"]).round(3).values.tolist() == [[[1.969, 1.937]]]


def test_drawn() -> None:
    axes = {"compute": np.array([1e21, 1e22]), "year": np.array(2023.0)}
    found = HO2024_MODEL_7.as_laws().drawn(np.ones((1, 2, 1)), "loss", "nats", **axes)
    assert found.dims == ("chain", "draw", "compute")


def test_local_terms() -> None:
    (_, alpha), (_, beta) = local_terms(laws_of(HO2024_MODEL_7), 2023)
    assert (alpha.round(6).tolist(), beta.round(6).tolist()) == ([[0.067982]], [[0.039587]])


def test_summed_terms() -> None:
    ((_, alpha), (_, beta)), power = summed_terms(laws_of(KAPLAN_JOINT), 2020)
    assert (alpha.round(4).item(), beta.round(4).item(), power.item()) == (0.7379, 1.0, 0.103)


def test_optimal_term() -> None:
    assert optimal_term(laws_of(HO2024_MODEL_7), 2023)[1].round(5).tolist() == [[0.02502]]


def test_resolve_system() -> None:
    assert resolve_system("GPT-3").parameters == 175000000000.0


def test_resolve_systems() -> None:
    assert [system.name for system in resolve_systems(["GPT-3", "Gopher"])] == ["GPT-3", "Gopher"]


def test_positive() -> None:
    assert np.array_equal(positive(1e22, "compute (FLOP)"), 1e22)


def test_against_published_of() -> None:
    assert AgainstPublished.of(8.4, (4.5, 14.5), (4.0, 24.0), signed=False) == AgainstPublished(
        inside=True, width_ratio=2.0
    )


def test_against_published_sentence() -> None:
    assert (
        AgainstPublished.of(8.4, (4.5, 14.3), (4.2, 24.5), signed=False).sentence
        == "the published point lies inside the interval found, which is 2.1 times as wide as the published one"
    )


def test_published_rates() -> None:
    assert [round(end, 3) for end in published_rates(HO2024_COMPUTE)] == [0.582, 1.848]
    assert published_rates(MOORE) == (None, None)


def test_rates_against_published() -> None:
    found = rates_against_published(HO2024_COMPUTE, (-0.1, 1.166))
    assert (found.inside, round(found.width_ratio, 2)) == (True, 1.0)


def test_signed_months_to_double() -> None:
    assert signed_months_to_double([np.log(2), -np.log(2), 0.0]).tolist() == [12.0, -12.0, math.inf]


def test_months_to_double() -> None:
    assert float(months_to_double(np.log(2))) == 12.0
    assert float(months_to_double(-0.1)) == math.inf
