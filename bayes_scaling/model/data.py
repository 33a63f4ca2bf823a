"""What a compiled model takes as data, and where its chains start: arrays alone, nothing of PyMC."""

from typing import Any

import numpy as np

from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification

OBSERVED = "loss"
"""Name of the observed variable of laws of the loss (log perplexity), nats per token; of all laws it is
``specification.response``."""


def model_data(specification: Specification, rows: Rows) -> dict[str, Any]:
    """Everything that a compiled model takes as data: covariates, group codes, observations, prior scales."""
    used = {*specification.groups, *dict(specification.noise.effects)}
    data: dict[str, Any] = dict(rows.covariates)
    data |= {f"{group}_index": codes for group, codes in rows.index.items() if group in used}
    data[observed_name(specification)] = rows.response
    for parameter in specification.parameters():
        for key, value in specification.prior_of(parameter.name).arguments:
            data[f"prior_{parameter.name}_{key}"] = value
    if specification.delta is not None:
        data["delta"] = specification.delta
    return data


def observed_name(specification: Specification) -> str:
    """Name of the data that were observed."""
    return f"observed_{specification.response}"


def noise_names(specification: Specification) -> tuple[str, ...]:
    """Parameters of the noise."""
    names = tuple(p.name for p in specification.parameters())
    own = ("sigma", "tau", *specification.noise.kind.extra)
    return tuple(name for name in names if name in own or name.startswith(("sigma_", "tau_")))


def prior_middle(specification: Specification, rows: Rows, rng: np.random.Generator) -> dict[str, Any]:
    """A random start for a chain: from the central half of each prior, where the law does not overflow.

    Penalised structures have starts of their own: :func:`bayes_scaling.model.penalised.penalised_start`.
    """
    start = {}
    for parameter in specification.parameters():
        group = specification.index_of(parameter.name)
        low, high = specification.prior_of(parameter.name).frozen().ppf([0.25, 0.75])
        start[parameter.name] = rng.uniform(low, high, None if group is None else len(rows.levels[group]))
    if specification.noise.samples_effects:
        start["paper_effect_standardised"] = rng.uniform(-0.7, 0.7, len(rows.levels["paper"]))
    return start
