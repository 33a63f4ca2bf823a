"""A run ends when it has the effective draws wanted, and not before: made draws, nothing sampled."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from xarray import Dataset, DataTree

from bayes_scaling.inference.attempts import GIVE_UP, GIVE_UP_AT_LAST, Attempted, attempts_of
from bayes_scaling.inference.diagnostics import ESS_MIN
from bayes_scaling.inference.sampling import Sampled
from bayes_scaling.inference.settings import Settings

DIMENSIONS = 2
SETTINGS = Settings(attempts=1)
FIRST = SETTINGS.first_look
"""Draws of each chain at the first look."""


@dataclass
class Made:
    """A sampler whose chains are autoregressions of given persistence; how many draws there were at each look.

    ``shifts`` moves chains; ``divergent`` says which draws of every chain diverge.
    """

    persistence: dict[str, float]
    shifts: tuple[float, ...] = (0.0,) * 4
    divergent: tuple[int, ...] = ()
    looks: list[list[int]] = field(default_factory=list)
    found: list[Sampled] = field(default_factory=list)

    def __call__(self, settings, seed, starts, judge) -> Sampled:
        self.looks.append([])
        rng = np.random.default_rng(seed)
        chains = {
            name: autoregression(rng, rho, (settings.chains, settings.most_draws)) + np.array(self.shifts)[:, None]
            for name, rho in self.persistence.items()
        }
        look = settings.first_look
        while True:
            self.looks[-1].append(look)
            made = self.first(chains, look)
            self.found.append(made)
            further = min(judge(made), settings.most_draws)
            if further <= look:
                return made
            look = further

    def first(self, chains, draws: int) -> Sampled:
        dims = ("chain", "draw")
        shape = (len(self.shifts), draws)
        noise = np.random.default_rng(0).normal(size=(*shape, DIMENSIONS))
        stats = Dataset(
            {
                "diverging": (dims, np.isin(np.arange(draws), self.divergent) & np.ones(shape, dtype=bool)),
                "maxdepth_reached": (dims, np.zeros(shape, dtype=bool)),
                "energy": (dims, noise[..., 0]),
                "logp": (dims, -0.5 * (noise**2).sum(axis=-1)),
                "unconstrained_draw": ((*dims, "u"), noise),
            }
        )
        posterior = Dataset({name: (dims, array[:, :draws]) for name, array in chains.items()})
        return Sampled(DataTree.from_dict({"posterior": posterior, "sample_stats": stats}), stats, 0.0, 1.0, 10 * draws)


def autoregression(rng, rho: float, shape: tuple[int, int]) -> np.ndarray:
    """Standard normal draws of which each remembers the one before: 1 in (1 + rho) / (1 - rho) is effective."""
    noise = np.sqrt(1 - rho**2) * rng.standard_normal(shape)
    draws = np.empty(shape)
    draws[:, 0] = rng.standard_normal(shape[0])
    for at in range(1, shape[1]):
        draws[:, at] = rho * draws[:, at - 1] + noise[:, at]
    return draws


def run(made: Made, settings: Settings = SETTINGS, seed: int = 1) -> Attempted:
    return attempts_of(made, settings, seed)


def test_independent_draws_are_enough_at_the_first_look() -> None:
    made = Made({"g_N": -0.1, "tau": 0.0})
    found = run(made)
    assert made.looks == [[FIRST]]
    assert found.diagnostics.converged
    assert found.diagnostics.ess_main_min >= SETTINGS.effective_draws
    assert found.diagnostics.draws == 4 * FIRST


@pytest.mark.parametrize("name", ["g_N", "g_D", "g_C", "alpha", "beta", "E"])
def test_a_quantity_that_people_quote_has_the_effective_draws_wanted_and_had_not_one_look_before(name) -> None:
    made = Made({name: 0.7, "tau": 0.0})
    found = run(made)
    (looks,) = made.looks
    assert len(looks) > 1
    assert found.diagnostics.ess_main_min >= SETTINGS.effective_draws
    before = run(Made({name: 0.7, "tau": 0.0}), Settings(draws=looks[-2], attempts=1))
    assert before.diagnostics.draws == 4 * looks[-2]
    assert before.diagnostics.ess_main_min < SETTINGS.effective_draws
    assert found.diagnostics.draws < 3 * before.diagnostics.draws + 4 * 50


def test_of_all_else_400_are_enough() -> None:
    made = Made({"g_N": -0.1, "tau": 0.4})  # 3 draws of 7
    found = run(made)
    assert made.looks == [[FIRST]]
    assert ESS_MIN < found.diagnostics.ess_bulk_min < SETTINGS.effective_draws
    slower = Made({"g_N": -0.1, "tau": 0.8})  # 1 of 9
    assert run(slower).diagnostics.converged
    assert len(slower.looks[0]) > 1


def test_more_effective_draws_make_a_longer_run() -> None:
    few, many = (
        run(Made({"g_N": 0.4}), Settings(attempts=1, effective_draws=wanted)).diagnostics for wanted in (100, 3000)
    )
    assert few.draws == 4 * FIRST  # which has 514
    assert many.draws > few.draws
    assert many.ess_main_min >= 3000


def test_chains_that_hardly_move_end_at_the_most_draws() -> None:
    made = Made({"g_N": 0.999})
    found = run(made)
    assert found.diagnostics.draws <= 4 * SETTINGS.most_draws
    assert not found.diagnostics.converged
    assert made.looks[0] == sorted(set(made.looks[0]))


def test_chains_apart_are_given_up_before_the_most_draws_and_later_in_the_last_attempt() -> None:
    """Their masses are alike, so that none is started again."""
    made = Made({"g_N": 0.0}, shifts=(0.0, 0.0, 0.0, 9.0))
    found = run(made, Settings(attempts=2))
    assert not found.diagnostics.converged
    first, last = made.looks
    assert GIVE_UP <= first[-1] < GIVE_UP_AT_LAST <= last[-1] < SETTINGS.most_draws


def test_an_attempt_that_diverges_is_repeated_at_once_unless_it_is_the_last() -> None:
    made = Made({"g_N": 0.4, "tau": 0.8}, divergent=(7,))
    run(made, Settings(attempts=2))
    assert made.looks[0] == [FIRST]
    assert len(made.looks[1]) > 1


@pytest.mark.parametrize(("every", "given_up"), [(400, True), (1100, False)])
def test_a_last_attempt_ends_early_where_a_longer_one_would_diverge_too_often_all_the_same(every, given_up) -> None:
    made = Made({"g_N": 0.97}, divergent=tuple(range(every, SETTINGS.most_draws, every)))
    found = run(made, Settings(attempts=2))
    assert found.diagnostics.converged is not given_up
    assert (found.diagnostics.ess_main_min < SETTINGS.effective_draws) is given_up
    assert not given_up or GIVE_UP_AT_LAST <= made.looks[-1][-1] < SETTINGS.most_draws


@pytest.mark.parametrize("draws", [300, 1700])
def test_a_run_of_given_length_has_that_length_whatever_it_finds(draws) -> None:
    for persistence in (0.0, 0.99):
        made = Made({"g_N": persistence})
        assert run(made, Settings(draws=draws, attempts=1)).diagnostics.draws == 4 * draws
        assert made.looks == [[draws]]


def test_a_further_attempt_is_more_careful_with_a_seed_of_its_own() -> None:
    made = Made({"g_N": 0.0}, divergent=(7,))
    found = run(made, Settings(attempts=2))
    assert [looks[0] for looks in made.looks] == [FIRST, FIRST]
    assert found.settings.target_accept > SETTINGS.target_accept
    assert found.diagnostics.escalated
    first, last = (made.found[at].data["posterior"]["g_N"].to_numpy()[:, :FIRST] for at in (0, -1))
    assert not np.array_equal(first, last)
    assert found.sample_seconds == 2
    assert found.diagnostics.gradients == sum(10 * looks[-1] for looks in made.looks)


def test_the_same_seed_makes_the_same_run() -> None:
    one, two = (Made({"g_N": 0.7}) for _ in range(2))
    assert run(one).diagnostics == run(two).diagnostics
    assert one.looks == two.looks


def test_a_last_attempt_that_diverges_without_end_is_given_up_before_it_is_long() -> None:
    made = Made({"g_N": 0.97}, divergent=tuple(range(7, SETTINGS.most_draws, 20)))
    found = run(made, Settings(attempts=2))
    assert not found.diagnostics.converged
    assert GIVE_UP <= made.looks[-1][-1] < GIVE_UP_AT_LAST
