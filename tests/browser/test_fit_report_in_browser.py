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
