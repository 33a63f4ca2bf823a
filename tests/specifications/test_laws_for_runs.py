"""Laws for tables of runs that say more than sizes: what they state, against their sources, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from made_runs import made_runs

import bayes_scaling as bs
from bayes_scaling.law.muennighoff import MUENNIGHOFF
from bayes_scaling.model.rows import anchor_of, make_rows
from bayes_scaling.model.structure import Coefficient, expected_loss
from bayes_scaling.specifications.parameters import OVERFITTING
from bayes_scaling.tables.columns import is_runs

EPOCHS = np.array([0.5, 1, 1, 2, 4, 40, 400, 9000.0])


@pytest.fixture
def repeated() -> pd.DataFrame:
    """Runs of which some repeat tokens and some have more parameters than these can use."""
    runs = made_runs(models=8)
    parameters = runs["parameters"] / np.tile([1, 1, 300, 1, 300, 1, 300, 300], 3)
    return runs.assign(epochs=np.tile(EPOCHS, 3), parameters=parameters).drop(columns="flop")


def published(specification: bs.Specification, **further: float) -> dict[str, Coefficient]:
    """The published law as coefficients at the central point of a specification."""
    anchor, base = anchor_of(specification), MUENNIGHOFF.base
    values = {
        "E": base.E,
        "log_A": np.log(base.A) - base.alpha * np.log(anchor.parameters),
        "log_B": np.log(base.B) - base.beta * np.log(anchor.common_tokens),
        **{"alpha": base.alpha, "beta": base.beta, "repetition_scale": MUENNIGHOFF.R_D, **further},
    }
    return {name: Coefficient(np.array([[value]])) for name, value in values.items()}


def test_repeated_tokens_and_excess_parameters_are_worth_what_the_source_says(repeated) -> None:
    specification = bs.load_specification("runs/repeated")
    rows = make_rows(specification, repeated)
    found = expected_loss(published(specification, excess_scale=MUENNIGHOFF.R_N), rows.covariates, rows.index)
    unique = repeated["tokens"] / np.maximum(repeated["epochs"], 1)
    expected = MUENNIGHOFF.loss(repeated["parameters"], repeated["tokens"], unique)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)
    best = MUENNIGHOFF.best_parameters(unique)
    assert 0 < (repeated["parameters"] > best).sum() < len(repeated)  # both branches of the minimum


def test_overfitting_adds_nothing_to_a_first_pass_and_a_power_law_beyond(repeated) -> None:
    specification = bs.load_specification("runs/overfitting")
    rows = make_rows(specification, repeated)
    plain = published(specification)
    penalty = dict(zip(OVERFITTING, (0.01, 0.8, 1.1), strict=True))
    added = (
        expected_loss(published(specification, **penalty), rows.covariates, rows.index)
        - expected_loss(plain, rows.covariates, rows.index)
    )[0]
    unique = repeated["tokens"] / np.maximum(repeated["epochs"], 1)
    again = np.maximum(repeated["epochs"] - 1, 0)
    np.testing.assert_allclose(added, 0.01 * again**0.8 * (repeated["parameters"] / unique) ** 1.1, atol=1e-12)
    assert (added == 0).sum() == 9


def test_epochs_follow_from_unique_tokens_where_they_are_not_given() -> None:
    table = pd.DataFrame(
        {
            "parameters": ["1e9"] * 3,
            "tokens": ["4e10", "4e10", "1e10"],
            "unique_tokens": ["1e10", "1e10", "2e10"],
            "loss": ["2.8", "2.8", "2.9"],
        }
    )
    with pytest.warns(bs.RunsWarning):
        assert bs.read_runs(table)["epochs"].tolist() == [4.0, 4.0, 0.5]
    with pytest.warns(bs.RunsWarning):
        assert bs.read_runs(table.assign(epochs=["3", "", ""]))["epochs"].tolist() == [3.0, 4.0, 0.5]


@pytest.mark.parametrize(
    ("specification", "said"),
    [
        ("runs/repeated-tokens", "needs column epochs (of runs how often tokens were seen; or unique_tokens"),
        ("robustness/tokens-seen", "is of unique tokens, and those of runs are as seen (use 'repeated')"),
    ],
)
def test_a_table_without_repetitions_is_refused(specification, said) -> None:
    runs = made_runs(models=8).assign(benchmark="web", published=pd.Timestamp("2024-01-01"))
    runs.attrs["kind"] = "runs"
    assert is_runs(runs)
    with pytest.raises(bs.EvaluationsError) as caught:
        make_rows(bs.load_specification(specification), runs)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("data", "progress", "said"),
    [
        ({"overfitting": "penalty"}, {}, "overfitting need tokens = 'repeated'"),
        ({"excess_parameters": "decay"}, {}, "excess_parameters and overfitting need tokens = 'repeated'"),
        (
            {"tokens": "repeated", "excess_parameters": "decay"},
            {"parameters": "constant_rate"},
            "does not go with [progress], by which the best number of parameters changes",
        ),
    ],
)
def test_what_needs_repetitions_says_so(data, progress, said) -> None:
    with pytest.raises(bs.SpecificationError) as caught:
        bs.Specification.from_dict("mine", {"law": "chinchilla", "data": data, "progress": progress})
    assert said in str(caught.value)


def test_a_law_of_repetitions_is_not_told_that_tokens_repeat(repeated) -> None:
    from bayes_scaling.tables.plausibility import findings

    told = {
        name: {each.code for each in findings(repeated.assign(flop=1e20), bs.load_specification(name).used_columns)}
        for name in ("chinchilla", "runs/repeated-tokens")
    }
    assert "repetition" in told["chinchilla"]
    assert "repetition" not in told["runs/repeated-tokens"]
