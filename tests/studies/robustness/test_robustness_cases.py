"""Robustness cases: which there are, which rows they take, and which a table does not allow."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.law.published import HO2024_ROBUSTNESS
from bayes_scaling.studies.robustness.cases import BASELINE, CASES, cases_of, chosen
from bayes_scaling.studies.robustness.result import rows_in_words
from bayes_scaling.studies.robustness.run import planned, robustness
from bayes_scaling.studies.study import Study

ROWS = {
    "vocabulary-known": 185,
    "tokens-seen": 128,
    "repetition-known": 128,
    "transformers": 104,
    "other-architectures": 127,
    "after-transformer": 201,
    "best-of-paper": 144,
    "without-doubt": 173,
    "wt103": 103,
    "wt2": 48,
    "ptb": 80,
    "collected": 297,
    "collected-best": 201,
}
ALL_ROWS = 231
ERAS = {"bend-2017-before", "bend-2017-after", "jump-2017-before", "jump-2017-after"}


@pytest.fixture(scope="module")
def plan():
    return planned()


def test_names_are_unique_and_every_published_figure_has_a_case() -> None:
    names = [case.name for case in CASES]
    assert names[0] == BASELINE and max(Counter(names).values()) == 1
    assert set(HO2024_ROBUSTNESS) <= set(names)


def test_the_papers_table_allows_every_case_with_the_expected_number_of_rows(plan) -> None:
    assert plan.skipped == {} and list(plan.tasks) == [case.name for case in CASES]
    found = {name: len(task.evaluations) for name, task in plan.tasks.items()}
    assert found == {case.name: ROWS.get(case.name, ALL_ROWS) for case in CASES}


def test_selected_rows_are_those_that_their_sentence_says(plan) -> None:
    assert set(plan.tasks["transformers"].evaluations["architecture"]) == {"transformer"}
    assert "transformer" not in set(plan.tasks["other-architectures"].evaluations["architecture"])
    assert plan.tasks["after-transformer"].evaluations["published"].min() >= pd.Timestamp(2017, 6, 12)
    assert plan.tasks["best-of-paper"].evaluations["paper"].is_unique
    assert plan.tasks["without-doubt"].evaluations["doubt"].isna().all()
    assert plan.tasks["vocabulary-known"].evaluations["vocabulary"].notna().all()
    assert plan.tasks["tokens-seen"].evaluations["epochs"].notna().all()
    for benchmark in ("wt103", "wt2", "ptb"):
        assert set(plan.tasks[benchmark].evaluations["benchmark"]) == {benchmark}
    whole = plan.tasks[BASELINE].evaluations
    assert rows_in_words(plan.tasks["other-architectures"].evaluations, whole) == "without transformers"
    assert (
        rows_in_words(plan.tasks["collected-best"].evaluations, whole)
        == "collected: comparable rows; best 3 of each paper"
    )


def test_two_eras_share_a_fit_and_all_other_cases_have_their_own(plan) -> None:
    files = Counter(task.file for task in plan.tasks.values())
    shared = {name for name, task in plan.tasks.items() if files[task.file] == 2}
    assert shared == ERAS == {case.name for case in CASES if case.era is not None}
    assert plan.count == len(CASES) - 2
    assert {case.era for case in CASES} == {None, "before", "after"}


def test_the_longest_is_fitted_first(monkeypatch) -> None:
    class Sent(Exception):
        """Instead of running them."""

    def sent(self, tasks, **options):
        raise Sent(list(tasks.values()))

    monkeypatch.setattr(Study, "run", sent)
    with pytest.raises(Sent) as caught:
        robustness()
    (tasks,) = caught.value.args
    assert tasks[0].variant.specification.delta == 0.0025
    assert len(tasks[-1].evaluations) == 48


def test_cases_are_chosen_by_name_and_the_baseline_is_always_among_them() -> None:
    assert [case.name for case in chosen(["wt2", "papers", "wt2"])] == [BASELINE, "papers", "wt2"]
    assert chosen() == CASES
    with pytest.raises(
        bs.BayesScalingError, match="case = 'wt104' is not valid; choose one of: baseline, published-penalty"
    ):
        chosen(["papers", "wt104"])


def test_further_benchmarks_of_a_table_have_cases_after_those_of_the_paper(ho2024) -> None:
    table = ho2024.assign(benchmark=np.resize(["papers", "ptb", "lm1b", "mine"], len(ho2024)))
    names = [case.name for case in cases_of(table)]
    assert names[names.index("wt103") :] == ["wt103", "wt2", "ptb", "lm1b", "on papers", "mine", *names[-2:]]
    questions = {case.name: case.question for case in cases_of(table)}
    assert questions["lm1b"] == "What does One Billion Word alone say?"
    assert questions["on papers"] == "What does papers alone say?"
    (case,) = chosen(["on papers"], table)[1:]
    assert set(case.select(table)["benchmark"]) == {"papers"}
    assert cases_of(ho2024) == cases_of() == CASES
    with pytest.raises(bs.BayesScalingError, match="case = 'lm1b' is not valid"):
        chosen(["lm1b"], ho2024)


def test_columns_that_a_table_lacks_cost_the_cases_that_need_them_alone(ho2024) -> None:
    plan = planned(ho2024.drop(columns=["vocabulary", "epochs", "doubt"]))
    assert set(plan.skipped) == {
        *("vocabulary", "vocabulary-known", "tokens-seen", "tokens-seen-imputed", "repetition", "repetition-known"),
        *("without-doubt", "collected", "collected-best"),
    }
    assert "needs column vocabulary, which the table lacks" in plan.skipped["vocabulary"]
    assert "needs the column 'epochs', which the table lacks" in plan.skipped["tokens-seen"]
    assert "packaged table 'collected'" in plan.skipped["collected"]


def test_rows_that_a_table_lacks_cost_the_cases_that_need_them_alone(ho2024) -> None:
    late = ho2024.pipe(bs.published_between, start="2018-01-01").pipe(bs.with_architecture, "transformer")
    plan = planned(late.pipe(bs.on_benchmarks, "wt103"))
    assert "no evaluation was published before it" in plan.skipped["bend-2017-before"]
    assert "no row is left" in plan.skipped["other-architectures"] and "no row is left" in plan.skipped["ptb"]
    for name in ("transformers", "after-transformer", "wt103"):
        assert "keeps every row" in plan.skipped[name]
    assert "at least 10 evaluations" in planned(ho2024.iloc[:20], ["wt2"]).skipped["wt2"]


def test_a_table_that_does_not_allow_the_baseline_is_refused(ho2024) -> None:
    with pytest.raises(bs.BayesScalingError, match="needs column tokens"):
        planned(ho2024.drop(columns="tokens"))
    with pytest.raises(bs.BayesScalingError, match="at least 10 evaluations, and the table has 9"):
        planned(ho2024.iloc[:9])
