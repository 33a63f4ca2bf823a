"""Fit the paper's preferred model, with and without its factor for transformers, and read off its answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.classical.objective import PUBLISHED_DELTA
from bayes_scaling.classical.published_law import HO2024_TRANSFORMER_GAINS, HO2024_TRANSFORMER_LOSS_REDUCTION
from bayes_scaling.common.files import plain_name
from bayes_scaling.inference.fitting import fit, fit_fingerprint
from bayes_scaling.inference.result import Fit, finished_fit, load_fit, read_fit
from bayes_scaling.inference.settings import DEFAULT, SEED
from bayes_scaling.law.published import PublishedDoubling, published_shapley
from bayes_scaling.law.systems import HO2024_SYSTEMS, System
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.against_published import AgainstPublished, rates_against_published
from bayes_scaling.quantities.attribution import shapley_attribution
from bayes_scaling.quantities.doubling import doubling_times, numerical_doubling_time
from bayes_scaling.quantities.effective_compute import effective_compute, growth_factor, log_share
from bayes_scaling.quantities.gain import compute_equivalent_gain, loss_reduction
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.prediction import predicted_loss
from bayes_scaling.quantities.rates import MONTHS_PER_YEAR, signed_months_to_double
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.study import Study, kept_in
from bayes_scaling.tables import load_evaluations

COLUMNS = (
    *("part", "unit", "published", "published_lower", "published_upper"),
    *("median", "lower", "upper", "published_inside", "width_ratio", "source"),
)
"""Columns of a table of answers, in their order."""

_PAPER = "Ho et al. 2024 (arXiv 2403.05812)"
_PERIOD = (2014.0, 2023.0)
_PERIOD_MONTHS = 7.5  # doubling time behind the published 22,000-fold growth; no reported median is 7.5 months


Row = tuple[str, dict[str, object]]
"""Name of a quantity, and its line of the table but for the part."""


def answers(fit: Fit, gain_fit: Fit) -> pd.DataFrame:
    """Published answers beside those of posteriors, a row a quantity; doubling times are compared as rates."""
    parts = {
        "doubling times": _doubling(fit),
        "what progress was worth": _growth(fit, gain_fit),
        "the transformer": _gains(gain_fit),
        "attribution": _shares(fit),
    }
    rows = {quantity: {"part": part} | row for part, found in parts.items() for quantity, row in found}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("quantity")


def _row(
    unit: str,
    published: tuple[float, ...],
    found: xr.DataArray | Mapping[Any, float],
    source: str,
    *,
    signed: bool = False,
    time: bool = False,
) -> dict[str, object]:
    """A published point, and its interval if it has one, beside a median and interval found."""
    point, start, end = (*published, np.nan, np.nan)[:3]
    row = credible_intervals(found).iloc[0].to_dict() if isinstance(found, xr.DataArray) else found
    median, lower, upper = (float(row[end]) for end in ("median", "lower", "upper"))
    if time and np.isfinite(upper):
        rates = signed_months_to_double(np.array([upper, lower]))  # in any unit of time: only ratios are used
        beside = rates_against_published(
            PublishedDoubling("", point, start, end, source), (float(rates[0]), float(rates[1]))
        )
    else:
        beside = AgainstPublished.of(point, (start, end), (lower, upper), signed=signed)
    values = (unit, point, start, end, median, lower, upper, beside.inside, beside.width_ratio, source)
    return dict(zip(COLUMNS[1:], values, strict=True))


def _doubling(fit: Fit) -> Iterator[Row]:
    times = doubling_times(fit)[["median", "lower", "upper"]].to_dict("index")
    notebook = f"{_PAPER}, notebook section3, cell"
    for name, factor, unit, scale, published in (
        ("T_N", "parameters", "years", MONTHS_PER_YEAR, (0.983, -77.5, 29.5)),
        ("T_D", "data", "years", MONTHS_PER_YEAR, (0.668, -0.36, 2.24)),
        ("T_C", "compute", "months", 1, (8.44, 4.52, 14.27)),
    ):
        found = {end: months / scale for end, months in times[factor].items()}
        yield name, _row(unit, published, found, f"{notebook} 35", time=True)
    numerical = _row("months", (8.5716, 4.547, 14.460), numerical_doubling_time(fit), f"{notebook} 37", time=True)
    yield "T_C, numerical definition", numerical


def _growth(fit: Fit, gain_fit: Fit) -> Iterator[Row]:
    start, end = _PERIOD
    growth, gained = (effective_compute(each, start, end) for each in (fit, gain_fit))
    source = f"{_PAPER}, figure 4: nine years at {_PERIOD_MONTHS} months"
    row = _row("times", (float(growth_factor(end - start, _PERIOD_MONTHS)),), growth, source)
    yield f"effective compute, {start:.0f} to {end:.0f}", row
    now = HO2024_SYSTEMS["Chinchilla"]
    later = now.published.replace(year=now.published.year + 1)
    loss = predicted_loss(fit, [now, System("a year later", now.parameters, now.tokens, later)])
    fall: xr.DataArray = 100 * (1 - xr.apply_ufunc(np.exp, loss.diff("system").isel(system=0, drop=True)))
    row = _row("percent", (10.0,), fall, f"{_PAPER}: 'around 10%'", signed=True)
    yield "fall of perplexity in a year at Chinchilla's size", row
    gain = compute_equivalent_gain(gain_fit, 1e22).isel(compute=0, drop=True)
    share = xr.DataArray(log_share(gain, gained.squeeze(drop=True)), dims=gain.dims)
    row = _row("share", (float(log_share(7.0, 2e4)),), share, f"{_PAPER}: a gain of 7 in 20,000", signed=True)
    yield "transformer's share of log algorithmic progress", row


def _gains(fit: Fit) -> Iterator[Row]:
    for compute, figure in HO2024_TRANSFORMER_GAINS.items():
        name = f"compute-equivalent gain at {compute:.0e} FLOP".replace("e+", "e")
        found = compute_equivalent_gain(fit, compute)
        yield name, _row("times", (figure.median, figure.lower, figure.upper), found, figure.source)
    figure, found = HO2024_TRANSFORMER_LOSS_REDUCTION, loss_reduction(fit, min(HO2024_TRANSFORMER_GAINS))
    yield "fall in loss", _row("percent", (figure.median, figure.lower, figure.upper), found, figure.source)


def _shares(fit: Fit) -> Iterator[Row]:
    draws, shares = shapley_attribution(fit), published_shapley()
    source = f"{_PAPER}, Table 1 and notebook section3"
    for pair, row in shares.iterrows():
        for player, share in row.items():
            found = draws.sel(pair=pair, player=player)
            yield f"{pair}: {player}", _row("share", (float(share),), found, source, signed=True)


MODEL = "ho2024/07"
GAIN_MODEL = "robustness/transformer-factor"
"""Specifications that answer for the paper: its preferred model, and that with a factor for transformers."""


@dataclass(frozen=True, eq=False)
class Replication:
    """The paper's answers beside those of posteriors.

    Parameters
    ----------
    table
        One row a quantity; columns :data:`bayes_scaling.studies.replication.COLUMNS`.
    fits
        By name of the specification: the model, and the model with a factor for transformers.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.replicate()  # doctest: +SKIP
    >>> found.unconverged, found.table  # doctest: +SKIP
    """

    table: pd.DataFrame
    fits: Mapping[str, Fit]

    @property
    def unconverged(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the fits that did not converge, with the reasons."""
        return {name: one.diagnostics.failures for name, one in self.fits.items() if not one.diagnostics.converged}


def replicated_specifications() -> tuple[Specification, Specification]:
    """The model and the model with a factor for transformers, both with the paper's penalty as their prior."""
    model, gain = (load_specification(name).with_published_penalty(PUBLISHED_DELTA) for name in (MODEL, GAIN_MODEL))
    return model, gain


def kept_file(directory: str | Path, name: str) -> Path:
    """Where a fit is kept, by the name of its specification."""
    return Path(directory) / f"{plain_name(name)}.nc"


@dataclass(frozen=True)
class Task:
    """One of the two fits; ``options`` of :func:`bayes_scaling.fit` that do not change it."""

    specification: Specification
    evaluations: pd.DataFrame
    seed: int
    options: Mapping[str, Any]

    @property
    def file(self) -> str:
        """Name of the fit's file."""
        return f"{plain_name(self.specification.name)}.nc"


def work(task: Task) -> bytes:
    """Make a fit, in a worker."""
    return fit(task.specification, task.evaluations, seed=task.seed, **task.options).to_bytes()


class _Fits(Study[Task, Fit]):
    """Fits named after their specifications alone, or wherever one of their fingerprint is."""

    def kept(self, task: Task) -> Fit | None:
        wanted = fit_fingerprint(task.specification, task.evaluations, DEFAULT, task.seed)
        found = finished_fit(wanted, self.directory)
        if found is None or found[2] == self.directory / task.file:
            return found and found[0]
        return self.keep(task, found[1])

    def keep(self, task: Task, answer: bytes) -> Fit:
        found = read_fit(answer, task.specification.name)
        found.save(self.directory / task.file)
        return found


def replicate(
    evaluations: pd.DataFrame | None = None,
    *,
    seed: int = SEED,
    progress: bool = False,
    cores: int | None = None,
    directory: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    on_done: Callable[[str, bool], None] = lambda name, reused: None,
) -> Replication:
    """Give each answer of Ho et al. 2024 as a posterior: same model, same rows, the same penalty as a prior.

    Parameters
    ----------
    evaluations
        See :func:`bayes_scaling.load_evaluations`; by default the paper's own rows.
    seed
        Of the fits.
    progress
        Show nutpie's progress bars, on the terminal of the workers.
    cores
        Chains that each fit samples at the same time.
    directory
        Keeps each fit as it ends; the same call with the same directory does not make it again. By default nothing is
        kept.
    workers, scheduler
        As for :func:`bayes_scaling.compare`.
    on_done
        Called with the specification's name of each fit as it ends, and whether it had been finished before.

    Returns
    -------
    Replication

    Raises
    ------
    BayesScalingError
        If the table lacks something, before anything is sampled.

    Notes
    -----
    What differs from the paper is the estimator alone: its point estimates come from an optimiser that stopped
    early, and its intervals from resampling rows; here all that the same objective and data allow is kept.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.replicate().table[["published", "median", "lower", "upper"]]  # doctest: +SKIP
    """
    table = load_evaluations() if evaluations is None else evaluations
    specifications = replicated_specifications()
    for one in specifications:
        make_rows(one, table)  # refuses a table that lacks what the specification needs
    options = {"progress": progress, "cores": cores}
    tasks = {one.name: Task(one, table, seed, options) for one in specifications}
    with kept_in(directory) as place:
        study = _Fits(place, "", work, lambda content: read_fit(content, "fit"))
        fits = study.run(
            tasks,
            on_done=lambda task, reused: on_done(task.specification.name, reused),
            workers=workers,
            scheduler=scheduler,
        )
    return Replication(answers(*fits.values()), fits)


def load_replication(directory: str | Path) -> Replication:
    """Read a replication that ``bayes-scaling replicate --output DIRECTORY`` has finished.

    Parameters
    ----------
    directory
        With the two fits.

    Returns
    -------
    Replication
        As :func:`bayes_scaling.replicate` returned it; answers are read off the fits again.

    Raises
    ------
    BayesScalingError
        If a fit is missing or damaged; the message names it.

    Examples
    --------
    >>> load_replication("runs/replication-ho2024").table.loc["T_C"]  # doctest: +SKIP
    """
    fits = {one.name: load_fit(kept_file(directory, one.name)) for one in replicated_specifications()}
    return Replication(answers(*fits.values()), fits)
