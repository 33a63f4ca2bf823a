"""Importance weights that leave out one unit each, for a block of units at a time."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import arviz as az
import numpy as np
from arviz_stats import ELPDData
from xarray import DataTree

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.inference.data import in_blocks
from bayes_scaling.inference.likelihood import blocks
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.rows import Rows


@dataclass(frozen=True)
class LeftOut:
    """Units of a fit at some positions; ``density`` and ``log_weights`` have the shape ``(samples, units)``.

    ``tree`` has the free variables and log likelihoods from which ArviZ makes ``loo``.
    """

    unit: str
    positions: Integers
    tree: DataTree
    loo: ELPDData
    density: Floats
    log_weights: Floats

    def of_rows(self, rows: Rows) -> Iterator[tuple[Integers, Integers]]:
        """Positions of rows in these units, and of the unit of each among them, a block of rows at a time."""
        of = rows.units(self.unit)
        inside = np.flatnonzero(np.isin(of, self.positions))
        for some in blocks(len(inside), len(self.log_weights)):
            yield inside[some], np.searchsorted(self.positions, of[inside[some]])


def left_out(fit: Fit, unit: str, positions: Integers | None = None) -> Iterator[LeftOut]:
    """Pareto-smoothed importance sampling of all units of cross-validation, or of those at some positions."""
    likelihood, name = fit.log_likelihood(unit), fit.specification.response
    rest = np.arange(likelihood.sizes[unit]) if positions is None else positions
    # Free variables alone: others would slow down the estimate of the relative efficiency.
    posterior = fit.data["posterior"].to_dataset()[[parameter.name for parameter in fit.specification.parameters()]]
    for block in in_blocks(likelihood.isel({unit: rest})):
        tree, count = DataTree.from_dict({"posterior": posterior, "log_likelihood": block}), block.sizes[unit]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pareto k, which the result has, and of units alone in their block
            loo = az.loo(tree, pointwise=True, var_name=name)
        each = (block[name], loo.log_weights.transpose("chain", "draw", ...))
        density, log_weights = (np.asarray(values, dtype=float).reshape(-1, count) for values in each)
        yield LeftOut(unit, rest[:count], tree, loo, density, log_weights)
        rest = rest[count:]
