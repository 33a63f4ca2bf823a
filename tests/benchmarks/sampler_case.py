"""One sampler or point estimator on one table, in this process: what samplers.py starts for each case.

Prints lines of JSON: the stage that it has come to, and at the end what it found. Takes one argument, JSON with
``specification``, ``rows``, ``sampler``, ``quick`` and ``started`` (seconds since the epoch).
"""

import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED = 1
"""Of PyMC's four; ours has its default."""
FEW = {"draws": 300, "tune": 300}
"""Of PyMC's four in a smoke run."""
CONSTANTS = ("E", "alpha", "beta")
"""Of a static law: those that mean the same in every package, whatever size its coefficients stand at."""
QUANTILES = (0.05, 0.5, 0.95)
BUDGETS = 11
NOISE = {"noise": 0.01, "nu": 4}
"""Of simulated runs: scatter of a hundredth of the loss, with outliers, as in digitised ones."""
EVERY = 100
"""Draws from one report of how far sampling has come to the next."""


def say(**said: Any) -> None:
    print(json.dumps(said), flush=True)


def table_of(specification: Any, rows: int) -> Any:
    """The packaged table as often as needed, each copy with papers of its own; of a static law simulated runs.

    Runs are simulated, since no table of them comes with the package, from published constants.
    """
    import numpy as np
    import pandas as pd

    import bayes_scaling as bs

    if not specification.progresses:
        models, rest = divmod(rows, BUDGETS)
        if rest:
            raise SystemExit(f"runs are simulated at {BUDGETS} budgets: {rows} rows don't divide by them")
        budgets = np.geomspace(1e18, 1e22, BUDGETS).tolist()
        return bs.simulate_isoflop(bs.BESIROGLU, budgets=budgets, models_per_budget=models, **NOISE)
    table = bs.load_evaluations()
    copies, rest = divmod(rows, len(table))
    if rest:
        raise SystemExit(f"a table of {len(table)} rows can't be repeated to {rows}")
    if copies == 1:
        return table
    parts = [table.assign(paper=table["paper"] + f" ({copy})") for copy in range(copies)]
    whole = pd.concat(parts)
    whole.index = pd.Index([f"{row}-{copy}" for copy in range(copies) for row in table.index], name=table.index.name)
    whole.attrs = table.attrs
    return whole


def quantities_of(posterior: Any, static: bool) -> Any:
    from xarray import Dataset

    if static:
        return posterior[list(CONSTANTS)]
    rate = posterior["g_N"] + posterior["g_D"]
    eras = [name for name in rate.dims if name not in ("chain", "draw")]
    named = {f"g_N + g_D, {label}": rate.sel({era: label}, drop=True) for era in eras for label in rate[era].to_numpy()}
    return Dataset(named or {"g_N + g_D": rate})


def summaries(quantities: Any) -> dict[str, dict[str, Any]]:
    """Effective draws, R-hat, and mean and quantiles of each quantity with their Monte Carlo errors."""
    import arviz as az

    found = {}
    for name in map(str, quantities.data_vars):
        one = quantities[[name]]

        def number(made: Any, name: str = name) -> float | None:
            value = float(made[name])
            return value if math.isfinite(value) else None  # JSON has no other numbers

        statistics = {"mean": [number(one.mean()), number(az.mcse(one, method="mean"))]}
        for prob in QUANTILES:
            error = number(az.mcse(one, method="quantile", prob=prob))
            statistics[f"{100 * prob:g}%"] = [number(one.quantile(prob)), error]
        found[name] = {
            "ess_bulk": number(az.ess(one, method="bulk")),
            "ess_tail": number(az.ess(one, method="tail")),
            "rhat": number(az.rhat(one)),
            "sd": number(one.std()),
            "statistics": statistics,
        }
    return found


def gradients_of(data: Any, made: int | None = None) -> dict[str, Any]:
    """Gradients of the draws and, where the sampler keeps them, of its warm-up.

    Where fewer draws are kept than were made, those of the kept ones stand for the rest.
    """
    steps = data["sample_stats"]["n_steps"]
    share = 1.0 if made is None else made / steps.size
    warm = data["warmup_sample_stats"]["n_steps"] if "warmup_sample_stats" in data.children else None
    return {
        "gradients": float(steps.sum()) * share,
        "warmup_gradients": None if warm is None else float(warm.sum()),
    }


def ours(specification: Any, table: Any, quick: bool) -> dict[str, Any]:
    import bayes_scaling as bs

    function = bs.fit  # importing it counts as start-up
    say(stage="fitting")
    start = time.perf_counter()
    fit = function(specification, table)
    call = time.perf_counter() - start
    posterior = fit.data["posterior"].to_dataset()
    return {
        "seconds": {"call": call, "compile": fit.seconds["compile"], "sample": fit.seconds["sample"]},
        "chains": posterior.sizes["chain"],
        "draws": posterior.sizes["chain"] * posterior.sizes["draw"],
        "quantities": summaries(quantities_of(posterior, not specification.progresses)),
    } | gradients_of(fit.data, fit.diagnostics.draws)


class JaxSeconds:
    """Seconds of sampling by a sampler of JAX, whose one program compiles and samples.

    PyMC's own figure has the compiling in it, and ends before JAX does, which computes while its caller goes on.
    """

    def __init__(self, name: str) -> None:
        import jax
        import pymc.sampling.jax as through

        self.sampling = 0.0
        self._compiling: list[tuple[float, float]] = []
        jax.monitoring.register_event_duration_secs_listener(self._heard)
        function = f"_sample_{name}_nuts"
        sampler = getattr(through, function)

        def timed(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            made = jax.block_until_ready(sampler(*given, **named))
            self.sampling = time.perf_counter() - start - self._compiled(start)
            return made

        setattr(through, function, timed)

    def _heard(self, event: str, seconds: float, **_: Any) -> None:
        if event.startswith("/jax/core/compile/"):
            end = time.perf_counter()
            self._compiling.append((end - seconds, end))

    def _compiled(self, since: float) -> float:
        """Seconds from then on in which JAX traced, lowered or compiled; tracing may go on within tracing."""
        total, reached = 0.0, since
        for start, end in sorted(self._compiling):
            total += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        return total


def through_pymc(name: str) -> Callable[..., dict[str, Any]]:
    """Sampling by `pm.sample` with its defaults and one of its samplers."""

    def sampled(specification: Any, table: Any, quick: bool) -> dict[str, Any]:
        import pymc as pm

        import bayes_scaling as bs

        within_jax = JaxSeconds(name) if name in ("numpyro", "blackjax") else None
        further: dict[str, Any] = dict(FEW) if quick else {}
        if name == "pymc":  # the others take no callback
            count = iter(range(1, sys.maxsize))

            def counted(trace: Any, draw: Any) -> None:
                if (made := next(count)) % EVERY == 0:
                    say(stage="sampling", draws=made)

            further["callback"] = counted
        build = bs.build_model
        say(stage="building")
        start = time.perf_counter()
        model = build(specification, table)
        say(stage="compiling or sampling")
        with model:
            drawn = pm.sample(random_seed=SEED, nuts_sampler=name, progressbar=False, **further)
        call = time.perf_counter() - start
        say(stage="summarising")
        sample = within_jax.sampling if within_jax else float(drawn["posterior"].attrs["sampling_time"])
        posterior = drawn["posterior"].to_dataset()
        return {
            "seconds": {"call": call, "compile": call - sample, "sample": sample},
            "chains": posterior.sizes["chain"],
            "draws": posterior.sizes["chain"] * posterior.sizes["draw"],
            "quantities": summaries(quantities_of(posterior, not specification.progresses)),
        } | gradients_of(drawn)

    return sampled


def point(values: dict[str, float], call: float) -> dict[str, Any]:
    return {"seconds": {"call": call}, "values": {name: float(values[name]) for name in CONSTANTS}}


def ours_classical(specification: Any, runs: Any, quick: bool) -> dict[str, Any]:
    import bayes_scaling as bs

    estimate = bs.classical.besiroglu_estimate
    say(stage="searching")
    start = time.perf_counter()
    law = estimate(runs).law
    return point(vars(law), time.perf_counter() - start)


def toolkit(specification: Any, runs: Any, quick: bool) -> dict[str, Any]:
    """The toolkit `chinchilla` with the starts and the loss of its README."""
    import chinchilla  # noqa: F401  importing counts as start-up
    from toolkit_fit import README_STARTS, fitted

    table = runs.rename(columns={"flop": "C", "parameters": "N", "tokens": "D"})
    with tempfile.TemporaryDirectory() as folder:
        table[["C", "N", "D", "loss"]].to_csv(Path(folder) / "df.csv", index=False)
        say(stage="searching")
        start = time.perf_counter()
        found = fitted(folder, 2 if quick else README_STARTS)
        return point(found.params, time.perf_counter() - start)


def simple_scaling_laws(specification: Any, runs: Any, quick: bool) -> dict[str, Any]:
    """Its least squares with its bootstrap, at its defaults."""
    import polars as pl
    from simple_scaling_laws import fit

    loss = "test_loss__nats"
    columns = {"model_size__parameters": "parameters", "dataset_size__tokens": "tokens", loss: "loss"}
    table = pl.DataFrame(
        {"training_run_id": list(runs.index)} | {name: runs[column].to_numpy() for name, column in columns.items()}
    )
    say(stage="searching")
    start = time.perf_counter()
    found = fit(table)
    return point(found.params(loss), time.perf_counter() - start)


CASES: dict[str, Callable[..., dict[str, Any]]] = {
    "ours": ours,
    "besiroglu_estimate": ours_classical,
    "chinchilla": toolkit,
    "simple-scaling-laws": simple_scaling_laws,
} | {name: through_pymc(name) for name in ("pymc", "nutpie", "numpyro", "blackjax")}


def main() -> None:
    asked = json.loads(sys.argv[1])
    say(stage="start-up")
    adjustment = Path("/proc/self/oom_score_adj")
    if adjustment.exists():  # should memory run out, then this process goes, and no other work on the machine
        adjustment.write_text("1000", encoding="utf-8")
    import bayes_scaling as bs

    if asked["sampler"] in ("ours", "pymc", "nutpie", "numpyro", "blackjax"):
        import arviz  # noqa: F401  importing counts as start-up
        import nutpie  # noqa: F401
        import pymc  # noqa: F401
    if asked["sampler"] in ("numpyro", "blackjax"):
        __import__(asked["sampler"])
    specification = bs.load_specification(asked["specification"])
    table = table_of(specification, asked["rows"])
    startup = time.time() - asked["started"]
    found = CASES[asked["sampler"]](specification, table, asked["quick"])
    found["seconds"]["startup"] = startup
    say(found=found)


if __name__ == "__main__":
    main()
