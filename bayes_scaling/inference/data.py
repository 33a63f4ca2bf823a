"""The groups that ArviZ and readers expect of a fit, beside the sampler's two."""

from typing import Any

import numpy as np
import pandas as pd
from xarray import Dataset, DataTree

from bayes_scaling.evaluations import decimal_year
from bayes_scaling.inference.likelihood import log_likelihoods, log_priors
from bayes_scaling.model.build import OBSERVED
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.specification import Specification

UNITS = ("evaluation", "paper")
"""Units of cross-validation."""
_KEPT_COLUMNS = ("system", "paper", "benchmark", "architecture", "perplexity", "parameters", "tokens")


def assemble(specification: Specification, rows: Rows, evaluations: pd.DataFrame, data: DataTree) -> DataTree:
    """Add the groups that ArviZ and readers expect beside nutpie's two."""
    by_unit = log_likelihoods(specification, rows, data)
    unit, other = UNITS if specification.noise.cluster == "none" else UNITS[::-1]
    constant = {name: ("evaluation", column) for name, column in rows.covariates.items()}
    kept = {column: ("evaluation", _plain(evaluations[column])) for column in _KEPT_COLUMNS if column in evaluations}
    kept["year"] = ("evaluation", decimal_year(evaluations["published"]).to_numpy(float))
    coords = {"evaluation": list(rows.ids)}
    stats = data["sample_stats"].to_dataset()
    keep = [name for name in ("diverging", "maxdepth_reached", "energy", "logp", "depth", "n_steps") if name in stats]
    groups = {
        "posterior": data["posterior"].to_dataset(),
        "sample_stats": stats[keep],
        "log_likelihood": by_unit[unit].assign_attrs(unit=unit),
        f"log_likelihood_{other}": by_unit[other].assign_attrs(unit=other),
        "log_prior": log_priors(specification, rows, data),
        "observed_data": Dataset({OBSERVED: ("evaluation", rows.loss)}, coords=coords),
        "constant_data": Dataset(constant | kept, coords=coords),
    }
    return DataTree.from_dict(groups)


def _plain(column: pd.Series) -> np.ndarray[Any, Any]:
    return column.to_numpy(float) if pd.api.types.is_numeric_dtype(column) else column.astype(str).to_numpy(object)
