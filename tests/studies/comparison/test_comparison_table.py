"""Ranks, weights, ties and refusals, on scores with known terms."""

from dataclasses import replace

import numpy as np
import pytest
from made_fits import fit_around_made_runs, fit_of_posterior
from made_runs import made_runs
from studies.comparison.made_scores import STUCK, made_record, made_score

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.studies.comparison.compare import compare_fits
from bayes_scaling.studies.comparison.elpd import Record
from bayes_scaling.studies.comparison.result import (
    COLUMNS,
    TIE_NATS,
    Comparison,
    check_comparable,
    comparison_table,
    ranked,
)

RNG = np.random.default_rng(0)
BASE = RNG.normal(0, 0.4, 200)
CONTRACT = [
    "model",
    "variant",
    "rank",
    "elpd",
    "se",
    "elpd_diff",
    "dse",
    "p",
    "weight",
    "loo_mse",
    "pareto_k_max",
    "pareto_k_bad",
    "rhat_max",
    "ess_bulk_min",
    "divergences",
    "converged",
    "compute_doubling_months_median",
    "compute_doubling_months_lower",
    "compute_doubling_months_upper",
    "seconds",
]


def comparison_of(records) -> Comparison:
    return Comparison(
        table=comparison_table(records),
        unit="evaluation",
        evaluations=EvaluationsSummary("made", 200, 200, ()),
        scores={name: record.elpd for name, record in records.items()},
        fits={},
    )


@pytest.fixture
def records():
    return {
        "good": made_record("good", made_score(BASE)),
        "close": made_record("close", made_score(BASE - 0.001 + RNG.normal(0, 0.05, 200))),
        "bad": made_record("bad", made_score(BASE - 0.4)),
        "stuck": made_record("stuck", made_score(BASE + 1), diagnostics=STUCK),
    }


def test_columns_start_with_those_of_the_contract(records) -> None:
    table = comparison_table(records)
    assert list(table.columns) == list(COLUMNS)
    assert list(table.columns)[: len(CONTRACT)] == CONTRACT


def test_differences_and_their_errors_are_those_of_the_terms(records) -> None:
    table = comparison_table(records)
    difference = records["bad"].elpd.terms - records["good"].elpd.terms
    assert table.loc["bad", "elpd_diff"] == pytest.approx(difference.sum())
    close = records["close"].elpd.terms - records["good"].elpd.terms
    expected = np.sqrt(len(close) * close.var())
    first, second = table.index[:2]
    assert {first, second} == {"good", "close"}
    assert table.loc[second, "dse"] == pytest.approx(expected)
    assert table.loc[first, "elpd_diff"] == 0 and table.loc[first, "dse"] == 0
    assert list(table["rank"][:3]) == [0, 1, 2]


def test_what_has_not_converged_is_last_marked_and_without_rank_or_weight(records) -> None:
    table = comparison_table(records)
    assert table.index[-1] == "stuck"  # although its elpd is the highest
    row = table.loc["stuck"]
    assert not row["converged"] and "R-hat" in row["reason"]
    assert row[["rank", "weight", "elpd_diff", "dse"]].isna().all()
    assert table["weight"].sum() == pytest.approx(1)
    assert "stuck" not in comparison_of(records).weights.index


def test_ties_are_named(records) -> None:
    assert set(comparison_of(records).tied) == {"good", "close"}
    assert TIE_NATS == 4


def test_nothing_converged_gives_a_table_without_ranks() -> None:
    table = comparison_table({"a": made_record("a", made_score(BASE), diagnostics=STUCK)})
    assert table["rank"].isna().all()
    with pytest.raises(BayesScalingError, match="no variant has converged"):
        comparison_of({"a": made_record("a", made_score(BASE), diagnostics=STUCK)}).averaged_doubling_times()


def test_one_model_has_all_the_weight() -> None:
    table = ranked({"only": made_score(BASE)})
    assert table.loc["only"].to_dict() == {
        "rank": 0,
        "elpd_diff": 0,
        "dse": 0,
        "weight": 1,
        "weight_pseudo_bma": 1,
    }


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (made_score(BASE, unit="paper"), "cross-validated by paper"),
        (made_score(BASE[:150]), "fitted to 150 evaluations"),
        (made_score(BASE, labels=[f"other-{i}" for i in range(200)]), "other evaluations, such as 'other-0'"),
        (made_score(BASE, labels=[f"row-{i}" for i in range(199, -1, -1)]), "in another order"),
        (made_score(BASE, observed=np.linspace(2, 6, 200)), "other observed losses"),
    ],
)
def test_scores_of_different_data_are_refused_by_name(other, what) -> None:
    with pytest.raises(BayesScalingError, match=f"'second' can't be compared with 'first'.*{what}"):
        check_comparable({"first": made_score(BASE), "second": other})


def test_fits_of_different_tables_are_refused_before_anything_is_worked_out(monkeypatch) -> None:
    runs = made_runs()
    one = fit_around_made_runs(draws=10)
    fewer = fit_of_posterior(one.specification, runs[:20], one.posterior)
    fewer = replace(fewer, specification=replace(one.specification, name="fewer"))
    monkeypatch.setattr("bayes_scaling.studies.comparison.compare.score", lambda *_, **__: pytest.fail("worked out"))
    what = f"'fewer' can't be compared with 'chinchilla-normal': fitted to 20 evaluations, the other to {len(runs)}"
    with pytest.raises(BayesScalingError, match=what):
        compare_fits([one, fewer])


def test_records_come_back_equal() -> None:
    record = made_record("ho2024/07", made_score(BASE, how=("refit",) + ("psis",) * 199), label="delta=0.01")
    again = Record.from_bytes(record.to_bytes())
    assert again.doubling == dict(record.doubling) and again.diagnostics == record.diagnostics
    assert np.array_equal(again.elpd.terms, record.elpd.terms)
    assert again.elpd.how == record.elpd.how and again.elpd.labels == record.elpd.labels


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, 2]", b"\x80\x03junk", b'{"unit": "evaluation"}'])
def test_what_is_no_record_is_refused(content) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Record.from_bytes(content)


def test_counts_of_bad_units() -> None:
    k = np.full(200, 0.1)
    k[:3] = 0.9
    assert made_score(BASE, pareto_k=k).bad == 3
    assert made_score(BASE, unreliable=2).bad == 2
