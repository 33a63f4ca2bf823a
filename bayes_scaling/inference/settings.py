"""How long and how carefully to sample: defaults, checks, and the settings of a second attempt."""

from dataclasses import dataclass, replace

from bayes_scaling.errors import BayesScalingError

DRAWS = 2000
TUNE = 1000
CHAINS = 8
TARGET_ACCEPT = 0.95
SEED = 0

MOST_DRAWS = 10_000_000
"""Of all chains together, adaptation included: more do not fit into memory."""


@dataclass(frozen=True)
class Settings:
    """How long and how carefully to sample; see :func:`bayes_scaling.fit`."""

    draws: int = DRAWS
    tune: int = TUNE
    chains: int = CHAINS
    target_accept: float = TARGET_ACCEPT
    maxdepth: int = 10


def check_settings(settings: Settings, seed: int) -> None:
    """Refuse settings that no run can use.

    Raises
    ------
    BayesScalingError
        The message names the setting, its range and what was given.
    """
    for name, least in (("draws", 100), ("tune", 100), ("chains", 2)):
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
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise BayesScalingError(f"seed must be a whole number from 0 to 4294967295, not {seed!r}")


def escalated(settings: Settings) -> Settings:
    """Settings of the second attempt: twice as long, smaller steps, deeper trees."""
    return replace(
        settings,
        draws=2 * settings.draws,
        tune=2 * settings.tune,
        target_accept=max(0.99, settings.target_accept),
        maxdepth=settings.maxdepth + 2,
    )
