"""The sentences of a comparison for none, one, two and more variants that converged."""

import numpy as np
import pytest
from studies.comparison.made_scores import made_comparison

from bayes_scaling.reports.comparison_document import prose_of

BEST = "predicts one evaluation that is left out best, by more than 2 standard errors and 4 nats."


def told(*behind: float | None) -> list[str]:
    """Sentences on such variants."""
    return list(prose_of(made_comparison(*behind)).part("sentences"))


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


def test_a_tie_names_its_variants_where_they_are_few() -> None:
    """And says what a tie is, and that a weight of 0 is no loss."""
    (tie,) = [each for each in told(0.0, 0.001) if each.startswith("These data can't tell the 2 variants apart by how")]
    assert (
        "best: a. A tie is a difference within 2 standard errors or 4 nats." in tie and "a weight of 0 does not" in tie
    )
    (tie,) = [each for each in told(0.0, 0.001, 1.0) if each.startswith("These data")]
    assert tie.startswith("These data can't tell 2 of 3 variants apart (a; b) by how")


def test_what_could_not_be_left_out_names_the_variants_and_what_to_do() -> None:
    bad = np.where(np.arange(200) < 2, 0.9, 0.1)
    said = prose_of(made_comparison(0.0, 1.0, pareto_k=bad)).part("sentences")
    (one,) = [each for each in said if "left out reliably" in each]
    assert one.startswith(
        "4 evaluations could not be left out reliably, of a, b, so their ranks may change (comparison.csv"
    )
    assert 'scores["a"]' in one and "noise with heavier tails" in one


def test_one_alone_is_no_average() -> None:
    assert any(each.startswith("By a, better algorithms halved") for each in told(0.0))
    assert any(each.startswith("By b, better algorithms halved") for each in told(None, 0.0))
    assert any(each.startswith("Averaged over all models that converged, by stacking") for each in told(0.0, 0.001))
