"""Write the page of faults: every test that injects one, in how many cases, and what must hold.

``python tests/hostile/list_of_faults.py`` writes ``notebooks/faults.md`` from the tests marked ``fault``; a test fails
when the page no longer is what they say.
"""

import contextlib
import io
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "notebooks" / "faults.md"
SHOWN = 60
"""Characters of the names of a test's cases; where they are longer, their number says enough."""
_SPELT = {" s ": "'s ", "ctrl c": "Ctrl-C", "can t ": "can't "}


class Collector:
    """A pytest plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collected() -> list[pytest.Item]:
    """All tests that inject faults, slow ones too; none is run."""
    plugin = Collector()
    options = ["--collect-only", "-qq", "-n", "0", "-m", "fault", "--no-header", "--rootdir", str(ROOT)]
    marked = [path for path in (ROOT / "tests").rglob("test_*.py") if "mark.fault(" in path.read_text(encoding="utf-8")]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main([*options, *map(str, marked)], plugins=[plugin])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"{said.getvalue()}tests could not be collected: {code!r}")
    return plugin.items


def page(items: Iterable[pytest.Item]) -> str:
    """Markdown: a section for each argument of the marker, a row for each test."""
    sections: dict[str, dict[str, list[pytest.Item]]] = {}
    for item in sorted(items, key=lambda item: (str(item.path), item.location[1] or 0)):
        marker = item.get_closest_marker("fault")
        assert marker is not None  # what was asked for has one
        tests = sections.setdefault(marker.args[0], {})
        tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    tests = sum(len(each) for each in sections.values())
    cases = sum(len(each) for section in sections.values() for each in section.values())
    lines = [
        "# Faults that are put in",
        "",
        f"{tests} tests in {cases} cases: faults that are put in, and beside them what must go on working. They hold "
        "three promises: nothing from a file is executed, nothing that was finished is lost, and what goes wrong is "
        "one clear message and no traceback. `pytest -m fault` runs them all.",
        "",
        "Inputs are also spoiled at random: `python tests/hostile/fuzz.py --inputs 10000 --seed 0` mutates tables, "
        "specifications, fit files and command lines, and ends with exit code 1 if any of them ends in a traceback, "
        "hangs, or is taken although it breaks a rule. A slow test runs it whole, every run of the tests a part of it.",
    ]
    for name in sorted(sections):
        lines += ["", f"## {name}", "", "| put in, and what holds | cases | |", "|---|---|---|"]
        lines += [_row(nodeid, each) for nodeid, each in sections[name].items()]
    return "\n".join(lines) + "\n"


def _row(nodeid: str, items: list[pytest.Item]) -> str:
    slow = "slow" if items[0].get_closest_marker("slow") else ""
    names = [re.sub(r"[^ -~]|[|<>`]", "?", _case(item)) for item in items if "[" in item.name]
    shown = ", ".join(names)
    told = f" ({shown})" if names and len(shown) <= SHOWN else ""
    return f"| {_sentence(nodeid)}{told} | {len(items)} | {slow} |"


def _case(item: pytest.Item) -> str:
    return item.name.partition("[")[2].removesuffix("]") or "nothing"


def _sentence(nodeid: str, spelt: Mapping[str, str] = _SPELT) -> str:
    """The name of a test as the sentence that it is."""
    text = nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    for old, new in spelt.items():
        text = text.replace(old, new)
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    content = page(collected())
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == content else "notebooks/faults.md is not what tests say")
    PAGE.write_text(content, encoding="utf-8")
