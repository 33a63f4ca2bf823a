"""Simulate from a specification: parameters from its priors, losses from its law and noise, at any design."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from xarray import Dataset

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.likelihood import expected_losses, scales
from bayes_scaling.inference.posterior import dims_of, posterior_of, reported_draws
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables import load_evaluations, load_runs


def design_of(specification: Specification) -> pd.DataFrame:
    """The table on which a specification is tried: the paper's evaluations, or the packaged IsoFLOP runs."""
    return load_evaluations() if specification.centre is None else load_runs()


def require_proper_prior(specification: Specification) -> None:
    """Refuse a specification whose prior can't be drawn from."""
    if specification.delta is not None:
        raise BayesScalingError(
            f"'{specification.name}' has the paper's penalty for a prior, which can't be simulated from: its scale "
            "depends on what is observed; choose a specification without delta"
        )


def prior_draw(
    specification: Specification, rows: Rows, rng: np.random.Generator, shape: tuple[int, ...] = ()
) -> dict[str, Floats]:
    """A draw of every parameter from its prior: ``(*shape, 1)``, or ``(*shape, levels)`` where it varies by a group."""
    require_proper_prior(specification)
    drawn = {}
    for parameter in specification.parameters():
        group = specification.index_of(parameter.name)
        size = (*shape, 1 if group is None else len(rows.levels[group]))
        drawn[parameter.name] = specification.prior_of(parameter.name).frozen().rvs(size, random_state=rng)
    return drawn


def prior_of(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> Dataset:
    """Many draws of :func:`prior_draw`, and all that is reported of them, named and labelled as a posterior's chain."""
    free = {name: each[None] if dims_of(specification, name) else each[None, :, 0] for name, each in values.items()}
    return posterior_of(specification, rows, free)


def simulated_rows(
    specification: Specification,
    rows: Rows,
    values: Mapping[str, Floats],
    rng: np.random.Generator,
    generators: Sequence[np.random.Generator] = (),
) -> Rows:
    """The same design with losses ``mu + paper effect + sigma epsilon`` at known parameters, or at each of many draws.

    With a generator for each kind of effects, and one for scales of clusters, draws in parts are those made at once.
    """
    mu = expected_losses(specification, rows, values)
    kind, effects = specification.noise.kind, specification.noise.effects
    *of_effects, of_scales = generators or [rng] * (len(effects) + 1)
    noise = scales(specification, rows, values) * kind.standard(values).rvs(mu.shape, random_state=rng)
    for (group, tau), source in zip(effects, of_effects, strict=True):
        shared = source.standard_normal((*mu.shape[:-1], len(rows.levels[group])))
        noise = noise + (values[tau] * shared)[..., rows.index[group]]
    if kind.by_cluster:
        scale = kind.stretch(values, of_scales, (*mu.shape[:-1], len(rows.levels["paper"])))
        noise = noise * scale[..., rows.index["paper"]]
    return replace(rows, response=specification.noise.added(mu, noise))


def with_noise(
    specification: Specification,
    values: Mapping[str, Floats],
    expected: Floats,
    sigma: Floats,
    rng: np.random.Generator,
    known: Sequence[Floats] = (),
) -> Floats:
    """Losses of new evaluations, each of a cluster of its own.

    Or of one of which rows are ``known``: mean and variance of its effects, squared distance and number of these rows.
    """
    noise, shape = specification.noise, expected.shape
    scattered = sigma * noise.kind.standard(values).rvs(shape, random_state=rng)
    for variance in known[1:2] or [values[tau] ** 2 for _, tau in noise.effects]:
        scattered = scattered + np.sqrt(variance) * rng.standard_normal(shape)
    scattered = scattered * noise.kind.stretch(values, rng, shape, known[2:] or (0, 0))
    return np.asarray(noise.added(expected, scattered + (known[0] if known else 0.0)))


LARGEST_LOSS = math.log(1e6)
"""Nats per token: to guess at random among a million words."""
MOST_REDRAWN = 1000


def plausible_draw(
    specification: Specification, rows: Rows, truth: Mapping[str, Floats], rng: np.random.Generator
) -> tuple[dict[str, Floats], Rows, int]:
    """Parameters from their priors (or ``truth``) and losses at them, drawn again until all are in 0..``LARGEST_LOSS``.

    Choosing by the data alone leaves the posterior given the data as it is, so that ranks of true values are uniform
    among the chosen tables too; it keeps out tables that wide priors make and that no user could have. Counts those
    thrown away.
    """
    for redrawn in range(MOST_REDRAWN):
        values = prior_draw(specification, rows, rng) | dict(truth)
        simulated = simulated_rows(specification, rows, values, rng)
        possible = (simulated.response > 0) & (simulated.response <= LARGEST_LOSS)
        if specification.response != "loss" or possible.all():
            return values, simulated, redrawn
    raise BayesScalingError(
        f"the priors of '{specification.name}' gave {MOST_REDRAWN} tables in a row with losses below 0 or above "
        f"{LARGEST_LOSS:.1f} nats; choose narrower priors: see bayes-scaling models {specification.name}"
    )


REPORTED = ("E", "g_C", "a")
"""Reported quantities that are checked besides the sampled parameters, as are reported coefficients with a formula."""


def quantities_at(specification: Specification, rows: Rows, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """All that is checked, at known parameters: the parameters, and what of :data:`REPORTED` there is."""
    reported = reported_draws(specification, rows, {name: value[None, :] for name, value in values.items()})
    checked = (*REPORTED, *rows.cells)
    found = {name: np.asarray(reported[name].value)[..., 0] for name in checked if name in reported}
    return found | {name: value if specification.index_of(name) else value[0] for name, value in values.items()}
