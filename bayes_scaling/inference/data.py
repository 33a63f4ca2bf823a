"""The groups that ArviZ and readers expect of a fit, beside the sampler's two."""

from typing import Any

import numpy as np
import pandas as pd
from xarray import Dataset, DataTree, Variable
from xarray.core import indexing

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.evaluations import decimal_year
from bayes_scaling.inference.lazy import LogLikelihood
from bayes_scaling.inference.likelihood import log_priors
from bayes_scaling.model.rows import COVARIATES, Rows, group_codes
from bayes_scaling.model.runs import papers_of
from bayes_scaling.specifications.specification import Specification

UNITS = ("evaluation", "paper")
"""Units of cross-validation."""


def check_unit(unit: str) -> None:
    """Refuse a word that is none of :data:`UNITS`."""
    if unit not in UNITS:
        raise BayesScalingError(f"unit of cross-validation '{unit}' is unknown; valid choices: {', '.join(UNITS)}")


_DERIVED = ("log_likelihood", "log_prior")
_KEPT_COLUMNS = ("system", "paper", "benchmark", "architecture", "perplexity", "parameters", "tokens", "url", "source")
"""Of the table; ``paper`` of training runs is their series. The last two say where a row comes from, for reports."""
_TEXTS = ("url", "source")


def assemble(specification: Specification, rows: Rows, evaluations: pd.DataFrame, data: DataTree) -> DataTree:
    """Add the groups that ArviZ and readers expect beside nutpie's two."""
    evaluations = evaluations.assign(paper=papers_of(evaluations))
    constant = {name: ("evaluation", column) for name, column in rows.covariates.items()}
    kept = {column: ("evaluation", _plain(evaluations[column])) for column in _KEPT_COLUMNS if column in evaluations}
    if "published" in evaluations:
        kept["year"] = ("evaluation", decimal_year(evaluations["published"]).to_numpy(float))
    coords = {"evaluation": list(rows.ids)}
    stats = data["sample_stats"].to_dataset()
    keep = [name for name in ("diverging", "maxdepth_reached", "energy", "logp", "depth", "n_steps") if name in stats]
    groups = {
        "posterior": data["posterior"].to_dataset(),
        "sample_stats": stats[keep],
        "observed_data": Dataset({specification.response: ("evaluation", rows.response)}, coords=coords),
        "constant_data": Dataset(constant | kept, coords=coords),
    }
    return completed(specification, rows, DataTree.from_dict(groups))


def completed(specification: Specification, rows: Rows, data: DataTree) -> DataTree:
    """Add what follows from draws and rows: log priors, and log likelihoods that each reading works out.

    Raises
    ------
    Exception
        Where draws and rows are not of this specification, whatever NumPy and xarray say of that.
    """
    posterior = data["posterior"].to_dataset()
    unit, other = UNITS if specification.noise.cluster == "none" else UNITS[::-1]
    groups = {name: node.to_dataset() for name, node in data.children.items()}
    groups["log_prior"] = log_priors(specification, rows, data)
    for name, of in (("log_likelihood", unit), (f"log_likelihood_{other}", other)):
        labels = rows.levels["paper"] if of == "paper" else rows.ids
        values = indexing.LazilyIndexedArray(LogLikelihood(specification, rows, posterior, of, len(labels)))
        groups[name] = Dataset(
            {specification.response: Variable(("chain", "draw", of), values)},
            coords={"chain": posterior["chain"], "draw": posterior["draw"], of: list(labels)},
            attrs={"unit": of},
        )
    groups["log_likelihood"].isel(chain=0, draw=0).load()  # one draw, to see that all fits together
    return DataTree.from_dict(groups)


def compacted(data: DataTree) -> DataTree:
    """Drop the groups that :func:`completed` adds."""
    return data.filter(lambda node: not node.name or not node.name.startswith(_DERIVED))


def rows_of(data: DataTree) -> Rows:
    """Rows that were fitted, from a fit's own groups."""
    constant = data["constant_data"].to_dataset()
    groups = [name for name in ("benchmark", "architecture", "paper") if name in constant]
    table = pd.DataFrame({name: constant[name].to_numpy() for name in groups})
    index, levels = group_codes(table)
    (response,) = data["observed_data"].to_dataset().data_vars.values()
    covariates = {str(name): constant[name].to_numpy() for name in constant.data_vars if str(name) in COVARIATES}
    return Rows(
        ids=tuple(map(str, constant["evaluation"].to_numpy())),
        response=response.to_numpy(),
        covariates=covariates,
        index=index,
        levels=levels,
    )


def _plain(column: pd.Series) -> np.ndarray[Any, Any]:
    if column.name in _TEXTS:  # which may have gaps, so that pandas may have read them as numbers
        column = column.astype(object).fillna("")
    return column.to_numpy(float) if pd.api.types.is_numeric_dtype(column) else column.astype(str).to_numpy(object)
