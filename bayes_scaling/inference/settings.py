"""How long and how carefully to sample: defaults, checks, and the settings of a second attempt."""

import math
from dataclasses import dataclass, replace

from bayes_scaling.errors import BayesScalingError

DRAWS = 2000
TUNE = 1000
CHAINS = 8
TARGET_ACCEPT = 0.95
ATTEMPTS = 2
BARRIER = 2.5
"""Nats of the barrier between the modes of a penalised posterior that sampling keeps: low enough to cross, high
enough to keep the weights that lead back to the posterior alike."""
MOST_ACCEPT = 0.975
DEEPEST = 12
"""How careful further attempts get: beyond this a draw costs more than it says."""
SEED = 0
NUTS = "nuts"
SMC = "smc"
SAMPLERS = (NUTS, SMC)
"""The sampler of every fit, and a second opinion that tempers the likelihood from the prior on."""

MOST_DRAWS = 10_000_000
"""Of all chains together, adaptation included: more do not fit into memory."""


@dataclass(frozen=True)
class Settings:
    """How long and how carefully to sample; see :func:`bayes_scaling.fit`.

    With ``sampler="smc"``, ``chains`` counts independent runs and ``draws`` the particles of each; of the rest only
    ``attempts`` applies.
    """

    draws: int = DRAWS
    tune: int = TUNE
    chains: int = CHAINS
    target_accept: float = TARGET_ACCEPT
    maxdepth: int = 10
    attempts: int = ATTEMPTS
    barrier: float = BARRIER
    sampler: str = NUTS


def check_settings(settings: Settings, seed: int) -> None:
    """Refuse settings that no run can use.

    Raises
    ------
    BayesScalingError
        The message names the setting, its range and what was given.
    """
    for name, least in (("draws", 100), ("tune", 100), ("chains", 2), ("attempts", 1)):
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BayesScalingError(f"{name} must be a whole number of at least {least}, not {value!r}")
    asked = settings.chains * (settings.draws + settings.tune)
    if asked > MOST_DRAWS:
        raise BayesScalingError(
            f"chains x (draws + tune) must be at most {MOST_DRAWS:,}, not {asked:,}; ask for fewer draws"
        )
    if not 0.5 <= settings.target_accept < 1:
        raise BayesScalingError(f"target_accept must be at least 0.5 and below 1, not {settings.target_accept!r}")
    if settings.sampler not in SAMPLERS:
        raise BayesScalingError(f"sampler '{settings.sampler}' is unknown; valid choices: {', '.join(SAMPLERS)}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise BayesScalingError(f"seed must be a whole number from 0 to 4294967295, not {seed!r}")


def escalated(settings: Settings, *, shortfall: float, unsteady: bool, apart: bool, uneven: bool) -> Settings:
    """Settings of a further attempt; those of the attempt before where nothing would make it better.

    Parameters
    ----------
    settings
        Those of the attempt before.
    shortfall
        Effective draws wanted over effective draws found, infinite where chains disagree outright. The next attempt
        is that much longer and half as much again, at least twice and at most four times as long; as long as the
        last where there was no shortfall.
    unsteady
        Whether transitions diverged or trees were cut off: then steps get smaller (a quarter of the distance to
        perfect acceptance is left, up to :data:`MOST_ACCEPT`), adaptation is twice as long and trees may grow as deep
        as :data:`DEEPEST`.
    apart
        Whether chains lie so far apart that longer runs alone would not do: steps and adaptation as above.
    uneven
        Whether few draws had most of the weight: then twice as much of the barrier between modes is kept, and
        nothing else is changed, since what was found says little.
    """
    if uneven:
        return replace(settings, barrier=2 * settings.barrier)
    longer = settings
    if shortfall > 1:
        growth = math.ceil(min(4.0, max(2.0, 1.5 * shortfall)))
        longer = replace(settings, draws=growth * settings.draws)
    if not (unsteady or apart) or settings.target_accept >= MOST_ACCEPT:
        return longer
    steadier = min(MOST_ACCEPT, (3 + settings.target_accept) / 4)
    depth = max(settings.maxdepth, DEEPEST) if unsteady else settings.maxdepth
    return replace(longer, tune=2 * settings.tune, target_accept=steadier, maxdepth=depth)
