"""Architectures and flags have the same levels for every table: where it has but one, priors know the other."""

import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.specification import Specification

COEFFICIENTS = {"alpha": "1 + architecture + log(vocabulary)", "reducible": "0 + test_time_adaptation"}
MINE = Specification(name="mine", coefficients=COEFFICIENTS)


@pytest.fixture
def table(collected: pd.DataFrame) -> pd.DataFrame:
    return collected[collected["vocabulary"].notna()]


@pytest.mark.parametrize("transformers", [True, False])
def test_a_table_of_one_architecture_predicts_the_other(table, transformers) -> None:
    known = table[(table["architecture"] == "transformer") == transformers]
    rows = make_rows(MINE, known)
    assert set(rows.covariates["alpha_architecture_0"]) == {float(transformers)}
    assert rows.covariates["alpha_log_vocabulary_0"].mean() == pytest.approx(0, abs=1e-12)
    assert rows.predictors is not None
    assert rows.predictors.levels["alpha_architecture_level"] == ("architecture[transformer]",)
    others, _ = rows.predictors.arrays(table)
    assert others["alpha_architecture_0"].tolist() == (table["architecture"] == "transformer").astype(float).tolist()


def test_a_flag_that_the_table_lacks_is_0_and_may_be_1_in_what_is_predicted(table) -> None:
    rows = make_rows(MINE, table.drop(columns="test_time_adaptation"))
    assert not rows.covariates["reducible_test_time_adaptation_0"].any()
    assert rows.predictors is not None
    others, _ = rows.predictors.arrays(table)
    assert others["reducible_test_time_adaptation_0"].tolist() == table["test_time_adaptation"].astype(float).tolist()


def test_training_runs_have_no_flags_to_be_taken_as_0() -> None:
    mine = Specification(name="mine", coefficients={"alpha": "1 + zero_shot"})
    with pytest.raises(bs.EvaluationsError, match="needs column zero_shot"):
        make_rows(mine, bs.load_runs())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="zero_shot"), "zero_shot is 0 in .*rests on its prior; the table has no column"),
        (lambda t: t.assign(zero_shot=True), "zero_shot is 1 in .*rests on its prior$"),
        (lambda t: bs.with_architecture(t, "transformer"), "architecture is transformer in .*rests on its prior$"),
        (lambda t: t[t["architecture"] != "transformer"], "architecture is not transformer in "),
    ],
)
def test_a_single_level_is_said_where_it_is_used(table, change, message) -> None:
    changed, used = change(table), (message.split()[0],)
    assert not [each for each in bs.findings(changed) if each.code == "one-level"]
    (said,) = [each for each in bs.findings(changed, used) if each.code == "one-level"]
    assert said.severity == "warning"
    assert pd.Series([said.message]).str.contains(message).all()
    assert not [each for each in bs.findings(table, used) if each.code == "one-level"]
