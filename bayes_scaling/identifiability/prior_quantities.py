"""Prior draws of everything that a posterior reports, many at a time."""

from pathlib import Path
from typing import Any

import numpy as np
from xarray import DataArray, Dataset

from bayes_scaling.calibration.simulation import prior_draw
from bayes_scaling.inference.posterior import reported_draws
from bayes_scaling.model.reported import RATES
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.intervals import SAMPLE_DIMS
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.specification import Specification

SAMPLES = 20_000
"""Prior draws: a 2.5% quantile of so many is known to a hundredth of a standard deviation or two."""
SEED = 0

REPORTED = ("g_N", "g_D", "g_C", "E", "alpha", "beta", "a", "level", "share", "irreducible_share")
"""Quantities whose identification is reported, in the order of tables: rates, then the law's, then its coordinates."""


def prior_quantities(
    specification: Specification | str | Path, rows: Rows, *, samples: int = SAMPLES, seed: int = SEED
) -> Dataset:
    r"""Draws of each of :data:`REPORTED` that the specification has, from its prior alone.

    .. math:: g_N = \alpha_\mathrm{year} / \alpha, \qquad g_C = g_N + g_D, \qquad a = \beta / (\alpha + \beta)

    Returns Dataset: Dimensions ``chain`` (one), ``draw`` and the groups that a quantity varies by, named as in a
    posterior. Rates in log units per year, ``level`` and ``E`` in nats per token. Without rates where exponents drift:
    a prior stands on the drift then, and the rates at one point follow from it and from where that is. Raises
    BayesScalingError if the specification has ``delta``.

    Parameters
    ----------
    specification
        Or its name or path. Without ``delta``, whose prior has no scale of its own.
    rows
        Which groups there are.
    samples, seed
        Number of draws, and their seed.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> from bayes_scaling.model.rows import make_rows
    >>> specification = bs.load_specification("ho2024/07")
    >>> drawn = prior_quantities(specification, make_rows(specification, bs.load_evaluations()))
    >>> drawn["share"].shape, round(float(drawn["g_C"].std()), 1)
    ((1, 20000, 3), 1.4)
    """
    specification = resolve(specification)
    values = prior_draw(specification, rows, np.random.default_rng(seed), (samples,))
    reported = reported_draws(specification, rows, values)
    if specification.progress.exponents != "none":
        reported = {name: each for name, each in reported.items() if name not in RATES}
    found = {name: _named(each.value, each.dims, rows) for name, each in reported.items() if name in REPORTED}
    for name in set(values) & set(REPORTED) - set(found):
        group = specification.index_of(name)
        own = values[name].T if group else values[name][:, 0]
        found[name] = _named(own, (group,) if group else (), rows)
    return Dataset({name: found[name] for name in REPORTED if name in found}).transpose(*SAMPLE_DIMS, ...)


def _named(values: Any, dims: tuple[str, ...], rows: Rows) -> DataArray:
    """Draws on the last axis, with the dimensions that a posterior has."""
    coords = {dim: list(rows.levels[dim]) for dim in dims}
    shape = (*map(len, coords.values()), np.shape(values)[-1])
    array = DataArray(np.broadcast_to(values, shape), dims=(*dims, "draw"), coords=coords)
    return array.expand_dims("chain").transpose(*SAMPLE_DIMS, ...)
