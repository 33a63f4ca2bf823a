"""From a specification and a table to a PyMC model with named dimensions."""

from collections.abc import Sequence
from functools import partial
from itertools import batched, chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt

from bayes_scaling.model import distributions
from bayes_scaling.model.coordinates import coefficients_of, penalty_scale, published_names
from bayes_scaling.model.reported import reported_quantities
from bayes_scaling.model.rows import Rows, make_rows, model_data, noise_names, single_columns
from bayes_scaling.model.structure import Arrays, coefficient_at, expected_loss
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.noise import log_jacobian, normal, shared_effects, smooth_change
from bayes_scaling.specifications.priors import DISTRIBUTIONS
from bayes_scaling.specifications.sections import Noise
from bayes_scaling.specifications.specification import Specification


def build_model(specification: Specification | str | Path, evaluations: pd.DataFrame) -> pm.Model:
    r"""State a specification's log density on a table of evaluations.

    .. math:: L = E + A / N_\mathrm{eff}^{\alpha} + B / D_\mathrm{eff}^{\beta} + u_\mathrm{paper} + \varepsilon

    Parameters
    ----------
    specification
        A specification, a name in the catalogue, or the path of a ``.toml`` file.
    evaluations
        See :func:`bayes_scaling.load_evaluations`; or a table of training runs.

    Returns
    -------
    pymc.Model
        Observed variable ``loss`` (nats per token; ``critical_batch``, tokens, in a law of it) over dimension
        ``evaluation`` (row ids); coefficients over ``benchmark``, ``architecture`` and ``era``; covariates, group
        codes and prior scales as ``pm.Data``. With normal noise, effects of papers or other clusters are integrated
        out in closed form; with normal noise on the logarithm of the loss, without clusters, so is a smooth change of
        all losses (``loss = "0 + gp(...)"``), whose coefficients a fit draws given the rest.

    Raises
    ------
    EvaluationsError
        If the table lacks what the specification needs.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> model = bs.build_model("ho2024/07", bs.load_evaluations())
    >>> model.named_vars_to_dims["level"]
    ('benchmark',)
    """
    specification = resolve(specification)
    return build_model_of_rows(specification, make_rows(specification, evaluations))


def build_model_of_rows(specification: Specification, rows: Rows) -> pm.Model:
    """As :func:`build_model`, from arrays that :func:`bayes_scaling.model.rows.make_rows` has made."""
    coords = {"evaluation": list(rows.ids)} | {group: list(levels) for group, levels in rows.levels.items()}
    with pm.Model(coords=coords) as model:
        data = {
            name: pm.Data(name, value, dims="evaluation" if np.ndim(value) == 1 else None)
            for name, value in model_data(specification, rows).items()
        }
        single = [f"{stem}_columns" for stem in single_columns(specification, rows)]
        covariates = {name: data[name] for name in (*rows.covariates, *single) if name in data}
        index = {group: data[f"{group}_index"] for group in (*rows.index, *single) if f"{group}_index" in data}
        observed = data[f"observed_{specification.response}"]
        noise = {name: sampled_parameter(specification, name, data) for name in noise_names(specification)}
        if specification.delta is None:
            apart = {*noise, *specification.left_to_integrate}
            names = [p.name for p in specification.parameters() if p.name not in apart]
            values = {name: sampled_parameter(specification, name, data) for name in names}
        else:  # the paper's coefficients, under its penalty as a prior
            scale = penalty_scale(noise["sigma"], observed.shape[0], data["delta"])
            values = {name: pm.Laplace(name, 0, scale) for name in published_names(specification)}
        values |= noise
        coefficients = coefficients_of(specification, values, rows.levels, xp=pt)
        if "sigma" in coefficients:
            noise["sigma"] = coefficient_at(coefficients["sigma"], covariates, index, pt)
        for name, quantity in reported_quantities(
            specification, coefficients, rows.levels, cells=rows.cells, anchor=rows.anchor, xp=pt
        ).items():
            if name not in values:
                pm.Deterministic(name, quantity.value, dims=quantity.dims or None)
        mu = expected_loss(coefficients, covariates, index, xp=pt)
        stem = specification.integrated
        change = (values[f"{stem}_sd"], data[stem]) if stem else ()
        _likelihood(specification, mu, noise, index, observed, rows, change)
    return model


def sampled_parameter(specification: Specification, name: str, data: Arrays) -> Any:
    """A free variable whose prior's parameters are data, so that another prior scale needs no new compilation."""
    prior = specification.prior_of(name)
    family = getattr(pm, DISTRIBUTIONS[prior.distribution].pymc)
    arguments = {key: data[f"prior_{name}_{key}"] for key, _ in prior.arguments}
    return family(name, **arguments, dims=specification.index_of(name))


def _likelihood(
    s: Specification, mu: Any, noise: Arrays, index: Arrays, observed: Any, rows: Rows, change: Sequence[Any]
) -> None:
    """Noise on the loss, or on its logarithm, of which PyMC derives the density of the loss, Jacobian included.

    ``change``: standard deviation and columns of a smooth change that is integrated out, if there is one.
    """
    given, effects, name = s.noise, s.noise.effects, s.response
    logs, options = given.on_log, {"observed": observed, "dims": "evaluation"}
    if change:
        pm.CustomDist(name, mu, noise["sigma"], *change, dist=_draw_changed, logp=_changed_logp, **options)
        return
    if given.samples_effects:
        standard = pm.Normal("paper_effect_standardised", 0, 1, dims="paper")
        effect = pm.Deterministic("paper_effect", noise["tau"] * standard, dims="paper")[index["paper"]]
        mu = mu * pt.exp(effect) if logs else mu + effect
    elif effects:
        counts = [len(rows.levels[group]) for group, _ in effects]
        shared = chain.from_iterable((noise[tau], index[group]) for group, tau in effects)
        how = {
            "dist": partial(_draw_clustered, noise=given, counts=counts),
            "logp": partial(_clustered_logp, noise=given),
        }
        pm.CustomDist(name, mu, noise["sigma"], *(noise[each] for each in given.kind.extra), *shared, **how, **options)
        return
    kind = getattr(distributions if hasattr(distributions, given.kind.pymc) else pm, given.kind.pymc)
    values = {extra: noise[extra] for extra in given.kind.extra} | {"mu": mu, given.kind.scale: noise["sigma"]}
    if not logs:
        kind(name, **values, **options)
        return

    def drawn(*values_: Any) -> Any:
        own = dict(zip((*values, "size"), values_, strict=True))
        return pt.exp(kind.dist(**own | {"mu": pt.log(own["mu"])}))

    pm.CustomDist(name, *values.values(), dist=drawn, **options)


def _draw_changed(mu: Any, sigma: Any, spread: Any, columns: Any, size: Any) -> Any:
    coefficients = pm.Normal.dist(0, spread, size=columns.shape[1])
    return mu * pt.exp(pm.Normal.dist(0, sigma, size=mu.shape) + columns @ coefficients)


def _changed_logp(value: Any, mu: Any, sigma: Any, spread: Any, columns: Any) -> Any:
    """Density with a smooth change integrated out: what it adds is spread over rows, so that the sum is exact."""
    residual = pt.log(value) - pt.log(mu)
    added, _, _ = smooth_change(residual, sigma, spread, columns, xp=pt)
    return normal(residual, sigma, xp=pt) + added / columns.shape[0] + log_jacobian(value, xp=pt)


def _draw_clustered(mu: Any, sigma: Any, *others: Any, noise: Noise, counts: Sequence[int]) -> Any:
    values, shared = _parted(noise, others[:-1])  # the last is a size
    drawn = pm.Normal.dist(0, sigma, size=mu.shape)
    for (tau, codes), count in zip(shared, counts, strict=True):
        drawn = drawn + pm.Normal.dist(0, tau, size=count)[codes]
    if noise.kind.by_cluster:
        drawn = drawn * pt.sqrt(values["nu"] / pm.ChiSquared.dist(values["nu"], size=counts[0]))[shared[0][1]]
    return noise.added(mu, drawn, pt)


def _clustered_logp(value: Any, mu: Any, sigma: Any, *others: Any, noise: Noise) -> Any:
    """Density with effects integrated out: what they add is spread over rows, so that the sum is exact."""
    values, shared = _parted(noise, others)
    residual = pt.log(value) - pt.log(mu) if noise.on_log else value - mu
    zeros = pt.zeros_like(residual)  # codes are below the number of rows, so this has room for every cluster

    def sums(codes: Any) -> Any:
        return lambda each: pt.inc_subtensor(zeros[codes], each)[codes]

    effects = [(sums(codes), tau) for tau, codes in reversed(shared)]
    correction, _, _, squares = shared_effects(residual, sigma, effects, xp=pt)
    density = normal(residual, sigma, xp=pt) + correction
    if noise.kind.by_cluster:
        whole, _ = effects[-1]
        count = whole(zeros + 1)
        density = density + noise.kind.heavier(whole(squares), count, values, xp=pt) / count
    return density + log_jacobian(value, xp=pt) if noise.on_log else density


def _parted(noise: Noise, others: Sequence[Any]) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """What the family has beside its scale, and deviation and codes of each kind of effects, the outermost first."""
    extra = noise.kind.extra
    return dict(zip(extra, others, strict=False)), [*batched(others[len(extra) :], 2)]
