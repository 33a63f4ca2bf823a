"""The sentences of a comparison for none, one, two and more variants that converged."""

import numpy as np
import pytest
from made_fits import made_fit
from studies.comparison.made_scores import STUCK, made_record, made_score

from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.reports.comparison_document import prose_of
from bayes_scaling.studies.comparison.result import Comparison, comparison_table

BEST = "predicts one evaluation that is left out best, by more than 2 standard errors and 4 nats."
BASE = np.random.default_rng(0).normal(0, 0.4, 200)


def told(*behind: float | None) -> list[str]:
    """Sentences on variants a, b, ... that are so many nats a term behind; None: it did not converge."""
    records = {}
    for name, less in zip("abcd", behind, strict=False):
        score = made_score(BASE - (less or 0.0))
        records[name] = made_record(name, score) if less is not None else made_record(name, score, diagnostics=STUCK)
    fit = made_fit(g_N=np.full(100, 0.5), g_D=np.full(100, 0.3), g_C=np.full(100, 0.8))
    return list(
        prose_of(
            Comparison(
                table=comparison_table(records),
                unit="evaluation",
                evaluations=EvaluationsSummary("made", 200, 200, ()),
                scores={name: record.elpd for name, record in records.items()},
                fits={name: fit for name, less in zip("abcd", behind, strict=False) if less is not None},
            )
        ).part("sentences")
    )


@pytest.mark.parametrize(
    ("behind", "first", "second"),
    [
        ((None,), "1 variant on made", None),
        ((None, None), "2 variants on made", None),
        ((0.0,), "; it converged.", "a is the only variant, so there is no other to rank it with."),
        (
            (None, 0.0),
            "; 1 did not converge: out",
            "Only b, of 2 variants, has converged, so there is no other to rank it with.",
        ),
        ((0.4, 0.0), "; all converged.", f"Of 2 variants, b {BEST}"),
        ((0.4, 0.0, 0.4), "; all converged.", f"Of 3 variants, b {BEST}"),
        ((0.4, 0.0, None), "; 1 did not converge: out", f"Of 2 variants that converged, b {BEST}"),
    ],
)
def test_the_best_is_best_of_those_there_are(behind, first, second) -> None:
    found = told(*behind)
    assert first in found[0]
    assert [each for each in found if each == second] == ([] if second is None else [second])
    # Nothing but one of them may speak of a best.
    assert sum(each.startswith(("Of ", "Only ", "These data")) or "the only variant" in each for each in found) == (
        second is not None
    )


def test_without_any_that_converged_nothing_follows() -> None:
    (one,) = told(None)
    assert one.endswith("; it did not converge, so it has no rank and no weight.")
    (two,) = told(None, None)
    assert two.endswith("; none converged, so there are no ranks and no weights.")


def test_a_tie_of_two_names_the_best() -> None:
    (tie,) = [each for each in told(0.0, 0.001) if each.startswith("These data can't tell 2 of 2 variants apart")]
    assert "best: a." in tie and "Within 2 standard errors, or 4 nats" in tie


def test_one_alone_is_no_average() -> None:
    assert any(each.startswith("By a, better algorithms halved") for each in told(0.0))
    assert any(each.startswith("By b, better algorithms halved") for each in told(None, 0.0))
    assert any(each.startswith("Averaged over all models that converged, by stacking") for each in told(0.0, 0.001))
