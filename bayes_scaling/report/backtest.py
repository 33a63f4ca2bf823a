"""A backtest in words, as a table for the terminal, as a page, as plain data for scripts, and its directory."""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.predictive.result import Backtest
from bayes_scaling.predictive.splits import HORIZONS
from bayes_scaling.report.document import Bullets, Row, Section, Table
from bayes_scaling.report.markdown import render_page
from bayes_scaling.report.run_directory import picture, write_beside_fits
from bayes_scaling.report.terminal import compact, left_out
from bayes_scaling.studies.directory import recorded
from bayes_scaling.words import counted, number

WELL_KNOWN = 10
"""Fitted evaluations on a benchmark from which on it counts as well known."""


def backtest_json(result: Backtest) -> bytes:
    """`backtest.json`: averages, settings, seed, versions, and what was skipped."""
    return recorded(
        result,
        cuts=sorted({int(cut) for cut in result.forecasts.index.get_level_values("cut")}),
        summary={horizon: result.summary(horizon).to_dict("index") for horizon in HORIZONS},
        converged=int(result.forecasts["converged"].sum()),
        forecasts=len(result.forecasts),
        skipped=dict(result.skipped),
    )


def backtest_csv(result: Backtest) -> bytes:
    """`backtest.csv`: one row for each horizon, forecaster and cut."""
    tables = {horizon: result.by_cut(horizon) for horizon in HORIZONS}
    return pd.concat(tables, names=["horizon"]).to_csv().encode()


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


_SHOWN = {
    name: name.removeprefix("inside ")
    for name in ("forecaster", "cuts", "inside 50%", "inside 90%", "inside 95%", "log score", "CRPS")
}
"""Columns that the terminal has room for, and their headings there."""


def backtest_report(result: Backtest) -> RenderableType:
    """Averages over cut years in a table, and what follows in sentences."""
    tables = (
        compact(f"Averages over cut years, predicted: {words}", _averages(result.summary(horizon)), _SHOWN)
        for horizon, words in HORIZONS.items()
    )
    return Group(*tables, *map(Text, sentences(result)), *left_out(result))


def _averages(table: pd.DataFrame) -> Table:
    """Averages over cut years: coverage, scores, and what the first forecaster is ahead by."""
    first = table.index[0]

    def found(shown: str) -> Callable[[Row], str]:
        return lambda row: shown.format_map(row) if row["cuts"] else ""

    def ahead(column: str) -> Callable[[Row], str]:
        shown = found(f"{{{column}_diff:+.3f}} ± {{{column}_diff_se:.3f}}")
        return lambda row: "" if row["forecaster"] == first else shown(row)

    return Table.of(
        "averages",
        "",
        table.rename_axis("forecaster"),
        {
            "forecaster": "{forecaster}",
            "cuts": lambda row: (
                f"{row['cuts']}" + (f" ({row['not_converged']} not converged)" if row["not_converged"] else "")
            ),
            "inside 50%": found("{covered_50:.3f}"),
            "inside 90%": found("{covered_90:.3f} ± {covered_90_se:.3f}"),
            "inside 95%": found("{covered_95:.3f}"),
            "log score": found("{log_score:.3f}"),
            "first ahead by": ahead("log_score"),
            "by papers": ahead("log_score_joint"),
            "CRPS": lambda row: number(row["crps"]) if row["cuts"] else "",
        },
    )


PICTURE = "backtest.png"


def backtest_page(result: Backtest, picture: str = PICTURE) -> str:
    """Markdown: the answer with a picture at an address, averages over cut years, every forecast, how it is counted."""
    drawn = f"![Coverage of 90% predictive intervals and log scores by cut year]({picture})"
    tables = {words: _averages(result.summary(horizon)) for horizon, words in HORIZONS.items()}
    # Without benchmarks of which next to nothing was known, if there are others.
    with contextlib.suppress(BayesScalingError):
        words = f"later ones on benchmarks with at least {WELL_KNOWN} fitted"
        tables[words] = _averages(result.summary(least_known=WELL_KNOWN))
    skipped = Bullets(tuple(f"{name}: {reason}." for name, reason in result.skipped.items()))
    return render_page(
        "Are later evaluations predicted?",
        Section.of("answer", "", Bullets(tuple(sentences(result))), drawn),
        *(Section.of("", f"Averages over cut years, predicted: {words}", table) for words, table in tables.items()),
        *(
            Section.of("", f"By cut year, predicted: {words}", _by_cut(result.by_cut(horizon)))
            for horizon, words in HORIZONS.items()
        ),
        Section.of("", "How it is counted", Bullets(_EXPLAINED)),
        *((Section.of("", "Skipped", skipped),) if result.skipped else ()),
    )


_EXPLAINED = (
    "Fitted: evaluations published before 1 January of the cut year. Predicted: later ones, each with its size, "
    "data and date as known, and the effect of its paper, which is new, integrated out.",
    "Not predicted: later evaluations on a benchmark of which no evaluation was fitted.",
    "Inside: share of losses within the central posterior predictive interval. Averages count each cut year the "
    "same; ± is one standard error that takes papers as independent and fits as given.",
    "Log score: mean log predictive density of the loss, nats per evaluation; higher is better. First ahead by: the "
    "first forecaster's log score less this one's, on the same evaluations at the cuts where both converged.",
    "By papers: the same where the evaluations of a paper are scored by their joint density, which counts what a "
    "forecaster knows of their likeness; still nats per evaluation.",
    "CRPS: continuous ranked probability score, nats per token; lower is better. Where few evaluations were fitted, "
    "a posterior gives a small probability to enormous losses, and then this score says nothing else. Mean error: "
    "observed loss less the predictive median, nats per token.",
    "The paper's estimate: model 7 by its published procedure on what was known then, with normal noise of variance "
    "(sum of squared residuals) / (n - k). The paper's bootstrap: 100 resamples of rows, each with the same noise. "
    "The paper states no predictive distribution; these are the usual ones.",
    "A forecast whose chains did not agree is shown by cut and left out of averages.",
)


def _by_cut(table: pd.DataFrame) -> Table:
    return Table.of(
        "by-cut",
        "",
        table.reset_index().to_dict("records"),
        {
            "forecaster": "{forecaster}",
            "cut": "{cut}",
            "fitted": "{before}",
            "predicted": "{evaluations}",
            "papers": "{papers}",
            "not predicted": "{unseen}",
            "inside 50%": "{covered_50:.3f}",
            "inside 90%": "{covered_90:.3f} ± {covered_90_se:.3f}",
            "inside 95%": "{covered_95:.3f}",
            "log score": "{log_score:.3f} ± {log_score_se:.3f}",
            "CRPS": lambda row: number(row["crps"]),
            "mean error": "{error:+.3f}",
            "median width of 90%": "{width_90:.2f}",
            "remarks": lambda row: row["note"] if row["converged"] else f"**not converged**: {row['note']}",
        },
    )


FILES = (PICTURE, "backtest.md", "backtest.csv", "scores.csv", "backtest.json")


def write_backtest(result: Backtest, directory: Path) -> tuple[Path, ...]:
    """Write everything about a backtest but its forecasts, which are written as they end; returns the files."""
    from bayes_scaling.plots.predictive import plot_backtest

    contents = (
        picture(plot_backtest(result)),
        backtest_page(result).encode(),
        backtest_csv(result),
        result.scores.to_csv().encode(),
        backtest_json(result),
    )
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
