"""Pictures and pages of fits, whatever the benchmarks are called."""

import html
import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from plots.drawn import texts
from quantities.identification.conftest import made, model_7_draws
from studies.backtest.made_predictions import fit_at_truth, made_table
from studies.robustness.made_robustness import made_run

import bayes_scaling as bs
from bayes_scaling.quantities.allocation_table import Question, allocations
from bayes_scaling.reports.allocation import allocation_json
from bayes_scaling.reports.fit_basis import rows_section
from bayes_scaling.studies.calibration.experiment import Simulation
from bayes_scaling.tables import Benchmark

ORDINARY = ("lm1b", "house news", "C4")
HOSTILE = (r"$\frac{$", "<script>alert(1)</script>", "n" * 300)


@pytest.fixture(scope="module", params=[ORDINARY, HOSTILE], ids=["ordinary", "hostile"])
def labels(request) -> tuple[str, ...]:
    return request.param


@pytest.fixture(scope="module")
def table(labels, ho2024):
    renamed = ho2024.assign(benchmark=ho2024["benchmark"].map(dict(zip(("wt103", "wt2", "ptb"), labels, strict=True))))
    renamed.attrs = {"name": "mine", "selections": []}
    return renamed


@pytest.fixture(scope="module", autouse=True)
def any_label(labels):
    """The model takes these labels, if it still has to be told which there are."""
    with pytest.MonkeyPatch.context() as patch:
        known = tuple(Benchmark(label, label, tokens=10**8, vocabulary=None) for label in labels)
        patch.setattr("bayes_scaling.model.rows.BENCHMARKS", known, raising=False)
        yield


@pytest.fixture(scope="module")
def fit(table) -> bs.Fit:
    return made("ho2024/07", table, model_7_draws(np.random.default_rng(0)))


def drawn(figure: Figure) -> str:
    """The texts of a picture, once it is drawn."""
    figure.draw_without_rendering()
    return texts(figure)


def test_what_the_data_decide(fit, labels):
    words = drawn(bs.plot_identification(fit))
    assert all(f"level[{label}"[:26] in words for label in labels) and "n" * 50 not in words


@pytest.mark.parametrize("plot", [bs.plot_doubling_times, bs.plot_ridge, bs.plot_attribution])
def test_pictures_of_quantities(plot, fit):
    assert drawn(plot(fit))


def test_effective_compute(fit):
    assert drawn(bs.plot_effective_compute(fit, 2014, 2023))


def test_predictive_checks(table, labels):
    chosen = bs.load_specification("ho2024/07")
    check = bs.predictive_check(fit_at_truth(chosen, made_table(chosen, table, 0)))
    words = drawn(bs.plot_predictive(check))
    assert all(label[:20] in words for label in labels)


def test_ranks_of_a_calibration(labels):
    names = [f"level[{label}]" for label in labels]
    runs = tuple(Simulation(dict.fromkeys(names, rank), True, 1.0, 400.0, 0, 0, 1.0) for rank in range(0, 100, 5))
    words = drawn(bs.plot_calibration(bs.Calibration("reference", "made", runs, 0, "")))
    assert all(name[:26] in words for name in names)


def test_robustness_has_a_case_for_each_benchmark(table, labels):
    result = made_run(table, ["papers", *labels])
    assert set(labels) < set(result.table.index)
    assert result.table.loc[labels[1], "question"] == f"What does {labels[1]} alone say?" and result.skipped == {}
    words = drawn(bs.plot_robustness(result))
    assert all(label[:20] in words for label in labels)


def test_the_data_on_a_page(fit, labels):
    section = rows_section(fit)
    counts = next(block for block in section.blocks if getattr(block, "name", "") == "rows-by-benchmark")
    assert {row[0] for row in counts.rows} == set(labels)


def test_the_page_is_safe(fit, labels, tmp_path):
    bs.write_report(fit, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and all(html.escape(label, quote=False) in page for label in labels)


def test_budgets_are_split_on_the_first_benchmark_unless_one_is_named(fit, labels):
    first, last = (allocations(Question((1e22,), benchmark=label), fit) for label in (None, labels[-1]))
    assert (first.benchmark, last.benchmark) == (labels[0], labels[-1])
    assert json.loads(allocation_json(first))["fit"]["benchmark"] == labels[0]
    assert not first.table.equals(last.table)
