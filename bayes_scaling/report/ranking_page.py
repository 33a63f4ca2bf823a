"""A page that puts a comparison beside the published ranking of the same structures and penalties."""

import math

import pandas as pd

from bayes_scaling.comparison.published_ranking import MISCOMPUTED, beside_published
from bayes_scaling.comparison.result import Comparison
from bayes_scaling.report.comparison_text import sentences
from bayes_scaling.words import months


def ranking_page(comparison: Comparison) -> str | None:
    """Markdown: what the comparison says, its ranking beside Table 11 of Ho et al. 2024, and rank correlations.

    Returns
    -------
    str or None
        None if fewer than three of the published variants were compared.
    """
    beside = beside_published(comparison)
    if len(beside) < 3:
        return None
    times = comparison.table.loc[beside.index]
    lines = [
        "# Model ranking beside the published one",
        "",
        *(f"- {sentence}" for sentence in sentences(comparison)),
        f"- Spearman's rank correlation with the published order ({MISCOMPUTED} left out): "
        f"{beside.attrs['spearman_elpd']:.2f} by elpd, {beside.attrs['spearman_loo_mse']:.2f} by LOO-MSE.",
        f"- {MISCOMPUTED} (compute only) has a published error of .72 from a slip in its prediction: each held-out "
        "row was its own reference compute. Predicted as the law says it is among the better models.",
        "",
        "Published: leave-one-out mean squared errors of point estimates on 184 of the 231 evaluations (Ho et al. "
        "2024, Table 11). Ours: posteriors on all 231, by expected log predictive density (elpd, differences from the "
        "best with their standard errors, nats) and by the mean squared error of leave-one-out posterior means. "
        "`stated priors` stand where the published grid has delta = 0. T: doubling time of effective compute, months, "
        "median and 95% equal-tailed credible interval.",
        "",
        "| variant | rank | elpd_diff ± dse | LOO-MSE | rank by it | published MSE | published rank | T |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_row(name, beside.loc[name], times.loc[name]) for name in beside.index]
    return "\n".join(lines) + "\n"


def _row(name: str, row: "pd.Series[float]", whole: "pd.Series[float]") -> str:
    span = [months(float(whole[f"compute_doubling_months_{part}"])) for part in ("median", "lower", "upper")]
    doubling = f"{span[0]} [{span[1]}, {span[2]}]"
    if math.isnan(float(whole["probability_of_progress"])):
        doubling = "no progress"
    return (
        f"| {name.replace(' | ', ', ')} | {row['rank']:.0f} | {whole['elpd_diff']:.1f} ± {whole['dse']:.1f} | "
        f"{row['loo_mse']:.5f} | {row['mse_rank']:.0f} | {row['published_mse']:.5f} | {row['published_rank']:.0f} | "
        f"{doubling} |"
    )
