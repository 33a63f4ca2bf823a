"""Reports as files: formats, the twin, hostile names in Markdown and JSON, and files that can't be written."""

import html
import json
import math
import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from studies.robustness.made_robustness import made_run

import bayes_scaling as bs
from bayes_scaling.plots.interactive import scatter_view
from bayes_scaling.reports.document import (
    Banner,
    Bullets,
    Chart,
    Code,
    Document,
    Equation,
    Paragraph,
    Picture,
    Section,
    Table,
    printable,
)
from bayes_scaling.reports.markdown import render_markdown
from bayes_scaling.reports.write import as_plain, format_of, render_json, write_document, write_report

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M 0 0 L 1 1"/></svg>'
HOSTILE = ("<script>alert(1)</script>", '=HYPERLINK("http://x","y")', "a|b", "`rm`", "[x](javascript:1)", "שלום עולם")
PUNCTUATION = re.compile(r"\\([!-/:-@\[-`{-~])")


def a_document(*names: str) -> Document:
    """A report with every kind of block; names stand wherever a table's texts may."""
    shown = [printable(name) for name in names]
    points = pd.DataFrame({"point": shown, "x": range(len(names)), "y": 2.0, "paper": shown})
    view = scatter_view(points.assign(name=points["point"], group="all"), "x", "y")
    blocks = (
        *(Paragraph(name) for name in names),
        Bullets(names),
        Equation(r"L = \frac{A}{N^{\alpha}}"),
        Code("```\nfenced", "console"),
        Table("t", "A table", ("name", "months"), tuple((name, "8.4") for name in names), frozenset({0})),
        Picture("p", "A picture", SVG, "A line."),
        Chart("s", "Points", {"": view}, "Two.", points),
    )
    lead = Picture("lead", "Lead", SVG, "The answer.")
    banners = (Banner("NOT CONVERGED", "Do not use."),)
    return Document("A title", "8 months.", lead, banners, (Section("all", "All", blocks),), {"months": math.inf})


def cells(page: str) -> list[list[str]]:
    """Cells of every table of a Markdown page, with what was escaped as it was; joiners behind an @ left out."""
    found = []
    for line in page.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            shown = [html.unescape(PUNCTUATION.sub(r"\1", cell.strip())) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.append([cell.replace("\u2060", "") for cell in shown])
    return found


def test_markdown_shows_hostile_names_as_text():
    page = render_markdown(a_document(*HOSTILE))
    for name in HOSTILE:
        assert any(name in row for row in cells(page)), name
    assert not re.search(r"(?<!\\)[<>]", page.replace("> **NOT", "**NOT"))
    assert not re.search(r"(?<!\\)\]\(", page)
    assert "⚠ \\<script\\>" in page  # the marked row


def test_markdown_begins_with_the_warning_and_the_answer():
    page = render_markdown(a_document("a")).splitlines()
    assert page[:5] == ["# A title", "", "> **NOT CONVERGED** Do not use.", "", "**8 months.**"]


def test_a_fence_is_longer_than_what_it_holds():
    assert "````console\n```\nfenced\n````" in render_markdown(a_document("a"))


@given(st.text(min_size=1, max_size=40))
def test_a_cell_is_one_cell_whatever_it_says(text):
    rows = cells(
        render_markdown(
            Document("t", "a", None, (), (Section("s", "S", (Table("t", "c", ("first", "second"), ((text, "x"),)),)),))
        )
    )
    assert [len(row) for row in rows] == [2, 2] and rows[1][1] == "x"


@given(st.text(max_size=60))
def test_a_paragraph_begins_no_block(text):
    page = render_markdown(Document("t", "a", None, (), (Section("s", "S", (Paragraph(text),)),)))
    (line,) = page.split("## S\n\n")[1].splitlines() or [""]
    assert not re.match(r"\s*([-+*=] |#|>|\||```|\d+[.)] |<)", line)


def test_json_is_strict_and_has_every_table_and_point():
    found = json.loads(render_json(a_document(*HOSTILE)), parse_constant=pytest.fail)
    (section,) = found["sections"]
    assert found["data"] == {"months": None} and found["answer"] == "8 months."
    assert [record["name"] for record in section["tables"][0]["records"]] == list(HOSTILE)
    assert section["tables"][0]["marked"] == [0]
    assert [record["point"] for record in section["charts"][0]["records"]] == list(HOSTILE)
    assert section["pictures"][0]["alternative"] == "A line." and found["lead"]["name"] == "lead"
    assert set(HOSTILE) <= set(section["text"])
    assert found == as_plain(a_document(*HOSTILE))


def test_formats_follow_the_ending_or_the_name(tmp_path):
    assert [format_of(f"r{end}") for end in (".html", ".md", ".json", ".HTML")] == ["html", "markdown", "json", "html"]
    assert format_of("r.txt", "markdown") == "markdown"
    with pytest.raises(bs.BayesScalingError, match=r"r\.pdf.*\.html, \.md, \.json"):
        write_document(a_document("a"), tmp_path / "r.pdf")
    with pytest.raises(bs.BayesScalingError, match="'pdf' is unknown; valid choices: html, markdown, json"):
        write_document(a_document("a"), tmp_path / "r.html", "pdf")
    assert list(tmp_path.iterdir()) == []


def test_html_has_its_twin_beside_it(tmp_path):
    path = write_document(a_document(*HOSTILE), tmp_path / "r.html")
    assert path == tmp_path / "r.html" and sorted(file.name for file in tmp_path.iterdir()) == ["r.html", "r.json"]
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == as_plain(a_document(*HOSTILE))
    page = path.read_text(encoding="utf-8")
    assert "alert(1)" in page and "<script>alert(1)" not in page


def test_markdown_has_its_pictures_beside_it(tmp_path):
    path = write_document(a_document("a"), tmp_path / "my report.md")
    addresses = re.findall(r"!\[[^\]]*\]\(<([^>]+)>\)", path.read_text(encoding="utf-8"))
    assert addresses == [f"my%20report_pictures/{name}.svg" for name in ("lead", "p", "s")]
    assert (tmp_path / "my report_pictures" / "p.svg").read_text(encoding="utf-8") == SVG


def test_an_earlier_report_is_replaced_whole(tmp_path):
    for name in ("r.json", "r.html", "r.md"):
        for title in ("Old", "A title"):
            write_document(replace(a_document("a"), title=title), tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "A title" in text and "Old" not in text


@pytest.mark.parametrize(
    ("there", "asked", "format"),
    [
        ("comparison.json", "comparison.html", None),
        ("comparison.json", "comparison.json", None),
        ("comparison.md", "comparison.md", None),
        ("page.html", "page.html", None),
        ("fit.nc", "fit.nc", "html"),
        ("table.csv", "table.csv", "json"),
    ],
)
def test_what_is_no_report_is_not_replaced(there, asked, format, tmp_path):
    (tmp_path / there).write_bytes(b'{"fingerprints": {}, "title": 1, "\xff": []}')
    before = (tmp_path / there).read_bytes()
    with pytest.raises(bs.BayesScalingError, match=rf"{re.escape(there)}.*is no report.*choose another --output"):
        write_document(a_document("a"), tmp_path / asked, format)
    assert (tmp_path / there).read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [there]


@pytest.mark.parametrize("content", [b"[]", b"{}", b"[" * 100_000, b'{"title": 1, "answer": 2}', b"nul"])
def test_only_a_whole_report_counts_as_one(content, tmp_path):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(bs.BayesScalingError, match="is no report"):
        write_document(a_document("a"), tmp_path / "r.html")


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_half_a_character_in_a_name_is_replaced(ending, tmp_path):
    path = write_document(a_document("half \udcff"), tmp_path / f"r.{ending}")
    assert "half \ufffd" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["see https://x.org/a", "www.x.org", "WWW.x.org", "me@x.org", "@someone"])
def test_markdown_makes_no_link_of_a_bare_address(text):
    page = render_markdown(a_document(text))
    assert not re.search(r"://|www\.|@(?!&#8288;)", page.replace("&#64;", "@"), re.IGNORECASE)
    assert any(text in row for row in cells(page))


def test_points_are_called_points_in_markdown():
    assert ["point", "x", "y", "paper"] in cells(render_markdown(a_document("a")))


def test_what_can_t_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(bs.BayesScalingError, match="can't be written"):
        write_document(a_document("a"), tmp_path / "file" / "r.json")
    with pytest.raises(bs.BayesScalingError, match="is a directory"):
        write_document(a_document("a"), tmp_path, "html")


def test_a_report_is_of_a_result():
    with pytest.raises(bs.BayesScalingError, match=r"not a dict"):
        write_report({}, "r.html")


def test_a_robustness_run_stands_beside_a_fit_alone(tmp_path):
    run = made_run(cases=["papers"])
    with pytest.raises(bs.BayesScalingError, match="for the report of a fit alone"):
        write_report(run, tmp_path / "r.json", robustness=run)
