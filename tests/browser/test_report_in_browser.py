"""Reports in a real browser: nothing is loaded, everything is readable, reachable and printed."""

import io
import unicodedata

import pytest
import report_samples as samples
from axe_playwright_python.sync_playwright import Axe
from pypdf import PdfReader

from bayes_scaling.reports.document import Document, Paragraph, Picture, Section
from bayes_scaling.reports.html import render_html

pytestmark = pytest.mark.browser

PAPER_WIDTH = 673
"""Pixels of A4 within the margins of the style sheet."""
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.matches('.skip, .unseen, svg *') && !e.parentElement.closest('.scroll') && e.getClientRects().length
               && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def page_of_everything() -> str:
    return render_html(samples.everything())


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return render_html(samples.hostile())


@pytest.fixture(scope="module")
def both(page_of_everything, hostile_page) -> tuple[str, str]:
    return page_of_everything, hostile_page


def violations(page) -> list[dict]:
    return Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]


@pytest.mark.parametrize(
    ("which", "width", "scheme"), [(0, 360, "dark"), (0, 360, "light"), (0, 1280, "light"), (1, 360, "light")]
)
def test_axe_finds_no_serious_violation(which, width, scheme, both, opened) -> None:
    page = opened(both[which], width=width, color_scheme=scheme)
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    page.locator("[data-drawn]").first.wait_for()
    found = violations(page)
    assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]


def test_axe_finds_a_page_that_is_not_accessible(opened) -> None:
    page = opened("<!DOCTYPE html><title>x</title><svg role='img'></svg><p style='color: #ccc'>pale")
    assert {"html-has-lang", "color-contrast"} <= {found["id"] for found in violations(page)}


@pytest.mark.parametrize("width", [320, 360, 768])
def test_page_never_scrolls_sideways(width, both, opened) -> None:
    for html in both:
        page = opened(html, width=width)
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(TOO_WIDE) == []
        hovered = page.locator(".drawn .mark-symbol path").first
        hovered.scroll_into_view_if_needed()
        hovered.hover(force=True)
        page.locator("#vg-tooltip-element.visible").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_wide_table_is_seen_to_be_too_wide_outside_its_region(page_of_everything, opened) -> None:
    page = opened(page_of_everything.replace('<div class="scroll"', '<div class="open"'), width=360)
    assert page.evaluate(TOO_WIDE)


def test_hostile_names_are_text_and_nothing_else(hostile_page, opened) -> None:
    page = opened(hostile_page)
    assert page.locator("h1").all_text_contents() == [samples.SCRIPT]
    assert page.title() == samples.SCRIPT
    assert page.locator("script").count() == 3  # charts as data, Vega, and the page's own
    assert page.locator("iframe, object, embed, base, link, form[action]").count() == 0
    images = page.locator("img").all()
    assert images and all(image.get_attribute("src").startswith("data:image/svg+xml;base64,") for image in images)
    attributes = page.evaluate("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())")
    assert not [name for name in attributes if name.startswith("on") or name == "srcdoc"]
    addresses = page.eval_on_selector_all("[href]", "all => all.map(one => one.getAttribute('href'))")
    assert addresses
    assert all(address.startswith(("#", "data:text/csv;")) for address in addresses)
    cells = page.locator("#hostile-table--table tbody tr").first.locator("bdi").all_text_contents()
    assert cells == [samples.SCRIPT] * len(samples.HOSTILE)
    labels = page.locator("#hostile-chart--table tbody th > bdi").all_text_contents()
    assert labels == list(samples.HOSTILE)
    mark = page.locator("#hostile-chart--figure .mark-symbol path").first
    mark.scroll_into_view_if_needed()
    mark.hover(force=True)
    page.locator("#vg-tooltip-element.visible").wait_for()
    assert "alert(1)" in page.locator("#vg-tooltip-element").text_content()
    assert page.locator("#vg-tooltip-element script, #vg-tooltip-element img").count() == 0


def test_nothing_runs_even_if_markup_got_through(opened, page_of_everything) -> None:
    # The last line of defence: the page's own policy.
    html = page_of_everything.replace(
        "This is the last line", "<script>document.title = 'ran'</script><img src=x onerror=\"document.title='ran'\">"
    )
    page = opened(html)
    page.wait_for_timeout(100)
    assert len(opened.faults) >= 2
    assert all("Content Security Policy" in fault or fault.endswith("/x") for fault in opened.faults)
    assert page.title() != "ran"
    opened.faults.clear()


NAMED = ("Alpha beside beta", "Doubling time")


def test_every_picture_has_a_name_and_a_description(page_of_everything, opened) -> None:
    page = opened(page_of_everything)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    images = [
        (node["name"]["value"], node.get("description", {}).get("value"))
        for node in tree
        if not node.get("ignored") and node["role"]["value"] in ("image", "img") and node["name"]["value"] in NAMED
    ]
    assert sorted(images) == [
        ("Alpha beside beta", "They trade off."),
        ("Doubling time", "The median is 8 months."),
    ]
    for summary in page.get_by_text("What this picture shows").all():
        summary.click()
    assert page.locator("details p", has_text="The median is 8 months.").is_visible()
    assert page.locator("details p", has_text="They trade off.").is_visible()


DRAWINGS = {
    "script": "<script>alert(1)</script>",
    "handler": '<path onclick="alert(1)"/><image href="x" onerror="alert(1)"/>',
    "image": '<image href="https://example.org/a.png"/>',
    "use": '<use xlink:href="https://example.org/other.svg#a"/>',
    "style": '<path style="fill: url(https://example.org/#a)"/>',
    "fill": "<path fill=\"url('//example.org')\"/>",
    "sheet": "<style>@import 'https://example.org/x.css'; path { behavior: none }</style>",
    "link": '<a href="https://example.org"><text>x</text></a>',
    "foreign": '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://example.org"/></foreignObject>',
}


def test_drawings_neither_run_nor_load_anything(opened) -> None:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9"'
    pictures = [
        Picture(name, name, f"<svg {names}>{inside}</svg>", f"This is {name}.") for name, inside in DRAWINGS.items()
    ]
    page = opened(render_html(Document("Title", "Answer.", None, (), (Section("a", "A", tuple(pictures)),))))
    for image in page.locator("img").all():
        image.scroll_into_view_if_needed()
        image.click()
    page.wait_for_timeout(200)
    shown = page.eval_on_selector_all("img", "all => all.filter(one => one.naturalWidth).map(one => one.alt)")
    assert shown == list(DRAWINGS)
    assert page.title() == "Title"  # `opened` fails if anything was asked for, ran or complained


def test_headings_are_in_order_and_landmarks_named(page_of_everything, opened) -> None:
    page = opened(page_of_everything)
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(one => Number(one.tagName[1]))")
    assert levels == [1] + [2] * 6
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("navigation", name="Contents").get_by_role("link").count() == 5
    for link in page.get_by_role("navigation").get_by_role("link").all():
        heading = page.locator(link.get_attribute("href")).get_by_role("heading")
        assert heading.text_content() == f"{link.text_content()}#"
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.locator("main:focus").count() == 1


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1440, 900)])
def test_warnings_come_first_in_words_and_with_a_sign(width, height, page_of_everything, opened) -> None:
    page = opened(page_of_everything, width=width, height=height)
    alerts = page.get_by_role("alert")
    assert [text.split("\n")[0] for text in alerts.all_inner_texts()] == [
        "Warning: this fit has not converged",
        "Warning: the split is not identified",
    ]
    assert all(alert.locator("svg").is_visible() for alert in alerts.all())
    box = alerts.last.bounding_box()
    assert box["y"] + box["height"] < page.locator("h1").bounding_box()["y"] < height


WHOLE = """() => [...document.querySelectorAll('.drawn > svg, .drawn svg.marks')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  if (frame.width < 200 || frame.right > innerWidth + 1) return [`${frame.width} to ${frame.right}`];
  return [...svg.querySelectorAll('text')].filter(e => e.textContent && (e.getBoundingClientRect().left < frame.left - 1
    || e.getBoundingClientRect().right > frame.right + 1)).map(e => e.textContent);
})"""
"""Charts that are cut off, and texts that stick out of theirs."""


def drawn(page):
    page.wait_for_function(
        "document.querySelectorAll('.chart').length === document.querySelectorAll('[data-drawn]').length"
    )
    return page


def test_a_chart_shows_what_the_reader_chooses(page_of_everything, opened) -> None:
    page = drawn(opened(page_of_everything))
    assert page.locator(".mark-symbol.role-mark path").count() == 30
    choice = page.get_by_label("Against")
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.locator("[data-drawn=linear]").wait_for()
    assert page.locator(".mark-symbol.role-mark path").count() == 30
    legend = page.locator(".role-legend-symbol path").first
    legend.click(force=True)
    faint = "[...document.querySelectorAll('.role-mark path')].filter(e => e.getAttribute('opacity') < .1)"
    page.wait_for_function(f"{faint}.length === 20")


def test_charts_and_their_tables_can_be_saved(page_of_everything, opened) -> None:
    page = drawn(opened(page_of_everything, accept_downloads=True))
    for name, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("CSV", b"name,group,paper")):
        with page.expect_download() as found:
            page.locator(".save").get_by_text(name).click()
        content = found.value.path().read_bytes()
        assert content.startswith(begins) and found.value.suggested_filename == f"evaluations.{name.lower()}"
        if name == "SVG":
            assert b"Loss falls as compute grows" in content and b"Source: made up." in content
    opened.faults[:] = [fault for fault in opened.faults if "blob:" not in fault and "data:text/csv" not in fault]


def test_without_its_script_the_page_has_the_table(page_of_everything, opened) -> None:
    page = opened(page_of_everything, java_script_enabled=False)
    page.get_by_text("In words, and as a table").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="System 7", exact=True))
    assert row.is_visible()
    assert "Paper 7" in row.inner_text()
    assert row.get_by_role("link").get_attribute("href") == "https://example.org/7"
    assert page.get_by_role("button").count() == 0
    assert page.get_by_text("This chart is drawn by a script").is_visible()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_charts_are_whole(width, page_of_everything, opened) -> None:
    assert drawn(opened(page_of_everything, width=width)).evaluate(WHOLE) == []


def test_text_of_charts_follows_a_dark_page(page_of_everything, opened) -> None:
    colour = "getComputedStyle(document.querySelector('.drawn svg text')).fill"
    dark, light = (drawn(opened(page_of_everything, color_scheme=each)).evaluate(colour) for each in ("dark", "light"))
    assert (dark, light) == ("rgb(228, 231, 234)", "rgb(28, 33, 39)")


def test_dark_pages_are_dark_and_pictures_stay_readable(page_of_everything, opened) -> None:
    def lightness(page, selector: str) -> float:
        colour = page.eval_on_selector(selector, "one => getComputedStyle(one).backgroundColor")
        return sum(map(float, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 3 / 255

    dark, light = (opened(page_of_everything, color_scheme=scheme) for scheme in ("dark", "light"))
    assert lightness(dark, "body") < 0.15
    assert lightness(light, "body") == lightness(light, ".card") == 1.0 and lightness(dark, ".card") < 0.15
    turned = "getComputedStyle(document.querySelector('.picture img')).filter"
    assert light.evaluate(turned) == "none" and dark.evaluate(turned).startswith("invert")
    dark.emulate_media(media="print")
    assert dark.evaluate(turned) == "none" and lightness(dark, ".card") == 1.0


def test_motion_only_for_those_who_do_not_mind(page_of_everything, opened) -> None:
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    assert opened(page_of_everything, reduced_motion="reduce").evaluate(behaviour) == "auto"
    assert opened(page_of_everything, reduced_motion="no-preference").evaluate(behaviour) == "smooth"


def test_wide_regions_are_stops_of_the_keyboard_only_where_they_scroll(page_of_everything, opened) -> None:
    page = opened(page_of_everything, width=1440)
    region = page.locator(".scroll:has(#variants--table)")
    assert region.get_attribute("tabindex") is None
    page.set_viewport_size({"width": 360, "height": 640})
    page.wait_for_function("document.querySelector('.scroll:has(#variants--table)').tabIndex === 0")


def printed(page) -> list[str]:
    reader = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    return [sheet.extract_text() for sheet in reader.pages]


def test_printing_gives_complete_pages(page_of_everything, opened) -> None:
    sheets = printed(opened(page_of_everything, color_scheme="dark"))
    assert all(sheet.strip() for sheet in sheets)
    text = unicodedata.normalize("NFKC", " ".join(" ".join(sheets).split()))  # without ligatures
    for wanted in (
        *("Data", "Model", "Comparison of variants", "The ridge", "Method"),
        "Warning: this fit has not converged",
        "The median is 8 months.",  # folded away on the screen
        "They trade off.",
        "Paper 29",
        "https://example.org/29",
        "ho2024/19",
        "2,040",  # the last column of a table that is too wide for a phone
    ):
        assert "".join(wanted.split()) in "".join(text.split())  # lines of narrow cells are broken
    assert text.count("2,040") == 20
    assert text.endswith("This is the last line of the report.")


def test_printing_cuts_nothing_off(both, opened) -> None:
    for html in both:
        page = opened(html, width=PAPER_WIDTH)
        page.emulate_media(media="print")
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        beyond = page.evaluate(
            "[...document.querySelectorAll('td, th, p, pre, h1, h2, svg, img, math')]"
            ".filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        assert beyond == []


def test_long_reports_print_every_paragraph_once(opened) -> None:
    sections = tuple(
        Section(f"part-{k}", f"Part {k}", (Paragraph(f"Begins {k}. " + "Words of it. " * 150 + f"Ends {k}."),))
        for k in range(20)
    )
    text = " ".join(" ".join(printed(opened(render_html(Document("Long", "Yes.", None, (), sections))))).split())
    assert all(text.count(f"Begins {k}.") == text.count(f"Ends {k}.") == 1 for k in range(20))
