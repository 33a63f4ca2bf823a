"""The report of a backtest, which asks whether later evaluations are predicted, and its files."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.files import BACKTEST_SCORES, BACKTEST_SETTINGS, BACKTEST_TABLE
from bayes_scaling.common.formatting import NOT_CONVERGED, counted, number
from bayes_scaling.common.strict_json import records
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.units import size_of
from bayes_scaling.plots.predictive import plot_backtest
from bayes_scaling.reports.document import Banner, Document, Row, Section, Table
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.reports.terminal import compact, left_out
from bayes_scaling.studies.backtest.result import Backtest
from bayes_scaling.studies.backtest.splits import HORIZONS
from bayes_scaling.studies.directory import recorded

WELL_KNOWN = 10  # fitted evaluations from which on a benchmark counts as well known


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


def sentences(result: Backtest) -> Iterable[str]:
    """What a backtest comes to."""
    cuts = sorted(set(result.forecasts.index.get_level_values("cut")))
    about, first = result.evaluations, result.names[0]
    yield (
        f"{counted(len(cuts), 'cut year')} ({cuts[0]} to {cuts[-1]}) on {about.name} ({size_of(about)}): all "
        "published before 1 January of the year fitted, later ones predicted."
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
    tables = (compact(table.caption, table, _SHOWN) for table in _averages(result)[: len(HORIZONS)])
    return Group(*tables, *map(Text, sentences(result)), *left_out(result))


def _averages(result: Backtest) -> list[Table]:
    tables = [_average(result.summary(horizon), horizon, words) for horizon, words in HORIZONS.items()]
    # Without benchmarks of which next to nothing was known, if there are others.
    with contextlib.suppress(BayesScalingError):
        words = f"later ones on benchmarks with at least {WELL_KNOWN} fitted"
        tables.append(_average(result.summary(least_known=WELL_KNOWN), "known", words))
    return tables


def _average(table: pd.DataFrame, name: str, words: str) -> Table:
    first = table.index[0]

    def found(shown: str) -> Callable[[Row], str]:
        return lambda row: shown.format_map(row) if row["cuts"] else ""

    def ahead(column: str) -> Callable[[Row], str]:
        shown = found(f"{{{column}_diff:+.3f}} ± {{{column}_diff_se:.3f}}")
        return lambda row: "" if row["forecaster"] == first else shown(row)

    return Table.of(
        f"averages-{name}",
        f"Averages over cut years, predicted: {words}",
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
TITLE = "Are later evaluations predicted?"


def backtest_document(result: Backtest) -> Document:
    """What a reader should see of a backtest; ``data``: what ``backtest.json`` and ``backtest.csv`` have."""
    about, *found = sentences(result)
    lost = () if result.forecasts["converged"].all() else (Banner(NOT_CONVERGED, found.pop(0)),)
    drawn = picture_of(plot_backtest(result), "by-cut-picture", "Coverage and log scores by cut year", " ".join(found))
    return Document(
        title=TITLE,
        subtitle=about,
        answer=found[0],
        banners=lost,
        sections=(
            Section.of("averages", "Averages over cut years", tuple(found), *_averages(result)),
            Section.of("by-cut", "By cut year", drawn, *_by_cut(result, f"{NOT_CONVERGED}: ")),
            *_explained(result),
        ),
        data=json.loads(backtest_json(result)) | {"table": records(result.table.reset_index())},
    )


def backtest_page(result: Backtest, picture: str = PICTURE) -> str:
    """Markdown: the answer with a picture at an address, averages over cut years, every forecast, how it is counted."""
    drawn = f"![Coverage of 90% predictive intervals and log scores by cut year]({picture})"
    tables = (*_averages(result), *_by_cut(result, "**not converged**: "))
    return render_page(
        TITLE,
        Section.of("answer", "", tuple(sentences(result)), drawn),
        *(Section.of("", table.caption, replace(table, caption="")) for table in tables),
        *_explained(result),
    )


def _explained(result: Backtest) -> Iterator[Section]:
    yield Section.of("method", "How it is counted", _EXPLAINED)
    if result.skipped:
        skipped = tuple(f"{name}: {reason}." for name, reason in result.skipped.items())
        yield Section.of("skipped", "Skipped", skipped)


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


def _by_cut(result: Backtest, lost: str) -> Iterator[Table]:
    """Every forecast; ``lost``: how remarks on one that has not converged begin."""
    for horizon, words in HORIZONS.items():
        yield Table.of(
            f"by-cut-{horizon}",
            f"By cut year, predicted: {words}",
            result.by_cut(horizon).reset_index().to_dict("records"),
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
                "remarks": lambda row: row["note"] if row["converged"] else f"{lost}{row['note']}",
            },
            marked=lambda row: not row["converged"],
        )


FILES = (PICTURE, "backtest.md", BACKTEST_TABLE, BACKTEST_SCORES, BACKTEST_SETTINGS)


def write_backtest(result: Backtest, directory: Path) -> tuple[Path, ...]:
    """Write everything about a backtest but its forecasts, which are written as they end; returns the files."""
    texts = (backtest_page(result), result.table.to_csv(), result.scores.to_csv())
    contents = (picture(plot_backtest(result)), *map(str.encode, texts), backtest_json(result))
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
