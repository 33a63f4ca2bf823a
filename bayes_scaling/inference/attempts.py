"""Sample until the chains agree, or until the attempts allowed are used up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xarray import DataTree

from bayes_scaling.inference.diagnostics import WEIGHT_SHARE_MIN, Diagnostics, diagnose
from bayes_scaling.inference.modes import log_masses, negligible, starts_elsewhere
from bayes_scaling.inference.sampling import Sampled, joint_seed, sample
from bayes_scaling.inference.settings import Settings, escalated
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification

RESTARTS = 3
"""How often chains that sit where next to nothing is are started again elsewhere."""


@dataclass(frozen=True)
class Attempted:
    """Draws of the last attempt, their diagnostics, the settings in force, and seconds of all attempts."""

    data: DataTree
    diagnostics: Diagnostics
    settings: Settings
    compile_seconds: float
    sample_seconds: float


def attempt(
    specification: Specification,
    rows: Rows,
    settings: Settings,
    seed: int,
    *,
    progress: bool = False,
    cores: int | None = None,
) -> Attempted:
    """Sample and diagnose; where a criterion is missed, again and longer or more carefully.

    ``settings.attempts`` times at most, and not where a further attempt would be like the last. Chains that sit where
    next to nothing of the posterior is (:mod:`bayes_scaling.inference.modes`) are started again from where the others
    are, at most :data:`RESTARTS` times, and counted.
    """

    def once(stage: int, starts: NDArray[np.float64] | None) -> Sampled:
        stage_seed = seed if stage == 0 else joint_seed(seed, stage)
        return sample(specification, rows, settings, stage_seed, progress=progress, cores=cores, starts=starts)

    starts: NDArray[np.float64] | None = None
    compile_seconds = sample_seconds = 0.0
    restarted, restarts, asked = 0, 0, settings
    for stage in range(settings.attempts + RESTARTS):
        sampled = once(stage, starts)
        compile_seconds, sample_seconds = (
            compile_seconds + sampled.compile_seconds,
            sample_seconds + sampled.sample_seconds,
        )
        diagnostics = diagnose(sampled.data, sampled.stats, escalated=settings != asked, restarted=restarted)
        if diagnostics.converged:
            break
        stuck = _stuck(specification, sampled, diagnostics)
        if stuck.any() and restarts < RESTARTS:
            starts = starts_elsewhere(sampled.stats, stuck)
            restarted, restarts = restarted + int(stuck.sum()), restarts + 1
            continue
        if stage - restarts + 1 >= asked.attempts:
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
    return Attempted(sampled.data, diagnostics, settings, compile_seconds, sample_seconds)


def _stuck(specification: Specification, sampled: Sampled, diagnostics: Diagnostics) -> NDArray[np.bool_]:
    """Chains to start again. The two modes of a penalised posterior are both part of it, and have their own means."""
    if specification.delta is not None or not diagnostics.apart:
        return np.zeros(sampled.stats.sizes["chain"], dtype=bool)
    return negligible(log_masses(sampled.stats))
