"""Names of tables and benchmarks with dollar signs, or with bytes that are no text, stand in pictures as they are."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from made_fits import fit_around_made_runs
from matplotlib.figure import Figure
from matplotlib.text import Text

import bayes_scaling as bs
from bayes_scaling.plots.visuals import finish
from bayes_scaling.reports.run_directory import picture
from bayes_scaling.tables.formats import table_name

NAMES = ["cost_$5_and_$6^", "cost_$5_and_$6", "$"]


@pytest.mark.parametrize("name", NAMES)
def test_titles_are_no_mathematics(name) -> None:
    fit = fit_around_made_runs(draws=20)
    figure = bs.plot_isoflop(replace(fit, evaluations=replace(fit.evaluations, name=name)))
    assert picture(figure)
    title = next(text for text in figure.findobj(Text) if f"on {name}" in text.get_text())
    assert not title.get_parse_math()


def test_labels_are_mathematics_only_where_it_can_be_read() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set_xticks([0, 1], ["$5_and_$6^", "$g_N$"])
    axes.set_ylabel("$5_and_$6^")
    assert picture(finish(figure, {}))
    ours, theirs = axes.get_xticklabels()
    assert not ours.get_parse_math() and theirs.get_parse_math() and not axes.yaxis.label.get_parse_math()


def test_a_file_whose_name_is_no_text_has_a_name_that_is() -> None:
    name = table_name(Path(os.fsdecode(b"bad_\xff.csv")))
    assert name == r"bad_\udcff" and name.encode()
