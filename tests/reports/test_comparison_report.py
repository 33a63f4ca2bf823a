"""Comparisons read back from their directories, and the report of one."""

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_sweeps import MODELS, kept_comparison, score_of
from made_fits import made_fit
from studies.comparison.made_scores import STUCK, made_record, made_score

import bayes_scaling as bs
from bayes_scaling.common.formatting import months
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.plots.comparison_by_model import _order, plot_doubling_times_by_model
from bayes_scaling.plots.style import WARNING
from bayes_scaling.reports.comparison_document import comparison_document, prose_of
from bayes_scaling.reports.document import Chart, Document, Equation, Picture, Table
from bayes_scaling.reports.html import render_html
from bayes_scaling.reports.write import render_json
from bayes_scaling.studies import study
from bayes_scaling.studies.comparison.compare import comparison_json, load_comparison
from bayes_scaling.studies.comparison.elpd import Record
from bayes_scaling.studies.comparison.result import Comparison, comparison_table

BEST, STUCK_NAME = "ho2024/07 | stated priors", "ho2024/03 | stated priors"


@pytest.fixture(scope="module")
def table(ho2024) -> pd.DataFrame:
    return bs.on_benchmarks(ho2024, "ptb")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("comparison")


@pytest.fixture(scope="module")
def comparison(table, place) -> Comparison:
    return kept_comparison(table, place)


@pytest.fixture(scope="module")
def document(comparison) -> Document:
    return comparison_document(comparison)


@pytest.fixture
def copy(comparison, place, tmp_path) -> Path:
    return Path(shutil.copytree(place, tmp_path / "copy"))


def answer_of(comparison: Comparison) -> str:
    return " ".join(prose_of(comparison).part("answer"))


def section(comparison: Comparison, name: str):
    (found,) = prose_of(comparison).sections(name)
    return found


def block(document: Document, name: str):
    blocks = [each for section in document.everything for each in section.blocks]
    (found,) = [each for each in blocks if getattr(each, "name", None) == name]
    return found


def the(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def without_fits(records: dict[str, Record], fits=None) -> Comparison:
    some = next(iter(records.values())).elpd
    return Comparison(
        table=comparison_table(records),
        unit=some.unit,
        evaluations=EvaluationsSummary("made", len(some.observed), len(some.observed), ()),
        scores={name: record.elpd for name, record in records.items()},
        fits=fits or {},
    )


def test_a_comparison_read_back_is_the_one_that_was_written(comparison, place) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    loaded = load_comparison(place)
    pd.testing.assert_frame_equal(loaded.table, comparison.table, check_dtype=False, rtol=0, atol=0)
    assert (loaded.unit, loaded.evaluations) == (comparison.unit, comparison.evaluations)
    assert (loaded.settings, loaded.seed) == (comparison.settings, comparison.seed)
    assert loaded.fingerprints == comparison.fingerprints and loaded.tied == comparison.tied
    assert set(loaded.fits) == set(comparison.fits) == {f"{model} | stated priors" for model in MODELS[:-1]}
    for kind in ("stacking", "pseudo_bma"):
        pd.testing.assert_frame_equal(loaded.averaged_doubling_times(kind), comparison.averaged_doubling_times(kind))
    for name, score in comparison.scores.items():
        np.testing.assert_array_equal(loaded.scores[name].terms, score.terms)
    assert loaded.table.to_csv(index=False) == comparison.table.to_csv(index=False)
    assert json.loads(comparison_json(loaded)) == json.loads(comparison_json(comparison))
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def exchange(folder: Path) -> None:
    the(folder, "ho2024-07-*.nc").write_bytes(the(folder, "ho2024-12-*.nc").read_bytes())


DAMAGE = {
    "comparison.json: no such file": lambda d: (d / "comparison.json").unlink(),
    "comparison.csv: no such file": lambda d: (d / "comparison.csv").unlink(),
    "comparison.json: damaged": lambda d: cut(d / "comparison.json"),
    "comparison.json: damaged.*fingerprints": lambda d: (d / "comparison.json").write_text("[]", encoding="utf-8"),
    "comparison.json: damaged.*fingerprint of .*64 hexadecimal": lambda d: edit(
        d / "comparison.json",
        '"fingerprints": {\n    "ho2024/07 | stated priors": "',
        '"fingerprints": {\n    "ho2024/07 | stated priors": "*',
    ),
    "comparison.json: damaged.*settings": lambda d: edit(d / "comparison.json", '"draws"', '"drawn"'),
    "comparison.json: damaged.*evaluations": lambda d: edit(d / "comparison.json", '"papers"', '"paper"'),
    "comparison.json: damaged.*unit": lambda d: edit(d / "comparison.json", '"evaluation"', '"week"'),
    "comparison.csv: damaged.*lacks weight": lambda d: edit(d / "comparison.csv", ",weight,", ",wait,"),
    "comparison.csv: damaged": lambda d: edit(d / "comparison.csv", ",True,", ",perhaps,"),
    "comparison.csv: damaged.*not of the run": lambda d: edit(d / "comparison.csv", "ho2024/12", "ho2024/13"),
    "ho2024/12 | stated priors: one of them was changed": lambda d: (
        edit(the(d / "scores", "ho2024-12-*"), "12.5", "1")
        or edit(the(d / "scores", "ho2024-12-*"), '"rhat_max": 1.0', '"rhat_max": 1.1')
    ),
    "score of ho2024/07.*missing from its folder scores": lambda d: the(d / "scores", "ho2024-07-*").unlink(),
    "can't be read: scores/ho2024-07": lambda d: cut(the(d / "scores", "ho2024-07-*")),
    "can't be read: scores/ho2024-07-.*AttributeError": lambda d: edit(
        the(d / "scores", "ho2024-07-*"), '"doubling": {', '"doubling": [], "x": {'
    ),
    "fit of ho2024/07.*missing from its folder fits": lambda d: the(d / "fits", "ho2024-07-*").unlink(),
    "ho2024-07-.*nc: damaged": lambda d: flip(the(d / "fits", "ho2024-07-*")),
    "ho2024-07-.*nc: is not the fit of ho2024/07": lambda d: exchange(d / "fits"),
}


def test_a_fit_that_has_gone_is_made_again_though_its_score_is_there(table, copy, monkeypatch) -> None:
    class Sent(Exception):
        """Instead of running them."""

    def sent(function, tasks, **options):
        raise Sent([task.variant.model for task in tasks.values()])

    monkeypatch.setattr(study, "run_tasks", sent)
    the(copy / "fits", "ho2024-12-*").unlink()
    with pytest.raises(Sent) as caught:
        bs.compare(list(MODELS), table, directory=copy)
    assert caught.value.args == (["ho2024/12"],)


@pytest.mark.parametrize("message", DAMAGE)
def test_what_is_missing_or_damaged_is_named_with_the_next_step(message, copy) -> None:
    DAMAGE[message](copy)
    with pytest.raises(bs.BayesScalingError, match=message) as caught:
        load_comparison(copy)
    assert "again" in str(caught.value)


def test_scores_of_another_choice_of_refits_do_not_stand_in(copy, comparison, table) -> None:
    path = the(copy / "scores", "ho2024-07-*")
    record = Record.from_bytes(path.read_bytes())
    other = path.with_name(path.name.replace("refit-bad", "refit-all"))
    other.write_bytes(replace(record, elpd=score_of(3, table)).to_bytes())
    assert other != path
    loaded = load_comparison(copy)
    assert loaded.scores[BEST].elpd == comparison.scores[BEST].elpd != score_of(3, table).elpd


def test_the_answer_is_that_of_the_comparison(document, comparison) -> None:
    row = comparison.averaged_doubling_times().loc["compute"]
    assert f"can't tell {len(comparison.tied)} of 4 variants apart" in document.answer
    assert "one evaluation that is left out" in document.answer
    assert f"the same loss every {months(row['median'])} months, probably" in document.answer
    assert f"{months(row['lower'])} to {months(row['upper'])} (95% equal-tailed credible interval" in document.answer
    assert document.lead is not None and months(row["median"]) in document.lead.alternative


def test_what_has_not_converged_is_in_a_banner_marked_last_and_without_figures(document, comparison) -> None:
    (banner, unreliable) = document.banners
    assert banner.title == "NOT CONVERGED: 1 OF 4" and STUCK_NAME.replace(" | ", ", ") in banner.text
    assert unreliable.title == "UNRELIABLE TERMS" and "ho2024/12" in unreliable.text
    ranking = block(document, "ranking-table")
    assert ranking.marked == {3} and ranking.rows[3][:2] == (STUCK_NAME, "NOT CONVERGED")
    assert not any(ranking.rows[3][2:])
    assert "R-hat up to 1.200" in block(document, "convergence-table").rows[3][-1]
    assert STUCK_NAME not in block(document, "differences").alternative
    drawn = plot_doubling_times_by_model(comparison).axes[0]
    crosses = [line for line in drawn.lines if line.get_marker() == "x"]
    assert len(crosses) == 1 and crosses[0].get_color() == WARNING


def test_tables_show_what_was_found(document, comparison) -> None:
    ranking = block(document, "ranking-table")
    assert [row[0] for row in ranking.rows] == list(comparison.table.index)
    assert ranking.rows[0][1:4] == ("1", "0.0 ± 0.0", "yes")
    shown = {row[0]: row for row in ranking.rows}
    assert shown["ho2024/16 | stated priors"][7:] == ("no progress assumed", "")
    averages = {row[0]: row for row in block(document, "averaged-doubling-times").rows}
    row = comparison.averaged_doubling_times("pseudo_bma").loc["compute"]
    assert averages["compute, by pseudo-BMA+"][1].startswith(f"{months(row['median'])} (")
    pareto = block(document, "pareto-k-table")
    assert pareto.rows == (("ho2024/12 | stated priors", "0.90", "2", "1", "0", "1"),) and pareto.marked == {0}


def test_every_table_picture_and_plot_is_whole(document) -> None:
    blocks = [each for section in document.everything for each in section.blocks]
    tables = [each for each in blocks if isinstance(each, Table)]
    assert all({len(row) for row in each.rows} == {len(each.columns)} for each in tables)
    pictures = [document.lead, *(each for each in blocks if isinstance(each, Picture))]
    assert all(each.svg.startswith("<svg") and "<image" not in each.svg and each.alternative for each in pictures)
    assert [section.name for section in document.sections] == [
        *("ranking", "doubling-times", "change", "published", "data", "citation"),
    ]
    assert [section.name for section in document.folded] == ["leave-one-out", "models", "convergence", "method"]
    assert any(isinstance(each, Equation) and r"\frac" in each.tex for each in blocks)
    blocks = [each for section in document.everything for each in section.blocks]
    assert "time-and-prediction" not in {getattr(each, "name", None) for each in blocks}  # of two variants alone


def test_the_twin_holds_the_table_in_strict_json(document, comparison, place) -> None:
    data = json.loads(render_json(document))["data"]
    recorded = json.loads((place / "comparison.json").read_text(encoding="utf-8"))
    assert {name: data[name] for name in recorded if name != "versions"} == {
        name: value for name, value in recorded.items() if name != "versions"
    }
    assert [row["model"] for row in data["table"]] == list(comparison.table["model"])
    assert data["table"][0]["elpd"] == comparison.table["elpd"].iloc[0]
    assert data["table"][3]["weight"] is None and data["table"][3]["converged"] is False


def test_the_page_is_whole(document) -> None:
    page = render_html(document)
    assert "NOT CONVERGED: 1 OF 4" in page and document.title in page


def test_nothing_is_ranked_where_nothing_has_converged() -> None:
    document = comparison_document(
        without_fits({name: made_record(name, made_score([0.1] * 20), STUCK) for name in ("one", "two")})
    )
    assert document.answer == "Nothing can be ranked: none of the 2 variants has converged."
    assert [banner.title for banner in document.banners] == ["NOT CONVERGED"] and document.lead is None
    assert block(document, "ranking-table").marked == {0, 1}
    assert {"doubling-times", "change"}.isdisjoint(section.name for section in document.sections)
    assert "its specification was not kept" in render_html(document)


def test_a_single_model_is_not_called_the_best() -> None:
    records = {"a": made_record("a", made_score([0.1] * 20)), "b": made_record("b", made_score([0.1] * 20), STUCK)}
    fits = {"a": made_fit(g_N=[0.4, 0.5, 0.6], g_D=[0.1, 0.2, 0.3])}
    assert answer_of(without_fits(records, fits)).startswith(
        "Only a, of 2 variants, has converged, so there is no other to rank it with. "
    )


def test_one_variant_alone_is_not_one_of_several() -> None:
    fits = {"a": made_fit(g_N=[0.4, 0.5, 0.6], g_D=[0.1, 0.2, 0.3])}
    alone = without_fits({"a": made_record("a", made_score([0.1] * 20))}, fits)
    assert answer_of(alone).startswith("a is the only variant, so there is no other to rank it with. ")
    assert prose_of(alone).part("title") == ["How well does one law predict language models?"]
    ranking = section(alone, "ranking")
    assert "best" not in ranking.title and not any("best" in each for each in ranking.blocks[0].items)


def test_what_is_best_is_so_by_the_rule_of_ties_and_over_what_converged() -> None:
    rng = np.random.default_rng(0)
    terms = rng.normal(0, 0.3, 20)
    records = {"a": made_record("a", made_score(terms)), "b": made_record("b", made_score(terms - 1))}
    fits = dict.fromkeys(records, made_fit(g_N=[0.4, 0.5, 0.6], g_D=[0.1, 0.2, 0.3], g_C=[0.5, 0.7, 0.9]))
    comparison = without_fits(records, fits)
    answer = answer_of(comparison)
    assert len(comparison.tied) == 1 and "by more than 2 standard errors and 4 nats" in answer and "doubt" not in answer
    assert "Averaged over all models that converged, by stacking weight" in answer
    assert any(each.startswith("Averaged over all models that") for each in prose_of(comparison).part("sentences"))


def test_nothing_is_said_of_refits_that_nobody_knows_of(document) -> None:
    page = render_html(document)
    assert "could not be left out reliably" in page and "could not be found reliably" in page
    assert "even by a refit" not in page and "--refits" not in page


def test_the_range_of_differences_ends_where_the_points_do(comparison) -> None:
    still = {"median": math.inf, "lower": math.inf, "upper": math.inf, "probability_of_progress": math.nan}
    terms = np.random.default_rng(0).normal(0, 0.3, 20)
    records = {
        name: made_record(name, made_score(terms - lower))
        for lower, name in enumerate(("best", "one", "two", "three", "four"))
    }
    records["best"] = replace(records["best"], doubling=still)
    made = made_fit(g_N=[0.4, 0.5, 0.6], g_D=[0.1, 0.2, 0.3])
    fits = dict.fromkeys(records, made) | {"best": comparison.fits["ho2024/16 | stated priors"]}
    whole = without_fits(records, fits)
    (scatter,) = [each for each in section(whole, "change").blocks if isinstance(each, Chart)]
    assert scatter.alternative.endswith("-80.0 to -20.0 nats.")
    assert set(scatter.data["name"]) == {"one", "two", "three", "four"}
    for point in scatter.data.to_dict("records"):
        row = whole.table.loc[point["name"]]
        assert point["doubling time of effective compute (months, median)"] == row["compute_doubling_months_median"]
        assert point["difference in elpd from the best (nats)"] == row["elpd_diff"]


def test_the_finding_about_progress_comes_first(comparison, document) -> None:
    still = {"median": math.inf, "lower": math.inf, "upper": math.inf, "probability_of_progress": math.nan}
    terms = np.random.default_rng(0).normal(0, 0.3, 20)
    made = made_fit(g_N=[0.4, 0.5, 0.6], g_D=[0.1, 0.2, 0.3])
    fits = {"with": made, "without": comparison.fits["ho2024/16 | stated priors"]}

    def answer(lower: float) -> str:
        worse = made_record("without", made_score(terms - lower))
        records = {"with": made_record("with", made_score(terms)), "without": replace(worse, doubling=still)}
        return answer_of(without_fits(records, fits))

    assert answer(1).startswith("A law without progress (without) predicts worse than the best by 20.0 nats (standard")
    assert answer(0.01).startswith("A law without progress (without) can't be told from the best")
    assert answer(-1).startswith("A law without progress (without) predicts best")
    assert "ho2024/16, stated priors" in document.answer and "|" not in document.answer + document.title


def test_a_comparison_on_training_runs_speaks_of_runs_and_series(comparison) -> None:
    static = {"median": math.nan, "lower": math.nan, "upper": math.nan, "probability_of_progress": math.nan}
    rng = np.random.default_rng(0)
    records = {
        name: replace(made_record(name, made_score(rng.normal(0, 0.3, 20))), doubling=static) for name in ("one", "two")
    }
    some = without_fits(records, dict.fromkeys(records, comparison.fits["ho2024/16 | stated priors"]))
    by_run = replace(some, evaluations=EvaluationsSummary("mine", 20, 4, (), "runs"))
    by_series = replace(by_run, unit="paper")
    for each in (by_run, by_series):
        measure, models = section(each, "leave_one_out"), section(each, "models")
        texts = [
            *prose_of(each).part("sentences"),
            *prose_of(each).part("left_out"),
            models.blocks[0].text,
            *(table.caption for table in prose_of(each).part("ranking_table")),
            *(getattr(block, "caption", getattr(block, "text", "")) for block in measure.blocks),
        ]
        for text in texts:
            assert not re.search(r"evaluation|paper\b(?!\")|publication|seriess|--unit", text), text
    assert "20 runs from 4 series" in prose_of(by_run).part("sentences")[0]
    assert 'unit="paper" in Python' in prose_of(by_run).part("left_out")[0]
    assert "all runs of a series together" in prose_of(by_series).part("left_out")[0]


def test_the_formula_of_doubling_times_gives_months(document) -> None:
    (section,) = [each for each in document.sections if each.name == "doubling-times"]
    assert any(isinstance(each, Equation) and r"\frac{12 \ln 2}{g}" in each.tex for each in section.blocks)


def test_criteria_name_those_whose_worst_is_not_kept(document) -> None:
    (convergence,) = [each for each in document.folded if each.name == "convergence"]
    caption = convergence.blocks[0].text
    assert "3 of 4 variants met all criteria. R-hat of at most 1.01: missed by 1, the largest is 1.2000" in caption
    for words in ("tails (at least 400)", "tree depth", "E-BFMI (at least 0.3)"):
        assert words in caption


def test_without_progress_there_are_no_doubling_times(comparison) -> None:
    still = {"median": math.inf, "lower": math.inf, "upper": math.inf, "probability_of_progress": math.nan}
    rng = np.random.default_rng(0)
    records = {
        name: replace(made_record(name, made_score(rng.normal(0, 0.3, 20))), doubling=still) for name in ("one", "two")
    }
    fits = dict.fromkeys(records, comparison.fits["ho2024/16 | stated priors"])
    document = comparison_document(without_fits(records, fits))
    assert "doubl" not in document.answer and document.lead is not None and document.lead.name == "differences"
    assert "doubling-times" not in {section.name for section in document.sections}
    render_html(document)


def test_a_hostile_name_is_shown_as_text(comparison) -> None:
    name = "<script>alert(1)</script> {{ 1 + 1 }}\n\n## x: $\\frac{"
    rng = np.random.default_rng(0)
    records = {each: made_record(each, made_score(rng.normal(0, 0.3, 20))) for each in (name, "plain")}
    made = comparison_document(without_fits(records, dict.fromkeys(records, comparison.fits[BEST])))
    page = render_html(made)
    assert "<script>alert" not in page and "x" not in [each.name for each in made.everything]
    assert re.search(r"&lt;script&gt;alert\(1\)&lt;/script&gt; \{\{ 1 \+ 1 \}\}\s+## x: \$\\frac\{", page)


@pytest.mark.slow
def test_the_page_of_120_variants_is_small(comparison) -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(0, 0.4, 231)
    fit = comparison.fits[BEST]
    records, fits = {}, {}
    for model in range(20):
        for delta in (0, 0.001, 0.0025, 0.005, 0.01, 0.02):
            label = f"delta={delta:g}" if delta else "stated priors"
            score = made_score(common + rng.normal(-0.002 * model, 0.05, 231), observed=np.linspace(2, 5, 231))
            record = made_record(f"mine/{model:02d}", score, label=label, median=8 + model / 4)
            records[f"mine/{model:02d} | {label}"] = record
            fits[f"mine/{model:02d} | {label}"] = fit
    found = comparison_document(without_fits(records, fits))
    assert len(block(found, "ranking-table").rows) == 120
    assert len(render_html(found).encode()) < 5_000_000


@given(st.lists(st.floats(0.0001, 9), min_size=1, max_size=6, unique_by=lambda value: f"{value:g}"))
def test_priors_are_in_the_order_of_their_strength(deltas) -> None:
    labels = [f"delta={delta:g}" for delta in deltas]
    strengths = [float(label.partition("=")[2]) for label in labels]
    expected = [label for _, label in sorted(zip(strengths, labels, strict=True))]
    assert sorted([*labels, "stated priors"], key=_order) == ["stated priors", *expected]
