"""The groups of a fit: those that ArviZ expects, besides the sampler's two."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from xarray import Dataset, DataTree, Variable
from xarray.backends import BackendArray
from xarray.core import indexing

from bayes_scaling.errors import require_choice
from bayes_scaling.inference.likelihood import blocks, draws_of, log_priors, unit_densities
from bayes_scaling.inference.predictive import POSTERIOR_PREDICTIVE, PRIOR, PRIOR_PREDICTIVE, Predictive, spaced
from bayes_scaling.model.predictors import Predictors, column_of, years_of
from bayes_scaling.model.requirements import clusters_of
from bayes_scaling.model.rows import COVARIATES, Rows, anchor_of, model_data
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables import decimal_year

LIKELIHOODS = {"evaluation": "log_likelihood", "paper": "log_likelihood_paper"}
"""Groups of log likelihoods, by unit of cross-validation. Those of papers add up to the model's own."""
UNITS = tuple(LIKELIHOODS)


def check_unit(unit: str) -> None:
    """Refuse a unit of cross-validation that is none of :data:`UNITS`."""
    require_choice("unit", unit, UNITS)


_OF_MODEL = {"role": "data of the PyMC model"}
_DERIVED = ("log_likelihood", "log_prior", PRIOR, PRIOR_PREDICTIVE, POSTERIOR_PREDICTIVE)
_KEPT_COLUMNS = ("system", "paper", "benchmark", "architecture", "perplexity", "parameters", "tokens", "url", "source")
"""Of the table; ``paper`` of training runs is their series. The last two say where a row comes from, for reports."""
_TEXTS = ("url", "source")
_KEPT_STATISTICS = ("diverging", "maxdepth_reached", "energy", "logp", "depth", "n_steps")


def assemble(specification: Specification, rows: Rows, evaluations: pd.DataFrame, data: DataTree) -> DataTree:
    """A fit's groups, from a table and the sampler's two groups."""
    groups = {"posterior": data["posterior"].to_dataset(), "sample_stats": kept_statistics(data)}
    return completed(
        specification, rows, DataTree.from_dict(groups | groups_of_table(specification, rows, evaluations))
    )


def groups_of_table(specification: Specification, rows: Rows, evaluations: pd.DataFrame) -> dict[str, Dataset]:
    """What is observed, and what is kept of the table beside it."""
    evaluations = evaluations.assign(**clusters_of(specification, evaluations))
    constant = {
        name: (("evaluation", f"{name}_column")[: column.ndim], column) for name, column in rows.covariates.items()
    }
    columns = {name: evaluations[name] for name in _KEPT_COLUMNS if name in evaluations}
    columns |= {
        name: column_of(specification, evaluations, name) for name in specification.columns if name not in columns
    }
    columns |= {name: evaluations[name] for name, _ in specification.noise.effects}
    kept = {name: ("evaluation", _plain(column)) for name, column in columns.items()}
    if "published" in evaluations:
        kept["year"] = ("evaluation", decimal_year(evaluations["published"]).to_numpy(float))
    coords = {"evaluation": list(rows.ids)}
    return {
        "observed_data": Dataset({specification.response: ("evaluation", rows.response)}, coords=coords),
        "constant_data": Dataset(constant | kept, coords=coords),
    }


def kept_statistics(data: DataTree) -> Dataset:
    """What is kept of the sampler's statistics."""
    stats = data["sample_stats"].to_dataset()
    return stats[[name for name in _KEPT_STATISTICS if name in stats]]


def completed(specification: Specification, rows: Rows, data: DataTree) -> DataTree:
    """Add log priors, and what is worked out when it is read: log likelihoods each time, predictive groups once."""
    posterior = data["posterior"].to_dataset()
    groups = {name: node.to_dataset() for name, node in data.children.items()}
    columns = groups.get("constant_data", Dataset()).copy()
    groups["log_prior"] = log_priors(specification, rows, data)
    # What PyMC compares with a model's data before it takes draws for those of the same model.
    of_model = {name: value for name, value in model_data(specification, rows).items() if name not in columns}
    for name, value in of_model.items():
        kept = value.astype(np.int32) if np.issubdtype(np.asarray(value).dtype, np.integer) else value  # as PyMC has it
        columns[name] = Variable(("evaluation",) * np.ndim(value), kept, attrs=_OF_MODEL)
    groups["constant_data"] = columns
    for of, name in LIKELIHOODS.items():
        labels = rows.levels["paper"] if of == "paper" else rows.ids
        values = indexing.LazilyIndexedArray(_LogLikelihood(specification, rows, posterior, of, len(labels)))
        groups[name] = Dataset(
            {specification.response: Variable(("chain", "draw", of), values)},
            coords={"chain": posterior["chain"], "draw": posterior["draw"], of: list(labels)},
            attrs={"unit": of},
        )
    groups["log_likelihood"].isel(chain=0, draw=0).load()  # one draw, to see that all fits together
    return DataTree.from_dict(groups | Predictive(specification, rows, posterior).groups())


class _LogLikelihood(BackendArray):
    """Log densities by a unit of cross-validation, read lazily as xarray reads variables of files."""

    dtype = np.dtype(np.float32)  # errors near 1e-7 nats, at half the size

    def __init__(self, specification: Specification, rows: Rows, posterior: Dataset, unit: str, units: int) -> None:
        self._specification, self._rows, self._posterior, self._unit = specification, rows, posterior, unit
        self.shape = (posterior.sizes["chain"], posterior.sizes["draw"], units)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )
        return found

    def _read(self, key: tuple[Any, ...]) -> np.ndarray[Any, Any]:
        chains, draws, units = (np.arange(size)[at] for size, at in zip(self.shape, key, strict=True))
        some = self._posterior.isel(chain=np.atleast_1d(chains), draw=np.atleast_1d(draws))
        values, positions = draws_of(self._specification, DataTree.from_dict({"posterior": some})), np.atleast_1d(units)
        found = np.empty((chains.size * draws.size, units.size), self.dtype)
        for part in blocks(units.size, len(found)):
            densities = unit_densities(self._specification, self._rows, values, self._unit, positions[part])
            found[:, part] = np.maximum(densities, np.finfo(self.dtype).min)
        return found.reshape(chains.shape + draws.shape + units.shape)


def in_blocks(likelihood: Dataset) -> Iterator[Dataset]:
    """A log likelihood loaded a block of units at a time."""
    samples = likelihood.sizes["chain"] * likelihood.sizes["draw"]
    (unit,) = set(likelihood.sizes) - {"chain", "draw"}
    return (likelihood.isel({unit: part}).load() for part in blocks(likelihood.sizes[unit], samples))


def thinned(data: DataTree, keep: int) -> DataTree:
    """At most ``keep`` draws of all chains, as many of each and evenly spaced."""
    draws, chains = data["posterior"].sizes["draw"], data["posterior"].sizes["chain"]
    at = spaced(draws, max(1, keep // chains))
    groups = {name: node.to_dataset() for name, node in data.children.items()}
    # Predictive groups of long tables have fewer draws already.
    some = {name: each.isel(draw=at) if each.sizes.get("draw") == draws else each for name, each in groups.items()}
    return data if len(at) == draws else DataTree.from_dict(some)


def compacted(data: DataTree) -> DataTree:
    """Drop the groups and columns that :func:`completed` adds."""
    kept = data.filter(lambda node: not node.name or not node.name.startswith(_DERIVED))
    if "constant_data" in kept:
        columns = kept["constant_data"].to_dataset()
        of_model = [name for name, each in columns.data_vars.items() if _OF_MODEL.items() <= each.attrs.items()]
        kept["constant_data"] = DataTree(columns.drop_vars(of_model))
    return kept


_NAMES = ("system", "paper", "benchmark", "architecture", "parameters", "tokens", "year", "url", "source")


def named_rows(data: DataTree) -> pd.DataFrame:
    """What a fit keeps of its rows, indexed by row id, with the response that was fitted."""
    constant, observed = data["constant_data"].to_dataset(), data["observed_data"].to_dataset()
    columns = {name: constant[name].to_numpy() for name in _NAMES if name in constant}
    columns |= {str(name): column.to_numpy() for name, column in observed.data_vars.items()}
    return pd.DataFrame(columns, index=pd.Index(list(map(str, constant["evaluation"].to_numpy())), name="id"))


def rows_of(data: DataTree, specification: Specification) -> Rows:
    """Rows that were fitted, from a fit's own groups."""
    constant = data["constant_data"].to_dataset()
    names = dict.fromkeys(("benchmark", "architecture", "paper", "parameters", "tokens", *specification.columns))
    table = pd.DataFrame({name: constant[name].to_numpy() for name in names if name in constant})
    table.index = pd.Index(constant["evaluation"].to_numpy())
    if "year" in constant:
        table["year"] = constant["year"].to_numpy()
    groups = ("paper", *dict(specification.noise.effects))
    clusters = {group: pd.Series(constant[group].to_numpy()).astype(str) for group in groups}
    predictors = Predictors(specification, table)
    columns, index, levels = predictors.coded(table, clusters)
    (response,) = data["observed_data"].to_dataset().data_vars.values()
    kept = (*COVARIATES, *map("log_{}".format, specification.tuned), *years_of(specification, levels, 0.0, 0.0))
    covariates = {name: constant[name].to_numpy() for name in kept if name in constant}
    anchor = anchor_of(specification, table) if specification.delta is None else None
    return Rows(
        ids=tuple(map(str, constant["evaluation"].to_numpy())),
        response=response.to_numpy(),
        covariates=covariates | columns,
        index=index,
        levels=levels,
        predictors=predictors,
        anchor=anchor,
    )


def _plain(column: pd.Series) -> np.ndarray[Any, Any]:
    if column.name in _TEXTS:  # which may have gaps, so that pandas may have read them as numbers
        column = column.astype(object).fillna("")
    return column.to_numpy(float) if pd.api.types.is_numeric_dtype(column) else column.astype(str).to_numpy(object)
