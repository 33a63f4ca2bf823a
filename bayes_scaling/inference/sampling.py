"""Sample a compiled model with nutpie for as long as its draws are too few, and turn points into posteriors."""

import contextlib
import ctypes
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy import optimize
from xarray import Dataset, DataTree

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.compilation import ByHand, Compiled, FreeVariable, Start, compiled
from bayes_scaling.inference.effects import curvature_at, informed
from bayes_scaling.inference.posterior import plain, reweighted
from bayes_scaling.inference.progress import Progress
from bayes_scaling.inference.settings import BARRIER, Settings
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.model.penalised import SLOPES, design, penalised_start
from bayes_scaling.model.penalised_density import log_density, packed
from bayes_scaling.model.rows import Rows, model_data, prior_middle, single_columns
from bayes_scaling.specifications.priors import DISTRIBUTIONS
from bayes_scaling.specifications.specification import Specification

_POLL_MILLISECONDS = 20
_CLIMBS = 8
_MOST = 40.0  # nats that a row adds to a log density: noise of less than e^-40 would be none
LEAST_SCATTER = 1e-6
"""Standard deviation of the noise, in nats or relative: the last digit of any published loss scatters by more."""


@dataclass(frozen=True)
class Sampled:
    """Posterior draws, statistics of all draws made, seconds; ``gradients`` counts evaluations, adaptation included."""

    data: DataTree
    stats: Dataset
    compile_seconds: float
    sample_seconds: float
    gradients: int = 0


Judge = Callable[[Sampled], int]
"""From the draws so far to the number a chain at which to look again; to stop, no more than there are."""


def structure_key(specification: Specification, rows: Rows) -> str:
    """What a compiled model depends on: everything but data, prior scales and names."""
    document = specification.to_dict()
    for text in ("title", "reference"):
        document.pop(text)
    for shape in specification.shapes.values():  # years are data, unless coefficients are moved to a pivot
        if specification.pivot is None:
            document["progress"].pop(shape.cut, None)
    document["priors"] = {p.name: specification.prior_of(p.name).distribution for p in specification.parameters()}
    named = {"benchmark", *(dim for shape in specification.shapes.values() for dim in shape.levels(0.0, 0.0))}
    document["single_columns"] = sorted(single_columns(specification, rows))
    document["levels"] = {
        name: levels if name in named else len(levels)
        for name, levels in rows.levels.items()
        if name not in ("paper", *dict(specification.noise.effects)) or specification.noise.samples_effects
    }
    return json.dumps(document, sort_keys=True)


def compiled_model(
    specification: Specification, rows: Rows, barrier: float = BARRIER, coordinates: Mapping[str, Any] | None = None
) -> tuple[Compiled, Mapping[str, Any]]:
    """A structure's program on its data, compiled if need be, and these data; ``coordinates`` come from `informed`."""
    if specification.delta is not None:
        values, prior = design(specification, rows, barrier), specification.prior_of("sigma")
        support, slopes = DISTRIBUTIONS[prior.distribution].support, SLOPES

        def by_hand() -> ByHand:
            parts = (("sigma", (), support), ("level", (3,), "real"), ("share_logit", (3,), "real"))
            variables = (FreeVariable(*part) for part in (*parts, ("rest", (slopes,), "real")))
            return ByHand(log_density, tuple(variables))

        # One program serves all penalised structures: it depends on their width and the prior of sigma.
        return compiled(f"penalised {slopes} {support}", by_hand, packed(values, prior)), values

    def build() -> Any:
        from bayes_scaling.model.build import build_model_of_rows  # PyMC takes seconds to import

        return build_model_of_rows(specification, rows)

    values = model_data(specification, rows) | dict(coordinates or {})
    return compiled(structure_key(specification, rows), build, values), values


def sample(
    specification: Specification,
    rows: Rows,
    settings: Settings,
    seed: int,
    *,
    judge: Judge,
    progress: Progress,
    cores: int | None = None,
    starts: Floats | None = None,
) -> Sampled:
    """Draw from the posterior until a judge stops it; partial draws are thrown away when interrupted.

    Each chain starts at one of ``starts``, in unconstrained coordinates, shape ``(points, dimensions)``; by default far
    apart (:func:`bayes_scaling.model.rows.prior_middle`).
    """
    program, data = compiled_model(specification, rows, settings.barrier)
    if specification.delta is not None:
        random = partial(penalised_start, specification)
        read = partial(reweighted, specification, rows, data, seed)
    else:
        random = partial(prior_middle, specification, rows)
        read = partial(plain, specification, rows, seed)

    def start(seed: Any) -> Floats:
        return program.point(random(np.random.default_rng(seed)))

    if not specification.noise.samples_effects:  # with them, the density has no top
        top = _top(program, [start(climb) for climb in range(_CLIMBS)], _MOST * len(rows.ids))
        if not program.effects or len(top) < len(rows.ids):  # nor with as many pooled effects as rows
            _require_scatter(program.values(top))
        if program.effects:
            seconds, known = program.seconds, informed(program, top)
            program = replace(compiled_model(specification, rows, settings.barrier, known)[0], seconds=seconds)
    chosen = start if starts is None else one_of(starts)
    return run_nuts(program, chosen, read, settings, seed, judge=judge, progress=progress, cores=cores)


def _top(program: Compiled, starts: Sequence[Floats], most: float) -> Floats:
    """The highest point found by climbing the log density; with effects, by its curvature too.

    What is higher than ``most`` is none: far from all data, a density may be the rounding error of large numbers.
    """

    def downhill(point: Floats) -> tuple[float, Floats]:
        try:
            density, gradient = program.log_density(point)
        except ArithmeticError:
            density, gradient = math.inf, point
        return (-density, -gradient) if density <= most else (math.inf, np.zeros_like(point))

    climb: Any = partial(optimize.minimize, downhill, jac=True)
    quickly = {"method": "L-BFGS-B", "options": {"maxiter": 500, "ftol": 1e-14}}
    with one_thread():
        best = min((climb(start, **quickly) for start in starts), key=lambda top: float(top.fun))
        if program.effects:
            with contextlib.suppress(ArithmeticError, ValueError):  # where there is no curvature, and so no top
                best = climb(best.x, method="trust-exact", hess=partial(curvature_at, program))
    return np.asarray(best.x)


def _require_scatter(highest: Mapping[str, Floats]) -> None:
    """Refuse data that follow the law exactly: the log density then has no maximum, and there is no noise to find."""
    sigma = float(np.min(next(value for name, value in highest.items() if name in ("sigma", "sigma_base"))))
    if sigma < LEAST_SCATTER:
        raise BayesScalingError(
            f"what was observed follows the law to within {sigma:.0e}: nothing scatters, so that there is no noise to "
            "estimate and no width for an interval to have; give measured losses, or simulate them with noise "
            "(bs.simulate_isoflop(law, noise=0.01))"
        )


def run_nuts(
    program: Compiled,
    start: Start,
    read: Callable[[Mapping[str, Floats], Dataset], tuple[DataTree, Dataset]],
    settings: Settings,
    seed: int,
    *,
    judge: Judge,
    progress: Progress,
    cores: int | None = None,
) -> Sampled:
    """Draw with nutpie until a judge of the draws so far stops it.

    The judge sees the same number of draws of each chain, whatever else there is by then, so that the result does not
    depend on the speed of the machine. ``read`` makes the posterior from values of free variables, over ``(chain,
    draw)``, and the sampler's statistics.
    """
    import nutpie

    began, look = time.perf_counter(), settings.first_look
    progress.started()
    with _on_cores(cores):
        sampler = nutpie.sample(
            program.starting_at(start),
            draws=settings.most_draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.chains,  # so that they advance together and can be looked at
            target_accept=settings.target_accept,
            maxdepth=settings.maxdepth,
            seed=seed,
            # A ridge between rates and exponents: low-rank adaptation follows it, a diagonal metric can't.
            adaptation="low_rank",
            store_unconstrained=True,
            progress_bar=False,
            progress_callback=progress.update,
            progress_rate=_POLL_MILLISECONDS,
            blocking=False,
        )
    try:
        while True:
            trace = _first_draws(sampler, progress, settings.tune, look)
            stats = trace["sample_stats"].to_dataset().isel(draw=slice(look))
            gradients = int(trace["warmup_sample_stats"]["n_steps"].sum() + stats["n_steps"].sum())
            data, stats = read(program.values(stats["unconstrained_draw"].to_numpy()), stats)
            found = Sampled(data, stats, program.seconds, time.perf_counter() - began, gradients)
            further = min(judge(found), settings.most_draws)
            if further <= look:
                return found
            look = further
            sampler.resume()
    finally:
        sampler.cancel()


def _first_draws(sampler: Any, progress: Progress, tune: int, look: int) -> DataTree:
    """The trace, once every chain has so many draws; the sampler is then paused, or done."""
    while not _is_finished(sampler):
        if progress.reached(tune + look, seconds=0.5):
            sampler.pause()
            trace: DataTree = sampler.inspect()
            logp = trace["sample_stats"].to_dataset()["logp"][:, :look].to_numpy()
            if logp.shape[1] == look and not np.isnan(logp).any():
                return trace
            sampler.resume()  # draws are counted before they can be read
    whole: DataTree = sampler.wait()
    return whole


def _is_finished(sampler: Any) -> bool:
    try:
        return bool(sampler.is_finished)
    except TimeoutError:  # what nutpie raises while chains go on
        return False


@contextlib.contextmanager
def _on_cores(cores: int | None) -> Iterator[None]:
    """Limit the processors of threads started here, from the present one on, so that workers use different ones."""
    if cores is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    here = ctypes.CDLL(None).sched_getcpu()
    os.sched_setaffinity(0, sorted(before, key=lambda each: (each < here, each))[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def one_of(points: Floats) -> Start:
    """Starts at one of some unconstrained points."""
    return lambda seed: points[np.random.default_rng(seed).integers(len(points))]


def joint_seed(seed: int, stage: int) -> int:
    """A seed of its own for a further stage of one run, reproducible from the run's seed."""
    return int(np.random.SeedSequence([seed, stage]).generate_state(1)[0])
