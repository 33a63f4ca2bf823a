"""A table as the arrays that a specification needs, and refusals of tables that lack something."""

import traceback

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from bayes_scaling import EvaluationsError, load_evaluations, load_specification
from bayes_scaling.law.formula import effective_epochs
from bayes_scaling.model.rows import Anchor, anchor_of, central_anchor, counted_tokens, make_rows, sample_minima
from bayes_scaling.specifications.catalogue import list_specifications
from bayes_scaling.specifications.progress import Progress, era_codes
from bayes_scaling.specifications.sections import Data
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables import BENCHMARKS, decimal_year

NEEDED = ("paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture")


@pytest.fixture
def table() -> pd.DataFrame:
    """A few evaluations on each benchmark."""
    return load_evaluations().groupby("benchmark", sort=False).head(5).copy()


def refusal(name: str, table: pd.DataFrame) -> str:
    with pytest.raises(EvaluationsError) as caught:
        make_rows(load_specification(name), table)
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("Traceback (most recent call last)") == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize("column", NEEDED)
def test_a_missing_column(column: str, table: pd.DataFrame) -> None:
    message = refusal("ho2024/07", table.drop(columns=column))
    assert f"specification 'ho2024/07' needs column {column}, which the table lacks" in message
    assert "add it or choose another specification (`bayes-scaling models`)" in message


@pytest.mark.parametrize(("name", "column"), [("ho2024/19", "vocabulary"), ("ho2024/20", "epochs")])
def test_a_missing_column_that_only_some_specifications_need(name: str, column: str, table: pd.DataFrame) -> None:
    without = table.drop(columns=column)
    assert f"specification '{name}' needs column {column}, which the table lacks" in refusal(name, without)
    assert len(make_rows(load_specification("ho2024/07"), without).ids) == len(table)


def test_all_missing_columns_in_one_message(table: pd.DataFrame) -> None:
    assert "needs column parameters, tokens" in refusal("ho2024/07", table.drop(columns=["tokens", "parameters"]))


@pytest.mark.parametrize("column", NEEDED)
def test_a_gap(column: str, table: pd.DataFrame) -> None:
    table.loc[table.index[[3, 7]], column] = None
    message = refusal("ho2024/07", table)
    assert f"column {column} is empty in 2 row(s), first {table.index[3]!r}" in message
    assert "select with bs.comparable_rows, or fill it" in message


@pytest.mark.parametrize(("name", "column"), [("ho2024/07", "vocabulary"), ("ho2024/20", "epochs")])
def test_gaps_that_are_allowed(name: str, column: str, table: pd.DataFrame) -> None:
    table[column] = np.nan
    assert len(make_rows(load_specification(name), table).ids) == len(table)


def test_an_id_twice(table: pd.DataFrame) -> None:
    doubled = pd.concat([table, table.iloc[[2]]])
    assert refusal("ho2024/07", doubled) == f"row id {table.index[2]!r} stands twice; ids must be unique"


def test_an_empty_table(table: pd.DataFrame) -> None:
    assert refusal("ho2024/07", table.iloc[:0]) == "the table has no rows; loosen the selection"


def test_a_benchmark_without_any_vocabulary(table: pd.DataFrame) -> None:
    table["vocabulary"] = 10_000.0
    table.loc[table["benchmark"] == "ptb", "vocabulary"] = np.nan
    message = refusal("ho2024/19", table)
    assert "specification 'ho2024/19' needs at least one vocabulary for each benchmark" in message
    assert "none for: ptb" in message


def test_a_benchmark_that_is_absent_needs_no_vocabulary(table: pd.DataFrame) -> None:
    table["vocabulary"] = 10_000.0
    rows = make_rows(load_specification("ho2024/19"), table[table["benchmark"] != "ptb"])
    assert "ptb" not in rows.levels["benchmark"]


# `read_evaluations` checks all of this; a table built or changed by hand was not checked by anybody.


def test_any_benchmark_is_a_level_but_for_the_papers_own_form(table: pd.DataFrame) -> None:
    table["benchmark"] = table["benchmark"].astype(object)
    table.loc[table.index[4], "benchmark"] = "mine"
    specification = load_specification("ho2024/07")
    rows = make_rows(specification, table)
    assert rows.levels["benchmark"] == ("wt103", "wt2", "ptb", "mine")
    assert rows.covariates["log_tokens"][4] == 0.0  # its own tokens are the central ones
    with pytest.raises(EvaluationsError, match=r"benchmark 'mine' .* has no coefficient in the paper's form"):
        make_rows(specification.with_published_penalty(0.01), table)


@pytest.mark.parametrize(
    ("column", "value", "least"),
    [
        ("perplexity", 0.0, 1),
        ("perplexity", 1.0, 1),
        ("perplexity", -3.0, 1),
        ("perplexity", np.inf, 1),
        ("parameters", 0.0, 0),
        ("parameters", np.inf, 0),
        ("tokens", -1e6, 0),
        ("tokens", np.inf, 0),
    ],
)
def test_a_value_without_a_logarithm(column: str, value: float, least: int, table: pd.DataFrame) -> None:
    table[column] = table[column].astype(float)
    table.loc[table.index[6], column] = value
    message = refusal("ho2024/07", table)
    assert message.startswith(f"{column} ")
    assert message.endswith(f"(row {table.index[6]!r}) must be a finite number above {least}")


# ---------------------------------------------------------------------- arrays


def test_rows_keep_the_tables_order(table: pd.DataFrame) -> None:
    shuffled = table.sample(frac=1, random_state=0)
    rows = make_rows(load_specification("ho2024/07"), shuffled)
    assert rows.ids == tuple(shuffled.index)
    assert_allclose(rows.response, np.log(shuffled["perplexity"]))
    for group in ("benchmark", "paper"):
        names = [rows.levels[group][code] for code in rows.index[group]]
        assert names == list(shuffled[group])


def test_benchmarks_stand_in_one_order_whatever_the_table(table: pd.DataFrame) -> None:
    order = [benchmark.name for benchmark in BENCHMARKS]
    rows = make_rows(load_specification("ho2024/07"), table.sort_values("benchmark"))
    assert list(rows.levels["benchmark"]) == [name for name in order if name in set(table["benchmark"])]


def test_every_architecture_but_the_transformer_is_other(table: pd.DataFrame) -> None:
    table["architecture"] = ["transformer", "recurrent", "state-space"] * 5
    rows = make_rows(load_specification("ho2024/13"), table)
    assert rows.levels["architecture"] == ("other", "transformer")
    assert rows.index["architecture"].tolist() == [1, 0, 0] * 5


def test_sizes_are_relative_to_the_anchor(table: pd.DataFrame) -> None:
    tokens = {benchmark.name: 1e6 * number for number, benchmark in enumerate(BENCHMARKS, 1)}
    covariates = make_rows(load_specification("ho2024/07"), table, Anchor(1e7, tokens, 2015.0)).covariates
    assert_allclose(covariates["log_parameters"], np.log(table["parameters"] / 1e7))
    assert_allclose(covariates["log_tokens"], np.log(table["tokens"] / table["benchmark"].map(tokens)))
    assert set(covariates) == {"log_parameters", "log_tokens", "years"}


def test_compute_is_six_times_parameters_times_tokens(table: pd.DataFrame) -> None:
    specification = load_specification("ho2024/18")
    anchor = central_anchor(specification)
    covariates = make_rows(specification, table).covariates
    at_anchor = 6 * anchor.parameters * table["benchmark"].map(dict(anchor.tokens))
    assert_allclose(covariates["log_compute"], np.log(6 * table["parameters"] * table["tokens"] / at_anchor))
    assert set(covariates) == {"log_compute", "years"}


def test_a_model_without_progress_needs_no_years(table: pd.DataFrame) -> None:
    assert set(make_rows(load_specification("ho2024/16"), table).covariates) == {"log_parameters", "log_tokens"}


def test_drift_vanishes_in_2018_and_at_the_pivot(table: pd.DataFrame) -> None:
    specification = load_specification("ho2024/14")
    table["published"] = pd.Timestamp("2018-01-01")
    covariates = make_rows(specification, table).covariates
    assert_allclose(covariates["drift_parameters"], 0, atol=1e-12)
    table["published"] = pd.Timestamp("2019-01-01")
    table["parameters"], table["tokens"] = 2e6, 8.88e5 * np.e
    covariates = make_rows(specification, table).covariates
    assert_allclose(covariates["drift_parameters"], 0, atol=1e-12)
    assert_allclose(covariates["drift_tokens"], 2018 * np.log(2019 / 2018))


def test_the_papers_anchor_is_the_samples_least() -> None:
    evaluations = load_evaluations()
    anchor = sample_minima(evaluations)
    assert anchor.parameters == 2.0e6
    assert set(anchor.tokens.values()) == {888_000}
    assert anchor.year == pytest.approx(2012.4876712, abs=1e-7)
    assert anchor.compute == (6 * evaluations["parameters"] * evaluations["tokens"]).min() == 1.1148e13
    assert anchor.compute > 6 * 2.0e6 * 888_000  # the least of both is no system's


def test_a_penalised_specification_stands_on_the_samples_least(table: pd.DataFrame) -> None:
    covariates = make_rows(load_specification("ho2024/07").with_published_penalty(0.0025), table).covariates
    for name in ("log_parameters", "log_tokens", "years"):
        assert covariates[name].min() == 0


def test_a_penalised_compute_law_stands_on_the_samples_least_compute(table: pd.DataFrame) -> None:
    covariates = make_rows(load_specification("ho2024/18").with_published_penalty(0.0025), table).covariates
    assert covariates["log_compute"].min() == 0
    assert covariates["years"].min() == 0


def test_effective_epochs_do_not_move_the_papers_anchor(table: pd.DataFrame) -> None:
    """Model 20 counts repeated tokens but divides by D0, the least number of unique ones."""
    table["epochs"] = 3.0
    worth, plain = (
        make_rows(load_specification(name).with_published_penalty(0.0025), table).covariates["log_tokens"]
        for name in ("ho2024/20", "ho2024/07")
    )
    assert plain.min() == 0
    assert_allclose(worth - plain, np.log(effective_epochs(3.0, 2.9157, as_published_2024=True)))


@pytest.mark.parametrize("name", [n for n in list_specifications() if load_specification(n).pivot is not None])
def test_the_papers_pivots_are_the_samples_least(name: str) -> None:
    specification, anchor = load_specification(name), sample_minima(load_evaluations())
    assert specification.pivot is not None
    least = {"parameters": anchor.parameters, "tokens": anchor.tokens["wt103"], "year": anchor.year}
    for key in specification.pivots:
        assert getattr(specification.pivot, key) == pytest.approx(least[key], rel=1e-13), key


def test_the_anchor_is_the_central_point_where_no_pivot_takes_it_elsewhere() -> None:
    for name in ("ho2024/07", "reference", "ho2024/14", "ho2024/15"):  # pivots of drift act on the drift alone
        specification = load_specification(name)
        assert anchor_of(specification) == central_anchor(specification)


def test_a_pivot_takes_the_anchor_as_far_as_it_goes() -> None:
    by_year, by_size = load_specification("ho2024/04"), load_specification("ho2024/13")
    centre = central_anchor(by_year)
    assert anchor_of(by_year) == Anchor(centre.parameters, centre.tokens, 2012.4876712328767)
    assert anchor_of(by_size) == Anchor(2e6, dict.fromkeys(centre.tokens, 8.88e5), 2018.0)


def test_one_level_stands_on_one_training_text() -> None:
    own = {benchmark.name: benchmark.tokens for benchmark in BENCHMARKS}
    assert central_anchor(load_specification("ho2024/07")).tokens == own
    middle = np.prod([float(tokens) for tokens in own.values()]) ** (1 / len(own))
    assert central_anchor(load_specification("ho2024/01")).tokens == pytest.approx(dict.fromkeys(own, middle))


def test_missing_epochs_count_as_one_pass_in_the_papers_way(table: pd.DataFrame) -> None:
    table["epochs"] = 1.0
    once = make_rows(load_specification("ho2024/20"), table).covariates["log_tokens"]
    table["epochs"] = np.nan
    missing = make_rows(load_specification("ho2024/20"), table).covariates["log_tokens"]
    assert_allclose(missing, once)
    plain = make_rows(load_specification("ho2024/07"), table).covariates["log_tokens"]
    assert_allclose(once - plain, np.log(1.847), atol=1e-3)


def tokens_of(table: pd.DataFrame, **data: str) -> np.ndarray:
    return counted_tokens(Specification("mine", data=Data(**data)), table).fresh


def test_tokens_seen_are_unique_tokens_times_epochs(table: pd.DataFrame) -> None:
    table["epochs"] = [1.0, 4.0, np.nan, 0.5, 10.0] * 3
    passes = np.array([1, 4, 1, 0.5, 10] * 3)
    assert_allclose(tokens_of(table, tokens="seen"), table["tokens"] * passes)
    seen, unique = (
        make_rows(load_specification(name), table).covariates for name in ("robustness/tokens-seen", "ho2024/07")
    )
    assert_allclose(seen["log_tokens"] - unique["log_tokens"], np.log(passes), atol=1e-12)


def test_missing_epochs_are_the_median_of_their_benchmark(table: pd.DataFrame) -> None:
    table["epochs"] = np.nan
    for name, values in {"wt103": [2.0, 4.0, 30.0], "wt2": [7.0], "ptb": [10.0, 20.0]}.items():
        table.loc[table.index[table["benchmark"] == name][: len(values)], "epochs"] = values
    expected = {"wt103": [2, 4, 30, 4, 4], "wt2": [7] * 5, "ptb": [10, 20, 15, 15, 15]}
    found = tokens_of(table, tokens="seen", missing_epochs="median") / table["tokens"]
    for name, values in expected.items():
        assert_allclose(found[table["benchmark"] == name], values)
    repeated = make_rows(load_specification("robustness/repetition"), table).covariates["repetitions"]
    assert_allclose(repeated + 1, found)


def test_repetitions_are_passes_beyond_the_first(table: pd.DataFrame) -> None:
    table["epochs"] = [1.0, 4.0, 1.0, 0.5, 10.0] * 3
    specification = load_specification("robustness/repetition")
    assert_allclose(make_rows(specification, table).covariates["repetitions"], [0, 3, 0, 0, 9] * 3)
    counted = counted_tokens(specification, table)
    assert_allclose(counted.fresh, table["tokens"] * ([1, 1, 1, 0.5, 1] * 3))  # half a pass leaves half unseen


@pytest.mark.parametrize("name", ["robustness/repetition", "robustness/tokens-seen-imputed"])
def test_a_benchmark_without_any_epochs(name: str, table: pd.DataFrame) -> None:
    table["epochs"] = 3.0
    table.loc[table["benchmark"] == "wt2", "epochs"] = np.nan
    message = refusal(name, table)
    assert message == f"specification '{name}' needs at least one number of epochs for each benchmark; none for: wt2"
    assert len(make_rows(load_specification("robustness/tokens-seen"), table).ids) == len(table)


@pytest.mark.parametrize("name", ["robustness/repetition", "robustness/tokens-seen", "robustness/tokens-seen-imputed"])
def test_a_table_without_epochs(name: str, table: pd.DataFrame) -> None:
    message = refusal(name, table.drop(columns="epochs"))
    assert f"specification '{name}' needs column epochs, which the table lacks" in message


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf])
def test_epochs_without_a_logarithm(value: float, table: pd.DataFrame) -> None:
    table["epochs"] = np.nan
    table.loc[table.index[6], "epochs"] = value
    message = refusal("robustness/tokens-seen", table)
    assert message == f"epochs {value!r} (row {table.index[6]!r}) must be a finite number above 0"


def by_era(at_cut: str, cut_year: float) -> Specification:
    progress = Progress(parameters="constant_rate", data="constant_rate", cut_year=cut_year, at_cut=at_cut)
    return Specification("mine", varies_by={"g_N": "era"}, progress=progress)


@pytest.mark.parametrize("at_cut", ["bend", "jump"])
def test_years_of_both_eras_add_up(at_cut: str) -> None:
    evaluations = load_evaluations()
    covariates = make_rows(by_era(at_cut, 2017.444), evaluations).covariates
    assert_allclose(covariates["years_before"] + covariates["years_after"], covariates["years"], atol=1e-12)
    if at_cut == "bend":  # counted from 2018: a row before the cut lacks all years between the cut and 2018
        assert covariates["years_after"].min() == pytest.approx(2017.444 - 2018)
        assert covariates["years_before"].max() == 0
    else:
        assert np.all(covariates["years_before"] * covariates["years_after"] == 0)


def test_years_are_left_out_where_all_rates_differ_by_era() -> None:
    covariates = make_rows(load_specification("robustness/bend-2017"), load_evaluations()).covariates
    assert set(covariates) == {"log_parameters", "log_tokens", "years_before", "years_after"}


@pytest.mark.parametrize(("cut_year", "era"), [(2030.0, "after"), (2000.0, "before")])
def test_an_era_without_evaluations(cut_year: float, era: str) -> None:
    with pytest.raises(EvaluationsError) as caught:
        make_rows(by_era("bend", cut_year), load_evaluations())
    assert str(caught.value) == (
        f"specification 'mine' has rates before and after {cut_year:g}, but no evaluation was published {era} it; "
        "choose a [progress] cut_year between 2012.488 and 2023.389, or more rows"
    )


def test_the_paper_of_the_transformer_is_before_the_cut() -> None:
    """As in the published code, where later means a date above 2017.444."""
    year = decimal_year(pd.Series(pd.to_datetime(["2017-06-12", "2017-06-13"])))
    assert era_codes(load_specification("robustness/jump-2017").progress, year).tolist() == [0, 1]


def test_a_missing_vocabulary_is_the_median_of_its_benchmark(table: pd.DataFrame) -> None:
    table["vocabulary"] = np.nan
    for name, values in {"wt103": [260e3, 270e3, 280e3], "wt2": [33e3], "ptb": [8e3, 10e3]}.items():
        table.loc[table.index[table["benchmark"] == name][: len(values)], "vocabulary"] = values
    filled = np.exp(make_rows(load_specification("ho2024/19"), table).covariates["log_vocabulary"])
    expected = {"wt103": [260e3, 270e3, 280e3, 270e3, 270e3], "wt2": [33e3] * 5, "ptb": [8e3, 10e3, 9e3, 9e3, 9e3]}
    for name, values in expected.items():
        assert_allclose(filled[(table["benchmark"] == name).to_numpy()], values)
