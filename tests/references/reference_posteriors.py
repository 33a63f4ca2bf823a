"""Reference posteriors as posteriordb defines them: what is stored, how it is judged, how a fit is compared."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
from scipy import stats
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.diagnostics import convergence_table
from bayes_scaling.inference.fitting import document_fingerprint, posterior_document
from bayes_scaling.inference.likelihood import sampled_names
from bayes_scaling.inference.simulation import REPORTED
from bayes_scaling.quantities.doubling import pooled_rate

DIRECTORY = Path(__file__).parent / "data"
TABLES = {
    "reference": bs.load_evaluations,
    "ho2024/07": bs.load_evaluations,
    "ho2024/13": bs.load_evaluations,
    "chinchilla": bs.load_runs,
}
"""Specification to what loads its table."""
CHAINS, KEPT, THINNING, TUNE = 10, 1000, 30, 5000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
STATISTICS = ("mean", "sd", *(f"q{100 * quantile:02.0f}" for quantile in QUANTILES))
RHAT_MAX, EBFMI_MIN, ESS_PROBABILITY = 1.01, 0.2, 0.95
FALSE_ALARM = 1e-3
"""Probability that all comparisons together, of all references, find a fault in a correct sampler: at most this."""


def path_of(name: str) -> Path:
    return DIRECTORY / f"{name.replace('/', '-')}.json"


def stored(name: str) -> dict:
    return json.loads(path_of(name).read_text(encoding="utf-8"))


def fingerprint(specification: bs.Specification, table: pd.DataFrame) -> str:
    """Of data, law and priors: the same name and data must always mean the same log density."""
    return document_fingerprint(posterior_document(specification, table))


def compared(fit: bs.Fit):
    """All that is sampled, and what is reported of it that users read first.

    A and B are left out: they are functions of the others, with tails too long for their means and sds to settle.
    """
    posterior = fit.data["posterior"].to_dataset()
    names = dict.fromkeys((*sampled_names(fit.specification), *(name for name in REPORTED if name in posterior)))
    return posterior[list(names)]


def statistics(fit: bs.Fit) -> pd.DataFrame:
    """Each statistic of each quantity with its Monte Carlo standard error: rows quantities, columns as (statistic, of).

    ``of`` is ``value`` or ``mcse``.
    """
    draws = compared(fit)
    if "g_C" in draws and draws["g_C"].ndim > 2:  # what doubling times are of
        pooled = np.asarray(pooled_rate(fit, "g_C")).reshape(draws.sizes["chain"], -1)
        draws = draws.assign({"g_C, averaged": (("chain", "draw"), pooled)})
    rows: dict[str, dict] = {}
    for name, array in draws.data_vars.items():
        group = tuple(map(str, array.dims))[2:]
        for place in np.ndindex(*(array.sizes[dim] for dim in group)):
            at = dict(zip(group, place, strict=True))
            label = ", ".join(str(array[dim].to_numpy()[i]) for dim, i in at.items())
            chains = array.isel(at).to_numpy()
            found = {
                ("mean", "value"): chains.mean(),
                ("mean", "mcse"): az.mcse(chains, method="mean"),
                ("sd", "value"): chains.std(ddof=1),
                ("sd", "mcse"): az.mcse(chains, method="sd"),
            }
            for statistic, quantile in zip(STATISTICS[2:], QUANTILES, strict=True):
                found[statistic, "value"] = np.quantile(chains, quantile)
                found[statistic, "mcse"] = az.mcse(chains, method="quantile", prob=quantile)
            rows[f"{name}[{label}]" if label else str(name)] = {key: float(value) for key, value in found.items()}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.set_axis(pd.MultiIndex.from_tuples(table.columns), axis=1)


@cache
def ess_bounds(quantities: int, repetitions: int = 2000) -> dict[str, tuple[float, float]]:
    """Where all effective sample sizes of independent draws lie with probability 0.95, found by simulation."""
    normal = np.random.default_rng(0).standard_normal((CHAINS, KEPT, repetitions))
    draws = Dataset({"x": (("chain", "draw", "repetition"), normal)})
    tail = (1 - ESS_PROBABILITY) / 2 / quantities  # Bonferroni: all quantities together
    bounds = {}
    for kind in ("bulk", "tail"):
        low, high = np.quantile(az.ess(draws, method=kind)["x"], [tail, 1 - tail])
        bounds[kind] = (float(low), float(high))
    return bounds


def judged(fit: bs.Fit) -> dict:
    """Diagnostics of the thinned draws, the criteria, and whether each is met."""
    draws = compared(fit)
    table = convergence_table(type(fit.data).from_dict({"posterior": draws}))
    bounds = ess_bounds(len(table))
    found = fit.diagnostics
    sizes = draws.sizes
    measured = {
        "chains": sizes["chain"],
        "draws_per_chain": sizes["draw"],
        "rhat_max": float(table["rhat"].max()),
        "ebfmi_min": found.ebfmi_min,
        "divergences": found.divergences,
        "ess_bulk": [float(table["ess_bulk"].min()), float(table["ess_bulk"].max())],
        "ess_tail": [float(table["ess_tail"].min()), float(table["ess_tail"].max())],
    }
    checks = {
        "draws_are_10k": sizes["chain"] * sizes["draw"] == 10_000,
        "chains_at_least_4": sizes["chain"] >= 4,
        f"rhat_below_{RHAT_MAX}": measured["rhat_max"] < RHAT_MAX,
        f"ebfmi_above_{EBFMI_MIN}": found.ebfmi_min > EBFMI_MIN,
        "no_divergences": found.divergences == 0,
    }
    for kind in ("bulk", "tail"):
        (low, high), (least, most) = bounds[kind], measured[f"ess_{kind}"]
        checks[f"ess_{kind}_within_bounds"] = low <= least and most <= high
    return {"measured": measured, "ess_bounds": bounds, "checks_made": {k: bool(v) for k, v in checks.items()}}


def record(fit: bs.Fit, table: pd.DataFrame) -> dict:
    """What a file of a reference posterior holds."""
    numbers = statistics(fit)
    return {
        "specification": fit.specification.name,
        "table": fit.evaluations.name,
        "rows": fit.evaluations.rows,
        "fingerprint": fingerprint(fit.specification, table),
        "settings": {"chains": CHAINS, "kept": KEPT, "thinning": THINNING, "tune": TUNE, "seed": fit.seed},
        "versions": dict(fit.versions),
        **judged(fit),
        "statistics": {
            str(name): {
                stat: [float(f"{numbers.loc[name, (stat, of)]:.8g}") for of in ("value", "mcse")] for stat in STATISTICS
            }
            for name in numbers.index
        },
    }


def critical_value() -> float:
    """How many standard errors apart two correct samplers lie in some comparison with probability ``FALSE_ALARM``.

    Bonferroni over every statistic of every quantity of every reference; differences of Monte Carlo estimates are
    taken as normal, which thousands of effective draws make them.
    """
    comparisons = sum(len(stored(name)["statistics"]) * len(STATISTICS) for name in TABLES)
    return float(stats.norm.isf(FALSE_ALARM / 2 / comparisons))


def differences(fit: bs.Fit, reference: dict) -> pd.DataFrame:
    """Each statistic's difference from the reference in combined Monte Carlo standard errors."""
    fresh, known = statistics(fit), reference["statistics"]
    assert set(fresh.index) == set(known), set(fresh.index) ^ set(known)

    def rows() -> Iterator[dict[str, float]]:
        for name in fresh.index:
            pairs = {stat: (fresh.loc[name, (stat, "value")], fresh.loc[name, (stat, "mcse")]) for stat in STATISTICS}
            yield {
                stat: (value - known[name][stat][0]) / np.hypot(error, known[name][stat][1])
                for stat, (value, error) in pairs.items()
            }

    return pd.DataFrame(list(rows()), index=fresh.index)
