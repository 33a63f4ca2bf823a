"""A backtest in words, as a table for the terminal, as a page, as plain data for scripts, and its directory."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.plain_json import strict_json
from bayes_scaling.predictive.result import Backtest
from bayes_scaling.predictive.splits import HORIZONS
from bayes_scaling.report.run_directory import picture, write_beside_fits
from bayes_scaling.words import counted, number

if TYPE_CHECKING:
    from bayes_scaling.predictive.result import Backtest

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


PICTURE = "backtest.png"

_AVERAGES = (
    *("forecaster", "cuts", "inside 50%", "inside 90%", "inside 95%", "log score"),
    *("first ahead by", "by papers", "CRPS"),
)
_BY_CUT = (
    *("forecaster", "cut", "fitted", "predicted", "papers", "not predicted", "inside 50%", "inside 90%"),
    *("inside 95%", "log score", "CRPS", "mean error", "median width of 90%", "remarks"),
)


def backtest_page(result: Backtest, picture: str = PICTURE) -> str:
    """Markdown: the answer, averages over cut years, every forecast, and how it is all counted.

    Parameters
    ----------
    result
        See :func:`bayes_scaling.backtest`.
    picture
        Where the picture is, from the page.
    """
    lines = ["# Are later evaluations predicted?", "", *(f"- {sentence}" for sentence in sentences(result)), ""]
    lines += [f"![Coverage of 90% predictive intervals and log scores by cut year]({picture})", ""]
    for horizon, words in HORIZONS.items():
        lines += [f"## Averages over cut years, predicted: {words}", "", *_averages(result.summary(horizon)), ""]
    lines += _well_known(result)
    for horizon, words in HORIZONS.items():
        lines += [f"## By cut year, predicted: {words}", "", *_by_cut(result.by_cut(horizon)), ""]
    lines += ["## How it is counted", "", *_EXPLAINED]
    if result.skipped:
        lines += ["", "## Skipped", "", *(f"- {name}: {reason}." for name, reason in result.skipped.items())]
    return "\n".join(lines) + "\n"


_EXPLAINED = (
    "- Fitted: evaluations published before 1 January of the cut year. Predicted: later ones, each with its size, "
    "data and date as known, and the effect of its paper, which is new, integrated out.",
    "- Not predicted: later evaluations on a benchmark of which no evaluation was fitted.",
    "- Inside: share of losses within the central posterior predictive interval. Averages count each cut year the "
    "same; ± is one standard error that takes papers as independent and fits as given.",
    "- Log score: mean log predictive density of the loss, nats per evaluation; higher is better. First ahead by: the "
    "first forecaster's log score less this one's, on the same evaluations at the cuts where both converged.",
    "- By papers: the same where the evaluations of a paper are scored by their joint density, which counts what a "
    "forecaster knows of their likeness; still nats per evaluation.",
    "- CRPS: continuous ranked probability score, nats per token; lower is better. Where few evaluations were fitted, "
    "a posterior gives a small probability to enormous losses, and then this score says nothing else. Mean error: "
    "observed loss less the predictive median, nats per token.",
    "- The paper's estimate: model 7 by its published procedure on what was known then, with normal noise of variance "
    "(sum of squared residuals) / (n - k). The paper's bootstrap: 100 resamples of rows, each with the same noise. "
    "The paper states no predictive distribution; these are the usual ones.",
    "- A forecast whose chains did not agree is shown by cut and left out of averages.",
)


def _averages(table: pd.DataFrame) -> Iterable[str]:
    yield _line(_AVERAGES)
    yield _rule(_AVERAGES)
    for name, cells in summary_cells(table):
        yield _line((name, *cells))


def _well_known(result: Backtest) -> list[str]:
    """The same averages without benchmarks of which next to nothing was known, if there are others."""
    try:
        table = result.summary(least_known=WELL_KNOWN)
    except BayesScalingError:
        return []
    title = f"## Averages over cut years, predicted: later ones on benchmarks with at least {WELL_KNOWN} fitted"
    return [title, "", *_averages(table), ""]


def _by_cut(table: pd.DataFrame) -> Iterable[str]:
    yield _line(_BY_CUT)
    yield _rule(_BY_CUT)
    for (name, cut), row in zip(table.index, table.to_dict("records"), strict=True):
        mark = row["note"] if row["converged"] else f"**not converged**: {row['note']}"
        yield _line(
            (
                *(str(name), str(cut), str(row["before"]), str(row["evaluations"]), str(row["papers"])),
                str(row["unseen"]),
                f"{row['covered_50']:.3f}",
                f"{row['covered_90']:.3f} ± {row['covered_90_se']:.3f}",
                f"{row['covered_95']:.3f}",
                f"{row['log_score']:.3f} ± {row['log_score_se']:.3f}",
                number(row["crps"]),
                f"{row['error']:+.3f}",
                f"{row['width_90']:.2f}",
                str(mark),
            )
        )


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rule(headings: Iterable[str]) -> str:
    return "|" + "|".join("---" if heading in ("forecaster", "remarks") else "---:" for heading in headings) + "|"


FILES = ("backtest.png", "backtest.md", "backtest.csv", "scores.csv", "backtest.json")


def write_backtest(result: "Backtest", directory: Path) -> tuple[Path, ...]:
    """Write everything about a backtest but its forecasts, which are written as they end.

    Returns the files, in the order written. Raises BayesScalingError if the files can't be written.
    """
    from bayes_scaling.plots.predictive import plot_backtest

    contents = (
        picture(plot_backtest(result)),
        backtest_page(result).encode(),
        backtest_csv(result),
        scores_csv(result),
        backtest_json(result),
    )
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
