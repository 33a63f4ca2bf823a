"""Which room of the package imports which: as CONTRIBUTING.md draws it, and never one above."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "bayes_scaling"


def room_of(module: str) -> str:
    """The folder that a module is in; single files belong to a room as the drawing's page says."""
    name = module.split(".")[1]
    if name in ("cli", "__main__"):
        return "commands"
    return name if (ROOT / PACKAGE / name).is_dir() else "common"


def imported(source: str) -> Iterator[str]:
    """Modules of the package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith(f"{PACKAGE}."))


def drawn(page: str) -> dict[str, set[str]]:
    """The drawing, from top to bottom."""
    (block,) = re.findall(r"<!-- rooms -->\n```text\n(.*?)```", page, re.DOTALL)
    lines = [line.partition("->") for line in block.splitlines()]
    return {room.strip(): set(below.split()) for room, _, below in lines}


@pytest.fixture(scope="module")
def rooms() -> dict[str, set[str]]:
    return drawn((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = {}
    for path in (ROOT / PACKAGE).rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module == f"{PACKAGE}.__init__":
            continue
        below = arrows.setdefault(room_of(module), set())
        below |= {room_of(name) for name in imported(path.read_text(encoding="utf-8"))} - {room_of(module)}
    return arrows


def test_the_drawing_is_that_of_the_code(rooms, found) -> None:
    assert rooms == found


def test_there_are_no_more_rooms_than_one_can_keep_in_mind(rooms) -> None:
    assert len(rooms) <= 12


def test_no_arrow_leads_upwards(rooms) -> None:
    order = list(rooms)
    assert not [
        (room, other) for place, room in enumerate(order) for other in rooms[room] if other not in order[place + 1 :]
    ]


def test_every_way_to_import_is_seen() -> None:
    source = (
        "import bayes_scaling.law\nfrom bayes_scaling import errors\ndef f():\n    from bayes_scaling.tables import x"
    )
    assert [room_of(name) for name in imported(source)] == ["law", "common", "tables"]
