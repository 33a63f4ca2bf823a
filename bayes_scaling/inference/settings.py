"""How long and how carefully to sample: defaults, checks, and the settings of a second attempt."""

import math
import numbers
from dataclasses import dataclass, replace
from typing import Any

from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.specifications.values import shown

_FIRST_LOOK, _MOST_DRAWS = 300, 30_000
"""Draws of each chain at which a run is first looked at, and at which it ends even if they say too little."""
BARRIER = 2.5
"""Nats that are left of the barrier between the modes of a penalised posterior: low enough to cross, high enough that
the weights of draws stay even."""
MOST_ACCEPT = 0.975
DEEPEST = 12  # caps on target acceptance and tree depth of further attempts: beyond, a draw costs more than it adds
SEED = 0
NUTS = "nuts"
SMC = "smc"
PARTICLES = 2000  # of each SMC run, by default
SAMPLERS = (NUTS, SMC)
"""The sampler of every fit, and a second opinion that tempers the likelihood from the prior on."""

MOST_ITERATIONS = 10_000_000  # of all chains, adaptation included: more do not fit into memory


@dataclass(frozen=True)
class Settings:
    """How long and how carefully to sample; see :func:`bayes_scaling.fit`.

    With ``sampler="smc"``, ``chains`` counts runs and ``draws`` particles; of the rest only ``attempts`` applies.
    """

    draws: int | None = None
    tune: int = 400
    chains: int = 4
    target_accept: float = 0.9
    maxdepth: int = 10
    attempts: int = 4
    barrier: float = BARRIER
    sampler: str = NUTS
    effective_draws: int = 1000  # in bulk and tails, of each rate of progress, each exponent and E

    @property
    def first_look(self) -> int:
        """Draws of each chain after which a run may end."""
        return self.draws or _FIRST_LOOK

    @property
    def most_draws(self) -> int:
        """Draws of each chain after which a run ends."""
        return self.draws or _MOST_DRAWS


DEFAULT = Settings()  # for every fit, and the first attempt of each variant of a sweep


def whole_number(name: str, value: Any, least: int, most: int | None = None) -> int:
    """A whole number as a plain integer; refused outside its range."""
    number = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not number or value < least or (most is not None and value > most):
        allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise BayesScalingError(
            f"{name} must be a whole number {allowed}, not {shown(getattr(value, 'item', lambda: value)())}"
        )
    return int(value)


def checked(settings: Settings) -> Settings:
    """Settings with plain numbers; refused if no run can use them."""
    least = {"tune": 100, "chains": 2, "attempts": 1, "effective_draws": 100}
    if settings.draws is not None:
        least["draws"] = 100
    counts: dict[str, Any] = {name: whole_number(name, getattr(settings, name), low) for name, low in least.items()}
    settings = replace(settings, **counts)
    asked = settings.chains * (settings.most_draws + settings.tune)
    if asked > MOST_ITERATIONS:
        raise BayesScalingError(
            f"chains x (draws + tune) must be at most {MOST_ITERATIONS:,}, not {asked:,}; ask for fewer"
        )
    accept: Any = settings.target_accept
    if isinstance(accept, bool) or not isinstance(accept, numbers.Real) or not 0.5 <= float(accept) < 1:
        raise BayesScalingError(f"target_accept must be a number from 0.5 to below 1, not {shown(accept)}")
    require_choice("sampler", settings.sampler, SAMPLERS)
    return replace(settings, target_accept=float(accept))


def checked_seed(seed: Any) -> int:
    """A seed as a plain integer."""
    return whole_number("seed", seed, 0, 2**32 - 1)


def checked_cores(cores: Any) -> int | None:
    """A number of processors to use at most, or None for all."""
    return None if cores is None else whole_number("cores", cores, 1)


def escalated(settings: Settings, *, shortfall: float, unsteady: bool, apart: bool, uneven: bool) -> Settings:
    """Settings of a further attempt; the same where nothing would make it better.

    ``shortfall``, effective draws needed over those found, makes a run for which ``draws`` were asked 1.5 times as much
    longer, from twice to four times. If it was ``unsteady`` (divergences, trees cut off) or chains lay ``apart``, the
    distance to perfect acceptance is quartered, adaptation doubled and, if unsteady, trees may be as deep as
    :data:`DEEPEST`. If weights were ``uneven``, only the barrier between modes is doubled: the rest says little then.
    """
    if uneven:
        return replace(settings, barrier=2 * settings.barrier)
    longer = settings
    if shortfall > 1 and settings.draws is not None:
        growth = math.ceil(min(4.0, max(2.0, 1.5 * shortfall)))
        longer = replace(settings, draws=growth * settings.draws)
    if not (unsteady or apart) or settings.target_accept >= MOST_ACCEPT:
        return longer
    steadier = min(MOST_ACCEPT, (3 + settings.target_accept) / 4)
    depth = max(settings.maxdepth, DEEPEST) if unsteady else settings.maxdepth
    return replace(longer, tune=2 * settings.tune, target_accept=steadier, maxdepth=depth)
