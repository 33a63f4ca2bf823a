"""Sample until the chains agree, or until the attempts allowed are used up."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from xarray import DataTree

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.diagnostics import DOUBT, NO_DOUBT, WEIGHT_SHARE_MIN, Diagnostics, diagnose, diagnose_runs
from bayes_scaling.inference.mixing import (
    chain_groups,
    group_shares,
    groups_in_words,
    log_masses,
    negligible,
    starts_elsewhere,
)
from bayes_scaling.inference.progress import Progress
from bayes_scaling.inference.sampling import Judge, Sampled, joint_seed, sample
from bayes_scaling.inference.settings import MOST_ACCEPT, NUTS, PARTICLES, SMC, Settings, escalated
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification

GIVE_UP, GIVE_UP_AT_LAST = 600, 3000
"""Draws of each chain after which a run is given up if chains still lie apart: before another attempt, and in the last
one, which is then given up for too many divergences as well."""
RESTARTS = 3  # most restarts of chains stuck where there is next to no posterior mass
OfChains = dict[str, tuple[str, Floats]]  # variables over ``chain``, as xarray takes them


@dataclass(frozen=True)
class Attempted:
    """Draws of the last attempt, the settings in force, and seconds of all attempts.

    ``of_chains``: ``log_mass`` of chains that lie apart; ``log_evidence`` and ``stages`` of SMC runs.
    """

    data: DataTree
    diagnostics: Diagnostics
    settings: Settings
    compile_seconds: float
    sample_seconds: float
    of_chains: OfChains = field(default_factory=dict)


Draw = Callable[[Settings, int, Floats | None, Judge], Sampled]
"""Samples with settings and a seed, from starting points (None for the model's own), until a judge stops it."""


def attempt(
    specification: Specification,
    rows: Rows,
    settings: Settings,
    seed: int,
    *,
    progress: bool = False,
    cores: int | None = None,
) -> Attempted:
    """Sample and diagnose; where a criterion is missed, again and more carefully, unless that would change nothing.

    Chains with next to none of the posterior mass around them are restarted where the others are, at most
    :data:`RESTARTS` times. SMC runs are repeated with twice the particles.
    """
    if settings.sampler == SMC:
        return _attempt_smc(specification, rows, settings, seed, progress=progress)
    with Progress(progress) as shown:

        def draw(settings: Settings, seed: int, starts: Floats | None, judge: Judge) -> Sampled:
            return sample(specification, rows, settings, seed, judge=judge, progress=shown, cores=cores, starts=starts)

        # The two modes of a penalised posterior are both part of it, each with its own mean: no chain is stuck.
        return attempts_of(draw, settings, seed, restarting=specification.delta is None)


def attempts_of(draw: Draw, settings: Settings, seed: int, *, restarting: bool = True) -> Attempted:
    """As :func:`attempt`, of any model; ``restarting``: whether chains with next to no mass are started again."""
    starts: Floats | None = None
    compile_seconds = sample_seconds = 0.0
    gradients, restarted, restarts, asked = 0, 0, 0, settings
    for stage in range(settings.attempts + RESTARTS):
        exhausted = stage - restarts + 1 >= asked.attempts
        # A run that is as long as needed, with the smallest steps, would not end better for being repeated.
        last = exhausted or (settings.draws is None and settings.target_accept >= MOST_ACCEPT)
        # Chains of a penalised posterior go back and forth between its modes: seldom, but a long run is all they need.
        patience = (GIVE_UP_AT_LAST if restarting else settings.most_draws) if last else GIVE_UP
        looks = _Looks(settings, settings != asked, last, patience, restarted, gradients)
        sampled = draw(settings, seed if stage == 0 else joint_seed(seed, stage), starts, looks.judge)
        diagnostics = looks.found
        compile_seconds = max(compile_seconds, sampled.compile_seconds)
        sample_seconds += sampled.sample_seconds
        gradients = diagnostics.gradients
        if diagnostics.converged:
            break
        stuck = negligible(log_masses(sampled.stats)) if restarting and diagnostics.apart else np.zeros(1, dtype=bool)
        if stuck.any() and restarts < RESTARTS:
            starts = starts_elsewhere(sampled.stats, stuck)
            restarted, restarts = restarted + int(stuck.sum()), restarts + 1
            continue
        if exhausted:
            break
        further = escalated(
            settings,
            shortfall=diagnostics.shortfall,
            unsteady=diagnostics.unsteady,
            apart=diagnostics.apart,
            uneven=diagnostics.weight_share < WEIGHT_SHARE_MIN,
        )
        if further == settings:
            break
        settings = further
    masses = log_masses(sampled.stats) if restarting and diagnostics.apart else None
    of_chains: OfChains = {} if masses is None else {"log_mass": ("chain", masses)}
    diagnostics = _naming_groups(sampled, diagnostics, masses)
    return Attempted(sampled.data, diagnostics, settings, compile_seconds, sample_seconds, of_chains)


@dataclass
class _Looks:
    """Judges a run under way; ``found`` is the last verdict."""

    settings: Settings
    escalated: bool
    last: bool
    patience: int
    restarted: int
    gradients: int
    found: Diagnostics = field(init=False)

    def judge(self, sampled: Sampled) -> int:
        """Number of draws of each chain at which to look again."""
        self.found = diagnose(
            sampled.data,
            sampled.stats,
            escalated=self.escalated,
            restarted=self.restarted,
            gradients=self.gradients + sampled.gradients,
        )
        draws = sampled.stats.sizes["draw"]
        growth = self.found.growth(self.settings.effective_draws)
        apart = self.found.apart and draws >= self.patience
        begun = self.last and draws < GIVE_UP_AT_LAST
        unsteady = self.found.too_unsteady(NO_DOUBT if begun else DOUBT) and (not begun or draws >= GIVE_UP)
        if growth <= 1 or apart or unsteady:
            return draws
        return 50 * math.ceil(draws * min(3.0, max(1.3, 1.1 * growth)) / 50)


def require_sampler_for(specification: Specification, sampler: str) -> None:
    """Refuse SMC with ``delta``."""
    if sampler == SMC and specification.delta is not None:
        raise BayesScalingError(
            f"'{specification.name}' has the paper's penalty for a prior, with modes far narrower than that prior, "
            f"which the sampler '{SMC}' would lose; leave out delta, or use the sampler '{NUTS}', which keeps a way "
            "between them"
        )


def _attempt_smc(
    specification: Specification, rows: Rows, settings: Settings, seed: int, *, progress: bool
) -> Attempted:
    # Only where asked for: it takes PyMC's own compilation, which nothing else needs.
    from bayes_scaling.inference.smc import sample_smc

    asked, seconds = settings, 0.0
    for stage in range(asked.attempts):
        settings = replace(asked, draws=2**stage * (asked.draws or PARTICLES))
        stage_seed = seed if stage == 0 else joint_seed(seed, stage)
        sampled = sample_smc(specification, rows, settings, stage_seed, progress=progress)
        seconds += sampled.sample_seconds
        diagnostics = diagnose_runs(sampled.data, sampled.stats, escalated=stage > 0)
        if diagnostics.converged:
            break
    evidence = sampled.stats["log_evidence"].to_numpy()
    diagnostics = _naming_groups(sampled, diagnostics, evidence)
    of_chains: OfChains = {str(name): ("chain", array.to_numpy()) for name, array in sampled.stats.data_vars.items()}
    return Attempted(sampled.data, diagnostics, settings, 0.0, seconds, of_chains)


def _naming_groups(sampled: Sampled, diagnostics: Diagnostics, masses: Floats | None) -> Diagnostics:
    """Diagnostics that name groups of chains that do not mix, so that nobody averages over them unknowingly."""
    if not diagnostics.apart:
        return diagnostics
    groups = chain_groups(sampled.data["posterior"].to_dataset())
    if len(groups) == 1:
        return diagnostics
    shares = None if masses is None else group_shares(masses, groups, runs=diagnostics.sampler == SMC)
    return replace(diagnostics, failures=(*diagnostics.failures, groups_in_words(groups, shares)))
