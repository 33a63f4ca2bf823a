"""The robustness table, its page and its picture, from given numbers."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from studies.robustness.made_robustness import STUCK_CASE, UNBOUNDED_CASE, made_run, terms_of

import bayes_scaling as bs
from bayes_scaling.common.files import ROBUSTNESS_TABLE
from bayes_scaling.law.published import HO2024_COMPUTE, PublishedDoubling
from bayes_scaling.plots.studies import plot_robustness
from bayes_scaling.plots.style import POSTERIOR, PUBLISHED, WARNING
from bayes_scaling.quantities.against_published import rates_against_published
from bayes_scaling.reports.robustness_document import robustness_page, sentences, write_robustness
from bayes_scaling.studies.robustness.cases import BASELINE, CASES
from bayes_scaling.studies.robustness.result import COLUMNS
from bayes_scaling.studies.robustness.run import robustness_json

OTHER_ROWS = {
    *("vocabulary-known", "tokens-seen", "repetition-known", "transformers", "other-architectures"),
    *("after-transformer", "best-of-paper", "without-doubt", "wt103", "wt2", "ptb", "collected", "collected-best"),
}


@pytest.fixture(scope="module")
def result():
    return made_run()


@pytest.fixture(scope="module")
def axes(result):
    return plot_robustness(result).axes[0]


def at(axes, case: str, color: str) -> list:
    """Lines of a colour on a case's line."""
    labels = [label.get_text().split(" ")[0] for label in axes.get_yticklabels()]
    place = labels.index(case)
    return [
        line
        for line in axes.lines
        if abs(float(np.mean(line.get_ydata())) - place) < 0.4 and to_hex(line.get_color()).upper() == color.upper()
    ]


def markers(axes, case: str, color: str) -> set[str]:
    return {line.get_marker() for line in at(axes, case, color)} - {"None"}


def test_the_table_has_its_columns_and_one_row_a_case(result) -> None:
    assert list(result.table.columns) == list(COLUMNS)
    assert list(result.table.index) == [case.name for case in CASES]
    assert result.table.index.name == "case"


def test_differences_are_from_the_baseline_and_on_its_rows_alone(result, ho2024) -> None:
    table = result.table
    given = table["elpd_diff"].notna()
    assert set(table.index[~given]) == OTHER_ROWS | {STUCK_CASE}
    assert table.loc[BASELINE, "elpd_diff"] == table.loc[BASELINE, "dse"] == 0
    place = list(table.index).index("papers")
    difference = terms_of(place, ho2024) - terms_of(0, ho2024)
    assert table.loc["papers", "elpd_diff"] == pytest.approx(difference.sum())
    assert table.loc["papers", "elpd_diff"] > 0
    assert table.loc["papers", "dse"] == pytest.approx(math.sqrt(len(difference) * difference.var()), abs=1e-9)


def test_a_baseline_that_has_not_converged_leaves_no_difference() -> None:
    import robustness.made_robustness as made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "STUCK_CASE", BASELINE)
        stuck = made.made_run(cases=["papers"])
    assert stuck.table["elpd_diff"].isna().all()
    assert "nothing to compare" in " ".join(sentences(stuck))


def test_published_figures_stand_beside_what_was_found(result) -> None:
    row = result.table.loc["irreducible"]
    assert [row[f"published_{part}"] for part in ("months", "lower", "upper")] == [8.8, 4.2, 18.7]
    found = [row[f"compute_doubling_months_{part}"] for part in ("lower", "upper")]
    # Widths are those of rates, 1 / T but for a factor; in months the ratio is another one.
    ratio = (1 / found[0] - 1 / found[1]) / (1 / 4.2 - 1 / 18.7)
    assert row["rate_width_ratio"] == pytest.approx(ratio)
    assert ratio != pytest.approx((found[1] - found[0]) / (18.7 - 4.2), rel=0.1)
    inside = result.table["published_inside"]
    assert bool(inside["irreducible"]) == (found[0] <= 8.8 <= found[1])
    assert not inside["tokens-seen"] and pd.isna(inside["reference"])
    # Its interval ends below 0: a doubling time whose sign changes.
    assert result.table.loc["other-architectures", "published_lower"] == -30.6
    assert math.isnan(result.table.loc["other-architectures", "rate_width_ratio"])


def test_an_interval_without_an_upper_bound_in_months_has_a_width_as_a_rate() -> None:
    found = rates_against_published(HO2024_COMPUTE, (-0.2, 1.0))
    assert found.inside
    assert found.width_ratio == pytest.approx(1.2 / (12 * math.log(2) * (1 / 4.5 - 1 / 14.3)))
    assert not rates_against_published(HO2024_COMPUTE, (-0.2, 0.9)).inside


@given(st.floats(-3, 3), st.floats(0.01, 3), st.floats(0.5, 50), st.floats(1.01, 10))
def test_widths_of_rates_are_positive_and_finite_whatever_the_months(low, width, lower, factor) -> None:
    published = PublishedDoubling("", lower, lower, factor * lower, "")
    ratio = rates_against_published(published, (low, low + width)).width_ratio
    assert 0 < ratio < math.inf
    doubled = rates_against_published(replace(published, months=2 * lower, lower=2 * lower, upper=2 * factor * lower),
                           (low / 2, (low + width) / 2))  # fmt: skip
    assert doubled.width_ratio == pytest.approx(ratio)  # the same, seen at half the pace


def test_sentences_leave_out_what_has_not_converged(result) -> None:
    text = " ".join(sentences(result))
    assert f"not converged, and not counted below: {STUCK_CASE}." in text
    assert "Baseline: effective compute doubles every 6.0 months" in text
    assert "Median of 28 other cases, months: 6.3 (published-penalty) to 15.7 (collected-best)" in text
    assert f"no progress is not ruled out: {UNBOUNDED_CASE}." in text
    assert "of the points lie inside" in text


def test_the_page_has_a_line_and_a_sentence_for_each_case_and_names_sources(result) -> None:
    page = robustness_page(result)
    for case in CASES:
        assert f"| {case.name} | {case.question} |" in page
        if case.published is not None:
            assert f"- {case.name}: published " in page and f"| {case.name} | {case.published.source} |" in page
    said = "tokens-seen: published 3.5 [1.4, 20.9], found 8.3 [4.2, 16.7]; as rates a year, published [0.40, 5.94], "
    assert f"{said}found [0.50, 2.00]; the published point lies outside the interval found, which is 0.3 times" in page
    assert "**not converged**: R-hat up to 1.300 (g_N)" in page
    assert "[7.3, no bound]" not in page.split("## Compared")[1]  # nothing is published on WikiText-2 alone


def test_skipped_cases_are_on_the_page_and_on_record(ho2024) -> None:
    result = made_run(ho2024.drop(columns="doubt"), ["without-doubt", "papers"])
    assert "## What was skipped" in robustness_page(result) and "| without-doubt | the selection" in robustness_page(
        result
    )
    assert set(json.loads(robustness_json(result))["skipped"]) == {"without-doubt"}
    assert list(result.table.index) == [BASELINE, "papers"]


def test_files_for_scripts_hold_what_is_needed_to_repeat_the_run(result, tmp_path) -> None:
    document = json.loads(robustness_json(result))
    assert document["seed"] == 0 and document["unit"] == "evaluation" and document["refits"] == "none"
    assert document["settings"]["draws"] == 600 and set(document["fingerprints"]) == set(result.table.index)
    assert {"pymc", "nutpie", "arviz"} <= set(document["versions"])
    write_robustness(result, tmp_path)
    assert (tmp_path / ROBUSTNESS_TABLE).read_text().splitlines()[0] == ",".join(["case", *COLUMNS])


def test_the_forest_plot_marks_what_has_not_converged(axes) -> None:
    assert markers(axes, STUCK_CASE, WARNING) == {"x"} and not at(axes, STUCK_CASE, POSTERIOR)
    assert f"{STUCK_CASE} (not converged)" in [label.get_text() for label in axes.get_yticklabels()]
    assert "not converged" in [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert not at(axes, "papers", WARNING)


def test_the_forest_plot_marks_what_has_no_bound(axes) -> None:
    assert markers(axes, UNBOUNDED_CASE, POSTERIOR) == {"o", ">"}
    assert markers(axes, "papers", POSTERIOR) == {"o"}
    assert any("no bound" in text.get_text() for text in axes.texts)


def test_the_forest_plot_shows_published_figures_where_there_are_some(axes) -> None:
    (_, upper) = sorted(at(axes, "irreducible", PUBLISHED), key=lambda line: len(line.get_xdata()))
    assert list(upper.get_xdata()) == [4.2, 18.7]
    assert not at(axes, "reference", PUBLISHED)
    # An interval through infinity can't be drawn, so it is printed.
    assert len(at(axes, "other-architectures", PUBLISHED)) == 1
    assert "[-30.6, 34.8]" in [text.get_text() for text in axes.texts]


def test_fits_are_asked_for_by_case(result) -> None:
    with pytest.raises(bs.BayesScalingError, match="no case 'mine' was fitted; valid choices: baseline"):
        result.fit("mine")
    with pytest.raises(bs.BayesScalingError, match="fits were not kept"):
        result.fit("papers")
