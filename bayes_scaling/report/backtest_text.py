"""A backtest in words, as a table for the terminal, and as plain data for scripts."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.plain_json import strict_json
from bayes_scaling.predictive.result import Backtest
from bayes_scaling.predictive.splits import HORIZONS
from bayes_scaling.words import counted, number

WELL_KNOWN = 10
"""Fitted evaluations on a benchmark from which on it counts as well known."""


def backtest_json(result: Backtest) -> bytes:
    """`backtest.json`: averages, settings, seed, versions, and what was skipped."""
    document = {
        "evaluations": asdict(result.evaluations),
        "cuts": sorted({int(cut) for cut in result.forecasts.index.get_level_values("cut")}),
        "summary": {horizon: result.summary(horizon).to_dict("index") for horizon in HORIZONS},
        "converged": int(result.forecasts["converged"].sum()),
        "forecasts": len(result.forecasts),
        "skipped": dict(result.skipped),
        "settings": asdict(result.settings),
        "seed": result.seed,
        "versions": package_versions(),
        "set_aside": [{"file": file, "reason": reason} for file, reason in result.set_aside],
    }
    return strict_json(document)


def backtest_csv(result: Backtest) -> bytes:
    """`backtest.csv`: one row for each horizon, forecaster and cut."""
    tables = {horizon: result.by_cut(horizon) for horizon in HORIZONS}
    return pd.concat(tables, names=["horizon"]).to_csv().encode()


def scores_csv(result: Backtest) -> bytes:
    """`scores.csv`: one row for each evaluation predicted, by each forecaster at each cut."""
    return result.scores.to_csv().encode()


def sentences(result: Backtest) -> Iterable[str]:
    """What a backtest comes to."""
    cuts = sorted(set(result.forecasts.index.get_level_values("cut")))
    about, first = result.evaluations, result.names[0]
    yield (
        f"{counted(len(cuts), 'cut year')} ({cuts[0]} to {cuts[-1]}) on {about.name} ({about.rows} evaluations from "
        f"{about.papers} papers): all published before 1 January of the year fitted, later ones predicted."
    )
    failed = result.forecasts.index[~result.forecasts["converged"]]
    if len(failed):
        which = ", ".join(f"{name} {cut}" for name, cut in failed)
        yield f"Not converged, and left out of averages: {which}."
    table = result.summary().to_dict("index")
    row = table[first]
    if row["cuts"] == 0:
        yield f"{first} has not converged at any cut, so there is nothing to compare with."
        return
    yield (
        f"{first}: 90% predictive intervals hold {row['covered_90']:.1%} of later evaluations, averaged over "
        f"{counted(int(row['cuts']), 'cut year')} (standard error {row['covered_90_se']:.1%}, papers independent); 50% "
        f"intervals hold {row['covered_50']:.1%}, 95% intervals {row['covered_95']:.1%}."
    )
    for name in result.names[1:]:
        row = table[name]
        if row["compared_cuts"]:
            over, ahead = counted(int(row["compared_cuts"]), "cut year"), int(row["cuts_ahead"])
            yield (
                f"{first} less {name}: {row['log_score_diff']:+.2f} ± {row['log_score_diff_se']:.2f} nats per "
                f"evaluation, log score over {over} (standard error over papers); ahead at {ahead} of them."
            )


def backtest_report(result: Backtest) -> RenderableType:
    """Averages over cut years in a table, and what follows in sentences."""
    parts: list[RenderableType] = []
    for horizon, words in HORIZONS.items():
        title = f"Averages over cut years, predicted: {words}"
        shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        shown.add_column("forecaster", no_wrap=True)
        for heading in ("cuts", "50%", "90%", "95%", "log score", "CRPS"):
            shown.add_column(heading, justify="right", no_wrap=True)
        for name, cells in summary_cells(result.summary(horizon)):
            shown.add_row(name, *cells[:4], cells[4], cells[7])
        parts.append(shown)
    parts += [Text(sentence) for sentence in sentences(result)]
    parts += [Text(f"Skipped {name}: {reason}") for name, reason in result.skipped.items()]
    parts += [Text(f"Set aside: {file} ({reason})") for file, reason in result.set_aside]
    return Group(*parts)


def summary_cells(table: pd.DataFrame) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Averages as text: cuts, three coverages, log score, what the first is ahead by (also by papers), CRPS."""
    for place, (name, row) in enumerate(table.to_dict("index").items()):
        left_out = f" ({row['not_converged']} not converged)" if row["not_converged"] else ""
        if not row["cuts"]:
            yield str(name), (f"0{left_out}", *[""] * 7)
            continue
        yield (
            str(name),
            (
                f"{row['cuts']}{left_out}",
                f"{row['covered_50']:.3f}",
                f"{row['covered_90']:.3f} ± {row['covered_90_se']:.3f}",
                f"{row['covered_95']:.3f}",
                f"{row['log_score']:.3f}",
                _ahead(row, "log_score") if place else "",
                _ahead(row, "log_score_joint") if place else "",
                number(row["crps"]),
            ),
        )


def _ahead(row: Mapping[Any, Any], column: str) -> str:
    return f"{row[f'{column}_diff']:+.3f} ± {row[f'{column}_diff_se']:.3f}"
