"""Shapley attribution: the whole published table, the definition by orders, the axioms, errors."""

from datetime import date
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_laws import COMPUTE, made_compute_laws, made_drifting_laws, made_laws

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.law.published import HO2024_SHAPLEY, PLAYERS, published_shapley
from bayes_scaling.law.systems import HO2024_SYSTEMS, System
from bayes_scaling.quantities.attribution import HO2024_PAIRS, shapley_attribution
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import Laws

systems = st.builds(
    System,
    name=st.just("made"),
    parameters=st.floats(5, 12).map(lambda power: 10**power),
    tokens=st.floats(5, 13).map(lambda power: 10**power),
    published=st.dates(date(2010, 1, 1), date(2030, 1, 1)),
)
seeds = st.integers(0, 2**32 - 1)


def random_laws(seed: int, draws: int = 50) -> Laws:
    rng = np.random.default_rng(seed)
    return made_laws(
        E=rng.uniform(0, 2, draws),
        log_A=rng.uniform(1, 7, draws),
        alpha=rng.uniform(0.02, 0.5, draws),
        g_N=rng.uniform(-1, 2, draws),
        log_B=rng.uniform(1, 7, draws),
        beta=rng.uniform(0.02, 0.5, draws),
        g_D=rng.uniform(-1, 2, draws),
    )


def by_orders(laws: Laws, start: System, end: System) -> np.ndarray:
    """Changes by the definition: every order in which N, D and the dates of the two terms can switch."""

    @cache
    def value(switched: frozenset[str]) -> np.ndarray:
        at = {player: end if player in switched else start for player in PLAYERS}
        size = at["parameters"].parameters, at["data"].tokens
        irreducible, of_parameters = laws.parts(*size, at["parameter_efficiency"].year)
        _, of_data = laws.parts(*size, at["data_efficiency"].year)
        return (irreducible + np.exp(of_parameters[0]) + np.exp(of_data[1]))[:, 0]

    changes = dict.fromkeys(PLAYERS, 0.0)
    for order in permutations(PLAYERS):
        for position, player in enumerate(order):
            before = frozenset(order[:position])
            changes[player] = changes[player] + (value(before | {player}) - value(before)) / 24
    return np.stack([changes[player] for player in PLAYERS], axis=-1)


def total_change(laws: Laws, start: System, end: System) -> np.ndarray:
    begun, ended = (laws.loss(s.parameters, s.tokens, s.year) for s in (start, end))
    return ended - begun


def attributed(laws: Laws, start: System, end: System) -> np.ndarray:
    return shapley_attribution(laws, [(start, end)]).to_numpy()[0, :, 0]


def as_large_as(shares: np.ndarray) -> np.ndarray:
    """Size of the largest share of each draw, at least 1: rounding errors are relative to it."""
    return np.maximum(1, np.abs(shares).max(axis=-1))


def test_the_published_table_comes_back() -> None:
    found = shapley_attribution(HO2024_MODEL_7).squeeze().to_pandas()
    off = (found - published_shapley()).abs()
    assert off.shape == (14, 4)
    chinchilla = off.index.str.contains("Chinchilla")
    assert off[~chinchilla].max(axis=None) <= 0.001
    assert off[chinchilla].max(axis=None) <= 0.006


def test_the_published_table_is_of_the_published_pairs_and_adds_up_as_printed() -> None:
    table = published_shapley()
    assert tuple(HO2024_SHAPLEY) == HO2024_PAIRS
    assert len(table) == 14
    assert {name for pair in HO2024_SHAPLEY for name in pair} < set(HO2024_SYSTEMS)
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=0.0021)  # four figures of one decimal of a per cent


@given(seeds, systems, systems)
def test_shares_add_up_to_one_in_every_draw(seed, start, end) -> None:
    shares = attributed(random_laws(seed), start, end)
    defined = ~np.isnan(shares).any(axis=-1)
    assert defined.all() or start == end
    off = np.abs(shares.sum(axis=-1) - 1) / as_large_as(shares)
    assert (off[defined] < 1e-12).all()


@given(seeds, systems, systems)
def test_shares_are_the_mean_over_all_24_orders(seed, start, end) -> None:
    laws = random_laws(seed, draws=10)
    total = total_change(laws, start, end)
    clear = np.abs(total)[:, 0] > 1e-3  # where the loss hardly changed, shares divide rounding errors
    found, expected = attributed(laws, start, end) * total, by_orders(laws, start, end)
    np.testing.assert_allclose(found[clear], expected[clear], rtol=1e-9, atol=1e-9)


def test_shares_are_the_mean_over_all_24_orders_where_exponents_drift() -> None:
    laws = made_drifting_laws(alpha_drift=np.linspace(-0.003, 0.003, 7))
    start, end = HO2024_SYSTEMS["RNN"], HO2024_SYSTEMS["GPT-3"]
    found = attributed(laws, start, end) * total_change(laws, start, end)
    np.testing.assert_allclose(found, by_orders(laws, start, end), rtol=1e-11)
    assert (found[:, 2:] != 0).any(axis=0).all()


@given(seeds, systems, st.floats(1.5, 1e4))
def test_what_does_not_change_gets_nothing(seed, start, factor) -> None:
    laws = random_laws(seed)
    later = System("later", start.parameters, start.tokens * factor, date(2031, 1, 1))
    only_data = System("more data", start.parameters, start.tokens * factor, start.published)
    assert (attributed(laws, start, later)[:, 0] == 0).all()
    np.testing.assert_array_equal(attributed(laws, start, only_data), np.tile([0.0, 1.0, 0.0, 0.0], (50, 1)))


@given(seeds, systems, systems)
def test_without_progress_only_scale_counts(seed, start, end) -> None:
    rng = np.random.default_rng(seed)
    shares = attributed(made_laws(alpha=rng.uniform(0.02, 0.5, 20), g_N=0.0, g_D=0.0), start, end)
    assert (shares[:, 2:] == 0).all() or (start.parameters, start.tokens) == (end.parameters, end.tokens)


@given(seeds, st.floats(6, 11), st.floats(1, 100), st.integers(1, 10))
def test_equal_terms_that_change_alike_have_equal_shares(seed, power, factor, years) -> None:
    rng = np.random.default_rng(seed)
    log_a, exponent, rate = rng.uniform(1, 7, 20), rng.uniform(0.02, 0.5, 20), rng.uniform(0.1, 1, 20)
    laws = made_laws(log_A=log_a, alpha=exponent, g_N=rate, log_B=log_a, beta=exponent, g_D=rate)
    start = System("start", 10**power, 10**power, date(2012, 1, 1))
    end = System("end", 10**power * factor, 10**power * factor, date(2012 + years, 1, 1))
    shares = attributed(laws, start, end)
    np.testing.assert_allclose(shares[:, 0], shares[:, 1], rtol=1e-12)
    np.testing.assert_allclose(shares[:, 2], shares[:, 3], rtol=1e-12)


@given(seeds, systems, systems)
def test_the_way_back_has_the_same_shares(seed, start, end) -> None:
    laws = random_laws(seed)
    clear = np.abs(total_change(laws, start, end))[:, 0] > 1e-3
    there, back = attributed(laws, start, end), attributed(laws, end, start)
    np.testing.assert_allclose(there[clear], back[clear], rtol=1e-9, atol=1e-9)


@given(seeds, systems, systems, st.floats(0, 5))
def test_the_irreducible_loss_does_not_matter(seed, start, end, irreducible) -> None:
    rng = np.random.default_rng(seed)
    exponents = {"alpha": rng.uniform(0.02, 0.5, 20), "beta": rng.uniform(0.02, 0.5, 20)}
    np.testing.assert_array_equal(
        attributed(made_laws(E=0.0, **exponents), start, end),
        attributed(made_laws(E=irreducible, **exponents), start, end),
    )


def test_no_change_leaves_nothing_to_share() -> None:
    gpt3 = HO2024_SYSTEMS["GPT-3"]
    assert shapley_attribution(random_laws(0), [(gpt3, gpt3)]).isnull().all()


def test_draws_are_labelled_and_summarised() -> None:
    shares = shapley_attribution(random_laws(0), [("RNN", "GPT-3"), ("LSTM", HO2024_SYSTEMS["Gopher"])])
    assert dict(shares.sizes) == {"chain": 1, "draw": 50, "pair": 2, "player": 4}
    assert shares["player"].to_numpy().tolist() == list(PLAYERS)
    assert shares.attrs == {"unit": "share of the change in loss"}
    table = credible_intervals(shares)
    assert table.index.names == ["pair", "player"]
    assert ("LSTM to Gopher", "data_efficiency") in table.index
    assert (table["lower"] <= table["upper"]).all()


def test_a_law_of_compute_has_no_attribution() -> None:
    with pytest.raises(bs.BayesScalingError, match=f"'{COMPUTE.name}' is a law of compute alone.*chinchilla"):
        shapley_attribution(made_compute_laws())


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("RNN", "GPT-5")], "'GPT-5' is unknown; valid choices: RNN, LSTM"),
        ([("RNN", "LSTM", "GPT-2")], "each pair is"),
        (("RNN", "GPT-3"), "each pair is"),
        ([HO2024_SYSTEMS["RNN"]], "each pair is"),
        ([7], "each pair is"),
        ([("RNN", 7)], "not int"),
        ([("RNN", System("none", 0.0, 1e9, date(2020, 1, 1)))], "parameters of none must be above 0"),
        ([], "at least one pair"),
    ],
)
def test_what_is_no_pair_of_systems_is_refused(pairs, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        shapley_attribution(HO2024_MODEL_7, pairs)


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(bs.BayesScalingError, match="'c4' is unknown"):
        shapley_attribution(HO2024_MODEL_7, benchmark="c4")
