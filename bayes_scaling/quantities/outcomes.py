r"""What outcomes that are still to come would leave of a quantity's variance, from draws of a posterior.

Of a quantity :math:`q`, and of candidates whose expected outcomes :math:`\mu_j` are on the scale of the noise:

.. math:: y_j = \mu_j(\theta) + u_j + \sigma_j \varepsilon_j

with an effect :math:`u_j` that candidates of one cluster share, as they do the scale of both where the family has one.
:meth:`Outcomes.after` and :meth:`Outcomes.left` take quantity and outcomes as jointly normal; :func:`simulated` does
not, and has a Monte Carlo error instead.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Self

import numpy as np

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.specifications.noise import Family

MOST_DRAWS = 4000  # draws that are weighted
TRUTHS = 400  # of these, how many outcomes are simulated from
_WORTHWHILE = 1e-3  # share of the variance that is left by which another choice has to leave less
_ROUNDING = 1e-9  # share of a budget by which halves of it may add up to more
_PARTS = 20  # runs of draws that the jackknife leaves out, each longer than draws are correlated


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Draws of a quantity, ``(samples,)``, and of what each candidate is expected to show, ``(samples, candidates)``.

    ``sigma``, of the same shape, is the scale of their noise, and ``noise`` has draws, ``(samples, 1)``, of what its
    family has besides; ``effects``: the cluster of each candidate, and the standard deviation tau, of each kind.
    """

    quantity: Floats
    expected: Floats
    sigma: Floats
    family: Family
    noise: Mapping[str, Floats]
    effects: Sequence[tuple[Integers, Floats]] = ()

    @cached_property
    def covariance(self) -> Floats:
        r"""Covariance of the quantity, first, and all outcomes.

        Noise has the variance of a normal one that tells as much, :math:`\sigma^2 / I`, with the Fisher information
        :math:`I` of its family (of Student's t: Lange, Little and Taylor 1989).
        """
        found = np.cov(np.column_stack([self.quantity, self.expected]), rowvar=False)
        information = self.family.information(*(self.noise[name] for name in self.family.extra))
        scatter = np.mean(self.sigma**2 / information, axis=0)
        common = information if self.family.by_cluster else 1.0
        shared = sum(np.equal.outer(of, of) * np.mean(tau**2 / common) for of, tau in self.effects)
        found[1:, 1:] += np.diag(scatter) + shared
        return np.asarray(found)

    def after(self, known: Sequence[int]) -> tuple[float, Floats]:
        r"""Share of the variance that known outcomes leave, and what each candidate in addition would leave.

        .. math:: 1 - c_S^\top (K_{SS} + R_S)^{-1} c_S / \operatorname{Var} q
        """
        own, given = self.covariance, np.asarray(known, dtype=int) + 1
        solved = np.linalg.solve(own[np.ix_(given, given)], own[given])
        shared = own[0] - own[0, given] @ solved
        variance = np.diag(own) - np.sum(own[given] * solved, axis=0)
        # An outcome that is known is known: conditioned once more it would be divided by what is left of it, nothing.
        told = np.divide(shared**2, variance, out=np.zeros_like(shared), where=~np.isin(np.arange(len(own)), given))
        return float(shared[0] / own[0, 0]), ((shared[0] - told) / own[0, 0])[1:]

    def left(self, known: Sequence[int]) -> float:
        """Share of the variance that known outcomes leave."""
        return self.after(known)[0]

    def take(self, draws: Integers) -> Self:
        """Some of the draws."""
        return replace(
            self,
            quantity=self.quantity[draws],
            expected=self.expected[draws],
            sigma=self.sigma[draws],
            noise={name: each[draws] for name, each in self.noise.items()},
            effects=[(of, tau[draws]) for of, tau in self.effects],
        )

    def error(self, of: Callable[[Self], Any]) -> Floats:
        """Monte Carlo error of what is read off draws, by a jackknife over stretches of them."""
        every = np.arange(len(self.quantity))
        without = [of(self.take(np.setdiff1d(every, part))) for part in np.array_split(every, _PARTS)]
        return np.asarray(np.sqrt(_PARTS - 1) * np.std(without, axis=0))


@dataclass(frozen=True)
class Simulated:
    """Expected share of the variance that is left, expected gain (nats), their Monte Carlo errors, effective draws."""

    simulated_ratio: float
    mcse_simulated_ratio: float
    simulated_gain: float
    mcse_simulated_gain: float
    effective_draws: float


def simulated(outcomes: Outcomes, known: Sequence[int], seed: int = 0) -> Simulated:
    r"""What outcomes leave, by nested Monte Carlo with reused draws.

    Outcomes are simulated from some of the draws; each weighs all other draws by its likelihood, and the quantity's
    variance under these weights is what it leaves:

    .. math:: w_{ns} \propto p(y_n \mid \theta_s, u_s), \quad s \ne n, \qquad
        \mathrm{gain} = -\tfrac12 \, \mathrm{E}_n \ln(\operatorname{Var}_{w_n} q / \operatorname{Var} q)

    The gain is that of a quantity whose posteriors are normal. Source: Huan and Marzouk 2013 (arXiv 1108.4146), who
    reuse draws. Errors add that of the outcomes to a jackknife over stretches of draws; with few ``effective_draws``
    (Kish, median over outcomes) neither counts for much.
    """
    rng, count = np.random.default_rng(seed), min(len(outcomes.quantity), MOST_DRAWS)
    some = outcomes.take(np.arange(count) * len(outcomes.quantity) // count)
    mean, sigma, noise = some.expected[:, known], some.sigma[:, known], some.noise
    clusters = [np.unique(of[known], return_inverse=True)[1] for of, _ in some.effects]
    scale: Any = 1.0
    if outcomes.family.by_cluster:
        scale = outcomes.family.stretch(noise, rng, (count, int(clusters[0].max()) + 1))[:, clusters[0]]
        sigma = sigma * scale
    for own, (_, tau) in zip(clusters, some.effects, strict=True):
        mean = mean + scale * (tau * rng.standard_normal((count, own.max() + 1)))[:, own]
    truths = rng.permutation(count)[:TRUTHS]
    shown = (mean + sigma * outcomes.family.standard(noise).rvs(mean.shape, random_state=rng))[truths]
    log_weight = np.array([outcomes.family.of(each - mean, sigma, noise).sum(axis=1) for each in shown])
    log_weight[np.arange(len(truths)), truths] = -np.inf
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    q, starts = some.quantity - some.quantity.mean(), np.unique(np.arange(_PARTS) * count // _PARTS)
    powers = (weight, weight * q, weight * q**2, weight**2, np.ones(count), q, q**2)
    sums = [np.add.reduceat(each, starts, axis=-1) for each in powers]
    with np.errstate(divide="ignore", invalid="ignore"):  # an outcome that leaves but one draw tells nothing
        ratio = _ratio(*(each.sum(axis=-1) for each in sums))
        without = _ratio(*(each.sum(axis=-1, keepdims=True) - each for each in sums))
        found = [_expected(ratio, without), _expected(_nats(ratio), _nats(without))]
    effective = weight.sum(axis=1) ** 2 / (weight**2).sum(axis=1)
    return Simulated(*found[0], *found[1], float(np.median(effective)))


def _ratio(w: Floats, wq: Floats, wqq: Floats, ww: Floats, n: Floats, q: Floats, qq: Floats) -> Floats:
    """Variance under weights over variance of the same draws, unbiased both, from sums over draws."""
    return np.asarray((wqq / w - (wq / w) ** 2) / (1 - ww / w**2) / ((qq / n - (q / n) ** 2) / (1 - 1 / n)))


def _nats(ratio: Floats) -> Floats:
    """What is gained of a normal distribution as its variance shrinks."""
    return np.asarray(-0.5 * np.log(ratio))


def _expected(found: Floats, without: Floats) -> tuple[float, float]:
    """Mean over outcomes, and its error: of outcomes, and of draws, by what is found ``without`` each part of them."""
    of_draws = np.sqrt(without.shape[1] - 1) * without.mean(axis=0).std()
    return float(found.mean()), float(np.hypot(found.std() / np.sqrt(len(found)), of_draws))


def chosen(outcomes: Outcomes, costs: Floats, budget: float, count: int) -> list[int]:
    """Candidates that leave the least variance, at most so many within a budget; in order, the most telling first.

    Greedy from each candidate, by what others tell and by what they tell for their cost (Krause and Guestrin 2005), and
    then, for as long as less is left, from all that are chosen but one or two.
    """

    def best_of(starts: Iterable[Sequence[int]]) -> list[int]:
        found = (_filled(outcomes, costs, budget, count, each, way) for each in starts for way in (False, True))
        return min(found, key=outcomes.left)

    best = best_of([each] for each in np.flatnonzero(costs <= budget).tolist())
    while True:
        gone = [some for size in (1, 2) for some in combinations(best, size)]
        other = best_of([each for each in best if each not in some] for some in gone)
        if outcomes.left(other) > outcomes.left(best) * (1 - _WORTHWHILE):
            break
        best = other
    only = np.where(np.isin(np.arange(len(costs)), best), 1.0, np.inf)
    return _filled(outcomes, only, len(best), len(best), [], False)


def _filled(
    outcomes: Outcomes, costs: Floats, budget: float, count: int, start: Sequence[int], per_cost: bool
) -> list[int]:
    """A choice with what tells most added, or most for its cost, one after another and for as long as there is room."""
    found = list(start)
    while len(found) < count:
        free = costs <= (budget - costs[found].sum()) * (1 + _ROUNDING)
        free[found] = False
        if not free.any():
            break
        now, then = outcomes.after(found)
        worth = (now - then) / (costs if per_cost else 1.0)
        found.append(int(np.argmax(np.where(free, worth, -np.inf))))
    return found
