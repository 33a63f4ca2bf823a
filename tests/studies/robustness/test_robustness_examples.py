"""Names and sizes of the cases."""

import pandas as pd

from bayes_scaling.studies.robustness.cases import cases_of, chosen
from bayes_scaling.studies.robustness.result import rows_in_words
from bayes_scaling.studies.robustness.run import planned
from bayes_scaling.tables import load_evaluations, on_benchmarks


def test_cases_of() -> None:
    assert [case.name for case in cases_of(pd.DataFrame({"benchmark": ["mine", "lm1b", "ptb"]}))][-6:] == [
        "wt2",
        "ptb",
        "lm1b",
        "mine",
        "collected",
        "collected-best",
    ]


def test_chosen() -> None:
    assert [case.name for case in chosen(["wt2", "papers"])] == ["baseline", "papers", "wt2"]


def test_rows_in_words() -> None:
    table = load_evaluations()
    assert (rows_in_words(table, table), rows_in_words(on_benchmarks(table, "ptb"), table)) == ("all rows", "on ptb")


def test_planned() -> None:
    plan = planned(cases=["vocabulary-known"])
    assert {name: len(task.evaluations) for name, task in plan.tasks.items()} == {
        "baseline": 231,
        "vocabulary-known": 185,
    }
