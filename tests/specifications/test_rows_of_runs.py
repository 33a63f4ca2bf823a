"""A table of training runs as the arrays that a static law needs, and refusals of what does not fit together."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import KAPLANS, OF_LOSS_AND_SIZES, made_runs
from numpy.testing import assert_allclose

from bayes_scaling import EvaluationsError, fit, load_evaluations, load_specification, simulate_isoflop
from bayes_scaling.inference.fitting import fit_fingerprint, summary_of
from bayes_scaling.inference.sampling import structure_key
from bayes_scaling.inference.settings import Settings
from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.model.coordinates import from_level_and_share
from bayes_scaling.model.requirements import papers_of
from bayes_scaling.model.rows import central_anchor, make_rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.catalogue import catalogue_directory
from bayes_scaling.specifications.sections import Centre, Data, Noise
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.columns import is_runs
from bayes_scaling.tables.soundness import as_table

STATIC = Specification("static", irreducible_loss="shared")


@pytest.fixture
def runs() -> pd.DataFrame:
    return made_runs()


def refusal(specification: Specification, table: pd.DataFrame) -> str:
    with pytest.raises(EvaluationsError) as caught:
        make_rows(specification, table)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------------- what a table of runs is


def test_runs_are_recognised_by_their_columns(runs: pd.DataFrame) -> None:
    assert is_runs(runs)
    assert is_runs(runs[["parameters", "tokens", "loss"]])
    assert not is_runs(load_evaluations())
    assert not is_runs(load_evaluations().assign(loss=3.0))
    for column in ("parameters", "tokens", "loss"):
        assert not is_runs(runs.drop(columns=column))


def test_without_series_each_run_is_its_own_paper(runs: pd.DataFrame) -> None:
    assert papers_of(runs).tolist() == list(runs.index)
    assert summary_of(runs).papers == summary_of(runs).rows == len(runs)
    assert summary_of(runs).kind == "runs"
    assert summary_of(load_evaluations()).kind == "evaluations"


def test_series_are_the_papers_of_runs_and_a_gap_is_a_series_of_its_own() -> None:
    runs = made_runs(series=True)
    runs.loc[runs.index[3], "series"] = None
    papers = papers_of(runs)
    assert papers.iloc[3] == runs.index[3]
    assert papers.drop(runs.index[3]).equals(runs["series"].drop(runs.index[3]).astype(object))
    rows = make_rows(STATIC, runs)
    assert [rows.levels["paper"][code] for code in rows.index["paper"]] == papers.tolist()
    assert summary_of(runs).papers == 4


# ---------------------------------------------------------------------- arrays


def test_rows_of_runs_are_losses_and_sizes_relative_to_the_central_point(runs: pd.DataFrame) -> None:
    for name in OF_LOSS_AND_SIZES:
        specification = load_specification(name)
        rows = make_rows(specification, runs)
        assert rows.ids == tuple(runs.index)
        assert_allclose(rows.response, runs["loss"])
        assert set(rows.covariates) == {"log_parameters", "log_tokens"}
        assert_allclose(rows.covariates["log_parameters"], np.log(runs["parameters"] / 1e9))
        assert_allclose(rows.covariates["log_tokens"], np.log(runs["tokens"] / 2e10), atol=1e-12)
        assert set(rows.index) == {"paper"}


def test_rows_of_runs_for_a_law_of_compute(runs: pd.DataFrame) -> None:
    specification = Specification("c", law="compute", irreducible_loss="shared", centre=Centre(1e9, 2e10))
    covariates = make_rows(specification, runs).covariates
    assert set(covariates) == {"log_compute"}
    assert_allclose(covariates["log_compute"], np.log(6 * runs["parameters"] * runs["tokens"] / 1.2e20), atol=1e-12)


def test_numbers_for_ids_become_text(runs: pd.DataFrame) -> None:
    assert make_rows(STATIC, runs.reset_index(drop=True)).ids[:2] == ("0", "1")


def test_a_static_law_on_evaluations_stays_possible() -> None:
    evaluations = load_evaluations()
    rows = make_rows(load_specification("chinchilla"), evaluations)
    assert_allclose(rows.response, np.log(evaluations["perplexity"]))


# ---------------------------------------------------------------------- the central point


@given(parameters=st.floats(1e3, 1e12), tokens=st.floats(1e3, 1e14), level=st.floats(1, 6), share=st.floats(0.1, 0.9))
def test_the_loss_at_the_central_point_is_the_level(
    parameters: float, tokens: float, level: float, share: float
) -> None:
    specification = replace(STATIC, centre=Centre(parameters, tokens))
    runs = made_runs().assign(parameters=parameters, tokens=tokens)
    rows = make_rows(specification, runs)
    values = {"level": level, "irreducible_share": 0.4, "share": share, "alpha": 0.3, "beta": 0.4}
    values = {name: np.array([[value]]) for name, value in values.items()}
    found = expected_loss(from_level_and_share(specification, values, rows.levels), rows.covariates, rows.index)
    assert_allclose(found, level)


def test_what_a_centre_leaves_out_is_the_defaults() -> None:
    default = central_anchor(STATIC)
    assert central_anchor(replace(STATIC, centre=Centre(parameters=1e9))).tokens == default.tokens
    by_tokens = central_anchor(replace(STATIC, centre=Centre(tokens=2e10)))
    assert (by_tokens.parameters, by_tokens.year) == (default.parameters, default.year)
    assert set(by_tokens.tokens.values()) == {2e10}
    assert set(by_tokens.tokens) == set(default.tokens)


def test_a_centre_and_a_scale_of_noise_make_another_structure_and_another_fit(runs: pd.DataFrame) -> None:
    """What is compiled has the central point in A and B, so equal structures must have equal centres."""
    plain = load_specification("chinchilla-normal")
    others = [replace(plain, centre=Centre(1e9, 3e10)), replace(plain, noise=Noise("normal"))]
    for other in others:
        assert structure_key(plain, make_rows(plain, runs)) != structure_key(other, make_rows(other, runs))
        one, two = (fit_fingerprint(each, runs, Settings(), 0) for each in (plain, other))
        assert one != two


# ---------------------------------------------------------------------- priors of the catalogue's files


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("level", "1.4", "4.7"),
        ("irreducible_share", "0.09", "0.91"),
        ("share", "0.09", "0.91"),
        ("alpha", "0.08", "1.2"),
        ("beta", "0.08", "1.2"),
        ("nu", "1.1", "22"),
    ],
)
def test_priors_hold_95_percent_where_the_file_says(name: str, low: str, high: str) -> None:
    text = (catalogue_directory() / "chinchilla.toml").read_text(encoding="utf-8")
    assert f"95% in {low} to {high}" in text
    ends = load_specification("chinchilla").prior_of(name).frozen().ppf([0.025, 0.975])
    for end, said in zip(ends, (low, high), strict=True):
        assert f"{end:.{len(said.partition('.')[2])}f}" == said


def test_noise_is_below_a_tenth_of_the_loss_with_95_percent() -> None:
    for name in {*OF_LOSS_AND_SIZES, *KAPLANS} - {"kaplan/critical-batch"}:
        assert load_specification(name).prior_of("sigma").frozen().ppf(0.95) == pytest.approx(0.1, abs=0.005)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("reference", "it has algorithmic progress, and runs have no dates"),
        ("ho2024/18", "it has algorithmic progress"),
        ("ho2024/14", "it has algorithmic progress"),
        ("ho2024/16", "its A varies by benchmark, which is none of its columns (parameters, tokens, flop, loss)"),
        ("ho2024/17", "its A varies by benchmark"),
    ],
)
def test_a_specification_that_needs_more_than_runs_have(name: str, why: str, runs: pd.DataFrame) -> None:
    message = refusal(load_specification(name), runs)
    assert message.startswith(f"specification '{name}' does not fit a table of training runs: {why}")
    assert message.endswith("choose a static law such as 'chinchilla', or a table of evaluations")


@pytest.mark.parametrize(
    ("specification", "why"),
    [
        (replace(STATIC, varies_by={"alpha": "architecture"}), "its alpha varies by architecture"),
        (replace(STATIC, transformer_factor="sigmoid"), "its transformer_factor needs architectures"),
        (replace(STATIC, delta=0.01), "its penalty (delta) is stated for evaluations"),
        (replace(STATIC, data=Data(vocabulary="log")), "[data] vocabulary = 'log' needs a column"),
        (replace(STATIC, data=Data(tokens="seen")), "[data] tokens = 'seen' is of unique tokens, and those"),
        (replace(STATIC, noise=Noise(cluster="paper")), "[noise] cluster = 'paper' needs a column series"),
    ],
)
def test_a_setting_that_needs_more_than_runs_have(specification: Specification, why: str, runs: pd.DataFrame) -> None:
    assert f"does not fit a table of training runs: {why}" in refusal(specification, runs)


def test_series_may_share_an_effect() -> None:
    rows = make_rows(replace(STATIC, noise=Noise(cluster="paper")), made_runs(series=True))
    assert len(rows.levels["paper"]) == 3


def test_fewer_points_than_parameters_are_refused(runs: pd.DataFrame) -> None:
    specification = load_specification("chinchilla")
    message = refusal(specification, runs.head(6))
    assert "has 7 parameters (level, irreducible_share, share, alpha, beta, sigma, nu)" in message
    assert "the table has 6 run(s): fewer points than parameters" in message
    assert len(make_rows(specification, runs.head(7)).ids) == 7


@pytest.mark.parametrize(("column", "value"), [("loss", 0.0), ("loss", -2.0), ("tokens", np.inf)])
def test_a_value_without_a_logarithm(column: str, value: float, runs: pd.DataFrame) -> None:
    runs.loc[runs.index[5], column] = value
    message = refusal(STATIC, runs)
    assert message.startswith(f"{column} ")
    assert message.endswith("(row 'run-005') must be a finite number above 0")


def test_a_gap(runs: pd.DataFrame) -> None:
    runs.loc[runs.index[5], "parameters"] = None
    message = refusal(STATIC, runs)
    assert message.startswith("column parameters is empty in 1 row(s), first 'run-005'; a fit needs it in every row")
    assert "runs.dropna(subset=['parameters'])" in message


def test_an_id_twice_and_a_table_without_rows(runs: pd.DataFrame) -> None:
    assert "row id 'run-002' stands twice" in refusal(STATIC, pd.concat([runs, runs.iloc[[2]]]))
    assert refusal(STATIC, runs.iloc[:0]) == "the table has no rows; loosen the selection"


def test_a_run_without_a_series_does_not_join_one_of_its_name() -> None:
    runs = simulate_isoflop(BESIROGLU, noise=0.01)
    series = runs["series"].astype(object)
    first, other = series.index[0], series.iloc[-1]
    alone = runs.assign(series=series.where(series.index != first)).rename(index={first: other})
    codes = make_rows(load_specification("chinchilla"), alone).index["paper"]
    assert (codes == codes[0]).sum() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda runs: runs.set_axis([1, "1", *runs.index[2:]]), "row id '1' stands twice"),
        (lambda runs: runs.rename(index={runs.index[0]: "a\0b"}), "holds a NUL character"),
        (lambda runs: runs.assign(series="a\0b"), "holds a NUL character"),
        (lambda runs: runs.set_axis([*runs.columns[:-1], "tokens"], axis=1), "'tokens' stands twice among the columns"),
    ],
    ids=["a number and its text as ids", "NUL in an id", "NUL in a series", "two columns of a name"],
)
def test_names_that_can_not_be_kept_apart_are_refused_before_sampling(change, said) -> None:
    runs = simulate_isoflop(BESIROGLU, noise=0.01)
    with pytest.raises(EvaluationsError, match=said):
        fit("chinchilla", change(runs))


@pytest.mark.parametrize("extra", ["perplexity", "benchmark", "paper", "published"])
def test_a_frame_of_runs_stays_one_whatever_else_it_says(extra) -> None:
    runs = simulate_isoflop(BESIROGLU, noise=0.01).reset_index(drop=True)
    runs.attrs = {}
    more = runs.assign(**{extra: {"perplexity": np.exp(runs["loss"]), "published": "2022-03-29"}.get(extra, "c4")})
    assert len(make_rows(load_specification("chinchilla"), as_table(more)).ids) == len(runs)
