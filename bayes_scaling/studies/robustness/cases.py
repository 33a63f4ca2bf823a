"""The robustness cases: what is fitted to which rows, and the question that each answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from bayes_scaling.errors import EvaluationsError, require_choice
from bayes_scaling.law.published import HO2024_ROBUSTNESS, PublishedDoubling
from bayes_scaling.tables import BENCHMARKS, best_per_paper, on_benchmarks, published_between, with_architecture
from bayes_scaling.tables.benchmarks import in_order, title
from bayes_scaling.tables.rows import selected_rows

Select = Callable[[pd.DataFrame], pd.DataFrame]


def _where(column: str, keep: Callable[["pd.Series[Any]"], "pd.Series[bool]"], sentence: str) -> Select:
    """Selects rows by one column; EvaluationsError if the table lacks it, or no row is left."""

    def select(evaluations: pd.DataFrame) -> pd.DataFrame:
        if column not in evaluations:
            raise EvaluationsError(f"the selection {sentence!r} needs the column {column!r}, which the table lacks")
        return selected_rows(evaluations, keep(evaluations[column]), sentence)

    return select


def _known(column: str) -> Select:
    return _where(column, pd.Series.notna, f"with known {column}")


BASELINE = "baseline"
"""The case that all others are compared with: the paper's preferred model on all rows."""
_BASE = "ho2024/07"


@dataclass(frozen=True)
class Case:
    """One choice that differs from the baseline's, and the ``question`` that it answers, in one line.

    ``delta``: the paper's penalty as a prior, 0 for the stated ones; ``select``: rows, with a sentence in
    ``attrs["selections"]``; ``table``: packaged, in place of the one at hand; ``era``: whose doubling time is shown.
    """

    name: str
    question: str
    specification: str = _BASE
    delta: float = 0.0
    select: Select | None = None
    table: str | None = None
    era: str | None = None

    @property
    def published(self) -> PublishedDoubling | None:
        """What Ho et al. 2024 report for it, if they do."""
        return HO2024_ROBUSTNESS.get(self.name)


def _alone(name: str, benchmark: str) -> Case:
    question = f"What does {title(benchmark)} alone say?"
    return Case(name, question, select=lambda table: on_benchmarks(table, benchmark))


CASES: tuple[Case, ...] = (
    Case(BASELINE, "What does the paper's preferred model say, with priors on quantities that people can judge?"),
    Case("published-penalty", "Do the priors matter, against the paper's own penalty as a prior?", delta=0.0025),
    Case("reference", "What does the recommended specification say?", "reference"),
    Case("irreducible", "Does a loss that no scale removes matter?", "robustness/irreducible"),
    Case("papers", "Does it matter that results of one paper resemble each other?", "robustness/papers"),
    Case("vocabulary", "Does the size of the vocabulary matter?", "ho2024/19"),
    Case(
        "vocabulary-known",
        "Does the size of the vocabulary matter, on rows where it is known?",
        "ho2024/19",
        select=_known("vocabulary"),
    ),
    Case(
        "tokens-seen",
        "Do tokens seen matter more than unique ones, on rows with known epochs?",
        "robustness/tokens-seen",
        select=_known("epochs"),
    ),
    Case(
        "tokens-seen-imputed",
        "Do tokens seen matter more than unique ones, with missing epochs imputed?",
        "robustness/tokens-seen-imputed",
    ),
    Case(
        "repetition",
        "Does it matter that repeated tokens are worth less, with missing epochs imputed?",
        "robustness/repetition",
    ),
    Case(
        "repetition-known",
        "Does it matter that repeated tokens are worth less, on rows with known epochs?",
        "robustness/repetition",
        select=_known("epochs"),
    ),
    Case("compute-only", "Does it matter how training compute is split into parameters and data?", "ho2024/18"),
    *(
        Case(f"{name}-{era}", f"How fast was progress {era} the transformer, {how}?", f"robustness/{name}", era=era)
        for name, how in (
            ("bend-2017", "if it changed pace there"),
            ("jump-2017", "in the paper's form, which jumps there"),
        )
        for era in ("before", "after")
    ),
    Case(
        "transformers", "What do transformers alone say?", select=lambda table: with_architecture(table, "transformer")
    ),
    Case(
        "other-architectures",
        "What do systems other than transformers say?",
        select=_where("architecture", lambda column: column != "transformer", "without transformers"),
    ),
    Case(
        "after-transformer",
        "What do systems published since the transformer say?",
        select=partial(published_between, start="2017-06-12"),
    ),
    Case("transformer-factor", "Does it matter that transformers may start lower?", "robustness/transformer-factor"),
    Case("hicks-neutral", "What if progress lowers both terms of the loss at one rate?", "ho2024/12"),
    Case(
        "nearly-neutral",
        "What if progress lowers both terms of the loss at nearly one rate?",
        "robustness/nearly-neutral",
    ),
    Case("student-t", "Do outliers matter?", "robustness/student-t"),
    Case(
        "best-of-paper",
        "Does it matter that papers count with up to three results?",
        select=partial(best_per_paper, k=1),
    ),
    Case(
        "without-doubt",
        "Do the rows whose figures are in doubt matter?",
        select=_where("doubt", pd.Series.isna, "without values in doubt"),
    ),
    *(_alone(benchmark.name, benchmark.name) for benchmark in BENCHMARKS),
    Case(
        "collected",
        "What do results collected independently say, all comparable ones with paper effects?",
        "reference",
        table="collected",
    ),
    Case(
        "collected-best",
        "What do results collected independently say, the best three of each paper?",
        "reference",
        table="collected",
        select=best_per_paper,
    ),
)
"""All cases of the packaged tables, in the order in which they are shown; the baseline first."""


def cases_of(evaluations: pd.DataFrame | None = None) -> tuple[Case, ...]:
    """:data:`CASES`, with one more for each further benchmark of a table, after the paper's."""
    names = [case.name for case in CASES]
    labels = () if evaluations is None or "benchmark" not in evaluations else evaluations["benchmark"].dropna()
    theirs = [label for label in in_order(labels) if label not in [benchmark.name for benchmark in BENCHMARKS]]
    last = names.index(BENCHMARKS[-1].name) + 1
    others = (_alone(f"on {label}" if label in names else label, label) for label in theirs)
    return (*CASES[:last], *others, *CASES[last:])


def chosen(names: Sequence[str] | None = None, evaluations: pd.DataFrame | None = None) -> tuple[Case, ...]:
    """Cases by name, in the order of :func:`cases_of`, the baseline always among them."""
    cases = cases_of(evaluations)
    for name in names or ():
        require_choice("case", name, [case.name for case in cases])
    return tuple(case for case in cases if names is None or case.name in (BASELINE, *names))
