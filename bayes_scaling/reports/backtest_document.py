"""The report of a backtest, which asks whether later evaluations or large runs are predicted, and its files."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
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
from bayes_scaling.quantities.domain import EDGE_COMPUTE, EDGE_DISTANCE, WITHIN
from bayes_scaling.reports.document import Banner, Document, Row, Section, Table
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.reports.terminal import compact, left_out
from bayes_scaling.studies.backtest.result import Backtest
from bayes_scaling.studies.directory import recorded

WELL_KNOWN = 10  # fitted evaluations from which on a benchmark counts as well known


@dataclass(frozen=True)
class _Words:
    """How a report speaks of one kind of table: of a row, a cut, an average, and what is fitted and predicted."""

    title: str
    row: str
    cut: str
    by: str
    predicted: str
    split: str
    explained: tuple[str, ...]


def _words(result: Backtest) -> _Words:
    return _WORDS[result.evaluations.kind]


def _cuts(result: Backtest) -> list[int | str]:
    """Cuts in order: years, or of runs as they were asked for."""
    cuts = list(dict.fromkeys(result.forecasts.index.get_level_values("cut")))
    return cuts if result.evaluations.kind == "runs" else sorted(map(int, cuts))


def backtest_json(result: Backtest) -> bytes:
    """`backtest.json`: averages, settings, seed, versions, what was skipped, and of runs every prediction."""
    return recorded(
        result,
        cuts=_cuts(result),
        summary={horizon: result.summary(horizon).to_dict("index") for horizon in result.horizons},
        converged=int(result.forecasts["converged"].sum()),
        forecasts=len(result.forecasts),
        skipped=dict(result.skipped),
        **({"predictions": records(result.predictions)} if result.evaluations.kind == "runs" else {}),
    )


def sentences(result: Backtest) -> Iterable[str]:
    """What a backtest comes to."""
    cuts, words = _cuts(result), _words(result)
    about, first = result.evaluations, result.names[0]
    which = f"{cuts[0]} to {cuts[-1]}" if len(cuts) > 1 or about.kind == "evaluations" else cuts[0]
    yield f"{counted(len(cuts), words.cut)} ({which}) on {about.name} ({size_of(about)}): {words.split}."
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
        f"{first}: 90% predictive intervals hold {row['covered_90']:.1%} of {words.predicted}, averaged over "
        f"{counted(int(row['cuts']), words.cut)} (standard error {row['covered_90_se']:.1%}, {words.by} independent); "
        f"50% intervals hold {row['covered_50']:.1%}, 95% intervals {row['covered_95']:.1%}."
    )
    if about.kind == "runs":
        parts = "; ".join(
            f"{result.horizons[name]}: {part['absolute_error_percent']:.2f}%, inside {part['covered_90']:.0%}"
            for name in list(result.horizons)[1:]
            if (part := result.summary(name).loc[first])["cuts"]
        )
        yield (
            f"The median of {first} is off by {row['absolute_error_percent']:.2f}% of the loss on average "
            f"({row['error_percent']:+.2f}% with its sign)" + (f"; by distance: {parts}." if parts else ".")
        )
    for name in result.names[1:]:
        row = table[name]
        if row["compared_cuts"]:
            over, ahead = counted(int(row["compared_cuts"]), words.cut), int(row["cuts_ahead"])
            yield (
                f"{first} less {name}: {row['log_score_diff']:+.2f} ± {row['log_score_diff_se']:.2f} nats per "
                f"{words.row}, log score over {over} (standard error over {words.by}); ahead at {ahead} of them."
            )


_SHOWN = {
    name: name.removeprefix("inside ")
    for name in ("forecaster", "cuts", "inside 50%", "inside 90%", "inside 95%", "error", "log score", "CRPS")
}
"""Columns that the terminal has room for, and their headings there."""


def backtest_report(result: Backtest) -> RenderableType:
    """Averages over cuts in a table, and what follows in sentences."""
    tables = (
        compact(table.caption, table, {name: head for name, head in _SHOWN.items() if name in table.columns})
        for table in _averages(result)[: len(result.horizons)]
    )
    return Group(*tables, *map(Text, sentences(result)), *left_out(result))


def _averages(result: Backtest) -> list[Table]:
    tables = [_average(result, result.summary(name), name, words) for name, words in result.horizons.items()]
    # Without benchmarks of which next to nothing was known, if there are others.
    with contextlib.suppress(BayesScalingError):
        words = f"later ones on benchmarks with at least {WELL_KNOWN} fitted"
        if result.evaluations.kind == "evaluations":
            tables.append(_average(result, result.summary(least_known=WELL_KNOWN), "known", words))
    return tables


def _average(result: Backtest, table: pd.DataFrame, name: str, words: str) -> Table:
    first = table.index[0]

    def found(shown: str) -> Callable[[Row], str]:
        return lambda row: shown.format_map(row) if row["cuts"] else ""

    def ahead(column: str) -> Callable[[Row], str]:
        shown = found(f"{{{column}_diff:+.3f}} ± {{{column}_diff_se:.3f}}")
        return lambda row: "" if row["forecaster"] == first else shown(row)

    runs = result.evaluations.kind == "runs"
    return Table.of(
        f"averages-{name}",
        f"Averages over {_words(result).cut}s, predicted: {words}",
        table.rename_axis("forecaster"),
        {
            "forecaster": "{forecaster}",
            "cuts": lambda row: (
                f"{row['cuts']}" + (f" ({row['not_converged']} not converged)" if row["not_converged"] else "")
            ),
            "inside 50%": found("{covered_50:.3f}"),
            "inside 90%": found("{covered_90:.3f} ± {covered_90_se:.3f}"),
            "inside 95%": found("{covered_95:.3f}"),
            **({"error": found("{absolute_error_percent:.2f}%")} if runs else {}),
            "log score": found("{log_score:.3f}"),
            "first ahead by": ahead("log_score"),
            f"by {_words(result).by}": ahead("log_score_joint"),
            "CRPS": lambda row: number(row["crps"]) if row["cuts"] else "",
        },
    )


PICTURE = "backtest.png"


def backtest_document(result: Backtest) -> Document:
    """What a reader should see of a backtest; ``data``: what ``backtest.json`` and ``backtest.csv`` have."""
    about, *found = sentences(result)
    lost = () if result.forecasts["converged"].all() else (Banner(NOT_CONVERGED, found.pop(0)),)
    words = _words(result)
    drawn = picture_of(plot_backtest(result), "by-cut-picture", _drawn(result), " ".join(found))
    return Document(
        title=words.title,
        subtitle=about,
        answer=found[0],
        banners=lost,
        sections=(
            Section.of("averages", f"Averages over {words.cut}s", tuple(found), *_averages(result)),
            Section.of("by-cut", f"By {words.cut}", drawn, *_by_cut(result, f"{NOT_CONVERGED}: ")),
            *_explained(result),
        ),
        data=json.loads(backtest_json(result)) | {"table": records(result.table.reset_index())},
    )


def backtest_page(result: Backtest, picture: str = PICTURE) -> str:
    """Markdown: the answer with a picture at an address, averages over cut years, every forecast, how it is counted."""
    drawn = f"![{_drawn(result)}]({picture})"
    tables = (*_averages(result), *_by_cut(result, "**not converged**: "))
    return render_page(
        _words(result).title,
        Section.of("answer", "", tuple(sentences(result)), drawn),
        *(Section.of("", table.caption, replace(table, caption="")) for table in tables),
        *_explained(result),
    )


def _drawn(result: Backtest) -> str:
    """What the picture shows."""
    if result.evaluations.kind == "runs":
        return "90% predictive intervals and what was observed, by distance from the runs fitted"
    return "Coverage of 90% predictive intervals and log scores by cut year"


def _explained(result: Backtest) -> Iterator[Section]:
    yield Section.of("method", "How it is counted", _words(result).explained)
    if result.skipped:
        skipped = tuple(f"{name}: {reason}." for name, reason in result.skipped.items())
        yield Section.of("skipped", "Skipped", skipped)


_SCORES = (
    "Log score: mean log predictive density of the loss, nats per {row}; higher is better. First ahead by: the "
    "first forecaster's log score less this one's, on the same {row}s at the cuts where both converged.",
    "By {by}: the same where the {row}s of a {of} are scored by their joint density, which counts what a "
    "forecaster knows of their likeness; still nats per {row}.",
    "CRPS: continuous ranked probability score, nats per token; lower is better. Where few {row}s were fitted, "
    "a posterior gives a small probability to enormous losses, and then this score says nothing else. Mean error: "
    "observed loss less the predictive median, nats per token.",
)
_LOST = "A forecast whose chains did not agree is shown by cut and left out of averages."
_WORDS = {
    "evaluations": _Words(
        "Are later evaluations predicted?",
        "evaluation",
        "cut year",
        "papers",
        "later evaluations",
        "all published before 1 January of the year fitted, later ones predicted",
        (
            "Fitted: evaluations published before 1 January of the cut year. Predicted: later ones, each with its "
            "size, data and date as known, and the effect of its paper, which is new, integrated out.",
            "Not predicted: later evaluations on a benchmark of which no evaluation was fitted.",
            "Inside: share of losses within the central posterior predictive interval. Averages count each cut year "
            "the same; ± is one standard error that takes papers as independent and fits as given.",
            *(each.format(row="evaluation", by="papers", of="paper") for each in _SCORES),
            "The paper's estimate: model 7 by its published procedure on what was known then, with normal noise of "
            "variance (sum of squared residuals) / (n - k). The paper's bootstrap: 100 resamples of rows, each with "
            "the same noise. The paper states no predictive distribution; these are the usual ones.",
            _LOST,
        ),
    ),
    "runs": _Words(
        "Do small runs predict the large ones?",
        "run",
        "split",
        "series",
        "the runs held out",
        "runs that are held out are predicted from the others alone",
        (
            "Nothing of a fit sees a run that is held out: not its loss, nor for centring or for the best of a sweep.",
            "Inside: share of losses within the central posterior predictive interval of a new run, noise included. "
            "Averages count each split the same; ± is one standard error that takes series (without them, runs) as "
            "independent and fits as given. Error: how far the predictive median is from the loss, mean of absolute "
            "percentages.",
            f"Domain: inside, where compute (6 N D) is at most {WITHIN:.0%} above the largest fitted, and the "
            f"distance from the middle of the runs' ln N and ln D, in units of their spread, at most {WITHIN:g} above "
            f"the largest of a run fitted; edge, up to {EDGE_COMPUTE:g} times that compute and {EDGE_DISTANCE:g} above "
            "that distance; beyond, all else.",
            *(each.format(row="run", by="series", of="series") for each in _SCORES),
            "Huber's estimate: the constants of Chinchilla's law with the least Huber loss (Besiroglu et al. 2024), "
            "with normal noise on the log loss of variance (sum of squared residuals) / (n - 5). Its bootstrap: 100 "
            "resamples of runs, each with the same noise. Power law of compute: least squares of log loss on log "
            "compute, with its prediction interval.",
            _LOST,
        ),
    ),
}


def _by_cut(result: Backtest, lost: str) -> Iterator[Table]:
    """Every forecast; ``lost``: how remarks on one that has not converged begin."""
    said, runs = _words(result), result.evaluations.kind == "runs"
    for horizon, words in result.horizons.items():
        yield Table.of(
            f"by-cut-{horizon}",
            f"By {said.cut}, predicted: {words}",
            result.by_cut(horizon).reset_index().to_dict("records"),
            {
                "forecaster": "{forecaster}",
                "cut": "{cut}",
                "fitted": "{before}",
                "predicted": "{evaluations}",
                said.by: "{papers}",
                **({} if runs else {"not predicted": "{unseen}"}),
                "inside 50%": "{covered_50:.3f}",
                "inside 90%": "{covered_90:.3f} ± {covered_90_se:.3f}",
                "inside 95%": "{covered_95:.3f}",
                "log score": "{log_score:.3f} ± {log_score_se:.3f}",
                "CRPS": lambda row: number(row["crps"]),
                "mean error": "{error_percent:+.2f}%" if runs else "{error:+.3f}",
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
