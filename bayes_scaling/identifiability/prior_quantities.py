"""Prior draws of everything that a posterior reports, many at a time."""

import numpy as np
from xarray import DataArray, Dataset

from bayes_scaling.calibration.simulation import require_proper_prior
from bayes_scaling.model.coordinates import from_level_and_share
from bayes_scaling.model.rows import Rows
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.quantities.intervals import SAMPLE_DIMS
from bayes_scaling.specifications.laws import LAWS, SIZES
from bayes_scaling.specifications.specification import Specification

SAMPLES = 20_000
"""Prior draws: a 2.5% quantile of so many is known to a hundredth of a standard deviation or two."""
SEED = 0

REPORTED = ("g_N", "g_D", "g_C", "E", "alpha", "beta", "a", "level", "share", "irreducible_share")
"""Quantities whose identification is reported, in the order of tables: rates, then the law's, then its coordinates."""


def prior_quantities(specification: Specification, rows: Rows, *, samples: int = SAMPLES, seed: int = SEED) -> Dataset:
    r"""Draws of each of :data:`REPORTED` that the specification has, from its prior alone.

    .. math:: g_N = \alpha_\mathrm{year} / \alpha, \qquad g_C = g_N + g_D, \qquad a = \beta / (\alpha + \beta)

    Parameters
    ----------
    specification
        Without ``delta``, whose prior has no scale of its own.
    rows
        Which groups there are.
    samples, seed
        Number of draws, and their seed.

    Returns
    -------
    Dataset
        Dimensions ``chain`` (one), ``draw`` and the groups that a quantity varies by, named as in a posterior. Rates in
        log units per year, ``level`` and ``E`` in nats per token. Without rates where exponents drift: a prior
        stands on the drift then, and the rates at one point follow from it and from where that is.

    Raises
    ------
    BayesScalingError
        If the specification has ``delta``.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> from bayes_scaling.model.rows import make_rows
    >>> specification = bs.load_specification("ho2024/07")
    >>> drawn = prior_quantities(specification, make_rows(specification, bs.load_evaluations()))
    >>> drawn["share"].shape, round(float(drawn["g_C"].std()), 1)
    ((1, 20000, 3), 1.4)
    """
    require_proper_prior(specification)
    rng = np.random.default_rng(seed)
    values, drawn = {}, {}
    for parameter in specification.parameters():
        group = specification.index_of(parameter.name)
        size = (samples, 1 if group is None else len(rows.levels[group]))
        frozen = specification.prior_of(parameter.name).frozen()
        values[parameter.name] = np.asarray(frozen.rvs(size, random_state=rng), dtype=float)
        drawn[parameter.name] = _named(Coefficient(values[parameter.name], group), rows)
    coefficients = from_level_and_share(specification, values, rows.levels)
    found = drawn | {name: _named(each, rows) for name, each in coefficients.items()}
    law = LAWS[specification.law]
    if specification.progress.exponents == "none":
        for term in law.terms:
            if f"{term.exponent}_year" in found:
                found[SIZES[term.size].rate] = found[f"{term.exponent}_year"] / found[term.exponent]
        moving = [found[rate] for rate in ("g_N", "g_D") if rate in found]
        if moving and "g_C" not in found:
            found["g_C"] = sum(moving[1:], moving[0])
    else:
        found = {name: each for name, each in found.items() if not name.startswith("g_")}
    if law.splits and not specification.progresses:
        found["a"] = found["beta"] / (found["alpha"] + found["beta"])
    return Dataset({name: found[name] for name in REPORTED if name in found}).transpose(*SAMPLE_DIMS, ...)


def _named(coefficient: Coefficient, rows: Rows) -> DataArray:
    """Draws of a coefficient with the dimensions that a posterior has."""
    values = np.asarray(coefficient.value)[None]
    if coefficient.group is None:
        return DataArray(values[..., 0], dims=SAMPLE_DIMS)
    levels = list(rows.levels[coefficient.group])
    return DataArray(values, dims=(*SAMPLE_DIMS, coefficient.group), coords={coefficient.group: levels})
