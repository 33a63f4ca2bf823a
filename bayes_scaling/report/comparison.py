"""A comparison in words, as a table for the terminal, as a page, as plain data for scripts, and its directory."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bayes_scaling.comparison.result import METHODS, MISCOMPUTED, TIE_NATS, Comparison, beside_published
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.plain_json import strict_json
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.report.run_directory import picture, write_beside_fits
from bayes_scaling.report.units import noun_of, size_of
from bayes_scaling.result_files import COMPARISON_SETTINGS, COMPARISON_TABLE
from bayes_scaling.words import counted, months, probability

if TYPE_CHECKING:
    from bayes_scaling.comparison.result import Comparison

SHOWN = 25
"""Rows of the table that the terminal shows; the file has all."""


def comparison_json(comparison: Comparison) -> bytes:
    """`comparison.json`: settings, unit of cross-validation, weights, averages, fingerprints and versions."""
    document = {
        "unit": comparison.unit,
        "evaluations": asdict(comparison.evaluations),
        "settings": None if comparison.settings is None else asdict(comparison.settings),
        "seed": comparison.seed,
        "interval": {"probability": INTERVAL_PROBABILITY, "kind": INTERVAL_KIND},
        "variants": len(comparison.table),
        "converged": int(comparison.table["converged"].sum()),
        "tied_with_the_best": list(comparison.tied),
        "weights": comparison.weights.to_dict(),
        "averaged_doubling_time_months": {
            kind: comparison.averaged_doubling_times(kind).to_dict("index") for kind in METHODS if comparison.fits
        },
        "fingerprints": dict(comparison.fingerprints),
        "versions": package_versions(),
        "set_aside": [{"file": file, "reason": reason} for file, reason in comparison.set_aside],
    }
    return strict_json(document)


def comparison_csv(comparison: Comparison) -> bytes:
    """`comparison.csv`: one row a variant."""
    return comparison.table.to_csv(index=False).encode()


def sentences(comparison: Comparison) -> Iterable[str]:
    """What the comparison says and what it can't say, each in a sentence."""
    table, evaluations = comparison.table, comparison.evaluations
    good = table[table["converged"]]
    noun = noun_of(comparison.unit, evaluations.kind)
    what = f"{counted(len(table), 'variant')} on {evaluations.name} ({size_of(evaluations)}), leaving out one {noun} "
    what += "at a time"
    lost = len(table) - len(good)
    yield what + _how_many_converged(len(table), lost)
    if good.empty:
        return
    tied = len(comparison.tied)
    best = good.index[0]
    if len(table) == 1:
        yield f"{best} is the only variant, so there is no other to rank it with."
    elif len(good) == 1:
        yield f"Only {best} converged, so there is no other to rank it with."
    elif tied > 1:
        yield (
            f"Best: {best}; but {counted(tied - 1, 'other')} can't be told from it (within 2 standard errors, or "
            f"{TIE_NATS:g} nats): a weight of 0 beside these is no verdict."
        )
    else:
        others = "the other" if len(good) == 2 else "every other"
        others += " that converged" if lost else ""
        yield f"Best: {best}, beyond 2 standard errors and {TIE_NATS:g} nats of {others}."
    bad = int(good["pareto_k_bad"].sum())
    if bad:
        yield f"{counted(bad, 'unit')} could not be left out reliably: see pareto_k_bad."
    row = comparison.averaged_doubling_times().loc["compute"].to_dict()
    if math.isfinite(row["median"]):
        whose = "Over all models that converged, by stacking weight" if len(good) > 1 else f"By {best}"
        yield (
            f"{whose}, effective compute doubles every "
            f"{months(row['median'])} months ({INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} credible interval "
            f"{months(row['lower'])} to {months(row['upper'])}; probability of progress "
            f"{probability(row['probability_of_progress'])})."
        )


def _how_many_converged(variants: int, lost: int) -> str:
    if variants == 1:
        return "; it did not converge, so it has no rank and no weight." if lost else "; it converged."
    if lost == variants:
        return "; none converged, so there are no ranks and no weights."
    return f"; {lost} did not converge: out of ranks and weights." if lost else "; all converged."


def comparison_report(comparison: Comparison) -> RenderableType:
    """The best variants in a table, and what follows in sentences."""
    noun = noun_of(comparison.unit, comparison.evaluations.kind)
    shown = Table(title=f"By expected log predictive density, one {noun} left out", title_justify="left")
    shown.add_column("model", no_wrap=True)
    shown.add_column("priors", no_wrap=True)
    for name in ("elpd_diff ± dse", "weight", "LOO-MSE", "doubling time, months"):
        shown.add_column(name, justify="right")
    for _, row in comparison.table.head(SHOWN).iterrows():
        shown.add_row(*_cells(row))
    parts: list[RenderableType] = [shown]
    hidden = len(comparison.table) - SHOWN
    if hidden > 0:
        parts.append(Text(f"... and {hidden} more in comparison.csv"))
    parts += [Text(), *(Text(sentence) for sentence in sentences(comparison))]
    parts += [Text(f"Set aside: {file} ({reason})") for file, reason in comparison.set_aside]
    return Group(*parts)


def _cells(row: "pd.Series[Any]") -> tuple[str, ...]:
    times = [row[f"compute_doubling_months_{name}"] for name in ("median", "lower", "upper")]
    span = f"{months(times[0])} [{months(times[1])}, {months(times[2])}]"
    if math.isnan(row["probability_of_progress"]):
        span = "no progress assumed"
    if not row["converged"]:
        return escape(row["model"]), escape(row["variant"]), "NOT CONVERGED", "", "", ""
    return (
        escape(row["model"]),
        escape(row["variant"]),
        f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}",
        f"{row['weight']:.2f}",
        f"{row['loo_mse']:.4f}",
        span,
    )


def ranking_page(comparison: Comparison) -> str | None:
    """Markdown: what the comparison says, its ranking beside Table 11 of Ho et al. 2024, and rank correlations.

    Returns str or None: None if fewer than three of the published variants were compared.
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


RANKING_FILE = "ranking.md"
_PICTURES = ("comparison.png", "doubling_times_by_variant.png", "pareto_k.png", "criteria.png")


def write_comparison(comparison: "Comparison", directory: Path) -> tuple[Path, ...]:
    """Write everything about a comparison but its fits, which the sweep has written.

    Returns the files, in the order written. Raises BayesScalingError if the files can't be written.
    """
    from bayes_scaling.plots import comparison as plots

    converged = int(comparison.table["converged"].sum())
    progress = bool(comparison.table["probability_of_progress"].notna().any())
    figures = {}
    if converged > 1:
        figures[_PICTURES[0]] = plots.plot_comparison(comparison).get_viz("figure")
    if progress:
        figures[_PICTURES[1]] = plots.plot_doubling_times_by_variant(comparison)
    figures[_PICTURES[2]] = plots.plot_pareto_k(comparison)
    if converged:
        figures[_PICTURES[3]] = plots.plot_criteria(comparison)
    contents = {name: picture(figure) for name, figure in figures.items()}
    page = ranking_page(comparison)
    if page is not None:
        contents[RANKING_FILE] = page.encode()
    contents[COMPARISON_TABLE] = comparison_csv(comparison)
    contents[COMPARISON_SETTINGS] = comparison_json(comparison)
    return write_beside_fits(contents, directory, stale=(RANKING_FILE, *_PICTURES))
