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


BASELINE = "baseline"  # the case that all others are compared with: the paper's preferred model on all rows
_BASE = "ho2024/07"
_SEEN, _REPETITION = "robustness/tokens-seen", "robustness/repetition"
_EPOCHS, _VOCABULARY = _known("epochs"), _known("vocabulary")
_OTHERS = _where("architecture", lambda column: column != "transformer", "without transformers")
_SINCE: Select = partial(published_between, start="2017-06-12")
_WITHOUT_DOUBT = _where("doubt", pd.Series.isna, "without values in doubt")


@dataclass(frozen=True)
class Case:
    """One choice that differs from the baseline's, and the ``question`` that it answers, in one line.

    ``delta``: the paper's penalty as a prior, 0 for the stated ones; ``select``: rows, with a sentence in
    ``attrs["selections"]``; ``table``: packaged, in place of the one at hand; ``era``: whose doubling time is shown.
    """

    name: str
    question: str
    specification: str = _BASE
    select: Select | None = None
    delta: float = 0.0
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
    Case("published-penalty", "What if the paper's own penalty stands in place of the priors?", delta=0.0025),
    Case("reference", "What does the recommended specification say?", "reference"),
    Case("irreducible", "What if part of the loss is irreducible?", "robustness/irreducible"),
    Case("papers", "What if results of one paper resemble each other?", "robustness/papers"),
    Case("vocabulary", "What if the loss depends on the size of the vocabulary?", "ho2024/19"),
    Case("vocabulary-known", "What if the loss depends on a known vocabulary?", "ho2024/19", _VOCABULARY),
    Case("tokens-seen", "What if all tokens seen count, where epochs are known?", _SEEN, _EPOCHS),
    Case("tokens-seen-imputed", "What if all tokens seen count, missing epochs imputed?", f"{_SEEN}-imputed"),
    Case("repetition", "What if repeated tokens are worth less, missing epochs imputed?", _REPETITION),
    Case("repetition-known", "What if repeated tokens are worth less, with known epochs?", _REPETITION, _EPOCHS),
    Case("compute-only", "What if training compute counts, however it is split into parameters and data?", "ho2024/18"),
    *(
        Case(f"{name}-{era}", f"How fast was progress {era} the transformer, {how}?", f"robustness/{name}", era=era)
        for name, how in {"bend-2017": "if it changed pace there", "jump-2017": "if its effect jumped there"}.items()
        for era in ("before", "after")
    ),
    Case("transformers", "What do transformers say?", select=lambda table: with_architecture(table, "transformer")),
    Case("other-architectures", "What do systems other than transformers say?", select=_OTHERS),
    Case("after-transformer", "What do systems published since the transformer say?", select=_SINCE),
    Case("transformer-factor", "What if transformers start from another loss?", "robustness/transformer-factor"),
    Case("hicks-neutral", "What if progress lowers both terms of the loss at one rate?", "ho2024/12"),
    Case("nearly-neutral", "What if progress lowers both terms at nearly one rate?", "robustness/nearly-neutral"),
    Case("student-t", "What if outliers are to be expected?", "robustness/student-t"),
    Case("best-of-paper", "What does the best result of each paper say?", select=partial(best_per_paper, k=1)),
    Case("without-doubt", "What do the rows without a doubtful figure say?", select=_WITHOUT_DOUBT),
    *(_alone(benchmark.name, benchmark.name) for benchmark in BENCHMARKS),
    Case("collected", "What do independently collected results say?", "reference", table="collected"),
    Case("collected-best", "What do the best collected results say?", "reference", best_per_paper, table="collected"),
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
