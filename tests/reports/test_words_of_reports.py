"""What reports are written with: words, tables, pages, pictures and names of files."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

import bayes_scaling as bs
from bayes_scaling.common.formatting import month_of
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.reports.allocation import check_output
from bayes_scaling.reports.document import Bullets, Document, Paragraph, Section, Table, printable
from bayes_scaling.reports.fit_basis import further_selections, specification_name, table_option
from bayes_scaling.reports.fit_words import (
    in_brackets,
    in_whole_percent,
    number,
    unusable,
    variant_in_words,
)
from bayes_scaling.reports.html import _unbroken, mathml, render_html
from bayes_scaling.reports.markdown import render_markdown, render_page
from bayes_scaling.reports.mathematics import is_equation, symbol, tex
from bayes_scaling.reports.robustness_document import published_sentence
from bayes_scaling.reports.study_document import named
from bayes_scaling.reports.svg import lead_of, svg_of
from bayes_scaling.reports.write import as_plain, format_of, render_json
from bayes_scaling.studies.comparison.elpd import TIMES


def test_tables_of_names_and_values():
    assert Table.pairs("settings", "Settings", ("setting", "value"), {"seed": 0}).rows == (("seed", "0"),)


def test_equations_as_mathml():
    assert mathml(r"\alpha < 1").partition("<mrow>")[2] == "<mi>α</mi><mo>&lt;</mo><mn>1</mn></mrow></math>"
    assert mathml(r"\frac{") is None


def test_equations_as_tex():
    assert (is_equation("N_eff = N"), is_equation("era: before or after 2017.444")) == (True, False)
    assert tex("L = A[benchmark] / N_eff^alpha + noise") == (
        r"L = \frac{A_{\text{benchmark}}}{N_{\text{eff}}^{\alpha}} + \text{noise}"
    )
    names = (symbol("g_N", "benchmark"), symbol("Y0"), symbol("repetition_scale"))
    assert names == (r"g_{N, \text{benchmark}}", "Y_{0}", r"\text{repetition scale}")


def test_pages():
    assert "<h1>Doubling time</h1>" in render_html(Document("Doubling time", "About 8 months.", None, (), ()))
    page = render_markdown(Document("A <b> title", "8 months.", None, (), ()))
    assert page == "# A \\<b\\> title\n\n**8 months.**\n"
    found = Section.of("found", "", Bullets(("**8** months",)))
    assert render_page("Results", found) == "# Results\n\n- **8** months\n"


def test_a_cell_breaks_before_its_brackets():
    assert _unbroken("9.0 (5.5 to 16.8)").split(" ") == ["9.0", "(5.5\xa0to\xa016.8)"]


def test_what_no_page_may_hold_is_replaced():
    assert printable("a\r\nb\x00") == "a\nb\ufffd"


def test_figures_as_svg():
    drawn = svg_of(Figure(figsize=(1, 1)), "empty")
    assert drawn[:4] == "<svg" and "metadata" not in drawn
    assert drawn == svg_of(Figure(figsize=(1, 1)), "empty")


def test_a_lead_picture_is_narrow_and_its_text_large():
    figure = Figure(layout="constrained")
    figure.subplots().set_xlabel("months", fontsize=6)
    lead_of(figure, 3, "lead", "A title", "What it shows.")
    assert figure.get_size_inches().tolist() == [4.4, 3.0] and figure.axes[0].xaxis.label.get_fontsize() == 10.0


def test_names_in_a_sentence():
    assert named(["a", "b"]) == "a, b"
    assert named([str(each) for each in range(10)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"
    assert variant_in_words("reference | stated priors") == "reference, stated priors"


def test_names_in_commands():
    reference = bs.load_specification("reference")
    assert specification_name(reference) == "reference"
    assert specification_name(replace(reference, name="mine")) == "mine.toml"
    assert table_option(EvaluationsSummary("ho2024", 231, 58, ())) == ["--evaluations", "ho2024"]
    assert table_option(EvaluationsSummary("mine", 10, 2, (), "runs")) == ["--runs", "mine.csv"]
    selected = EvaluationsSummary("collected", 297, 80, ("comparable rows", "benchmarks ptb"))
    assert further_selections(selected) == ("benchmarks ptb",)


def test_findings_of_a_fit_that_has_not_converged_say_so():
    section = unusable(Section.of("s", "S", "What T is.", ("T is 8.",)))
    assert section.blocks == (Paragraph("What T is."), Bullets(("NOT CONVERGED, do not use. T is 8.",)))


def test_figures_in_words():
    assert in_brackets(dict(zip(TIMES, (8.44, 4.5, math.inf), strict=True))) == "8.4 [4.5, no bound]"
    shares = (in_whole_percent(-0.001), in_whole_percent(0.4648, 1), in_whole_percent(math.nan))
    assert shares == ("0%", "46.5%", "")
    figures = [number(each) for each in (0.34192, 1963.12, 2.5e9, math.nan)]
    assert figures == ["0.342", "1,960", "2.5e+09", "not defined"]
    assert (month_of(2012.5), month_of(2017.0)) == ("July 2012", "January 2017")


def test_dates_in_tables_behind_charts_are_months():
    def shown(*years):
        return [row[0] for row in Table.plain("t", "", pd.DataFrame({"year": years})).rows]

    assert shown(2020.404, math.nan, 2021.0) == ["May 2020", "", "January 2021"]
    assert shown(2020.0, math.nan, 2021.0) == ["2020", "", "2021"]


def test_how_a_published_figure_and_ours_differ():
    row = {
        **{"published_months": 8.8, "published_lower": 4.2, "published_upper": 18.7, "published_inside": True},
        **dict(zip(TIMES, (9.1, 5.4, 20.2), strict=True)),
        **{"compute_rate_lower": 0.412, "compute_rate_upper": 1.54, "rate_width_ratio": 0.73, "converged": True},
    }
    assert published_sentence("irreducible", row) == (
        "irreducible: published 8.8 [4.2, 18.7], found 9.1 [5.4, 20.2]; as rates a year, published [0.44, 1.98], found "
        "[0.41, 1.54]; the published point lies inside the interval found, which is 0.7 times as wide as the published "
        "one."
    )


def test_formats_by_ending_or_by_name():
    assert (format_of("report.md"), format_of("report", "html")) == ("markdown", "html")
    check_output(Path("splits.csv"))


def test_plain_data_and_json():
    found = as_plain(Document("A title", "An answer.", None, (), (), {"months": math.inf}))
    assert (found["answer"], found["data"]) == ("An answer.", {"months": None})
    assert json.loads(render_json(Document("A title", "An answer.", None, (), ())))["title"] == "A title"
