"""Every line of ArviZ's gallery of exploratory analysis that applies to continuous losses runs on ``fit.data``."""

import warnings
from collections.abc import Callable
from typing import Any

import arviz as az
import matplotlib.pyplot as plt
import pytest
from made_fits import fit_around_made_runs
from reports.drawn_fits import drawn_fit

import bayes_scaling as bs

VARIABLES = {"var_names": ["beta", "sigma"]}
ON_DRAWS = (
    *("autocorr", "convergence_dist", "dist", "ess", "ess_evolution", "forest", "mcse", "pair", "parallel"),
    *("prior_posterior", "rank", "rank_dist", "ridge", "trace", "trace_dist"),
)
ON_LOSSES = (
    *("energy", "lm", "loo_interval", "loo_pit", "ppc_dist", "ppc_interval", "ppc_pit", "ppc_tstat"),
    *("loo_pava", "ppc_pava"),
)
SUMMARIES = (
    *("summary", "ess", "rhat", "mcse", "hdi", "eti", "qds", "extract"),
    *("bfmi", "diagnose", "thin", "loo", "loo_expectations", "loo_metrics", "loo_pit", "loo_score", "loo_influence"),
    *("metrics",),
)


def compared(data: Any) -> Any:
    return az.plot_compare(az.compare({"one": data, "other": data}))


def renamed(data: Any) -> Any:
    """Without ``alpha``, the name that ArviZ's pictures of power scaling give to its powers."""
    return data.map_over_datasets(lambda each: each.rename({"alpha": "exponent"}) if "alpha" in each else each)


LINES: dict[str, Callable[[Any], Any]] = (
    {f"plot_{name}": lambda data, name=name: getattr(az, f"plot_{name}")(data, **VARIABLES) for name in ON_DRAWS}
    | {f"plot_{name}": lambda data, name=name: getattr(az, f"plot_{name}")(data) for name in ON_LOSSES}
    | {name: lambda data, name=name: getattr(az, name)(data) for name in SUMMARIES}
    | {
        "bayes_factor": lambda data: az.bayes_factor(data, "beta", 0.3),
        "compare": compared,
        "loo, then plot_khat": lambda data: az.plot_khat(az.loo(data, pointwise=True)),
        "plot_bf": lambda data: az.plot_bf(data, var_names="beta", ref_val=0.3),
        "plot_pair_focus": lambda data: az.plot_pair_focus(data, focus_var="sigma", **VARIABLES),
        "psense_summary": lambda data: az.psense_summary(data, **VARIABLES),
        "plot_psense_dist": lambda data: az.plot_psense_dist(renamed(data), **VARIABLES),
        "plot_psense_quantities": lambda data: az.plot_psense_quantities(renamed(data), **VARIABLES),
    }
)


@pytest.fixture(scope="module")
def of_papers(ho2024) -> Any:
    """Evaluations that share effects of papers."""
    return drawn_fit("reference", bs.on_benchmarks(ho2024, "ptb").iloc[:40], width=0.02).data


@pytest.fixture(scope="module")
def of_runs() -> Any:
    return fit_around_made_runs(draws=100).data


@pytest.mark.parametrize("line", LINES)
def test_lines_of_the_gallery_run_as_they_are(of_papers, line) -> None:
    run(line, of_papers)


@pytest.mark.parametrize("line", ["loo", "compare", "plot_loo_pit", "plot_ppc_dist", "plot_prior_posterior"])
def test_those_of_training_runs_do_too(of_runs, line) -> None:
    run(line, of_runs)


def run(line: str, data: Any) -> None:
    if "energy" not in data["sample_stats"]:
        energy = data["sample_stats"]["diverging"] + data["log_prior"].to_dataset().to_array().sum("variable")
        data["sample_stats"] = data["sample_stats"].to_dataset().assign(energy=energy)  # made fits have none
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large Pareto k and few tail draws, which draws that were made up have
        LINES[line](data)
    plt.close("all")


@pytest.mark.parametrize("ask", [az.summary, az.loo, lambda fit: az.compare({"mine": fit, "other": fit})])
def test_arviz_refuses_the_fit_itself_in_words(ask) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"take its DataTree: write fit\.data for fit"):
        ask(fit_around_made_runs(draws=10))
