"""What doubtful figures and single papers do to the answer on `ho2024`; writes audit.md, and what the package carries.

    python notebooks/audit.py --directory runs/audit

Corrections are those of corrections.csv, with their sources. Takes ten minutes on two cores; finished fits are kept in
the directory.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from steps import LAST_NORMAL, PACKAGED, against, table_of

import bayes_scaling as bs
from bayes_scaling.common.arrays import Floats
from bayes_scaling.common.files import write_whole
from bayes_scaling.common.strict_json import strict_json
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.leaving_out import left_out
from bayes_scaling.inference.likelihood import draws_of, unit_densities
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.rates import INTERVAL, interval_points, months_to_double
from bayes_scaling.reports.fit_words import in_brackets, in_months, in_numbers
from bayes_scaling.studies.comparison.alternatives import CORRECTED, corrections_document

HERE = Path(__file__).parent
SPECIFICATIONS = ("reference", LAST_NORMAL, "steps/1-irreducible", "ho2024/07")
FIGURES = ("parameters", "tokens", "perplexity", "architecture")
GOOD_K = 0.7
"""Pareto k up to which draws are reweighted; above, the specification is fitted again."""
SHOWN = 12
"""Papers shown, those that move the answer most."""


def main() -> None:
    """Correct, fit, compare, reweight, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=Path("runs/audit"))
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    corrections = pd.read_csv(HERE / "corrections.csv", index_col="id")
    table = bs.load_evaluations()
    compared = {
        what: bs.compare(
            list(SPECIFICATIONS), rows, unit="paper", directory=asked.directory / str(number), workers=asked.workers
        )
        for number, (what, rows) in enumerate(tables(table, corrections).items())
    }
    write_whole(
        PACKAGED / f"ho2024{CORRECTED}.json",
        strict_json(corrections_document("reference", compared, table)),
    )
    fit = next(each for each in compared["as published"].fits.values() if each.specification.name == "reference")
    sections = [
        "# What doubtful figures do to the answer",
        introduction(table, corrections),
        "## All together",
        answers(compared),
        "## One by one",
        one_by_one(fit, table, corrections),
        "## Single papers",
        papers(fit, table),
        "## Both tables",
        both_tables(table, bs.load_evaluations("collected"), directory=asked.directory / "both", workers=asked.workers),
    ]
    write_whole(HERE / "audit.md", ("\n\n".join(sections) + "\n").encode())


def tables(table: pd.DataFrame, corrections: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables to compare, by what was done to the rows in doubt."""
    usable = corrections["usable"].isna()
    corrected = with_corrections(table, corrections)
    return {
        "as published": table,
        "parameters corrected": with_corrections(table, corrections[["parameters"]]),
        "tokens corrected": with_corrections(table, corrections[["tokens"]]),
        f"all corrected, but for {int((~usable).sum())} of which no figure is known": corrected,
        f"all corrected, without these {int((~usable).sum())}": corrected.drop(corrections.index[~usable]),
        f"without the {len(corrections)} rows": table.drop(corrections.index),
    }


def with_corrections(table: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """The table with each figure that a correction gives."""
    found = table.copy()
    for figure in set(FIGURES) & {*corrections}:
        given = corrections[figure].dropna()
        found.loc[given.index, figure] = given
    return found


def introduction(table: pd.DataFrame, corrections: pd.DataFrame) -> str:
    """What is in doubt, and where corrections are from."""
    given = corrections[list(FIGURES)].notna()
    counts = ", ".join(f"{int(given[figure].sum())} times {figure}" for figure in FIGURES)
    return (
        f"`ho2024` keeps the sample of Ho et al. 2024 as they used it. {len(corrections)} of its {len(table)} rows "
        "have a figure that is doubtful, by the column `doubt`; "
        f"`notebooks/corrections.csv` has another for {int(given.any(axis=1).sum())} of them ({counts}), each "
        f"with its source. For {int(corrections['usable'].notna().sum())} none is known, and in the rest only a date "
        "is. `python notebooks/audit.py` writes this page. T_C: doubling time of effective compute in months under "
        f"`reference`, median and {INTERVAL}; elpd: of whole papers left out, nats, ± one standard error."
    )


def answers(compared: Mapping[str, bs.Comparison]) -> str:
    """T_C and elpd differences on each table."""
    lines = []
    for what, comparison in compared.items():
        row = comparison.table.set_index("model").loc["reference"]
        mark = "" if row["converged"] else " (NOT CONVERGED)"
        ahead = ["{:.1f} ± {:.1f}".format(*against(comparison, "reference", name)) for name in SPECIFICATIONS[1:]]
        lines.append([what, str(comparison.evaluations.rows), in_brackets(row) + mark, *ahead])
    header = ["`ho2024`", "rows", "T_C", *(f"`reference` less `{name}`" for name in SPECIFICATIONS[1:])]
    return table_of(header, lines)


def one_by_one(fit: bs.Fit, table: pd.DataFrame, corrections: pd.DataFrame) -> str:
    """T_C with each row alone corrected, or left out where no figure is known."""
    rows, of_paper = rows_of(fit.data, fit.specification), table["paper"]
    values = draws_of(fit.specification, fit.data)
    lines = []
    for row, correction in corrections.iterrows():
        given = {name: correction[name] for name in FIGURES if pd.notna(correction[name])}
        if not given and pd.isna(correction["usable"]):
            continue
        paper = rows.levels["paper"].index(of_paper[row])
        if given:
            changed = with_corrections(table, corrections.loc[[row]])
            log_weights = density(fit, changed, paper) - density(fit, table, paper)
            what = ", ".join(f"{name} {shown(table.loc[row, name])} → {shown(value)}" for name, value in given.items())
        else:
            at, changed = [rows.ids.index(row)], table.drop(index=row)
            log_weights = -unit_densities(fit.specification, rows, values, "evaluation", at)[:, 0]
            what = "left out"
        told = moved(fit, log_weights, changed)
        lines.append([str(row), str(table.loc[row, "system"]), what, str(correction["by"]), *told])
    said = (
        f"As published: {in_months(bs.doubling_times(fit).loc['compute'])}. Each line alone, by importance sampling, "
        f"or by a fit of its own where Pareto k is above {GOOD_K:g}."
    )
    return f"{said}\n\n{table_of(['row', 'system', 'what changes', 'by', 'T_C', 'Pareto k'], lines)}"


def density(fit: bs.Fit, table: pd.DataFrame, paper: int) -> Floats:
    """Log density of a paper under each draw, on a table with the fit's rows."""
    fitted = rows_of(fit.data, fit.specification)
    rows = make_rows(fit.specification, table, anchor=fitted.anchor, predictors=fitted.predictors)
    return unit_densities(fit.specification, rows, draws_of(fit.specification, fit.data), "paper", [paper])[:, 0]


def papers(fit: bs.Fit, table: pd.DataFrame) -> str:
    """T_C without each of the papers that move it most."""
    found, moves = {}, {}
    names = rows_of(fit.data, fit.specification).levels["paper"]
    for left in left_out(fit, "paper"):
        for at, position in enumerate(left.positions):
            found[names[position]] = -left.density[:, at]
            moves[names[position]] = median_rate(fit, left.log_weights[:, at])
    middle = median_rate(fit, np.zeros(pooled_rate(fit, "g_C").size))
    counts = table["paper"].value_counts()
    order = sorted(moves, key=lambda name: -abs(moves[name] - middle))[:SHOWN]
    lines = [[name, str(counts[name]), *moved(fit, found[name], table[table["paper"] != name])] for name in order]
    header = ["without the paper", "its rows", "T_C", "Pareto k"]
    return f"The {SHOWN} of {len(names)} papers without which T_C moves most:\n\n{table_of(header, lines)}"


def both_tables(table: pd.DataFrame, collected: pd.DataFrame, *, directory: Path, workers: int | None) -> str:
    """T_C on each table, on the papers that both have, on those of one alone, and on all together."""
    ours, theirs = (each["paper"].str.lower().str.replace(r"[^a-z0-9]", "", regex=True) for each in (collected, table))
    shared, mine = theirs.isin(ours), ours.isin(theirs)
    together = pd.concat([collected, table[~shared]])
    asked = {
        "`ho2024`": table,
        "`collected`": collected,
        "`ho2024`, papers that both have": table[shared],
        "`collected`, papers that both have": collected[mine],
        "`ho2024`, its other papers": table[~shared],
        "`collected`, its other papers": collected[~mine],
        "`collected` and the other papers of `ho2024`": together,
    }
    lines = []
    for what, rows in asked.items():
        fit = bs.fit("reference", rows)
        rates = bs.doubling_times(fit, by="architecture").loc["compute"]
        mark = "" if fit.diagnostics.converged else " (NOT CONVERGED)"
        each = [in_months(rates.loc[name]) if name in rates.index else "" for name in ("other", "transformer")]
        factor = np.exp(fit.posterior["reducible_test_time_adaptation"]).squeeze(drop=True)
        factor = in_numbers(bs.credible_intervals(factor).iloc[0])
        whole = in_months(bs.doubling_times(fit).loc["compute"]) + mark
        lines.append([what, str(len(rows)), str(rows["paper"].nunique()), whole, *each, factor])
    compared = bs.compare(["reference", LAST_NORMAL], together, unit="paper", directory=directory, workers=workers)
    ahead = "{:.1f} ± {:.1f}".format(*against(compared, "reference", LAST_NORMAL))
    said = (
        f"{int(ours[mine].nunique())} papers are in both tables, so the tables are not independent; together they are "
        "fitted with each of these once, by the figures of `collected`. Where papers are the same and answers are not, "
        "figures and rows of a paper differ, not what was published. On all together `reference` predicts papers left "
        f"out {ahead} nats better than `{LAST_NORMAL}`, whose noise is normal: some papers are far from the law. The "
        "last column is what test-time adaptation multiplies the reducible loss by."
    )
    header = ["rows of", "rows", "papers", "T_C", "of others", "of transformers", "test-time adaptation"]
    return f"{said}\n\n{table_of(header, lines)}"


def moved(fit: bs.Fit, log_weights: Floats, table: pd.DataFrame) -> list[str]:
    """T_C under draws with some weights, and their Pareto k; of a fit to the table where it is too high."""
    # ArviZ takes a log likelihood, whose inverse are the weights.
    smoothed, k = xr.DataArray(-log_weights, dims="sample").azstats.psislw(dim="sample")
    if k <= GOOD_K:
        return [in_weighted(fit, np.asarray(smoothed)), f"{float(k):.2f}"]
    again = bs.fit(fit.specification, table)
    mark = "" if again.diagnostics.converged else ", NOT CONVERGED"
    return [in_months(bs.doubling_times(again).loc["compute"]), f"{float(k):.2f}, fitted{mark}"]


def in_weighted(fit: bs.Fit, log_weights: Floats) -> str:
    """T_C in months under weighted draws of the rate."""
    middle, upper, lower = map(float, months_to_double(quantiles(fit, log_weights, interval_points())))
    return in_months({"median": middle, "lower": lower, "upper": upper})


def median_rate(fit: bs.Fit, log_weights: Floats) -> float:
    """Median of the rate of effective compute."""
    return float(quantiles(fit, log_weights, [0.5])[0])


def quantiles(fit: bs.Fit, log_weights: Floats, points: list[float]) -> Floats:
    """Quantiles of the rate of effective compute under weighted draws."""
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(np.quantile(pooled_rate(fit, "g_C"), points, weights=weights, method="inverted_cdf"))


def shown(value: object) -> str:
    """A figure as a reader writes it."""
    return value if isinstance(value, str) else f"{value:.4g}"


if __name__ == "__main__":
    main()
