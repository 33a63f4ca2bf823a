"""A page on how well later evaluations were predicted."""

from collections.abc import Iterable

import pandas as pd

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.predictive.result import Backtest
from bayes_scaling.predictive.splits import HORIZONS
from bayes_scaling.report.backtest_text import WELL_KNOWN, sentences, summary_cells
from bayes_scaling.words import number

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
