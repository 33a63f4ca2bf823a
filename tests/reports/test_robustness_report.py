"""Robustness runs read back from their directories, and the report of one."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import studies.robustness.made_robustness as made
from drawn_fits import drawn_fit
from kept_sweeps import kept_robustness
from studies.robustness.made_robustness import STUCK_CASE, UNBOUNDED_CASE, made_run
from xarray import DataTree

import bayes_scaling as bs
from bayes_scaling.common.formatting import months
from bayes_scaling.quantities.rates import months_to_double
from bayes_scaling.reports.document import Code, Document, Table
from bayes_scaling.reports.html import render_html
from bayes_scaling.reports.robustness_document import robustness_document
from bayes_scaling.reports.write import render_json, write_report
from bayes_scaling.studies.robustness.cases import BASELINE
from bayes_scaling.studies.robustness.result import Robustness
from bayes_scaling.studies.robustness.run import check_same_table, load_robustness, robustness_json


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("robustness")


@pytest.fixture(scope="module")
def kept(ho2024, place) -> Robustness:
    return kept_robustness(bs.on_benchmarks(ho2024, "ptb"), place)


@pytest.fixture
def copy(kept, place, tmp_path) -> Path:
    return Path(shutil.copytree(place, tmp_path / "copy"))


@pytest.fixture(scope="module")
def run() -> Robustness:
    return made_run()


@pytest.fixture(scope="module")
def document(run) -> Document:
    return robustness_document(run)


def table_of(document: Document, name: str) -> Table:
    blocks = [each for section in document.everything for each in section.blocks]
    (found,) = [each for each in blocks if isinstance(each, Table) and each.name == name]
    return found


def the(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_run_read_back_is_the_one_that_was_written(kept, place) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    loaded = load_robustness(place)
    pd.testing.assert_frame_equal(loaded.table, kept.table, check_dtype=False, rtol=0, atol=0)
    assert (loaded.settings, loaded.seed, loaded.evaluations) == (kept.settings, kept.seed, kept.evaluations)
    assert loaded.fingerprints == kept.fingerprints and loaded.skipped == kept.skipped
    assert loaded.fit("papers").fingerprint == kept.fingerprints["papers"]
    assert loaded.table.to_csv() == kept.table.to_csv()
    assert json.loads(robustness_json(loaded)) == json.loads(robustness_json(kept))
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


DAMAGE = {
    "robustness.json: no such file": lambda d: (d / "robustness.json").unlink(),
    "robustness.csv: no such file": lambda d: (d / "robustness.csv").unlink(),
    "robustness.json: damaged": lambda d: (d / "robustness.json").write_text("{", encoding="utf-8"),
    "robustness.json: damaged.*skipped": lambda d: edit(d / "robustness.json", '"skipped": {', '"skipped": [], "x": {'),
    "robustness.csv: damaged.*lacks": lambda d: edit(d / "robustness.csv", "elpd_diff", "elpd"),
    "robustness.csv: damaged.*not of the run": lambda d: edit(d / "robustness.csv", "papers,What", "people,Does"),
    "papers: one of them was changed": lambda d: edit(
        the(d / "scores", "robustness-papers-*"), '"median": ', '"median": 1'
    ),
    "score of papers.*missing": lambda d: the(d / "scores", "robustness-papers-*").unlink(),
    "fit of papers.*missing": lambda d: the(d / "fits", "robustness-papers-*").unlink(),
    "robustness-papers-.*nc: damaged": lambda d: flip(the(d / "fits", "robustness-papers-*")),
}


def test_rates_are_read_off_the_fits_whatever_the_table_says_of_widths(kept, copy) -> None:
    file = copy / "robustness.csv"
    rates = ["compute_rate_lower", "compute_rate_upper", "rate_width_ratio", "published_inside"]
    pd.read_csv(file).drop(columns=rates).assign(width_ratio=9.0).to_csv(file, index=False)
    table = load_robustness(copy).table
    pd.testing.assert_frame_equal(table[rates], kept.table[rates])
    for name, row in table.iterrows():
        assert months_to_double(row["compute_rate_upper"]) == pytest.approx(row["compute_doubling_months_lower"]), name


@pytest.mark.parametrize("message", DAMAGE)
def test_what_is_missing_or_damaged_is_named_with_the_next_step(message, copy) -> None:
    DAMAGE[message](copy)
    with pytest.raises(bs.BayesScalingError, match=message) as caught:
        load_robustness(copy)
    assert "again" in str(caught.value)


def test_the_report_of_a_run_read_back_names_the_versions_that_fitted_it(kept, place) -> None:
    document = robustness_document(load_robustness(place))
    assert "NOT CONVERGED: 1 OF 3" in [banner.title for banner in document.banners]
    page = render_html(document)
    assert kept.fingerprints["papers"] in page and "student-t" in page


def test_a_run_of_cases_is_repeated_by_name(run, kept, place) -> None:
    def command(result: Robustness) -> str:
        blocks = robustness_document(result).folded[-1].blocks
        (code,) = [block.text for block in blocks if isinstance(block, Code)]
        return code

    assert command(load_robustness(place)) == (
        "bayes-scaling robustness --evaluations ho2024 --case papers --case student-t --seed 0"
    )
    whole = replace(run, evaluations=replace(run.evaluations, name="my table"))
    assert shlex.split(command(whole))[:4] == ["bayes-scaling", "robustness", "--evaluations", "my table.csv"]


def test_a_run_belongs_to_fits_of_exactly_its_rows(kept, ho2024) -> None:
    fit = kept.fit(BASELINE)
    check_same_table(kept, fit)
    check_same_table(kept, drawn_fit("reference", bs.on_benchmarks(ho2024, "ptb")))
    for changed in ({"name": "mine"}, {"kind": "runs"}, {"rows": 3}, {"selections": ()}):
        other = replace(fit, evaluations=replace(fit.evaluations, **changed))
        with pytest.raises(bs.BayesScalingError, match=f"differ in {next(iter(changed))}"):
            check_same_table(kept, other)


@pytest.mark.parametrize("group", ["observed_data", "constant_data"])
def test_a_run_is_refused_where_one_row_is_another(group, kept, tmp_path) -> None:
    fit = kept.fit(BASELINE)
    data = fit.data.copy(deep=True)
    if group == "observed_data":
        next(iter(data[group].data_vars.values()))[3] += 1e-9
    else:
        ids = data["constant_data"]["evaluation"].to_numpy().astype(object)
        ids[3] = "another"
        groups = {name: node.to_dataset() for name, node in data.children.items()}
        groups["constant_data"] = groups["constant_data"].assign_coords(evaluation=ids)
        data = DataTree.from_dict(groups)
    with pytest.raises(bs.BayesScalingError, match=r"differ in (row ids|responses)"):
        write_report(replace(fit, data=data), tmp_path / "r.json", robustness=kept)
    assert list(tmp_path.iterdir()) == []


def test_the_answer_counts_what_has_converged(document, run) -> None:
    base = run.table.loc[BASELINE]
    others = run.table.drop(index=[BASELINE, STUCK_CASE])
    medians = others["compute_doubling_months_median"]
    lower, upper = base["compute_doubling_months_lower"], base["compute_doubling_months_upper"]
    assert document.answer.startswith("In the baseline, better algorithms halved the compute needed for the same loss")
    assert f"every {months(base['compute_doubling_months_median'])} months, probably {months(lower)}" in document.answer
    assert f"Over {len(others)} other choices" in document.answer
    assert f"from {months(medians.min())} ({medians.idxmin()}) to {months(medians.max())}" in document.answer
    outside = int(((medians < lower) | (medians > upper)).sum())
    assert outside > 0 and f"{outside} of them outside the baseline's interval" in document.answer


def test_what_has_not_converged_is_in_a_banner_and_marked(document, run) -> None:
    (banner,) = document.banners
    assert banner.title == f"NOT CONVERGED: 1 OF {len(run.table)}" and STUCK_CASE in banner.text
    place = list(run.table.index).index(STUCK_CASE)
    for name in ("cases-table", "convergence-table"):
        assert table_of(document, name).marked == {place}
    assert table_of(document, "cases-table").rows[place][4] == "NOT CONVERGED"
    assert document.lead is not None and f"{STUCK_CASE} " in document.lead.alternative
    assert document.lead.alternative.count("NOT CONVERGED") == 1


def test_a_baseline_that_has_not_converged_leaves_no_answer() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "STUCK_CASE", BASELINE)
        document = robustness_document(made.made_run(cases=["papers"]))
    assert document.answer.startswith("NOT CONVERGED") and "halved" not in document.answer
    assert document.banners[0].title == "NOT CONVERGED: THE BASELINE"


def test_a_baseline_without_a_bound_is_in_a_banner() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "UNBOUNDED_CASE", BASELINE)
        document = robustness_document(made.made_run(cases=["papers"]))
    assert [banner.title for banner in document.banners] == ["NO UPPER BOUND"]
    assert "or more, without an upper bound" in document.answer


def test_tables_hold_every_case_with_its_published_value(document, run) -> None:
    found = table_of(document, "cases-table")
    assert [row[0] for row in found.rows] == list(run.table.index)
    shown = {row[0]: row for row in found.rows}
    assert shown["irreducible"][5] == "8.8 [4.2, 18.7]" and shown["reference"][5] == ""
    assert "no bound" in shown[UNBOUNDED_CASE][2]
    assert shown[BASELINE][4] == "0" and shown["wt2"][4] == ""
    for section in document.everything:
        for each in section.blocks:
            if isinstance(each, Table):
                assert {len(row) for row in each.rows} == {len(each.columns)}


def test_what_was_skipped_is_told_with_the_reason(ho2024) -> None:
    result = made_run(ho2024.drop(columns="doubt"), ["without-doubt", "papers"])
    found = table_of(robustness_document(result), "skipped-cases")
    assert found.rows == tuple(result.skipped.items()) and found.rows[0][0] == "without-doubt"


def test_the_twin_holds_the_table_in_strict_json(document, run) -> None:
    data = json.loads(render_json(document))["data"]
    assert list(data["table"]) == list(run.table.index)
    assert data["table"][BASELINE]["rows"] == run.table.loc[BASELINE, "rows"]
    assert data["table"][UNBOUNDED_CASE]["compute_doubling_months_upper"] is None
    assert data["table"]["reference"]["published_inside"] is None
    assert set(json.loads(robustness_json(run))) < set(data)


def test_the_page_is_whole_and_has_no_raster(document) -> None:
    page = re.sub(r"</?abbr[^>]*>", "", render_html(document))  # around terms that are explained
    assert document.answer in page.replace("&#39;", "'") and "<image" not in page
