"""Importance weights that leave one unit out, some units at a time."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import arviz as az
import numpy as np
from arviz_stats import ELPDData
from numpy.typing import NDArray
from xarray import Dataset, DataTree

from bayes_scaling.inference.lazy import in_blocks
from bayes_scaling.inference.likelihood import blocks
from bayes_scaling.inference.result import Fit
from bayes_scaling.model.rows import Rows

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """Some units of a fit, each left out by weights of the draws.

    Parameters
    ----------
    unit, positions
        Of cross-validation, and which.
    tree
        Groups ``posterior`` (free variables) and ``log_likelihood`` (of the units), as ArviZ takes them.
    loo
        What ArviZ finds of each.
    density, log_weights
        Log likelihood and smoothed log weight of each draw, shape ``(samples, units)``.
    """

    unit: str
    positions: NDArray[np.int64]
    tree: DataTree
    loo: ELPDData
    density: Floats
    log_weights: Floats

    def of_rows(self, rows: Rows) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Positions of rows in these units, and of the unit of each among them, a block of rows at a time."""
        of = rows.index["paper"] if self.unit == "paper" else np.arange(len(rows.ids))
        inside = np.flatnonzero(np.isin(of, self.positions))
        for some in blocks(len(inside), len(self.log_weights)):
            yield inside[some], np.searchsorted(self.positions, of[inside[some]])


def left_out(fit: Fit, unit: str, positions: NDArray[np.int64] | None = None) -> Iterator[LeftOut]:
    """Pareto-smoothed importance sampling of all units of cross-validation, or of those at some positions.

    Parameters
    ----------
    fit
        The posterior.
    unit
        ``"evaluation"`` or ``"paper"``.
    positions
        By default all.
    """
    likelihood, posterior, done = fit.log_likelihood(unit), free(fit), 0
    positions = np.arange(likelihood.sizes[unit]) if positions is None else positions
    samples, reff = posterior.sizes["chain"] * posterior.sizes["draw"], 1.0
    if posterior.sizes["chain"] > 1:  # once, and as ArviZ would for each block
        effective = az.ess(posterior, method="mean")
        reff = float(np.hstack([each.to_numpy().ravel() for each in effective.data_vars.values()]).mean()) / samples
    for block in in_blocks(likelihood.isel({unit: positions})):
        tree = DataTree.from_dict({"posterior": posterior, "log_likelihood": block})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pareto k, which the result has, and of a unit that is alone in its block
            loo = az.loo(tree, pointwise=True, var_name=fit.specification.response, reff=reff)
        density, weights = block[fit.specification.response], loo.log_weights.transpose("chain", "draw", ...)
        count = block.sizes[unit]
        yield LeftOut(
            unit=unit,
            positions=positions[done : done + count],
            tree=tree,
            loo=loo,
            density=np.asarray(density, dtype=float).reshape(samples, count),
            log_weights=np.asarray(weights).reshape(samples, count),
        )
        done += count


def free(fit: Fit) -> Dataset:
    """Free variables of a posterior alone: others would slow down the estimate of the relative efficiency."""
    return fit.data["posterior"].to_dataset()[[parameter.name for parameter in fit.specification.parameters()]]
