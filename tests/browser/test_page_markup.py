"""What a report's page says, read as markup: text stays text, faults of a document are named."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pandas as pd
import pytest
import report_samples as samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.reports.document import (
    Banner,
    Bullets,
    Code,
    Document,
    Equation,
    Paragraph,
    Picture,
    Section,
    Table,
    printable,
)
from bayes_scaling.reports.html import mathml, render_html
from bayes_scaling.reports.markdown import render_markdown
from bayes_scaling.reports.write import as_plain

EMPTY_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"/>'
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("<>&'\"{}%\0\r\n\u202e"), max_size=30) | st.sampled_from(
    samples.HOSTILE
)


class Reader(HTMLParser):
    """The texts of elements by their names, all attributes, and all elements."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts, self.attributes, self.elements, self.inside = {}, [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attributes):
        self.elements.append(name)
        self.attributes += attributes
        if name not in ("meta", "link", "img", "br"):
            self.inside.append(name)
            self.texts.setdefault(name, []).append("")

    def handle_startendtag(self, name, attributes):
        self.elements.append(name)
        self.attributes += attributes

    def handle_endtag(self, name):
        assert self.inside.pop() == name

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside[-1]][-1] += data


def document(*blocks, **parts) -> Document:
    whole = {
        "title": "Title",
        "answer": "Answer.",
        "lead": None,
        "banners": (),
        "sections": (Section("a", "A", blocks),),
    }
    return Document(**(whole | parts))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_text_is_shown_as_it_is(data) -> None:
    title, paragraph, item, code, cell, column, caption = (data.draw(TEXTS) for _ in range(7))
    marks = pd.DataFrame({"name": ["n"], "group": ["g"], samples.X: [1.0], samples.Y: [1.0], "link": [""]})
    marks.loc[0, ["name", "group", "link"]] = [printable(data.draw(TEXTS)) for _ in range(3)]
    made = document(
        Paragraph(paragraph),
        Bullets((item,)),
        Code(code),
        Equation(data.draw(TEXTS)),
        Table("t", caption, (column, "b"), ((cell, "b"),)),
        Picture("p", title, EMPTY_SVG, paragraph),
        replace(samples.chart(marks, "s", title), alternative=item, note=caption),
        title=title,
        banners=(Banner(title, item),),
    )
    page = render_html(made)
    page.encode()
    read = Reader(page)
    assert read.inside == []
    assert read.texts["title"][0] == read.texts["h1"][0] == printable(title)
    assert printable(paragraph) in read.texts["p"]
    assert printable(item) in read.texts["li"]
    assert printable(code) in read.texts["code"]
    assert {printable(cell), printable(column)} <= set(read.texts["bdi"])
    assert printable(caption) in (*read.texts["span"], "")  # an empty one has no place
    assert marks["name"][0] in read.texts["bdi"]
    assert read.elements.count("script") == 3 and read.elements.count("style") == 1  # charts, Vega and the page's own
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]
    links = [value for name, value in read.attributes if name == "href"]
    assert all(link.lower().startswith(("#", "http://", "https://", "data:text/csv;")) for link in links)


def test_a_page_asks_for_nothing_and_allows_nothing() -> None:
    page = render_html(samples.everything())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    page = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)  # Vega's own, which the policy holds to the same
    assert not re.search(r"<(?:link|iframe|object|embed)\b|\bsrc=(?!\"data:image/svg\+xml;)|@import|url\((?!#)", page)


@pytest.mark.parametrize(
    ("link", "linked"),
    [
        ("https://example.org/a?b=c&d=e", True),
        ("HTTP://example.org", True),
        ("", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        (" https://example.org", False),
        ("https://example.org/ onclick=x", False),
        ("//example.org", False),
    ],
)
def test_only_web_addresses_are_links(link, linked) -> None:
    read = Reader(render_html(document(samples.chart(samples.points(1).assign(link=link)))))
    assert (("href", link) in read.attributes) == linked


def test_marked_rows_are_marked_in_words() -> None:
    page = render_html(document(Table("t", "Caption.", ("a", "b"), (("x", "1"), ("y", "2")), frozenset({1}))))
    assert re.findall(r'<tr class="marked"><th scope="row"><span class="flag">⚠ [\w ]+</span><bdi>(\w)', page) == ["y"]
    assert "Rows marked ⚠" in page
    assert "Rows marked ⚠" not in render_html(document(Table("t", "Caption.", ("a",), (("x",),))))
    page = render_html(document(Table("t", "Caption.", ("a",), (("x",), ("y",)), frozenset({0, 1}))))
    assert page.count("⚠") == 1
    assert "⚠ No row of this table is to be trusted." in page


def test_only_tables_that_hold_sentences_are_stacked_on_phones() -> None:
    long = "a sentence that goes on and on for ever"
    page = render_html(document(Table("t", "Caption.", ("a", "<b>", "c"), (("x", long, "1"),))))
    assert 'class="stacked"' in page and 'data-column="&lt;b&gt;"' in page
    for rows in ((("x", "1", "2"),), ((long, "1", "2"),)):
        assert 'class="stacked"' not in render_html(document(Table("t", "Caption.", ("a", "b", "c"), rows)))


def test_subtitle_and_notes_stand_around_the_answer() -> None:
    made = document(subtitle="About <this>.", notes=("One & two.", "Three."))
    page, text = render_html(made), render_markdown(made)
    parts = ("Title</h1>", "About &lt;this&gt;.", "Answer.", "One &amp; two.", "Three.")
    assert [*parts] == sorted(parts, key=page.index)
    plain = ("# Title", "About", "Answer.", "One", "Three.")
    assert [*plain] == sorted(plain, key=text.index) and "<this>" not in text
    assert as_plain(made)["subtitle"] == "About <this>." and as_plain(made)["notes"] == ["One & two.", "Three."]


def test_columns_of_figures_are_aligned_on_the_right() -> None:
    rows = (("1", "8.4 [5.1, 14.2]", "no", "-1.2", "3 words that go on and on for ever and ever"),
            ("2", "no bound", "5", "", "4"))  # fmt: skip
    page = render_html(document(Table("t", "Caption.", tuple("abcde"), rows)))
    assert re.findall(r'<th scope="col"(?: role="columnheader")?( class="figures")?>', page) == [
        "",
        ' class="figures"',
        "",
        ' class="figures"',
        "",
    ]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (document(Table("t", "", ("a", "b"), (("x",),))), "Row 0 of table 't' has 1 cells under 2 headers"),
        (document(Table("t", "", (), ()), Picture("t", "", EMPTY_SVG, "")), "named 't'"),
        (document(Table("A b", "", (), ())), "'A b' can't name"),
        (document(sections=(Section("a", "", ()), Section("a", "", ()))), "named 'a'"),
        (document(lead=Picture("a--b", "", EMPTY_SVG, "")), "'a--b' can't name"),
    ],
)
def test_faults_of_a_document_are_named(made, message) -> None:
    with pytest.raises(BayesScalingError, match=re.escape(message)):
        render_html(made)


@pytest.mark.parametrize(
    "svg", ["", "<p/>", "<svg", '<!DOCTYPE a [<!ENTITY b "c">]><svg/>&b;', "<svg><!ENTITY b 'c'></svg>", "\0<svg/>\0"]
)
def test_what_is_no_drawing_is_refused(svg) -> None:
    with pytest.raises(BayesScalingError, match="'p'"):
        render_html(document(Picture("p", "", svg, "")))


def test_drawings_are_images_as_they_were_drawn() -> None:
    buffer = io.StringIO()
    samples.figure("Doubling time").savefig(buffer, format="svg")
    svg = buffer.getvalue()
    hostile = svg.replace("</svg>", '<script>alert(1)</script><image href="https://example.org/a.png"/></svg>')
    pictures = [Picture(name, f"{name} <b>", each, 'about "it"') for name, each in (("one", svg), ("two", hostile))]
    page = render_html(document(*pictures))
    assert "<script>alert" not in page and "example.org" not in page
    shown = dict(re.findall(r'<img src="data:image/svg\+xml;base64,([^"]*)" alt="(\w+) &lt;b&gt;" aria-desc', page))
    assert [base64.b64decode(each).decode() for each in shown] == [svg, hostile]


@pytest.mark.parametrize(
    ("tex", "parts"),
    [
        (r"\frac{a}{b}", ["mfrac"]),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", ["mtable", "mtd"]),
        (r"\text{a <script> & b}", ["mtext"]),
    ],
)
def test_equations_are_well_formed(tex, parts) -> None:
    made = {element.tag.split("}")[1] for element in ElementTree.fromstring(mathml(tex)).iter()}
    assert {"math", *parts} <= made
    assert "script" not in made


def test_equations_that_cannot_be_read_are_shown_in_latex() -> None:
    page = render_html(document(Equation(r"<b> \frac{")))
    assert r"<pre><code>&lt;b&gt; \frac{</code></pre>" in page
    assert "href" not in mathml(r"\href{javascript:alert(1)}{x}")


def test_csv_behind_a_chart_holds_every_row_and_no_formula() -> None:
    some = samples.points(8).assign(name=samples.HOSTILE)
    read = Reader(render_html(document(samples.chart(some))))
    (address,) = [value for name, value in read.attributes if name == "href" and value.startswith("data:text/csv")]
    table = pd.read_csv(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert table[samples.X].tolist() == pytest.approx(some[samples.X].tolist())
    assert not [name for name in table["name"] if name.startswith(("=", "+", "-", "@"))]
    assert samples.SCRIPT in set(table["name"]) and "'" + samples.FORMULA in set(table["name"])


def test_terms_are_explained_where_they_come_first() -> None:
    page = render_html(document(Paragraph("R-hat is 1.00, and R-hat <1.01; LOO-PIT is uniform; not-R-hat-like.")))
    assert re.findall(r'<abbr title="([^"]+)">([^<]+)</abbr>', page)[0][1] == "R-hat"
    assert page.count("<abbr") == 2 and "R-hat &lt;1.01" in page


def test_every_heading_has_an_address() -> None:
    made = document(folded=(Section("more", "More", (Paragraph("Details."),)),))
    page = render_html(made)
    assert re.findall(r'class="permalink" href="#([^"]+)"', page) == ["a", "page--statisticians", "more"]
    assert '<details class="folded">' in page and "Details." in page


def test_a_comparison_of_120_variants_is_below_five_megabytes() -> None:
    points = samples.points(120).assign(**{f"key {j}": "8.4 [5.1, 14.2]" for j in range(12)})
    pictures = tuple(samples.picture(f"picture-{k}") for k in range(8))
    page = render_html(document(samples.wide_table(120), samples.chart(points), *pictures))
    assert len(page.encode()) < 5e6
