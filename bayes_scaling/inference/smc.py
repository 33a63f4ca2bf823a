"""A second opinion by sequential Monte Carlo: particles go from the prior to the posterior as the likelihood counts."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pymc as pm
from xarray import Dataset, DataTree

from bayes_scaling.inference.posterior import completed, posterior_of
from bayes_scaling.inference.sampling import Sampled
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification


def sample_smc(
    specification: Specification, rows: Rows, settings: Settings, seed: int, *, progress: bool = False
) -> Sampled:
    r"""Draw from the posterior by independent runs of sequential Monte Carlo.

    .. math:: p_t(\theta) \propto p(y \mid \theta)^{t}\, p(\theta), \qquad t: 0 \to 1

    ``settings.chains`` runs of ``settings.draws`` particles each become chains; ``stats`` has the ``log_evidence`` of
    each (nats; of losses in nats per token) and its number of ``stages``. PyMC's sampler (Minson, Simons and Beck 2013;
    Ching and Chen 2007) keeps half of the particles effective at each stage, resamples them and moves them by
    independent Metropolis steps. It starts from the whole prior, so it finds modes that chains don't cross between, and
    weighs them; but it loses a mode in which no particle is left at some stage, so several runs are compared.
    """
    start = time.perf_counter()
    with build_model_of_rows(specification, rows) as model, _quiet():
        data = pm.sample_smc(
            draws=settings.draws,
            chains=settings.chains,
            cores=1,  # worker processes would each compile again, and forking a process with threads may hang
            random_seed=np.random.SeedSequence(seed).generate_state(settings.chains).tolist(),
            progressbar=progress,
            compute_convergence_checks=False,  # ours: bayes_scaling.inference.diagnostics.diagnose_runs
            backend="numba",
        )
    free = {each.name: data["posterior"][each.name].to_numpy() for each in model.free_RVs}
    posterior = posterior_of(specification, rows, completed(specification, rows, free, seed))
    of_runs = data["sample_stats"].to_dataset()
    stages = [np.asarray(run, dtype=float) for run in of_runs["log_marginal_likelihood"].to_numpy()]
    stats = Dataset(
        {
            "log_evidence": ("chain", [run[~np.isnan(run)][-1] for run in stages]),
            "stages": ("chain", [len(run) for run in stages]),
        },
        coords={"chain": posterior["chain"]},
    )
    tree = DataTree.from_dict({"posterior": posterior, "sample_stats": Dataset(coords={"chain": posterior["chain"]})})
    return Sampled(tree, stats, 0.0, time.perf_counter() - start)


@contextmanager
def _quiet() -> Iterator[None]:
    """PyMC logs that it starts, whatever was asked."""
    logger = logging.getLogger("pymc.smc.sampling")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
