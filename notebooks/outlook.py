"""What the reference says of scale, architecture and the years after its data; writes outlook.md.

    python notebooks/outlook.py

Takes two minutes on two cores.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from steps import table_of

import bayes_scaling as bs
from bayes_scaling.common.files import write_whole
from bayes_scaling.common.formatting import in_digits, number
from bayes_scaling.law.formula import training_compute
from bayes_scaling.law.gundlach import GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, gain_between
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL

HERE = Path(__file__).parent
TABLES = ("ho2024", "collected")
BUDGETS = (1e16, 1e18, 1e20, 1e22, 1e24)
START, END = 2012.0, 2023.0
"""The period of the data."""
BENCHMARK = "wt103"
FUTURE = (1e22, 1e24, 1e26)
"""FLOP."""
YEARS = (2023.0, 2025.0, 2027.0)
LOSSES = (2.5, 2.3, 2.1)
"""Nats per token; perplexities of 12.2, 10.0 and 8.2."""


def main() -> None:
    """Fit, ask, write."""
    fits = {table: bs.fit("reference", bs.load_evaluations(table)) for table in TABLES}
    if not all(fit.diagnostics.converged for fit in fits.values()):
        raise SystemExit("a fit has not converged; no page was written")
    sections = [
        "# Scale, architecture and the next years",
        "What `reference` says where exponents differ by architecture, and of the years after its data. "
        f"`python notebooks/outlook.py` writes this page. Each figure is a median with its {CREDIBLE_INTERVAL}; an "
        "asterisk marks what lies outside the compute of the systems that were fitted, where it says more about the "
        "form of the law than about any system.",
        "## How much of the gain depends on scale?",
        SCALE,
        *(of_scale(table, fit) for table, fit in fits.items()),
        "## If the pace continues",
        CONTINUES,
        *(of_years(table, fit) for table, fit in fits.items()),
    ]
    write_whole(HERE / "outlook.md", ("\n\n".join(sections) + "\n").encode())


SCALE = """\
A transformer's loss falls faster with parameters, so what a transformer saves grows with the budget; what a year saves
does not depend on it. The gain is how many times the compute of a transformer another architecture needs for the same
loss in the same year, each with its best split. From 2012 to 2023: how many times another architecture of 2012 needs of
what a transformer of 2023 does. Gundlach et al. 2025 (arXiv 2511.21622) find that 89 to 91% of progress at the frontier
depends on scale. They count the better split of Chinchilla as well, which is no part of ours; their transformer's gain,
from runs of their own, stands in the last column."""
CONTINUES = """\
Losses on WikiText-103 of a transformer with the best split of its budget, the law alone, without a new paper's effect.
They assume that algorithms go on improving at the pace of 2012 to 2023, that training text is not scarce, and that test
text is not part of it; none of these is known. Where the exponent of data is near 0, as in part of the posterior on
`collected`, the best split is far from that of any system, and the ends of intervals say that these data do not decide.
How such forecasts did for years that are known by now is on the page of [backtests](backtest.md)."""


def of_scale(table: str, fit: bs.Fit) -> str:
    """Gain of transformers by compute, and its share of all that was gained."""
    gain = bs.compute_equivalent_gain(fit, BUDGETS, year=END, benchmark=BENCHMARK, split="optimal")
    slow = fit.posterior["g_C"].sel(architecture="other") * (END - START)
    whole = gain * np.exp(slow)
    share = np.log(gain) / np.log(whole)
    lines = []
    for budget, outside in zip(BUDGETS, gain["extrapolated"].to_numpy(), strict=True):
        here = [written(each.sel(compute=budget)) for each in (gain, whole, 100 * share)]
        theirs = number(float(gain_between(GUNDLACH_LSTM, GUNDLACH_TRANSFORMER, budget)))
        lines.append([f"{budget:.0e}{'*' if outside else ''}", *here, theirs])
    header = [
        "compute, FLOP", "gain of transformers in 2023, times", "gain from 2012 to 2023, times",
        "share of it, in logarithms, that depends on scale, %", "gain of transformers, Gundlach et al., times",
    ]  # fmt: skip
    return f"On `{table}`:\n\n{table_of(header, lines)}"


def of_years(table: str, fit: bs.Fit) -> str:
    """Loss by budget and date, and compute needed by loss and date."""
    rows = fit.data["constant_data"].to_dataset()
    largest, latest = float(training_compute(rows["parameters"], rows["tokens"]).max()), float(rows["year"].max())

    def line(first: str, draws: xr.DataArray, flop: xr.DataArray) -> list[str]:
        beyond = [float(each) > largest or year > latest for each, year in zip(flop, YEARS, strict=True)]
        return [first, *(written(draws.sel(year=year), out) for year, out in zip(YEARS, beyond, strict=True))]

    losses = loss_at(fit)
    needed = bs.compute_needed(fit, LOSSES, YEARS, benchmark=BENCHMARK)
    fixed = [line(f"{c:.0e}", losses.sel(compute=c), xr.full_like(losses["year"], c)) for c in FUTURE]
    goals = [needed.sel(loss=each).squeeze(drop=True) for each in LOSSES]
    reached = [
        line(f"{loss:g}", each, each.median(("chain", "draw"))) for loss, each in zip(LOSSES, goals, strict=True)
    ]
    dates = [f"{year:.0f}" for year in YEARS]
    return "\n\n".join(
        [
            f"On `{table}`, whose last system is of {latest:.1f} and whose largest took {largest:.0e} FLOP:",
            table_of(["loss, nats per token, of", *dates], fixed),
            table_of(["FLOP for a loss of", *dates], reached),
        ]
    )


def loss_at(fit: bs.Fit) -> xr.DataArray:
    """Expected loss at the best split of each budget, by date."""
    at = (bs.optimal_allocation(fit, FUTURE, year=year, benchmark=BENCHMARK)["loss"] for year in YEARS)
    return xr.concat(at, pd.Index(YEARS, name="year"))


def written(draws: xr.DataArray, outside: bool = False) -> str:
    """Median and interval of draws in the digits that their Monte Carlo errors allow, with a mark if ``outside``."""
    row = bs.credible_intervals(draws.squeeze(drop=True)).iloc[0]
    middle, lower, upper = in_digits(row, number)
    return f"{middle} ({lower} to {upper}){'*' * outside}"


if __name__ == "__main__":
    main()
