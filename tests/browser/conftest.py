"""A real browser for tests of reports, and pages opened in it the way a reader opens them: from a file."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "there is no Chromium; .ci/browser installs it"
        if os.environ.get("BAYES_SCALING_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path) -> Iterator[Callable[..., Page]]:
    """Opens a page from a file; fails at the end if it asked for anything, complained, or opened a dialog."""
    faults: list[str] = []
    contexts = []

    def opening(html: str, *, width: int = 1280, height: int = 900, **settings) -> Page:
        path: Path = tmp_path / f"report-{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        # Without motion, so that what is scrolled to is there at once.
        context = browser.new_context(**{"viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
                                      | settings)  # fmt: skip
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error.message}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: request.url.split("#")[0] == path.as_uri() or faults.append(f"request: {request.url}"),
        )
        page.goto(path.as_uri())
        return page

    opening.faults = faults
    yield opening
    for context in contexts:
        context.close()
    assert not faults
