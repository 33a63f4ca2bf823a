"""What the package carries of other specifications stands beside a fit's answer, where it is of the same rows."""

import json
from dataclasses import replace

import pytest
from reports.drawn_fits import drawn_fit

import bayes_scaling as bs
from bayes_scaling.common.formatting import in_digits, months
from bayes_scaling.reports.fit_document import prose_of
from bayes_scaling.reports.fit_quantities import summarise
from bayes_scaling.reports.fit_words import estimand, sentence
from bayes_scaling.studies.comparison.alternatives import alternatives_to, corrections_to
from bayes_scaling.studies.comparison.elpd import TIMES


@pytest.fixture(scope="module")
def fit(ho2024) -> bs.Fit:
    return drawn_fit("reference", ho2024, g_N_central=0.5, g_D_central=0.5)


@pytest.mark.parametrize("name", ["reference", "ho2024/07", "steps/whole-loss"])
def test_every_specification_that_was_compared_has_them(name, ho2024) -> None:
    found = alternatives_to(drawn_fit(name, ho2024))
    assert found is not None and found.unit == "paper"
    assert {"reference", "ho2024/07"} <= set(found.table.index)
    assert found.specifications == found.table["converged"].sum() > 20
    assert (found.table[list(TIMES)] > 0).all(axis=None)
    weights = found.table.loc[found.table["converged"], "weight"]
    assert weights.sum() == pytest.approx(1, abs=1e-6)


def test_other_priors_rows_or_losses_have_none(fit, ho2024) -> None:
    priors = dict(fit.specification.priors) | {"g_N_central": bs.Prior("normal", mu=0, sigma=2)}
    assert alternatives_to(replace(fit, specification=replace(fit.specification, priors=priors))) is None
    assert alternatives_to(drawn_fit("reference", bs.on_benchmarks(ho2024, "ptb"))) is None
    moved = ho2024.assign(perplexity=ho2024["perplexity"] * 1.01)
    moved.attrs = ho2024.attrs
    assert alternatives_to(drawn_fit("reference", moved)) is None
    assert alternatives_to(drawn_fit("ho2024/13", ho2024)) is None


def test_the_answer_has_the_average_in_its_sentence(fit) -> None:
    found = alternatives_to(fit)
    median, lower, upper = in_digits(found.average, months)
    how = "averaged by how well each predicts a paper left out"
    said = f"{found.specifications} specifications, {how}, every {median} months ({lower} to {upper})."
    assert f"; over {said}" in sentence(fit)
    over = json.loads(json.dumps(summarise(fit)))["over_specifications"]
    assert over["specifications"] == found.specifications and over["median"] == found.average["median"]


@pytest.mark.parametrize(("name", "word"), [("reference", "not counting"), ("ho2024/07", "counting")])
def test_the_estimand_is_said(name, word, ho2024) -> None:
    fit = drawn_fit(name, ho2024)
    assert f"tokens, {word} test-time adaptation, on average over the table's evaluations, 2012 to 2023." in estimand(
        fit
    )
    assert summarise(fit)["estimand"] == estimand(fit)


def test_each_stands_in_the_section_on_what_would_change_the_answer(fit) -> None:
    table = prose_of(fit).part("specifications")[1]
    (estimates,) = [block for block in prose_of(fit).part("change") if getattr(block, "name", "") == "estimates"]
    found = alternatives_to(fit)
    assert [row[0] for row in table.rows] == list(found.table.index)
    assert {table.rows[place][0] for place in table.marked} == set(found.table.index[~found.table["converged"]])
    assert estimates.data["label"].iloc[1].endswith(f"{found.specifications} specifications together")
    assert estimates.data["median"].iloc[1] == found.average["median"]


def test_what_corrected_figures_do_stands_beside_the_answer(fit, ho2024) -> None:
    found = corrections_to(fit)
    assert found.loc["as published", "rows"] == len(ho2024)
    assert not found["probability_of_progress"].isna().any()
    (table,) = [block for block in prose_of(fit).part("change") if getattr(block, "name", "") == "corrected-figures"]
    assert [row[0] for row in table.rows] == list(found.index)
    (said,) = [each for each in prose_of(fit).part("changes") if each.startswith("Doubtful figures")]
    ends = [months(found[TIMES[1]].min()), months(found[TIMES[2]].max())]
    assert said.endswith(f"95% intervals that reach from {' to '.join(ends)}.")
    assert corrections_to(drawn_fit("ho2024/07", ho2024)) is None
    assert corrections_to(drawn_fit("reference", bs.on_benchmarks(ho2024, "ptb"))) is None
