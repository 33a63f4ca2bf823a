"""The documentation site: nothing public is missing, tables of columns are whole, and it needs no network."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import bayes_scaling
from bayes_scaling import classical
from bayes_scaling.quantities.coefficients import NAMES as COEFFICIENTS
from bayes_scaling.specifications.catalogue import list_specifications
from bayes_scaling.specifications.laws import SIZES

ROOT = Path(__file__).parents[2]
SITE = ROOT / "notebooks" / "site"
CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (360, 1440)
LOOKED_AT = (
    "index",
    "first-five-minutes",
    "posterior-report",
    "specifications/index",
    "specifications/ho2024/13",
    "api/planning/quadratic_bias",
    "api/fitting/Fit",
    "command-line",
    "tables",
    "glossary",
    "results",
)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SITE / "extensions")
    import pages

    return pages


@pytest.fixture
def written(pages: ModuleType, tmp_path: Path) -> Path:
    pages.write_pages(tmp_path)
    return tmp_path


def test_every_public_name_has_one_page(written: Path) -> None:
    found = sorted(path.stem for path in (written / "api").glob("*/*.rst"))
    offered = {name for name in classical.__all__ if getattr(classical, name) is not getattr(bayes_scaling, name, None)}
    assert found == sorted({*bayes_scaling.__all__, *offered} - {"classical"})


def test_every_public_name_has_a_group(pages: ModuleType) -> None:
    grouped = pages.groups(bayes_scaling.__all__)
    assert "further" not in grouped, grouped.get("further")
    assert sorted(name for _, _, names in grouped.values() for name in names) == sorted(
        {*bayes_scaling.__all__} - {"classical"}
    )


def test_values_are_described_by_the_text_under_their_definition(written: Path) -> None:
    listed = (written / "api" / "classical.rst").read_text(encoding="utf-8")
    rows = re.findall(r"\* - :py:obj:`(\w+) <[\w.]+>`\n     - (.*)", listed)
    assert [name for name, _ in rows] == classical.__all__
    assert [name for name, text in rows if not text] == []


def test_every_specification_has_a_page(written: Path) -> None:
    found = {path.relative_to(written / "specifications").with_suffix("").as_posix() for path in written.rglob("*.md")
             if "specifications" in path.parts}  # fmt: skip
    assert found == {*list_specifications(), "index"}


def test_every_command_has_its_help(written: Path) -> None:
    page = (written / "command-line.md").read_text(encoding="utf-8")
    from bayes_scaling.commands import app

    for command in app.registered_commands:
        assert f"## bayes-scaling {command.name}\n\n```text\nUsage: bayes-scaling {command.name}" in page


def test_the_glossary_has_every_size_rate_and_coefficient() -> None:
    named = set(re.findall(r"`(\w+)`", (SITE / "glossary.md").read_text(encoding="utf-8")))
    assert {*COEFFICIENTS, "b"} <= named
    for key, size in SIZES.items():
        assert {key, size.coefficient, size.exponent, size.scale} - {""} <= named
        assert not size.rate or size.rate in named


def test_parts_of_readme_that_pages_include_are_there_once() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in SITE.glob("*.md"):
        for marker in re.findall(r'^:(?:start-after|end-before): "?(.+?)"?$', page.read_text(encoding="utf-8"), re.M):
            assert readme.count(marker) == 1, (page.name, marker)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site")
    build = [sys.executable, str(SITE / "build.py"), str(output)]
    ended = subprocess.run(build, capture_output=True, text=True, env=os.environ | {"PYTHONWARNINGS": "default"})
    assert ended.returncode == 0, ended.stderr
    return output / "html"


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_names_nothing_of_this_machine(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    assert len(pages) > len(bayes_scaling.__all__) + len(list_specifications())
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert str(ROOT) not in text, page
        assert not re.search(r"""<(?:script|img|iframe)[^>]+src=["'](?:https?:)?//""", text), page
        assert not re.search(r"""<link[^>]+rel=["']stylesheet["'][^>]+href=["'](?:https?:)?//""", text), page


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
@pytest.mark.parametrize("name", LOOKED_AT)
def test_pages_ask_for_nothing_fit_their_width_and_can_be_read_by_all(built: Path, name: str) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*flags, "--disable-sync"])
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900})
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, said=said: said.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error, said=said: said.append(str(error)))
            page.goto((built / f"{name}.html").as_uri())
            page.wait_for_timeout(300)
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
            assert [text for text in said if text.startswith(("error", "warning"))] == []
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(overflow) <= 0
            found = Axe().run(page).response["violations"]
            serious = {
                each["id"]: each["nodes"][0]["html"] for each in found if each["impact"] in ("serious", "critical")
            }
            assert serious == {}
        browser.close()
