"""Curves of the expected loss, and what budgets reach in which year: tables worked out before a chart is drawn."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats
from bayes_scaling.common.formatting import amount
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import named_rows
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.allocation import optimal_allocation
from bayes_scaling.quantities.intervals import check_probability, credible_intervals
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of
from bayes_scaling.quantities.optimal_split import optimal_split
from bayes_scaling.specifications.sections import CENTRE_YEAR
from bayes_scaling.tables.benchmarks import in_order

BAND = 0.9  # probability of the bands of curves and grids
AXES = ("compute", "year", "parameters", "tokens")
_POINTS, _DRAWS = 30, 2000  # of a curve; draws that its band needs
_LEVELS = (0.1, 0.5, 0.9)  # quantiles of the size that a curve of runs holds fixed
_BEYOND = 1.5  # powers of ten beyond the largest compute, and years beyond the last date, of a grid
_STEP = 0.5  # powers of ten between budgets of a grid


def loss_curves(fit: Source, *, probability: float = BAND) -> pd.DataFrame:
    """Expected loss along each axis on which a table's rows can be drawn, with its interval.

    Parameters
    ----------
    fit
        Of evaluations or of training runs.
    probability
        Of the equal-tailed interval.

    Returns
    -------
    DataFrame
        One row a point of a curve: ``axis`` (``"compute"``, ``"year"``, ``"parameters"`` or ``"tokens"``),
        ``benchmark`` (empty of training runs), ``curve`` (what it holds fixed, in words), ``x`` (FLOP, decimal year or
        a size) and the loss's ``median``, ``lower`` and ``upper``, without noise.
        With a date, systems are as large, and trained on as many tokens, as is usual for their place on the
        axis (a least-squares line through the table's logarithms). Of laws without progress compute is split in
        the best way, and other axes hold the other size at quantiles of the table. An axis that the law knows
        nothing of is left out.

    Raises
    ------
    BayesScalingError
        If the probability is not between 0 and 1.
    """
    check_probability(probability)
    laws = _thinned(laws_of(fit))
    rows = laws.systems.assign(compute=training_compute(laws.systems["parameters"], laws.systems["tokens"]))
    found: list[pd.DataFrame] = []
    for benchmark in in_order(rows["benchmark"].dropna()) or ("",):  # training runs have none
        here = rows[rows["benchmark"] == benchmark] if benchmark else rows
        for axis in AXES:
            try:
                for curve, x, losses in _curves(laws, here, axis, benchmark or laws.benchmark_of()):
                    about = {"axis": axis, "benchmark": benchmark, "curve": curve, "x": x}
                    found.append(pd.DataFrame({**about, **_summary(losses, probability)}))
            except BayesScalingError:  # such as a law of compute alone, which knows of no best split
                continue
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def reach_grid(fit: Source, *, probability: float = BAND) -> pd.DataFrame:
    """Loss that training budgets reach: split in the best way, or of laws with progress as is usual, year by year.

    Evaluations say too little of how a budget is best split; sizes and training sets are then as large as is usual for
    the compute in the table (a least-squares line through its logarithms).

    Parameters
    ----------
    fit
        Of evaluations or of training runs.
    probability
        Of the equal-tailed interval.

    Returns
    -------
    DataFrame
        One row for each budget and year: ``log_compute`` (powers of ten, FLOP), ``year`` (NaN without progress), the
        loss's ``median``, ``lower`` and ``upper``, ``parameters`` and ``tokens`` (of the best split their medians; NaN
        for a law of compute alone), and ``beyond``: whether budget or year goes beyond the table.

    Raises
    ------
    BayesScalingError
        If the law knows of no best split, or the probability is not between 0 and 1.
    """
    check_probability(probability)
    laws = _thinned(laws_of(fit))
    rows = laws.systems
    compute = np.log10(training_compute(rows["parameters"], rows["tokens"]))
    ends = np.floor(compute.min() / _STEP), np.ceil((compute.max() + _BEYOND) / _STEP)
    budgets = np.arange(ends[0], ends[1] + 1) * _STEP
    setting = {"benchmark": laws.benchmark_of(), "architecture": ARCHITECTURE}
    if laws.specification.progresses:
        years = np.arange(np.floor(rows["year"].min()), np.ceil(rows["year"].max() + _BEYOND) + 1)
        flop, year = (each.ravel() for each in np.meshgrid(budgets, years, indexing="ij"))
        sizes = _usual(rows.assign(compute=10.0**compute), "compute", 10.0**flop)
        losses, beyond = laws.loss(**sizes, year=year, **setting), year > rows["year"].max()
    else:
        flop, year, beyond = budgets, np.full(len(budgets), np.nan), np.zeros(len(budgets), dtype=bool)
        best = optimal_split(laws, 10.0**flop, CENTRE_YEAR, **setting)
        losses, sizes = best.loss, {"parameters": _median(best.parameters), "tokens": _median(best.tokens)}
    reached = {"log_compute": flop, "year": year, **_summary(losses, probability), **sizes}
    return pd.DataFrame(reached | {"beyond": (flop > compute.max()) | beyond})


_DECADES, _PER_DECADE = 3, 4  # powers of ten beyond the largest run, and budgets in each, of curves of splits


def split_curves(fit: Fit, asked: float) -> pd.DataFrame:
    """Sizes that make the most of budgets from the smallest run's to far beyond the largest's, and of one ``asked``.

    A row a budget (``compute``, FLOP) and ``size`` (parameters or tokens) with ``median``, ``lower`` and ``upper``;
    those without a best split are left out.
    """
    rows = named_rows(fit.data)
    compute = training_compute(rows["parameters"], rows["tokens"])
    low, high = np.floor(np.log10(compute.min())), np.ceil(np.log10(max(compute.max() * 10**_DECADES, asked)))
    budgets = np.union1d(np.logspace(low, high, int(high - low) * _PER_DECADE + 1), [asked])
    found, parts = optimal_allocation(fit, budgets), ["median", "lower", "upper"]
    tables = [
        credible_intervals(found[size], errors=False)[parts].assign(compute=budgets, size=size)
        for size in ("parameters", "tokens")
    ]
    whole = pd.concat(tables)[["compute", "size", *parts]]
    return whole.replace([np.inf, -np.inf], np.nan).dropna()


def largest_run(fit: Fit) -> float:
    """Compute of the largest training run that was fitted, FLOP."""
    rows = named_rows(fit.data)
    return float(training_compute(rows["parameters"], rows["tokens"]).max())


def _thinned(laws: Laws) -> Laws:
    samples = laws.shape[0] * laws.shape[1]
    return laws.take(np.arange(0, samples, max(1, samples // _DRAWS)))


def _curves(laws: Laws, rows: pd.DataFrame, axis: str, benchmark: str) -> Iterator[tuple[str, Floats, Floats]]:
    """What a curve holds fixed, its places on the axis, and losses ``(samples, places)``."""
    setting = {"benchmark": benchmark, "architecture": ARCHITECTURE}
    progresses = laws.specification.progresses
    dated = axis == "year"
    if axis not in rows or rows[axis].nunique() < 2 or (dated and not progresses):
        return
    ends = rows[axis].min(), rows[axis].max()
    places = np.linspace(*ends, _POINTS) if dated else np.geomspace(*ends, _POINTS)
    if progresses:
        sizes = _usual(rows, axis, places)
        first, last = rows["year"].min(), rows["year"].max()
        if dated:
            start = {name: np.full(_POINTS, each[0]) for name, each in sizes.items()}
            yield "systems as large as usual at the date", places, laws.loss(**sizes, year=places, **setting)
            yield f"as large as in {first:.0f}", places, laws.loss(**start, year=places, **setting)
            return
        for year in np.unique(np.round([first, (first + last) / 2, last])):
            yield f"in {year:.0f}", places, laws.loss(**sizes, year=year, **setting)
    elif axis == "compute":
        yield "best split", places, optimal_split(laws, places, CENTRE_YEAR, **setting).loss
    else:
        other = "tokens" if axis == "parameters" else "parameters"
        for quantile in _LEVELS:
            fixed = rows[other].quantile(quantile)
            sizes = {axis: places, other: np.full(_POINTS, fixed)}
            yield f"{amount(float(fixed))} {other}", places, laws.loss(**sizes, year=CENTRE_YEAR, **setting)


def _usual(rows: pd.DataFrame, axis: str, places: Floats) -> dict[str, Floats]:
    """Parameters and tokens along an axis, by least squares on logarithms."""
    given, at = (rows[axis], places) if axis == "year" else (np.log(rows[axis]), np.log(places))

    def line(name: str) -> Floats:
        return np.exp(np.polyval(np.polyfit(given, np.log(rows[name]), 1), at))

    if axis == "compute":
        tokens = line("tokens")
        return {"parameters": places / training_compute(1.0, tokens), "tokens": tokens}
    return {name: places if name == axis else line(name) for name in ("parameters", "tokens")}


def _summary(draws: Floats, probability: float) -> Mapping[str, Any]:
    tail = (1 - probability) / 2
    ends = {"lower": tail, "median": 0.5, "upper": 1 - tail}
    kept = np.where(np.isfinite(draws), draws, np.nan)
    enough = np.isfinite(kept).mean(axis=0) > 1 - tail
    found = np.full((3, kept.shape[1]), np.nan)
    if enough.any():
        found[:, enough] = np.nanquantile(kept[:, enough], list(ends.values()), axis=0)
    return dict(zip(ends, found, strict=True))


def _median(draws: Floats) -> Floats:
    return np.asarray(_summary(draws, BAND)["median"])
