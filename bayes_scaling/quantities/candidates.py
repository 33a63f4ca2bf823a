"""Training runs or evaluations that may be done next, and what a posterior expects them to show."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.model.requirements import SERIES, clusters_of, columns_of
from bayes_scaling.quantities.allocation import YEAR
from bayes_scaling.quantities.arguments import check_years, positive
from bayes_scaling.quantities.laws import ARCHITECTURE, laws_of
from bayes_scaling.quantities.outcomes import Outcomes
from bayes_scaling.tables import decimal_year
from bayes_scaling.tables.columns import EVALUATIONS, RUNS
from bayes_scaling.tables.reading import read_table
from bayes_scaling.tables.simulated import TOKENS_PER_PARAMETER

_HALVINGS = 10  # of the budget, down to the smallest run of the grid
_RATIOS = 9  # tokens per parameter of the grid
_UNKNOWN = ("system", "paper", "perplexity", "loss")  # columns that what is not yet there may lack


def grid_of_runs(fit: Fit, budget: float) -> pd.DataFrame:
    """Runs by compute, halved from the budget down to the smallest that was fitted, and by tokens per parameter."""
    if fit.evaluations.kind != "runs":
        raise BayesScalingError(
            "of evaluations there is no grid to choose from; give candidates, a table with columns "
            "parameters, tokens, published, benchmark and architecture"
        )
    if not np.isfinite(budget):
        raise BayesScalingError("runs to choose from follow from a budget; give one in FLOP, such as 1e21")
    systems = laws_of(fit).systems
    smallest = training_compute(systems["parameters"], systems["tokens"]).min()
    if budget < smallest:
        raise BayesScalingError(
            f"a budget of {budget:g} FLOP is below the smallest run that was fitted ({smallest:.3g} FLOP), and nothing "
            "says that the law holds there; give a larger one, or candidates of your own"
        )
    halvings = int(np.clip(np.log2(budget / smallest), 1, _HALVINGS))
    levels, ratios = budget * 0.5 ** np.arange(halvings + 1), np.geomspace(*TOKENS_PER_PARAMETER, _RATIOS)
    flop, ratio = (each.ravel() for each in np.meshgrid(levels, ratios, indexing="ij"))
    parameters = np.sqrt(flop / training_compute(1.0, ratio))  # since D = ratio N
    ids = pd.Index([f"candidate-{number:03d}" for number in range(1, len(flop) + 1)], name="id", dtype="str")
    return pd.DataFrame({"parameters": parameters, "tokens": ratio * parameters, "flop": flop, "cost": flop}, index=ids)


def read_candidates(fit: Fit, candidates: Any) -> pd.DataFrame:
    """A user's candidates with their cost: by default the compute of a run, and 1 for an evaluation."""
    runs = fit.evaluations.kind == "runs"
    table = read_table(candidates, RUNS if runs else EVALUATIONS, gaps=_UNKNOWN).faultless(candidates)
    if "cost" not in table:
        return table.assign(cost=table["flop"] if runs else 1.0)
    return table.assign(cost=positive(table["cost"].tolist(), "cost of candidates"))


def outcomes_of(fit: Fit, quantity: xr.DataArray, table: pd.DataFrame) -> Outcomes:
    """Draws of a quantity beside those of what candidates would show, on the scale of the noise."""
    laws, runs, specification = laws_of(fit), fit.evaluations.kind == "runs", fit.specification
    further = columns_of(specification, table) if runs else {}
    for column in further.values():
        if column not in table:
            raise BayesScalingError(
                f"'{specification.name}' is a law of {specification.form.of}; give candidates with a column {column}"
            )
    points = {name: table[name].to_numpy(float) for name in ("parameters", "tokens")}
    dates = decimal_year(table["published"]).fillna(YEAR) if "published" in table else np.full(len(table), YEAR)
    points["year"] = np.asarray(dates, dtype=float)
    check_years(laws, points["year"])
    own = () if runs else ("benchmark", "architecture")
    others = [name for name in specification.columns if name in table and name not in (*points, *own)]
    expected, sigma = np.empty((2, quantity.size, len(table)))
    groups = [*own, *others]
    parts = table.groupby(groups, sort=False).indices if groups else {(): np.arange(len(table))}
    for values, at in parts.items():
        columns = dict(zip(groups, values if isinstance(values, tuple) else (values,), strict=True))
        setting = {"benchmark": laws.benchmark_of(columns.pop("benchmark", None))}
        setting["architecture"] = columns.pop("architecture", ARCHITECTURE)
        law, some = laws.at(**columns), {name: each[at] for name, each in points.items()}
        sizes = {size: table[column].to_numpy(float)[at] for size, column in further.items()}
        expected[:, at], sigma[:, at] = law.loss(**some, **setting, further=sizes), law.sigma(some, **setting)
    noise = specification.noise
    return Outcomes(
        quantity=quantity.to_numpy().ravel(),
        expected=np.log(expected) if noise.on_log else expected,
        sigma=sigma,
        family=noise.kind,
        noise={name: laws.noise[name] for name in noise.kind.extra},
        effects=tuple(_effects(fit, table, laws.noise)),
    )


def _effects(fit: Fit, table: pd.DataFrame, noise: Mapping[str, Floats]) -> Iterator[tuple[Integers, Floats]]:
    """Which candidates share an effect of each kind, those of one new cluster, and its standard deviation."""
    specification, runs = fit.specification, fit.evaluations.kind == "runs"
    names = [SERIES if runs and each == "paper" else each for each in specification.noise.clusters]
    alone = pd.Series(table.index.astype(str), table.index)
    filled = table.assign(**{name: table[name].fillna(alone) if name in table else alone for name in names})
    within: Any = ""
    for place, (group, tau) in enumerate(specification.noise.effects):
        column = clusters_of(specification, filled)[group]
        fitted = set(map(str, fit.data["constant_data"][group].to_numpy())) & set(column)
        if fitted and place == 0:
            raise BayesScalingError(
                f"{names[0]} {min(fitted)!r} of a candidate is among those fitted, and what is known of its effect "
                "does not count here; give new candidates another name, or none"
            )
        within = within + column + " / "
        yield pd.factorize(within)[0], noise[tau]
