"""Plan training runs from the 245 runs of Hoffmann et al. 2022; writes planning.md and its pictures beside this file.

    python notebooks/planning.py --runs chinchilla_figure4_digitised.csv

The file is that of ``bs.load_runs("chinchilla", path, fetch=True)``. Takes ten minutes on two cores, most of them for
the 200 simulated designs.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from recovery import recovery

import bayes_scaling as bs
from bayes_scaling.common.formatting import number
from bayes_scaling.law.published import HOFFMANN_EXPONENTS
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.reports.fit_words import sentence

HERE = Path(__file__).parent
BUDGETS = (1e21, 5.76e23, 1e24, 1e26)
HOFFMANN_A = HOFFMANN_EXPONENTS[3].a_interval
"""10th to 90th percentile."""
INTERVAL = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND}"
PICTURES = {
    "isoflop": "Loss against parameters at each budget",
    "allocation": "The plane of parameters and tokens",
    "tokens-per-parameter": "Best tokens per parameter by budget",
    "laws": "The posterior beside the literature",
    "residuals": "Residuals",
}


def main() -> None:
    """Fit, ask, draw, simulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", required=True, help="the 245 digitised runs")
    parser.add_argument("--simulations", type=int, default=200)
    arguments = parser.parse_args()
    runs = bs.load_runs("chinchilla", arguments.runs)
    fits = [bs.fit(bs.load_specification("chinchilla"), runs, seed=seed) for seed in (0, 1)]
    if not all(fit.diagnostics.converged for fit in fits):
        raise SystemExit("a fit has not converged; no page was written")
    draw(fits[0])
    sections = [
        "# Planning a training run",
        f"`chinchilla` (Student-t noise on the logarithm of the loss) on the 245 runs that Besiroglu et al. 2024 "
        f"(arXiv 2404.10102) digitised from figure 4 of Hoffmann et al. 2022 (arXiv 2203.15556), none dropped. "
        f"Intervals are {INTERVAL} credible intervals. `python notebooks/planning.py` writes this page.",
        "## The law",
        f"> {sentence(fits[0])}",
        coefficient_table(fits),
        f"The published 80% interval of `a` is {HOFFMANN_A[0]} to {HOFFMANN_A[1]}. The posterior's 80% interval is "
        f"**{ratio_to_published(fits[0]):.1f} times as wide**: the published one was far too narrow, as Besiroglu "
        "et al. found.",
        picture("laws"),
        picture("isoflop"),
        "## Three approaches",
        approaches(runs, fits[0]),
        "## What to train",
        allocation(fits[0]),
        picture("allocation"),
        picture("tokens-per-parameter"),
        "## What the noise looks like",
        picture("residuals"),
        worst_residuals(fits[0]),
        "## Do intervals hold what they say?",
        recovered(arguments.simulations),
    ]
    (HERE / "planning.md").write_text("\n\n".join(sections) + "\n")


def draw(fit: bs.Fit) -> None:
    """Write the pictures."""
    figures = {
        "isoflop": bs.plot_isoflop(fit),
        "allocation": bs.plot_allocation(fit, [1e21, 5.76e23]),
        "tokens-per-parameter": bs.plot_tokens_per_parameter(fit),
        "laws": bs.plot_laws(fit),
        "residuals": bs.plot_residuals(fit),
    }
    for name, figure in figures.items():
        figure.savefig(HERE / "images" / f"planning-{name}.png", dpi=100)


def picture(name: str) -> str:
    """A picture's line."""
    return f"![{PICTURES[name]}](images/planning-{name}.png)"


def table(frame: pd.DataFrame) -> str:
    """A table of text in Markdown."""
    rows = [frame.columns, ["---"] * len(frame.columns), *frame.to_numpy()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def span(median: float, lower: float, upper: float) -> str:
    """A median with its interval."""
    return f"{number(median)} [{number(lower)}, {number(upper)}]"


def coefficient_table(fits: list[bs.Fit]) -> str:
    """Coefficients of two seeds beside published estimates."""
    exponent = {law.name: bs.allocation_exponents(law)["a"].item() for law in (bs.BESIROGLU, bs.HOFFMANN_ROUNDED)}
    tables = [bs.coefficients(fit) for fit in fits]
    rows = []
    for name in tables[0].index:
        row = {"": f"`{name}`"}
        for seed, found in enumerate(tables):
            row[f"seed {seed}"] = span(*found.loc[name, ["median", "lower", "upper"]])
        for law in (bs.BESIROGLU, bs.HOFFMANN_ROUNDED):
            row[law.name] = number(exponent[law.name] if name == "a" else getattr(law, str(name)))
        rows.append(row)
    rhat = ", ".join(f"{fit.diagnostics.rhat_max:.4f}" for fit in fits)
    return table(pd.DataFrame(rows)) + f"\n\nLargest R-hat by seed: {rhat}."


def ratio_to_published(fit: bs.Fit) -> float:
    """Width of the posterior's 80% interval of a over the published one's."""
    row = bs.coefficients(fit, probability=0.8).loc["a"]
    return float((row["upper"] - row["lower"]) / (HOFFMANN_A[1] - HOFFMANN_A[0]))


def approaches(runs: pd.DataFrame, fit: bs.Fit) -> str:
    """Approaches 2 and 3, with the bias of the parabolas."""
    found = bs.compare_approaches(runs, fit)
    rows = []
    for name, row in found.iterrows():
        biased = pd.notna(row["a_bias"])
        bias = span(row["a_bias"], row["a_bias_lower"], row["a_bias_upper"])
        corrected = span(row["a_corrected"], row["a_corrected_lower"], row["a_corrected_upper"])
        rows.append(
            {
                "approach": name,
                "rows": f"{row['rows']:.0f}",
                "a": span(row["a"], row["a_lower"], row["a_upper"]),
                "bias of its parabolas": bias if biased else "",
                "a less the bias": corrected if biased else "",
                "point estimate": number(row["a_classical"]),
                "published": span(row["a_published"], row["a_published_lower"], row["a_published_upper"]),
                "R-hat": f"{row['rhat_max']:.4f}" if row["converged"] else "NOT CONVERGED",
            }
        )
    left_out = len(found.attrs["unused"])
    return (
        table(pd.DataFrame(rows))
        + "\n\nApproach 2 is one hierarchical quadratic of log loss in log parameters over all budgets. A parabola is "
        "only the second-order approximation of a law's profile, so that its vertex lies beside the optimum where the "
        "grid is wide or off its centre: the bias is what least-squares parabolas make of losses that approach 3's own "
        f"posterior gives at the same runs. {left_out} runs are in no budget with enough models, or far above the "
        "lowest loss of theirs, and are left out of approach 2. Approach 1 needs losses along training, which this "
        "table lacks."
    )


def allocation(fit: bs.Fit) -> str:
    """The best split of several budgets."""
    split = bs.optimal_allocation(fit, list(BUDGETS))
    cost = bs.credible_intervals(bs.cost_of_split(fit, list(BUDGETS), tokens_per_parameter=20))
    largest = float((6 * fit.data["constant_data"]["parameters"] * fit.data["constant_data"]["tokens"]).max())
    rows = []
    for budget in BUDGETS:
        row = {"FLOP": number(budget)}
        for name in ("parameters", "tokens", "tokens_per_parameter", "loss"):
            found = bs.credible_intervals(split[name]).loc[budget]
            row[name.replace("_", " ")] = span(found["median"], found["lower"], found["upper"])
        row["cost of 20 tokens per parameter, times"] = span(*cost.loc[budget, ["median", "lower", "upper"]])
        row["beyond the largest run, times"] = number(budget / largest) if budget > largest else ""
        rows.append(row)
    return table(pd.DataFrame(rows))


def worst_residuals(fit: bs.Fit) -> str:
    """What the tails of the residuals say of the noise."""
    from bayes_scaling.plots.runs import standardised_residuals

    found = standardised_residuals(fit)
    high, low = int((found["residual"] > 5).sum()), int((found["residual"] < -5).sum())
    nu = float(np.median(fit.data["posterior"]["nu"]))
    return (
        f"{high} residuals lie more than five scales above the law and {low} below it. With {nu:.1f} degrees of "
        "freedom the noise takes the pull off these runs, but it does not describe them: they are one-sided, most of "
        "them at few tokens, where losses rise above the law."
    )


def recovered(simulations: int) -> str:
    """Coverage on simulated designs."""
    found = recovery(simulations)
    rows = [
        {
            "quantity": f"`{name}`",
            "intervals that hold the truth": f"{row['covered']:.1%}",
            "95% interval of that share": f"{row['lower']:.1%} to {row['upper']:.1%}",
            "fits not converged": f"{row['unconverged']:.0f}",
        }
        for name, row in found.iterrows()
    ]
    return (
        f"{simulations} IsoFLOP designs, simulated with the constants of Besiroglu et al. 2024 (five to nine budgets, "
        "six to fifteen models each, Student-t noise of 0.3% to 2% with 3 to 30 degrees of freedom); 90% equal-tailed "
        "intervals.\n\n" + table(pd.DataFrame(rows))
    )


if __name__ == "__main__":
    main()
