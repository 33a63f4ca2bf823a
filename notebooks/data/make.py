"""Make the example tables of notebook 04 again: python notebooks/data/make.py [DIRECTORY].

All are simulated, so that the true values are known: systems from the published constants of model 7 of Ho et al. 2024
(arXiv 2403.05812), training runs from those of Besiroglu et al. 2024 (arXiv 2404.10102). Columns have names such as
people give them. `first-draft.csv` is the first table with mistakes such as people make.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import bayes_scaling as bs

SYSTEMS, PAPERS = 60, 40
FIRST, LAST = date(2014, 1, 1), date(2024, 1, 1)
NOISE = 0.12
"""Standard deviation of the log perplexity, nats; about what the paper's own rows show."""


def evaluations() -> pd.DataFrame:
    """Sixty systems on WikiText-103, at dates and sizes at random."""
    rng = np.random.default_rng(7)
    days = np.sort(rng.integers((LAST - FIRST).days, size=PAPERS))
    rows = []
    for number in range(SYSTEMS):
        paper = number % PAPERS
        published = FIRST + timedelta(days=int(days[paper]))
        growth = (published.year - FIRST.year) / (LAST.year - FIRST.year)
        parameters = float(f"{10 ** rng.normal(7 + 2.5 * growth, 0.5):.3g}")
        tokens = float(f"{10 ** rng.normal(8 + 2.5 * growth, 0.5):.3g}")
        system = bs.System(f"Model {number + 1}", parameters, tokens, published)
        loss = bs.predicted_loss(bs.classical.HO2024_MODEL_7, system).item() + NOISE * rng.standard_normal()
        rows.append(
            {
                "Model": system.name,
                "Publication": f"Paper {paper + 1}",
                "Date": published.isoformat(),
                "Dataset": "wt103",
                "PPL": f"{np.exp(loss):.2f}",
                "Params": f"{parameters:.3g}",
                "Train tokens": f"{tokens:.3g}",
                "Family": "transformer" if published >= date(2017, 6, 12) else "recurrent",
            }
        )
    return pd.DataFrame(rows).sort_values("Date", kind="stable")


def draft(table: pd.DataFrame) -> pd.DataFrame:
    """The same with five mistakes."""
    wrong = table.reset_index(drop=True)
    wrong.loc[2, "Date"] = "March 2015"
    wrong.loc[9, "PPL"] = "0.92"
    wrong.loc[17, "Params"] = "-1"
    wrong.loc[30, "Dataset"] = "WikiText"
    wrong.loc[41, "Train tokens"] = ""
    return wrong


def runs() -> pd.DataFrame:
    """Six budgets of compute with ten models each."""
    made = bs.simulate_isoflop(
        bs.BESIROGLU, budgets=(1e19, 3e19, 1e20, 3e20, 1e21, 3e21), models_per_budget=10, noise=0.01
    )
    return pd.DataFrame(
        {
            "Model Size": made["parameters"].map("{:.4g}".format),
            "Training FLOP": made["flop"].map("{:.4g}".format),
            "Final loss": made["loss"].map("{:.4f}".format),
        }
    )


def tables() -> dict[str, pd.DataFrame]:
    """Each file's content."""
    made = evaluations()
    return {"my-evaluations.csv": made, "first-draft.csv": draft(made), "my-runs.csv": runs()}


def main() -> None:
    """Write the files."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, table in tables().items():
        table.to_csv(directory / name, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
