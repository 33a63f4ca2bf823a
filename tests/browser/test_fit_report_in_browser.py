"""The report of a whole fit, as `report` writes it, in a real browser."""

import io
import unicodedata
from itertools import pairwise

import pytest
from pypdf import PdfReader
from reports.drawn_fits import BAD, drawn_fit
from test_report_in_browser import WHOLE, drawn, violations

import bayes_scaling as bs
from bayes_scaling.reports.fit_document import fit_document
from bayes_scaling.reports.html import render_html


@pytest.mark.browser
def test_report_of_a_fit_is_accessible_complete_and_small(opened) -> None:
    document = fit_document(drawn_fit("ho2024/07", bs.load_evaluations("ho2024"), diagnostics=BAD))
    html = render_html(document)
    assert len(html.encode()) < 5e6
    page = drawn(opened(html, width=360))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for width in (360, 768, 1440):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)  # charts follow a resize a moment later
            assert page.evaluate(WHOLE) == [], (width, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            serious = [one for one in violations(page) if one["impact"] in ("serious", "critical")]
            assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in serious], (width, scheme)
    fold = page.locator("#page--statisticians").bounding_box()["y"] + page.evaluate("scrollY")
    assert fold < 6000
    reads = "document.querySelector('#reach--figure .mark-text.role-mark').textContent"
    before, slider = page.evaluate(reads), page.locator("#reach--figure input[name=budget]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{reads} !== {before!r}")
    page.set_viewport_size({"width": 360, "height": 900})
    page.locator(".folded > summary").click()
    sideways = "one => one.scrollWidth > one.clientWidth"
    for region in (".opening .scroll", ".scroll:has(#priors--table)"):
        assert not page.eval_on_selector(region, sideways), region
    assert page.eval_on_selector(".scroll:has(#identification-table--table)", sideways)  # so that it could be told
    prior = page.locator("#priors--table tbody tr").first
    boxes = [cell.bounding_box() for cell in prior.locator("th, td").all()]
    assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in pairwise(boxes))
    assert "LogNormal" in page.get_by_role("table", name="Priors").get_by_role("cell").first.inner_text()
    page.set_viewport_size({"width": 1440, "height": 900})
    last = page.locator("#identification-table--table thead th").last.bounding_box()
    assert last["x"] + last["width"] < 1440
    assert not page.eval_on_selector(".scroll:has(#identification-table--table)", sideways)
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.get_by_role("alert").first.is_visible()
    assert not [one["id"] for one in violations(page) if one["impact"] in ("serious", "critical")]
    sheets = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages]
    assert all(sheet.strip() for sheet in sheets)
    text = unicodedata.normalize("NFKC", "\n".join(sheets))  # without ligatures
    lines = [line.strip() for line in text.splitlines()]
    assert not [section.title for section in document.everything if f"{section.title}" not in lines]


_POINTS = "[...document.querySelectorAll('#rows--figure .mark-symbol.role-mark > path')]"
_FADED = f"{_POINTS}.filter(one => one.__data__.opacity < .1).length"


@pytest.mark.browser
def test_charts_are_read_and_filtered_by_pointer_and_by_keys(opened) -> None:
    page = drawn(opened(render_html(fit_document(drawn_fit("ho2024/07", bs.load_evaluations("ho2024"))))))
    chart, told = page.locator("#rows--figure svg.marks"), page.locator("#rows--figure .keys")
    chart.locator(".role-legend-label > text", has_text="transformer").click()
    page.wait_for_function(f"{_FADED} > 0")
    others = page.evaluate(_FADED)
    page.locator("#rows--figure .view select").focus()
    page.keyboard.press("Tab")
    assert told.is_visible()
    assert "from group to group" in told.inner_text()
    seen = []
    for _ in range(chart.locator(".role-legend-label > text").count()):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(100)
        seen.append((told.text_content(), page.evaluate(_FADED)))
    assert ("transformer", others) in seen
    assert len(set(seen)) == len(seen) > 1
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"{_FADED} === 0")
    assert told.text_content() == "all"
    points = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        points.append(told.text_content())
        tip = page.locator("#vg-tooltip-element.visible").inner_text()
        assert all(part.split(": ")[1].split()[0] in tip for part in points[-1].split("; ")[:2])
    assert points[0] == points[2] != points[1]
    page.keyboard.press("Tab")
    page.locator("#vg-tooltip-element.visible").wait_for(state="detached", timeout=3000)
    estimates = page.locator("#estimates--figure")  # whose legend filters nothing
    estimates.locator("svg.marks").focus()
    assert "group" not in estimates.locator(".keys").inner_text()
