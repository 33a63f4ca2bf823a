"""The report of a backtest, which asks whether later evaluations or large runs are predicted, and its files."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.files import BACKTEST_SCORES, BACKTEST_SETTINGS, BACKTEST_TABLE
from bayes_scaling.common.formatting import NOT_CONVERGED, number, plus_minus
from bayes_scaling.common.strict_json import records
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.units import size_of
from bayes_scaling.plots.predictive import plot_backtest
from bayes_scaling.quantities import domain
from bayes_scaling.reports.document import Document, Section
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.terminal import Compact, left_out
from bayes_scaling.studies.backtest.backtest import backtest_json
from bayes_scaling.studies.backtest.result import Backtest

PICTURE, PAGE = "backtest.png", "backtest.md"
FILES = (PICTURE, PAGE, BACKTEST_TABLE, BACKTEST_SCORES, BACKTEST_SETTINGS)
ENOUGH = 0.8  # share inside 90% intervals from which on the answer is yes
WELL_KNOWN = 10  # fitted evaluations from which on a benchmark counts as well known
_WORDS = {
    "evaluations": {
        **{"noun": "evaluation", "cut": "cut year", "by": "papers", "of": "paper", "predicted": "later evaluations"},
        "split": "all published before 1 January of the year fitted, later ones predicted",
        "drawn": "Coverage of 90% predictive intervals and log scores by cut year",
    },
    "runs": {
        **{"noun": "run", "cut": "split", "by": "series", "of": "series", "predicted": "the runs held out"},
        "split": "runs that are held out are predicted from the others alone",
        "drawn": "90% predictive intervals and what was observed, by distance from the runs fitted",
    },
}
"""How a report speaks of each kind of table: of a row, a cut, what is independent, and what is fitted and predicted."""


def prose_of(result: Backtest, mark: str = f"{NOT_CONVERGED}: ") -> Prose:
    """The text of its report; ``mark``: how remarks on a forecast that has not converged begin."""
    kind, first = result.evaluations.kind, result.names[0]
    summaries = {name: result.summary(name).rename_axis("forecaster") for name in result.horizons}
    whole, *parts = summaries
    return Prose(
        "backtest",
        **{"plot_backtest": plot_backtest, "precise": number, "plus_minus": plus_minus, "size_of": size_of},
        **{"ENOUGH": ENOUGH, "domain": domain},
        **{"it": result, "runs": kind == "runs", "first": first, "about": result.evaluations, "mark": mark},
        **_WORDS[kind],
        lost=[f"{name} {cut}" for name, cut in result.forecasts.index[~result.forecasts["converged"]]],
        row=summaries[whole].loc[first].to_dict(),
        others=records(summaries[whole].drop(index=first)),
        by_distance=[(result.horizons[name], row) for name in parts if (row := summaries[name].loc[first])["cuts"]],
        averaged=[(name, result.horizons[name], table) for name, table in summaries.items()] + [*_well_known(result)],
        by_cut=[(name, words, result.by_cut(name).reset_index()) for name, words in result.horizons.items()],
    )


def _well_known(result: Backtest) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Averages without benchmarks of which next to nothing was known, if there are others."""
    if result.evaluations.kind == "evaluations":
        words = f"later ones on benchmarks with at least {WELL_KNOWN} fitted"
        with suppress(BayesScalingError):
            yield "known", words, result.summary(least_known=WELL_KNOWN).rename_axis("forecaster")


def sentences(result: Backtest) -> tuple[str, ...]:
    """What a backtest comes to, the answer first."""
    return tuple(prose_of(result).part("sentences"))


def backtest_document(result: Backtest) -> Document:
    """What a reader should see of a backtest; ``data``: what ``backtest.json`` and ``backtest.csv`` have."""
    return prose_of(result).document(json.loads(backtest_json(result)) | {"table": records(result.table.reset_index())})


def backtest_page(result: Backtest, picture: str = PICTURE) -> str:
    """Markdown: the answer with a picture at an address, averages over cut years, every forecast, how it is counted."""
    prose = prose_of(result, "**not converged**: ")
    drawn = f"![{_WORDS[result.evaluations.kind]['drawn']}]({picture})"
    tables = (*prose.part("averages"), *prose.part("by_cut"))
    return render_page(
        prose.part("title")[0],
        Section.of("answer", "", tuple(prose.part("sentences")), drawn),
        *(Section.of("", table.caption, replace(table, caption="")) for table in tables),
        *prose.sections("explained"),
    )


_SHOWN = ("forecaster", "cuts", "inside 90%", "error", "log score", "inside 50%", "inside 95%", "CRPS")
"""Columns that the terminal shows, the most important first."""


def backtest_report(result: Backtest) -> RenderableType:
    """Averages over cuts in a table, and what follows in sentences."""
    prose = prose_of(result)
    tables = (
        Compact(table.caption, table, {name: name for name in _SHOWN if name in table.columns}, PAGE)
        for table in prose.part("averages")[: len(result.horizons)]
    )
    answer, *said = map(Text, prose.part("sentences"))
    return Group(answer, Text(), *tables, *said, *left_out(result))


def write_backtest(result: Backtest, directory: Path) -> tuple[Path, ...]:
    """Write everything about a backtest but its forecasts, which are written as they end; returns the files."""
    texts = (backtest_page(result), result.table.to_csv(), result.scores.to_csv())
    contents = (picture(plot_backtest(result)), *map(str.encode, texts), backtest_json(result))
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
